# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""PersistentVolumeClaims: bound at once by a class that does not wait, and larger afterwards only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from ... import volumes
from ...model import Object
from .. import errors, quantities
from ..kind import Kind, Manifest
from .plain import StorageClass

if TYPE_CHECKING:
    from ..store import Store

PROTECTION = "kubernetes.io/pvc-protection"
ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")


class PersistentVolumeClaim(Kind):
    kind, resource, short_names = "PersistentVolumeClaim", "persistentvolumeclaims", ("pvc",)
    subresources = ("status",)
    types: ClassVar = {"spec.accessModes": list, "spec.resources": dict, "spec.resources.requests": dict}

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        spec = new.setdefault("spec", {})
        spec.setdefault("volumeMode", "Filesystem")
        if old is None:
            finalizers = new["metadata"].setdefault("finalizers", [])
            if PROTECTION not in finalizers:
                finalizers.append(PROTECTION)
            if "storageClassName" not in spec and (default := default_class(store)):
                spec["storageClassName"] = default
            new["status"] = {"phase": "Pending"}
        elif "volumeName" in old["spec"]:
            spec.setdefault("volumeName", old["spec"]["volumeName"])

    def check(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        name, spec = new["metadata"]["name"], new["spec"]
        if not spec.get("accessModes"):
            raise self.invalid(name, "spec.accessModes", "Required value: at least 1 access mode is required")
        for mode in spec["accessModes"]:
            if mode not in ACCESS_MODES:
                known = ", ".join(f'"{mode}"' for mode in ACCESS_MODES)
                raise self.invalid(name, "spec.accessModes", f'Unsupported value: "{mode}": supported values: {known}')
        size = requested(spec)
        if size is None or size <= 0:
            raise self.invalid(name, "spec.resources[storage]", "Required value")
        if old is None:
            return
        if _without_size(spec) != _without_size(old["spec"]):
            problem = (
                "Forbidden: spec is immutable after creation except resources.requests and "
                "volumeAttributesClassName for bound claims"
            )
            raise self.invalid(name, "spec", problem)
        self._check_growth(store, name, new, old)

    def _check_growth(self, store: Store, name: str, new: Manifest, old: Manifest) -> None:
        before, after = requested(old["spec"]) or 0, requested(new["spec"]) or 0
        if after < before:
            problem = "Forbidden: field can not be less than status.capacity"
            raise self.invalid(name, "spec.resources.requests.storage", problem)
        if after == before:
            return
        if old.get("status", {}).get("phase") != "Bound":
            raise self.invalid(name, "spec", "Forbidden: spec is immutable after creation except for bound claims")
        found = storage_class(store, str(new["spec"].get("storageClassName", "")))
        if found is None or not found.get("allowVolumeExpansion"):
            problem = (
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
                "must support resize"
            )
            raise errors.forbidden(self.title, name, problem)

    def settle(self, store: Store, key: str, item: Object) -> bool:
        spec, status, course = item.manifest["spec"], item.manifest["status"], item.course
        size = volumes.provided(requested(spec) or 0, store.settings.claims)
        if status["phase"] != "Bound":
            # A claim of a DataVolume waits for CDI, which knows whether somebody uses it.
            usable = not course["held"] if "held" in course else binds(store, str(spec.get("storageClassName", "")))
            if not usable:
                store.tell(item, *_why(store, str(spec.get("storageClassName", ""))))
                return False
            self._provide(store, key, item, course.get("capacity") or size)
            return False
        if size <= (quantities.parse(status["capacity"]["storage"]) or 0):
            return False
        # It grows in the background, for as long as a copy takes.
        if "grows_at" not in course:
            course["grows_at"] = time.time() + min(1.0, store.settings.import_seconds / 3)
            status["conditions"] = [{"type": "Resizing", "status": "True"}]
            store.place(key, item)
        if time.time() >= course["grows_at"]:
            del course["grows_at"]
            self._provide(store, key, item, size)
            return False
        return True

    def _provide(self, store: Store, key: str, item: Object, size: int) -> None:
        manifest = item.manifest
        manifest["spec"].setdefault("volumeName", f"pvc-{manifest['metadata']['uid']}")
        capacity = {"storage": volumes.quantity(size)}
        text = f"Successfully provisioned volume {manifest['spec']['volumeName']}"
        store.tell(item, "Normal", "ProvisioningSucceeded", text)
        modes = manifest["spec"]["accessModes"]
        manifest["status"] = {"phase": "Bound", "accessModes": modes, "capacity": capacity}
        store.place(key, item)


def requested(spec: Manifest) -> int | None:
    """The size that a claim, or a template of one, asks for; None where it asks for none that can be read."""
    return quantities.parse(spec.get("resources", {}).get("requests", {}).get("storage", ""))


def storage_class(store: Store, name: str) -> Manifest | None:
    item = store.table.get(f"storageclasses.storage.k8s.io//{name}")
    return None if item is None else dict(item.manifest)


def default_class(store: Store) -> str:
    for item in store.all(StorageClass()):
        if item.manifest["metadata"].get("annotations", {}).get(StorageClass.DEFAULT) == "true":
            return str(item.manifest["metadata"]["name"])
    return ""


def binds(store: Store, name: str) -> bool:
    """Whether a class gives a claim its volume before anybody uses it."""
    found = storage_class(store, name)
    return found is not None and found["volumeBindingMode"] == "Immediate"


def _why(store: Store, class_name: str) -> tuple[str, str, str]:
    """Type, reason and message of what is said of a claim that is not bound."""
    if storage_class(store, class_name):
        return "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
    if class_name:
        return "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{class_name}" not found'
    return "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set"


def _without_size(spec: Manifest) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in ("resources", "volumeAttributesClassName")}
