# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What is true of the emulator's state, worked out without any code of the collection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .scenarios import GI

State = Mapping[str, Any]
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
ACLS = {
    "private": set(),
    "public_read": {(ALL_USERS, "READ")},
    "public_read_write": {(ALL_USERS, "READ"), (ALL_USERS, "WRITE")},
    "authenticated_read": {("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "READ")},
}
SIZES = {"1Gi": GI, "2Gi": 2 * GI, "3G": 3 * 10**9, "5Gi": 5 * GI}
SOURCES = ("blank_image", "http_url", "existing_persistent_volume_claim")
WITHOUT_CLAIM = ("Pending", "WaitForFirstConsumer")
ATTRIBUTES = {"bucket": "buckets", "vm_service": "services", "datavolume": "data_volumes"}


def thing(kind: str, options: State, state: State) -> State | None:
    """The resource of a task as the server has it, whether listed or not."""
    name = str(options["name"])
    found: State | None = state[ATTRIBUTES[kind]].get(name if kind == "bucket" else f"{options['namespace']}/{name}")
    return found


def copied(volume: State) -> str | None:
    """The "namespace/name" of what a volume that should exist, or does exist, is a copy of."""
    source = volume.get("source") or {}
    data = source.get("data", "") if source.get("type") == SOURCES[2] else ""
    if "source_type" in volume and SOURCES[volume["source_type"]] == SOURCES[2]:
        data = volume["source_data"]
    if not data or volume.get("state") == "absent":
        return None
    return str(data) if "/" in data else f"{volume['namespace']}/{data}"


def listed(kind: str, found: State, generation: Mapping[str, str]) -> bool:
    """Whether the lists of that generation show it."""
    if kind == "bucket":
        return True
    if kind == "datavolume":
        claimless = found["forced_phase"] in WITHOUT_CLAIM or "wffc" in found["source_data"]
        return bool(found["managed"]) and not claimless
    machine = found["labels"].get("otterscale.com/virtual-machine.name")
    if machine not in ("web", "db"):
        return False
    return {"all": True, "own_name": machine == found["name"], "none": False}[generation["services"]]


def knowable(kind: str, options: State, state: State) -> bool:
    """Whether the server can confirm what a task wants, which it cannot for a policy or an ACL that it cannot read."""
    found = thing(kind, options, state)
    hidden = options["state"] == "present" and found is not None and found.get("unreadable", False)
    return not (hidden and {"policy", "acl"} & set(options))


def fulfils(kind: str, options: State, state: State, generation: Mapping[str, str]) -> bool:
    """Whether the server is as the task wants it. Of what is in no list only what a write can set is compared."""
    found = thing(kind, options, state)
    if options["state"] == "absent" or found is None:
        return (options["state"] == "absent") == (found is None)
    if kind == "bucket":
        return _bucket(options, found)
    seen = listed(kind, found, generation)
    if kind == "datavolume":
        return not seen or _volume(options, found)
    machine = found["labels"].get("otterscale.com/virtual-machine.name")
    return _ports(options.get("ports"), found["ports"]) and (
        not seen or options.get("virtual_machine") in (None, machine)
    )


def _bucket(options: State, found: State) -> bool:
    owner = options.get("owner") in (None, found["owner"])
    policy = "policy" not in options or _short(options["policy"]) == _short(json.loads(found["policy"] or "{}"))
    grants = {(grant["uri"] or grant["id"], grant["permission"]) for grant in found["grants"]}
    acl = "acl" not in options or grants == {(found["owner"], "FULL_CONTROL"), *ACLS[options["acl"]]}
    return owner and policy and acl


def _short(value: Any) -> Any:
    """A list of one as that one."""
    if isinstance(value, list):
        return _short(value[0]) if len(value) == 1 else [_short(item) for item in value]
    return {key: _short(item) for key, item in value.items()} if isinstance(value, dict) else value


def _volume(options: State, found: State) -> bool:
    source = options.get("source") or {}
    return (
        source.get("type") in (None, SOURCES[found["source_type"]])
        and source.get("data", "") in ("", found["source_data"])
        and options.get("boot_image") in (None, found["boot_image"])
        and ("size" not in options or _is_of_size(found["capacity_bytes"], SIZES[options["size"]]))
    )


def _is_of_size(has: int, declared: int) -> bool:
    """A claim may have 15 % and a GiB more than declared: the file system's overhead, and what storage rounds up."""
    return 0 <= has - declared <= Fraction(15, 100) * declared + GI


def _ports(wanted: list[State] | None, found: list[State]) -> bool:
    node_ports = [port["node_port"] for port in found]
    if len(set(node_ports)) != len(node_ports) or not all(30000 <= port <= 32767 for port in node_ports):
        return False
    if wanted is None:
        return True

    def essence(port: State) -> tuple[Any, ...]:
        target = port.get("target_port") or str(port["port"])
        return (port.get("name", ""), port["port"], port.get("protocol", "TCP"), target)

    by_essence = {essence(port): port["node_port"] for port in found}
    return {essence(port) for port in wanted} == set(by_essence) and all(
        port.get("node_port") in (None, by_essence[essence(port)]) for port in wanted
    )
