# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""SharedReads that several resources share: which resource may see which answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine import reads as _readings
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import NothingKept, Reader, SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import Age
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client

from emulator.process import Emulator
from tests.integration.http_server import CREATE, LIST, SCOPE

TOKEN = "readings-token"


@pytest.fixture
def readings(emulator: Emulator) -> Iterator[SharedReads]:
    client = Client(emulator.url, token=TOKEN, retries=0)
    yield SharedReads(client)
    client.close()


def calls(emulator: Emulator) -> list[str]:
    return [call["rpc"] for call in emulator.journal()["calls"]]


def kept(readings: SharedReads, name: str) -> Reader:
    return readings.kept(name)


def test_an_answer_of_a_moment_ago_tells_each_resource_once(emulator: Emulator, readings: SharedReads) -> None:
    answer = readings.fresh("one").read(LIST, SCOPE)
    assert kept(readings, "two").read(LIST, SCOPE) == answer
    for name in ("one", "two"):
        with pytest.raises(NothingKept):
            kept(readings, name).read(LIST, SCOPE)
    assert calls(emulator) == ["ListBuckets"]


def test_other_questions_have_other_answers(emulator: Emulator, readings: SharedReads) -> None:
    readings.fresh("one").read(LIST, SCOPE)
    with pytest.raises(NothingKept):
        kept(readings, "two").read(LIST, {"scope": "other"})


def test_what_was_read_before_a_view_began_is_not_new_to_it(emulator: Emulator, readings: SharedReads) -> None:
    readings.fresh("one").read(LIST, SCOPE)
    readings.fresh("two").read(LIST, SCOPE)
    assert calls(emulator) == ["ListBuckets", "ListBuckets"]


class SlowClient(Client):
    """The real client, whose calls take `took` seconds by the clock that readings look at."""

    now, took = 100.0, 8.0

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().read(procedure, request)
        self.now += self.took
        return answer


# How long the reading took, how many seconds ago it began, and for what it will still do.
AGES = [
    (0.0, 1.9, {Age.YOUNG, Age.RECENT, Age.ANY}),
    (0.0, 2.1, {Age.RECENT, Age.ANY}),
    (0.4, 2.1, {Age.RECENT, Age.ANY}),
    (1.0, 3.9, {Age.YOUNG, Age.RECENT, Age.ANY}),
    (1.0, 4.1, {Age.RECENT, Age.ANY}),
    (0.0, 9.9, {Age.RECENT, Age.ANY}),
    (0.0, 10.1, {Age.ANY}),
    (8.0, 9.9, {Age.YOUNG, Age.RECENT, Age.ANY}),
    (8.0, 10.1, {Age.YOUNG, Age.ANY}),
    (8.0, 3600.0, {Age.ANY}),
]


@pytest.mark.parametrize(("took", "seconds", "ages"), AGES)
def test_what_an_answer_is_made_for_decides_how_old_it_may_be(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, took: float, seconds: float, ages: set[Age]
) -> None:
    """Its age counts from when it was asked for: what changes while a list is read may be missing in it."""
    client = SlowClient(emulator.url, token=TOKEN, retries=0)
    client.took = took
    monkeypatch.setattr(_readings, "time", SimpleNamespace(monotonic=lambda: client.now))
    readings = SharedReads(client)
    began = client.now
    readings.fresh("one", began).read(LIST, SCOPE)
    client.now = began + seconds
    view = kept(readings, "two")
    view.read(LIST, SCOPE)
    assert {age for age in Age if view.will_do(age)} == ages
    readings.young("three").read(LIST, SCOPE)
    assert calls(emulator) == ["ListBuckets"] * (1 if Age.YOUNG in ages else 2)
    client.close()


def test_nothing_that_was_read_before_it_will_do_after_something_went_otherwise(
    emulator: Emulator, readings: SharedReads
) -> None:
    view = readings.fresh("one")
    view.read(LIST, SCOPE)
    assert view.will_do(Age.ANY)
    with pytest.raises(ApiError):
        readings.fresh("two").write(CREATE, {**SCOPE, "bucketName": "photos", "owner": "nobody"})
    assert not any(view.will_do(age) for age in Age)
    readings.young("three").read(LIST, SCOPE)
    assert calls(emulator) == ["ListBuckets", "CreateBucket", "ListBuckets"]


def test_after_a_write_only_a_later_answer_is_new(emulator: Emulator, readings: SharedReads) -> None:
    view = readings.fresh("one")
    readings.fresh("two").read(LIST, SCOPE)
    view.write(CREATE, {**SCOPE, "bucketName": "photos", "owner": "alice"})
    names = [bucket["name"] for bucket in view.read(LIST, SCOPE).get("buckets", [])]
    assert names == ["photos"]
    assert calls(emulator) == ["ListBuckets", "CreateBucket", "ListBuckets"]


def test_a_refused_write_ends_all_that_was_read(emulator: Emulator, readings: SharedReads) -> None:
    readings.fresh("one").read(LIST, SCOPE)
    with pytest.raises(ApiError):
        readings.fresh("two").write(CREATE, {**SCOPE, "bucketName": "photos", "owner": "nobody"})
    with pytest.raises(NothingKept):
        kept(readings, "three").read(LIST, SCOPE)


def test_who_asks_at_the_same_time_shares_one_call(emulator: Emulator, readings: SharedReads) -> None:
    emulator.add_faults({"rpc": "ListBuckets", "kind": "delay", "seconds": 0.5})
    views = [readings.fresh(str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda view: view.read(LIST, SCOPE), views))
    assert all(answer == answers[0] for answer in answers)
    assert calls(emulator) == ["ListBuckets"]


def test_a_failure_is_shared_as_well(emulator: Emulator, readings: SharedReads) -> None:
    emulator.add_faults({"rpc": "ListBuckets", "kind": "error", "code": "permission_denied"})
    began = time.monotonic()
    caught: list[Any] = []
    for name in ("one", "two"):
        with pytest.raises(ApiError) as failure:
            readings.fresh(name, began).read(LIST, SCOPE)
        caught.append(failure.value)
    assert [error.code for error in caught] == ["permission_denied"] * 2
    assert [error.rpc for error in caught] == ["ListBuckets"] * 2
    caught[0].message += "!"
    assert "!" not in caught[1].message  # each may say more in its own
    assert calls(emulator) == ["ListBuckets"]


def test_a_failure_of_a_moment_ago_is_not_held_against_the_next(emulator: Emulator, readings: SharedReads) -> None:
    emulator.add_faults({"rpc": "ListBuckets", "kind": "error", "code": "permission_denied"})
    with pytest.raises(ApiError):
        readings.fresh("one").read(LIST, SCOPE)
    with pytest.raises(NothingKept):
        kept(readings, "two").read(LIST, SCOPE)
    assert readings.recent("two").read(LIST, SCOPE) == {}
