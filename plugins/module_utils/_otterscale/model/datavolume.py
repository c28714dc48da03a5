# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes whatever the server speaks: only their size can change, and only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from ..._engine.resource import Presence, Progress, Read, Refusal, Seen, Step, Wait
from ..._errors import ApiError, bad_option
from ..._http.url import shown_url

# In the order of their numbers in otterscale.instance.v1. Numbers are what is sent: a server takes a name that it
# does not know for the first one, and the generations spell them differently.
SOURCE_TYPES = ("blank_image", "http_url", "existing_persistent_volume_claim")

# What a claim may be asked for; the names are those of Kubernetes.
ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

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
    """A volume as the server has it. Sizes in bytes; None is what cannot be read.

    capacity is that of its claim, 0 without a claim or while that is unbound; requested is what its claim is to have,
    0 where that is not told. no_source: why there is no source to compare with.
    unused: it waits for its first consumer. resize_pending: it has grown but for its file system, which needs one too.
    document: its claim as an object, where it is read as one. collected: its claim is all that is left of it.
    """

    source: Source | None
    boot_image: bool | None
    size: int
    capacity: int = 0
    phase: str = field(default="", compare=False)
    progress: str = field(default="", compare=False)
    claim: Mapping[str, Any] = field(default_factory=dict, compare=False)
    condition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    created_at: str | None = field(default=None, compare=False)
    requested: int = 0
    storage_class: str | None = None
    access_modes: frozenset[str] | None = None
    no_source: str = field(default="", compare=False)
    unused: bool = field(default=False, compare=False)
    resize_pending: bool = field(default=False, compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    collected: bool = field(default=False, compare=False)

    @property
    def real_size(self) -> int:
        """What its claim has, or is about to. size stays what was requested at the creation, also after an extend."""
        return max(self.capacity, self.requested) or self.size

    @property
    def grows(self) -> bool:
        return 0 < self.capacity < self.requested

    def has(self, size: int) -> bool:
        """Whether it is of a declared size. Claims are often larger than requested.

        CDI adds the overhead of a file system (5.5 % and more, as it is configured), and storage rounds up, some of it
        to whole GiB.
        """
        return size <= self.real_size <= size * 115 // 100 + _GIB


class Leftover(NamedTuple):
    """What has the name of a volume that is not there, in words; going: it will be gone by itself."""

    what: str
    going: bool


@dataclass(frozen=True)
class WantedDataVolume:
    """What a task wants of a data volume; None is an option that the user did not give. size in bytes."""

    scope: str
    namespace: str
    name: str
    absent: bool = False
    source: Source | None = None
    size: int | None = None
    boot_image: bool | None = None
    storage_class: str | None = None
    access_modes: tuple[str, ...] | None = None
    wait: Wait | None = None

    @property
    def visible_within(self) -> float:
        """Seconds that the effect of a write may take to show."""
        return self.wait.timeout if self.wait else _VISIBLE_WITHIN_SECONDS

    def check_creatable(self, leftover: Leftover | None) -> None:
        """Raises an ApiError where the name is taken, or an option is missing that a new volume needs."""
        if leftover and leftover.going:
            raise ApiError(
                "failed_precondition",
                leftover.what,
                advice="Run the task again when it is gone; its finalizers tell what it waits for.",
            )
        if leftover:
            raise bad_option("name", self.name, f"{leftover.what}; it is left as it is: choose another name")
        if self.source is None or self.size is None:
            missing = "source" if self.source is None else "size"
            raise bad_option(missing, None, f"needed to create data volume {self.namespace}/{self.name}")

    def not_compared(self, state: DataVolumeState) -> str | None:
        """What a user should know where there is no source to compare with the one that the task names."""
        if self.source is None or not state.no_source:
            return None
        return f"data volume {self.namespace}/{self.name} exists, but {state.no_source}: it could not be compared"

    def other_size(self, state: DataVolumeState) -> int | None:
        """The size that it has to grow to, None if nothing differs. Raises a `client` ApiError for other changes."""
        self._refuse_changes(state)
        return None if self.size is None or state.has(self.size) else self.size

    def _refuse_changes(self, state: DataVolumeState) -> None:
        """What no API can do. The only way to another value is to delete the volume with its data."""
        fixed = "that cannot be changed: delete the volume (and its data) and create it again"
        if self.source is not None and state.source is not None and self.source != state.source:
            now = str(state.source.shown())
            if self.source.shown() == state.source.shown():
                now = "the same but for the password, which is not shown"
            raise bad_option("source", self.source.shown(), f"it is now {now}, and {fixed}")
        named, present = self.desired(), self.present(state)
        for option in ("boot_image", "storage_class", "access_modes"):
            if named[option] is not None and named[option] != present[option]:
                raise bad_option(option, named[option], f"it is now {_shown(present[option])}, and {fixed}")
        if self.size is not None and self.size < state.real_size and not state.has(self.size):
            raise bad_option("size", self.size, f"it is now {state.real_size} bytes, and a volume can only grow")

    def pending(self, seen: Seen[DataVolumeState]) -> str | None:
        state = seen.state
        if self.absent:
            leftover: Leftover | None = seen.beside
            if leftover and leftover.going:
                return leftover.what
            return None if state is None else f"it still exists, {_progress(state)}"
        if state is None:
            if seen.presence is Presence.ABSENT:
                return "it does not exist any more"
            return "the server does not list it yet (it has no claim)"
        if state.phase == "Failed":
            source = f"the source {state.source.shown()}" if state.source else "its source"
            raise ApiError(
                "failed_precondition",
                f"the import failed, {_progress(state)}",
                advice=f"Correct {source}, delete the volume and run the task again.",
            )
        if state.unused:
            return None
        if state.phase != "Succeeded":
            return f"it is not ready, {_progress(state)}"
        if state.grows and not state.resize_pending:
            return f"it has {state.capacity} bytes, and its claim grows to {state.requested}"
        return None

    def after_wait(self, seen: Seen[DataVolumeState]) -> str | None:
        state, volume = seen.state, f"data volume {self.namespace}/{self.name}"
        if self.absent or state is None:
            return None
        if state.unused:
            return (
                f"{volume} waits for its first consumer: its storage class binds a volume only when a virtual machine "
                "uses it, and it gets its content only then. There is nothing more to wait for"
            )
        if state.grows and state.resize_pending:
            return f"{volume} has its new size once a virtual machine uses it: until then its file system cannot grow"
        return None

    def progress(self, state: DataVolumeState) -> Progress:
        return Progress(state.phase or "unknown", state.progress)

    def predict(self, seen: Seen[DataVolumeState]) -> DataVolumeState | None:
        if seen.state is not None and not self.absent:
            return replace(seen.state, capacity=self.size or seen.state.capacity)
        if self.absent or self.source is None or self.size is None:
            return None
        return DataVolumeState(self.source, bool(self.boot_image), self.size)

    def desired(self) -> dict[str, Any]:
        return {
            "source": self.source.shown() if self.source else None,
            "size": self.size,
            "boot_image": self.boot_image,
            "storage_class": self.storage_class,
            "access_modes": None if self.access_modes is None else list(self.access_modes),
        }

    def present(self, state: DataVolumeState) -> dict[str, Any]:
        """What cannot be read is taken for what is wanted, and so are the same access modes in another order."""
        desired = self.desired()
        told = {
            "source": state.source and state.source.shown(),
            "size": self.size if self.size is not None and state.has(self.size) else state.real_size,
            "boot_image": state.boot_image,
            "storage_class": state.storage_class,
            "access_modes": None
            if state.access_modes in (None, frozenset(self.access_modes or ()))
            else sorted(state.access_modes or ()),
        }
        return {option: desired[option] if value is None else value for option, value in told.items()}

    def as_result(self, state: DataVolumeState) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": self.namespace,
            "source": state.source and state.source.shown(),
            "boot_image": state.boot_image,
            "phase": state.phase,
            "progress": state.progress,
            "size_bytes": state.size,
            "capacity_bytes": state.capacity or None,
            "persistent_volume_claim": dict(state.claim) or None,
            "last_condition": dict(state.condition) or None,
            "created_at": state.created_at,
        }


class Dialect(Protocol):
    """How a generation of servers says it; the methods of Resource with these names say what each is for."""

    @property
    def delete(self) -> str:
        """The procedure that deletes a volume."""

    def check(self, wanted: WantedDataVolume) -> None:
        """Raises a `client` ApiError for options that it cannot say."""

    def list_all(self, wanted: WantedDataVolume, read: Read) -> Iterable[Mapping[str, Any]]: ...

    def read_listed(self, message: Mapping[str, Any]) -> DataVolumeState: ...

    def observe(self, wanted: WantedDataVolume, read: Read) -> Seen[DataVolumeState]: ...

    def key(self, wanted: WantedDataVolume, state: DataVolumeState | None = None) -> dict[str, Any]:
        """What names it in requests; state: of the one to be deleted."""

    def create(self, wanted: WantedDataVolume) -> Step:
        """The write that makes what is wanted."""

    def extend(self, wanted: WantedDataVolume, state: DataVolumeState, size: int, reason: str) -> Step:
        """The write that makes it grow to that size. Raises an ApiError where that cannot be yet."""

    def state_in(
        self, wanted: WantedDataVolume, step: Step, answer: Mapping[str, Any], before: Seen[DataVolumeState]
    ) -> DataVolumeState | None: ...

    def refusal(self, wanted: WantedDataVolume, step: Step, error: ApiError) -> Refusal | None: ...

    def reports(self, wanted: WantedDataVolume, read: Read) -> str: ...


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _progress(state: DataVolumeState) -> str:
    """Phase, progress and what the last condition says, for a failed wait."""
    said = state.condition.get("message") or state.condition.get("reason") or "none"
    return f"phase {state.phase or 'unknown'}, progress {state.progress or 'unknown'}, last condition: {said}"


def parse_source(option: Mapping[str, Any]) -> Source:
    """The option `source`. Raises ValueError naming the rule that it breaks."""
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
