# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes as objects of Kubernetes: DataVolumes of CDI, each with a PersistentVolumeClaim of its name."""

from __future__ import annotations

from ..._values.message import Message
from ..._values.quantity import parse_quantity
from ..model.datavolume import DataVolumeState, Source
from .reader import read_quantity


def read_data_volume(volume: Message, claim: Message) -> DataVolumeState | None:
    """A volume and its claim, which may be empty. None for a source that OtterScale cannot make. Raises ValueError."""
    spec, status, metadata = (volume.object(name) for name in ("spec", "status", "metadata"))
    if not spec:
        raise ValueError("'spec' is empty")
    source = _read_source(spec.object("source"), metadata.string("namespace"))
    if source is None:
        return None
    claimed = spec.object("pvc") or spec.object("storage")
    conditions = status.objects("conditions")
    return DataVolumeState(
        source=source,
        boot_image=None,
        size=read_quantity(claimed.object("resources").object("requests"), "storage"),
        capacity=read_capacity(claim.object("status").object("capacity").string("storage")),
        phase=status.string("phase"),
        progress=status.string("progress"),
        condition={"message": conditions[-1].string("message")} if conditions else {},
        created_at=metadata.time("creationTimestamp"),
    )


def read_capacity(text: str) -> int:
    """In bytes, 0 where there is none."""
    try:
        return parse_quantity(text) if text else 0
    except ValueError as error:
        raise ValueError(f"'capacity' {error}") from None


def _read_source(source: Message, namespace: str) -> Source | None:
    if "blank" in source:
        return Source("blank_image")
    if "http" in source:
        return Source("http_url", source.object("http").string("url"))
    if "pvc" not in source:
        return None
    claim = source.object("pvc")
    name, owner = claim.string("name"), claim.string("namespace")
    return Source("existing_persistent_volume_claim", name if owner in ("", namespace) else f"{owner}/{name}")
