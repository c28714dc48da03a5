# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whole declarations, without Ansible around them: in which order, what is left out, and what is removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.declaration import TASK
from ansible_collections.otterscale.core.plugins.module_utils._task import Context

from emulator.process import Emulator

TOKEN = "declarations-token"
ARGUMENTS = ("--import-seconds", "0")
Result = dict[str, Any]


@pytest.fixture(scope="module")
def started_slow() -> Iterator[Emulator]:
    with Emulator("--generation", "plain", "--import-seconds", "0.9", token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def slow(started_slow: Emulator) -> Emulator:
    """A server whose copies take 0.3 s."""
    started_slow.reset(journal=True)
    return started_slow


def declare(emulator: Emulator, check: bool = False, **options: Any) -> Result:
    connection = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo", "retries": 0}
    validated = ArgumentSpecValidator(TASK.argument_spec).validate({**connection, **options})
    assert not validated.error_messages
    summary = TASK.work(validated.validated_parameters, Context(check, TASK.system.connect))
    result = summary.as_result(with_diff=True)
    return {**result, "failed": summary.error is not None, "warnings": summary.warnings}


def volume(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi", **options}


def copy_of(source: str, name: str) -> dict[str, Any]:
    return volume(name, source={"type": "existing_persistent_volume_claim", "data": source})


def gone(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "state": "absent", **options}


def bucket(name: str, owner: str = "alice", **options: Any) -> dict[str, Any]:
    return {"name": name, "owner": owner, **options}


def made(emulator: Emulator) -> list[str]:
    """The names of what was to be created, in the order of the calls."""
    requests = [call["request"] for call in emulator.journal()["calls"] if call["rpc"].startswith("Create")]
    return [request.get("name") or request["bucketName"] for request in requests]


def writes(emulator: Emulator) -> list[str]:
    """The writes in the order of the calls, such as "CreateDataVolume disk"."""
    calls = [call for call in emulator.journal()["calls"] if call["write"]]
    return [f"{call['rpc']} {call['request'].get('name') or call['request'].get('bucketName')}" for call in calls]


def volumes(emulator: Emulator) -> dict[str, Any]:
    """The volumes that are there, by name: whether each has begun to be made from its source."""
    there = emulator.state()["scopes"]["demo"]["data_volumes"]
    return {volume["name"]: volume["started_at"] is not None for volume in there.values()}


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


@pytest.mark.parametrize(
    ("declared", "circle"),
    [
        ([copy_of("b", "a"), copy_of("c", "b"), copy_of("default/a", "c")], ["a", "b", "c"]),
        ([copy_of("a", "a")], ["a"]),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_copies_in_a_circle_are_refused_before_any_call(
    emulator: Emulator, declared: list[dict[str, Any]], circle: list[str], check: bool
) -> None:
    result = declare(emulator, check, datavolumes=declared, buckets=[bucket("one")])
    assert result["failed"] and result["error"]["code"] == "client"
    assert "circle" in result["msg"]
    assert all(f"data volume default/{name}" in result["msg"] for name in circle)
    assert emulator.journal()["calls"] == []


def test_a_copy_of_what_is_not_declared_is_not_kept_waiting(emulator: Emulator) -> None:
    declare(emulator, max_parallel=1, datavolumes=[copy_of("elsewhere", "c"), copy_of("a", "b"), volume("a")])
    assert made(emulator) == ["c", "a", "b"]


def test_a_volume_of_that_name_in_another_namespace_is_another_one(emulator: Emulator) -> None:
    other = {**volume("a"), "namespace": "other"}
    result = declare(emulator, max_parallel=1, datavolumes=[copy_of("a", "b"), other])
    assert made(emulator) == ["b", "a"]
    assert [entry["namespace"] for entry in result["results"]] == ["default", "other"]


# A source that goes


def migrated(**options: Any) -> list[dict[str, Any]]:
    return [gone("old"), {**copy_of("old", "new"), "wait_sleep": 0.05, "wait_timeout": 9, **options}]


@pytest.mark.parametrize("overridden", [True, False])
@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_a_source_is_removed_once_its_copy_is_complete(
    slow: Emulator, overridden: bool, wait: bool, begun: bool
) -> None:
    declare(slow, datavolumes=[volume("old"), *([copy_of("old", "new")] if begun else [])])
    declared = migrated(wait=wait)[1:] if overridden else migrated(wait=wait)
    options = {"state": "overridden", "namespaces": ["default"], "confirm_removal": 1} if overridden else {}
    shown = declare(slow, True, datavolumes=declared, **options)
    result = declare(slow, datavolumes=declared, **options)
    assert not (shown["failed"] or result["failed"]), result
    assert shown["operations"] == result["operations"]
    assert writes(slow) == ["CreateDataVolume old", "CreateDataVolume new", "DeleteDataVolume old"]
    assert volumes(slow) == {"new": True}
    (copied,) = [entry for entry in result["results"] if entry["name"] == "new"]
    assert [phase["phase"] for phase in copied["phases"]][-1] == "Succeeded"
    again = declare(slow, datavolumes=declared, **{**options, "confirm_removal": None})
    assert not (again["changed"] or again["failed"])


def test_a_chain_of_sources_goes_when_its_end_is_complete(slow: Emulator) -> None:
    """Though nobody declares what the one in the middle is still being copied from."""
    declare(slow, datavolumes=[volume("a"), copy_of("a", "b")])
    result = declare(slow, datavolumes=[gone("a"), gone("b"), {**copy_of("b", "c"), "wait_sleep": 0.05}])
    assert not result["failed"], result
    assert writes(slow)[2] == "CreateDataVolume c"
    assert sorted(writes(slow)[3:]) == ["DeleteDataVolume a", "DeleteDataVolume b"]
    assert volumes(slow) == {"c": True}


def test_a_source_in_another_namespace_is_kept_as_well(slow: Emulator) -> None:
    declare(slow, datavolumes=[volume("old", namespace="other")])
    declared = {**copy_of("other/old", "new"), "wait_sleep": 0.05}
    options = {"state": "overridden", "namespaces": ["other", "default"], "confirm_removal": 1}
    result = declare(slow, datavolumes=[declared], **options)
    assert not result["failed"], result
    assert writes(slow)[1:] == ["CreateDataVolume new", "DeleteDataVolume old"] and volumes(slow) == {"new": True}


def test_a_source_that_the_declaration_does_not_name_is_kept_as_well(slow: Emulator) -> None:
    """The server tells what a volume is being copied from."""
    declare(slow, datavolumes=[volume("old"), copy_of("old", "new")])
    named = {"name": "new", "namespace": "default", "wait_sleep": 0.05}
    result = declare(slow, datavolumes=[gone("old"), {**named, "size": "2Gi"}])
    assert not result["failed"], result
    assert writes(slow)[2:] == ["ExtendDataVolume new", "DeleteDataVolume old"] and volumes(slow) == {"new": True}


@pytest.mark.parametrize("fatal", [True, False])
@pytest.mark.parametrize("problem", ["stuck", "refused", "unplannable"])
def test_a_source_stays_where_its_copy_is_not_complete(emulator: Emulator, problem: str, fatal: bool) -> None:
    declare(emulator, datavolumes=[volume("old"), volume("other")])
    declared = migrated(wait_timeout=0.3)
    if problem == "stuck":
        held = {"managed": True, "source_type": 2, "source_data": "old", "size_bytes": 1 << 30}
        emulator.put("data_volume", name="new", namespace="default", forced_phase="CloneInProgress", **held)
    elif problem == "refused":
        emulator.add_faults({"rpc": "CreateDataVolume", "kind": "error", "code": "permission_denied"})
    else:
        declared[1]["size"] = None
    result = declare(emulator, datavolumes=[*declared, gone("other")], any_errors_fatal=fatal, max_parallel=1)
    assert "DeleteDataVolume old" not in writes(emulator)
    old, new, other = result["results"]
    assert new["failed"] and other["changed"] is ("other" not in volumes(emulator))
    assert other["changed"] or fatal
    if fatal:
        assert old["skipped"]
    else:
        assert old["failed"] and old["error"]["code"] == "failed_precondition"
        assert not old["changed"]
        assert "data volume default/old: " in old["msg"] and "data volume default/new" in old["msg"]
        assert "2 of 3 resources failed" in result["msg"]
    predicted = declare(emulator, True, datavolumes=declared)
    assert predicted["results"][0]["failed"] is (problem == "unplannable")


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
    result = declare(emulator, buckets=[bucket("one")], datavolumes=[volume("a")], **{option: "0"})
    assert result["failed"] and result["error"]["code"] == "client"
    assert f"'{option}'" in result["msg"]
    assert_not_begun(result, "a", "one")
    assert emulator.journal()["calls"] == []


def assert_not_begun(result: Result, *declared: str) -> None:
    """A declaration that fails as a whole, all of whose entries have failed with it."""
    assert result["failed"] and not result["changed"]
    assert result["operations"] == []
    assert names(result, "failed") == list(declared) and names(result, "skipped") == []
    assert result["summary"] == {"unchanged": 0, "changed": 0, "failed": len(declared), "skipped": 0}


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
    assert not result["failed"] and result["changed"]
    assert result["removals"] == []


@pytest.mark.parametrize("namespace", ["", "Default", "a/b", "x" * 64, "a\n"])
@pytest.mark.parametrize("state", ["present", "overridden"])
def test_namespaces_are_checked_before_any_call(emulator: Emulator, namespace: Any, state: str) -> None:
    result = declare(emulator, state=state, datavolumes=[], buckets=[bucket("one")], namespaces=["default", namespace])
    assert "option 'namespaces' is " in result["msg"] and "DNS-1123 label" in result["msg"]
    assert_not_begun(result, "one")
    assert emulator.journal()["calls"] == []


LISTS = {
    "buckets": ("ListBuckets", "buckets"),
    "datavolumes": ("ListDataVolumes", "dataVolumes"),
    "vm_services": ("ListVirtualMachines", "virtualMachines"),
}


@pytest.mark.parametrize("kind", list(LISTS))
@pytest.mark.parametrize("nameless", [{}, {"name": ""}, {"name": None}, {"name": 5}, {"name": "a\x1b[2Jb"}])
@pytest.mark.parametrize("check", [True, False])
def test_what_is_listed_without_a_name_is_never_removed(
    emulator: Emulator, kind: str, nameless: dict[str, Any], check: bool
) -> None:
    rpc, field = LISTS[kind]
    listed = [{"name": "web", "services": [nameless]}] if kind == "vm_services" else [{"name": "stray"}, nameless]
    emulator.add_faults({"rpc": rpc, "kind": "answer", "count": 9, "body": json.dumps({field: listed})})
    options = {"namespaces": ["default"], "confirm_removal": 9, kind: []}
    result = override(emulator, check, **options)
    assert result["failed"] and result["error"]["code"] == "internal", result
    assert f"the list of {kind} makes no sense" in result["msg"] and "\x1b" not in result["msg"]
    assert result["removals"] == [] and writes(emulator) == []


def test_what_is_listed_of_another_namespace_is_not_ours(emulator: Emulator) -> None:
    """A server that does not know the namespace of a request answers with all that it has."""
    found = {"source": {}, "sizeBytes": "1073741824", "name": "disk"}
    services = [{"name": "web", "ports": [{"port": 80, "nodePort": 30080}]}]
    machines = [{"name": "web", "namespace": "other", "services": services}]
    volumes = [{**found, "namespace": "other"}, {**found, "name": "stray", "namespace": "default"}]
    answers = {"ListDataVolumes": {"dataVolumes": volumes}, "ListVirtualMachines": {"virtualMachines": machines}}
    for rpc, answer in answers.items():
        emulator.add_faults({"rpc": rpc, "kind": "answer", "count": 99, "body": json.dumps(answer)})
    web = {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]}
    options: Result = {"namespaces": ["default"], "datavolumes": [volume("disk")]}
    shown = override(emulator, True, vm_services=[], **options)
    assert shown["removals"] == [{"kind": "datavolume", "namespace": "default", "name": "stray"}]
    declare(emulator, datavolumes=[volume("disk")], vm_services=[web])
    assert writes(emulator) == ["CreateDataVolume disk", "CreateVirtualMachineService web"]


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
    assert result["failed"] and not result["changed"]
    assert result["error"]["code"] == "permission_denied"
    assert_not_begun(result, "one")
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
