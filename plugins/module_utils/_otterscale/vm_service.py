# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services: Kubernetes Services of type NodePort in front of one virtual machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.index import Index, view
from .._engine.resource import Plan, Presence, Read, Refusal, Resource, Seen, Step, Verb
from .._errors import ApiError, bad_option, checked
from .._task import info_task_for, task_for
from .._values.message import Message, is_in
from .._values.names import (
    dns_1035_label,
    dns_1123_label,
    dns_1123_subdomain,
    service_name,
)
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
from .cluster import ARGUMENT_SPEC as KUBERNETES_SPEC
from .cluster import Cluster, says_missing, understood
from .connection import OTTERSCALE

ARGUMENT_SPEC: dict[str, Any] = {
    **KUBERNETES_SPEC,
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "virtual_machine": {"type": "str"},
    "ports": PORTS_OPTION,
}

_SERVICE = "otterscale.instance.v1.InstanceService"
_LIST = f"{_SERVICE}/ListVirtualMachines"
_MACHINE = "virtualMachineName"  # what _services() adds to a service: the VM that it is listed below


@dataclass(frozen=True)
class VMServiceState:
    """A service as the server has it. virtual_machine is None where the answer does not contain it."""

    virtual_machine: str | None
    ports: tuple[Port, ...]
    type: str | None = None
    cluster_ip: str | None = None
    created_at: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class VMService(Resource[VMServiceState]):
    """The desired state; None is an option that the user did not give."""

    scope: str
    namespace: str
    name: str
    absent: bool = False
    virtual_machine: str | None = None
    ports: tuple[Port, ...] | None = None
    cluster: Cluster | None = None

    kind = "vm_service"
    noun = "VM service"
    options = ARGUMENT_SPEC
    namespaced = True
    steering = frozenset(KUBERNETES_SPEC)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> VMService:
        """Check the options of a task. Raises a `client` ApiError."""
        given = [{key: value for key, value in port.items() if value is not None} for port in params["ports"] or ()]
        ports = None if params["ports"] is None else checked("ports", given, _parse_ports)
        machine = params["virtual_machine"]
        return cls(
            scope=params["scope"],
            namespace=checked("namespace", params["namespace"], dns_1123_label),
            name=checked("name", params["name"], dns_1035_label),
            absent=params["state"] == "absent",
            virtual_machine=None if machine is None else checked("virtual_machine", machine, dns_1123_subdomain),
            ports=ports,
            cluster=Cluster.from_params(params),
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> VMService:
        return cls(scope, namespace or "", name, absent=True)

    @classmethod
    def list_all(cls, read: Read, scope: str, namespace: str | None) -> Iterator[Mapping[str, Any]]:
        """The services that are listed below a VM of the namespace, each with the name of that VM."""
        return _services(read(_LIST, {"scope": scope, "namespace": namespace}), namespace)

    @classmethod
    def read_listed(cls, message: Mapping[str, Any]) -> VMServiceState:
        return _read_service(message, Message(message).string(_MACHINE))

    def observe(self, read: Read) -> Seen[VMServiceState]:
        """Look for the service below every VM of the namespace. That it is in none does not prove its absence.

        Kubernetes knows, if the user lets us ask it.
        """
        answer = read(_LIST, {"scope": self.scope, "namespace": self.namespace})
        service = view(answer, _by_name, self.namespace).find(self.name)
        if service is not None:
            return Seen(Presence.PRESENT, self.read_listed(service))
        if self.cluster is None:
            return Seen(Presence.UNKNOWN)
        found = self.cluster.service(self.namespace, self.name)
        return Seen(Presence.ABSENT) if found is None else Seen(Presence.PRESENT, understood(_read_kubernetes, found))

    def plan(self, seen: Seen[VMServiceState]) -> Plan:
        if self.absent:
            return self.delete(seen, f"{_SERVICE}/DeleteVirtualMachineService", visible_within=10.0)
        if seen.presence is Presence.HIDDEN:
            warning = (
                f"VM service {self.namespace}/{self.name} exists but the server does not list it, so its ports cannot "
                "be compared: they are set by UpdateVirtualMachineService on every run"
            )
            return Plan((self._update(self.ports or (), "it exists, but its ports cannot be read"),), (warning,))
        if seen.state is None:
            return Plan((self._create(),))
        self._refuse_other_machine(seen.state)
        if self.ports is None or same_ports(self.ports, seen.state.ports):
            return Plan()
        ports = keep_node_ports(self.ports, seen.state.ports)
        return Plan((self._update(ports, "the ports differ", carries_over=ports != self.ports),))

    def _create(self) -> Step:
        for option, value in (("virtual_machine", self.virtual_machine), ("ports", self.ports)):
            if not value:
                raise bad_option(option, value, f"needed to create VM service {self.namespace}/{self.name}")
        request = {**self.key(), "virtualMachineName": self.virtual_machine, "ports": _request(self.ports or ())}
        return Step(Verb.CREATE, f"{_SERVICE}/CreateVirtualMachineService", request, "it does not exist")

    def _update(self, ports: tuple[Port, ...], reason: str, *, carries_over: bool = False) -> Step:
        request = {**self.key(), "ports": _request(ports)}
        procedure = f"{_SERVICE}/UpdateVirtualMachineService"
        return Step(Verb.UPDATE, procedure, request, reason, carries_over=carries_over)

    def _refuse_other_machine(self, state: VMServiceState) -> None:
        now = state.virtual_machine
        if self.virtual_machine is not None and now is not None and now != self.virtual_machine:
            raise bad_option(
                "virtual_machine",
                self.virtual_machine,
                f"the service now serves {now!r}, and that cannot be changed: delete the service and create it again",
            )

    def key(self) -> dict[str, Any]:
        return {"scope": self.scope, "namespace": self.namespace, "name": self.name}

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[VMServiceState]) -> VMServiceState | None:
        if step.verb is Verb.DELETE or answer.get("name") != self.name:
            return None
        now = before.state.virtual_machine if before.state else None
        return _read_service(answer, self.virtual_machine if step.verb is Verb.CREATE else now)

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        own = f'services "{self.name}" '
        if step.verb is Verb.CREATE and (error.code == "already_exists" or f"{own}already exists" in error.message):
            return Refusal.EXISTS
        if step.verb is Verb.CREATE and (
            says_missing(error, "virtual_machine", "virtualmachines.kubevirt.io", self.virtual_machine)
            or says_missing(error, "namespace", "namespaces", self.namespace)
        ):
            return Refusal.FINAL
        if "provided port is already allocated" in error.message:
            taken = re.search("Invalid value: ([0-9]+): provided port", error.message)
            ports = taken[1] if taken else ", ".join(str(port.node_port) for port in self.ports or () if port.node_port)
            error.advice = f"The node_port {ports} is in use: name another 'node_port', or leave it out."
            # Said too if the service itself exists and holds the port: only an update can find out.
            return Refusal.EXISTS if step.verb is Verb.CREATE else Refusal.FINAL
        if step.verb is not Verb.CREATE and (error.code == "not_found" or f"{own}not found" in error.message):
            return Refusal.MISSING
        return None

    def predict(self, seen: Seen[VMServiceState]) -> VMServiceState | None:
        if self.absent:
            return None
        if seen.state is None:
            return VMServiceState(self.virtual_machine, self.ports or (), "NodePort")
        return replace(seen.state, ports=keep_node_ports(self.ports or (), seen.state.ports))

    def desired(self) -> dict[str, Any]:
        ports = None if self.ports is None else managed_ports(self.ports, self.ports)
        return {"virtual_machine": self.virtual_machine, "ports": ports}

    def present(self, state: VMServiceState) -> dict[str, Any]:
        machine = state.virtual_machine or self.virtual_machine
        return {"virtual_machine": machine, "ports": managed_ports(state.ports, self.ports or ())}

    def as_result(self, state: VMServiceState) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": self.namespace,
            "virtual_machine": state.virtual_machine or self.virtual_machine,
            "type": state.type,
            "cluster_ip": state.cluster_ip,
            "ports": [port.as_result() for port in state.ports],
            "created_at": state.created_at,
        }


def _services(answer: Mapping[str, Any], namespace: str | None) -> Iterator[Mapping[str, Any]]:
    for machine in Message(answer).objects("virtualMachines"):
        for service in machine.raw_objects("services") if is_in(namespace, machine) else ():
            yield {**service, _MACHINE: machine.get("name")}


def _by_name(answer: Mapping[str, Any], namespace: str) -> Index:
    return Index(_services(answer, namespace))


def _parse_ports(options: list[dict[str, Any]]) -> tuple[Port, ...]:
    ports = parse_ports(options)
    for port in ports:
        if port.name:
            dns_1123_label(port.name)
        if not (port.target_port.isdecimal() and int(port.target_port) in PORTS):
            service_name(port.target_port)
    return ports


def _request(ports: tuple[Port, ...]) -> list[dict[str, Any]]:
    return [port.as_request() for port in ports]


def _read_service(answer: Mapping[str, Any], machine: str | None) -> VMServiceState:
    message = Message(answer)
    return VMServiceState(
        virtual_machine=machine,
        ports=tuple(
            read_port(
                port=port.integer("port"),
                name=port.string("name"),
                target_port=port.string("targetPort"),
                protocol=port.string("protocol"),
                node_port=port.integer("nodePort"),
            )
            for port in message.objects("ports")
        ),
        type=message.string("type") or None,
        cluster_ip=message.string("clusterIp") or None,
        created_at=message.time("createdAt"),
    )


def _read_kubernetes(service: Message) -> VMServiceState:
    """The same service as Kubernetes shows it. Its VM is in the selector, and in a label where a build sets none."""
    spec, metadata = service.object("spec"), service.object("metadata")
    selected = spec.object("selector").string("vm.kubevirt.io/name")
    labelled = metadata.object("labels").string("otterscale.com/virtual-machine.name")
    ports = tuple(_read_kubernetes_port(port) for port in spec.objects("ports"))
    # Only these need no ports. Taking missing ports for no ports would lead to an update that sets them.
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        raise ValueError("'ports' is empty")
    return VMServiceState(
        virtual_machine=selected or labelled or None,
        ports=ports,
        type=spec.string("type") or None,
        cluster_ip=spec.string("clusterIP") or None,
        created_at=metadata.time("creationTimestamp"),
    )


def _read_kubernetes_port(port: Message) -> Port:
    for name in ("port", "nodePort"):
        if isinstance(port.get(name), str):  # in Connect's JSON this would be an integer
            raise ValueError(f"'{name}' should be an integer, not a string")
    if port.integer("port") not in PORTS:
        raise ValueError("'port' should be from 1 to 65535")
    named = isinstance(port.get("targetPort"), str)
    return read_port(
        port=port.integer("port"),
        name=port.string("name"),
        target_port=port["targetPort"] if named else str(port.integer("targetPort") or ""),
        protocol=port.string("protocol"),
        node_port=port.integer("nodePort"),
    )


TASK = task_for(VMService, OTTERSCALE)
INFO = info_task_for(VMService, OTTERSCALE, namespace=dns_1123_label)
