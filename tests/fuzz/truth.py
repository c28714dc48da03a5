# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What is true of the emulator's state. What is particular to a kind of resource is said in tests/kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.kinds import emulated
from tests.kinds.datavolume import SOURCES

State = Mapping[str, Any]


def thing(kind: str, options: State, state: State) -> State | None:
    """The resource of a task as the server has it, whether listed or not."""
    key = "/".join(filter(None, (options.get("namespace"), str(options["name"]))))
    found: State | None = state[emulated(kind).attribute].get(key)
    return found


def copied(volume: State) -> str | None:
    """The "namespace/name" of what a volume that shall be there, or is there, is a copy of."""
    source = volume.get("source") or {}
    data = source.get("data", "") if source.get("type") == SOURCES[2] else ""
    if "source_type" in volume and SOURCES[volume["source_type"]] == SOURCES[2]:
        data = volume["source_data"]
    if not data or volume.get("state") == "absent":
        return None
    return str(data) if "/" in data else f"{volume['namespace']}/{data}"


def listed(kind: str, found: State, generation: Mapping[str, str]) -> bool:
    """Whether the lists of that generation show it."""
    return emulated(kind).listed(found, generation)


def knowable(kind: str, options: State, state: State) -> bool:
    """Whether a task can be told that the server is as it wants: not of a policy or an ACL that it cannot read."""
    found = thing(kind, options, state)
    hidden = options["state"] == "present" and found is not None and found.get("unreadable", False)
    return not (hidden and {"policy", "acl"} & set(options))


def fulfils(kind: str, options: State, state: State, generation: Mapping[str, str]) -> bool:
    """Whether the server is as the task wants it."""
    found = thing(kind, options, state)
    if options["state"] == "absent" or found is None:
        return (options["state"] == "absent") == (found is None)
    return emulated(kind).fulfils(options, found, listed(kind, found, generation))
