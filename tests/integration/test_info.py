# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The _info modules: what they share, and what they refuse.

That they show resources as the modules do is asserted by the playbooks of targets/.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.process import Emulator

from .playbook import MODULE
from .test_in_process import NAMES, assert_alike, play
from .test_secrets import answers

BUCKETS = "otterscale.core.otterscale_bucket_info"
VOLUMES = "otterscale.core.otterscale_datavolume_info"
SERVICES = "otterscale.core.otterscale_vm_service_info"
TOKEN = "info-token-that-must-not-leak"


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Emulator]]:
    with Emulator(token=TOKEN) as here, Emulator(token=TOKEN) as module:
        yield {"plain": here, "plain" + MODULE: module}


@pytest.fixture
def both(started: dict[str, Emulator]) -> dict[str, Emulator]:
    """A server for the tasks in the controller's process, and one for those that run as modules."""
    for emulator in started.values():
        emulator.clear_faults()
        emulator.reset()
        for name in NAMES:
            emulator.put("bucket", name=name, owner="alice")
    return started


def test_a_loop_shares_what_is_read_and_another_try_reads_again(both: dict[str, Emulator], tmp_path: Path) -> None:
    answers(both, ("ListBuckets", {}))
    tasks: list[dict[str, Any]] = [
        {
            **{BUCKETS: {"name": "two"}, "register": "found", "retries": 3, "delay": 0},
            "until": "found.buckets | length == 1",
        },
        {BUCKETS: {"name": "{{ item }}"}, "loop": [*NAMES, "none"]},
        {VOLUMES: {"name": "{{ item }}", "namespace": "default"}, "loop": NAMES},
        {SERVICES: {"name": "{{ item }}", "namespace": "default"}, "loop": NAMES, "check_mode": True},
    ]
    run = play(tmp_path, both, *tasks)
    told = assert_alike(run, both)
    assert [len(result["buckets"]) for result in told if "buckets" in result] == [1, 1, 1, 1, 0]
    rpcs = [call["rpc"] for call in run.calls["plain"]]
    assert rpcs == [*("ListBuckets",) * 3, *("ListDataVolumes",) * 2, "ListVirtualMachines"]
    assert len(run.calls["plain" + MODULE]) == 2 + 4 + 2 * 3 + 3


def test_failures_say_what_was_asked_for_and_show_nothing_as_found(both: dict[str, Emulator], tmp_path: Path) -> None:
    tasks = [
        ({BUCKETS: {"name": ""}}, "option 'name' is '': must not be empty: leave it out to get all"),
        ({VOLUMES: {"namespace": ""}}, "option 'namespace' is '': must be a DNS-1123 label"),
        ({SERVICES: {"namespace": "Shop"}}, "option 'namespace' is 'Shop': must be a DNS-1123 label"),
        ({SERVICES: {}}, "missing required arguments: namespace"),
        ({BUCKETS: {"api_token": "wrong"}}, "all buckets: ListBuckets failed [unauthenticated, HTTP 401]"),
        ({BUCKETS: {}}, "all buckets: ListBuckets failed [internal]: the answer makes no sense: bucket one: 'owner' "),
    ]
    answers(both, ("ListBuckets", {"buckets": [{"name": "one", "owner": 1}]}))
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task, _message in tasks))
    told = assert_alike(run, both)
    for result, (_task, message) in zip(told, tasks, strict=True):
        assert result["failed"] and message in result["msg"]
        assert not {"buckets", "datavolumes", "vm_services"} & result.keys()
    assert len(run.calls["plain"]) == 2
