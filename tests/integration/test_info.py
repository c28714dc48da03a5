# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The _info modules: what they read, what they share, and what they say where the server's lists make no sense.

That they show resources as the modules do is asserted by the playbooks of targets/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.process import Emulator

from .playbook import MODULE
from .test_in_process import NAMES, assert_alike, both, here, play, started  # noqa: F401
from .test_secrets import FULL, answers, bucket, volume

BUCKETS = "otterscale.core.otterscale_bucket_info"
VOLUMES = "otterscale.core.otterscale_datavolume_info"
SERVICES = "otterscale.core.otterscale_vm_service_info"


def test_a_loop_shares_what_is_read_and_another_try_reads_again(
    both: dict[str, Emulator],  # noqa: F811
    tmp_path: Path,
) -> None:
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


def test_what_makes_no_sense_fails_and_only_where_it_is_asked_for(
    both: dict[str, Emulator],  # noqa: F811
    tmp_path: Path,
) -> None:
    owner = {"name": "wrong", "owner": 5, "grants": [FULL]}
    lists: dict[str, Any] = {
        "wrong": {"buckets": [*bucket()["buckets"], owner]},
        "nameless": {"buckets": [*bucket()["buckets"], {"owner": "alice"}]},
        "no list": {"buckets": {"data": {}}},
    }
    volumes = volume(sizeBytes="large")
    tasks = [
        ({BUCKETS: {}}, "ListBuckets", lists["wrong"]),
        ({BUCKETS: {"name": "wrong"}}, "ListBuckets", lists["wrong"]),
        ({BUCKETS: {"name": "data"}}, "ListBuckets", lists["wrong"]),
        ({BUCKETS: {}}, "ListBuckets", lists["nameless"]),
        ({BUCKETS: {"name": "data"}}, "ListBuckets", lists["nameless"]),
        ({BUCKETS: {"name": "data"}}, "ListBuckets", lists["no list"]),
        ({VOLUMES: {"namespace": "default"}}, "ListDataVolumes", volumes),
        ({SERVICES: {"namespace": "default"}}, "ListVirtualMachines", {"virtualMachines": [{"services": [{}]}]}),
    ]
    answers(both, *((rpc, body) for _task, rpc, body in tasks))
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task, _rpc, _body in tasks))
    told = assert_alike(run, both)
    broken = "The server, or a proxy before it, is broken; check its log."
    wrong = "bucket wrong: 'owner' should be a string, not a number"
    nameless = "it lists something without a name that can be shown"
    expected = [
        f"all buckets: ListBuckets failed [internal]: the answer makes no sense: {wrong}. {broken}",
        f"bucket wrong: ListBuckets failed [internal]: the answer makes no sense: {wrong}. {broken}",
        None,
        f"all buckets: ListBuckets failed [internal]: the answer makes no sense: {nameless}. {broken}",
        None,
        "bucket data: ListBuckets failed [internal]: the answer makes no sense: 'buckets' should be an array, not an "
        f"object. {broken}",
        "data volumes of namespace default: ListDataVolumes failed [internal]: the answer makes no sense: data volume "
        f"default/disk: 'sizeBytes' should be an integer, not a string that is none. {broken}",
        "VM services of namespace default: ListVirtualMachines failed [internal]: the answer makes no sense: "
        f"{nameless}. {broken}",
    ]
    assert [result.get("msg") for result in told] == expected
    for result, message in zip(told, expected, strict=True):
        assert ("buckets" in result) is (message is None)
        assert message is None or (result["error"]["code"], result["changed"]) == ("internal", False)
        assert message is not None or [found["name"] for found in result["buckets"]] == ["data"]


def test_what_cannot_be_asked_for_fails_before_any_call(
    both: dict[str, Emulator],  # noqa: F811
    tmp_path: Path,
) -> None:
    tasks = [
        ({BUCKETS: {"name": ""}}, "option 'name' is '': must not be empty: leave it out to get all"),
        ({VOLUMES: {"namespace": ""}}, "option 'namespace' is '': must be a DNS-1123 label"),
        ({SERVICES: {"namespace": "Shop"}}, "option 'namespace' is 'Shop': must be a DNS-1123 label"),
        ({SERVICES: {}}, "missing required arguments: namespace"),
        ({BUCKETS: {"api_token": "wrong"}}, "all buckets: ListBuckets failed [unauthenticated, HTTP 401]"),
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task, _message in tasks))
    told = assert_alike(run, both)
    for result, (_task, message) in zip(told, tasks, strict=True):
        assert result["failed"] and message in result["msg"]
        assert not {"buckets", "datavolumes", "vm_services"} & result.keys()
    assert [call["code"] for call in run.calls["plain"]] == ["unauthenticated"]
