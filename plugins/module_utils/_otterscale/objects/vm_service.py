# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services as objects of Kubernetes: Services of type NodePort that select one virtual machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._engine.resource import Presence, Read, Refusal, Seen, Step, Verb
from ..._errors import ApiError, bad_option
from ..._values.message import Message
from ..._values.ports import PORTS, Port, read_port
from ..model.vm_service import VMServiceState, WantedVMService
from .reader import INSTANCE, MACHINE, NAMESPACE, SERVICE, says_missing, unlike
from .resource_service import (
    CREATE,
    DELETE,
    ResourceService,
    address,
    is_absence,
    is_conflict,
    manifest,
    name_of,
    update_step,
)

# The label by which dashboards of all versions find the service of a VM.
_LABEL = "otterscale.com/virtual-machine.name"
# A label of the pods of one VM, if its template has it.
_BY_TEMPLATE = "kubevirt.io/vm"
# A label that KubeVirt gives the pods of every VM. Its value is made of the VM's host name.
_BY_HOST = "vm.kubevirt.io/name"
_PORT_FIELDS = ("name", "port", "targetPort", "protocol", "nodePort")


@dataclass(frozen=True)
class VMServiceObjects:
    """applies: for a server that has no Update. many: to be read with many others."""

    applies: bool = False
    many: bool = False

    delete = DELETE

    def list_all(self, wanted: WantedVMService, read: Read) -> Iterator[Mapping[str, Any]]:
        """The Services of the namespace that have the label of dashboards, each with its name."""
        found = ResourceService(read, wanted.scope).find_all(SERVICE, wanted.namespace, _LABEL)
        return ({**service, "name": name_of(service)} for service in found)

    def read_listed(self, message: Mapping[str, Any]) -> VMServiceState:
        return read_service(Message(message))

    def observe(self, wanted: WantedVMService, read: Read) -> Seen[VMServiceState]:
        """The Service; if there is none and one is wanted, how it would select its VM."""
        cluster = ResourceService(read, wanted.scope, self.many)
        service = cluster.get(SERVICE, wanted.namespace, wanted.name)
        if service is not None:
            return Seen(Presence.PRESENT, _state(service))
        machine = None if wanted.absent else wanted.virtual_machine
        selector = None if machine is None else _selector(cluster, wanted.namespace, machine)
        return Seen(Presence.ABSENT, beside=selector)

    def key(self, wanted: WantedVMService) -> dict[str, Any]:
        return address(wanted.scope, SERVICE, wanted.namespace, wanted.name)

    def create(self, wanted: WantedVMService, seen: Seen[VMServiceState]) -> Step:
        labels = {_LABEL: wanted.virtual_machine}
        service = {
            "apiVersion": SERVICE.api_version,
            "kind": SERVICE.name,
            "metadata": {"name": wanted.name, "namespace": wanted.namespace, "labels": labels},
            "spec": {"type": "NodePort", "selector": seen.beside, "ports": list(map(_port, wanted.ports or ()))},
        }
        request = {**address(wanted.scope, SERVICE, wanted.namespace), "manifest": manifest(service)}
        return Step(Verb.CREATE, CREATE, request, "it does not exist")

    def update(self, wanted: WantedVMService, seen: Seen[VMServiceState], ports: tuple[Port, ...], reason: str) -> Step:
        """All of the object as it was read but for its ports. Its resourceVersion makes sure that it is so still."""
        state = seen.state or VMServiceState(None, ())
        if self.applies:
            _refuse_removal(ports, state.ports)
        service = _changed(state, ports)
        return update_step(self.key(wanted), service, _applied(service) if self.applies else None, reason)

    def state_in(
        self, wanted: WantedVMService, step: Step, answer: Mapping[str, Any], before: Seen[VMServiceState]
    ) -> VMServiceState | None:
        service = Message(answer).object("object")
        return None if unlike(service, SERVICE, wanted.namespace, wanted.name) else _state(service)

    def refusal(self, wanted: WantedVMService, step: Step, error: ApiError) -> Refusal | None:
        if step.verb is Verb.CREATE:
            if error.code == "already_exists":
                return Refusal.EXISTS
            missing = says_missing(error, "namespace", NAMESPACE, wanted.namespace)
            return Refusal.FINAL if missing or says_taken(wanted, error) else None
        if is_absence(error, SERVICE, wanted.name):
            return Refusal.MISSING
        if step.verb is Verb.UPDATE and is_conflict(error):
            return Refusal.CONFLICT
        return Refusal.FINAL if says_taken(wanted, error) else None


# What is there


def _state(service: Mapping[str, Any]) -> VMServiceState:
    """The same, with what a write needs to know."""
    state = read_service(Message(service))
    metadata = Message(service).object("metadata")
    foreign, deleted = state.virtual_machine is None, bool(metadata.get("deletionTimestamp"))
    return replace(state, document=service, foreign=foreign, deleted=deleted)


def read_service(service: Message) -> VMServiceState:
    """What is there of it. Raises ValueError.

    Its VM is in the selector. One that selects by host name does not tell the VM's own name, which a label may tell.
    """
    spec, metadata = service.object("spec"), service.object("metadata")
    selector = spec.object("selector")
    labelled = metadata.object("labels").string(_LABEL)
    machine = selector.string(_BY_TEMPLATE) or labelled or selector.string(_BY_HOST)
    ports = tuple(_read_port(port) for port in spec.objects("ports"))
    # Only these need no ports. Taking missing ports for no ports would lead to an update that sets them.
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        raise ValueError("'ports' is empty")
    return VMServiceState(
        virtual_machine=machine or None,
        ports=ports,
        type=spec.string("type") or None,
        cluster_ip=spec.string("clusterIP") or None,
        created_at=metadata.time("creationTimestamp"),
    )


def _read_port(port: Message) -> Port:
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


# What is written


def _selector(cluster: ResourceService, namespace: str, machine: str) -> dict[str, str]:
    """What selects the pods of a VM, both now and after its next start. Raises an ApiError if there is no such VM."""
    found = cluster.get(MACHINE, namespace, machine)
    if found is None:
        raise ApiError(
            "not_found",
            f"virtual machine {namespace}/{machine} does not exist",
            rpc="Get",
            advice=f"Create the virtual_machine {machine!r} first, or name another 'virtual_machine'.",
        )
    template = Message(found).object("spec").object("template")
    labelled = template.object("metadata").object("labels").string(_BY_TEMPLATE)
    if labelled:
        # Running pods get a label of the template only when the VM starts again.
        instance = cluster.get(INSTANCE, namespace, machine)
        labels = Message(instance or template).object("metadata").object("labels")
        if labels.string(_BY_TEMPLATE) == labelled:
            return {_BY_TEMPLATE: labelled}
    host = template.object("spec").string("hostname") or machine
    return {_BY_HOST: host.partition(".")[0][:63]}


def _changed(state: VMServiceState, ports: tuple[Port, ...]) -> dict[str, Any]:
    """The object with other ports; what else a port has, such as its appProtocol, stays."""
    metadata, spec = (Message(state.document).object(part) for part in ("metadata", "spec"))
    labels = {**({_LABEL: state.virtual_machine} if state.virtual_machine else {}), **metadata.object("labels")}
    old = spec.raw_objects("ports")
    by_name = {port.get("name", ""): port for port in old}
    by_endpoint = {(port.get("protocol", "TCP"), port.get("port")): port for port in old}
    new = [_port(port, by_name.get(port.name) or by_endpoint.get(port.endpoint) or {}) for port in ports]
    # A Service without node ports could not be reached as one of a VM is to be.
    kind = spec.get("type") if spec.get("type") == "LoadBalancer" else "NodePort"
    return {**state.document, "metadata": {**metadata, "labels": labels}, "spec": {**spec, "type": kind, "ports": new}}


def _applied(service: Mapping[str, Any]) -> dict[str, Any]:
    """The part of it that is managed: what is applied becomes the applier's own."""
    metadata, spec = service["metadata"], service["spec"]
    own = {key: metadata[key] for key in ("name", "namespace", "resourceVersion") if key in metadata}
    fields = {"type": spec["type"], "ports": spec["ports"]}
    return {"apiVersion": SERVICE.api_version, "kind": SERVICE.name, "metadata": own, "spec": fields}


def _refuse_removal(ports: tuple[Port, ...], now: tuple[Port, ...]) -> None:
    """Apply removes no port that it has not set itself, and merges the others by protocol and number."""
    if left := sorted({port.endpoint for port in now} - {port.endpoint for port in ports}):
        which = ", ".join(f"{number}/{protocol}" for protocol, number in left)
        raise bad_option(
            "ports",
            [port.as_result() for port in ports],
            f"the service has {which} too, which a server older than OtterScale 1.2.0 cannot remove: it has no Update, "
            "and Apply leaves what others have set. Delete the service and create it again, or upgrade the server",
        )


def _port(port: Port, now: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """now: the port that it was, of which only what is not managed stays."""
    foreign = {key: value for key, value in (now or {}).items() if key not in _PORT_FIELDS}
    target = int(port.target_port) if port.target_port.isdecimal() else port.target_port
    return {**foreign, **port.as_request(), "targetPort": target}


def says_taken(wanted: WantedVMService, error: ApiError) -> bool:
    """Whether Kubernetes refuses a write because another service has the node port; then the advice says that."""
    taken = "provided port is already allocated" in error.message
    if taken:
        said = re.search("Invalid value: ([0-9]+): provided port", error.message)
        ports = said[1] if said else ", ".join(str(port.node_port) for port in wanted.ports or () if port.node_port)
        error.advice = f"The node_port {ports} is in use: name another 'node_port', or leave it out."
    return taken
