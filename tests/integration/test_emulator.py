# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The embedded server itself: what it keeps over a restart, and that a call costs the same however much is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.process import Emulator

COPY = {"type": 2, "data": "old"}
GI = 1 << 30


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator("--import-seconds", "60") as started:
        yield started


def state_file(emulator: Emulator) -> Path:
    return Path(emulator._directory, "state.json")


def call(emulator: Emulator, rpc: str, **request: Any) -> Any:
    service = "storage" if rpc.endswith(("Bucket", "Buckets")) else "instance"
    status, answer = emulator.call(service, rpc, scope="demo", **request)
    assert status == 200, answer
    return answer


def volume(name: str) -> dict[str, str]:
    return {"namespace": "default", "name": name}


def test_each_change_is_there_after_a_restart(emulator: Emulator) -> None:
    for name in ("one", "two", "three"):
        call(emulator, "CreateBucket", bucketName=name, owner="alice")
    call(emulator, "UpdateBucket", bucketName="two", owner="bob")
    call(emulator, "DeleteBucket", bucketName="three")
    call(emulator, "StopVirtualMachine", namespace="default", name="web")
    emulator.put("bucket", name="one", used_objects=3)
    emulator.add_faults({"rpc": "DeleteBucket", "kind": "delay", "skip": 1}, {"rpc": "ListUsers", "kind": "close"})
    call(emulator, "DeleteBucket", bucketName="two")
    before = emulator.state()
    emulator.restart()
    assert emulator.state() == before
    demo = before["scopes"]["demo"]
    assert demo["virtual_machines"]["default/web"]["status"] == "Stopped"
    assert {name: bucket["used_objects"] for name, bucket in demo["buckets"].items()} == {"one": 3}
    assert [rule["skip"] for rule in before["faults"]] == [0, 0]


def test_what_a_call_does_to_other_objects_is_kept_too(emulator: Emulator) -> None:
    """A copy begins when its source appears, and goes back to waiting when that goes before it is complete."""
    call(emulator, "CreateDataVolume", **volume("new"), source=COPY, sizeBytes=str(GI))
    old = {**volume("old"), "source": {"type": 0}, "sizeBytes": str(GI)}
    call(emulator, "CreateDataVolume", **old)
    call(emulator, "DeleteDataVolume", **volume("old"))
    for begun in (False, True):
        before = emulator.state()
        emulator.restart()
        assert emulator.state() == before
        copied = before["scopes"]["demo"]["data_volumes"]["default/new"]
        assert (copied["started_at"] is not None) is begun
        if not begun:
            call(emulator, "CreateDataVolume", **old)


def test_a_change_that_was_cut_off_is_as_if_it_had_never_been(emulator: Emulator) -> None:
    for name in ("one", "two"):
        call(emulator, "CreateBucket", bucketName=name, owner="alice")
    emulator.stop()
    state_file(emulator).write_text(state_file(emulator).read_text()[:-20])
    emulator.start()
    call(emulator, "CreateBucket", bucketName="three", owner="alice")
    emulator.restart()
    assert list(emulator.state()["scopes"]["demo"]["buckets"]) == ["one", "three"]


def test_only_what_changed_counts_as_an_effect_and_is_written(emulator: Emulator) -> None:
    for number in range(100):
        emulator.put("bucket", name=f"bucket-{number}", owner="alice")
    call(emulator, "ListBuckets")
    mark, size = emulator.journal()["next"], state_file(emulator).stat().st_size
    call(emulator, "UpdateBucket", bucketName="bucket-1", owner="bob")
    call(emulator, "UpdateBucket", bucketName="bucket-1", owner="bob")
    added = state_file(emulator).read_bytes()[size:].splitlines()
    assert [[change[2] for change in json.loads(line)["changes"]] for line in added] == [["bucket-1"]]
    assert [call["effect"] for call in emulator.journal(mark)["calls"]] == [True, False]


def test_the_journal_gives_what_came_after_a_number_also_over_a_restart(emulator: Emulator) -> None:
    for _time in range(2):
        mark = emulator.journal()["next"]
        call(emulator, "ListBuckets")
        call(emulator, "ListVirtualMachines", namespace="default")
        emulator.restart()
        assert [call["rpc"] for call in emulator.journal(mark)["calls"]] == ["ListBuckets", "ListVirtualMachines"]
    assert len(emulator.journal()["calls"]) == 4


def test_many_objects_are_placed_by_one_call(emulator: Emulator) -> None:
    emulator.put_all("bucket", [{"name": f"bucket-{number}", "owner": "alice"} for number in range(3)])
    assert [bucket["name"] for bucket in call(emulator, "ListBuckets")["buckets"]] == [
        f"bucket-{number}" for number in range(3)
    ]
