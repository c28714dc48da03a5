# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes: disks of virtual machines, imported, cloned or blank. Only their size can change, and only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.resource import Plan, Presence, Read, Refusal, Resource, Seen, Step, Wait
from .._errors import ApiError, OtherApi, bad_option, checked
from .._http.url import shown_url
from .._task import info_task_for, task_for
from .._values.names import dns_1123_label, dns_1123_subdomain
from .._values.quantity import parse_size
from .connection import OTTERSCALE
from .messages.datavolume import DataVolumeMessages
from .model.datavolume import (
    ACCESS_MODES,
    SOURCE_TYPES,
    DataVolumeState,
    Dialect,
    Source,
    WantedDataVolume,
    parse_source,
)
from .objects.cluster import ARGUMENT_SPEC as KUBERNETES_SPEC
from .objects.cluster import Cluster
from .objects.datavolume import DataVolumeObjects

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
    "storage_class": {"type": "str"},
    "access_modes": {"type": "list", "elements": "str", "choices": list(ACCESS_MODES)},
    "get_unlisted": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 600},
    "wait_sleep": {"type": "float", "default": 5},
    "wait_progress": {"type": "bool", "default": True},
}

MAX_WAIT_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class DataVolume(WantedDataVolume, Resource[DataVolumeState]):
    """What is wanted of a data volume, and how the server is told. many: with many others, which are read as well."""

    dialect: Dialect = field(default_factory=DataVolumeMessages)
    many: bool = False

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
        modes, storage_class = params["access_modes"], params["storage_class"]
        if modes == []:
            raise bad_option("access_modes", modes, "must name at least one mode, or be left out")
        return cls(
            scope=params["scope"],
            namespace=checked("namespace", params["namespace"], dns_1123_label),
            name=checked("name", params["name"], dns_1123_subdomain),
            absent=params["state"] == "absent",
            source=None if params["source"] is None else _checked_source(params["source"]),
            size=None if params["size"] is None else checked("size", params["size"], parse_size),
            boot_image=params["boot_image"],
            storage_class=None
            if storage_class is None
            else checked("storage_class", storage_class, dns_1123_subdomain),
            access_modes=None if modes is None else tuple(modes),
            wait=Wait(params["wait_timeout"], params["wait_sleep"]) if params["wait"] else None,
            dialect=DataVolumeMessages(params["get_unlisted"], Cluster.from_params(params)),
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> DataVolume:
        return cls(scope, namespace or "", name, absent=True)

    def list_all(self, read: Read) -> Iterable[Mapping[str, Any]]:
        return self.dialect.list_all(self, read)

    def read_listed(self, message: Mapping[str, Any]) -> DataVolumeState:
        return self.dialect.read_listed(message)

    def observe(self, read: Read) -> Seen[DataVolumeState]:
        return self.dialect.observe(self, read)

    def otherwise(self, error: OtherApi) -> DataVolume | None:
        """In objects for a server without messages; with Apply for one without Update."""
        if isinstance(self.dialect, DataVolumeMessages):
            return replace(self, dialect=DataVolumeObjects(many=self.many))
        applies = DataVolumeObjects(applies=True, many=self.many)
        return None if self.dialect == applies else replace(self, dialect=applies)

    def among_many(self) -> DataVolume:
        return replace(self, many=True)

    def plan(self, seen: Seen[DataVolumeState]) -> Plan:
        if self.absent:
            key = self.dialect.key(self, seen.state)
            return self.delete(seen, self.dialect.delete, visible_within=self.visible_within, key=key)
        self.dialect.check(self)
        if seen.presence is Presence.HIDDEN:
            warning = (
                f"data volume {self.namespace}/{self.name} exists but the server does not list it (it has no claim "
                "yet, or was not created by OtterScale): it could not be compared"
            )
            return Plan((), (warning,))
        state = seen.state
        if state is None:
            self.check_creatable(seen.beside)
            return Plan((self.dialect.create(self),))
        unknown = self.not_compared(state)
        warnings = () if unknown is None else (unknown,)
        if unknown and not state.collected:
            return Plan((), warnings)
        size = self.other_size(state)
        if size is None:
            return Plan((), warnings)
        reason = f"its size is {state.real_size} bytes, not {size}"
        return Plan((self.dialect.extend(self, state, size, reason),), warnings)

    def key(self) -> dict[str, Any]:
        return self.dialect.key(self)

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[DataVolumeState]) -> DataVolumeState | None:
        return self.dialect.state_in(self, step, answer, before)

    def reports(self, read: Read) -> str:
        return self.dialect.reports(self, read)

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        return self.dialect.refusal(self, step, error)


def _checked_source(option: Mapping[str, Any]) -> Source:
    try:
        return parse_source(option)
    except ValueError as error:
        data = option.get("data")
        shown = {"type": option["type"], "data": data and shown_url(data)}
        raise bad_option("source", shown, str(error)) from None


TASK = task_for(DataVolume, OTTERSCALE)
INFO = info_task_for(DataVolume, OTTERSCALE, namespace=dns_1123_label)
