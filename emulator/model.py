# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""What a scope holds, as plain dataclasses that turn into JSON and back."""

from __future__ import annotations

import time
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

VM_LABEL = "otterscale.com/virtual-machine.name"
VM_SELECTOR = "vm.kubevirt.io/name"
# Ceph's own user: it owns a bucket until the bucket is linked to somebody else.
SYSTEM_USER = "ceph-otterscale"


@dataclass
class Port:
    port: int = 0
    node_port: int = 0
    name: str = ""
    protocol: str = "TCP"
    target_port: str = ""


@dataclass
class Service:
    """A Kubernetes Service. OtterScale's own carry the label of their VM; others may be in the namespace too."""

    namespace: str
    name: str
    ports: list[Port] = field(default_factory=list)
    type: str = "NodePort"
    cluster_ip: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    selector: dict[str, str] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)


@dataclass
class DataVolume:
    """A CDI DataVolume and its claim. What phase it is in follows from the clock: see volumes.progress()."""

    namespace: str
    name: str
    source_type: int = 0
    source_data: str = ""
    boot_image: bool = False
    size_bytes: int = 0
    # Of its claim: more than size_bytes with the overhead of file systems. Only this grows by ExtendDataVolume.
    capacity_bytes: int = 0
    # Created by OtterScale, and so listed by it.
    managed: bool = True
    import_seconds: float = 0.0
    # When the import or the copy could begin: for a copy, when its source claim was first seen.
    started_at: float | None = None
    created_at: float = field(default_factory=time.time)
    # Set only from outside (/_emulator/put): holds the volume in one phase.
    forced_phase: str = ""
    forced_progress: str = ""
    forced_message: str = ""


@dataclass
class VirtualMachine:
    namespace: str
    name: str
    instance_type: str = ""
    boot_data_volume: str = ""
    startup_script: str = ""
    status: str = "Running"
    ip_address: str = ""
    created_at: float = field(default_factory=time.time)


@dataclass
class InstanceType:
    namespace: str
    name: str
    cpu_cores: int = 1
    memory_bytes: int = 1 << 30
    cluster_wide: bool = False
    created_at: float = field(default_factory=time.time)


@dataclass
class Grant:
    type: str = "CanonicalUser"
    id: str = ""
    name: str = ""
    uri: str = ""
    permission: str = ""


@dataclass
class Bucket:
    name: str
    owner: str = SYSTEM_USER
    policy: str = ""
    grants: list[Grant] = field(default_factory=list)
    used_bytes: int = 0
    used_objects: int = 0
    # Whether OtterScale fails to read policy and ACL, which it does not report: the bucket is shown without either.
    unreadable: bool = False
    created_at: float = field(default_factory=time.time)


@dataclass
class Key:
    access_key: str
    secret_key: str


@dataclass
class User:
    id: str
    name: str = ""
    suspended: bool = False
    keys: list[Key] = field(default_factory=list)


@dataclass
class Object:
    """A Kubernetes object of OtterScale 1.x, as its API server keeps it: see objects/."""

    manifest: dict[str, Any]
    # The fields that each manager set, by `manager/operation`: see objects/ownership.py.
    managers: dict[str, list[list[str]]] = field(default_factory=dict)
    # What its controller knows and nobody sees: when an import began, what it is held in from outside.
    course: dict[str, Any] = field(default_factory=dict)
    # What Describe shows beside it, oldest first.
    events: list[dict[str, Any]] = field(default_factory=list)


class Table(dict[str, T]):
    """The objects of one kind. `touched` are the keys of those that may have changed since it was emptied: whoever
    takes, places or removes a single object touches it, and who changes one of all `values()` has to say so.

    With thousands of objects, comparing them all after each call would be most of what a call costs.
    """

    def __init__(self, objects: dict[str, T] | None = None) -> None:
        super().__init__(objects or {})
        self.touched = set(self)

    def __getitem__(self, key: str) -> T:
        self.touched.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.touched.add(key)
        return super().get(key, default)

    def __setitem__(self, key: str, value: T) -> None:
        self.touched.add(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.touched.add(key)
        super().__delitem__(key)

    def pop(self, key: str, default: Any = None) -> Any:
        self.touched.add(key)
        return super().pop(key, default)


@dataclass
class Scope:
    """One cluster. Namespaced objects are kept under `namespace/name`, the others under their name."""

    virtual_machines: Table[VirtualMachine] = field(default_factory=Table)
    services: Table[Service] = field(default_factory=Table)
    data_volumes: Table[DataVolume] = field(default_factory=Table)
    instance_types: Table[InstanceType] = field(default_factory=Table)
    buckets: Table[Bucket] = field(default_factory=Table)
    users: Table[User] = field(default_factory=Table)
    # All that OtterScale 1.x knows, by `resource.group/namespace/name`. It uses none of the tables above but buckets.
    objects: Table[Object] = field(default_factory=Table)

    def tables(self) -> dict[str, Table[Any]]:
        return vars(self)


# The states of the REST APIs beside OtterScale


@dataclass
class EdgeService:
    """A service of IEF. Its ports are kept as they are shown: members that are not empty, all strings."""

    id: str
    project_id: str
    instance_id: str = ""
    name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    selector: dict[str, str] = field(default_factory=dict)
    ports: list[dict[str, str]] = field(default_factory=list)
    type: str = ""
    cluster_ip: str = ""
    external_ips: list[str] = field(default_factory=list)
    external_name: str = ""
    created_at: str = ""
    updated_at: str = ""


@dataclass
class Ief:
    services: dict[str, EdgeService] = field(default_factory=dict)
    created: int = 0  # how many were created so far, for their ids


@dataclass
class IamUser:
    """token_seconds, token_calls: how long, and for how many calls, the user's tokens are good; -1 calls: for any."""

    domain: str
    name: str
    password: str
    token_seconds: float = 86400.0
    token_calls: int = -1


@dataclass
class IamToken:
    token: str
    project_id: str
    expires_at: float
    calls_left: int = -1


@dataclass
class Iam:
    users: dict[str, IamUser] = field(default_factory=lambda: {"demo/edge": IamUser("demo", "edge", "edge-password")})
    tokens: dict[str, IamToken] = field(default_factory=dict)


@dataclass
class ApigeeInstance:
    """An instance, by its whole name, with the newest report that it was told."""

    name: str
    report: dict[str, object] = field(default_factory=dict)


@dataclass
class Apigee:
    instances: dict[str, ApigeeInstance] = field(
        default_factory=lambda: {name: ApigeeInstance(name) for name in ("organizations/demo/instances/nightly",)}
    )


@dataclass
class Link:
    """The connection of a cluster's agent to OtterScale 1.x."""

    cluster: str
    agent_version: str = ""
    online: bool = True
    # Since when the agent is gone, if it is, and for how long its server still tries to reach it.
    offline_since: float | None = None
    refused_seconds: float = 45.0
    # How long the agent takes to come back after a restart of the server, which forgets all agents.
    relink_seconds: float = 0.0
    # Groups and versions that the cluster does not serve: `cdi.kubevirt.io/v1beta1`.
    missing: list[str] = field(default_factory=list)


@dataclass
class Platform:
    """What OtterScale 1.x keeps beside objects. revision: the newest resourceVersion; clusters: by name."""

    revision: int = 0
    clusters: dict[str, Link] = field(default_factory=dict)


# By the name that a state has in the file, in /_emulator/state and in World.apis. A new one begins as its class does.
API_STATES: dict[str, type[Any]] = {"ief": Ief, "iam": Iam, "apigee": Apigee, "platform": Platform}


def key_of(namespace: str, name: str) -> str:
    return f"{namespace}/{name}"


def to_json(value: Any) -> Any:
    """Dataclasses to JSON values; dataclasses.asdict() copies too much to run after every call."""
    if is_dataclass(value):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    return value


def from_json(cls: type[T], data: Any) -> T:
    """The way back. Unknown and missing members are a ValueError: they are a typing mistake in a test."""
    if not is_dataclass(cls):
        return _element(cls, data)  # type: ignore[no-any-return]
    if not isinstance(data, dict):
        raise ValueError(f"{cls.__name__} needs an object, not {data!r}")
    hints = _hints(cls)
    if unknown := sorted(set(data) - set(hints)):
        raise ValueError(f"{cls.__name__} has no {', '.join(unknown)}; it has {', '.join(hints)}")
    for item in fields(cls):
        if item.default is MISSING and item.default_factory is MISSING and item.name not in data:
            raise ValueError(f"{cls.__name__} needs {item.name}")
    return cls(**{name: _element(hints[name], value) for name, value in data.items()})


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def _element(hint: Any, value: Any) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Table:
        return Table({key: _element(arguments[0], item) for key, item in value.items()})
    if origin is list:
        return [_element(arguments[0], item) for item in value]
    if origin is dict:
        return {key: _element(arguments[1], item) for key, item in value.items()}
    if hint is float and isinstance(value, int):
        return float(value)
    if hint is not Any and isinstance(hint, type) and not isinstance(value, hint):
        raise ValueError(f"{value!r} is no {hint.__name__}")
    return value
