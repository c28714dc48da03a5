# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes whatever the server speaks: only their size can change, and only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from ..._engine.resource import Progress, Read, Refusal, Seen, Step, Wait
from ..._errors import ApiError, bad_option
from ..._http.url import shown_url

# In the order of their numbers in otterscale.instance.v1. Numbers are what is sent: a server takes a name that it
# does not know for the first one, and the generations spell them differently.
SOURCE_TYPES = ("blank_image", "http_url", "existing_persistent_volume_claim")

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
class WantedDataVolume:
    """What a task wants of a data volume; None is an option that the user did not give. size in bytes."""

    scope: str
    namespace: str
    name: str
    absent: bool = False
    source: Source | None = None
    size: int | None = None
    boot_image: bool | None = None
    wait: Wait | None = None

    @property
    def visible_within(self) -> float:
        """Seconds that the effect of a write may take to show."""
        return self.wait.timeout if self.wait else _VISIBLE_WITHIN_SECONDS

    def check_complete(self) -> None:
        """Raises a `client` ApiError where an option is missing that a new volume needs."""
        if self.source is None or self.size is None:
            missing = "source" if self.source is None else "size"
            raise bad_option(missing, None, f"needed to create data volume {self.namespace}/{self.name}")

    def other_size(self, state: DataVolumeState) -> int | None:
        """The size that it has to grow to, None if nothing differs. Raises a `client` ApiError for other changes."""
        self._refuse_changes(state)
        return None if self.size is None or state.has(self.size) else self.size

    def _refuse_changes(self, state: DataVolumeState) -> None:
        """What no API can do. The only way to another value is to delete the volume with its data."""
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


class Dialect(Protocol):
    """How a generation of servers says it; the methods of Resource with these names say what each is for."""

    @property
    def delete(self) -> str:
        """The procedure that deletes a volume."""

    def list_all(self, wanted: WantedDataVolume, read: Read) -> Iterable[Mapping[str, Any]]: ...

    def read_listed(self, message: Mapping[str, Any]) -> DataVolumeState: ...

    def observe(self, wanted: WantedDataVolume, read: Read) -> Seen[DataVolumeState]: ...

    def key(self, wanted: WantedDataVolume) -> dict[str, Any]: ...

    def create(self, wanted: WantedDataVolume) -> Step:
        """The write that makes what is wanted."""

    def extend(self, wanted: WantedDataVolume, size: int, reason: str) -> Step:
        """The write that makes it grow to that size."""

    def state_in(self, wanted: WantedDataVolume, step: Step, answer: Mapping[str, Any]) -> DataVolumeState | None: ...

    def refusal(self, wanted: WantedDataVolume, step: Step, error: ApiError) -> Refusal | None: ...


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
