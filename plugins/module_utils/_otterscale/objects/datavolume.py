# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes as objects of Kubernetes: DataVolumes of CDI, each with a PersistentVolumeClaim of its name.

A DataVolume never changes; it is its claim that grows. CDI may delete a DataVolume that has succeeded, and leave its
claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..._engine.resource import Presence, Read, Refusal, Seen, Step, Verb
from ..._errors import ApiError
from ..._values.message import Message
from ..._values.quantity import format_size, parse_quantity
from ..model.datavolume import DataVolumeState, Leftover, Source, WantedDataVolume
from .reader import CLAIM, DATA_VOLUME, NAMESPACE, read_quantity, says_missing, unlike
from .resource_service import (
    CREATE,
    DELETE,
    DESCRIBE,
    ResourceService,
    address,
    is_absence,
    is_conflict,
    manifest,
    name_of,
    update_step,
)

# What OtterScale put on its volumes until 2025, and lists them by.
_BOOT_IMAGE = "otterscale.com/data-volume.boot-image"
_BOOLEANS = {"true": True, "false": False}
# What CDI writes on its claims begins so.
_OF_CDI = "cdi.kubevirt.io/"
_EVENTS_SHOWN = 3
# The phases of a volume whose storage class waits for the first consumer; the second where a populator fills it.
_UNUSED = ("WaitForFirstConsumer", "PendingPopulation")
# What refusals mean, by their texts: those of Kubernetes, of CDI's webhook and of quotas.
_NEEDED_TO_GROW = "only dynamically provisioned pvc can be resized"
_NOT_BOUND = "spec is immutable after creation"
_NAME_TAKEN = "Destination PVC"


@dataclass(frozen=True)
class DataVolumeObjects:
    """applies: for a server that has no Update. many: to be read with many others."""

    applies: bool = False
    many: bool = False

    delete = DELETE

    def check(self, wanted: WantedDataVolume) -> None:
        """All options can be said."""

    def list_all(self, wanted: WantedDataVolume, read: Read) -> Iterator[Mapping[str, Any]]:
        """The volumes of the namespace but those that are being deleted, each with its name.

        foreign: that OtterScale's label does not tell it from what others have made.
        """
        cluster = ResourceService(read, wanted.scope)
        volumes, claims = (
            {name_of(document): document for document in cluster.find_all(kind, wanted.namespace)}
            for kind in (DATA_VOLUME, CLAIM)
        )
        for name in dict.fromkeys([*volumes, *claims]):
            volume, claim = volumes.get(name), claims.get(name)
            if _leftover(volume, claim, wanted.namespace) is None:
                labels = Message(volume or claim or {}).object("metadata").object("labels")
                yield {"name": name, "volume": volume, "claim": claim, "foreign": _BOOT_IMAGE not in labels}

    def read_listed(self, message: Mapping[str, Any]) -> DataVolumeState:
        return _state(message["volume"], message["claim"])

    def observe(self, wanted: WantedDataVolume, read: Read) -> Seen[DataVolumeState]:
        """The volume with its claim. What is being deleted is not there any more.

        The claim is read first, so that one without its volume is no news of a volume that has just been created.
        """
        cluster = ResourceService(read, wanted.scope, self.many)
        claim, volume = (cluster.get(kind, wanted.namespace, wanted.name) for kind in (CLAIM, DATA_VOLUME))
        if volume is None and claim is not None and _is_owned(claim):
            claim = cluster.get(CLAIM, wanted.namespace, wanted.name)  # the volume has gone in between, or long ago
        if volume is None and claim is None:
            return Seen(Presence.ABSENT)
        leftover = _leftover(volume, claim, wanted.namespace)
        if leftover is not None:
            return Seen(Presence.ABSENT, beside=leftover)
        return Seen(Presence.PRESENT, _state(volume, claim))

    def key(self, wanted: WantedDataVolume, state: DataVolumeState | None = None) -> dict[str, Any]:
        kind = CLAIM if state is not None and state.collected else DATA_VOLUME
        return address(wanted.scope, kind, wanted.namespace, wanted.name)

    def create(self, wanted: WantedDataVolume) -> Step:
        """What the task leaves open is CDI's choice, by what it knows of the storage class."""
        source = wanted.source or Source("blank_image")
        storage: dict[str, Any] = {"resources": {"requests": {"storage": format_size(wanted.size or 0)}}}
        if wanted.storage_class is not None:
            storage["storageClassName"] = wanted.storage_class
        if wanted.access_modes is not None:
            storage["accessModes"] = list(wanted.access_modes)
        labels = {_BOOT_IMAGE: "true" if wanted.boot_image else "false"}
        volume = {
            "apiVersion": DATA_VOLUME.api_version,
            "kind": DATA_VOLUME.name,
            "metadata": {"name": wanted.name, "namespace": wanted.namespace, "labels": labels},
            "spec": {"source": _source(source, wanted.namespace), "storage": storage},
        }
        request = {**address(wanted.scope, DATA_VOLUME, wanted.namespace), "manifest": manifest(volume)}
        return Step(Verb.CREATE, CREATE, request, "it does not exist")

    def extend(self, wanted: WantedDataVolume, state: DataVolumeState, size: int, reason: str) -> Step:
        """All of the claim as it was read but for its size. Its resourceVersion makes sure that it is so still."""
        if not state.capacity:
            raise ApiError(
                "failed_precondition",
                f"{reason}, and a claim can be extended only once it is bound, which it is not (phase {state.phase})",
                advice="Run the task again when the volume is ready.",
            )
        claim = _resized(state.document, format_size(size))
        key = address(wanted.scope, CLAIM, wanted.namespace, wanted.name)
        return update_step(key, claim, _applied(claim) if self.applies else None, reason)

    def state_in(
        self, wanted: WantedDataVolume, step: Step, answer: Mapping[str, Any], before: Seen[DataVolumeState]
    ) -> DataVolumeState | None:
        document = Message(answer).object("object")
        if not unlike(document, DATA_VOLUME, wanted.namespace, wanted.name):
            return _state(document, None)
        if before.state is not None and not unlike(document, CLAIM, wanted.namespace, wanted.name):
            return _with_claim(before.state, document)
        return None

    def refusal(self, wanted: WantedDataVolume, step: Step, error: ApiError) -> Refusal | None:
        _advise(wanted, error)
        if step.verb is Verb.CREATE:
            # CDI looks at the claim of that name, before Kubernetes at the volume.
            if error.code == "already_exists" or _NAME_TAKEN in error.message:
                return Refusal.EXISTS
            source = wanted.source or Source("blank_image")
            missing = says_missing(error, "namespace", NAMESPACE, wanted.namespace) or says_missing(
                error, "source", CLAIM, source.data.rpartition("/")[2] or None
            )
            return Refusal.FINAL if missing or error.code == "invalid_argument" else None
        if any(is_absence(error, kind, wanted.name) for kind in (DATA_VOLUME, CLAIM)):
            return Refusal.MISSING
        if step.verb is Verb.UPDATE and is_conflict(error):
            return Refusal.CONFLICT
        return Refusal.FINAL if step.verb is Verb.UPDATE and error.code == "invalid_argument" else None

    def reports(self, wanted: WantedDataVolume, read: Read) -> str:
        """The newest warnings among the events of the volume and its claim."""
        events: list[Message] = []
        for kind in (DATA_VOLUME, CLAIM):
            with suppress(ApiError, ValueError):  # a failure here must not hide the one that is to be explained
                answer = read(DESCRIBE, address(wanted.scope, kind, wanted.namespace, wanted.name))
                events += [event.object("object") for event in Message(answer).objects("events")]
        events = [event for event in events if event.get("type") == "Warning"]
        events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
        texts = dict.fromkeys(f"{event.get('reason')}: {event.get('message')}" for event in events)
        return f"events: {'; '.join(list(texts)[-_EVENTS_SHOWN:])}" if texts else ""


# What is there


def read_data_volume(volume: Message, claim: Message) -> DataVolumeState:
    """A volume and its claim, which may be empty. Raises ValueError."""
    spec, status, metadata = (volume.object(name) for name in ("spec", "status", "metadata"))
    if not spec:
        raise ValueError("'spec' is empty")
    source = _read_source(spec.object("source"), metadata.string("namespace"))
    template = spec.object("pvc") or spec.object("storage")
    state = DataVolumeState(
        source=source,
        boot_image=_BOOLEANS.get(metadata.object("labels").string(_BOOT_IMAGE)),
        size=_requested(template),
        storage_class=template.string("storageClassName") or None,
        access_modes=frozenset(template.strings("accessModes")) or None,
        phase=status.string("phase"),
        progress=status.string("progress"),
        condition=_read_condition(status.objects("conditions")),
        created_at=metadata.time("creationTimestamp"),
        no_source="" if source else f"its source is {_other_source(spec)}, which this module cannot make",
        unused=status.get("phase") in _UNUSED,
    )
    return _with_claim(state, claim) if claim else state


def _state(volume: Mapping[str, Any] | None, claim: Mapping[str, Any] | None) -> DataVolumeState:
    if volume is not None:
        return read_data_volume(Message(volume), Message(claim or {}))
    left = Message(claim or {})
    state = DataVolumeState(
        source=None,
        boot_image=_BOOLEANS.get(left.object("metadata").object("labels").string(_BOOT_IMAGE)),
        size=_requested(left.object("spec")),
        phase="Succeeded",
        progress="100.0%",
        created_at=left.object("metadata").time("creationTimestamp"),
        no_source="CDI has deleted its DataVolume after the import, and its claim does not tell its source",
        collected=True,
    )
    return _with_claim(state, left)


def _with_claim(state: DataVolumeState, claim: Message) -> DataVolumeState:
    """The same with what its claim tells."""
    metadata, spec, status = (claim.object(name) for name in ("metadata", "spec", "status"))
    capacity = status.object("capacity").string("storage")
    modes = spec.strings("accessModes")
    shown = {
        "name": metadata.string("name"),
        "status": status.string("phase"),
        "access_modes": modes,
        "capacity": capacity,
        "storage_class": spec.string("storageClassName") or None,
        "created_at": metadata.time("creationTimestamp"),
    }
    return replace(
        state,
        capacity=read_capacity(capacity),
        requested=_requested(spec),
        storage_class=spec.string("storageClassName") or state.storage_class,
        access_modes=frozenset(modes) or state.access_modes,
        resize_pending=any(
            (condition.get("type"), condition.get("status")) == ("FileSystemResizePending", "True")
            for condition in status.objects("conditions")
        ),
        claim=shown,
        document=claim,
    )


def _leftover(volume: Mapping[str, Any] | None, claim: Mapping[str, Any] | None, namespace: str) -> Leftover | None:
    """What is in the place of a volume, if it is none."""
    found = Message(volume or claim or {})
    metadata = found.object("metadata")
    finalizers = ", ".join(metadata.strings("finalizers")) or "none"
    what = "it" if volume else "its claim"
    if metadata.get("deletionTimestamp"):
        return Leftover(f"{what} is being deleted, and still there (finalizers: {finalizers})", going=True)
    if volume is not None:
        return None
    if _is_owned(found):
        return Leftover(f"{what} is still there, and will be deleted as its DataVolume was", going=True)
    if any(name.startswith(_OF_CDI) for name in metadata.object("annotations")):
        return None
    what = f"namespace {namespace} has a PersistentVolumeClaim of this name that is no data volume's"
    return Leftover(what, going=False)


def _requested(spec: Message) -> int:
    """The size that a claim, or a template of one, asks for."""
    return read_quantity(spec.object("resources").object("requests"), "storage")


def _is_owned(claim: Mapping[str, Any]) -> bool:
    """Whether it goes with a DataVolume."""
    owners = Message(claim).object("metadata").objects("ownerReferences")
    return any(owner.get("kind") == DATA_VOLUME.name for owner in owners)


def read_capacity(text: str) -> int:
    """In bytes, 0 where there is none."""
    try:
        return parse_quantity(text) if text else 0
    except ValueError as error:
        raise ValueError(f"'capacity' {error}") from None


def _read_condition(conditions: list[Message]) -> dict[str, Any]:
    """The newest one, the last of those that are equally new."""
    if not conditions:
        return {}
    _since, _place, newest = max(
        (condition.time("lastTransitionTime") or "", place, condition) for place, condition in enumerate(conditions)
    )
    return {
        **{name: newest.string(name) for name in ("type", "status", "reason", "message")},
        "heartbeat_at": newest.time("lastHeartbeatTime"),
        "transitioned_at": newest.time("lastTransitionTime"),
    }


def _read_source(source: Message, namespace: str) -> Source | None:
    if source.get("blank") is not None:
        return Source("blank_image")
    if source.get("http") is not None:
        return Source("http_url", source.object("http").string("url"))
    if source.get("pvc") is None:
        return None
    claim = source.object("pvc")
    name, owner = claim.string("name"), claim.string("namespace")
    return Source("existing_persistent_volume_claim", name if owner in ("", namespace) else f"{owner}/{name}")


def _other_source(spec: Message) -> str:
    """A source that is none of those, in words."""
    kinds = [kind for kind, value in spec.object("source").items() if value is not None]
    if not kinds and spec.get("sourceRef") is not None:
        kinds = [spec.object("sourceRef").string("kind") or "DataSource"]
    return f"of kind {', '.join(map(repr, kinds))}" if kinds else "not told"


# What is written


def _source(source: Source, namespace: str) -> dict[str, Any]:
    if source.type == "http_url":
        return {"http": {"url": source.data}}
    if claim := source.claim(namespace):
        owner, _slash, name = claim.partition("/")
        return {"pvc": {"namespace": owner, "name": name}}
    return {"blank": {}}


def _resized(claim: Mapping[str, Any], size: str) -> dict[str, Any]:
    spec = Message(claim).object("spec")
    resources = spec.object("resources")
    requests = {**resources.object("requests"), "storage": size}
    named = {"apiVersion": CLAIM.api_version, "kind": CLAIM.name}
    return {**claim, **named, "spec": {**spec, "resources": {**resources, "requests": requests}}}


def _applied(claim: Mapping[str, Any]) -> dict[str, Any]:
    """The part of it that is managed: what is applied becomes the applier's own."""
    metadata = {key: claim["metadata"][key] for key in ("name", "namespace", "resourceVersion")}
    size = {"resources": {"requests": {"storage": claim["spec"]["resources"]["requests"]["storage"]}}}
    return {"apiVersion": CLAIM.api_version, "kind": CLAIM.name, "metadata": metadata, "spec": size}


def _advise(wanted: WantedDataVolume, error: ApiError) -> None:
    """Say what a user can do about a refusal that Kubernetes or CDI explains."""
    said = error.message
    if "exceeded quota" in said:
        error.advice = f"A quota of namespace {wanted.namespace} is reached: raise it, or delete what is not needed."
    elif "is being terminated" in said:
        error.advice = f"The namespace {wanted.namespace!r} is being deleted; use another one, or create it again."
    elif _NEEDED_TO_GROW in said:
        error.advice = (
            "Its storage class does not let claims grow (allowVolumeExpansion): leave 'size' as it is, or create a "
            "larger volume and copy the data."
        )
    elif _NOT_BOUND in said:
        error.advice = "Its claim is not bound, so that it cannot be extended yet: run the task again when it is."
    elif _NAME_TAKEN in said:
        error.advice = "A claim of this name is no data volume's: choose another 'name', or delete the claim."
    elif "DataVolume source" in said:
        source = wanted.source or Source("blank_image")
        error.advice = f"The server does not accept the source {source.shown()}: correct 'source'."
