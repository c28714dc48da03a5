# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The generations of OtterScale servers that the emulator can behave like."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

_ALLOWED = {
    "errors": ("plain", "mapped"),
    "services": ("all", "own_name", "none"),
    "enums": ("plain", "prefixed"),
    "volumes": ("boot_image", "filter"),
    "bucket_policy_required": ("true", "false"),
    "get_data_volume": ("crash", "works"),
    "claims": ("exact", "filesystem", "filesystem_gib"),
    "api": ("instance_v1", "resource_v1"),
    "update": ("works", "missing"),
    "collected": ("true", "false"),
}


@dataclass(frozen=True)
class Generation:
    """One value a knob. Every knob is something that differs between real servers."""

    name: str
    # plain: HTTP 500 and code `unknown` with the backend's raw text. mapped: a proper Connect code.
    errors: str
    # Which services ListVirtualMachines shows in a VM. GetVirtualMachine fills them only with `all`.
    services: str
    # HTTP_URL and PUBLIC_READ, or TYPE_HTTP_URL and ACL_PUBLIC_READ.
    enums: str
    # What ListDataVolumes selects by.
    volumes: str
    # true: CreateBucket and UpdateBucket do all their work and then fail where the bucket has no policy.
    bucket_policy_required: str
    # crash: GetDataVolume of a volume that has a claim takes the whole process down.
    get_data_volume: str
    # How large a claim comes out. exact: as asked, as on block storage. filesystem: CDI adds the file system's overhead
    # (5.5 %). filesystem_gib: an overhead of 6 %, and the storage has whole GiB only.
    claims: str
    # instance_v1: InstanceService and StorageService. resource_v1: Kubernetes objects, as since OtterScale 0.1 of 2026;
    # nothing but `claims` above means anything there, and nothing below means anything elsewhere.
    api: str = "instance_v1"
    # Whether ResourceService has Update, as since 1.2.
    update: str = "works"
    # true: CDI deletes a DataVolume once it has succeeded, and its claim stays.
    collected: str = "false"


def _resource_v1(name: str, claims: str, update: str) -> Generation:
    return Generation(name, "mapped", "none", "plain", "filter", "false", "works", claims, "resource_v1", update)


PRESETS = {
    "plain": Generation("plain", "plain", "own_name", "plain", "boot_image", "true", "crash", "filesystem"),
    "blind": Generation("blind", "plain", "none", "plain", "boot_image", "false", "crash", "filesystem_gib"),
    "mapped": Generation("mapped", "mapped", "all", "prefixed", "filter", "false", "works", "exact"),
    "v1.1": _resource_v1("v1.1", "filesystem", "missing"),
    "v1.4": _resource_v1("v1.4", "exact", "works"),
}
# The friendliest one, for people who learn: nothing is hidden, and errors have their proper codes.
DEFAULT = "mapped"


def knobs() -> dict[str, tuple[str, ...]]:
    """The knobs and their values, for the help text."""
    return {field.name: _ALLOWED[field.name] for field in fields(Generation) if field.name != "name"}


def parse(name: str, overrides: list[str]) -> Generation:
    """A preset with single `KEY=VALUE` overrides; ValueError explains what is wrong with them."""
    if name not in PRESETS:
        raise ValueError(f"unknown generation {name!r}: choose one of {', '.join(PRESETS)}")
    generation = PRESETS[name]
    for override in overrides:
        key, _dummy, value = override.partition("=")
        if key not in _ALLOWED:
            raise ValueError(f"unknown knob {key!r}: choose one of {', '.join(_ALLOWED)}")
        if value not in _ALLOWED[key]:
            raise ValueError(f"{key} cannot be {value!r}: choose one of {', '.join(_ALLOWED[key])}")
        generation = replace(generation, **{key: value, "name": f"{generation.name}+{override}"})
    return generation
