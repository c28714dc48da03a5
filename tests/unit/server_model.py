# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A pure model of an OtterScale server: its state in dictionaries, its answers in Connect's JSON, and its faults.

It is not the emulator (no HTTP, no time) and no mock (it has effects, which tests look at): a Caller of the engine.
What is right is written out here, and not asked of the code that is tested.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine import reconcile as engine_reconcile
from ansible_collections.otterscale.core.plugins.module_utils._engine import wait as engine_wait
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import apply, plan
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Resource
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.objects.reader import (
    CLAIM,
    DATA_VOLUME,
    SERVICE,
    Kind,
)
from ansible_collections.otterscale.core.plugins.module_utils._values.quantity import parse_quantity

Message = dict[str, Any]


def reconcile(
    resource: Resource[Any], server: Any, *, check: bool = False, retries: int = 4, notify: Any = None
) -> Outcome:
    """What a task does that shares its reads with nobody."""
    planned = plan(resource, server)
    return planned.predicted() if check else apply(planned, retries=retries, notify=notify)


def glance(resource: Resource[Any], server: Any) -> Outcome | None:
    """What one reading settles."""
    return plan(resource, server).settled()


def set_time(monkeypatch: Any, monotonic: Any, sleep: Any) -> None:
    """Time as the engine sees it."""
    for module in (engine_reconcile, engine_wait):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=monotonic, sleep=sleep))


class Clock:
    """Time as the engine sees it: sleeping takes none. passing: what else is to happen with each sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.passing: Callable[[float], object] = lambda seconds: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(round(seconds, 3))
        self.passing(seconds)


@dataclass(frozen=True)
class Fault:
    """How one write goes wrong: with an error, before (effect False) or after it took effect."""

    code: str = "unavailable"
    effect: bool = False
    sent: bool = True
    message: str = "the answer was lost"


def kubernetes_ports(wanted: Iterable[Mapping[str, Any]], current: Iterable[Mapping[str, Any]]) -> list[Message]:
    """The ports of a NodePort service after an update, as the API server of Kubernetes makes them.

    A port without a node port keeps that of the old port of its name, unless another port holds it; else it gets a new
    one. Two ports may share a node port if their protocols differ, and in a new service (current is empty) the ports of
    one number do.
    """
    ports = [{"targetPort": str(port["port"]), "protocol": "TCP", "name": "", "nodePort": 0, **port} for port in wanted]
    old = {port.get("name", ""): port["nodePort"] for port in current}
    used = {port["nodePort"] for port in ports}
    for port in ports:
        kept = old.get(port["name"], 0)
        if not port["nodePort"] and kept not in used:
            port["nodePort"] = kept
    free = (number for number in range(32000, 32768) if number not in used | set(old.values()))
    by_number = {} if old else {port["port"]: port["nodePort"] for port in ports if port["nodePort"]}
    for port in ports:
        port["nodePort"] = port["nodePort"] or by_number.get(port["port"]) or next(free)
        if not old:
            by_number.setdefault(port["port"], port["nodePort"])
    if len({(port["protocol"], port["nodePort"]) for port in ports}) < len(ports):
        raise ApiError("unknown", "duplicate nodePort", sent=True)
    return ports


def exactly(size: int) -> int:
    """Block storage."""
    return size


def with_overhead(size: int) -> int:
    """CDI on a file system, with its default of 5.5 %."""
    return -(-size * 1000 // 945)


def in_whole_gib(size: int) -> int:
    """The same on storage that has nothing smaller, with 6 %."""
    return -(-size * 100 // (94 << 30)) << 30


@dataclass
class Model:
    """A server of any system: its things by kind and name, the calls it got, and a method for each write.

    faults: what happens to the next writes, None for nothing. listed: whether its lists show what they may leave out.
    ignores: request fields that it does not know. mapped: whether it sends proper codes or plain errors.
    """

    faults: list[Fault | None] = field(default_factory=list)
    listed: bool = True
    ignores: frozenset[str] = frozenset()
    mapped: bool = False
    things: dict[str, dict[str, Message]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    writes: list[tuple[str, Message]] = field(default_factory=list)
    effects: list[tuple[str, Message]] = field(default_factory=list)

    # What the engine calls

    def read(self, procedure: str, request: Mapping[str, Any]) -> Message:
        rpc = procedure.rpartition("/")[2]
        self.reads.append(rpc)
        return self.answer(rpc, request)

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        """What a read brings."""
        raise NotImplementedError

    def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
        rpc = procedure.rpartition("/")[2]
        asked = {key: value for key, value in request.items() if key not in self.ignores}
        self.writes.append((rpc, dict(request)))
        fault = self.faults.pop(0) if self.faults else None
        if fault and not fault.effect:
            raise ApiError(fault.code, fault.message, rpc=rpc, sent=fault.sent)
        try:
            answer = getattr(self, rpc)(asked)
        except ApiError as error:
            error.rpc = rpc
            raise
        self.effects.append((rpc, dict(request)))
        if fault:
            raise ApiError(fault.code, fault.message, rpc=rpc, sent=True)
        return dict(answer)

    def pause(self, tries: int, error: ApiError) -> float:
        return 0.0

    # What tests look at

    def snapshot(self) -> str:
        return repr(self.things)

    @property
    def sent(self) -> list[str]:
        return [rpc for rpc, _request in self.writes]

    # What its writes share

    def refuse(self, code: str, plain: str) -> ApiError:
        return ApiError(code if self.mapped else "unknown", plain, sent=True, http_status=500)

    def new(self, kind: str, name: str, exists: str) -> None:
        if name in self.things[kind]:
            raise self.refuse("already_exists", exists)

    def old(self, kind: str, name: str, missing: str) -> Message:
        if name not in self.things[kind]:
            raise self.refuse("not_found", missing)
        return self.things[kind][name]


@dataclass
class Server(Model):
    """OtterScale. provided: what a claim has of what was asked for.

    blind: whether it fails to read policies and ACLs, and does not say so.
    """

    things: dict[str, dict[str, Message]] = field(
        default_factory=lambda: {"bucket": {}, "vm_service": {}, "datavolume": {}}
    )
    provided: Callable[[int], int] = exactly
    blind: bool = False
    users: frozenset[str] = frozenset({"alice", "bob", "system"})

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        if rpc == "ListBuckets":
            return {"buckets": [self.visible(bucket) for bucket in self.things["bucket"].values()]}
        if rpc == "ListDataVolumes":
            volumes = self.things["datavolume"].values() if self.listed else []
            return {"dataVolumes": [v for v in volumes if v["bootImage"] is bool(request.get("bootImage"))]}
        assert rpc == "ListVirtualMachines", rpc
        services = self.things["vm_service"].values() if self.listed else []
        machines = {service["machine"] for service in services}
        return {
            "virtualMachines": [
                {"name": name, "services": [s for s in services if s["machine"] == name]} for name in sorted(machines)
            ]
        }

    def CreateBucket(self, request: Message) -> Message:
        name = request["bucketName"]
        self.new("bucket", name, "https response error StatusCode: 409, BucketAlreadyExists: ")
        self.things["bucket"][name] = {"name": name, "owner": "system", "grants": grants("system", 0)}
        return self.UpdateBucket(request)  # in several steps, without rollback

    def UpdateBucket(self, request: Message) -> Message:
        name = request["bucketName"]
        bucket = self.old("bucket", name, f'bucket "{name}" not found')
        if request.get("owner") not in self.users:
            raise self.refuse("unknown", "NoSuchUser")
        update = {"owner": request["owner"], "grants": grants(request["owner"], request.get("acl", 0))}
        self.things["bucket"][name] = {**bucket, **update, **{k: request[k] for k in ("policy",) if request.get(k)}}
        return self.visible(self.things["bucket"][name])

    def visible(self, bucket: Message) -> Message:
        hidden = ("grants", "policy") if self.blind else ()
        return {key: value for key, value in bucket.items() if key not in hidden}

    def DeleteBucket(self, request: Message) -> Message:
        self.old("bucket", request["bucketName"], f'bucket "{request["bucketName"]}" not found')
        del self.things["bucket"][request["bucketName"]]
        return {}

    def CreateVirtualMachineService(self, request: Message) -> Message:
        name = request["name"]
        self.new("vm_service", name, f'services "{name}" already exists')
        ports = kubernetes_ports(request["ports"], [])
        service = {"name": name, "type": "NodePort", "ports": ports, "machine": request["virtualMachineName"]}
        self.things["vm_service"][name] = service
        return service

    def UpdateVirtualMachineService(self, request: Message) -> Message:
        service = self.old("vm_service", request["name"], f'services "{request["name"]}" not found')
        if "ports" in request:
            service["ports"] = kubernetes_ports(request["ports"], service["ports"])
        return service

    def DeleteVirtualMachineService(self, request: Message) -> Message:
        self.old("vm_service", request["name"], f'services "{request["name"]}" not found')
        del self.things["vm_service"][request["name"]]
        return {}

    def CreateDataVolume(self, request: Message) -> Message:
        name = request["name"]
        self.new("datavolume", name, f'datavolumes.cdi.kubevirt.io "{name}" already exists')
        keys = ("name", "bootImage", "sizeBytes")
        volume = {"source": request.get("source", {}), **{key: request[key] for key in keys}}
        self.things["datavolume"][name] = {**volume, **self.claim(name, request["sizeBytes"])}
        return self.things["datavolume"][name]

    def ExtendDataVolume(self, request: Message) -> Message:
        name = request["name"]
        volume = self.old("datavolume", name, f'datavolumes.cdi.kubevirt.io "{name}" not found')
        volume.update(self.claim(name, request["sizeBytes"]))
        return {}

    def capacity(self, name: str) -> int:
        return int(self.things["datavolume"][name]["persistentVolumeClaim"]["capacity"])

    def claim(self, name: str, size: str) -> Message:
        return {"persistentVolumeClaim": {"name": name, "capacity": str(self.provided(int(size)))}}

    def DeleteDataVolume(self, request: Message) -> Message:
        self.old("datavolume", request["name"], f'datavolumes.cdi.kubevirt.io "{request["name"]}" not found')
        del self.things["datavolume"][request["name"]]
        return {}


@dataclass
class ObjectServer(Model):
    """OtterScale 1.x: Services as objects of Kubernetes, each with a version that a write must know.

    Every VM that is asked for is there.
    """

    things: dict[str, dict[str, Message]] = field(default_factory=lambda: {"vm_service": {}})

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        assert rpc == "Get", rpc
        name, resource = request["name"], request["resource"]
        kinds = {"virtualmachines": "VirtualMachine", "virtualmachineinstances": "VirtualMachineInstance"}
        if resource in kinds:
            labelled = {"labels": {"kubevirt.io/vm": name}}
            own = {"name": name, "namespace": request["namespace"], **labelled}
            spec = {"template": {"metadata": labelled}}
            return {"object": {"apiVersion": "kubevirt.io/v1", "kind": kinds[resource], "metadata": own, "spec": spec}}
        if name not in self.things["vm_service"]:
            raise self.missing(name)
        return {"object": copy.deepcopy(self.things["vm_service"][name])}

    def missing(self, name: str) -> ApiError:
        said = f'services "{name}" not found'
        return ApiError("not_found", f"{said}: {said}", sent=True, http_status=404)

    def Create(self, request: Message) -> Message:
        given = json.loads(base64.b64decode(request["manifest"]))
        name = given["metadata"]["name"]
        if name in self.things["vm_service"]:
            raise ApiError("already_exists", f'services "{name}" already exists', sent=True, http_status=409)
        return self.store(given, [])

    def Update(self, request: Message) -> Message:
        given = json.loads(base64.b64decode(request["manifest"]))
        name = request["name"]
        if name not in self.things["vm_service"]:
            raise self.missing(name)
        now = self.things["vm_service"][name]
        if given["metadata"]["resourceVersion"] != now["metadata"]["resourceVersion"]:
            said = f'Operation cannot be fulfilled on services "{name}": the object has been modified'
            raise ApiError("failed_precondition", f"{said}: {said}", sent=True, http_status=400)
        return self.store(given, now["spec"]["ports"])

    def store(self, given: Message, ports: list[Message]) -> Message:
        self.version += 1
        metadata = {**given["metadata"], "resourceVersion": str(self.version)}
        spec = {**given["spec"], "ports": kubernetes_ports(given["spec"]["ports"], ports)}
        self.things["vm_service"][metadata["name"]] = {**given, "metadata": metadata, "spec": spec}
        return {"object": copy.deepcopy(self.things["vm_service"][metadata["name"]])}

    def Delete(self, request: Message) -> Message:
        if request["name"] not in self.things["vm_service"]:
            raise self.missing(request["name"])
        del self.things["vm_service"][request["name"]]
        return {}

    version: int = 0


@dataclass
class VolumeServer(Model):
    """The same with DataVolumes, which are ready at once, and their claims. provided: as above."""

    things: dict[str, dict[str, Message]] = field(default_factory=lambda: {"datavolume": {}, "claim": {}})
    provided: Callable[[int], int] = exactly
    version: int = 0

    def capacity(self, name: str) -> int:
        return int(self.things["claim"][name]["status"]["capacity"]["storage"])

    def bound(self, spec: Mapping[str, Any]) -> Message:
        """The status of a claim."""
        asked = parse_quantity(spec["resources"]["requests"]["storage"])
        return {"status": {"phase": "Bound", "capacity": {"storage": str(self.provided(asked))}}}

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        assert rpc in ("Get", "Describe"), rpc
        found = self.held(request)
        return {"events": []} if rpc == "Describe" else {"object": copy.deepcopy(found[request["name"]])}

    def held(self, request: Mapping[str, Any]) -> dict[str, Message]:
        """All of the resource that a request names. Raises where there is none of its name."""
        kind = "claim" if request["resource"] == "persistentvolumeclaims" else "datavolume"
        if request["name"] not in self.things[kind]:
            title = f"{request['resource']}.{request['group']}".rstrip(".")
            said = f'{title} "{request["name"]}" not found'
            raise ApiError("not_found", f"{said}: {said}", sent=True, http_status=404)
        return self.things[kind]

    def store(self, kind: str, given: Message) -> Message:
        self.version += 1
        metadata = {**given["metadata"], "resourceVersion": str(self.version)}
        self.things[kind][metadata["name"]] = {**given, "metadata": metadata}
        return {"object": copy.deepcopy(self.things[kind][metadata["name"]])}

    def Create(self, request: Message) -> Message:
        given = json.loads(base64.b64decode(request["manifest"]))
        name, storage = given["metadata"]["name"], given["spec"]["storage"]
        if name in self.things["datavolume"]:
            said = f'datavolumes.cdi.kubevirt.io "{name}" already exists'
            raise ApiError("already_exists", f"{said}: {said}", sent=True, http_status=409)
        metadata = {"name": name, "namespace": given["metadata"]["namespace"]}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
        self.store("claim", {**claim, "spec": storage, **self.bound(storage)})
        return self.store("datavolume", {**given, "status": {"phase": "Succeeded"}})

    def Update(self, request: Message) -> Message:
        given = json.loads(base64.b64decode(request["manifest"]))
        now = self.held(request)[request["name"]]
        if given["metadata"]["resourceVersion"] != now["metadata"]["resourceVersion"]:
            said = f'Operation cannot be fulfilled on {request["resource"]} "{request["name"]}"'
            raise ApiError("failed_precondition", f"{said}: {said}", sent=True, http_status=400)
        return self.store("claim", {**given, **self.bound(given["spec"])})

    def Delete(self, request: Message) -> Message:
        self.held(request)
        for kind in self.things:
            self.things[kind].pop(request["name"], None)
        return {}


ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
# What each canned ACL gives to groups, by its number: private, public_read, public_read_write, authenticated_read.
GROUP_GRANTS = (
    (),
    ((ALL_USERS, "READ"),),
    ((ALL_USERS, "READ"), (ALL_USERS, "WRITE")),
    ((AUTHENTICATED_USERS, "READ"),),
)


def converged(resource: Resource[Any], model: Callable[..., Any] = Server, **options: Any) -> Any:
    """A server on which the resource is as wanted, with an empty journal."""
    server = model(**options)
    assert reconcile(resource, server).changed
    return model(things=server.things, **options)


def grants(owner: str, acl: int) -> list[Message]:
    """The grants of a bucket after a canned ACL was set."""
    own = {"type": "CanonicalUser", "id": owner, "uri": "", "permission": "FULL_CONTROL"}
    groups = [{"type": "Group", "id": "", "uri": uri, "permission": given} for uri, given in GROUP_GRANTS[acl]]
    return [own, *groups]


@dataclass(frozen=True)
class Documents:
    """What Kubernetes shows, in its own shapes, by "namespace/name". How it is asked is for integration tests."""

    services: Mapping[str, Message] = field(default_factory=dict)
    claims: Mapping[str, Message] = field(default_factory=dict)
    volumes: Mapping[str, Message] = field(default_factory=dict)

    def get(self, kind: Kind, namespace: str, name: str) -> Message | None:
        documents = {SERVICE: self.services, CLAIM: self.claims, DATA_VOLUME: self.volumes}
        return documents[kind].get(f"{namespace}/{name}")
