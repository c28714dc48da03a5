# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""What a newcomer finds in a cluster: what the other generations have, too, and what every cluster has."""

from __future__ import annotations

from ..model import Scope
from . import shapes
from .kinds.plain import StorageClass
from .store import Store

_ADMIN = "kubectl-create"
# The class of volumes that are bound once somebody uses them, and never grow.
LOCAL_CLASS = "local-path"


def plant(scope: Scope, store: Store) -> None:
    """The tables of the older generations are emptied into the store."""
    for name in ("default", "kube-system"):
        shapes.add(store, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, _ADMIN)
    ceph = {"name": "ceph-rbd", "annotations": {StorageClass.DEFAULT: "true"}}
    classes = (
        {"metadata": ceph, "provisioner": "rbd.csi.ceph.com", "allowVolumeExpansion": True},
        {
            "metadata": {"name": LOCAL_CLASS},
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    )
    for storage in classes:
        shapes.add(store, {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", **storage}, _ADMIN)
    for kind, table in (("instance_type", scope.instance_types), ("virtual_machine", scope.virtual_machines)):
        for item in table.values():
            shapes.place(store, kind, vars(item))
        for key in list(table):
            del table[key]
