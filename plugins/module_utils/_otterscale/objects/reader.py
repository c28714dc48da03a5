# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Objects of Kubernetes, whichever way they are read: what they are called, and what is sure to be one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ..._errors import ApiError
from ..._values.message import Message
from ..._values.quantity import parse_quantity


class Kind(NamedTuple):
    """What a kind of object is called in addresses, in documents and in messages."""

    group: str
    version: str
    resource: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def plural(self) -> str:
        """As Kubernetes calls them in its refusals."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


SERVICE = Kind("", "v1", "services", "Service")
CLAIM = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
DATA_VOLUME = Kind("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume")
MACHINE = Kind("kubevirt.io", "v1", "virtualmachines", "VirtualMachine")
INSTANCE = Kind("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance")
CLUSTER_INSTANCE_TYPE = Kind(
    *("instancetype.kubevirt.io", "v1beta1", "virtualmachineclusterinstancetypes", "VirtualMachineClusterInstancetype")
)
NAMESPACE = Kind("", "v1", "namespaces", "Namespace")


class Reader(Protocol):
    """A way to Kubernetes."""

    def get(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object as the API shows it, None if it is proven that there is none. Raises ApiError."""


def unlike(document: Mapping[str, Any], kind: Kind, namespace: str, name: str) -> str | None:
    """How a document differs from the object that was asked for."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    members = (
        ("kind", document.get("kind"), kind.name),
        ("apiVersion", document.get("apiVersion"), kind.api_version),
        ("metadata.name", metadata.get("name"), name),
        ("metadata.namespace", metadata.get("namespace"), namespace),
    )
    return next((f"'{key}' is {found!r}, not {asked!r}" for key, found, asked in members if found != asked), None)


def read_quantity(message: Message, field: str) -> int:
    """A quantity, 0 where there is none. In a custom resource it stays as it was written: a text or an integer."""
    quantity = message.get(field)
    if isinstance(quantity, int) and not isinstance(quantity, bool):
        return quantity
    text = message.string(field)
    try:
        return parse_quantity(text or "0")
    except ValueError as error:
        raise ValueError(f"'{field}' {error}") from None


def says_missing(error: ApiError, option: str, kind: Kind, name: str | None) -> bool:
    """Whether Kubernetes refuses a write because what an option names does not exist; then the advice says that."""
    missing = name is not None and f'{kind.plural} "{name}" not found' in error.message
    if missing:
        error.advice = f"The {option} {name!r} does not exist: create it first, or name another '{option}'."
    return missing
