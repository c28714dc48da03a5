# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes in the messages of otterscale.instance.v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._engine.index import Index, view
from ..._engine.resource import Presence, Read, Refusal, Seen, Step, Verb
from ..._errors import ApiError, bad_option
from ..._values.message import Message, is_in
from ..model.datavolume import SOURCE_TYPES, DataVolumeState, Source, WantedDataVolume
from ..objects.cluster import understood
from ..objects.datavolume import read_capacity, read_data_volume
from ..objects.reader import CLAIM, DATA_VOLUME, NAMESPACE, Reader, says_missing

_SERVICE = "otterscale.instance.v1.InstanceService"
_LIST = f"{_SERVICE}/ListDataVolumes"
_GET = f"{_SERVICE}/GetDataVolume"


@dataclass(frozen=True)
class DataVolumeMessages:
    """get_unlisted, cluster: ways to read what the lists leave out, where the user allows them."""

    get_unlisted: bool = False
    cluster: Reader | None = None

    delete = f"{_SERVICE}/DeleteDataVolume"

    def check(self, wanted: WantedDataVolume) -> None:
        for option in ("storage_class", "access_modes"):
            if (value := wanted.desired()[option]) is not None:
                why = "only OtterScale 1.x can set it, and this server has the API of 2025: leave it out"
                raise bad_option(option, value, why)

    def list_all(self, wanted: WantedDataVolume, read: Read) -> list[dict[str, Any]]:
        """The volumes that are in one of the two lists of the namespace: those that have a claim."""
        request = _where(wanted)
        answers = [read(_LIST, {**request, "bootImage": boot_image}) for boot_image in (False, True)]
        found = [volume for answer in answers for volume in Message(answer).raw_objects("dataVolumes")]
        return [volume for volume in found if is_in(wanted.namespace, volume)]

    def read_listed(self, message: Mapping[str, Any]) -> DataVolumeState:
        return _read_volume(message)

    def observe(self, wanted: WantedDataVolume, read: Read) -> Seen[DataVolumeState]:
        """Look in the lists, which leave out volumes without a claim; GetDataVolume only where the user allows it.

        One generation lists by bootImage. Another ignores it and lists all, so a volume of the other kind in its
        answer shows that the second call would bring nothing new.
        """
        likely = bool(wanted.boot_image)
        for boot_image in (likely, not likely):
            answer = read(_LIST, {**_where(wanted), "bootImage": boot_image})
            volume = view(answer, _by_name, wanted.namespace).find(wanted.name)
            if volume is not None:
                return Seen(Presence.PRESENT, self.read_listed(volume))
            if view(answer, _tells_all, boot_image):
                break
        if self.cluster is not None:
            return _ask(self.cluster, wanted)
        return self._get(wanted, read) if self.get_unlisted else Seen(Presence.UNKNOWN)

    def _get(self, wanted: WantedDataVolume, read: Read) -> Seen[DataVolumeState]:
        try:
            return Seen(Presence.PRESENT, _read_volume(read(_GET, self.key(wanted))))
        except ApiError as error:
            if _says_missing(wanted, error):
                return Seen(Presence.ABSENT)
            raise

    def key(self, wanted: WantedDataVolume, state: DataVolumeState | None = None) -> dict[str, Any]:
        return {**_where(wanted), "name": wanted.name}

    def create(self, wanted: WantedDataVolume) -> Step:
        source = wanted.source or Source("blank_image")
        sent = {"type": SOURCE_TYPES.index(source.type), "data": source.data}
        what = {"source": sent, "bootImage": bool(wanted.boot_image), "sizeBytes": str(wanted.size)}
        return Step(Verb.CREATE, f"{_SERVICE}/CreateDataVolume", {**self.key(wanted), **what}, "it does not exist")

    def extend(self, wanted: WantedDataVolume, state: DataVolumeState, size: int, reason: str) -> Step:
        request = {**self.key(wanted), "sizeBytes": str(size)}
        return Step(Verb.UPDATE, f"{_SERVICE}/ExtendDataVolume", request, reason, wanted.visible_within)

    def state_in(
        self, wanted: WantedDataVolume, step: Step, answer: Mapping[str, Any], before: Seen[DataVolumeState]
    ) -> DataVolumeState | None:
        return _read_volume(answer) if step.verb is Verb.CREATE and answer.get("name") == wanted.name else None

    def refusal(self, wanted: WantedDataVolume, step: Step, error: ApiError) -> Refusal | None:
        if step.verb is Verb.CREATE:
            source = wanted.source or Source("blank_image")
            if "DataVolume source" in error.message:
                error.advice = f"The server does not accept the source {source.shown()}: correct 'source'."
                return Refusal.FINAL
            if says_missing(error, "source", CLAIM, source.data) or says_missing(
                error, "namespace", NAMESPACE, wanted.namespace
            ):
                return Refusal.FINAL
            exists = error.code == "already_exists" or f'"{wanted.name}" already exists' in error.message
            return Refusal.EXISTS if exists else None
        if "persistentvolumeclaims" in error.message and "not found" in error.message:
            error.advice = "The volume has no claim yet, so it cannot be extended: wait until it is provisioned."
            return Refusal.FINAL
        return Refusal.MISSING if _says_missing(wanted, error) else None

    def reports(self, wanted: WantedDataVolume, read: Read) -> str:
        return ""


def _says_missing(wanted: WantedDataVolume, error: ApiError) -> bool:
    return error.code == "not_found" or f'{DATA_VOLUME.plural} "{wanted.name}" not found' in error.message


def _where(wanted: WantedDataVolume) -> dict[str, Any]:
    return {"scope": wanted.scope, "namespace": wanted.namespace}


def _ask(cluster: Reader, wanted: WantedDataVolume) -> Seen[DataVolumeState]:
    """What Kubernetes knows; a volume with a source that this API cannot make exists, but cannot be compared."""
    found = cluster.get(DATA_VOLUME, wanted.namespace, wanted.name)
    if found is None:
        return Seen(Presence.ABSENT)
    claim = cluster.get(CLAIM, wanted.namespace, wanted.name)
    state = understood(read_data_volume, found, claim or {})
    return Seen(Presence.HIDDEN) if state.source is None else Seen(Presence.PRESENT, state)


def _by_name(answer: Mapping[str, Any], namespace: str) -> Index:
    return Index(volume for volume in Message(answer).raw_objects("dataVolumes") if is_in(namespace, volume))


def _tells_all(answer: Mapping[str, Any], boot_image: bool) -> bool:
    """Whether there is something of the other kind too in what was to be the list of one."""
    volumes = Message(answer).raw_objects("dataVolumes")
    return any((volume.get("bootImage") or False) is (not boot_image) for volume in volumes)


def _read_volume(answer: Mapping[str, Any]) -> DataVolumeState:
    message = Message(answer)
    source = message.object("source")
    claim = message.object("persistentVolumeClaim")
    condition = message.object("lastCondition")
    return DataVolumeState(
        source=Source(source.enum("type", SOURCE_TYPES, "type_"), source.string("data")),
        boot_image=message.boolean("bootImage"),
        size=message.integer("sizeBytes"),
        capacity=read_capacity(claim.string("capacity")),
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
