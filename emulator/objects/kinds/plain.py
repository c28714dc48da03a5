# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Kinds that are what they were given, more or less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kind import Kind, Manifest

if TYPE_CHECKING:
    from ..store import Store


class Namespace(Kind):
    kind, resource, namespaced, short_names = "Namespace", "namespaces", False, ("ns",)

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        new["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = new["metadata"]["name"]
        new.setdefault("spec", {})["finalizers"] = ["kubernetes"]
        new["status"] = {"phase": "Active"}


class Event(Kind):
    kind, resource, short_names = "Event", "events", ("ev",)


class StorageClass(Kind):
    kind, resource, group, namespaced = "StorageClass", "storageclasses", "storage.k8s.io", False
    short_names = ("sc",)
    DEFAULT = "storageclass.kubernetes.io/is-default-class"

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        new.setdefault("reclaimPolicy", "Delete")
        new.setdefault("volumeBindingMode", "Immediate")


class Instancetype(Kind):
    kind, resource = "VirtualMachineInstancetype", "virtualmachineinstancetypes"
    group, version, short_names = "instancetype.kubevirt.io", "v1beta1", ("vminstancetype",)


class ClusterInstancetype(Kind):
    kind, resource = "VirtualMachineClusterInstancetype", "virtualmachineclusterinstancetypes"
    group, version, namespaced = "instancetype.kubevirt.io", "v1beta1", False
    short_names = ("vmclusterinstancetype",)
