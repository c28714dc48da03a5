# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A whole declaration at once: each list is read once, everything is planned first, and much is done at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from ansible_collections.otterscale.core.plugins.module_utils import _bucket, _datavolume, _vm_service
from ansible_collections.otterscale.core.plugins.module_utils._converge import Mode, ResourceType, name_of, refused
from ansible_collections.otterscale.core.plugins.module_utils._errors import OtterScaleError, bad_option
from ansible_collections.otterscale.core.plugins.module_utils._options import CONNECTION_SPEC, plain_http_warnings
from ansible_collections.otterscale.core.plugins.module_utils._plan import Read, Resource
from ansible_collections.otterscale.core.plugins.module_utils._readings import View
from ansible_collections.otterscale.core.plugins.module_utils._reconcile import Outcome, glance, reconcile


class ListedType(ResourceType, Protocol):
    """A resource class that knows what else of its kind is there."""

    namespaced: bool

    def listed(self, read: Read, scope: str, namespace: str | None) -> list[str]:
        """The names of all that the server lists. Raises ValueError for an answer that makes no sense."""

    def to_remove(self, scope: str, namespace: str | None, name: str) -> Resource[Any]:
        """The resource, to be absent, whatever rules its name breaks."""


# In the order in which they are brought about.
_TYPES: Mapping[str, ListedType] = {
    "datavolumes": _datavolume.DataVolume,
    "vm_services": _vm_service.VMService,
    "buckets": _bucket.Bucket,
}
MAX_PARALLEL = 256
_WAIT_PROGRESS = {"wait_progress": _datavolume.ARGUMENT_SPEC["wait_progress"]}


def _list_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: option for name, option in spec.items() if name not in _WAIT_PROGRESS}
    return {"type": "list", "elements": "dict", "options": options}


ARGUMENT_SPEC: dict[str, Any] = {
    "datavolumes": _list_of(_datavolume.ARGUMENT_SPEC),
    "vm_services": _list_of(_vm_service.ARGUMENT_SPEC),
    "buckets": _list_of(_bucket.ARGUMENT_SPEC),
    "namespaces": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "overridden"], "default": "present"},
    "confirm_removal": {"type": "int"},
    "max_parallel": {"type": "int", "default": 8},
    "any_errors_fatal": {"type": "bool", "default": False},
    **_WAIT_PROGRESS,
}


@dataclass
class _Entry:
    """One resource of the declaration, or one to remove. Without an outcome it has not been begun."""

    type: ListedType
    params: Mapping[str, Any]
    resource: Resource[Any] | None = None
    outcome: Outcome | None = None
    removal: bool = False

    @property
    def name(self) -> str:
        return name_of(self.type, self.params)

    @property
    def copies(self) -> str | None:
        """The declared volume that must be there first."""
        source = self.params.get("source") or {}
        return name_of(self.type, {**self.params, "name": source.get("data")}) if source else None

    def labels(self) -> dict[str, Any]:
        labels = {"kind": self.type.kind, "namespace": self.params.get("namespace"), "name": self.params["name"]}
        return {key: value for key, value in labels.items() if value is not None}

    def as_result(self) -> dict[str, Any]:
        if self.outcome is None:
            return {**self.labels(), "changed": False, "failed": False, "skipped": True}
        result = self.outcome.as_result(with_diff=False)
        return {**self.labels(), **result, "failed": self.outcome.error is not None, "skipped": False}


@dataclass
class Summary:
    """What became of a declaration. error: of the first failure."""

    entries: list[_Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: OtterScaleError | None = None
    msg: str = ""

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        outcomes = [entry.outcome for entry in self.entries if entry.outcome]
        failed = sum(outcome.error is not None for outcome in outcomes)
        changed = sum(outcome.changed for outcome in outcomes if outcome.error is None)
        result: dict[str, Any] = {
            "changed": any(outcome.changed for outcome in outcomes),
            "operations": [operation for outcome in outcomes for operation in outcome.operations],
            "results": [entry.as_result() for entry in self.entries],
            "removals": [entry.labels() for entry in self.entries if entry.removal],
            "summary": {
                "unchanged": len(outcomes) - changed - failed,
                "changed": changed,
                "failed": failed,
                "skipped": len(self.entries) - len(outcomes),
            },
        }
        if self.error:
            return {**result, "msg": self.msg, "error": self.error.as_dict()}
        return {**result, "diff": self._diff()} if with_diff else result

    def _diff(self) -> list[dict[str, Any]]:
        """Of what changes alone: a thousand unchanged ones are nothing to look at."""
        return [
            {
                "before_header": entry.name,
                "after_header": entry.name,
                "before": entry.outcome.before,
                "after": entry.outcome.after,
            }
            for entry in self.entries
            if entry.outcome and entry.outcome.changed
        ]


def converge_all(params: Mapping[str, Any], mode: Mode) -> Summary:
    """From the options of a task to what became of each resource."""
    summary = Summary()
    try:
        run = _Run(params, mode)
        summary.entries = run.entries
        summary.warnings = plain_http_warnings(params) + run.find_removals()
        run.plan()
        run.apply()
    except OtterScaleError as error:
        summary.error, summary.msg = error, f"{error.message.rstrip(' .')}. {error.advice}"
        return summary
    outcomes = [entry.outcome for entry in summary.entries if entry.outcome]
    summary.warnings += dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings)
    if failures := [outcome for outcome in outcomes if outcome.error]:
        summary.error = failures[0].error
        messages = "\n".join(outcome.msg for outcome in failures)
        summary.msg = f"{len(failures)} of {len(summary.entries)} resources failed:\n{messages}"
    return summary


class _Run:
    """One declaration on its way. Raises an OtterScaleError only where nothing has been sent and nothing will be."""

    def __init__(self, params: Mapping[str, Any], mode: Mode) -> None:
        if not 1 <= params["max_parallel"] <= MAX_PARALLEL:
            raise bad_option("max_parallel", params["max_parallel"], f"must be from 1 to {MAX_PARALLEL}")
        if (params["confirm_removal"] or 0) < 0:
            raise bad_option("confirm_removal", params["confirm_removal"], "must not be negative")
        self.params = params
        self.mode = mode
        self.readings = mode.readings(params)
        self.began = time.monotonic()
        self.failed = False
        connection = {option: params[option] for option in CONNECTION_SPEC}
        self.entries = [
            _Entry(resource_type, {**connection, **options})
            for option, resource_type in _TYPES.items()
            for options in params[option] or ()
        ]
        names = Counter(entry.name for entry in self.entries)
        if twice := [name for name, count in names.items() if count > 1]:
            raise OtterScaleError("client", f"declared more than once: {', '.join(twice)}")

    def find_removals(self) -> list[str]:
        """Declare all that is there and not declared as absent. Returns warnings; raises unless that is confirmed."""
        if self.params["state"] != "overridden":
            return []
        declared = {entry.name for entry in self.entries}
        removals = [entry for entry in self._listed() if entry.name not in declared]
        self.entries += removals
        confirmed = self.params["confirm_removal"]
        if len(removals) <= (confirmed or 0):
            return []
        would = f"{len(removals)} would be removed: {', '.join(entry.name for entry in removals)}"
        if self.mode.check and confirmed is None:
            return [f"option 'confirm_removal' is not given, so a real run refuses: {would}"]
        raise bad_option("confirm_removal", confirmed, would)

    def _listed(self) -> Iterator[_Entry]:
        """All that is there of the kinds that the declaration is about."""
        namespaces = self.params["namespaces"]
        for option, resource_type in _TYPES.items():
            if self.params[option] is None:
                continue
            if resource_type.namespaced and not namespaces:
                raise bad_option("namespaces", namespaces, f"needed to know where to look for undeclared {option}")
            read = View(self.readings, f"all {option}", self.began).read
            for namespace in dict.fromkeys(namespaces) if resource_type.namespaced else [None]:
                try:
                    names = resource_type.listed(read, self.params["scope"], namespace)
                except ValueError as error:
                    raise OtterScaleError("internal", f"the list of {option} makes no sense: {error}") from None
                for name in dict.fromkeys(names):
                    resource = resource_type.to_remove(self.params["scope"], namespace, name)
                    yield _Entry(resource_type, {"namespace": namespace, "name": name}, resource, removal=True)

    def plan(self) -> None:
        """Give an outcome to each entry that needs no write; in check mode, its prediction to each."""
        for entry in self.entries:
            entry.outcome = self._planned(entry)
            self.failed = self.failed or bool(entry.outcome and entry.outcome.error)

    def _planned(self, entry: _Entry) -> Outcome | None:
        try:
            entry.resource = entry.resource or entry.type.from_params(entry.params)
        except OtterScaleError as error:
            return refused(entry.type, entry.params, error)
        view = View(self.readings, entry.name, self.began)
        return (
            reconcile(entry.resource, view, check=True) if self.mode.check else glance(entry.resource, view, new=True)
        )

    def apply(self) -> None:
        """Bring about what is missing, kind by kind. Where errors are fatal, no entry is begun after one."""
        if self.mode.check:
            for entry in self.entries if self._is_over() else ():
                if entry.outcome and entry.outcome.changed:
                    entry.outcome = None
            return
        missing = [entry for entry in self.entries if entry.outcome is None]
        for _kind, group in groupby(missing, key=lambda entry: (entry.type, entry.removal)):
            waiting = list(group)
            while waiting:
                names = {entry.name for entry in waiting}
                batch = [entry for entry in waiting if entry.copies not in names] or waiting
                self._bring_about_all(batch)
                waiting = [entry for entry in waiting if entry.copies in names and batch is not waiting]

    def _bring_about_all(self, entries: list[_Entry]) -> None:
        pool = ThreadPoolExecutor(self.params["max_parallel"])
        try:
            list(pool.map(self._bring_about, entries))
        finally:  # a task that has run out of its time begins nothing more
            pool.shutdown(wait=False, cancel_futures=True)

    def _bring_about(self, entry: _Entry) -> None:
        if entry.resource is None or self._is_over():
            return
        view = View(self.readings, entry.name)
        entry.outcome = reconcile(entry.resource, view, retries=self.params["retries"], tell=self.mode.tell)
        self.failed = self.failed or entry.outcome.error is not None

    def _is_over(self) -> bool:
        return self.failed and bool(self.params["any_errors_fatal"])
