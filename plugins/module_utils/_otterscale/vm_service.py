# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services: Kubernetes Services of type NodePort in front of one virtual machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.resource import Plan, Presence, Read, Refusal, Resource, Seen, Step
from .._errors import ApiError, OtherApi, checked
from .._task import info_task_for, task_for
from .._values.names import (
    dns_1035_label,
    dns_1123_label,
    dns_1123_subdomain,
    service_name,
)
from .._values.ports import PORTS, PORTS_OPTION, Port, parse_ports
from .connection import OTTERSCALE
from .messages.vm_service import VMServiceMessages
from .model.vm_service import Dialect, VMServiceState, WantedVMService
from .objects.cluster import ARGUMENT_SPEC as KUBERNETES_SPEC
from .objects.cluster import Cluster
from .objects.vm_service import VMServiceObjects

ARGUMENT_SPEC: dict[str, Any] = {
    **KUBERNETES_SPEC,
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "virtual_machine": {"type": "str"},
    "ports": PORTS_OPTION,
}


@dataclass(frozen=True)
class VMService(WantedVMService, Resource[VMServiceState]):
    """What is wanted of a VM service, and how the server is told. many: with many others, which are read as well."""

    dialect: Dialect = field(default_factory=VMServiceMessages)
    many: bool = False

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
            dialect=VMServiceMessages(Cluster.from_params(params)),
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> VMService:
        return cls(scope, namespace or "", name, absent=True)

    def list_all(self, read: Read) -> Iterable[Mapping[str, Any]]:
        return self.dialect.list_all(self, read)

    def read_listed(self, message: Mapping[str, Any]) -> VMServiceState:
        return self.dialect.read_listed(message)

    def observe(self, read: Read) -> Seen[VMServiceState]:
        return self.dialect.observe(self, read)

    def otherwise(self, error: OtherApi) -> VMService | None:
        """In objects for a server without messages; with Apply for one without Update."""
        if isinstance(self.dialect, VMServiceMessages):
            return replace(self, dialect=VMServiceObjects(many=self.many))
        applies = VMServiceObjects(applies=True, many=self.many)
        return None if self.dialect == applies else replace(self, dialect=applies)

    def among_many(self) -> VMService:
        return replace(self, many=True)

    def plan(self, seen: Seen[VMServiceState]) -> Plan:
        if seen.state is not None:
            self.check_own(seen.state)
        if self.absent:
            return self.delete(seen, self.dialect.delete, visible_within=10.0)
        if seen.presence is Presence.HIDDEN:
            warning = (
                f"VM service {self.namespace}/{self.name} exists but the server does not list it, so its ports cannot "
                "be compared: they are set by UpdateVirtualMachineService on every run"
            )
            step = self.dialect.update(self, seen, self.ports or (), "it exists, but its ports cannot be read")
            return Plan((step,), (warning,))
        if seen.state is None:
            self.check_complete()
            return Plan((self.dialect.create(self, seen),))
        ports = self.other_ports(seen.state)
        return Plan() if ports is None else Plan((self.dialect.update(self, seen, ports, "the ports differ"),))

    def key(self) -> dict[str, Any]:
        return self.dialect.key(self)

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[VMServiceState]) -> VMServiceState | None:
        return self.dialect.state_in(self, step, answer, before)

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        return self.dialect.refusal(self, step, error)


def _parse_ports(options: list[dict[str, Any]]) -> tuple[Port, ...]:
    ports = parse_ports(options)
    for port in ports:
        if port.name:
            dns_1123_label(port.name)
        if not (port.target_port.isdecimal() and int(port.target_port) in PORTS):
            service_name(port.target_port)
    return ports


TASK = task_for(VMService, OTTERSCALE)
INFO = info_task_for(VMService, OTTERSCALE, namespace=dns_1123_label)
