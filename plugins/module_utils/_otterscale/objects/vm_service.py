# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""VM services as objects of Kubernetes: Services of type NodePort that select one virtual machine."""

from __future__ import annotations

import re

from ..._errors import ApiError
from ..._values.message import Message
from ..._values.ports import PORTS, Port, read_port
from ..model.vm_service import VMServiceState, WantedVMService


def read_service(service: Message) -> VMServiceState:
    """Its VM is in the selector, and in a label where a build sets none. Raises ValueError."""
    spec, metadata = service.object("spec"), service.object("metadata")
    selected = spec.object("selector").string("vm.kubevirt.io/name")
    labelled = metadata.object("labels").string("otterscale.com/virtual-machine.name")
    ports = tuple(_read_port(port) for port in spec.objects("ports"))
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


def says_taken(wanted: WantedVMService, error: ApiError) -> bool:
    """Whether Kubernetes refuses a write because another service has the node port; then the advice says that."""
    taken = "provided port is already allocated" in error.message
    if taken:
        said = re.search("Invalid value: ([0-9]+): provided port", error.message)
        ports = said[1] if said else ", ".join(str(port.node_port) for port in wanted.ports or () if port.node_port)
        error.advice = f"The node_port {ports} is in use: name another 'node_port', or leave it out."
    return taken
