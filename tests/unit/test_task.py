# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A task as both doors run it: from options to what playbooks may see, and nothing secret on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._task import (
    Connection,
    Context,
    Hosts,
    Inventory,
    Notify,
    Result,
    System,
    Task,
    hide_entries,
    info_task_for,
    task_for,
)
from ansible_collections.otterscale.core.plugins.module_utils._values.names import dns_1123_label

from tests.unit.server_model import Fault, Message, Server

OPTIONS = {
    "scope": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "retries": {"type": "int", "default": 0},
}
BUCKET = {"scope": "lab", "name": "data", "owner": "alice"}
VOLUME = {"scope": "lab", "namespace": "vms", "name": "root", "source": {"type": "blank_image"}, "size": "1Gi"}


def hide(value: Any) -> Any:
    """What is secret of the options."""
    return json.loads(json.dumps(value).replace("hunter2", "***"))


def hide_more(value: Any) -> Any:
    """What is secret besides as soon as there is a connection."""
    return json.loads(json.dumps(hide(value)).replace("a-token", "***"))


def refuse(params: Mapping[str, Any]) -> Connection:
    raise ApiError("client", f"hunter2 opens no door of {params['scope']}")


SYSTEM = System(OPTIONS, refuse, hide, dict, {}, lambda params: {})


def run(
    task: Task, server: Server | None, notify: Notify | None = None, *, check: bool = False, **options: Any
) -> Result:
    """One task; without a server there is no connection."""
    validated = ArgumentSpecValidator(task.argument_spec).validate(options)
    assert not validated.error_messages

    def connect(params: Mapping[str, Any]) -> Connection:
        assert params["password"] is None and server
        return Connection(SharedReads(server), hide_more, ("the connection is old",))

    context = Context(check, connect if server else refuse, notify)
    return task.run(validated.validated_parameters, context, with_diff=True)


def test_a_task_has_the_options_of_its_system_too() -> None:
    assert task_for(Bucket, SYSTEM).argument_spec == {**OPTIONS, **Bucket.options}


@pytest.mark.parametrize("check", [True, False])
def test_a_task_brings_its_resource_about_and_check_mode_only_says_so(check: bool) -> None:
    server, task = Server(), task_for(Bucket, SYSTEM)
    first = run(task, server, check=check, **BUCKET)
    assert not first.failed and first.values["changed"] and first.values["bucket"]["owner"] == "alice"
    assert first.values["diff"]["before"] == {} and first.values["diff"]["after"]["owner"] == "alice"
    assert server.sent == ([] if check else ["CreateBucket"])
    assert run(task, server, check=check, **BUCKET).values["changed"] is check


def test_a_task_tries_again_as_often_as_its_options_say() -> None:
    failed = run(task_for(Bucket, SYSTEM), Server(faults=[Fault()] * 2), **BUCKET, retries=1)
    assert failed.failed and failed.values["error"]["code"] == "unavailable" and not failed.values["changed"]
    passed = run(task_for(Bucket, SYSTEM), Server(faults=[Fault()] * 2), **BUCKET, retries=2)
    assert not passed.failed and passed.values["changed"]


def test_what_the_connection_warns_of_comes_first() -> None:
    service = {"scope": "lab", "namespace": "vms", "name": "web", "state": "absent"}
    result = run(task_for(VMService, SYSTEM), Server(), check=True, **service)
    first, second = result.warnings
    assert first == "the connection is old" and "not listed" in second and not result.failed


@pytest.mark.parametrize(
    ("resource_type", "options", "title"),
    [(Bucket, {**BUCKET, "name": "hunter2!"}, "bucket ***!"), (DataVolume, VOLUME, "data volume vms/root")],
)
def test_options_that_are_no_good_fail_the_task_by_name_and_show_no_secret(
    resource_type: Any, options: Any, title: str
) -> None:
    result = run(task_for(resource_type, SYSTEM), None, **options)
    assert result.failed and not result.values["changed"] and result.values["error"]["code"] == "client"
    assert result.values["msg"].startswith(f"{title}: *** opens no door of lab.")
    assert result.values[resource_type.kind] is None and result.warnings == []


def test_a_bad_name_fails_the_task_after_the_connection_and_shows_no_secret() -> None:
    result = run(task_for(Bucket, SYSTEM), Server(), **{**BUCKET, "name": "a-token!"})
    assert result.failed and result.values["msg"].startswith("bucket ***!: option 'name' is '***!'")


class Gossip(Server):
    """Repeats a secret in its answers."""

    def CreateDataVolume(self, request: Message) -> Message:
        answer = super().CreateDataVolume(request)
        answer.update(phase="Succeeded", progress="by a-token")
        return answer


def test_what_a_server_repeats_of_a_secret_is_in_no_result_and_no_line_of_progress() -> None:
    task, lines = task_for(DataVolume, SYSTEM), list[str]()
    result = run(task, Gossip(), lines.append, **VOLUME, wait=True)
    assert not result.failed and result.values["changed"]
    assert [phase["progress"] for phase in result.values["phases"]] == ["by ***"]
    assert lines == ["data volume vms/root present: Succeeded by ***"]
    silent = run(task, Gossip(), None, **VOLUME, wait=True)
    assert silent.values == result.values


def test_every_entry_of_a_task_with_no_log_says_so_itself() -> None:
    values: dict[str, Any] = {"changed": True, "results": [{"name": "one"}, {"name": "two"}]}
    hide_entries(values)
    assert values["results"] == [{"name": name, "_ansible_no_log": True} for name in ("one", "two")]
    without: dict[str, Any] = {"changed": True}
    hide_entries(without)
    assert without == {"changed": True}


def test_a_result_says_what_was_declared_and_of_which_server() -> None:
    known = SYSTEM._replace(server=lambda params: {"url": "https://hunter2", "scope": params["scope"]})
    values = run(task_for(Bucket, known), Server(), **BUCKET).values
    assert values["declared"] == {"name": "data", "owner": "alice"}
    assert values["server"] == {"url": "https://***", "scope": "lab"}
    assert "server" not in run(task_for(Bucket, SYSTEM), Server(), **BUCKET).values


# What there is

BUCKETS = info_task_for(Bucket, SYSTEM)
VOLUMES = info_task_for(DataVolume, SYSTEM, namespace=dns_1123_label)


def stocked() -> Server:
    server = Server()
    for name in ("data", "logs"):
        assert not run(task_for(Bucket, SYSTEM), server, **{**BUCKET, "name": name}).failed
    assert not run(task_for(DataVolume, SYSTEM), server, **VOLUME).failed
    server.reads.clear()
    return server


def test_information_has_the_options_that_find_it() -> None:
    name = {"name": {"type": "str"}}
    assert BUCKETS.argument_spec == {**OPTIONS, **name}
    assert VOLUMES.argument_spec == {**OPTIONS, **name, "namespace": {"type": "str", "required": True}}


@pytest.mark.parametrize(
    ("named", "names"), [({}, ["data", "logs"]), ({"name": "logs"}, ["logs"]), ({"name": "x"}, [])]
)
def test_information_shows_all_or_what_has_a_name(named: dict[str, str], names: list[str]) -> None:
    server = stocked()
    result = run(BUCKETS, server, scope="lab", **named)
    assert not result.failed and not result.values["changed"]
    assert [found["name"] for found in result.values["buckets"]] == names
    assert result.warnings == ["the connection is old"] and server.reads == ["ListBuckets"]


def test_information_is_of_a_namespace() -> None:
    asked: list[Mapping[str, Any]] = []

    class Asked(Server):
        def read(self, procedure: str, request: Mapping[str, Any]) -> Message:
            asked.append(request)
            return super().read(procedure, request)

    server = Asked(things=stocked().things)
    result = run(VOLUMES, server, scope="lab", namespace="vms")
    assert [found["name"] for found in result.values["datavolumes"]] == ["root"]
    assert {(request["scope"], request["namespace"]) for request in asked} == {("lab", "vms")}


@pytest.mark.parametrize(
    ("task", "options", "text"),
    [
        (VOLUMES, {"namespace": "No"}, "option 'namespace' is 'No'"),
        (VOLUMES, {"namespace": "vms", "name": ""}, "option 'name' is '': must not be empty: leave it out to get all"),
        (BUCKETS, {"name": ""}, "option 'name' is '': must not be empty: leave it out to get all"),
    ],
)
def test_bad_options_of_information_are_named(task: Task, options: dict[str, str], text: str) -> None:
    server = stocked()
    result = run(task, server, scope="lab", **options)
    assert result.failed and text in result.values["msg"] and server.reads == []


def test_information_without_a_connection_shows_no_secret() -> None:
    result = run(BUCKETS, None, scope="lab", password="hunter2")
    assert result.failed and "*** opens no door of lab" in result.values["msg"]


# Hosts


def hosts(fails: bool = False, connects: bool = True) -> Hosts:
    def connect(params: Mapping[str, Any]) -> Connection:
        return Connection(SharedReads(Server()), hide_more, ("hunter2 is old",)) if connects else refuse(params)

    def find(params: Mapping[str, Any], read: Any) -> dict[str, dict[str, Any]]:
        if fails:
            raise ApiError("internal", "a-token is no VM")
        return {"web": {"listed": read("otterscale.storage.v1.StorageService/ListBuckets", params), "token": "a-token"}}

    system = SYSTEM._replace(connect=connect)
    inventory = Inventory("the VMs", {"namespaces": {"type": "list"}}, system, find, ())
    assert inventory.argument_spec == {**OPTIONS, "namespaces": {"type": "list"}}
    return inventory.read({"scope": "lab"})


def test_an_inventory_shows_what_is_found_without_secrets() -> None:
    variables, warnings, failure = hosts()
    assert variables["web"]["token"] == "***" and "listed" in variables["web"]
    assert (list(warnings), failure) == (["*** is old"], "")


def test_an_inventory_tells_why_it_found_nothing() -> None:
    assert hosts(fails=True)[:2] == ({}, ["*** is old"])
    assert hosts(fails=True).failure.startswith("the VMs: *** is no VM.")
    assert hosts(connects=False) == Hosts({}, [], hosts(connects=False).failure)
    assert hosts(connects=False).failure.startswith("the VMs: *** opens no door of lab.")
