# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services as objects of Kubernetes: what is asked, what makes no sense, and what each refusal means."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError, OtherApi
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.messages.vm_service import (
    VMServiceMessages,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.objects.vm_service import (
    VMServiceObjects,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port

LABEL = "otterscale.com/virtual-machine.name"
WANTED = VMService("lab", "vms", "web", virtual_machine="vm-1", ports=(Port(80, "http", "8080"),))
OBJECTS = replace(WANTED, dialect=VMServiceObjects())
ADDRESS = {"cluster": "lab", "group": "", "version": "v1", "resource": "services", "namespace": "vms"}
MACHINE = {"cluster": "lab", "group": "kubevirt.io", "version": "v1", "namespace": "vms", "name": "vm-1"}


def document(**members: Any) -> dict[str, Any]:
    """A Service as the server shows it."""
    spec = {
        **{"type": "NodePort", "clusterIP": "10.0.0.1", "selector": {"kubevirt.io/vm": "vm-1"}},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080}],
        **members.pop("spec", {}),
    }
    metadata = {"name": "web", "namespace": "vms", "resourceVersion": "7", **members.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, **members}


class Cluster:
    """What Get answers: an object, or None for one that does not exist. asked: what it was asked."""

    def __init__(self, **objects: Mapping[str, Any] | None) -> None:
        self.objects = objects
        self.asked: list[dict[str, Any]] = []

    def __call__(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert procedure == "otterscale.resource.v1.ResourceService/Get"
        self.asked.append(dict(request))
        found = self.objects[request["resource"]]
        if found is None:
            plural = f"{request['resource']}.{request['group']}".rstrip(".")
            raise fail("not_found", f'{plural} "{request["name"]}" not found')
        return {"object": found}


def fail(code: str, message: str) -> ApiError:
    """As the server words it: twice."""
    return ApiError(code, f"{message}: {message}", sent=True)


def machine(labels: Mapping[str, str], kind: str = "VirtualMachine", **spec: Any) -> dict[str, Any]:
    metadata = {"name": "vm-1", "namespace": "vms"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    own = {"metadata": metadata, "spec": {"template": template}}
    if kind == "VirtualMachineInstance":
        own = {"metadata": {**metadata, "labels": labels}, "spec": spec}
    return {"apiVersion": "kubevirt.io/v1", "kind": kind, **own}


def sent(step: Step) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(base64.b64decode(step.request["manifest"]))
    return manifest


def planned(wanted: VMService, seen: Seen[Any]) -> Step:
    (step,) = wanted.plan(seen).steps
    return step


# Reading


def test_a_service_that_is_there_is_read_by_one_call() -> None:
    cluster = Cluster(services=document())
    seen = OBJECTS.observe(cluster)
    assert cluster.asked == [{**ADDRESS, "name": "web"}]
    assert seen.presence is Presence.PRESENT and seen.state is not None
    assert (seen.state.virtual_machine, seen.state.ports) == ("vm-1", (Port(80, "http", "8080", "TCP", 30080),))
    assert OBJECTS.plan(seen).steps == ()


@pytest.mark.parametrize(
    ("selector", "labels", "shown"),
    [
        ({"kubevirt.io/vm": "vm-1"}, {LABEL: "other"}, "vm-1"),
        ({"vm.kubevirt.io/name": "host"}, {LABEL: "vm-1"}, "vm-1"),
        ({"vm.kubevirt.io/name": "vm-1"}, {}, "vm-1"),
        ({}, {LABEL: "vm-1"}, "vm-1"),
        ({"app": "shop"}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_vm_is_told_by_the_selector_or_the_label(
    selector: dict[str, str], labels: dict[str, str], shown: str | None
) -> None:
    found = document(metadata={"labels": labels}, spec={"selector": selector})
    state = OBJECTS.observe(Cluster(services=found)).state
    assert state is not None and state.virtual_machine == shown and state.foreign == (shown is None)


@pytest.mark.parametrize("absent", [True, False])
def test_a_service_without_a_vm_is_refused(absent: bool) -> None:
    seen = OBJECTS.observe(Cluster(services=document(spec={"selector": {"app": "shop"}})))
    with pytest.raises(ApiError, match="option 'name' is 'web': .*selects no virtual machine") as caught:
        replace(OBJECTS, absent=absent).plan(seen)
    assert caught.value.code == "client"


def test_a_service_that_goes_is_waited_for_by_nobody_but_its_removal() -> None:
    seen = OBJECTS.observe(Cluster(services=document(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})))
    with pytest.raises(ApiError, match="is being deleted") as caught:
        OBJECTS.plan(seen)
    assert caught.value.code == "failed_precondition"
    assert planned(replace(OBJECTS, absent=True), seen).rpc == "Delete"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "'kind' is None, not 'Service'"),
        ({"object": []}, "'object' should be an object"),
        ({"object": document(kind="Pod")}, "'kind' is 'Pod'"),
        ({"object": document(metadata={"name": "other"})}, "'metadata.name' is 'other'"),
        ({"object": document(metadata={"namespace": "other"})}, "'metadata.namespace' is 'other'"),
        ({"object": document(spec={"ports": [{"port": "80"}]})}, "'port' should be an integer"),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_service(found: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        OBJECTS.observe(lambda *_call: found)


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("not_found", 'namespaces "vms" not found', ""),
        ("not_found", 'services "web2" not found', ""),
        ("not_found", "cluster lab not registered", ""),
        ("not_found", "the server could not find the requested resource", "Check the cluster"),
        ("invalid_argument", 'unable to recognize resource "services" in "v1"', "Check the cluster"),
        ("unavailable", 'services "web" not found', ""),
    ],
)
def test_nothing_but_its_own_absence_is_an_absence(code: str, message: str, advice: str) -> None:
    def read(*_call: Any) -> dict[str, Any]:
        raise fail(code, message)

    with pytest.raises(ApiError) as caught:
        replace(OBJECTS, absent=True).observe(read)
    assert caught.value.code == code and message in caught.value.message and advice in caught.value.advice


# The VM of a new service


@pytest.mark.parametrize(
    ("found", "instance", "selector"),
    [
        (machine({"kubevirt.io/vm": "vm-1"}), None, {"kubevirt.io/vm": "vm-1"}),
        (machine({"kubevirt.io/vm": "vm-1"}), {"kubevirt.io/vm": "vm-1"}, {"kubevirt.io/vm": "vm-1"}),
        (machine({"kubevirt.io/vm": "vm-1"}), {}, {"vm.kubevirt.io/name": "vm-1"}),
        (machine({"kubevirt.io/vm": "x"}), {"kubevirt.io/vm": "y"}, {"vm.kubevirt.io/name": "vm-1"}),
        (machine({}), None, {"vm.kubevirt.io/name": "vm-1"}),
        (machine({}, hostname="host.example"), None, {"vm.kubevirt.io/name": "host"}),
        (machine({}, hostname="h" * 70), None, {"vm.kubevirt.io/name": "h" * 63}),
    ],
)
def test_a_new_service_selects_pods_by_a_label_that_they_have(
    found: dict[str, Any], instance: dict[str, str] | None, selector: dict[str, str]
) -> None:
    running = None if instance is None else machine(instance, "VirtualMachineInstance")
    cluster = Cluster(services=None, virtualmachines=found, virtualmachineinstances=running)
    step = planned(OBJECTS, OBJECTS.observe(cluster))
    assert step.rpc == "Create" and {key: step.request[key] for key in ADDRESS} == ADDRESS
    assert "name" not in step.request and "fieldManager" not in step.request
    assert cluster.asked[1] == {**MACHINE, "resource": "virtualmachines"}
    assert sent(step) == {
        **{"apiVersion": "v1", "kind": "Service"},
        "metadata": {"name": "web", "namespace": "vms", "labels": {LABEL: "vm-1"}},
        "spec": {
            **{"type": "NodePort", "selector": selector},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    }


def test_a_vm_is_needed_to_create_a_service_and_for_nothing_else() -> None:
    cluster = Cluster(services=None, virtualmachines=None)
    with pytest.raises(ApiError, match="virtual machine vms/vm-1 does not exist") as caught:
        OBJECTS.observe(cluster)
    assert (caught.value.code, caught.value.rpc) == ("not_found", "Get")
    for wanted in (replace(OBJECTS, absent=True), replace(OBJECTS, virtual_machine=None)):
        assert wanted.observe(cluster) == Seen(Presence.ABSENT)
    assert len(cluster.asked) == 4


# Changing


def update(found: dict[str, Any], *ports: Port, applies: bool = False) -> Step:
    wanted = replace(OBJECTS, ports=ports, dialect=VMServiceObjects(applies=applies))
    return planned(wanted, wanted.observe(Cluster(services=found)))


def test_an_update_is_the_object_with_other_ports() -> None:
    found = document(
        metadata={"labels": {"team": "shop"}, "annotations": {"note": "mine"}, "uid": "u"},
        spec={"sessionAffinity": "ClientIP"},
        status={"loadBalancer": {}},
    )
    found["spec"]["ports"][0]["appProtocol"] = "http"
    step = update(found, Port(81, "http", "web"), Port(53, "dns", "53", "UDP"))
    assert step.rpc == "Update" and not step.carries_over
    assert {key: step.request[key] for key in ("name", "fieldManager")} == {
        **{"name": "web", "fieldManager": "otterscale.core"},
    }
    changed = sent(step)
    http = {"name": "http", "port": 81, "targetPort": "web", "protocol": "TCP", "nodePort": 30080}
    dns = {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"}
    assert changed["spec"].pop("ports") == [{**http, "appProtocol": "http"}, dns]
    assert changed["metadata"].pop("labels") == {"team": "shop", LABEL: "vm-1"}
    found["spec"].pop("ports"), found["metadata"].pop("labels")
    assert changed == found


@pytest.mark.parametrize(("now", "then"), [("ClusterIP", "NodePort"), ("LoadBalancer", "LoadBalancer")])
def test_a_service_gets_node_ports_if_it_has_none(now: str, then: str) -> None:
    assert sent(update(document(spec={"type": now}), Port(81, "http", "81")))["spec"]["type"] == then


def test_apply_sends_what_is_managed_and_refuses_to_leave_a_port_behind() -> None:
    found = document(metadata={"labels": {"team": "shop"}})
    step = update(found, Port(80, "http", "81"), Port(53, "dns", "53", "UDP"), applies=True)
    assert step.rpc == "Apply" and step.request["force"] is True
    assert step.request["fieldManager"] == "otterscale.core"
    ports = [
        {"name": "http", "port": 80, "targetPort": 81, "protocol": "TCP", "nodePort": 30080},
        {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"},
    ]
    assert sent(step) == {
        **{"apiVersion": "v1", "kind": "Service"},
        "metadata": {"name": "web", "namespace": "vms", "resourceVersion": "7"},
        "spec": {"type": "NodePort", "ports": ports},
    }
    with pytest.raises(ApiError, match="option 'ports' .*the service has 80/TCP too") as caught:
        update(found, Port(80, "http", "80", "UDP"), applies=True)
    assert caught.value.code == "client"


# Refusals of the server


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal"),
    [
        (Verb.CREATE, "already_exists", 'services "web" already exists', Refusal.EXISTS),
        (Verb.CREATE, "not_found", 'namespaces "vms" not found', Refusal.FINAL),
        (Verb.CREATE, "invalid_argument", "provided port is already allocated", Refusal.FINAL),
        (Verb.CREATE, "failed_precondition", "Operation cannot be fulfilled on services", None),
        (Verb.UPDATE, "invalid_argument", "provided port is already allocated", Refusal.FINAL),
        (Verb.UPDATE, "failed_precondition", 'Operation cannot be fulfilled on services "web"', Refusal.CONFLICT),
        (Verb.UPDATE, "failed_precondition", "Apply failed with 1 conflict", Refusal.CONFLICT),
        (Verb.UPDATE, "failed_precondition", "of another kind", None),
        (Verb.UPDATE, "not_found", 'services "web" not found', Refusal.MISSING),
        (Verb.DELETE, "not_found", 'services "web" not found', Refusal.MISSING),
        (Verb.DELETE, "not_found", "cluster lab not registered", None),
        (Verb.DELETE, "not_found", "the server could not find the requested resource", None),
        (Verb.UPDATE, "permission_denied", "forbidden", None),
    ],
)
def test_a_refusal_is_understood(verb: Verb, code: str, message: str, refusal: Refusal | None) -> None:
    assert OBJECTS.refusal(Step(verb, "x/X", {}, ""), fail(code, message)) is refusal


# The choice


def test_what_the_server_does_not_know_is_said_otherwise_until_nothing_is_left() -> None:
    error = OtherApi("unimplemented", "no such call")
    wanted = replace(WANTED, dialect=VMServiceMessages(), many=True)
    dialects = []
    while other := wanted.otherwise(error):
        dialects.append(other.dialect)
        wanted = other
    assert dialects == [VMServiceObjects(many=True), VMServiceObjects(applies=True, many=True)]
