# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""DataVolumes: what CDI admits, and what it does with one and its claim over time. volumes.py has the phases."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ... import model, volumes
from ...model import Object
from .. import errors
from ..kind import Kind, Manifest
from .claim import PROTECTION, binds, default_class, requested

if TYPE_CHECKING:
    from ..store import Store

WEBHOOK = "datavolume-validate.cdi.kubevirt.io"
FINALIZER = "cdi.kubevirt.io/dataVolumeFinalizer"
OVER = ("Succeeded", "Failed", "WaitForFirstConsumer")
# How long a phase that is held from outside is held: for ever.
_FORCED = ("forced_phase", "forced_progress", "forced_message")


class DataVolume(Kind):
    kind, resource = "DataVolume", "datavolumes"
    group, version, short_names = "cdi.kubevirt.io", "v1beta1", ("dv", "dvs")

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        if old is None and store.settings.deletion_seconds:
            finalizers = new["metadata"].setdefault("finalizers", [])
            if FINALIZER not in finalizers:
                finalizers.append(FINALIZER)

    def check(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        spec = new.get("spec") or {}
        if old is not None:
            if spec != old["spec"]:
                raise errors.denied(WEBHOOK, "Cannot update DataVolume Spec")
            return
        if ("storage" in spec) == ("pvc" in spec):
            raise errors.denied(WEBHOOK, "Data volume should have either a pvc spec or a storage spec, and not both")
        sources = [name for name, value in (spec.get("source") or {}).items() if value is not None]
        if not sources and "sourceRef" not in spec:
            raise errors.denied(WEBHOOK, "Data volume should have either Source or SourceRef")
        if len(sources) > 1:
            raise errors.denied(WEBHOOK, "Multiple Data volume sources")
        if sources == ["http"] and urlsplit(str(spec["source"]["http"].get("url"))).scheme not in ("http", "https"):
            raise errors.denied(WEBHOOK, "DataVolume source http URL is not valid")
        template = _template(spec)
        if "pvc" in spec and not template.get("accessModes"):
            raise errors.denied(WEBHOOK, "Required value: at least 1 access mode is required")
        size = requested(template)
        if size is None and (sources != ["pvc"] or "pvc" in spec):
            raise errors.denied(WEBHOOK, "PVC size is missing")
        if size is not None and size <= 0:
            raise errors.denied(WEBHOOK, "PVC size can't be equal or less than zero")
        metadata = new["metadata"]
        if f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}" in store.table:
            problem = f"Destination PVC {metadata['namespace']}/{metadata['name']} already exists"
            raise errors.denied(WEBHOOK, problem)

    def settle(self, store: Store, key: str, item: Object) -> bool:
        metadata, course = item.manifest["metadata"], item.course
        source = _source(store, item)
        if "import_seconds" not in course:
            course["import_seconds"] = store.settings.import_seconds
        if course.get("started_at") is None and (source is None or _has(source)):
            course["started_at"] = time.time()
        state = volumes.progress(_shape(item))
        if source is not None and not _has(source) and state.phase == "CloneInProgress":
            course["started_at"] = None
            state = volumes.progress(_shape(item))
        claim = self._claim(store, item, source)
        waits = claim is not None and not binds(store, str(claim.manifest["spec"].get("storageClassName", "")))
        if waits and not course.get("forced_phase"):
            state = _waiting(store, metadata["name"], claim)
        if claim is not None and claim.course.get("held") is state.has_claim:
            claim.course["held"] = not state.has_claim
            store.place(f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}", claim)
        self._show(store, key, item, state)
        if state.phase == "Succeeded" and store.settings.collected and claim is not None:
            self._collect(store, key, claim)
            return False
        return state.phase not in OVER and not course.get("forced_phase")

    def _claim(self, store: Store, item: Object, source: Object | None) -> Object | None:
        """Its claim, which is made at once; a copy that names no size waits for its source with that, too."""
        metadata, spec = item.manifest["metadata"], item.manifest["spec"]
        key = f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}"
        if key in store.table:
            return store.table[key]
        template = _template(spec)
        size = requested(template)
        if size is None:
            if source is None or not _has(source):
                return None
            size = requested(source.manifest["spec"]) or 0
        elif "storage" in spec:
            size = volumes.with_overhead(size, store.settings.claims)
        owner = {"apiVersion": self.api_version, "kind": self.kind, "name": metadata["name"], "uid": metadata["uid"]}
        annotations = {"cdi.kubevirt.io/storage.contentType": "kubevirt"}
        manifest = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": store.new_uid(),
                "creationTimestamp": metadata["creationTimestamp"],
                "labels": {"app": "containerized-data-importer", "app.kubernetes.io/managed-by": "cdi-controller"},
                "annotations": {**annotations, "cdi.kubevirt.io/storage.usePopulator": "true"},
                "finalizers": [PROTECTION],
                "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
            },
            "spec": {
                "accessModes": template.get("accessModes") or ["ReadWriteOnce"],
                "resources": {"requests": {"storage": volumes.quantity(size)}},
                "storageClassName": template.get("storageClassName", default_class(store)),
                "volumeMode": template.get("volumeMode", "Filesystem"),
            },
            "status": {"phase": "Pending"},
        }
        claim = Object(manifest, course={"held": True})
        if capacity := item.course.get("capacity"):
            claim.course["capacity"] = capacity
        store.place(key, claim)
        return claim

    def _show(self, store: Store, key: str, item: Object, state: volumes.Progress) -> None:
        succeeded = state.phase == "Succeeded"
        running = {"type": "Running", "status": state.status, "reason": state.reason, "message": state.message}
        status = {
            "claimName": item.manifest["metadata"]["name"],
            "phase": state.phase,
            "progress": state.progress,
            "conditions": [
                {"type": "Bound", "status": str(state.has_claim), "reason": "Bound" if state.has_claim else "Pending"},
                {"type": "Ready", "status": str(succeeded), "reason": "" if succeeded else "TransferRunning"},
                {name: value for name, value in running.items() if value},
            ],
        }
        before = item.manifest.get("status", {})
        if before == status:
            return
        if before.get("phase") != state.phase:
            kind = "Warning" if state.phase == "Failed" else "Normal"
            text = state.message or f"{state.phase} {item.manifest['metadata']['name']}"
            item.events.append({"type": kind, "reason": state.phase, "message": text, "at": time.time()})
        item.manifest["status"] = status
        store.place(key, item)

    def _collect(self, store: Store, key: str, claim: Object) -> None:
        """What CDI's garbage collection leaves: a claim of its own, that tells where it comes from."""
        metadata = claim.manifest["metadata"]
        metadata.pop("ownerReferences", None)
        metadata["annotations"] = {**metadata.get("annotations", {}), "cdi.kubevirt.io/garbageCollected": "true"}
        claim_key = f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}"
        store.place(claim_key, claim)
        store.release(claim_key)
        store.remove(key)


def _template(spec: Manifest) -> Manifest:
    return dict(spec.get("storage") or spec.get("pvc") or {})


def _shape(item: Object) -> model.DataVolume:
    """It as volumes.py knows one."""
    metadata, course = item.manifest["metadata"], item.course
    source: dict[str, Any] = item.manifest["spec"].get("source") or {}
    volume = model.DataVolume(metadata["namespace"], metadata["name"])
    if "pvc" in source:
        volume.source_type, volume.source_data = volumes.EXISTING_CLAIM, str(source["pvc"].get("name", ""))
    elif "blank" not in source:
        volume.source_type, volume.source_data = volumes.HTTP_URL, str(source.get("http", {}).get("url", ""))
    volume.import_seconds, volume.started_at = course["import_seconds"], course.get("started_at")
    for name in _FORCED:
        setattr(volume, name, course.get(name, ""))
    return volume


def _source(store: Store, item: Object) -> Object | None:
    """The claim that it copies, an empty object where that does not exist; None for what is no copy."""
    named = (item.manifest["spec"].get("source") or {}).get("pvc")
    if named is None:
        return None
    namespace = named.get("namespace") or item.manifest["metadata"]["namespace"]
    found = store.table.get(f"persistentvolumeclaims/{namespace}/{named.get('name')}")
    return found if isinstance(found, Object) else Object({})


def _has(source: Object) -> bool:
    return bool(source.manifest.get("status", {}).get("phase") == "Bound")


def _waiting(store: Store, name: str, claim: Object | None) -> volumes.Progress:
    """Its class gives it nothing yet: before somebody uses it, or ever."""
    class_name = claim.manifest["spec"].get("storageClassName", "") if claim else ""
    if store.table.get(f"storageclasses.storage.k8s.io//{class_name}"):
        text = f"PVC {name} waits for its first consumer"
        return volumes.Progress("WaitForFirstConsumer", reason="WaitForFirstConsumer", message=text)
    text = f'storageclass.storage.k8s.io "{class_name}" not found' if class_name else f"PVC {name} Pending"
    return volumes.Progress("Pending", status="Unknown", reason="Pending", message=text)
