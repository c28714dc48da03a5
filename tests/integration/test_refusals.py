# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A failure names the value that the server refused, and a number that no task can mean is refused before any call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.process import Emulator
from tests.integration.test_in_process import BUCKET, RESOURCES, SERVICE, VOLUME, assert_alike, play

TOKEN = "refusals-token-that-must-not-leak"
HERE = {"namespace": "default"}
WEB = {**HERE, "name": "web", "virtual_machine": "web", "ports": [{"port": 80}]}
DISK = {**HERE, "name": "disk", "size": "1Gi"}
URL = {"type": "http_url", "data": "https://me:hunter2@images.test/a.img"}
CLAIM = {"type": "existing_persistent_volume_claim", "data": "golden"}


GENERATIONS = {name: ("--generation", name, "--import-seconds", "0") for name in ("plain", "mapped")}
pytestmark = pytest.mark.parametrize("arguments", GENERATIONS.values(), ids=GENERATIONS, indirect=True)


def refuse(rpc: str, message: str, code: str = "unknown") -> dict[str, Any]:
    return {"rpc": rpc, "kind": "error", "code": code, "message": message, "count": 9}


def test_a_failure_names_the_value_that_was_refused(both: dict[str, Emulator], tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({BUCKET: {"name": "data", "owner": "ghost"}}, "owner 'ghost' does not exist"),
        ({BUCKET: {"name": "full", "state": "absent"}}, "from the bucket 'full'"),
        ({BUCKET: {"name": "one", "owner": "alice", "policy": {"Version": "x"}}}, """'policy' {"Version": "x"}: """),
        ({BUCKET: {"name": "two", "owner": "alice", "policy": {"V": "x" * 300}}}, "'policy' of 309 characters: "),
        ({BUCKET: {"name": "data", "owner": "alice", "scope": "nowhere"}}, "no scope 'nowhere'"),
        ({SERVICE: {**WEB, "ports": [{"port": 80, "node_port": 30080}]}}, "node_port 30080 is in use"),
        ({SERVICE: {**WEB, "name": "db", "virtual_machine": "gone"}}, "virtual_machine 'gone' does not exist"),
        ({VOLUME: {**DISK, "namespace": "lost", "source": {"type": "blank_image"}}}, "namespace 'lost' does not exist"),
        ({VOLUME: {**DISK, "name": "copy", "source": CLAIM}}, "source 'golden' does not exist"),
        ({VOLUME: {**DISK, "name": "disk-2", "source": URL}}, "'https://me:***@images.test/a.img'}: correct 'source'"),
    ]
    for emulator in both.values():
        emulator.put("bucket", name="full", owner="alice", used_objects=1)
        taken = [{"port": 22, "protocol": "TCP", "target_port": "22", "node_port": 30080}]
        emulator.put("service", namespace="default", name="other", ports=taken, labels={})
        gone = refuse("CreateVirtualMachineService", 'virtualmachines.kubevirt.io "gone" not found', "not_found")
        emulator.add_faults({**gone, "skip": 1})
        for message in (
            'namespaces "lost" not found',
            'persistentvolumeclaims "golden" not found',
            'admission webhook "x" denied the request:  DataVolume source http URL is not valid',
        ):
            emulator.add_faults({**refuse("CreateDataVolume", message), "count": 1})
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task, _words in cases))
    told = assert_alike(run, both)
    assert len(told) == len(cases)
    for result, (task, words) in zip(told, cases, strict=True):
        assert result["failed"], task
        assert words in result["msg"], task
    assert "hunter2" not in run.output


def test_a_number_that_no_task_can_mean_is_refused_before_any_call(both: dict[str, Emulator], tmp_path: Path) -> None:
    wait = {**DISK, "source": {"type": "blank_image"}, "wait": True}
    cases: list[tuple[dict[str, Any], str]] = [
        ({BUCKET: {"name": "data", "timeout": "nan"}}, "option 'timeout' is nan: must be above zero and at most 86400"),
        ({BUCKET: {"name": "data", "timeout": 86401}}, "option 'timeout' is 86401.0: "),
        ({BUCKET: {"name": "data", "retries": 101}}, "option 'retries' is 101: must be at most 100"),
        ({VOLUME: {**wait, "wait_timeout": "inf"}}, "'wait_timeout' is inf: must be above zero and at most 2592000"),
        ({VOLUME: {**wait, "wait_sleep": "nan"}}, "option 'wait_sleep' is nan: "),
        ({VOLUME: {**wait, "wait_sleep": 1e300}}, "option 'wait_sleep' is 1e+300: "),
        ({RESOURCES: {"buckets": [], "max_parallel": 257}}, "option 'max_parallel' is 257: must be from 1 to 256"),
        ({RESOURCES: {"buckets": [], "max_parallel": 0}}, "option 'max_parallel' is 0: must be from 1 to 256"),
        (
            {RESOURCES: {"buckets": [], "state": "overridden", "confirm_removal": -1}},
            "option 'confirm_removal' is -1: must not be negative",
        ),
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task, _words in cases))
    told = assert_alike(run, both)
    for result, (task, words) in zip(told, cases, strict=True):
        assert (result["failed"], result["error"]["code"]) == (True, "client"), task
        assert words in result["msg"], result["msg"]
    assert all(calls == [] for calls in run.calls.values())
