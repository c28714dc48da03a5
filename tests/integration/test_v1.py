# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""OtterScale 1.x, without Ansible around the tasks: which calls they send, what they leave alone, what they refuse."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import bucket, declaration, vm_service
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.inventory import INVENTORY
from ansible_collections.otterscale.core.plugins.module_utils._task import Connection, Context, Task

from emulator.process import Emulator
from tests.integration.test_in_process import assert_alike, play

TOKEN = "v1-token-that-must-not-leak"
ARGUMENTS = ("--generation", "v1.4")
SERVICE, SERVICES = vm_service.TASK, vm_service.INFO
WEB = {"name": "web", "namespace": "default"}
PORTS = [{"name": "http", "port": 80, "node_port": 30080}, {"name": "ssh", "port": 22}]
WANTED = {**WEB, "virtual_machine": "web", "ports": PORTS}
KIND = {"cluster": "demo", "group": "", "version": "v1", "resource": "services"}
ROUNDS = int(os.environ.get("OTTERSCALE_FUZZ_ROUNDS", "16"))
# Which API the server has; then the calls of the task.
ASKED = ["ListVirtualMachines", "Check"]


@pytest.fixture(scope="module")
def started_older() -> Iterator[Emulator]:
    with Emulator("--generation", "v1.1", token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def older(started_older: Emulator) -> Emulator:
    """A server without Update."""
    started_older.reset(journal=True)
    return started_older


class Run:
    """The tasks of one loop, which share a connection."""

    def __init__(self, emulator: Emulator, **connection: Any) -> None:
        self.emulator = emulator
        self.options = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo", "retries": 0, **connection}
        self._connection: Connection | None = None
        self._seen = emulator.journal()["next"]

    def __call__(self, task: Task = SERVICE, check: bool = False, **options: Any) -> dict[str, Any]:
        validated = ArgumentSpecValidator(task.argument_spec).validate({**self.options, **options})
        assert not validated.error_messages, validated.error_messages
        result = task.run(validated.validated_parameters, Context(check, self._connect), with_diff=True)
        return {**result.values, "failed": result.failed, "warnings": result.warnings}

    def _connect(self, params: Mapping[str, Any]) -> Connection:
        self._connection = self._connection or SERVICE.system.connect(params)
        return self._connection

    def calls(self) -> list[dict[str, Any]]:
        """Those since the last time."""
        journal = self.emulator.journal(self._seen)
        self._seen = journal["next"]
        calls: list[dict[str, Any]] = journal["calls"]
        return calls

    def rpcs(self) -> list[str]:
        return [call["rpc"] for call in self.calls()]


@pytest.fixture
def run(emulator: Emulator) -> Run:
    return Run(emulator, server_api="resource_v1")


def document(emulator: Emulator, name: str = "web") -> dict[str, Any]:
    """The Service as Kubernetes has it."""
    status, answer = emulator.call("resource", "Get", **KIND, namespace="default", name=name)
    assert status == 200, answer
    found: dict[str, Any] = answer["object"]
    return found


def placed(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A Service as somebody else may have made it."""
    ports = [{"name": "http", "port": 80, "targetPort": 80, "nodePort": 30080}]
    filled = {"type": "NodePort", "selector": {"kubevirt.io/vm": "web"}, "ports": ports, **spec}
    metadata = {"name": name, "namespace": "default", "labels": {"team": "shop"}, "annotations": {"note": "mine"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": filled}


def sent(call: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of a write."""
    manifest: dict[str, Any] = json.loads(base64.b64decode(call["request"]["manifest"]))
    return manifest


# Which API


def test_which_api_there_is_is_asked_once_for_all_tasks_of_a_loop(emulator: Emulator) -> None:
    run = Run(emulator)
    assert run(**WANTED)["changed"] and run.rpcs() == [*ASKED, "Get", "Get", "Get", "Create"]
    assert not run(**WANTED)["changed"] and run(SERVICES, namespace="default")["vm_services"]
    assert run.rpcs() == ["Get", "List"], "a call of the other API is not even tried again"


def test_an_api_that_is_named_is_not_asked_for(emulator: Emulator) -> None:
    new = Run(emulator, server_api="resource_v1")
    assert not new(check=True, **WEB, state="absent")["failed"] and new.rpcs() == ["Get"]
    old = Run(emulator, server_api="instance_v1")
    refused = old(check=True, **WEB, state="absent")
    assert refused["error"]["code"] == "unimplemented" and "has 'instance_v1', as 'server_api' says" in refused["msg"]
    assert old.rpcs() == ["ListVirtualMachines"]


def test_a_server_of_2025_is_not_asked(emulator: Emulator) -> None:
    with Emulator("--generation", "plain", token=TOKEN) as plain:
        run = Run(plain)
        assert run(**WANTED)["changed"]
        assert run.rpcs() == ["ListVirtualMachines", "CreateVirtualMachineService"]


@pytest.mark.parametrize("api", ["auto", "resource_v1"])
def test_a_wrong_prefix_is_no_other_api(emulator: Emulator, api: str) -> None:
    refused = Run(emulator, api_url=f"{emulator.url}/nothing/here", server_api=api)(**WANTED)
    assert refused["error"]["code"] == "unimplemented" and refused["error"]["http_status"] == 404
    advice = {"auto": "is not an OtterScale API", "resource_v1": "and that the server has 'resource_v1'"}[api]
    assert "'api_url' (with its path prefix)" in refused["msg"] and advice in refused["msg"]


def test_a_refused_token_is_what_fails(emulator: Emulator) -> None:
    for api, rpc in (("auto", "ListVirtualMachines"), ("resource_v1", "Get")):
        run = Run(emulator, api_token="another", server_api=api)
        refused = run(**WANTED)
        assert refused["error"]["code"] == "unauthenticated" and "api_token" in refused["msg"]
        assert run.rpcs() == [rpc] == [refused["error"]["rpc"]]


def test_playbooks_do_the_same_in_the_controllers_process_and_as_modules(
    both: dict[str, Emulator], tmp_path: Path
) -> None:
    service, names = "otterscale.core.otterscale_vm_service", ["one", "two", "three", "four"]
    wanted = {**WANTED, "name": "{{ item }}", "ports": [{"name": "http", "port": 80}]}
    tasks: list[dict[str, Any]] = [
        {service: wanted, "loop": names, "check_mode": check} for check in (True, False, False)
    ]
    tasks += [
        {"otterscale.core.otterscale_vm_service_info": {"namespace": "default"}},
        {"otterscale.core.otterscale_bucket": {"name": "logs", "owner": "alice"}, "ignore_errors": True},
        {service: {"name": "one", "namespace": "default", "state": "absent"}},
    ]
    done = play(tmp_path, both, *tasks)
    told = assert_alike(done, both)
    assert [result["changed"] for result in told] == [True] * 8 + [False] * 6 + [True]
    assert TOKEN not in done.output
    rpcs = [call["rpc"] for call in done.calls["plain"]]
    # Each loop asks once which API there is, and lists what it would otherwise read one by one.
    assert rpcs[:10] == [*ASKED, *["Get"] * 5, *["List"] * 3], "the VM, too, is read once for all"
    assert rpcs.count("Check") == 6 and rpcs.count("Create") == 4
    assert rpcs[-7:] == ["ListBuckets", "Check", *ASKED, "Get", "Delete", "Get"]


# VM services


def test_a_service_is_created_predicted_and_found_again(run: Run) -> None:
    checked = run(check=True, **WANTED)
    assert run.rpcs() == ["Get"] * 3, "check mode sends nothing that could write"
    made = run(**WANTED)
    assert [made[key] for key in ("changed", "diff", "operations")] == [
        checked[key] for key in ("changed", "diff", "operations")
    ]
    assert made["operations"] == [{"rpc": "Create", "reason": "it does not exist"}]
    assert run.rpcs() == ["Get"] * 3 + ["Create"], "the answer proves what was done"
    shown = made["vm_service"]
    assert shown["virtual_machine"] == "web" and shown["type"] == "NodePort" and shown["cluster_ip"]
    assert shown["ports"][0]["node_port"] == 30080 and shown["created_at"].endswith("Z")
    again = run(**WANTED)
    assert again["vm_service"] == shown and not again["changed"] and run.rpcs() == ["Get"]
    assert run(SERVICES, namespace="default")["vm_services"] == [shown]


def test_dashboards_of_all_versions_find_it_and_its_endpoints(run: Run, emulator: Emulator) -> None:
    """A VM may be without the label that its template has until it starts again."""
    machine = {"namespace": "default", "name": "old"}
    spec = {"hostname": "host.example"}
    template = {"metadata": {"labels": {"kubevirt.io/vm": "old"}}, "spec": spec}
    base = {"apiVersion": "kubevirt.io/v1", "metadata": machine}
    running = {**base, "kind": "VirtualMachineInstance", "metadata": {**machine, "labels": {}}, "spec": spec}
    selectors = []
    for number, (labelled, alive) in enumerate([(False, False), (True, False), (True, True)]):
        found = template if labelled else {"spec": spec}
        runs = {"runStrategy": "Always"} if alive else {"runStrategy": "Halted"}
        emulator.put("object", **base, kind="VirtualMachine", spec={**runs, "template": found})
        if alive:
            emulator.put("object", **running)
        name = f"old-{number}"
        assert run(**{**WANTED, "name": name, "virtual_machine": "old", "ports": [{"port": 80}]})["changed"]
        made = document(emulator, name)
        assert made["metadata"]["labels"] == {"otterscale.com/virtual-machine.name": "old"}
        selectors.append(made["spec"]["selector"])
    assert selectors == [{"vm.kubevirt.io/name": "host"}, {"kubevirt.io/vm": "old"}, {"vm.kubevirt.io/name": "host"}]
    # What is shown is the VM, by whichever name it is selected.
    found = run(SERVICES, namespace="default")["vm_services"]
    assert [service["virtual_machine"] for service in found] == ["old"] * 3


def test_only_what_is_managed_changes(run: Run, emulator: Emulator) -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": "web", "nodePort": 30080, "appProtocol": "http"},
        {"name": "old", "port": 8080, "targetPort": 8080, "nodePort": 30081},
    ]
    emulator.put("object", **placed(ports=ports, sessionAffinity="ClientIP", externalTrafficPolicy="Local"))
    before = document(emulator)
    result = run(**{**WANTED, "ports": [{"name": "http", "port": 8000}, {"name": "ssh", "port": 22}]})
    assert result["operations"] == [{"rpc": "Update", "reason": "the ports differ"}]
    after = document(emulator)
    http, ssh = after["spec"].pop("ports")
    assert http == {
        **{"name": "http", "port": 8000, "targetPort": 8000, "protocol": "TCP", "nodePort": 30080},
        "appProtocol": "http",
    }
    assert (ssh["port"], ssh["targetPort"], "appProtocol" in ssh) == (22, 22, False)
    before["spec"].pop("ports")
    before["metadata"]["labels"]["otterscale.com/virtual-machine.name"] = "web"
    for changed in ("resourceVersion", "generation"):
        before["metadata"].pop(changed, None), after["metadata"].pop(changed, None)
    assert after == before
    write = next(call for call in run.calls() if call["write"])
    assert write["request"]["fieldManager"] == "otterscale.core" and sent(write)["metadata"]["resourceVersion"]


def test_a_port_that_loses_its_name_loses_it(run: Run, emulator: Emulator) -> None:
    emulator.put("object", **placed())
    result = run(**{**WANTED, "ports": [{"port": 80}]})
    assert result["changed"] and [port["name"] for port in result["vm_service"]["ports"]] == [""]


@pytest.mark.parametrize("selector", [{"kubevirt.io/vm": "web"}, {"vm.kubevirt.io/name": "web"}])
def test_either_selector_is_the_vm(run: Run, emulator: Emulator, selector: dict[str, str]) -> None:
    emulator.put("object", **placed(selector=selector))
    wanted = {**WEB, "virtual_machine": "web", "ports": [{"name": "http", "port": 80}]}
    assert not run(**wanted)["changed"]
    refused = run(**{**wanted, "virtual_machine": "db"})
    assert refused["error"]["code"] == "client" and "now serves 'web'" in refused["msg"]


@pytest.mark.parametrize("options", [WANTED, {**WEB, "state": "absent"}])
@pytest.mark.parametrize("check", [True, False])
def test_a_service_that_is_no_vms_is_left_alone(
    run: Run, emulator: Emulator, options: dict[str, Any], check: bool
) -> None:
    emulator.put("object", **placed(selector={"app": "shop"}))
    refused = run(check=check, **options)
    assert refused["error"]["code"] == "client" and "selects no virtual machine" in refused["msg"]
    assert run.rpcs() == ["Get"]


def test_a_service_is_removed_without_its_vm(run: Run, emulator: Emulator) -> None:
    run(**WANTED)
    emulator.put("virtual_machine", **WEB, remove=True)
    run.calls()
    gone = run(**WEB, state="absent")
    assert gone["changed"] and gone["vm_service"] is None and run.rpcs() == ["Get", "Delete", "Get"]
    assert not run(**WEB, state="absent")["changed"] and run.rpcs() == ["Get"]
    refused = run(check=True, **WANTED)
    assert refused["error"]["code"] == "not_found" and "Create the virtual_machine 'web' first" in refused["msg"]


def test_a_service_that_is_being_deleted_is_not_changed(run: Run, emulator: Emulator) -> None:
    going = placed()
    going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/slow"]}
    emulator.put("object", **going)
    refused = run(**WANTED)
    assert refused["error"]["code"] == "failed_precondition" and "being deleted" in refused["msg"]
    assert run.rpcs() == ["Get"]


# Others at the same time


def others_write(emulator: Emulator, rpc: str, **more: Any) -> None:
    """Somebody else comes in between the read and this write."""
    foreign = placed()
    foreign["metadata"]["annotations"]["note"] = "theirs"
    rule = {"kind": "put", "rpc": rpc, "body": json.dumps({"kind": "object", "object": foreign})}
    emulator.add_faults({**rule, **more})


def test_a_conflict_is_planned_anew_and_loses_nothing(run: Run, emulator: Emulator) -> None:
    emulator.put("object", **placed())
    others_write(emulator, "Update")
    result = run(**WANTED)
    assert result["operations"] == [{"rpc": "Update", "reason": "the ports differ"}] and not result["warnings"]
    assert [(call["rpc"], call["code"]) for call in run.calls()] == [
        *(("Get", "ok"), ("Update", "failed_precondition"), ("Get", "ok"), ("Update", "ok"))
    ]
    assert document(emulator)["metadata"]["annotations"] == {"note": "theirs"}


def test_conflicts_without_end_end(run: Run, emulator: Emulator) -> None:
    emulator.put("object", **placed())
    others_write(emulator, "Update", count=100)
    run.options["retries"] = 4
    result = run(**WANTED)
    assert result["error"]["code"] == "failed_precondition" and "Another client changes it" in result["msg"]
    assert not result["changed"] and result["operations"] == []
    assert run.rpcs().count("Update") == 7


def test_who_is_first_to_create_wins(run: Run, emulator: Emulator) -> None:
    others_write(emulator, "Create")
    result = run(**WANTED)
    assert result["operations"] == [{"rpc": "Update", "reason": "the ports differ"}]
    assert run.rpcs() == ["Get"] * 3 + ["Create", "Get", "Update"]


@pytest.mark.parametrize("rpc", ["Create", "Update"])
def test_a_lost_answer_is_looked_up(run: Run, emulator: Emulator, rpc: str) -> None:
    if rpc == "Update":
        emulator.put("object", **placed())
    emulator.add_faults({"kind": "close", "rpc": rpc, "when": "after"})
    result = run(**WANTED)
    assert result["changed"] and [operation["rpc"] for operation in result["operations"]] == [rpc]
    assert run.rpcs().count(rpc) == 1


def test_two_writers_lose_nothing(emulator: Emulator) -> None:
    """The other one counts in an annotation, as a controller would."""
    emulator.put("object", **placed())
    run = Run(emulator, server_api="resource_v1", retries=30)  # or a slow machine could lose each time
    counted = 0
    over = threading.Event()

    def count() -> None:
        nonlocal counted
        while not (over.wait(0.005) and counted):  # a pause, or it would write between every read and write of ours
            found = document(emulator)
            found["metadata"]["annotations"]["count"] = str(counted + 1)
            manifest = base64.b64encode(json.dumps(found).encode()).decode()
            status, _answer = emulator.call("resource", "Update", **KIND, **WEB, manifest=manifest)
            counted += status == 200

    other = threading.Thread(target=count)
    other.start()
    try:
        ports = [{"name": "http", "port": 80}, {"name": "ssh", "port": 22}]
        results = [run(**{**WANTED, "ports": ports[: 1 + number % 2]}) for number in range(1, ROUNDS + 1)]
    finally:
        over.set()
        other.join()
    wrong = [result for result in results if result["failed"] or not result["changed"]]
    assert not wrong, wrong
    annotations = document(emulator)["metadata"]["annotations"]
    assert annotations == {"note": "mine", "count": str(counted)} and counted > 0


# A server without Update


def test_apply_changes_what_it_can_and_refuses_the_rest(older: Emulator) -> None:
    run = Run(older)
    older.put("object", **placed())
    result = run(**WANTED)
    assert result["operations"] == [{"rpc": "Apply", "reason": "the ports differ"}]
    assert result["vm_service"]["ports"][0]["node_port"] == 30080
    assert run.rpcs() == [*ASKED, "Get", "Update", "Get", "Apply"]
    assert document(older)["metadata"]["annotations"] == {"note": "mine"}
    refused = run(**{**WANTED, "ports": PORTS[1:]})
    assert refused["error"]["code"] == "client" and not refused["changed"]
    assert "80/TCP" in refused["msg"] and "1.2.0" in refused["msg"]
    assert [call["rpc"] for call in run.calls() if call["write"]] == [], "that there is no Update is not tried again"
    assert len(document(older)["spec"]["ports"]) == 2


def test_a_conflict_is_one_with_apply_too(older: Emulator) -> None:
    run = Run(older)
    older.put("object", **placed())
    others_write(older, "Apply")
    assert run(**WANTED)["changed"]
    assert [call["code"] for call in run.calls() if call["rpc"] == "Apply"] == ["failed_precondition", "ok"]


# What "not found" means


def test_a_cluster_that_is_not_registered_is_no_absence(emulator: Emulator) -> None:
    run = Run(emulator, retries=2, scope=None)
    del run.options["scope"]
    for cluster in ("lab", "lab"):
        refused = run(**WEB, state="absent", cluster=cluster)
        assert refused["failed"] and refused["error"]["code"] == "not_found"
        assert "cluster 'lab': registered are 'demo'" in refused["msg"]
        assert refused["server"]["scope"] == "lab"
    assert run.rpcs() == [*ASKED, "Get", "Get", "Get", "ListLinks", "Get"], "patience is for the first one"


def test_a_namespace_that_does_not_exist_is_named(run: Run, emulator: Emulator) -> None:
    said = 'namespaces "default" not found'
    emulator.add_faults({"kind": "error", "rpc": "Create", "code": "not_found", "message": f"{said}: {said}"})
    refused = run(**WANTED)
    assert refused["error"]["rpc"] == "Create" and "The namespace 'default' does not exist" in refused["msg"]
    assert run.rpcs() == ["Get"] * 3 + ["Create"] + ["Get"] * 3
    assert not run(name="web", namespace="nowhere", state="absent")["failed"]


def test_a_kind_that_the_cluster_does_not_know_is_named(run: Run, emulator: Emulator) -> None:
    emulator.put("cluster", cluster="demo", missing=["kubevirt.io/v1"])
    refused = run(**WANTED)
    assert "does not serve virtualmachines.kubevirt.io" in refused["msg"] and "KubeVirt is installed" in refused["msg"]
    assert run.rpcs() == ["Get", "Get"]


def test_an_agent_that_is_offline_is_waited_for(emulator: Emulator) -> None:
    """Neither a read nor a write that did not reach the cluster has done anything there."""
    away = {"kind": "error", "code": "internal", "message": "dial tcp 127.0.0.9:16598: connect: connection refused"}
    gone = {"kind": "error", "code": "not_found", "message": "cluster demo not registered"}
    emulator.add_faults({**away, "rpc": "Get"}, {**gone, "rpc": "Get"}, {**gone, "rpc": "Create"})
    run = Run(emulator, retries=4, server_api="resource_v1")
    result = run(**WANTED)
    assert result["changed"] and run.rpcs() == ["Get"] * 5 + ["Create"] * 2
    assert run(**WEB, state="absent")["changed"]
    run.calls()
    emulator.add_faults({**gone, "rpc": "Create", "count": 9})
    refused = Run(emulator, server_api="resource_v1")(**WANTED)
    assert refused["error"]["rpc"] == "Create" and "unknown" not in refused["msg"] and not refused["changed"]
    assert run.rpcs() == ["Get"] * 3 + ["Create", "ListLinks"], "nothing has happened, so that nothing is looked at"
    emulator.put("cluster", cluster="demo", online=False)
    refused = Run(emulator, server_api="resource_v1")(**WANTED)
    assert refused["error"]["code"] == "internal" and "agent of this cluster does not answer" in refused["msg"]


# Buckets, and declarations


def test_buckets_are_refused_before_any_write(emulator: Emulator) -> None:
    run = Run(emulator)
    for task, options in ((bucket.TASK, {"name": "logs", "owner": "alice"}), (bucket.INFO, {})):
        refused = run(task, **options)
        assert refused["error"]["code"] == "client" and refused["error"]["rpc"] is None
        assert "no object storage" in refused["msg"] and "amazon.aws.s3_bucket" in refused["msg"]
    assert run.rpcs() == ["ListBuckets", "Check"]


def test_of_a_declaration_only_the_buckets_fail(emulator: Emulator) -> None:
    run = Run(emulator)
    declared = {"vm_services": [WANTED], "buckets": [{"name": "logs", "owner": "alice"}]}
    result = run(declaration.TASK, **declared)
    assert result["summary"] == {"unchanged": 0, "changed": 1, "failed": 1, "skipped": 0}
    assert "no object storage" in result["msg"] and document(emulator)


def test_only_services_of_vms_are_removed(run: Run, emulator: Emulator) -> None:
    run(**WANTED)
    emulator.put("object", **placed("shop", selector={"app": "shop"}, ports=[{"port": 80}]))
    emulator.put(
        "service",
        name="db",
        namespace="default",
        ports=[{"port": 80}],
        labels={"otterscale.com/virtual-machine.name": "db"},
    )
    run.calls()
    options = {"vm_services": [WANTED], "buckets": [], "namespaces": ["default"], "state": "overridden"}
    result = run(declaration.TASK, **options, confirm_removal=1)
    assert not result["failed"] and [entry["name"] for entry in result["removals"]] == ["db"]
    assert document(emulator, "shop")["spec"]["selector"] == {"app": "shop"}


# Many


def many(count: int) -> list[dict[str, Any]]:
    return [{**WANTED, "name": f"web-{number}", "ports": [{"port": 80}]} for number in range(count)]


def test_many_services_of_a_loop_are_read_by_one_list(run: Run) -> None:
    assert all(run(**options)["changed"] for options in many(8))
    assert run.rpcs() == ["Get", "Get", "Get", "Create"] * 3 + ["List"] * 3 + ["Create"] * 5
    for check in (True, False):
        assert not any(run(check=check, **options)["changed"] for options in many(8))
        assert run.rpcs() == ["List"]


def test_many_services_of_a_declaration_are_read_by_one_list(emulator: Emulator) -> None:
    run = Run(emulator)
    made = run(declaration.TASK, vm_services=many(20))
    assert made["summary"]["changed"] == 20
    assert run.rpcs() == [*ASKED, "List", "List", "List", *["Create"] * 20]
    again = run(declaration.TASK, vm_services=many(20))
    assert again["summary"]["unchanged"] == 20 and run.rpcs() == ["List"]
    gone = run(declaration.TASK, vm_services=[{**wanted, "state": "absent"} for wanted in many(20)])
    assert gone["summary"]["changed"] == 20 and run.rpcs() == ["List", *["Delete"] * 20, "List"]


def test_a_long_list_comes_in_pages_and_may_expire(run: Run, emulator: Emulator) -> None:
    labels = {"otterscale.com/virtual-machine.name": "web"}
    count = 1100
    service = {"namespace": "default", "ports": [{"port": 80}], "labels": labels}
    emulator.put_all("service", [{**service, "name": f"s-{n:04}"} for n in range(count)])
    too_old = "The provided continue parameter is too old to display a consistent list result."
    emulator.add_faults(
        {"kind": "error", "rpc": "List", "skip": 2, "code": "invalid_argument", "message": f"{too_old}: {too_old}"}
    )
    found = run(SERVICES, namespace="default")["vm_services"]
    assert [service["name"] for service in found] == [f"s-{n:04}" for n in range(count)]
    assert run.rpcs() == ["List"] * 6


# The inventory


def hosts(emulator: Emulator, **options: Any) -> dict[str, Any]:
    given = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo", "retries": 0, **options}
    validated = ArgumentSpecValidator(INVENTORY.argument_spec).validate(given)
    found = INVENTORY.read(validated.validated_parameters)
    assert not found.failure, found.failure
    return found.variables


def test_machines_are_hosts_as_on_a_server_of_2025(emulator: Emulator) -> None:
    other = ("created_at", "cluster_ip", "machine_id")
    told = []
    with Emulator("--generation", "mapped", token=TOKEN) as older:
        for server in (older, emulator):
            server.put("virtual_machine", **WEB, status="Stopped", boot_data_volume="root")
            server.put("virtual_machine", name="web", namespace="shop", instance_type="large")
            port = {"port": 80, "node_port": 30080, "name": "http", "protocol": "TCP", "target_port": "80"}
            label = {"otterscale.com/virtual-machine.name": "web"}
            server.put("service", name="web", namespace="shop", ports=[port], labels=label)
            told.append({name: without(variables, other) for name, variables in sorted(hosts(server).items())})
    assert told[0] == told[1] and list(told[0]) == ["db.default", "web.default", "web.shop"]


def without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


def test_machines_are_read_by_a_few_lists(emulator: Emulator) -> None:
    emulator.put("virtual_machine", name="db", namespace="shop", boot_data_volume="root")
    since = emulator.journal()["next"]
    found = hosts(emulator, namespaces=["shop"], server_api="resource_v1")
    assert list(found) == ["db.shop"]
    assert found["db.shop"]["otterscale_vm"]["disks"] == [{"name": "boot", "data_volume_name": "root"}]
    requests = [call["request"] for call in emulator.journal(since)["calls"]]
    assert [(request["resource"], request["namespace"]) for request in requests][:3] == [
        *(("services", "shop"), ("virtualmachines", "shop"), ("virtualmachineinstances", "shop"))
    ]
    assert len(requests) <= 4
