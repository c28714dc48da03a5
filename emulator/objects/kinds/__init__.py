# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The kinds of objects that a cluster knows, one room for what has rules of its own."""

from __future__ import annotations

from ..kind import Kind
from .claim import PersistentVolumeClaim
from .plain import ClusterInstancetype, Event, Instancetype, Namespace, StorageClass
from .service import Service
from .virtual_machine import VirtualMachine, VirtualMachineInstance
from .volume import DataVolume

# By the resource and its group, as texts of errors write it.
KINDS: dict[str, Kind] = {
    kind.title: kind
    for kind in (
        Namespace(),
        Service(),
        PersistentVolumeClaim(),
        Event(),
        StorageClass(),
        DataVolume(),
        VirtualMachine(),
        VirtualMachineInstance(),
        ClusterInstancetype(),
        Instancetype(),
    )
}
