# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""A read-only Kubernetes view of a scope, in the shapes of the Kubernetes API.

GET /kubernetes/{scope}/api/v1/namespaces/{ns}/services/{name}
GET /kubernetes/{scope}/api/v1/namespaces/{ns}/persistentvolumeclaims/{name}
GET /kubernetes/{scope}/apis/cdi.kubevirt.io/v1beta1/namespaces/{ns}/datavolumes/{name}
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from . import services, volumes
from .errors import CLAIMS, BackendError, not_found
from .model import DataVolume, Port, Scope, Service
from .world import World

if TYPE_CHECKING:
    from .objects.clusters import Clusters

# What the journal and the rules for faults call a GET.
RPC = "GetKubernetes"
# How OtterScale marks the volumes that it created; the value says whether a volume boots.
BOOT_IMAGE_LABEL = "otterscale.com/data-volume.boot-image"
_PATH = r"/kubernetes/(?P<scope>[^/]+)/{group}/namespaces/(?P<ns>[^/]+)/(?P<kind>{kinds})/(?P<name>[^/]+)"
_CORE = _PATH.format(group="api/v1", kinds="services|persistentvolumeclaims")
_CDI = _PATH.format(group=r"apis/cdi\.kubevirt\.io/v1beta1", kinds="datavolumes")


def answer(world: World, method: str, path: str, clusters: Clusters | None = None) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the object, or a Kubernetes Status that says why not.

    clusters: those of OtterScale 1.x, which has the objects themselves; elsewhere they are made of what there is.
    """
    match = re.fullmatch(_CORE, path) or re.fullmatch(_CDI, path)
    if match is None:
        return status(404, "NotFound", "the server could not find the requested resource", {})
    if method != "GET":
        return status(405, "MethodNotAllowed", "the emulator's Kubernetes view is read-only")
    namespace, name = match["ns"], match["name"]
    if match["scope"] not in world.scopes:
        return status(404, "NotFound", "the server could not find the requested resource", {})
    scope = world.scope(match["scope"])
    resource = f"{match['kind']}.cdi.kubevirt.io" if match["kind"] == "datavolumes" else match["kind"]
    try:
        if clusters is not None:
            item = clusters.behind(match["scope"]).table.get(f"{resource}/{namespace}/{name}")
            if item is None:
                raise not_found(resource, name)
            return 200, item.manifest
        if match["kind"] == "services":
            return 200, shown_service(services.get(scope, namespace, name))
        if match["kind"] == "persistentvolumeclaims":
            return 200, _claim(scope, namespace, name)
        return 200, shown_volume(volumes.get(scope, namespace, name))
    except BackendError as error:
        group = {"group": "cdi.kubevirt.io"} if match["kind"] == "datavolumes" else {}
        return status(404, "NotFound", error.text, {"name": name, **group, "kind": match["kind"]})


def status(code: int, reason: str, message: str, details: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    document: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    document |= {"message": message, "reason": reason, "code": code}
    return code, document | ({} if details is None else {"details": details})


def _metadata(namespace: str, name: str, created_at: float, labels: dict[str, str]) -> dict[str, Any]:
    created = datetime.fromtimestamp(created_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "creationTimestamp": created}
    return metadata | ({"labels": labels} if labels else {})


def shown_service(service: Service) -> dict[str, Any]:
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": _metadata(service.namespace, service.name, service.created_at, service.labels),
        "spec": {
            "type": service.type,
            "clusterIP": service.cluster_ip,
            "selector": service.selector,
            "ports": [_port(port) for port in service.ports],
        },
        "status": {"loadBalancer": {}},
    }


def _port(port: Port) -> dict[str, Any]:
    target = int(port.target_port) if port.target_port.isdigit() else port.target_port
    shown: dict[str, Any] = {"protocol": port.protocol, "port": port.port, "targetPort": target}
    if port.name:
        shown["name"] = port.name
    return shown | ({"nodePort": port.node_port} if port.node_port else {})


def shown_volume(volume: DataVolume) -> dict[str, Any]:
    state = volumes.progress(volume)
    source: dict[str, Any] = {"blank": {}}
    if volume.source_type == volumes.HTTP_URL:
        source = {"http": {"url": volume.source_data}}
    elif volume.source_type == volumes.EXISTING_CLAIM:
        namespace, _dummy, name = volume.source_data.rpartition("/")
        source = {"pvc": {"namespace": namespace or volume.namespace, "name": name}}
    labels = {BOOT_IMAGE_LABEL: str(volume.boot_image).lower()} if volume.managed else {}
    condition = {"type": "Running", "status": state.status, "reason": state.reason, "message": state.message}
    return {
        "kind": "DataVolume",
        "apiVersion": "cdi.kubevirt.io/v1beta1",
        "metadata": _metadata(volume.namespace, volume.name, volume.created_at, labels),
        "spec": {
            "source": source,
            "storage" if volumes.uses_storage(volume) else "pvc": {
                "accessModes": ["ReadWriteOnce"],
                # Of the creation: an extension changes the claim, not the volume.
                "resources": {"requests": {"storage": volumes.quantity(volume.size_bytes)}},
            },
        },
        "status": {"phase": state.phase, "progress": state.progress, "conditions": [condition]},
    }


def _claim(scope: Scope, namespace: str, name: str) -> dict[str, Any]:
    volume = scope.data_volumes.get(f"{namespace}/{name}")
    if volume is None or not volumes.progress(volume).has_claim:
        raise not_found(CLAIMS, name)
    storage = {"storage": volumes.quantity(volume.capacity_bytes)}
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "metadata": _metadata(namespace, name, volume.created_at, {}),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": storage}, "storageClassName": "ceph-rbd"},
        "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": storage},
    }
