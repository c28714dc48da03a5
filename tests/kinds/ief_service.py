# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Edge services of IEF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Presence, Seen
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._ief.client import Client
from ansible_collections.otterscale.core.plugins.module_utils._ief.service import TASK, IefService, ServiceState
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port
from hypothesis import strategies as st

from tests.kinds.kind import Calls, Emulated, Kind, Options, Shown, Thing, options, states
from tests.unit.server_model import Message, Model

PROJECT, SERVICE_ID = "e78acc02d9d141eda5ca8e88fa35f6f8", "81acf9ff-de6d-4736-8d1a-f43bb058e79d"
INSTANCE = "edge-1"
PORTS = (
    [{"port": 80}],
    [{"port": 443, "name": "tcp-https", "target_port": "8443"}],
    [{"port": 80, "name": "http-0", "node_port": 30080}],
    [{"port": 80, "name": "http-0"}, {"port": 53, "name": "tcp-dns", "protocol": "UDP"}],
    [{"port": 8080, "name": "http-0"}, {"port": 443, "name": "tcp-https", "node_port": 30443}],
)
EXAMPLE = {
    **{"name": "web", "state": "present", "labels": {"team": "shop"}, "selector": {"app": "web"}},
    **{"service_type": "NodePort", "cluster_ip": "10.0.0.1", "ports": [{"port": 80, "name": "http-0"}, {"port": 22}]},
}

labels = st.sampled_from([{}, {"team": "shop"}, {"team": "shop", "app": "web"}])
selectors = st.sampled_from([{"app": "web"}, {"app": "api"}])
types = st.sampled_from(["", "NodePort"])
addresses = st.sampled_from(["", "None", "10.0.0.1"])
desired = options(
    name=st.sampled_from(["web", "web", "web", "web-2"]),
    state=states,
    labels=st.none() | labels,
    selector=st.none() | selectors | selectors,
    service_type=st.none() | types,
    cluster_ip=st.none() | addresses,
    ports=st.sampled_from([None, *PORTS, *PORTS]),
)
node_ports = st.integers(30000, 30003)
numbers = st.lists(st.sampled_from([53, 80, 443]), unique=True, max_size=3)


@st.composite
def read(draw: st.DrawFn) -> ServiceState:
    type_ = draw(types)
    ports = tuple(
        Port(number, name, str(number), "TCP", 30000 + number if type_ else 0)
        for number, name in zip(draw(numbers), ("http-0", "tcp-https", ""), strict=False)
    )
    return ServiceState(SERVICE_ID, "web", draw(labels), draw(selectors), type_, draw(addresses), ports)


@dataclass
class Edge(Model):
    """IEF. It has codes of its own, so it never sends plain errors."""

    things: dict[str, dict[str, Message]] = field(default_factory=lambda: {"ief_service": {}})

    def refuse(self, code: str, plain: str) -> ApiError:
        return ApiError(code, plain, details=[{"error_code": "IEF.1"}], sent=True)

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        if rpc == "ListServices":
            return {"services": list(self.things["ief_service"].values())}
        return {"service": self.old("ief_service", request["service_id"], "no such service")}

    def CreateService(self, request: Message) -> Message:
        name = request["service"]["meta_data"]["name"]
        if name in [service["meta_data"]["name"] for service in self.things["ief_service"].values()]:
            raise self.refuse("already_exists", "the name is taken")
        return self.replaced(f"id-{len(self.writes)}", request["service"], {})

    def UpdateService(self, request: Message) -> Message:
        old = self.old("ief_service", request["service_id"], "no such service")
        return self.replaced(request["service_id"], request["service"], old)

    def DeleteService(self, request: Message) -> Message:
        self.old("ief_service", request["service_id"], "no such service")
        del self.things["ief_service"][request["service_id"]]
        return {}

    def replaced(self, id: str, service: Message, old: Message) -> Message:
        """Without its empty members. A port of type NodePort gets a node port."""
        spec = dict(service["spec"])
        taken = {port["node_port"] for port in spec["ports"]}
        free = (str(number) for number in range(31000, 31100) if str(number) not in taken)
        spec["ports"] = [
            full({**port, "node_port": port["node_port"] or (next(free) if spec["type"] else "")})
            for port in spec["ports"]
        ]
        self.things["ief_service"][id] = {"id": id, "meta_data": full(service["meta_data"]), "spec": full(spec)}
        return {"service": self.things["ief_service"][id]}


def full(message: Message) -> Message:
    return {name: value for name, value in message.items() if value not in ("", {}, [])}


# On the embedded server


class EdgeClient(Client):
    def __init__(self, endpoint: str, **keywords: Any) -> None:
        super().__init__(endpoint, project_id=PROJECT, instance_id=INSTANCE, **keywords)


def thing(**members: Any) -> Thing:
    own = {"project_id": PROJECT, "instance_id": INSTANCE, "name": "web", "selector": {"app": "web"}}
    return {"kind": "ief_service", **own, **members}


THINGS = (
    thing(ports=[{"port": "80", "name": "http-0"}]),
    thing(labels={"team": "shop"}, type="NodePort", ports=[{"port": "443", "node_port": "30443", "protocol": "TCP"}]),
    thing(labels={"a": "b"}, external_name="kept.test", external_ips=["192.0.2.1"], cluster_ip="10.0.0.1"),
    thing(name="web-2", ports=[{"port": "80", "name": "http-0"}]),
    thing(name="my-web", ports=[{"port": "80", "name": "http-0"}]),
)


def by_name(state: Mapping[str, Any]) -> Mapping[str, Any]:
    found = state["ief"]["services"].values()
    named = {service["name"]: service for service in found}
    assert len(named) == len(found), f"a service was made twice: {found}"
    return {"services": named}


def fulfils(wanted: Options, found: Thing, seen: bool) -> bool:
    members = {"labels": "labels", "selector": "selector", "service_type": "type", "cluster_ip": "cluster_ip"}
    same = all(wanted.get(option) in (None, found[member]) for option, member in members.items())
    return same and ("ports" not in wanted or has_ports(wanted["ports"], found["ports"]))


def has_ports(wanted: list[Options], found: list[Thing]) -> bool:
    def essence(port: Mapping[str, Any]) -> tuple[str, ...]:
        number = str(port["port"])
        name, target = port.get("name") or f"tcp-{number}", port.get("target_port") or number
        return (name, number, port.get("protocol", "TCP"), target)

    by_essence = {essence(port): port.get("node_port") for port in found}
    return {essence(port) for port in wanted} == set(by_essence) and all(
        str(port.get("node_port") or by_essence[essence(port)]) == str(by_essence[essence(port)]) for port in wanted
    )


IEF_SERVICE = Kind(
    module="ief_service",
    type=IefService,
    task=TASK,
    connection={"endpoint": "http://127.0.0.1", "auth_token": "t", "project_id": PROJECT, "instance_id": INSTANCE},
    title="edge service web",
    key={"service_id": SERVICE_ID},
    keyed_by_name=False,
    calls=Calls("ListServices", "CreateService", "UpdateService", "DeleteService"),
    shown=Shown("ports differ", "{name: web, ports: [{name: http-0, port: 80}]}"),
    example=EXAMPLE,
    another={**EXAMPLE, "labels": {}, "ports": [{"port": 8080, "name": "http-0", "node_port": 30080}]},
    desired=desired,
    readings=read().map(lambda state: Seen(Presence.PRESENT, state)) | st.just(Seen(Presence.ABSENT)),
    model=Edge,
    emulated=Emulated(
        attribute="services",
        there=thing(ports=[{"port": "443", "name": "tcp-https"}]),
        things=THINGS,
        removal=thing(remove=True),
        fulfils=fulfils,
        scope=by_name,
        client=EdgeClient,
        connection={"project_id": PROJECT, "instance_id": INSTANCE},
        otterscale=False,
    ),
)
