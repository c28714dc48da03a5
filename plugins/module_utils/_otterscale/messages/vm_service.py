# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services in the messages of otterscale.instance.v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._engine.index import Index, view
from ..._engine.resource import Presence, Read, Refusal, Seen, Step, Verb
from ..._errors import ApiError
from ..._values.message import Message, is_in
from ..._values.ports import Port, read_port
from ..model.vm_service import VMServiceState, WantedVMService
from ..objects.cluster import understood
from ..objects.reader import MACHINE, NAMESPACE, SERVICE, Reader, says_missing
from ..objects.vm_service import read_service, says_taken

_SERVICE = "otterscale.instance.v1.InstanceService"
_LIST = f"{_SERVICE}/ListVirtualMachines"
_MACHINE = "virtualMachineName"  # what _services() adds to a service: the VM that it is listed below


@dataclass(frozen=True)
class VMServiceMessages:
    """cluster: where to ask for what the lists leave out, if the user allows it."""

    cluster: Reader | None = None

    delete = f"{_SERVICE}/DeleteVirtualMachineService"

    def list_all(self, wanted: WantedVMService, read: Read) -> Iterator[Mapping[str, Any]]:
        """The services that are listed below a VM of the namespace, each with the name of that VM."""
        return _services(read(_LIST, _where(wanted)), wanted.namespace)

    def read_listed(self, message: Mapping[str, Any]) -> VMServiceState:
        return _read_service(message, Message(message).string(_MACHINE))

    def observe(self, wanted: WantedVMService, read: Read) -> Seen[VMServiceState]:
        """Look for the service below every VM of the namespace. That it is in none does not prove its absence.

        Kubernetes knows, if the user lets us ask it.
        """
        service = view(read(_LIST, _where(wanted)), _by_name, wanted.namespace).find(wanted.name)
        if service is not None:
            return Seen(Presence.PRESENT, self.read_listed(service))
        if self.cluster is None:
            return Seen(Presence.UNKNOWN)
        found = self.cluster.get(SERVICE, wanted.namespace, wanted.name)
        return Seen(Presence.ABSENT) if found is None else Seen(Presence.PRESENT, understood(read_service, found))

    def key(self, wanted: WantedVMService) -> dict[str, Any]:
        return {**_where(wanted), "name": wanted.name}

    def create(self, wanted: WantedVMService, seen: Seen[VMServiceState]) -> Step:
        ports = _request(wanted.ports or ())
        request = {**self.key(wanted), "virtualMachineName": wanted.virtual_machine, "ports": ports}
        return Step(Verb.CREATE, f"{_SERVICE}/CreateVirtualMachineService", request, "it does not exist")

    def update(self, wanted: WantedVMService, seen: Seen[VMServiceState], ports: tuple[Port, ...], reason: str) -> Step:
        request = {**self.key(wanted), "ports": _request(ports)}
        procedure = f"{_SERVICE}/UpdateVirtualMachineService"
        carries_over = seen.state is not None and ports != wanted.ports
        return Step(Verb.UPDATE, procedure, request, reason, carries_over=carries_over)

    def state_in(
        self, wanted: WantedVMService, step: Step, answer: Mapping[str, Any], before: Seen[VMServiceState]
    ) -> VMServiceState | None:
        if step.verb is Verb.DELETE or answer.get("name") != wanted.name:
            return None
        now = before.state.virtual_machine if before.state else None
        return _read_service(answer, wanted.virtual_machine if step.verb is Verb.CREATE else now)

    def refusal(self, wanted: WantedVMService, step: Step, error: ApiError) -> Refusal | None:
        own = f'services "{wanted.name}" '
        if step.verb is Verb.CREATE and (error.code == "already_exists" or f"{own}already exists" in error.message):
            return Refusal.EXISTS
        if step.verb is Verb.CREATE and (
            says_missing(error, "virtual_machine", MACHINE, wanted.virtual_machine)
            or says_missing(error, "namespace", NAMESPACE, wanted.namespace)
        ):
            return Refusal.FINAL
        if says_taken(wanted, error):
            # Said too if the service itself exists and holds the port: only an update can find out.
            return Refusal.EXISTS if step.verb is Verb.CREATE else Refusal.FINAL
        if step.verb is not Verb.CREATE and (error.code == "not_found" or f"{own}not found" in error.message):
            return Refusal.MISSING
        return None


def _where(wanted: WantedVMService) -> dict[str, Any]:
    return {"scope": wanted.scope, "namespace": wanted.namespace}


def _services(answer: Mapping[str, Any], namespace: str) -> Iterator[Mapping[str, Any]]:
    for machine in Message(answer).objects("virtualMachines"):
        for service in machine.raw_objects("services") if is_in(namespace, machine) else ():
            yield {**service, _MACHINE: machine.get("name")}


def _by_name(answer: Mapping[str, Any], namespace: str) -> Index:
    return Index(_services(answer, namespace))


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
