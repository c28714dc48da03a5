# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The objects of one cluster: what the Kubernetes API server does with an object of any kind."""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BackendError
from ..model import Object, Table
from ..services import WITH_NODE_PORTS
from ..world import World
from . import errors, ownership
from .kind import Kind, Manifest
from .kinds import KINDS
from .moments import timestamp

# Whatever a client writes here, the server keeps its own.
_KEPT = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")


@dataclass(frozen=True)
class Settings:
    """How the cluster's controllers behave: see generation.py and the options of the command line."""

    claims: str = "exact"
    collected: bool = False
    import_seconds: float = 0.0
    deletion_seconds: float = 0.0
    agent_version: str = ""


class Store:
    def __init__(self, world: World, scope: str, settings: Settings) -> None:
        self.settings = settings
        self._world = world
        self._scope = scope
        self._table: Table[Object] = Table()
        self.node_ports: dict[int, str] = {}  # -> the key of the service that has it
        self._owned: dict[str, set[str]] = {}  # uid -> the keys of what it owns
        self._restless: set[str] = set()  # what a controller has more to do with
        self._told = False  # whether there was an event since the controllers began

    @property
    def table(self) -> Table[Object]:
        """The objects by key. All that is derived from them begins anew where a reset has replaced them."""
        table = self._world.scope(self._scope).objects
        if table is not self._table:
            self._table = table
            self.node_ports, self._owned, self._restless = {}, {}, set(table)
            for key, item in table.items():
                self._index(key, item.manifest)
        return table

    @property
    def revision(self) -> int:
        return int(self._world.apis["platform"].revision)

    # Reads

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        found: Object | None = self.table.get(key_of(kind, namespace, name))
        return found

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        item = self.find(kind, namespace, name)
        if item is None:
            raise errors.not_found(kind.title, name)
        return item

    def all(self, kind: Kind, namespace: str = "", after: str = "") -> list[Object]:
        """In the order of their keys, like etcd; after: the `namespace/name` that it goes on from."""
        prefix = f"{kind.title}/{namespace}/" if namespace else f"{kind.title}/"
        start = f"{kind.title}/{after}"
        found = {key: item for key, item in self.pairs(prefix) if not after or key > start}
        return [found[key] for key in sorted(found)]

    def pairs(self, prefix: str) -> Iterable[tuple[str, Object]]:
        """The objects whose key begins so, with their keys."""
        return ((key, item) for key, item in self.table.items() if key.startswith(prefix))

    # Writes

    def create(self, kind: Kind, namespace: str, manifest: Manifest, manager: str) -> Object:
        new = copy.deepcopy(manifest)
        metadata = new.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
        name = str(metadata.get("name") or "")
        if not name:
            raise kind.invalid("", "metadata.name", "Required value: name or generateName is required")
        if metadata.get("resourceVersion"):
            raise errors.bad_request("resourceVersion should not be set on objects to be created")
        self._check_namespace(kind, namespace)
        for member in (*_KEPT, "resourceVersion", "managedFields"):
            metadata.pop(member, None)
        metadata |= {"uid": self.new_uid(), "creationTimestamp": timestamp(time.time())}
        if kind.namespaced:
            metadata["namespace"] = namespace
        if kind.custom:
            metadata["generation"] = 1
        new.pop("status", None)
        given = copy.deepcopy(new)
        self._admit(kind, name, new, None)
        key = key_of(kind, namespace, name)
        if key in self.table:
            raise errors.already_exists(kind.title, name)
        item = Object(new, ownership.written({}, manager, {}, given))
        self.place(key, item)
        return item

    def replace(self, kind: Kind, namespace: str, name: str, manifest: Manifest, manager: str) -> Object:
        """A PUT of the whole object: the optimistic lock is the resourceVersion in it."""
        item = self.get(kind, namespace, name)
        new = copy.deepcopy(manifest)
        metadata = new.setdefault("metadata", {})
        version = str(metadata.get("resourceVersion") or "")
        if kind.custom and not version:
            problem = "Invalid value: 0: must be specified for an update"
            raise kind.invalid(name, "metadata.resourceVersion", problem)
        present = item.manifest["metadata"]
        if metadata.get("uid") and metadata["uid"] != present["uid"]:
            problem = (
                f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {present['uid']}"
            )
            raise errors.conflict(kind.title, name, problem)
        if version and version != present["resourceVersion"]:
            raise errors.conflict(kind.title, name)
        return self._change(kind, item, new, ownership.written(item.managers, manager, item.manifest, new))

    def apply(self, kind: Kind, namespace: str, name: str, manifest: Manifest, manager: str, *, force: bool) -> Object:
        """A server-side apply, which creates what is not there."""
        item = self.find(kind, namespace, name)
        if item is None:
            created = self.create(kind, namespace, manifest, manager)
            created.managers = {f"{manager}/Apply": paths for paths in created.managers.values()}
            return created
        version = str(manifest.get("metadata", {}).get("resourceVersion") or "")
        if version and version != item.manifest["metadata"]["resourceVersion"]:
            raise errors.conflict(kind.title, name)

        def conflicts(fields: dict[str, list[str]]) -> errors.Status:
            return _apply_failed(kind, fields)

        new, managers = ownership.applied(
            item.manifest, item.managers, manager, manifest, force=force, conflicts=conflicts
        )
        return self._change(kind, item, new, managers)

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """At once, or when the last finalizer is gone."""
        item = self.get(kind, namespace, name)
        metadata = item.manifest["metadata"]
        if "deletionTimestamp" not in metadata and metadata.get("finalizers"):
            metadata |= {"deletionTimestamp": timestamp(time.time()), "deletionGracePeriodSeconds": 0}
            item.course["deleted_at"] = time.time()
            self.touch(kind, item)
        elif not metadata.get("finalizers"):
            self.remove(key_of(kind, namespace, name))

    def _change(self, kind: Kind, item: Object, new: Manifest, managers: dict[str, list[list[str]]]) -> Object:
        old = item.manifest
        metadata = new["metadata"]
        for member in _KEPT:
            metadata.pop(member, None)
        metadata |= {member: old["metadata"][member] for member in _KEPT if member in old["metadata"]}
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        metadata["namespace"] = old["metadata"].get("namespace", "")
        if not kind.namespaced:
            metadata.pop("namespace")
        metadata.pop("managedFields", None)
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
        self._admit(kind, metadata["name"], new, old)
        item.managers = managers
        if new == old:
            return item
        if kind.custom and new.get("spec") != old.get("spec"):
            metadata["generation"] += 1
        item.manifest = new
        self.touch(kind, item)
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self.remove(key_of(kind, metadata.get("namespace", ""), metadata["name"]))
        return item

    def _admit(self, kind: Kind, name: str, new: Manifest, old: Manifest | None) -> None:
        try:
            kind.complete(self, new, old)
            if old is None:
                kind.check_name(name)
            kind.check_metadata(name, new["metadata"])
            kind.check(self, new, old)
        except BackendError as error:
            raise errors.from_backend(error) from None

    def _check_namespace(self, kind: Kind, namespace: str) -> None:
        if kind.namespaced and f"namespaces//{namespace}" not in self.table:
            raise errors.not_found("namespaces", namespace)

    # What controllers use

    def new_uid(self) -> str:
        return str(uuid.uuid4())

    def owned_by(self, item: Object) -> list[str]:
        """The keys of what goes when it goes."""
        return sorted(key for key in self._owned.get(item.manifest["metadata"]["uid"], ()) if key in self.table)

    def release(self, key: str) -> None:
        """Nobody owns it any more."""
        for owned in self._owned.values():
            owned.discard(key)

    def place(self, key: str, item: Object) -> None:
        """A new object, or another one in its place."""
        if key in self.table:
            self._forget(key)
        self.table[key] = item
        self._stamp(item.manifest)
        self._index(key, item.manifest)
        self._restless.add(key)

    def touch(self, kind: Kind, item: Object) -> None:
        """What has changed in place gets a new resourceVersion."""
        metadata = item.manifest["metadata"]
        self.place(key_of(kind, metadata.get("namespace", ""), metadata["name"]), item)

    def tell(self, item: Object, kind: str, reason: str, message: str) -> None:
        """An event; what was said last is not said again."""
        last = item.events[-1] if item.events else {}
        if (last.get("reason"), last.get("message")) != (reason, message):
            item.events.append({"type": kind, "reason": reason, "message": message, "at": time.time()})
            self._told = True

    def remove(self, key: str) -> None:
        """What is gone takes along what it owns, in the background."""
        item = self.table.pop(key)
        self._forget(key)
        self._world.apis["platform"].revision += 1
        for owned in self.owned_by(item):
            metadata = self.table[owned].manifest["metadata"]
            self.delete(KINDS[owned.split("/")[0]], metadata.get("namespace", ""), metadata["name"])
        self._owned.pop(item.manifest["metadata"]["uid"], None)
        if key.startswith("namespaces//"):
            for inside in [other for other in self.table if other.split("/")[1] == key.rpartition("/")[2]]:
                if inside in self.table:
                    self.remove(inside)

    def settle(self) -> bool:
        """Let the controllers act; returns whether any of them did."""
        before, table = self.revision, self.table
        self._told = False
        seen: set[str] = set()
        while todo := sorted(self._restless - seen):  # one may wake another, such as a volume its claim
            seen.update(todo)
            for key in todo:
                if not self._settle_one(key, table.get(key)):
                    self._restless.discard(key)
        return self._told or self.revision != before

    def _settle_one(self, key: str, item: Object | None) -> bool:
        """Whether there is more to come."""
        if item is None:
            return False
        if "deletionTimestamp" in item.manifest["metadata"]:
            return self._finalize(key, item)
        return KINDS[key.split("/")[0]].settle(self, key, item)

    def _finalize(self, key: str, item: Object) -> bool:
        """The finalizers of the cluster's own controllers go after a while; foreign ones stay."""
        metadata = item.manifest["metadata"]
        if time.time() - item.course.get("deleted_at", 0) < self.settings.deletion_seconds:
            return True
        finalizers = metadata.get("finalizers", [])
        foreign = [name for name in finalizers if name not in OWN_FINALIZERS]
        if not foreign:
            self.remove(key)
        elif foreign != finalizers:
            metadata["finalizers"] = foreign
            self.place(key, item)
        return False

    def _stamp(self, manifest: Manifest) -> None:
        platform = self._world.apis["platform"]
        platform.revision += 1
        manifest["metadata"]["resourceVersion"] = str(platform.revision)

    def _index(self, key: str, manifest: Manifest) -> None:
        for owner in manifest["metadata"].get("ownerReferences", ()):
            self._owned.setdefault(owner["uid"], set()).add(key)
        if key.startswith("services/") and manifest["spec"].get("type") in WITH_NODE_PORTS:
            self.node_ports |= {port["nodePort"]: key for port in manifest["spec"]["ports"] if port.get("nodePort")}

    def _forget(self, key: str) -> None:
        if key.startswith("services/"):
            for port in [port for port, owner in self.node_ports.items() if owner == key]:
                del self.node_ports[port]


# Of the controllers that run in every cluster here.
OWN_FINALIZERS = ("kubernetes.io/pvc-protection", "cdi.kubevirt.io/dataVolumeFinalizer")


def key_of(kind: Kind, namespace: str, name: str) -> str:
    return f"{kind.title}/{namespace}/{name}"


def _apply_failed(kind: Kind, fields: dict[str, list[str]]) -> errors.Status:
    number = sum(map(len, fields.values()))
    lines = []
    for owner, names in sorted(fields.items()):
        manager, _dummy, operation = owner.rpartition("/")
        using = f" using {kind.api_version}" if operation == "Update" else ""
        if len(names) == 1:
            lines.append(f'conflict with "{manager}"{using}: {names[0]}')
        else:
            lines.append("\n- ".join([f'conflicts with "{manager}"{using}:', *names]))
    return errors.Status("Conflict", f"Apply failed with {number} conflict{'s'[: number > 1]}: " + "\n".join(lines))
