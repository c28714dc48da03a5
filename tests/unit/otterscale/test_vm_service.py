# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services: what a task sends, refuses and predicts for everything that can be known of the present state."""

from __future__ import annotations

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
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.messages.vm_service import (
    VMServiceMessages,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.model.vm_service import (
    VMServiceState,
)
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port

from tests.kinds.vm_service import VM_SERVICE
from tests.unit.given import Given, sent
from tests.unit.server_model import Documents

KEY = {"scope": "lab", "namespace": "vms", "name": "web"}
STATE = VMServiceState(
    "vm-1", (Port(80, "http", "8080", "TCP", 30080),), "NodePort", "10.0.0.1", "2026-01-01T00:00:00Z"
)
service = Given(
    VM_SERVICE,
    {
        **{"namespace": "vms", "name": "web", "virtual_machine": "vm-1"},
        "ports": [{"port": 80, "name": "http", "target_port": "8080"}],
    },
)
refused = service.refused


# Options


@pytest.mark.parametrize("name", ["1web", "Web", "web.a", "w" * 64, "", "web_1"])
def test_a_bad_name_is_refused(name: str) -> None:
    assert refused(name=name).startswith(f"option 'name' is {name!r}: must be a DNS-1035 label")


def test_a_bad_namespace_or_virtual_machine_is_refused() -> None:
    assert refused(namespace="a.b").startswith("option 'namespace' is 'a.b': ")
    assert refused(virtual_machine="VM").startswith("option 'virtual_machine' is 'VM': ")
    assert service(virtual_machine="vm.example").virtual_machine == "vm.example"


@pytest.mark.parametrize("target", ["0", "65536", "http_x", "HTTP", "-1", "a" * 16, "80-80"])
def test_a_target_port_that_is_neither_number_nor_name_is_refused(target: str) -> None:
    message = refused(ports=[{"port": 80, "target_port": target}])
    assert message.startswith("option 'ports' is ") and repr(target) in message


def test_bad_ports_are_refused_with_their_value() -> None:
    assert "port 70000" in refused(ports=[{"port": 70000}])
    assert "at least one port" in refused(ports=[])
    assert "'Bad_Name'" in refused(ports=[{"port": 80, "name": "Bad_Name"}])


# Reading


def answer(*services: dict[str, Any], machine: str = "vm-1") -> dict[str, Any]:
    return {"virtualMachines": [{"name": "other"}, {"name": machine, "services": list(services)}]}


def test_a_service_is_found_below_its_virtual_machine_with_one_call() -> None:
    calls: list[Any] = []
    port = {"port": 80, "name": "http", "targetPort": "8080", "protocol": "tcp", "nodePort": 30080}
    web = {
        "name": "web",
        "type": "NodePort",
        "clusterIp": "10.0.0.1",
        "createdAt": "2026-01-01T02:00:00+02:00",
        "ports": [port],
    }

    def read(procedure: str, request: Any) -> dict[str, Any]:
        calls.append((procedure, request))
        return answer({"name": "web2"}, web)

    assert service().observe(read) == Seen(Presence.PRESENT, STATE)
    assert calls == [
        ("otterscale.instance.v1.InstanceService/ListVirtualMachines", {"scope": "lab", "namespace": "vms"})
    ]
    shown = service().as_result(service().observe(read).state or STATE)
    assert shown["created_at"] == "2026-01-01T00:00:00Z" and shown["cluster_ip"] == "10.0.0.1"
    assert shown["ports"][0]["node_port"] == 30080 and shown["virtual_machine"] == "vm-1"


def test_a_service_is_shown_with_all_that_the_server_tells() -> None:
    port = {"name": "http", "port": 80, "target_port": "8080", "protocol": "TCP", "node_port": 30080}
    shown = {
        **{"name": "web", "namespace": "vms", "virtual_machine": "vm-1", "type": "NodePort", "ports": [port]},
        **{"cluster_ip": "10.0.0.1", "created_at": "2026-01-01T00:00:00Z"},
    }
    assert service().as_result(STATE) == shown
    assert service().as_result(replace(STATE, virtual_machine=None))["virtual_machine"] == "vm-1"
    bare = service().observe(lambda *_call: answer({"name": "web"})).state
    assert bare is not None and service(virtual_machine=None, ports=None).as_result(bare) == {
        **{"name": "web", "namespace": "vms", "virtual_machine": "vm-1", "ports": []},
        **dict.fromkeys(("type", "cluster_ip", "created_at")),
    }


# As Kubernetes shows it.
DOCUMENT = {
    "metadata": {"name": "web", "namespace": "vms", "creationTimestamp": "2026-01-01T00:00:00+00:00"},
    "spec": {
        "type": "NodePort",
        "clusterIP": "10.0.0.1",
        "selector": {"vm.kubevirt.io/name": "vm-1"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080}],
    },
}


def unlisted(document: dict[str, Any] | None) -> Seen[VMServiceState]:
    """What is known of a service that no list shows, if Kubernetes may be asked."""
    cluster = Documents(services={"vms/web": document} if document else {})
    return replace(service(), dialect=VMServiceMessages(cluster)).observe(lambda *_call: answer())


def test_kubernetes_knows_what_no_list_shows() -> None:
    seen = unlisted(DOCUMENT)
    assert seen == Seen(Presence.PRESENT, STATE) and sent(service(), seen) == []
    assert seen.state is not None and seen.state.created_at == STATE.created_at
    assert unlisted(None) == Seen(Presence.ABSENT)


def test_a_service_that_says_little_in_kubernetes_is_read_all_the_same() -> None:
    seen = unlisted({"spec": {"ports": [{"port": 80, "targetPort": "http"}]}})
    assert seen.state == VMServiceState(None, (Port(80, "", "http"),)) and seen.state.created_at is None
    assert unlisted({"spec": {"ports": [{"port": 53, "protocol": "UDP"}]}}).state == VMServiceState(
        None, (Port(53, "", "53", "UDP"),)
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "'ports' is empty"),
        ({"ports": []}, "'ports' is empty"),
        ({"ports": "80"}, "'ports' should be an array, not a string"),
        ({"ports": [{}]}, "'port' should be from 1 to 65535$"),
        ({"ports": [{"port": 65536}]}, "'port' should be from 1 to 65535$"),
        ({"ports": [{"port": "80"}]}, "'port' should be an integer, not a string"),
        ({"ports": [{"port": 80, "nodePort": "30080"}]}, "'nodePort' should be an integer, not a string"),
        ({"ports": [{"port": 80, "targetPort": [8080]}]}, "'targetPort' should be an integer"),
        ({"ports": [{"port": 80, "name": 5}]}, "'name' should be a string"),
    ],
)
def test_what_kubernetes_cannot_have_said_is_a_failure_of_its_own(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiError, match=f"makes no sense: {words}") as info:
        unlisted({"spec": spec})
    assert (info.value.code, info.value.rpc) == ("internal", "Kubernetes GET")


@pytest.mark.parametrize("spec", [{"type": "ExternalName"}, {"clusterIP": "None"}])
def test_some_services_have_no_ports(spec: dict[str, Any]) -> None:
    assert unlisted({"spec": spec}).state == VMServiceState(None, (), spec.get("type"), spec.get("clusterIP"))


def test_what_is_listed_is_not_asked_of_kubernetes() -> None:
    wanted = replace(service(), dialect=VMServiceMessages(Documents(services={"vms/web": DOCUMENT})))
    listed = wanted.observe(lambda *_call: answer({"name": "web", "type": "Listed"})).state
    assert listed is not None and listed.type == "Listed"


@pytest.mark.parametrize("listed", [{}, answer(), answer({"name": "web2"})])
def test_a_service_that_is_not_listed_may_still_exist(listed: dict[str, Any]) -> None:
    assert service().observe(lambda *_call: listed) == Seen(Presence.UNKNOWN)


@pytest.mark.parametrize("port", [{"port": "x"}, {"nodePort": {}}, {"name": 5}, {"targetPort": 8080}, {"protocol": []}])
def test_an_answer_that_makes_no_sense_names_the_field(port: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^'{next(iter(port))}' should be "):
        service().observe(lambda *_call: answer({"name": "web", "ports": [port]}))


# Plans

REQUESTED = [{"name": "http", "port": 80, "targetPort": "8080", "protocol": "TCP"}]


@pytest.mark.parametrize("presence", [Presence.ABSENT, Presence.UNKNOWN])
def test_a_missing_service_is_created(presence: Presence) -> None:
    wanted = {**KEY, "virtualMachineName": "vm-1", "ports": REQUESTED}
    assert sent(service(), Seen(presence)) == [("CreateVirtualMachineService", wanted)]


def test_a_service_that_cannot_be_read_is_updated_with_a_warning() -> None:
    plan = service().plan(Seen(Presence.HIDDEN))
    assert [(step.rpc, step.request) for step in plan.steps] == [
        ("UpdateVirtualMachineService", {**KEY, "ports": REQUESTED})
    ]
    assert len(plan.warnings) == 1 and "vms/web exists" in plan.warnings[0]


def test_changed_ports_are_updated_and_keep_their_node_port() -> None:
    ports = [{"port": 8080, "name": "http", "target_port": "8080"}]
    wanted = [{"name": "http", "port": 8080, "targetPort": "8080", "protocol": "TCP", "nodePort": 30080}]
    assert sent(service(ports=ports), Seen(Presence.PRESENT, STATE)) == [
        ("UpdateVirtualMachineService", {**KEY, "ports": wanted})
    ]


@pytest.mark.parametrize("options", [{}, {"ports": None}, {"virtual_machine": None}])
def test_a_service_that_is_as_wanted_is_left_alone(options: dict[str, Any]) -> None:
    assert sent(service(**options), Seen(Presence.PRESENT, STATE)) == []


@pytest.mark.parametrize("option", ["virtual_machine", "ports"])
@pytest.mark.parametrize("presence", [Presence.ABSENT, Presence.UNKNOWN])
def test_creating_needs_a_virtual_machine_and_ports(presence: Presence, option: str) -> None:
    with pytest.raises(ApiError, match=f"option '{option}' is not given") as caught:
        service(**{option: None}).plan(Seen(presence))
    assert caught.value.code == "client"


def test_another_virtual_machine_is_refused_naming_both() -> None:
    with pytest.raises(ApiError) as caught:
        service(virtual_machine="vm-2").plan(Seen(Presence.PRESENT, STATE))
    assert caught.value.code == "client"
    assert all(text in caught.value.message for text in ("'virtual_machine'", "'vm-1'", "'vm-2'"))


# Refusals of the server


def fail(code: str, message: str) -> ApiError:
    return ApiError(code, message, sent=True)


ALLOCATED = 'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal"),
    [
        (Verb.CREATE, "unknown", 'services "web" already exists', Refusal.EXISTS),
        (Verb.CREATE, "unknown", ALLOCATED, Refusal.EXISTS),
        (Verb.UPDATE, "unknown", ALLOCATED, Refusal.FINAL),
        (Verb.UPDATE, "unknown", 'services "web" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'services "web" not found', Refusal.MISSING),
        (Verb.CREATE, "unknown", 'virtualmachines.kubevirt.io "web" not found', None),
        (Verb.DELETE, "unknown", 'services "web2" not found', None),
        (Verb.CREATE, "unknown", 'services "web2" already exists', None),
        (Verb.UPDATE, "unavailable", "connection refused", None),
    ],
)
def test_a_plain_error_is_understood(verb: Verb, code: str, message: str, refusal: Refusal | None) -> None:
    error = fail(code, message)
    assert service().refusal(Step(verb, "x/X", {}, ""), error) is refusal
    assert ("node_port" in error.advice) == (message == ALLOCATED)


# Answers to writes


def test_an_answer_tells_the_service_unless_it_is_another_or_was_deleted() -> None:
    before = Seen(Presence.PRESENT, replace(STATE, virtual_machine="vm-now"))
    for verb, machine in ((Verb.CREATE, "vm-1"), (Verb.UPDATE, "vm-now")):
        told = service().state_in(Step(verb, "x/X", {}, ""), {"name": "web", "type": "NodePort"}, before)
        assert told == VMServiceState(machine, (), "NodePort")
        assert service().state_in(Step(verb, "x/X", {}, ""), {"name": "web2"}, before) is None
    told = service().state_in(Step(Verb.UPDATE, "x/X", {}, ""), {"name": "web"}, Seen(Presence.HIDDEN))
    assert told == VMServiceState(None, ())
    assert service().state_in(Step(Verb.DELETE, "x/X", {}, ""), {"name": "web"}, before) is None


def test_a_new_service_is_predicted_with_its_type() -> None:
    state = service().predict(Seen(Presence.ABSENT))
    assert state is not None and service().as_result(state)["type"] == "NodePort"
    assert state.ports == (Port(80, "http", "8080"),)


def test_a_diff_names_the_service_and_what_the_task_gives() -> None:
    name = {"name": "web", "namespace": "vms"}
    ports = [{"name": "http", "port": 80, "target_port": "8080", "protocol": "TCP"}]
    assert service().diff_after() == {**name, "virtual_machine": "vm-1", "ports": ports}
    assert service(virtual_machine=None, ports=None).diff_before(STATE) == name
    # A server that does not name the machine is believed to have the right one.
    assert service().diff_before(replace(STATE, virtual_machine=None))["virtual_machine"] == "vm-1"
    assert service(virtual_machine="vm-2").diff_before(STATE)["virtual_machine"] == "vm-1"
