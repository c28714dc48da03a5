# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Objects by otterscale.resource.v1: how they are addressed, read and written there, and what its refusals mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ..._engine.index import view
from ..._engine.resource import Read
from ..._errors import ApiError
from ..._values.message import Message
from ..server import RESOURCES
from .reader import Kind, unlike

CREATE, APPLY, DELETE = (f"{RESOURCES}/{rpc}" for rpc in ("Create", "Apply", "Delete"))
DESCRIBE = f"{RESOURCES}/Describe"
FIELD_MANAGER = "otterscale.core"
_PAGE = 500
# What a cluster lacks where it does not know a kind of object.
_COMPONENTS = {"kubevirt.io": "KubeVirt", "cdi.kubevirt.io": "KubeVirt's CDI"}


def address(cluster: str, kind: Kind, namespace: str, name: str | None = None) -> dict[str, Any]:
    """What every request names. An object that is about to be created has its name in its manifest alone."""
    where = {"cluster": cluster, "group": kind.group, "version": kind.version, "resource": kind.resource}
    return {**where, "namespace": namespace, **({} if name is None else {"name": name})}


def manifest(document: Mapping[str, Any]) -> str:
    """An object as requests carry it."""
    return base64.b64encode(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).decode()


@dataclass(frozen=True)
class ResourceService:
    """Reads the objects of a cluster. What is not the object that was asked for raises ValueError."""

    read: Read
    cluster: str

    def get(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object as the API shows it, None if it is proven that there is none."""
        try:
            answer = self.read(f"{RESOURCES}/Get", address(self.cluster, kind, namespace, name))
        except ApiError as error:
            if is_absence(error, kind, name):
                return None
            _explain(error, kind)
            raise
        return object_in(answer, kind, namespace, name)

    def list(self, kind: Kind, namespace: str, label_selector: str = "") -> Iterator[Mapping[str, Any]]:
        """All objects of a namespace."""
        return chain.from_iterable(view(page, _objects) for page in self._pages(kind, namespace, label_selector))

    def find(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The same as get(), from the list of the namespace, which many resources can share."""
        found = (view(page, _by_name).get(name) for page in self._pages(kind, namespace))
        return next((document for document in found if document is not None), None)

    def _pages(self, kind: Kind, namespace: str, label_selector: str = "") -> Sequence[Mapping[str, Any]]:
        request = {**address(self.cluster, kind, namespace), "labelSelector": label_selector, "limit": _PAGE}
        pages: tuple[Mapping[str, Any], ...] = ()
        token, restarted = "", False
        while True:
            try:
                answer = self.read(f"{RESOURCES}/List", {**request, **({"continue": token} if token else {})})
            except ApiError as error:
                if token and not restarted and _has_expired(error):
                    pages, token, restarted = (), "", True
                    continue
                _explain(error, kind)
                raise
            pages += (answer,)
            token = Message(answer).string("continue")
            if not token:
                return pages


def _objects(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item.object("object") for item in Message(page).objects("items")]


def _by_name(page: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {Message(document).object("metadata").string("name"): document for document in view(page, _objects)}


def object_in(answer: Mapping[str, Any], kind: Kind, namespace: str, name: str) -> Mapping[str, Any]:
    """The object that an answer carries. Raises ValueError where it is not the one that was asked for."""
    document = Message(answer).object("object")
    if flaw := unlike(document, kind, namespace, name):
        raise ValueError(f"it is not the object that was asked for: {flaw}")
    return document


# What refusals mean. Their texts are those of Kubernetes, which the server says twice.


def is_absence(error: ApiError, kind: Kind, name: str) -> bool:
    """Whether it is this very object that does not exist: not its namespace, its kind, or the cluster's agent."""
    return error.code == "not_found" and f'{kind.plural} "{name}" not found' in error.message


def is_conflict(error: ApiError) -> bool:
    """Whether an object is not as it was read any more. Nothing else has this code here."""
    conflict = error.code == "failed_precondition"
    if conflict:
        error.advice = "Another client changes it all the time: run the task again when that has ended."
    return conflict


def _has_expired(error: ApiError) -> bool:
    """Whether a list has to begin anew, since it has taken too long."""
    return error.code == "invalid_argument" and "too old" in error.message


def _explain(error: ApiError, kind: Kind) -> None:
    """Say what a cluster lacks that does not serve a kind of object."""
    if "could not find the requested resource" in error.message or "unable to recognize resource" in error.message:
        error.message = f"the cluster does not serve {kind.plural} of version {kind.version}: {error.message}"
        component = _COMPONENTS.get(kind.group)
        error.advice = f"Check that {component} is installed on it." if component else "Check the cluster."
