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
    Notify,
    Result,
    System,
    Task,
    hide_entries,
    task_for,
)

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
