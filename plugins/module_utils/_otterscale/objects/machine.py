# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Virtual machines as objects of Kubernetes: VirtualMachines of KubeVirt and, while they run, their instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._engine.resource import Read
from ..._values.message import Message
from .reader import CLUSTER_INSTANCE_TYPE, INSTANCE, MACHINE, read_quantity
from .resource_service import ResourceService, name_of


class Machine(NamedTuple):
    """metadata: of the VM. fields: what else there is to say of it, as the inventory does."""

    metadata: Message
    fields: dict[str, Any]


def list_machines(read: Read, cluster: str, namespace: str) -> list[Machine]:
    """The VMs of a namespace; "" is all namespaces. Raises ValueError for an answer that makes no sense."""
    objects = ResourceService(read, cluster)
    machines = [Message(machine) for machine in objects.find_all(MACHINE, namespace)]
    instances = {_key(instance): Message(instance) for instance in objects.find_all(INSTANCE, namespace)}
    types: dict[str, Message] = {}
    if any(_type_of(machine).get("name") for machine in machines):
        types = {name_of(found): Message(found) for found in objects.find_all(CLUSTER_INSTANCE_TYPE, "")}
    return [
        Machine(machine.object("metadata"), _read(machine, instances.get(_key(machine)) or Message(), types))
        for machine in machines
    ]


def _key(document: Mapping[str, Any]) -> tuple[str, str]:
    metadata = Message(document).object("metadata")
    return metadata.string("namespace"), metadata.string("name")


def _type_of(machine: Message) -> Message:
    return machine.object("spec").object("instancetype")


def _read(machine: Message, instance: Message, types: Mapping[str, Message]) -> dict[str, Any]:
    status, running = machine.object("status"), instance.object("status")
    volumes = machine.object("spec").object("template").object("spec").objects("volumes")
    return {
        "status": status.string("printableStatus") or None,
        "ready": status.boolean("ready"),
        "instance_phase": running.string("phase") or None,
        "machine_id": None,
        "hostname": running.string("nodeName") or None,
        "ip_addresses": [interface.string("ipAddress") for interface in running.objects("interfaces")],
        "created_at": machine.object("metadata").time("creationTimestamp"),
        "instance_type": _read_type(_type_of(machine), types),
        "disks": [_read_disk(volume) for volume in volumes],
        **{kind: [] for kind in ("clones", "snapshots", "restores")},
    }


def _read_type(reference: Message, types: Mapping[str, Message]) -> dict[str, Any] | None:
    """Those of a namespace are not read, so that nothing but their name is known."""
    name = reference.string("name")
    if not name:
        return None
    cluster_wide = reference.get("kind") in (None, "", CLUSTER_INSTANCE_TYPE.name)  # KubeVirt's default
    found = types.get(name) if cluster_wide else None
    spec = (found or Message()).object("spec")
    return {
        "name": name,
        "cpu_cores": spec.object("cpu").integer("guest") if found else None,
        "memory_bytes": read_quantity(spec.object("memory"), "guest") if found else None,
        "cluster_wide": cluster_wide,
        "created_at": (found or Message()).object("metadata").time("creationTimestamp"),
    }


def _read_disk(volume: Message) -> dict[str, Any]:
    """A claim that is no data volume's has the same name as one would have."""
    source = volume.object("dataVolume").string("name") or volume.object("persistentVolumeClaim").string("claimName")
    return {"name": volume.string("name"), "data_volume_name": source or None}
