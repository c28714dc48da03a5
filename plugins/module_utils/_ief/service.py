# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Edge services: how applications on the nodes of an IEF instance reach each other, and ports lead to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.index import view
from .._engine.resource import Plan, Presence, Read, Refusal, Resource, Seen, Step, Verb
from .._errors import ApiError, bad_option, checked
from .._task import task_for
from .._values.message import Message
from .._values.names import ief_port_name, ief_service_name
from .._values.ports import (
    PORTS,
    PORTS_OPTION,
    Port,
    keep_node_ports,
    managed_ports,
    parse_ports,
    read_port,
    same_ports,
)
from .connection import IEF, identifier

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "service_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "labels": {"type": "dict"},
    "selector": {"type": "dict"},
    "service_type": {"type": "str"},
    "cluster_ip": {"type": "str"},
    "ports": PORTS_OPTION,
}
# The vendor's times look like "2020-07-08 01:23:25.845332209 +0000 UTC".
_ZONE = re.compile(r" ([+-][0-9]{2})([0-9]{2})( [A-Z]+)?")


@dataclass(frozen=True)
class ServiceState:
    """A service as the server has it; "" is none, None what only the server can know.

    unmanaged: members of its spec that no option names, and that an update must carry.
    """

    id: str | None
    name: str
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    type: str
    cluster_ip: str
    ports: tuple[Port, ...]
    project_id: str | None = None
    unmanaged: Mapping[str, Any] = field(default_factory=dict)
    created_at: str | None = field(default=None, compare=False)
    updated_at: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class IefService(Resource[ServiceState]):
    """The desired state; None is an option that the user did not give. It has a name, an id or both.

    scope: the project.
    """

    scope: str
    name: str
    service_id: str | None = None
    absent: bool = False
    labels: Mapping[str, str] | None = None
    selector: Mapping[str, str] | None = None
    service_type: str | None = None
    cluster_ip: str | None = None
    ports: tuple[Port, ...] | None = None

    kind = "ief_service"
    noun = "edge service"
    options = ARGUMENT_SPEC
    namespace = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> IefService:
        """Check the options of a task. Raises a `client` ApiError."""
        name, service_id, ports = params["name"], params["service_id"], params["ports"]
        if not (name or service_id):
            raise bad_option("name", name, "give the name of the service, or its 'service_id'")
        if params["selector"] is not None and not params["selector"]:
            raise bad_option("selector", {}, "must hold at least one label")
        return cls(
            scope=params["project_id"],
            name=checked("name", name, ief_service_name) if name else "",
            service_id=checked("service_id", service_id, identifier) if service_id else None,
            absent=params["state"] == "absent",
            labels=None if params["labels"] is None else checked("labels", params["labels"], _texts),
            selector=None if params["selector"] is None else checked("selector", params["selector"], _texts),
            service_type=params["service_type"],
            cluster_ip=params["cluster_ip"],
            ports=None if ports is None else checked("ports", [_given(port) for port in ports], _parse_ports),
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> IefService:
        return cls(scope, name, absent=True)

    # What exists

    def list_all(self, read: Read) -> Sequence[Mapping[str, Any]]:
        """All services of the instance. A filter by name would match more, and no two tasks could share the answer."""
        return Message(read("ListServices", {})).raw_objects("services")

    def read_listed(self, message: Mapping[str, Any]) -> ServiceState:
        return _read_service(message)

    def observe(self, read: Read) -> Seen[ServiceState]:
        """By its id, or else by its name in the list, which is complete."""
        found = self._with_id(read) if self.service_id else self._with_name(read)
        if found is None:
            return Seen(Presence.ABSENT)
        state = self.read_listed(found)
        if self.service_id and self.name not in ("", state.name) and not self.absent:
            self._refuse_taken_name(read)
        return Seen(Presence.PRESENT, state)

    def _with_id(self, read: Read) -> Mapping[str, Any] | None:
        try:
            return Message(read("GetService", {"service_id": self.service_id})).object("service")
        except ApiError as error:
            if self.absent and _says_missing(error):
                return None
            raise

    def _with_name(self, read: Read) -> Mapping[str, Any] | None:
        found = self._named_so(read)
        if len(found) > 1:
            ids = " and ".join(sorted(Message(service).string("id") for service in found))
            raise ApiError(
                "failed_precondition",
                f"{len(found)} services have this name, with the ids {ids}",
                advice="Name the one that you mean by 'service_id', and delete the other or give it another name.",
            )
        return found[0] if found else None

    def _refuse_taken_name(self, read: Read) -> None:
        if others := self._named_so(read):
            rule = f"another service has that name, with the id {Message(others[0]).string('id')}"
            raise bad_option("name", self.name, rule)

    def _named_so(self, read: Read) -> Sequence[Mapping[str, Any]]:
        return view(read("ListServices", {}), _by_name).get(self.name, ())

    # What is missing

    def plan(self, seen: Seen[ServiceState]) -> Plan:
        state = seen.state
        if self.absent:
            return self._delete(seen.state)
        if state is None:
            return Plan((self._create(),))
        differing = self._differing(state)
        if not differing:
            return Plan()
        one = len(differing) == 1 and not differing[0].endswith("s")
        reason = f"{' and '.join(differing)} {'differs' if one else 'differ'}"
        # There are members that no option names, so every update carries something over.
        return Plan((Step(Verb.UPDATE, "UpdateService", self._request(state), reason, carries_over=True),))

    def _delete(self, state: ServiceState | None) -> Plan:
        """By its id, which only a reading tells."""
        if state is None:
            return Plan()
        request = {"service_id": state.id}
        return Plan((Step(Verb.DELETE, "DeleteService", request, "it exists", visible_within=10.0, synchronous=True),))

    def _create(self) -> Step:
        for option, value in (("selector", self.selector), ("ports", self.ports)):
            if not value:
                raise bad_option(option, None, f"needed to create {self.title}")
        # Whether the server refuses a name that is taken is not documented, so nothing may have come meanwhile.
        return Step(Verb.CREATE, "CreateService", self._request(None), "it does not exist", carries_over=True)

    def _differing(self, state: ServiceState) -> list[str]:
        """The options whose values differ."""
        wanted, present = {"name": self.name or None, **self.desired()}, {"name": state.name, **self.present(state)}
        differing = [option for option in wanted if wanted[option] is not None and wanted[option] != present[option]]
        same = self.ports is None or same_ports(self.ports, state.ports)  # managed ports show less than there is
        return [option for option in differing if option != "ports"] + ([] if same else ["ports"])

    def _request(self, state: ServiceState | None) -> dict[str, Any]:
        """The whole service, since an update replaces it: what the user left out is as it was."""
        whole = self._replaced(state)
        own = {} if state is None else {"service_id": state.id}
        ports = [_as_request(port) for port in whole.ports]
        spec = {"cluster_ip": whole.cluster_ip, "external_ips": [], "external_name": "", **whole.unmanaged}
        spec |= {"ports": ports, "selector": dict(whole.selector), "type": whole.type}
        return {**own, "service": {"meta_data": {"name": whole.name, "labels": dict(whole.labels)}, "spec": spec}}

    def _replaced(self, state: ServiceState | None) -> ServiceState:
        now = state or ServiceState(None, self.name, {}, {}, "", "", (), project_id=self.scope)
        type_ = now.type if self.service_type is None else self.service_type
        # Only this type has node ports: they neither come along from another one nor go along to it.
        kept = now.ports if type_ == now.type else tuple(port._replace(node_port=0) for port in now.ports)
        return replace(
            now,
            name=self.name or now.name,
            labels=now.labels if self.labels is None else self.labels,
            selector=self.selector or now.selector,
            type=type_,
            cluster_ip=now.cluster_ip if self.cluster_ip is None else self.cluster_ip,
            ports=kept if self.ports is None else keep_node_ports(self.ports, kept),
        )

    def predict(self, seen: Seen[ServiceState]) -> ServiceState | None:
        return None if self.absent else replace(self._replaced(seen.state), updated_at=None)

    def key(self) -> dict[str, Any]:
        return {}  # by its id, which only a reading tells

    # What an answer to a write says

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[ServiceState]) -> ServiceState | None:
        service = answer.get("service")
        if not (isinstance(service, dict) and service.get("id") and isinstance(service.get("spec"), dict)):
            return None
        state = _read_service(service)
        expected = before.state.id if before.state else state.id
        return state if state.id == expected else None

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        if step.verb is Verb.CREATE and error.code == "already_exists":
            return Refusal.EXISTS
        if step.verb is Verb.CREATE and error.code == "deadline_exceeded":
            # Names need not be unique, so a second one would make a second service.
            error.advice = (
                "Whether it will still take effect is unknown, since the server may be at work on it: run the task "
                "again in a while."
            )
            return Refusal.FINAL
        if step.verb is Verb.UPDATE and error.code == "aborted" and self.service_id and self.name:
            error.advice = f"Another service may have the name {self.name!r}, or another client changed this one."
            return None
        return Refusal.MISSING if step.verb is not Verb.CREATE and _says_missing(error) else None

    # Showing

    @classmethod
    def title_of(cls, namespace: str | None, name: str) -> str:
        return f"{cls.noun} {name}" if name else cls.noun

    @property
    def title(self) -> str:
        return " ".join(filter(None, [self.noun, self.name, f"({self.service_id})" if self.service_id else ""]))

    def desired(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            "selector": self.selector,
            "service_type": self.service_type,
            "cluster_ip": self.cluster_ip,
            "ports": None if self.ports is None else managed_ports(self.ports, self.ports),
        }

    def present(self, state: ServiceState) -> dict[str, Any]:
        return {
            "labels": state.labels,
            "selector": state.selector,
            "service_type": state.type,
            "cluster_ip": state.cluster_ip,
            "ports": managed_ports(state.ports, self.ports or ()),
        }

    def diff_before(self, state: ServiceState) -> dict[str, Any]:
        return {**super().diff_before(state), **({"name": state.name} if self.name else {})}

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        named = super()._named(values)
        if not self.name:
            del named["name"]
        return {**({"service_id": self.service_id} if self.service_id else {}), **named}

    def as_result(self, state: ServiceState) -> dict[str, Any]:
        return {
            "id": state.id,
            "name": state.name,
            "project_id": state.project_id,
            "labels": state.labels,
            "selector": state.selector,
            "type": state.type or None,
            "cluster_ip": state.cluster_ip or None,
            "ports": [port.as_result() for port in state.ports],
            "created_at": state.created_at,
            "updated_at": state.updated_at,
        }


def _given(option: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in option.items() if value is not None}


def _parse_ports(options: list[dict[str, Any]]) -> tuple[Port, ...]:
    """The option `ports`, as IEF wants it: every port has a name, and a number as its target."""
    named = []
    for option in options:
        if not option.get("name") and option.get("protocol", "TCP") != "TCP":
            raise ValueError(f"port {option['port']} of {option['protocol']} needs a name, tcp-... or http-...")
        named.append({**option, "name": option.get("name") or f"tcp-{option['port']}"})
    ports = parse_ports(named)
    for port in ports:
        ief_port_name(port.name)
        if not (port.target_port.isdecimal() and int(port.target_port) in PORTS):
            raise ValueError(f"target_port {port.target_port!r} is not a number from 1 to 65535, as IEF needs it")
    return ports


def _texts(labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels, which are text. What YAML took for something else is refused: nobody knows how it was written."""
    for key, value in labels.items():
        if not isinstance(value, str):
            raise ValueError(f"the value of {key!r} must be text: write it with quotes")
    return dict(labels)


def _as_request(port: Port) -> dict[str, str]:
    return {
        "name": port.name,
        "port": str(port.port),
        "target_port": port.target_port,
        "protocol": port.protocol,
        "node_port": str(port.node_port or ""),
    }


def _says_missing(error: ApiError) -> bool:
    """Whether IEF itself says that there is no such service: a proxy has no such codes, a gateway has its own."""
    codes = [str(detail.get("error_code")) for detail in error.details]
    return error.code == "not_found" and bool(codes) and not codes[0].startswith("APIG.")


def _by_name(answer: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    named: dict[str, list[Mapping[str, Any]]] = {}
    for service in Message(answer).objects("services"):
        named.setdefault(service.object("meta_data").string("name"), []).append(service)
    return named


def _read_service(message: Mapping[str, Any]) -> ServiceState:
    service = Message(message)
    metadata, spec = service.object("meta_data"), service.object("spec")
    unmanaged = {"external_ips": spec.strings("external_ips"), "external_name": spec.string("external_name")}
    if not (service.string("id") and metadata.string("name")):
        raise ValueError("a service has no id or no name")
    return ServiceState(
        id=service.string("id"),
        name=metadata.string("name"),
        labels=_read_texts(metadata, "labels"),
        selector=_read_texts(spec, "selector"),
        type=spec.string("type"),
        cluster_ip=spec.string("cluster_ip"),
        ports=tuple(map(_read_port, spec.raw_objects("ports"))),
        project_id=service.string("project_id") or None,
        unmanaged=unmanaged,
        created_at=_read_time(service, "created_at"),
        updated_at=_read_time(service, "updated_at"),
    )


def _read_texts(part: Message, name: str) -> dict[str, str]:
    labels = part.object(name)
    return {key: labels.string(key) for key in labels}


def _read_port(message: Mapping[str, Any]) -> Port:
    """Absent and empty members are the same."""
    port = Message({name: value for name, value in message.items() if value != ""})
    return read_port(
        port=port.integer("port"),
        name=port.string("name"),
        target_port=port.string("target_port"),
        protocol=port.string("protocol"),
        node_port=port.integer("node_port"),
    )


def _read_time(service: Message, name: str) -> str | None:
    return Message({name: _ZONE.sub(r"\1:\2", service.string(name))}).time(name)


TASK = task_for(IefService, IEF)
