# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Virtual machines and, while they run, their instances. Nothing runs in them: an instance is there at once."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ...model import Object
from ..kind import Kind, Manifest

if TYPE_CHECKING:
    from ..store import Store

GROUP = "kubevirt.io"
# The label of a VM's template by which services of the 1.x dashboard find it. Older VMs lack it.
SELECTOR = "kubevirt.io/vm"
# How `put` may say that a VM is up.
UP = ("Running", "Paused", "Migrating")
RUNNING = ("Always", "RerunOnFailure", "Once")


class VirtualMachineInstance(Kind):
    kind, resource, group = "VirtualMachineInstance", "virtualmachineinstances", GROUP
    short_names = ("vmi", "vmis")


class VirtualMachine(Kind):
    kind, resource, group, short_names = "VirtualMachine", "virtualmachines", GROUP, ("vm", "vms")
    subresources = ("status",)

    def check(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        if not isinstance(new.get("spec", {}).get("template"), dict):
            raise self.invalid(new["metadata"]["name"], "spec.template", "Required value")

    def settle(self, store: Store, key: str, item: Object) -> bool:
        """Its instance and its status follow from its run strategy, and from what it is held in from outside."""
        metadata, spec = item.manifest["metadata"], item.manifest["spec"]
        runs = spec.get("runStrategy", "Always" if spec.get("running") else "Halted") in RUNNING
        shown = item.course.get("status") or ("Running" if runs else "Stopped")
        instance_key = f"virtualmachineinstances.kubevirt.io/{metadata['namespace']}/{metadata['name']}"
        status = {
            "created": shown != "Stopped",
            "ready": shown == "Running",
            "printableStatus": shown,
            "conditions": [{"type": "Ready", "status": str(shown == "Running")}],
        }
        if shown == "Stopped":
            if instance_key in store.table:
                store.remove(instance_key)
        elif instance_key not in store.table:
            store.place(instance_key, Object(_instance(item)))
        if item.manifest.get("status") != status:
            item.manifest["status"] = status
            store.place(key, item)
        return False


def _instance(machine: Object) -> Manifest:
    manifest, metadata = machine.manifest, machine.manifest["metadata"]
    template = manifest["spec"]["template"]
    address = machine.course.get("ip_address")
    if address is None:
        address = f"10.244.1.{zlib.crc32(metadata['uid'].encode()) % 250 + 1}"
    owner = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "name": metadata["name"]}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": "VirtualMachineInstance",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": f"{metadata['uid'][:-4]}0001",
            "creationTimestamp": metadata["creationTimestamp"],
            "labels": {**template.get("metadata", {}).get("labels", {}), "kubevirt.io/nodeName": "node-1"},
            "ownerReferences": [{**owner, "uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": template.get("spec", {}),
        "status": {
            "phase": "Running" if machine.course.get("status", "Running") in UP else "Scheduling",
            "nodeName": "node-1",
            "interfaces": [{"name": "default", "ipAddress": address, "ipAddresses": [address]}] if address else [],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
