# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whole declarations, without Ansible around them: in which order, what is left out, and what is removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._converge import Mode
from ansible_collections.otterscale.core.plugins.module_utils._options import CONNECTION_SPEC
from ansible_collections.otterscale.core.plugins.module_utils._resources import ARGUMENT_SPEC, converge_all

from tests.emulator.process import Emulator

TOKEN = "declarations-token"
Result = dict[str, Any]


@pytest.fixture(scope="module")
def started() -> Iterator[Emulator]:
    with Emulator("--import-seconds", "0", token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def emulator(started: Emulator) -> Emulator:
    started.clear_faults()
    started.reset(journal=True)
    return started


def declare(emulator: Emulator, check: bool = False, **options: Any) -> Result:
    connection = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo", "retries": 0}
    validated = ArgumentSpecValidator({**CONNECTION_SPEC, **ARGUMENT_SPEC}).validate({**connection, **options})
    assert not validated.error_messages
    summary = converge_all(validated.validated_parameters, Mode(check=check))
    result = summary.as_result(with_diff=True)
    return {**result, "failed": summary.error is not None, "warnings": summary.warnings}


def volume(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi", **options}


def copy_of(source: str, name: str) -> dict[str, Any]:
    return volume(name, source={"type": "existing_persistent_volume_claim", "data": source})


def bucket(name: str, owner: str = "alice", **options: Any) -> dict[str, Any]:
    return {"name": name, "owner": owner, **options}


def made(emulator: Emulator) -> list[str]:
    """The names of what was to be created, in the order of the calls."""
    requests = [call["request"] for call in emulator.journal()["calls"] if call["rpc"].startswith("Create")]
    return [request.get("name") or request["bucketName"] for request in requests]


def names(result: Result, key: str, value: bool = True) -> list[str]:
    return [entry["name"] for entry in result["results"] if entry[key] is value]


# Order


def test_a_copy_comes_after_what_it_copies_and_the_kinds_one_after_the_other(emulator: Emulator) -> None:
    declared = [copy_of("b", "c"), copy_of("a", "b"), volume("a")]
    web = {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]}
    result = declare(emulator, buckets=[bucket("one")], vm_services=[web], datavolumes=declared)
    assert not result["failed"]
    assert made(emulator) == ["a", "b", "c", "web", "one"]
    assert names(result, "changed") == ["c", "b", "a", "web", "one"]


def test_copies_of_each_other_are_tried_all_the_same(emulator: Emulator) -> None:
    declare(emulator, datavolumes=[copy_of("b", "a"), copy_of("a", "b"), copy_of("elsewhere", "c")])
    assert sorted(made(emulator)) == ["a", "b", "c"]
    assert made(emulator)[0] == "c"


def test_a_volume_of_that_name_in_another_namespace_is_another_one(emulator: Emulator) -> None:
    other = {**volume("a"), "namespace": "other"}
    result = declare(emulator, max_parallel=1, datavolumes=[copy_of("a", "b"), other])
    assert made(emulator) == ["b", "a"]
    assert [entry["namespace"] for entry in result["results"]] == ["default", "other"]


# Failures


def test_where_errors_are_fatal_nothing_is_begun_after_one(emulator: Emulator) -> None:
    declared = [bucket("one"), bucket("two", "nobody"), bucket("three"), bucket("four")]
    result = declare(emulator, any_errors_fatal=True, max_parallel=1, buckets=declared)
    assert result["failed"] and result["changed"]
    assert made(emulator) == ["one", "two"]
    assert names(result, "failed") == ["two"]
    assert names(result, "skipped") == ["three", "four"]
    assert result["summary"] == {"unchanged": 0, "changed": 1, "failed": 1, "skipped": 2}
    # The second was left behind by its failing create, and it says so.
    assert [operation["rpc"] for operation in result["operations"]] == ["CreateBucket", "CreateBucket"]


def test_where_they_are_not_all_are_tried(emulator: Emulator) -> None:
    declared = [bucket("one", "nobody"), bucket("two"), bucket("three", "nobody")]
    result = declare(emulator, max_parallel=1, buckets=declared)
    assert made(emulator) == ["one", "two", "three"]
    assert names(result, "failed") == ["one", "three"]
    assert result["error"]["rpc"] == "CreateBucket"
    assert result["msg"].startswith("2 of 3 resources failed:\nbucket one present: ")


@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_planned_stops_all_where_errors_are_fatal(emulator: Emulator, check: bool) -> None:
    emulator.put("bucket", name="there", owner="alice")
    declared = [bucket("there"), bucket("two"), {"name": "ownerless"}]
    result = declare(emulator, check, any_errors_fatal=True, buckets=declared)
    assert result["failed"] and not result["changed"]
    assert made(emulator) == []
    assert names(result, "skipped") == ["two"]
    assert result["summary"] == {"unchanged": 1, "changed": 0, "failed": 1, "skipped": 1}


@pytest.mark.parametrize("option", ["api_url", "max_parallel"])
def test_bad_options_of_the_task_fail_it_as_a_whole(emulator: Emulator, option: str) -> None:
    result = declare(emulator, buckets=[bucket("one")], **{option: "0"})
    assert result["failed"] and result["error"]["code"] == "client" and f"'{option}'" in result["msg"]
    assert result["results"] == [] and emulator.journal()["calls"] == []


# Removals


def override(emulator: Emulator, check: bool = False, **options: Any) -> Result:
    return declare(emulator, check, state="overridden", **options)


def test_only_what_is_in_the_named_namespaces_is_removed(emulator: Emulator) -> None:
    for namespace in ("default", "other"):
        declare(emulator, datavolumes=[{**volume("stray"), "namespace": namespace}])
    result = override(emulator, datavolumes=[volume("kept")], namespaces=["default"], confirm_removal=1)
    assert not result["failed"]
    assert result["removals"] == [{"kind": "datavolume", "namespace": "default", "name": "stray"}]
    left = override(emulator, check=True, datavolumes=[], namespaces=["default", "other", "other"])
    assert [entry["name"] for entry in left["removals"]] == ["kept", "stray"]


def test_services_below_their_virtual_machines_are_removed_too(emulator: Emulator) -> None:
    web = {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]}
    declare(emulator, vm_services=[web])
    result = override(emulator, vm_services=[], namespaces=["default"], confirm_removal=1)
    assert [operation["rpc"] for operation in result["operations"]] == ["DeleteVirtualMachineService"]


def test_what_is_declared_as_absent_needs_no_confirmation(emulator: Emulator) -> None:
    emulator.put("bucket", name="one", owner="alice")
    result = override(emulator, buckets=[{"name": "one", "state": "absent"}])
    assert not result["failed"] and result["changed"] and result["removals"] == []


@pytest.mark.parametrize("confirmed", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("check", [True, False])
def test_no_more_is_removed_than_was_confirmed(emulator: Emulator, confirmed: int | None, check: bool) -> None:
    for name in ("one", "two"):
        emulator.put("bucket", name=name, owner="alice")
    result = override(emulator, check, buckets=[bucket("three")], confirm_removal=confirmed)
    assert [entry["name"] for entry in result["removals"]] == ["one", "two"]
    enough = (confirmed or 0) >= 2
    shown = check and confirmed is None
    assert result["failed"] is not (enough or shown)
    assert bool(result["warnings"]) is shown
    assert names(result, "changed") == (["three", "one", "two"] if enough or shown else [])
    there = {"one", "two"} if check or not enough else {"three"}
    assert set(emulator.state()["scopes"]["demo"]["buckets"]) == there


def test_a_kind_that_is_not_given_is_left_alone(emulator: Emulator) -> None:
    emulator.put("bucket", name="one", owner="alice")
    result = override(emulator, vm_services=[], namespaces=["default"])
    assert not result["failed"] and result["removals"] == []
    assert [call["rpc"] for call in emulator.journal()["calls"]] == ["ListVirtualMachines"]


def test_where_the_lists_cannot_be_read_nothing_is_sent(emulator: Emulator) -> None:
    emulator.add_faults({"rpc": "ListDataVolumes", "kind": "error", "code": "permission_denied", "count": 9})
    result = override(emulator, buckets=[bucket("one")], datavolumes=[], namespaces=["default"], confirm_removal=9)
    assert result["failed"] and not result["changed"] and result["error"]["code"] == "permission_denied"
    assert names(result, "skipped") == ["one"]
    assert made(emulator) == []


def test_the_diff_has_what_changes_and_nothing_else(emulator: Emulator) -> None:
    emulator.put("bucket", name="one", owner="alice")
    result = declare(emulator, True, buckets=[bucket("one"), bucket("two"), bucket("three", state="absent")])
    assert result["diff"] == [
        {
            "before_header": "bucket two",
            "after_header": "bucket two",
            "before": {},
            "after": {"name": "two", "owner": "alice"},
        }
    ]
