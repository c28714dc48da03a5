# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""DataVolumes: what CDI admits, and what it does with one and its claim over time. volumes.py has the phases."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from ... import model, volumes
from ...model import Object
from .. import errors, ownership
from ..kind import Kind, Manifest
from ..moments import timestamp
from .claim import ACCESS_MODES, PROTECTION, binds, default_class, requested

if TYPE_CHECKING:
    from ..store import Store

WEBHOOK = "datavolume-validate.cdi.kubevirt.io"
FINALIZER = "cdi.kubevirt.io/dataVolumeFinalizer"
# Of spec.storage and spec.pvc, what is read here.
_TEMPLATE = {"": dict, ".resources": dict, ".resources.requests": dict, ".accessModes": list}
OVER = ("Succeeded", "Failed")
# The field manager of what CDI does.
CONTROLLER = "virt-cdi-controller"
# What CDI writes on a claim that it makes.
CLAIM_LABELS = {"app": "containerized-data-importer", "app.kubernetes.io/managed-by": "cdi-controller"}
CLAIM_ANNOTATIONS = {
    "cdi.kubevirt.io/storage.contentType": "kubevirt",
    "cdi.kubevirt.io/storage.usePopulator": "true",
}


class DataVolume(Kind):
    kind, resource = "DataVolume", "datavolumes"
    group, version, short_names = "cdi.kubevirt.io", "v1beta1", ("dv", "dvs")
    types: ClassVar = {
        **{f"spec.source{member}": dict for member in ("", ".http", ".pvc")},
        **{f"spec.{one}{member}": wanted for one in ("storage", "pvc") for member, wanted in _TEMPLATE.items()},
    }

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
        if unknown := [mode for mode in template.get("accessModes") or () if mode not in ACCESS_MODES]:
            known = ", ".join(f'"{mode}"' for mode in ACCESS_MODES)
            raise errors.denied(WEBHOOK, f'Unsupported value: "{unknown[0]}": supported values: {known}')
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
        item.course.setdefault("import_seconds", store.settings.import_seconds)
        source = _source(store, item)
        claim = self._claim(store, item, source)
        waiting = None if claim is None else _waiting(store, claim)
        state = _progress(item, source) if waiting is None or item.course.get("forced_phase") else waiting
        if claim is not None and claim.course.get("held") is state.has_claim:
            claim.course["held"] = not state.has_claim
            store.place(_claim_key(item), claim)
        self._show(store, key, item, state)
        if state.phase == "Succeeded" and store.settings.collected and claim is not None:
            _collect(store, key, claim)
            return False
        return state.phase not in OVER and not item.course.get("forced_phase")

    def _claim(self, store: Store, item: Object, source: Object | None) -> Object | None:
        """Its claim, which is made at once; a copy that names no size waits for its source with that, too."""
        metadata, spec = item.manifest["metadata"], item.manifest["spec"]
        key = _claim_key(item)
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
        manifest = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                **{name: metadata[name] for name in ("name", "namespace", "creationTimestamp")},
                "uid": store.new_uid(),
                "labels": CLAIM_LABELS,
                "annotations": CLAIM_ANNOTATIONS,
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
        managers = ownership.written({}, CONTROLLER, {}, manifest)
        claim = Object(copy.deepcopy(manifest), managers, course={"held": True})
        if capacity := item.course.get("capacity"):
            claim.course["capacity"] = capacity
        store.place(key, claim)
        return claim

    def _show(self, store: Store, key: str, item: Object, state: volumes.Progress) -> None:
        before = item.manifest.get("status", {})
        status = {
            "claimName": item.manifest["metadata"]["name"],
            "phase": state.phase,
            "progress": state.progress,
            "conditions": _conditions(state, before.get("conditions", [])),
        }
        if before == status:
            return
        if before.get("phase") != state.phase:
            kind = "Warning" if state.phase == "Failed" else "Normal"
            text = state.message or f"{state.phase} {item.manifest['metadata']['name']}"
            store.tell(item, kind, state.phase, text)
        item.manifest["status"] = status
        store.place(key, item)


def _conditions(state: volumes.Progress, before: list[Manifest]) -> list[Manifest]:
    """As CDI tells them, each with the time since when it is so."""
    bound, ready, now = state.has_claim, state.phase == "Succeeded", timestamp(time.time())
    told = [
        {"type": "Bound", "status": str(bound), "reason": "Bound" if bound else "Pending"},
        {"type": "Ready", "status": str(ready), "reason": "" if ready else "TransferRunning"},
        {"type": "Running", "status": state.status, "reason": state.reason, "message": state.message},
    ]
    conditions = []
    for condition in ({name: value for name, value in one.items() if value} for one in told):
        old = next((one for one in before if one["type"] == condition["type"]), {})
        if old.items() >= condition.items():
            conditions.append(old)
        else:
            since = old["lastTransitionTime"] if old.get("status") == condition["status"] else now
            conditions.append({**condition, "lastHeartbeatTime": now, "lastTransitionTime": since})
    return conditions


def _template(spec: Manifest) -> Manifest:
    return dict(spec.get("storage") or spec.get("pvc") or {})


def _progress(item: Object, source: Object | None) -> volumes.Progress:
    """Where it is. A copy begins when its source is there, and once more if that goes before the copy is complete."""
    metadata, course = item.manifest["metadata"], item.course
    there = source is None or _has(source)
    if course.get("started_at") is None and there:
        course["started_at"] = time.time()
    shape = model.DataVolume(metadata["namespace"], metadata["name"], import_seconds=course["import_seconds"])
    if source is not None:
        shape.source_type = volumes.EXISTING_CLAIM
        shape.source_data = str(item.manifest["spec"]["source"]["pvc"].get("name", ""))
    elif "blank" not in (given := item.manifest["spec"].get("source") or {}):
        shape.source_type, shape.source_data = volumes.HTTP_URL, str(given.get("http", {}).get("url", ""))
    for name in ("forced_phase", "forced_progress", "forced_message"):
        setattr(shape, name, course.get(name, ""))
    shape.started_at = course.get("started_at")
    if not there and volumes.progress(shape).phase == "CloneInProgress":
        shape.started_at = course["started_at"] = None
    return volumes.progress(shape)


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


def _waiting(store: Store, claim: Object) -> volumes.Progress | None:
    """What its claim waits for before anything is written to it: its class, or somebody who uses it."""
    name, class_name = claim.manifest["metadata"]["name"], claim.manifest["spec"].get("storageClassName", "")
    if claim.manifest["status"]["phase"] == "Bound" or binds(store, class_name):
        return None
    if store.table.get(f"storageclasses.storage.k8s.io//{class_name}"):
        if _consumed(store, claim.manifest["metadata"]["namespace"], name):
            return None
        text = f"PVC {name} waits for its first consumer"
        return volumes.Progress("WaitForFirstConsumer", reason="WaitForFirstConsumer", message=text)
    text = f'storageclass.storage.k8s.io "{class_name}" not found' if class_name else f"PVC {name} Pending"
    return volumes.Progress("Pending", status="Unknown", reason="Pending", message=text)


def _consumed(store: Store, namespace: str, name: str) -> bool:
    """Whether a running VM has it as a disk."""
    for _key, instance in store.pairs(f"virtualmachineinstances.kubevirt.io/{namespace}/"):
        for volume in instance.manifest["spec"].get("volumes", ()):
            if name in (
                volume.get("dataVolume", {}).get("name"),
                volume.get("persistentVolumeClaim", {}).get("claimName"),
            ):
                return True
    return False


def _collect(store: Store, key: str, claim: Object) -> None:
    """What CDI's garbage collection leaves: a claim that nobody owns, and that tells where it comes from."""
    metadata = claim.manifest["metadata"]
    metadata.pop("ownerReferences", None)
    metadata["annotations"] = {**metadata.get("annotations", {}), "cdi.kubevirt.io/garbageCollected": "true"}
    claim_key = f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}"
    store.place(claim_key, claim)
    store.release(claim_key)
    store.remove(key)


def _claim_key(item: Object) -> str:
    """Of the claim of a volume, which has its name."""
    metadata = item.manifest["metadata"]
    return f"persistentvolumeclaims/{metadata['namespace']}/{metadata['name']}"
