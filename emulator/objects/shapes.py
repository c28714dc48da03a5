# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Objects in the shapes of the older generations, so that one test can prepare and look at servers of all of them.

A put of a `service` here places a Service of Kubernetes, and `state` shows it as the service that it would be there.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from .. import volumes
from ..kubernetes import BOOT_IMAGE_LABEL, shown_service, shown_volume
from ..model import (
    VM_LABEL,
    VM_SELECTOR,
    DataVolume,
    InstanceType,
    Object,
    Service,
    VirtualMachine,
    from_json,
    key_of,
    to_json,
)
from . import ownership, quantities
from .kind import Kind, Manifest
from .kinds import KINDS
from .kinds.claim import requested
from .kinds.virtual_machine import SELECTOR
from .moments import moment, timestamp
from .store import Store
from .store import key_of as object_key

# Who is said to have written what is put: the dashboard what OtterScale's labels are on, else somebody at a terminal.
DASHBOARD, FOREIGN = "otterscale-web-ui", "kubectl-create"
# -> (the older generations' class, the table that a scope shows it in, the resource)
SHAPES: dict[str, tuple[type[Any], str, str]] = {
    "service": (Service, "services", "services"),
    "data_volume": (DataVolume, "data_volumes", "datavolumes.cdi.kubevirt.io"),
    "virtual_machine": (VirtualMachine, "virtual_machines", "virtualmachines.kubevirt.io"),
    "instance_type": (InstanceType, "instance_types", "virtualmachineclusterinstancetypes.instancetype.kubevirt.io"),
}


def add(store: Store, manifest: Manifest, manager: str, course: dict[str, Any] | None = None) -> Object:
    """Place an object behind everybody's back: it gets what it needs and is not checked. Its namespace comes along."""
    kind = kind_of(manifest)
    metadata = manifest.setdefault("metadata", {})
    namespace = str(metadata.get("namespace", "")) if kind.namespaced else ""
    if kind.namespaced and f"namespaces//{namespace}" not in store.table:
        add(store, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, manager)
    key = object_key(kind, namespace, metadata["name"])
    old = store.table.get(key)
    status = manifest.get("status")
    if old is None:
        metadata.setdefault("uid", store.new_uid())
        metadata.setdefault("creationTimestamp", timestamp(time.time()))
        if kind.custom:
            metadata.setdefault("generation", 1)
        item = Object({})
    else:
        item = copy.deepcopy(old)
        kept = ("uid", "creationTimestamp", "resourceVersion", "generation")
        metadata |= {name: old.manifest["metadata"][name] for name in kept if name in old.manifest["metadata"]}
        if not status and "status" in old.manifest:
            manifest["status"] = old.manifest["status"]
    item.managers = ownership.written(item.managers, manager, item.manifest, manifest)
    kind.complete(store, manifest, old.manifest if old else None)
    if status:
        manifest["status"] = status
    item.manifest = manifest
    item.course |= course or {}
    if "deletionTimestamp" in metadata:
        item.course.setdefault("deleted_at", time.time())
    store.place(key, item)
    return item


def vanish(store: Store, kind: Kind, namespace: str, name: str) -> None:
    """Without waiting for finalizers, and with all that it owns."""
    key = object_key(kind, namespace, name)
    if key in store.table:
        for owned in store.owned_by(store.table[key]):
            store.remove(owned)
        store.remove(key)


def kind_of(manifest: Manifest) -> Kind:
    wanted = (str(manifest.get("apiVersion")), str(manifest.get("kind")))
    for kind in KINDS.values():
        if (kind.api_version, kind.kind) == wanted:
            return kind
    raise ValueError(f"the emulator knows no {wanted[1]} of {wanted[0]}")


def put(store: Store, kind: str, given: dict[str, Any], *, remove: bool = False) -> Any:
    """Either in the shape of the older generations, or an `object`, which is a whole manifest."""
    if not remove:
        return add(store, given, FOREIGN) if kind == "object" else place(store, kind, given)
    known = kind_of(given) if kind == "object" else KINDS[SHAPES[kind][2]]
    metadata = given["metadata"] if kind == "object" else given
    vanish(store, known, str(metadata.get("namespace", "")) if known.namespaced else "", metadata["name"])
    return None


def place(store: Store, kind: str, given: dict[str, Any]) -> Any:
    """A put in the shape of the older generations; returns what `state` would show of it."""
    cls, _table, resource = SHAPES[kind]
    cluster_wide = kind == "instance_type"
    namespace = "" if cluster_wide else str(given["namespace"])
    found = store.table.get(f"{resource}/{namespace}/{given['name']}")
    present = to_json(_SHOWN[kind](store, found)) if found else {"managed": False} if kind == "data_volume" else {}
    shape = from_json(cls, {**present, **given})
    return _PLACED[kind](store, shape, {**present, **given})


def _merged(store: Store, resource: str, manifest: Manifest) -> Manifest:
    """Over what is there: members that the older shapes do not have stay as they are."""
    metadata = manifest["metadata"]
    found = store.table.get(f"{resource}/{metadata.get('namespace', '')}/{metadata['name']}")
    if found is None:
        return manifest
    merged: Manifest = copy.deepcopy(found.manifest)
    for part in ("metadata", "spec"):
        merged[part] = {**merged.get(part, {}), **manifest.get(part, {})}
    return merged


def _place_service(store: Store, service: Service, given: dict[str, Any]) -> Service:
    for port in service.ports:
        port.target_port = port.target_port or str(port.port)
    if VM_LABEL in service.labels and "selector" not in given:  # without one, it would be nobody's service here
        service.selector = {VM_SELECTOR: service.labels[VM_LABEL]}
    manifest = shown_service(service)
    manifest.pop("status")
    if not service.cluster_ip:
        manifest["spec"].pop("clusterIP")
    manifest["metadata"]["labels"] = service.labels
    item = add(store, _merged(store, "services", manifest), DASHBOARD if VM_LABEL in service.labels else FOREIGN)
    return _service(store, item)


def _service(store: Store, item: Object) -> Service:
    spec, metadata = item.manifest["spec"], item.manifest["metadata"]
    ports = [
        {
            "port": port["port"],
            "node_port": port.get("nodePort", 0),
            "name": port.get("name", ""),
            "protocol": port["protocol"],
            "target_port": str(port["targetPort"]),
        }
        for port in spec.get("ports", ())
    ]
    members = {"type": spec["type"], "cluster_ip": spec.get("clusterIP", ""), "selector": spec.get("selector", {})}
    return from_json(Service, {**_common(metadata), **members, "labels": metadata.get("labels", {}), "ports": ports})


def _place_volume(store: Store, volume: DataVolume, given: dict[str, Any]) -> DataVolume:
    manifest = shown_volume(volume)
    manifest.pop("status")
    course: dict[str, Any] = {name: getattr(volume, name) for name in _COURSE}
    if "capacity_bytes" in given:
        course["capacity"] = volume.capacity_bytes
    key = key_of(volume.namespace, volume.name)
    merged = _merged(store, "datavolumes.cdi.kubevirt.io", manifest)
    # One of `storage` and `pvc`: what the older shapes do not have, such as a class, stays as it is.
    template = "storage" if volumes.uses_storage(volume) else "pvc"
    merged["spec"].pop("pvc" if template == "storage" else "storage", None)
    if found := store.table.get(f"datavolumes.cdi.kubevirt.io/{key}"):
        size = manifest["spec"][template]["resources"]
        merged["spec"][template] |= {**found.manifest["spec"].get(template, {}), "resources": size}
    item = add(store, merged, DASHBOARD if volume.managed else FOREIGN, course)
    store.settle()
    claim = store.table.get(f"persistentvolumeclaims/{key}")
    if claim is not None and "capacity_bytes" in given and "capacity" in claim.manifest.get("status", {}):
        storage = {"storage": volumes.quantity(volume.capacity_bytes)}
        claim.manifest["spec"]["resources"] = {"requests": storage}
        claim.manifest["status"]["capacity"] = storage
        store.place(f"persistentvolumeclaims/{key}", claim)
    return _volume(store, item)


_COURSE = ("import_seconds", "started_at", "forced_phase", "forced_progress", "forced_message")


def _volume(store: Store, item: Object) -> DataVolume:
    metadata, spec, course = item.manifest["metadata"], item.manifest["spec"], item.course
    source = spec.get("source") or {}
    volume = DataVolume(**_common(metadata))
    if "pvc" in source:
        namespace, name = source["pvc"].get("namespace"), source["pvc"].get("name", "")
        own = namespace in (None, "", volume.namespace)
        volume.source_type, volume.source_data = volumes.EXISTING_CLAIM, name if own else f"{namespace}/{name}"
    elif "http" in source:
        volume.source_type, volume.source_data = volumes.HTTP_URL, source["http"].get("url", "")
    labels = metadata.get("labels", {})
    volume.managed, volume.boot_image = BOOT_IMAGE_LABEL in labels, labels.get(BOOT_IMAGE_LABEL) == "true"
    volume.size_bytes = requested(spec.get("storage") or spec.get("pvc") or {}) or 0
    claim = store.table.get(f"persistentvolumeclaims/{key_of(volume.namespace, volume.name)}")
    if claim is not None:
        capacity = claim.manifest.get("status", {}).get("capacity", {}).get("storage", 0)
        volume.capacity_bytes = quantities.parse(capacity) or 0
    for name in _COURSE:
        if course.get(name) is not None:
            setattr(volume, name, course[name])
    return volume


def _place_machine(store: Store, machine: VirtualMachine, given: dict[str, Any]) -> VirtualMachine:
    """As the 1.x dashboard makes them, but for `db`: that is one of an older generation, without the label."""
    boot = [{"name": "boot", "dataVolume": {"name": machine.boot_data_volume}}] if machine.boot_data_volume else []
    labels = {} if machine.name == "db" else {SELECTOR: machine.name}
    manifest = {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": _metadata(machine),
        "spec": {
            "runStrategy": "Halted" if machine.status == "Stopped" else "Always",
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "domain": {"devices": {"interfaces": [{"name": "default", "bridge": {}}]}},
                    "networks": [{"name": "default", "pod": {}}],
                    "volumes": boot,
                },
            },
        },
    }
    if machine.instance_type:
        reference = {"kind": "VirtualMachineClusterInstancetype", "name": machine.instance_type}
        manifest["spec"]["instancetype"] = reference  # type: ignore[index]
    course = {"status": machine.status, "ip_address": machine.ip_address}
    item = add(store, _merged(store, "virtualmachines.kubevirt.io", manifest), DASHBOARD, course)
    instance = f"virtualmachineinstances.kubevirt.io/{key_of(machine.namespace, machine.name)}"
    if instance in store.table:
        store.remove(instance)  # it is made anew, with what has changed
    store.settle()
    return _machine(store, item)


def _machine(store: Store, item: Object) -> VirtualMachine:
    spec = item.manifest["spec"]
    machine = VirtualMachine(**_common(item.manifest["metadata"]))
    machine.instance_type = spec.get("instancetype", {}).get("name", "")
    machine.status = item.manifest.get("status", {}).get("printableStatus", "")
    machine.ip_address = item.course.get("ip_address") or ""
    for volume in spec["template"].get("spec", {}).get("volumes", ()):
        machine.boot_data_volume = volume.get("dataVolume", {}).get("name", machine.boot_data_volume)
    return machine


def _place_instance_type(store: Store, item: InstanceType, given: dict[str, Any]) -> InstanceType:
    manifest = {
        "apiVersion": "instancetype.kubevirt.io/v1beta1",
        "kind": "VirtualMachineClusterInstancetype",
        "metadata": {"name": item.name, "creationTimestamp": timestamp(item.created_at)},
        "spec": {
            "cpu": {"guest": item.cpu_cores},
            "memory": {"guest": volumes.quantity(item.memory_bytes)},
        },
    }
    return _instance_type(store, add(store, manifest, FOREIGN))


def _instance_type(store: Store, item: Object) -> InstanceType:
    spec = item.manifest["spec"]
    shown = InstanceType(**{**_common(item.manifest["metadata"]), "namespace": ""}, cluster_wide=True)
    shown.cpu_cores, shown.memory_bytes = spec["cpu"]["guest"], quantities.parse(spec["memory"]["guest"]) or 0
    return shown


def tables(store: Store) -> dict[str, dict[str, Any]]:
    """What `state` shows of a scope in the shapes of the older generations."""
    shown: dict[str, dict[str, Any]] = {}
    for kind, (_cls, table, resource) in SHAPES.items():
        shown[table] = {}
        for key, item in store.pairs(f"{resource}/"):
            shown[table][key.partition("/")[2]] = to_json(_SHOWN[kind](store, item))
    return shown


def _metadata(shape: VirtualMachine) -> Manifest:
    created = timestamp(shape.created_at)
    return {"name": shape.name, "namespace": shape.namespace, "creationTimestamp": created}


def _common(metadata: Manifest) -> dict[str, Any]:
    created_at = moment(metadata["creationTimestamp"])
    return {"namespace": metadata.get("namespace", ""), "name": metadata["name"], "created_at": created_at}


_SHOWN: dict[str, Callable[[Store, Object], Any]] = {
    "service": _service,
    "data_volume": _volume,
    "virtual_machine": _machine,
    "instance_type": _instance_type,
}
_PLACED: dict[str, Callable[[Store, Any, dict[str, Any]], Any]] = {
    "service": _place_service,
    "data_volume": _place_volume,
    "virtual_machine": _place_machine,
    "instance_type": _place_instance_type,
}
