# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Objects by otterscale.resource.v1: how they are addressed, read and written there, and what its refusals mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._engine.index import Index, view
from ..._engine.resource import Read, Step, Verb
from ..._errors import ApiError
from ..._values.message import Message
from ..server import RESOURCES, UPDATE
from .reader import Kind, unlike

CREATE, APPLY, DELETE = (f"{RESOURCES}/{rpc}" for rpc in ("Create", "Apply", "Delete"))
DESCRIBE = f"{RESOURCES}/Describe"
FIELD_MANAGER = "otterscale.core"
_PAGE = 500
_CONFLICTS = ("Operation cannot be fulfilled", "Apply failed with")
# What a cluster lacks where it does not know a kind of object.
_COMPONENTS = {"kubevirt.io": "KubeVirt", "cdi.kubevirt.io": "KubeVirt's CDI"}


def address(cluster: str, kind: Kind, namespace: str, name: str | None = None) -> dict[str, Any]:
    """What every request names. An object that is about to be created has its name in its manifest alone."""
    where = {"cluster": cluster, "group": kind.group, "version": kind.version, "resource": kind.resource}
    return {**where, "namespace": namespace, **({} if name is None else {"name": name})}


def manifest(document: Mapping[str, Any]) -> str:
    """An object as requests carry it."""
    return base64.b64encode(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).decode()


def update_step(
    key: Mapping[str, Any], document: Mapping[str, Any], applied: Mapping[str, Any] | None, reason: str
) -> Step:
    """The write that makes an object so. applied: what of it is managed, for a server that has no Update."""
    request = {**key, "manifest": manifest(document if applied is None else applied), "fieldManager": FIELD_MANAGER}
    if applied is None:
        return Step(Verb.UPDATE, UPDATE, request, reason)
    return Step(Verb.UPDATE, APPLY, {**request, "force": True}, reason)


@dataclass(frozen=True)
class ResourceService:
    """Reads the objects of a cluster. What is not what was asked for raises ValueError.

    many: many objects of each namespace will be asked for, one after the other: all of them are read at once.
    """

    read: Read
    cluster: str
    many: bool = False

    def get(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object as the API shows it, None if it is proven that there is none."""
        if self.many:
            found = (view(page, _by_name, kind).find(name) for page in self._pages(kind, namespace))
            return next((item["object"] for item in found if item is not None), None)
        try:
            answer = self.read(f"{RESOURCES}/Get", address(self.cluster, kind, namespace, name))
        except ApiError as error:
            if is_absence(error, kind, name):
                return None
            _explain(error, kind)
            raise
        document = Message(answer).object("object")
        if flaw := unlike(document, kind, namespace, name):
            raise ValueError(f"it is not the object that was asked for: {flaw}")
        return document

    def find_all(self, kind: Kind, namespace: str, label_selector: str = "") -> Iterator[Mapping[str, Any]]:
        """All objects of a namespace; "" is all namespaces."""
        for page in self._pages(kind, namespace, label_selector):
            yield from _objects(page, kind)

    def _pages(self, kind: Kind, namespace: str, label_selector: str = "") -> list[dict[str, Any]]:
        request = {**address(self.cluster, kind, namespace), "labelSelector": label_selector, "limit": _PAGE}
        pages: list[dict[str, Any]] = []
        restarted = False
        while True:
            token = Message(pages[-1]).string("continue") if pages else ""
            if pages and not token:
                return pages
            try:
                pages.append(self.read(f"{RESOURCES}/List", {**request, **({"continue": token} if token else {})}))
            except ApiError as error:
                if not (token and _has_expired(error)) or restarted:
                    _explain(error, kind)
                    raise
                pages, restarted = [], True


def _objects(page: Mapping[str, Any], kind: Kind) -> Iterator[dict[str, Any]]:
    """Those of a list; whether each says what it is depends on the cluster."""
    for item in Message(page).objects("items"):
        yield {"apiVersion": kind.api_version, "kind": kind.name, **item.object("object")}


def _by_name(page: Mapping[str, Any], kind: Kind) -> Index:
    return Index({"name": name_of(document), "object": document} for document in _objects(page, kind))


def name_of(document: Mapping[str, Any]) -> str:
    return Message(document).object("metadata").string("name")


# What refusals mean. Their texts are those of Kubernetes, which the server says twice.


def is_absence(error: ApiError, kind: Kind, name: str) -> bool:
    """Whether it is this very object that does not exist: not its namespace, its kind, or the cluster's agent."""
    return error.code == "not_found" and f'{kind.plural} "{name}" not found' in error.message


def is_conflict(error: ApiError) -> bool:
    """Whether an object is not as it was read any more, or Apply meets fields of others. Nothing else is this here."""
    conflict = error.code == "failed_precondition" and any(text in error.message for text in _CONFLICTS)
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
