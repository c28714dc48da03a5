# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""ResourceService and LinkService: from messages to the objects of a cluster and back."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import yaml
from otterscale.link.v1 import link_pb
from otterscale.link.v1.link_connect import LinkService
from otterscale.resource.v1 import resource_pb as pb
from otterscale.resource.v1.resource_connect import ResourceService
from protobuf.wkt import Empty

from ..context import Context
from ..errors import BackendError
from ..model import Object
from . import errors, selectors
from .clusters import Clusters
from .codec import as_double
from .kind import VERBS, Kind, Manifest
from .kinds import KINDS
from .moments import timestamp
from .store import Store

# The JSON of a message: see codec.py. What the proto declares is the same.
Answer = Any
# The manager that Kubernetes makes of a client's name, where a request does not say one.
MANAGER = "otterscale"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Resources(ResourceService):
    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def discovery(self, request: pb.DiscoveryRequest, ctx: Context) -> Answer:
        self._clusters.store(request.cluster)
        missing = self._clusters.link(request.cluster).missing
        found: list[dict[str, Any]] = []
        for kind in KINDS.values():
            if kind.api_version not in missing:
                about = {"group": kind.group, "version": kind.version, "kind": kind.kind, "namespaced": kind.namespaced}
                short_names = {"shortNames": list(kind.short_names)} if kind.short_names else {}
                found.append({"resource": kind.resource, "verbs": VERBS, **about, **short_names})
                for part in kind.subresources:
                    verbs = ["get", "patch", "update"]
                    found.append({"resource": f"{kind.resource}/{part}", "verbs": verbs, **about})
        return {"apiResources": found}

    async def schema(self, request: pb.SchemaRequest, ctx: Context) -> Answer:
        self._clusters.store(request.cluster)
        for kind in KINDS.values():
            if (kind.group, kind.version, kind.kind) == (request.group, request.version, request.kind):
                known = {name: {"type": "object"} for name in ("metadata", "spec", "status")}
                schema = {"type": "object", "description": f"A {kind.kind}.", "properties": known}
                return {"schema": schema}
        raise BackendError("internal", f"schema for {request.group}/{request.version}, Kind={request.kind} not found")

    async def list(self, request: pb.ListRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        _check_scope(kind, request, everywhere=True)
        matches = selectors.matches(request.label_selector, request.field_selector)
        revision, start = _continued(request.continue_) if request.continue_ else (store.revision, "")
        found = [item for item in store.all(kind, request.namespace, start) if matches(item.manifest)]
        page = found[: request.limit] if request.limit > 0 else found
        # Explicit presence: "" and "0" are there, but a list without entries is not.
        answer = {"resourceVersion": str(revision), "continue": "", "remainingItemCount": "0"}
        if len(page) < len(found):
            answer["continue"] = _token(revision, page[-1])
            if not request.label_selector and not request.field_selector:
                answer["remainingItemCount"] = str(len(found) - len(page))
        return {**answer, **_listed("items", [_resource(item) for item in page])}

    async def get(self, request: pb.GetRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        _check_named(kind, request)
        return _resource(store.get(kind, request.namespace, request.name))

    async def describe(self, request: pb.GetRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        _check_named(kind, request)
        item = store.get(kind, request.namespace, request.name)
        return {"resource": _resource(item), **_listed("events", [{"object": event} for event in _events(kind, item)])}

    async def create(self, request: pb.CreateRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        manifest = _manifest(request.manifest)
        if kind.namespaced and not request.namespace:
            raise errors.Status("MethodNotAllowed", "the server does not allow this method on the requested resource")
        _check_scope(kind, request)
        _check_agrees(kind, request, manifest)
        return _resource(store.create(kind, request.namespace, manifest, MANAGER))

    async def apply(self, request: pb.ApplyRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        manifest = _manifest(request.manifest)
        _check_named(kind, request)
        if not request.field_manager:
            problem = (
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
            )
            raise errors.Status("Invalid", problem)
        _check_agrees(kind, request, manifest, named=True)
        if manifest["metadata"].get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        manifest["metadata"]["name"] = request.name
        item = store.apply(kind, request.namespace, request.name, manifest, request.field_manager, force=request.force)
        return _resource(item)

    async def update(self, request: pb.UpdateRequest, ctx: Context) -> Answer:
        store, kind = self._lookup(request)
        manifest = _manifest(request.manifest)
        name = manifest["metadata"].get("name")
        if not name:
            raise errors.bad_manifest(".metadata.name: is required")
        if name != request.name:
            raise errors.bad_manifest(f'.metadata.name: "{name}" does not match the name "{request.name}"')
        _check_named(kind, request)
        _check_agrees(kind, request, manifest, named=True)
        manager = request.field_manager or MANAGER
        return _resource(store.replace(kind, request.namespace, request.name, manifest, manager))

    async def delete(self, request: pb.DeleteRequest, ctx: Context) -> Empty:
        store, kind = self._lookup(request)
        _check_named(kind, request)
        store.delete(kind, request.namespace, request.name)
        return Empty()

    def _lookup(self, request: Any) -> tuple[Store, Kind]:
        """The cluster and the kind, as OtterScale's own discovery finds them before anything else."""
        store = self._clusters.store(request.cluster)
        version = f"{request.group}/{request.version}" if request.group else request.version
        served = [kind for kind in KINDS.values() if kind.api_version == version]
        if not served or version in self._clusters.link(request.cluster).missing:
            raise errors.no_such_path()
        for kind in served:
            if kind.resource == request.resource:
                return store, kind
        raise BackendError("invalid_argument", f'unable to recognize resource "{request.resource}" in "{version}"')


class Links(LinkService):
    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def list_links(self, request: link_pb.ListLinksRequest, ctx: Context) -> link_pb.ListLinksResponse:
        links = self._clusters.links()
        return link_pb.ListLinksResponse(
            links=[link_pb.Link(cluster=link.cluster, agent_version=link.agent_version) for link in links]
        )


def _check_named(kind: Kind, request: Any) -> None:
    """Kubernetes' client refuses an empty name itself, so it is no Status."""
    if not request.name:
        raise BackendError("internal", "name is required")
    _check_scope(kind, request)


def _check_scope(kind: Kind, request: Any, *, everywhere: bool = False) -> None:
    """everywhere: whether no namespace means all of them."""
    wrong = not (request.namespace or everywhere) if kind.namespaced else bool(request.namespace)
    if wrong:
        raise errors.no_such_path()


def _manifest(data: bytes) -> Manifest:
    """One YAML or JSON document; a BackendError for anything else."""
    text = bytes(data).decode("utf-8", "replace")
    try:
        manifest = json.loads(text)
    except ValueError:
        try:
            manifest = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise errors.bad_manifest(f": invalid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(manifest, dict):
        raise errors.bad_manifest(": invalid YAML: the document is no object")
    for member, title in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not manifest.get(member):
            raise errors.bad_manifest(f": invalid YAML: Object '{title}' is missing in '{json.dumps(manifest)[:100]}'")
    if not isinstance(manifest.setdefault("metadata", {}), dict):
        raise errors.bad_manifest(": invalid YAML: metadata is no object")
    # Once more, for what YAML knows and JSON does not, and for its numbers.
    text = json.dumps(manifest, default=str)
    decoded: Manifest = json.loads(text, parse_int=as_double, parse_float=as_double, object_pairs_hook=_without_nulls)
    return decoded


def _without_nulls(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in members if value is not None}


def _check_agrees(kind: Kind, request: Any, manifest: Manifest, *, named: bool = False) -> None:
    """What the manifest says of itself and where it was sent are the same."""
    if (manifest["apiVersion"], manifest["kind"]) != (kind.api_version, kind.kind):
        given = f"{manifest['apiVersion']}, Kind={manifest['kind']}"
        raise errors.bad_request(f"the object provided is unrecognized (must be of type {kind.kind}): {given}")
    kind.check_types(manifest)
    metadata = manifest["metadata"]
    if metadata.get("namespace") and metadata["namespace"] != request.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if named and metadata.get("name") and metadata["name"] != request.name:
        problem = f"the name of the object ({metadata['name']}) does not match the name on the URL ({request.name})"
        raise errors.bad_request(problem)


def _resource(item: Object) -> Answer:
    """As it is shown: without what only confuses."""
    metadata = {name: value for name, value in item.manifest["metadata"].items() if name != "managedFields"}
    if "annotations" in metadata:
        metadata["annotations"] = {
            name: value for name, value in metadata["annotations"].items() if name != LAST_APPLIED
        }
        if not metadata["annotations"]:
            del metadata["annotations"]
    return {"object": {**item.manifest, "metadata": metadata}}


def _events(kind: Kind, item: Object) -> list[Manifest]:
    metadata = item.manifest["metadata"]
    about = {"apiVersion": kind.api_version, "kind": kind.kind, "uid": metadata["uid"]}
    about |= {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    events = []
    for number, event in enumerate(item.events):
        at = timestamp(event["at"])
        shown = {name: value for name, value in event.items() if name != "at"}
        names = {"name": f"{metadata['name']}.{number:016x}", "namespace": metadata.get("namespace", "default")}
        times = {"firstTimestamp": at, "lastTimestamp": at, "count": 1}
        members = {"metadata": {**names, "creationTimestamp": at}, "involvedObject": copy.deepcopy(about)}
        events.append({"apiVersion": "v1", "kind": "Event", **members, **shown, **times})
    return events


def _listed(name: str, items: list[Answer]) -> Answer:
    return {name: items} if items else {}


def _token(revision: int, last: Object) -> str:
    metadata = last.manifest["metadata"]
    start = [metadata.get("namespace", ""), metadata["name"]]
    return base64.urlsafe_b64encode(json.dumps({"rv": revision, "start": "/".join(start)}).encode()).decode()


def _continued(token: str) -> tuple[int, str]:
    try:
        told = json.loads(base64.urlsafe_b64decode(token))
        return int(told["rv"]), str(told["start"])
    except (ValueError, KeyError, TypeError):
        raise errors.bad_request("continue key is not valid") from None
