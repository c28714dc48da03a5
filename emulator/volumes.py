# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Data volumes: what CDI (the Containerized Data Importer) does with them over time.

Nothing runs in the background. The phase of a volume is a pure function of the volume and the clock, so a restart of
the server loses nothing. Words in the path of an http URL choose what becomes of the import:

- `fail`: it ends in Failed;
- `stuck`: it retries forever at ImportInProgress;
- `wffc`: nobody consumes it, it stays WaitForFirstConsumer (and has no claim).

A claim may be larger than requested: see the knob `claims`.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import CLAIMS, VOLUMES, BackendError, already_exists, invalid_value, not_found
from .model import DataVolume, Scope, key_of

BLANK_IMAGE, HTTP_URL, EXISTING_CLAIM = 0, 1, 2
# Parts of --import-seconds: how long a volume is Pending, until when ImportScheduled, when a bad import fails.
PENDING_UNTIL, SCHEDULED_UNTIL, FAILS_AT = 0.1, 0.2, 0.5
# In these phases a volume has no claim yet, so OtterScale does not list it.
WITHOUT_CLAIM = ("", "Pending", "WaitForFirstConsumer")
# What CDI keeps for the file system, in thousandths of the claim; block storage needs nothing.
OVERHEAD = {"exact": 0, "filesystem": 55, "filesystem_gib": 60}
GIB = 1 << 30
_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True)
class Progress:
    """Where a volume is now. `status` and `reason` are those of its last condition."""

    phase: str
    progress: str = "N/A"
    status: str = "False"
    reason: str = ""
    message: str = ""

    @property
    def has_claim(self) -> bool:
        return self.phase not in WITHOUT_CLAIM


def create(scope: Scope, volume: DataVolume, claims: str) -> DataVolume:
    if not _DNS_1123.fullmatch(volume.name) or len(volume.name) > 253:
        raise invalid_value(
            "DataVolume.cdi.kubevirt.io",
            volume.name,
            "metadata.name",
            volume.name,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', and must start and end with an alphanumeric character",
        )
    if not volume.namespace:
        raise BackendError("invalid_argument", "an empty namespace may not be set during creation")
    if volume.source_type not in (HTTP_URL, EXISTING_CLAIM):
        volume.source_type = BLANK_IMAGE  # the default branch of the server's switch
    if volume.source_type == HTTP_URL and urlsplit(volume.source_data).scheme not in ("http", "https"):
        raise _denied("DataVolume source http URL is not valid")
    if volume.size_bytes <= 0:
        raise _denied("PVC size can't be equal or less than zero")
    key = key_of(volume.namespace, volume.name)
    if key in scope.data_volumes:
        raise already_exists(VOLUMES, volume.name)
    volume.capacity_bytes = claimed(volume, claims)
    scope.data_volumes[key] = volume
    settle(scope)
    return volume


def extend(scope: Scope, namespace: str, name: str, size_bytes: int, claims: str) -> None:
    """Sets the request of the claim, without overhead; the volume's own size stays what it was at creation."""
    volume = scope.data_volumes.get(key_of(namespace, name))
    if volume is None or not progress(volume).has_claim:
        raise not_found(CLAIMS, name)
    if size_bytes < volume.capacity_bytes:
        raise BackendError(
            "invalid_argument",
            f'{CLAIMS} "{name}" is invalid: spec.resources.requests.storage: '
            "Forbidden: field can not be less than previous value",
        )
    volume.capacity_bytes = provided(size_bytes, claims)


def uses_storage(volume: DataVolume) -> bool:
    """Whether it is made with `spec.storage`, to which CDI adds the overhead; a copy is made with `spec.pvc`."""
    return volume.source_type != EXISTING_CLAIM


def claimed(volume: DataVolume, claims: str) -> int:
    """The capacity of the claim of a new volume."""
    size = with_overhead(volume.size_bytes, claims) if uses_storage(volume) else volume.size_bytes
    return provided(size, claims)


def with_overhead(size: int, claims: str) -> int:
    """What CDI requests for a volume of that size."""
    return _divided_up(size * 1000, 1000 - OVERHEAD[claims])


def provided(request: int, claims: str) -> int:
    """What the storage makes of a claim's request."""
    return _divided_up(request, GIB) * GIB if claims == "filesystem_gib" else request


def _divided_up(number: int, by: int) -> int:
    return -(-number // by)


def delete(scope: Scope, namespace: str, name: str) -> None:
    """Copies of it that are not complete begin again, once a source of that name exists."""
    gone = get(scope, namespace, name)
    for key, volume in scope.data_volumes.items():
        if _source(scope, volume) is gone and progress(volume).phase == "CloneInProgress":
            volume.started_at = None
            scope.data_volumes.touched.add(key)
    del scope.data_volumes[key_of(namespace, name)]


def get(scope: Scope, namespace: str, name: str) -> DataVolume:
    volume = scope.data_volumes.get(key_of(namespace, name))
    if volume is None:
        raise not_found(VOLUMES, name)
    return volume


def listed(scope: Scope, namespace: str) -> list[DataVolume]:
    """Those that OtterScale lists: its own, and only once they have a claim."""
    return [
        volume
        for volume in scope.data_volumes.values()
        if namespace in ("", volume.namespace) and volume.managed and progress(volume).has_claim
    ]


def settle(scope: Scope) -> bool:
    """Let the copies begin whose source claim has appeared; everything else begins at its creation.

    Returns whether anything began.
    """
    began = False
    for key, volume in scope.data_volumes.items():
        if volume.started_at is None and (volume.source_type != EXISTING_CLAIM or _source_exists(scope, volume)):
            volume.started_at = time.time()
            scope.data_volumes.touched.add(key)
            began = True
    return began


def progress(volume: DataVolume) -> Progress:
    if volume.forced_phase:
        return Progress(volume.forced_phase, volume.forced_progress or "N/A", "False", "Forced", volume.forced_message)
    if volume.started_at is None:
        return Progress(
            "Pending",
            status="Unknown",
            reason="CloneValidationFailed",
            message=f"Source PVC {volume.source_data} not found",
        )
    elapsed = time.time() - volume.started_at
    if volume.source_type == BLANK_IMAGE:
        return _succeeded("N/A")
    if volume.source_type == EXISTING_CLAIM:
        if elapsed < min(1.0, volume.import_seconds / 3):
            return Progress("CloneInProgress", status="True", reason="Pod is running")
        return _succeeded("100.0%")
    return _import(volume, elapsed / volume.import_seconds if volume.import_seconds > 0 else 1.0)


def quantity(size: int) -> str:
    """A Kubernetes quantity in its canonical form: the largest binary unit that divides it."""
    for unit, factor in (("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _import(volume: DataVolume, part: float) -> Progress:
    path = urlsplit(volume.source_data).path
    if "wffc" in path:
        return Progress(
            "WaitForFirstConsumer",
            reason="WaitForFirstConsumer",
            message=f"PVC {volume.name} waits for its first consumer",
        )
    if part < PENDING_UNTIL:
        return Progress("Pending", status="Unknown", reason="Pending", message=f"PVC {volume.name} Pending")
    if part < SCHEDULED_UNTIL:
        return Progress("ImportScheduled", status="False", reason="ContainerCreating")
    if "fail" in path and part >= FAILS_AT:
        return Progress(
            "Failed", status="False", reason="Error", message="Unable to connect to http data source: 404 Not Found"
        )
    if "stuck" in path and part >= FAILS_AT:
        return Progress(
            "ImportInProgress",
            "42.50%",
            "False",
            "Error",
            "Unable to process data: unexpected EOF; the importer starts again",
        )
    if part >= 1:
        return _succeeded("100.0%")
    percent = 100 * (part - SCHEDULED_UNTIL) / (1 - SCHEDULED_UNTIL)
    return Progress("ImportInProgress", f"{percent:.2f}%", "True", "Pod is running")


def _succeeded(shown: str) -> Progress:
    return Progress("Succeeded", shown, "False", "Completed", "Import Complete")


def _source(scope: Scope, volume: DataVolume) -> DataVolume | None:
    """What a copy is made from: the name of a claim in its namespace, or namespace/name."""
    if volume.source_type != EXISTING_CLAIM:
        return None
    namespace, _dummy, name = volume.source_data.rpartition("/")
    return scope.data_volumes.get(key_of(namespace or volume.namespace, name))


def _source_exists(scope: Scope, volume: DataVolume) -> bool:
    source = _source(scope, volume)
    return source is not None and source is not volume and progress(source).has_claim


def _denied(problem: str) -> BackendError:
    text = f'admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  {problem}'
    return BackendError("invalid_argument", text)
