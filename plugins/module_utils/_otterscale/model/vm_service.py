# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services whatever the server speaks: what a task wants, how it differs from what is there, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..._engine.resource import Read, Refusal, Seen, Step
from ..._errors import ApiError, bad_option
from ..._values.ports import Port, keep_node_ports, managed_ports, same_ports


@dataclass(frozen=True)
class VMServiceState:
    """A service as the server has it. virtual_machine is None where the answer does not contain it.

    document: the whole object, where it is read as one. foreign: it is no service of a VM, and not to be touched.
    deleted: it is about to go.
    """

    virtual_machine: str | None
    ports: tuple[Port, ...]
    type: str | None = None
    cluster_ip: str | None = None
    created_at: str | None = field(default=None, compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    foreign: bool = field(default=False, compare=False)
    deleted: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class WantedVMService:
    """What a task wants of a VM service; None is an option that the user did not give."""

    scope: str
    namespace: str
    name: str
    absent: bool = False
    virtual_machine: str | None = None
    ports: tuple[Port, ...] | None = None

    def check_complete(self) -> None:
        """Raises a `client` ApiError where an option is missing that a new service needs."""
        for option, value in (("virtual_machine", self.virtual_machine), ("ports", self.ports)):
            if not value:
                raise bad_option(option, value, f"needed to create VM service {self.namespace}/{self.name}")

    def check_own(self, state: VMServiceState) -> None:
        """Raises an ApiError for a service that must not be touched."""
        if state.foreign:
            raise bad_option(
                "name",
                self.name,
                f"namespace {self.namespace} has a Service of this name that selects no virtual machine; "
                "it is left as it is: choose another name",
            )
        if state.deleted and not self.absent:
            raise ApiError(
                "failed_precondition",
                "it is being deleted, and still there",
                advice="Run the task again when it is gone; its finalizers tell what it waits for.",
            )

    def other_ports(self, state: VMServiceState) -> tuple[Port, ...] | None:
        """The ports that have to be set, None if nothing differs. Raises a `client` ApiError for another VM."""
        now = state.virtual_machine
        if self.virtual_machine is not None and now is not None and now != self.virtual_machine:
            raise bad_option(
                "virtual_machine",
                self.virtual_machine,
                f"the service now serves {now!r}, and that cannot be changed: delete the service and create it again",
            )
        if self.ports is None or same_ports(self.ports, state.ports):
            return None
        return keep_node_ports(self.ports, state.ports)

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


class Dialect(Protocol):
    """How a generation of servers says it; the methods of Resource with these names say what each is for."""

    @property
    def delete(self) -> str:
        """The procedure that deletes a service."""

    def list_all(self, wanted: WantedVMService, read: Read) -> Iterable[Mapping[str, Any]]: ...

    def read_listed(self, message: Mapping[str, Any]) -> VMServiceState: ...

    def observe(self, wanted: WantedVMService, read: Read) -> Seen[VMServiceState]: ...

    def key(self, wanted: WantedVMService) -> dict[str, Any]: ...

    def create(self, wanted: WantedVMService, seen: Seen[VMServiceState]) -> Step:
        """The write that makes what is wanted."""

    def update(self, wanted: WantedVMService, seen: Seen[VMServiceState], ports: tuple[Port, ...], reason: str) -> Step:
        """The write that sets all ports."""

    def state_in(
        self, wanted: WantedVMService, step: Step, answer: Mapping[str, Any], before: Seen[VMServiceState]
    ) -> VMServiceState | None: ...

    def refusal(self, wanted: WantedVMService, step: Step, error: ApiError) -> Refusal | None: ...
