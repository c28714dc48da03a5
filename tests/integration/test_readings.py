# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""SharedReads that several resources share: who may be told of which one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine import reads as _readings
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import NothingKept, Reader, SharedReads
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


@pytest.mark.parametrize(("seconds", "usable"), [(9.0, True), (10.5, False)])
def test_an_answer_grows_old_in_ten_seconds(
    emulator: Emulator, readings: SharedReads, monkeypatch: pytest.MonkeyPatch, seconds: float, usable: bool
) -> None:
    readings.fresh("one").read(LIST, SCOPE)
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
    monkeypatch.setattr(_readings, "time", later)
    with contextlib.nullcontext() if usable else pytest.raises(NothingKept):
        kept(readings, "two").read(LIST, SCOPE)


class SlowClient(Client):
    """The real client, whose calls take eight seconds by the clock that readings look at."""

    now = 100.0

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().read(procedure, request)
        self.now += 8.0
        return answer


@pytest.mark.parametrize(("seconds", "usable"), [(1.5, True), (2.5, False)])
def test_the_age_of_an_answer_counts_from_when_it_was_asked_for(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, seconds: float, usable: bool
) -> None:
    """What changes while a list is read may be missing in it: it is as old as the question."""
    client = SlowClient(emulator.url, token=TOKEN, retries=0)
    monkeypatch.setattr(_readings, "time", SimpleNamespace(monotonic=lambda: client.now))
    readings = SharedReads(client)
    readings.fresh("one", client.now).read(LIST, SCOPE)
    client.now += seconds
    with contextlib.nullcontext() if usable else pytest.raises(NothingKept):
        readings.kept("two").read(LIST, SCOPE)
    client.close()


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
