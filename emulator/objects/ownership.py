# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Who set which field of an object, and server-side apply, which stands on it.

A field is a path from the top of the manifest to a value, `["spec", "type"]`. Maps are merged by their keys. Lists are
values like any other, set and owned as a whole, but for those of KEYS: their entries are told apart by some of their
members, which is a step of its own in the path, `["spec", "ports", 'k:{"port": 80, "protocol": "TCP"}', "nodePort"]`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str, ...]

# Members that tell the entries of a list apart, with what an entry has that does not name one.
KEYS: dict[Path, dict[str, Any]] = {("Service", "spec", "ports"): {"port": 0, "protocol": "TCP"}}
# Maps that are set as a whole.
ATOMIC: set[Path] = {("Service", "spec", "selector")}
# What nobody owns: what says which object it is, and what the server keeps.
_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
UNOWNED: set[Path] = {("apiVersion",), ("kind",), ("status",), *(("metadata", name) for name in _METADATA)}
ENTRY = "."  # the last step of a path that owns an entry of a list itself


def fields_of(manifest: dict[str, Any]) -> dict[Path, Any]:
    """Every field that a manifest sets."""
    return {path: value for path, value in _walk((str(manifest.get("kind")),), manifest) if path}


def _walk(at: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """at: with the kind before it, as in KEYS."""
    if at[1:] in UNOWNED:
        return
    if isinstance(value, dict) and value and at not in ATOMIC:
        for name, item in value.items():
            yield from _walk((*at, name), item)
    elif isinstance(value, list) and value and at in KEYS:
        for entry in value:
            step = _step(entry, KEYS[at])
            yield (*at[1:], step, ENTRY), None
            for name, item in entry.items():
                yield from _walk((*at, step, name), item)
    else:
        yield at[1:], value


def _step(entry: dict[str, Any], keys: dict[str, Any]) -> str:
    return "k:" + json.dumps({name: entry.get(name, default) for name, default in keys.items()})


def written(
    managers: dict[str, list[list[str]]], manager: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, list[list[str]]]:
    """Who owns what after a whole object was written: the writer what it changed, nobody what is gone."""
    old, new = fields_of(before), fields_of(after)
    changed = {path for path, value in new.items() if path not in old or old[path] != value}
    owned = {name: {tuple(path) for path in paths} - changed for name, paths in managers.items()}
    owned[f"{manager}/Update"] = owned.get(f"{manager}/Update", set()) | changed
    return _listed({name: {path for path in paths if path in new} for name, paths in owned.items()})


def applied(
    live: dict[str, Any],
    managers: dict[str, list[list[str]]],
    manager: str,
    wanted: dict[str, Any],
    *,
    force: bool,
    conflicts: Callable[[dict[str, list[str]]], Exception],
) -> tuple[dict[str, Any], dict[str, list[list[str]]]]:
    """The object and the owners after a server-side apply; raises what `conflicts` makes of {owner: fields}."""
    me = f"{manager}/Apply"
    owned = {name: {tuple(path) for path in paths} for name, paths in managers.items()}
    present, given = fields_of(live), fields_of(wanted)
    others = [name for name in owned if name != me]
    disputed = {path for path, value in given.items() if path in present and present[path] != value}
    if clashes := {name: owned[name] & disputed for name in others if owned[name] & disputed}:
        if not force:
            raise conflicts({name: sorted(map(_shown, paths)) for name, paths in clashes.items()})
        for name, paths in clashes.items():
            owned[name] -= paths
    merged = _merge((str(live.get("kind")),), copy.deepcopy(live), wanted)
    kept = set[Path]().union(given, *(owned[name] for name in others))
    # Whole entries first, with what nobody owned in them, such as defaults; without its keys, an entry is not found.
    for path in sorted(owned.get(me, set()) - kept, key=lambda path: path[-1] != ENTRY):
        _remove(merged, path, KEYS)
    owned[me] = set(given)
    return merged, _listed(owned)


def _merge(at: Path, live: Any, wanted: Any) -> Any:
    if isinstance(live, dict) and isinstance(wanted, dict) and at not in ATOMIC:
        for name, item in wanted.items():
            live[name] = _merge((*at, name), live.get(name), item)
        return live
    if isinstance(live, list) and isinstance(wanted, list) and at in KEYS:
        places = {_step(entry, KEYS[at]): index for index, entry in enumerate(live)}
        for entry in wanted:
            index = places.get(_step(entry, KEYS[at]))
            if index is None:
                live.append(copy.deepcopy(entry))
            else:
                live[index] |= copy.deepcopy(entry)
        return live
    return copy.deepcopy(wanted)


def _remove(manifest: dict[str, Any], path: Path, keys: dict[Path, dict[str, Any]]) -> None:
    holder: Any = manifest
    at: Path = (str(manifest.get("kind")),)
    for step, following in zip(path, (*path[1:], None), strict=True):
        if isinstance(holder, list):
            if at not in keys:
                return  # what was an object has become a list
            index = next((n for n, entry in enumerate(holder) if _step(entry, keys[at]) == step), None)
            if index is None:
                return
            if following == ENTRY:
                del holder[index]
                return
            holder = holder[index]
        elif not isinstance(holder, dict):
            return
        elif following is None:
            holder.pop(step, None)
        elif step in holder:
            at, holder = (*at, step), holder[step]
        else:
            return


def _shown(path: Path) -> str:
    return "".join(f"[{step[2:]}]" if step.startswith("k:") else f".{step}" for step in path if step != ENTRY)


def _listed(owned: dict[str, set[Path]]) -> dict[str, list[list[str]]]:
    return {name: sorted(map(list, paths)) for name, paths in owned.items() if paths}
