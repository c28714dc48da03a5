# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Control endpoints for tests, under /_emulator/: the journal, the state, foreign objects, faults."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from . import faults, ief, volumes
from .errors import BackendError
from .generation import Generation
from .journal import Journal
from .model import (
    ApigeeInstance,
    Bucket,
    DataVolume,
    EdgeService,
    IamToken,
    IamUser,
    Ief,
    InstanceType,
    Link,
    Service,
    User,
    VirtualMachine,
    from_json,
    key_of,
    to_json,
)
from .objects import shapes
from .objects.clusters import Clusters
from .world import World

# kind in a put -> (its class, where a scope keeps it)
KINDS: dict[str, tuple[type[Any], str]] = {
    "service": (Service, "services"),
    "data_volume": (DataVolume, "data_volumes"),
    "virtual_machine": (VirtualMachine, "virtual_machines"),
    "instance_type": (InstanceType, "instance_types"),
    "bucket": (Bucket, "buckets"),
    "user": (User, "users"),
}
# The same for the REST APIs: -> (its class, the name of the API's state, where that keeps it, members of its key)
API_KINDS: dict[str, tuple[type[Any], str, str, tuple[str, ...]]] = {
    "ief_service": (EdgeService, "ief", "services", ("id",)),
    "iam_user": (IamUser, "iam", "users", ("domain", "name")),
    "iam_token": (IamToken, "iam", "tokens", ("token",)),
    "apigee_instance": (ApigeeInstance, "apigee", "instances", ("name",)),
    "cluster": (Link, "platform", "clusters", ("cluster",)),
}


class Control:
    def __init__(
        self, world: World, generation: Generation, journal: Journal, clusters: Clusters | None = None
    ) -> None:
        """clusters: those of OtterScale 1.x, which keeps services, volumes and VMs as Kubernetes objects."""
        self._clusters = clusters
        self._world = world
        self._generation = generation
        self._journal = journal

    def answer(self, method: str, path: str, query: str, body: Any) -> tuple[int, dict[str, Any]]:
        handlers: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
            ("GET", "journal"): lambda: self._journal.since(int(parse_qs(query).get("since", ["0"])[0])),
            ("GET", "state"): self._state,
            ("POST", "put"): lambda: self.put(body),
            ("POST", "reset"): lambda: self._reset(body),
            ("GET", "faults"): lambda: {"rules": self._world.faults},
            ("POST", "faults"): lambda: self._add_faults(body),
            ("DELETE", "faults"): lambda: self._set_faults([]),
        }
        handler = handlers.get((method, path.removeprefix("/_emulator/")))
        if handler is None:
            known = ", ".join(f"{verb} /_emulator/{name}" for verb, name in handlers)
            return 404, {"error": f"there is {known}"}
        try:
            return 200, handler()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
        except BackendError as error:
            return 400, {"error": error.text}

    def _state(self) -> dict[str, Any]:
        self._world.settle()
        scopes = self._world.dump()
        if self._clusters is not None:
            for name, tables in scopes.items():
                tables |= shapes.tables(self._clusters.behind(name))
        own = {"scopes": scopes, "generation": to_json(self._generation), "faults": self._world.faults}
        return own | self._world.dump_apis()

    def put(self, body: Any) -> dict[str, Any]:
        """Place objects, change single members of existing ones, or delete them with `remove`."""
        places = [self._place(item) for item in (body if isinstance(body, list) else [body])]
        self._world.settle()
        self._world.commit()
        objects = [to_json(placed) for placed in places]
        return {"objects": objects} if isinstance(body, list) else {"object": objects[0]}

    def _place(self, body: Any) -> Any:
        kind, given = body["kind"], body["object"]
        name = body.get("scope") or next(iter(self._world.scopes))
        if self._clusters is not None and (kind in shapes.SHAPES or kind == "object"):
            return shapes.put(self._clusters.behind(name), kind, given, remove=bool(body.get("remove")))
        if kind in API_KINDS:
            cls, api, attribute, members = API_KINDS[kind]
            holder = self._world.apis[api]
            if kind == "ief_service":
                given = {"id": _edge_id(holder, given), **given}
            key = "/".join(str(given[member]) for member in members)
        elif kind in KINDS:
            cls, attribute = KINDS[kind]
            holder = self._world.scope(name)
            key = _key(kind, given)
        else:
            raise ValueError(f"no such kind: {kind!r}; there are {', '.join([*KINDS, *API_KINDS])}")
        objects = getattr(holder, attribute)
        if body.get("remove"):
            return objects.pop(key, None)
        present = to_json(objects[key]) if key in objects else _defaults(kind, given)
        placed = objects[key] = from_json(cls, {**present, **given})
        if isinstance(placed, DataVolume) and "capacity_bytes" not in present | given:
            placed.capacity_bytes = volumes.claimed(placed, self._generation.claims)
        return placed

    def _reset(self, body: Any) -> dict[str, Any]:
        self._world.reset()
        self._world.settle()
        if (body or {}).get("journal"):
            self._journal.clear()
        return {"next": self._journal.since(0)["next"]}

    def _add_faults(self, body: Any) -> dict[str, Any]:
        return self._set_faults([*self._world.faults, *faults.parse(self._world, body["rules"])])

    def _set_faults(self, rules: list[dict[str, Any]]) -> dict[str, Any]:
        self._world.set_faults(rules)
        return {"rules": self._world.faults}


def _key(kind: str, given: dict[str, Any]) -> str:
    if kind == "user":
        return str(given["id"])
    if kind == "bucket":
        return str(given["name"])
    return key_of(given["namespace"], given["name"])


def _edge_id(state: Ief, given: dict[str, Any]) -> str:
    """That of the service which has the name already, or else a new one."""
    place = (given.get("project_id"), given.get("instance_id", ""), given.get("name"))
    for service in state.services.values():
        if (service.project_id, service.instance_id, service.name) == place:
            return service.id
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, place))))


def _defaults(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """What is put is foreign unless it says otherwise: OtterScale did not create it."""
    if kind == "data_volume":
        return {"managed": False}
    if kind == "ief_service":
        return {"created_at": ief.now(), "updated_at": ief.now()}
    if kind == "bucket":
        owner = given.get("owner", "")
        return {"grants": [{"type": "CanonicalUser", "id": owner, "permission": "FULL_CONTROL"}]} if owner else {}
    return {}
