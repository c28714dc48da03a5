# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Presence, Seen
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import (
    TASK,
    VMService,
    VMServiceState,
)
from hypothesis import strategies as st

from tests.kinds.kind import OTTERSCALE, Calls, Emulated, Kind, Options, Shown, Thing, options, states, without_none
from tests.kinds.ports import as_options, current_ports, wanted_ports
from tests.unit.server_model import ObjectServer, Server

LABEL = "otterscale.com/virtual-machine.name"
LABELS = {LABEL: "web"}
PORTS = (
    [{"port": 80}],
    [{"port": 443, "name": "https", "target_port": "8443"}],
    [{"port": 80, "name": "http", "node_port": 30080}],
    [{"port": 80, "name": "http"}, {"port": 53, "name": "dns", "protocol": "UDP"}],
    [{"port": 8080, "name": "http"}, {"port": 443, "name": "https", "node_port": 30443}],
)
EXAMPLE = {
    **{"name": "web", "namespace": "default", "state": "present", "virtual_machine": "web"},
    "ports": [{"port": 80, "name": "http"}, {"port": 22, "name": "ssh"}],
}

any_ports = wanted_ports.map(lambda ports: [without_none(port) for port in as_options(ports)])
desired = options(
    name=st.sampled_from(["web", "web", "web", "api"]),
    namespace=st.just("default"),
    state=states,
    virtual_machine=st.sampled_from(["web", "web", "web", "db", None]),
    ports=st.sampled_from([None, *PORTS]) | st.sampled_from(PORTS) | any_ports,
)
read = st.builds(VMServiceState, st.sampled_from(["web", "db", None]), current_ports, st.just("NodePort"))

# On the embedded server


def thing(name: str, *ports: Mapping[str, Any], **members: Any) -> Thing:
    filled = [{"protocol": "TCP", "target_port": str(port["port"]), **port} for port in ports]
    return {"kind": "service", "namespace": "default", "name": name, "ports": filled, "labels": LABELS, **members}


THINGS = (
    thing("web", {"port": 80, "node_port": 30080, "name": "http"}),
    thing("web", {"port": 443, "node_port": 31000, "name": "https"}, labels={}),
    thing("api", {"port": 80, "node_port": 30800}),
    thing("other", {"port": 22, "node_port": 30080}),
)


def listed(found: Thing, generation: Mapping[str, str]) -> bool:
    machine = found["labels"].get(LABEL)
    shown = {"all": True, "own_name": machine == found["name"], "none": False}[generation["services"]]
    return shown and machine in ("web", "db")


def fulfils(wanted: Options, found: Thing, seen: bool) -> bool:
    machine = found["labels"].get(LABEL)
    return has_ports(wanted.get("ports"), found["ports"]) and (
        not seen or wanted.get("virtual_machine") in (None, machine)
    )


def object_fulfils(wanted: Options, found: Thing, seen: bool) -> bool:
    """The selector tells the VM, with or without the label."""
    selector = found["selector"]
    machine = selector.get("kubevirt.io/vm") or found["labels"].get(LABEL) or selector.get("vm.kubevirt.io/name")
    return has_ports(wanted.get("ports"), found["ports"]) and wanted.get("virtual_machine") in (None, machine)


def has_ports(wanted: list[Options] | None, found: list[Thing]) -> bool:
    taken = [(port["protocol"], port["node_port"]) for port in found]
    if len(set(taken)) != len(taken) or not all(30000 <= port <= 32767 for _protocol, port in taken):
        return False
    if wanted is None:
        return True

    def essence(port: Mapping[str, Any]) -> tuple[Any, ...]:
        target = port.get("target_port") or str(port["port"])
        return (port.get("name", ""), port["port"], port.get("protocol", "TCP"), target)

    by_essence = {essence(port): port["node_port"] for port in found}
    return {essence(port) for port in wanted} == set(by_essence) and all(
        port.get("node_port") in (None, by_essence[essence(port)]) for port in wanted
    )


EMULATED = Emulated(
    attribute="services",
    there=thing("web", {"port": 443, "name": "https", "node_port": 31000}),
    things=THINGS,
    unlisted=THINGS[1:2],
    removal={"kind": "service", "namespace": "default", "name": "web", "remove": True},
    listed=listed,
    fulfils=fulfils,
)
VM_SERVICE = Kind(
    module="otterscale_vm_service",
    type=VMService,
    task=TASK,
    connection=OTTERSCALE,
    title="VM service default/web",
    key={"scope": "lab", "namespace": "default", "name": "web"},
    calls=Calls(
        *("ListVirtualMachines", "CreateVirtualMachineService"),
        *("UpdateVirtualMachineService", "DeleteVirtualMachineService"),
    ),
    shown=Shown("the ports differ", "{namespace: shop, name: web, ports: [{port: 80}]}"),
    example=EXAMPLE,
    another={**EXAMPLE, "ports": [{"port": 8080, "name": "http", "node_port": 30080}]},
    desired=desired,
    readings=st.sampled_from([Presence.ABSENT, Presence.UNKNOWN, Presence.HIDDEN]).map(Seen)
    | read.map(lambda state: Seen(Presence.PRESENT, state)),
    model=Server,
    lists_all=False,
    set_blindly=True,
    emulated=EMULATED,
)

# The same on OtterScale 1.x. What no list shows there is absent.
VM_SERVICE_OBJECTS = replace(
    VM_SERVICE,
    variant="vm_service_objects",
    other_api=True,
    key={
        **{"cluster": "lab", "group": "", "version": "v1", "resource": "services"},
        **{"namespace": "default", "name": "web"},
    },
    keyed_by_name=False,
    missing='services "web" not found',
    calls=Calls("Get", "Create", "Update", "Delete"),
    readings=st.just(Seen(Presence.ABSENT)) | read.map(lambda state: Seen(Presence.PRESENT, state)),
    model=ObjectServer,
    lists_all=True,
    set_blindly=False,
    reads=3,
    emulated=replace(EMULATED, unlisted=(), listed=lambda found, generation: True, fulfils=object_fulfils),
)
