# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes: disks of virtual machines, imported, cloned or blank. Only their size can change, and only grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._engine.index import Index, view
from .._engine.resource import Plan, Presence, Progress, Read, Refusal, Resource, Seen, Step, Verb, Wait
from .._errors import ApiError, bad_option, checked
from .._http.url import shown_url
from .._task import info_task_for, task_for
from .._values.message import Message, is_in
from .._values.names import dns_1123_label, dns_1123_subdomain
from .._values.quantity import parse_quantity, parse_size
from .cluster import ARGUMENT_SPEC as KUBERNETES_SPEC
from .cluster import Cluster, says_missing, understood
from .connection import OTTERSCALE

# In the order of their numbers in otterscale.instance.v1. Numbers are what is sent: a server takes a name that it
# does not know for the first one, and the generations spell them differently.
SOURCE_TYPES = ("blank_image", "http_url", "existing_persistent_volume_claim")

ARGUMENT_SPEC: dict[str, Any] = {
    **KUBERNETES_SPEC,
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "source": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True, "choices": list(SOURCE_TYPES)},
            "data": {"type": "str"},
        },
    },
    "size": {"type": "str"},
    "boot_image": {"type": "bool"},
    "get_unlisted": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 600},
    "wait_sleep": {"type": "float", "default": 5},
    "wait_progress": {"type": "bool", "default": True},
}

_SERVICE = "otterscale.instance.v1.InstanceService"
_LIST = f"{_SERVICE}/ListDataVolumes"
_GET = f"{_SERVICE}/GetDataVolume"
MAX_WAIT_SECONDS = 30 * 86_400
_VISIBLE_WITHIN_SECONDS = 30.0  # Kubernetes resizes and deletes claims in its own time
_GIB = 1 << 30


class Source(NamedTuple):
    """Where the content comes from; data is a URL or the name of a claim."""

    type: str
    data: str = ""

    def claim(self, namespace: str) -> str | None:
        """What a volume of that namespace is a copy of, as "namespace/name"."""
        if self.type != SOURCE_TYPES[2]:
            return None
        owner, _slash, name = self.data.strip().rpartition("/")
        return f"{owner or namespace}/{name}"

    def shown(self) -> dict[str, str]:
        return {"type": self.type, "data": shown_url(self.data)}


@dataclass(frozen=True)
class DataVolumeState:
    """A volume as the server has it. Sizes in bytes.

    capacity is that of its claim, 0 without a claim or while that is unbound. boot_image is None where it cannot be
    read.
    """

    source: Source
    boot_image: bool | None
    size: int
    capacity: int = 0
    phase: str = field(default="", compare=False)
    progress: str = field(default="", compare=False)
    claim: Mapping[str, Any] = field(default_factory=dict, compare=False)
    condition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    created_at: str | None = field(default=None, compare=False)

    @property
    def real_size(self) -> int:
        """What its claim has. size stays what was requested at the creation, also after an extend."""
        return self.capacity or self.size

    def has(self, size: int) -> bool:
        """Whether it is of a declared size. Claims are often larger than requested.

        CDI adds the overhead of a file system (5.5 % and more, as it is configured), and storage rounds up, some of it
        to whole GiB.
        """
        return size <= self.real_size <= size * 115 // 100 + _GIB


@dataclass(frozen=True)
class DataVolume(Resource[DataVolumeState]):
    """The desired state; None is an option that the user did not give. size in bytes."""

    scope: str
    namespace: str
    name: str
    absent: bool = False
    source: Source | None = None
    size: int | None = None
    boot_image: bool | None = None
    get_unlisted: bool = False
    cluster: Cluster | None = None
    wait: Wait | None = None

    kind = "datavolume"
    noun = "data volume"
    options = ARGUMENT_SPEC
    namespaced = True
    steering = frozenset({*KUBERNETES_SPEC, "get_unlisted", "wait", "wait_timeout", "wait_sleep", "wait_progress"})

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DataVolume:
        """Check the options of a task. Raises a `client` ApiError."""
        for option in ("wait_timeout", "wait_sleep"):
            if not 0 < params[option] <= MAX_WAIT_SECONDS:
                rule = f"must be above zero and at most {MAX_WAIT_SECONDS} seconds, thirty days"
                raise bad_option(option, params[option], rule)
        return cls(
            scope=params["scope"],
            namespace=checked("namespace", params["namespace"], dns_1123_label),
            name=checked("name", params["name"], dns_1123_subdomain),
            absent=params["state"] == "absent",
            source=None if params["source"] is None else _checked_source(params["source"]),
            size=None if params["size"] is None else checked("size", params["size"], parse_size),
            boot_image=params["boot_image"],
            get_unlisted=params["get_unlisted"],
            cluster=Cluster.from_params(params),
            wait=Wait(params["wait_timeout"], params["wait_sleep"]) if params["wait"] else None,
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> DataVolume:
        return cls(scope, namespace or "", name, absent=True)

    @classmethod
    def list_all(cls, read: Read, scope: str, namespace: str | None) -> list[dict[str, Any]]:
        """The volumes that are in one of the two lists of the namespace: those that have a claim."""
        request = {"scope": scope, "namespace": namespace}
        answers = [read(_LIST, {**request, "bootImage": boot_image}) for boot_image in (False, True)]
        found = [volume for answer in answers for volume in Message(answer).raw_objects("dataVolumes")]
        return [volume for volume in found if is_in(namespace, volume)]

    @classmethod
    def read_listed(cls, message: Mapping[str, Any]) -> DataVolumeState:
        return _read_volume(message)

    def observe(self, read: Read) -> Seen[DataVolumeState]:
        """Look in the lists, which leave out volumes without a claim; GetDataVolume only where the user allows it.

        One generation lists by bootImage. Another ignores it and lists all, so a volume of the other kind in its
        answer shows that the second call would bring nothing new.
        """
        likely = bool(self.boot_image)
        for boot_image in (likely, not likely):
            answer = read(_LIST, {"scope": self.scope, "namespace": self.namespace, "bootImage": boot_image})
            volume = view(answer, _by_name, self.namespace).find(self.name)
            if volume is not None:
                return Seen(Presence.PRESENT, self.read_listed(volume))
            if view(answer, _tells_all, boot_image):
                break
        if self.cluster is not None:
            return self._ask(self.cluster)
        return self._get(read) if self.get_unlisted else Seen(Presence.UNKNOWN)

    def _ask(self, cluster: Cluster) -> Seen[DataVolumeState]:
        """What Kubernetes knows; a volume with a source that this API cannot make exists, but cannot be compared."""
        found = cluster.data_volume(self.namespace, self.name)
        if found is None:
            return Seen(Presence.ABSENT)
        state = understood(_read_kubernetes, found, cluster.claim(self.namespace, self.name) or {})
        return Seen(Presence.HIDDEN) if state is None else Seen(Presence.PRESENT, state)

    def _get(self, read: Read) -> Seen[DataVolumeState]:
        try:
            return Seen(Presence.PRESENT, _read_volume(read(_GET, self.key())))
        except ApiError as error:
            if self._says_missing(error):
                return Seen(Presence.ABSENT)
            raise

    def plan(self, seen: Seen[DataVolumeState]) -> Plan:
        if self.absent:
            return self.delete(seen, f"{_SERVICE}/DeleteDataVolume", visible_within=self._visible_within)
        if seen.presence is Presence.HIDDEN:
            warning = (
                f"data volume {self.namespace}/{self.name} exists but the server does not list it (it has no claim "
                "yet, or was not created by OtterScale): it could not be compared"
            )
            return Plan((), (warning,))
        if seen.state is None:
            return Plan((self._create(),))
        self._refuse_changes(seen.state)
        if self.size is None or seen.state.has(self.size):
            return Plan()
        return Plan((self._extend(self.size, seen.state.real_size),))

    @property
    def _visible_within(self) -> float:
        return self.wait.timeout if self.wait else _VISIBLE_WITHIN_SECONDS

    def _create(self) -> Step:
        if self.source is None or self.size is None:
            missing = "source" if self.source is None else "size"
            raise bad_option(missing, None, f"needed to create data volume {self.namespace}/{self.name}")
        source = {"type": SOURCE_TYPES.index(self.source.type), "data": self.source.data}
        request = {**self.key(), "source": source, "bootImage": bool(self.boot_image), "sizeBytes": str(self.size)}
        return Step(Verb.CREATE, f"{_SERVICE}/CreateDataVolume", request, "it does not exist")

    def _extend(self, size: int, now: int) -> Step:
        request = {**self.key(), "sizeBytes": str(size)}
        reason = f"its size is {now} bytes, not {size}"
        return Step(Verb.UPDATE, f"{_SERVICE}/ExtendDataVolume", request, reason, self._visible_within)

    def _refuse_changes(self, state: DataVolumeState) -> None:
        """What the API cannot do. Its only way to another value is to delete the volume with its data."""
        fixed = "that cannot be changed: delete the volume (and its data) and create it again"
        if self.source is not None and self.source != state.source:
            now = str(state.source.shown())
            if self.source.shown() == state.source.shown():
                now = "the same but for the password, which is not shown"
            raise bad_option("source", self.source.shown(), f"it is now {now}, and {fixed}")
        if self.boot_image is not None and state.boot_image is not None and self.boot_image != state.boot_image:
            raise bad_option("boot_image", self.boot_image, f"it is now {state.boot_image}, and {fixed}")
        if self.size is not None and self.size < state.real_size and not state.has(self.size):
            raise bad_option("size", self.size, f"it is now {state.real_size} bytes, and a volume can only grow")

    def key(self) -> dict[str, Any]:
        return {"scope": self.scope, "namespace": self.namespace, "name": self.name}

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[DataVolumeState]) -> DataVolumeState | None:
        return _read_volume(answer) if step.verb is Verb.CREATE and answer.get("name") == self.name else None

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        if step.verb is Verb.CREATE:
            source = self.source or Source("blank_image")
            if "DataVolume source" in error.message:
                error.advice = f"The server does not accept the source {source.shown()}: correct 'source'."
                return Refusal.FINAL
            if says_missing(error, "source", "persistentvolumeclaims", source.data) or says_missing(
                error, "namespace", "namespaces", self.namespace
            ):
                return Refusal.FINAL
            exists = error.code == "already_exists" or f'"{self.name}" already exists' in error.message
            return Refusal.EXISTS if exists else None
        if "persistentvolumeclaims" in error.message and "not found" in error.message:
            error.advice = "The volume has no claim yet, so it cannot be extended: wait until it is provisioned."
            return Refusal.FINAL
        return Refusal.MISSING if self._says_missing(error) else None

    def _says_missing(self, error: ApiError) -> bool:
        return error.code == "not_found" or f'datavolumes.cdi.kubevirt.io "{self.name}" not found' in error.message

    def pending(self, seen: Seen[DataVolumeState]) -> str | None:
        state = seen.state
        if self.absent:
            return None if state is None else f"it still exists, {_progress(state)}"
        if state is None:
            return "the server does not list it yet (it has no claim)"
        if state.phase == "Failed":
            raise ApiError(
                "failed_precondition",
                f"the import failed, {_progress(state)}",
                advice=f"Correct the source {state.source.shown()}, delete the volume and run the task again.",
            )
        return None if state.phase == "Succeeded" else f"it is not ready, {_progress(state)}"

    def progress(self, state: DataVolumeState) -> Progress:
        return Progress(state.phase or "unknown", state.progress)

    def predict(self, seen: Seen[DataVolumeState]) -> DataVolumeState | None:
        if seen.state is not None and not self.absent:
            return replace(seen.state, capacity=self.size or seen.state.capacity)
        if self.absent or self.source is None or self.size is None:
            return None
        return DataVolumeState(self.source, bool(self.boot_image), self.size)

    def desired(self) -> dict[str, Any]:
        source = self.source.shown() if self.source else None
        return {"source": source, "size": self.size, "boot_image": self.boot_image}

    def present(self, state: DataVolumeState) -> dict[str, Any]:
        boot_image = self.boot_image if state.boot_image is None else state.boot_image
        size = self.size if self.size is not None and state.has(self.size) else state.real_size
        return {"source": state.source.shown(), "size": size, "boot_image": boot_image}

    def as_result(self, state: DataVolumeState) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": self.namespace,
            "source": state.source.shown(),
            "boot_image": state.boot_image,
            "phase": state.phase,
            "progress": state.progress,
            "size_bytes": state.size,
            "capacity_bytes": state.capacity or None,
            "persistent_volume_claim": dict(state.claim) or None,
            "last_condition": dict(state.condition) or None,
            "created_at": state.created_at,
        }


def _by_name(answer: Mapping[str, Any], namespace: str) -> Index:
    return Index(volume for volume in Message(answer).raw_objects("dataVolumes") if is_in(namespace, volume))


def _tells_all(answer: Mapping[str, Any], boot_image: bool) -> bool:
    """Whether there is something of the other kind too in what was to be the list of one."""
    volumes = Message(answer).raw_objects("dataVolumes")
    return any((volume.get("bootImage") or False) is (not boot_image) for volume in volumes)


def _checked_source(option: Mapping[str, Any]) -> Source:
    try:
        return _parse_source(option)
    except ValueError as error:
        data = option.get("data")
        shown = {"type": option["type"], "data": data and shown_url(data)}
        raise bad_option("source", shown, str(error)) from None


def _parse_source(option: Mapping[str, Any]) -> Source:
    source = Source(option["type"], (option.get("data") or "").strip())
    if source.type == "blank_image":
        if source.data:
            raise ValueError("a blank_image has no data")
    elif not source.data:
        raise ValueError(f"{source.type} needs data")
    elif source.type == "http_url":
        parts = urlsplit(source.data)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("data must be an http:// or https:// URL")
    return source


def _progress(state: DataVolumeState) -> str:
    """Phase, progress and what the last condition says, for a failed wait."""
    said = state.condition.get("message") or state.condition.get("reason") or "none"
    return f"phase {state.phase or 'unknown'}, progress {state.progress or 'unknown'}, last condition: {said}"


def _read_volume(answer: Mapping[str, Any]) -> DataVolumeState:
    message = Message(answer)
    source = message.object("source")
    claim = message.object("persistentVolumeClaim")
    condition = message.object("lastCondition")
    return DataVolumeState(
        source=Source(source.enum("type", SOURCE_TYPES, "type_"), source.string("data")),
        boot_image=message.boolean("bootImage"),
        size=message.integer("sizeBytes"),
        capacity=_read_capacity(claim.string("capacity")),
        phase=message.string("phase"),
        progress=message.string("progress"),
        claim=_read_claim(claim),
        condition={
            "type": condition.string("type"),
            "status": condition.string("status"),
            "reason": condition.string("reason"),
            "message": condition.string("message"),
            "heartbeat_at": condition.time("heartbeatAt"),
            "transitioned_at": condition.time("transitionedAt"),
        }
        if condition
        else {},
        created_at=message.time("createdAt"),
    )


def _read_capacity(text: str) -> int:
    try:
        return parse_quantity(text) if text else 0
    except ValueError as error:
        raise ValueError(f"'capacity' {error}") from None


def _read_claim(claim: Message) -> dict[str, Any]:
    if not claim:
        return {}
    return {
        "name": claim.string("name"),
        "status": claim.string("status"),
        "access_modes": claim.strings("accessModes"),
        "capacity": claim.string("capacity"),
        "storage_class": claim.object("storageClass").string("name") or None,
        "created_at": claim.time("createdAt"),
    }


_LABELLED = {"true": True, "false": False}


def _read_kubernetes(volume: Message, claim: Message) -> DataVolumeState | None:
    """The same volume as Kubernetes shows it, None for a source that OtterScale does not know.

    A label that OtterScale sets says whether it is a boot image.
    """
    spec, status, metadata = (volume.object(name) for name in ("spec", "status", "metadata"))
    if not spec:
        raise ValueError("'spec' is empty")
    source = _read_kubernetes_source(spec.object("source"), metadata.string("namespace"))
    if source is None:
        return None
    claimed = spec.object("pvc") or spec.object("storage")
    conditions = status.objects("conditions")
    return DataVolumeState(
        source=source,
        boot_image=_LABELLED.get(metadata.object("labels").string("otterscale.com/data-volume.boot-image")),
        size=_read_requested(claimed.object("resources").object("requests")),
        capacity=_read_capacity(claim.object("status").object("capacity").string("storage")),
        phase=status.string("phase"),
        progress=status.string("progress"),
        condition={"message": conditions[-1].string("message")} if conditions else {},
        created_at=metadata.time("creationTimestamp"),
    )


def _read_requested(requested: Message) -> int:
    """The size that was asked for. In a custom resource a quantity stays as it was written: a text or an integer."""
    size = requested.get("storage")
    if isinstance(size, int) and not isinstance(size, bool):
        return size
    text = requested.string("storage")
    try:
        return parse_quantity(text or "0")
    except ValueError as error:
        raise ValueError(f"'storage' {error}") from None


def _read_kubernetes_source(source: Message, namespace: str) -> Source | None:
    if "blank" in source:
        return Source("blank_image")
    if "http" in source:
        return Source("http_url", source.object("http").string("url"))
    if "pvc" not in source:
        return None
    claim = source.object("pvc")
    name, owner = claim.string("name"), claim.string("namespace")
    return Source("existing_persistent_volume_claim", name if owner in ("", namespace) else f"{owner}/{name}")


TASK = task_for(DataVolume, OTTERSCALE)
INFO = info_task_for(DataVolume, OTTERSCALE, namespace=dns_1123_label)
