# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A whole declaration at once: each list is read once, everything is planned first, and much is done at a time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from graphlib import CycleError
from itertools import groupby
from typing import Any

from .._engine.many import Entry, Pool, Summary, in_order
from .._engine.outcome import Outcome
from .._engine.reads import plan_from, plan_from_kept
from .._engine.reconcile import Applied
from .._engine.resource import Resource, Wait, understood
from .._errors import ApiError, bad_option, checked
from .._task import Context, Params, Task, refused
from .._values.message import read_name
from .._values.names import dns_1123_label
from .bucket import Bucket
from .connection import OTTERSCALE
from .datavolume import DataVolume
from .model.datavolume import Source
from .vm_service import VMService

# The options that declare something, in the order in which it is carried out.
KINDS: Mapping[str, type[Resource[Any]]] = {
    "datavolumes": DataVolume,
    "vm_services": VMService,
    "buckets": Bucket,
}
MAX_PARALLEL = 256
QUIET_SECONDS = 3.0
_WAIT_PROGRESS = {"wait_progress": DataVolume.options["wait_progress"]}
_COMPLETE = "Succeeded"  # the phase of a volume that needs its source no more


def _list_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: option for name, option in spec.items() if name not in _WAIT_PROGRESS}
    return {"type": "list", "elements": "dict", "options": options}


ARGUMENT_SPEC: dict[str, Any] = {
    **{option: _list_of(kind.options) for option, kind in KINDS.items()},
    "namespaces": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "overridden"], "default": "present"},
    "confirm_removal": {"type": "int"},
    "max_parallel": {"type": "int", "default": 8},
    "any_errors_fatal": {"type": "bool", "default": False},
    "results": {"type": "str", "choices": ["all", "changed", "none"]},
    **_WAIT_PROGRESS,
}


def declare(params: Params, context: Context) -> Summary:
    """From the options of a task to what became of each resource."""
    connection = {option: params[option] for option in OTTERSCALE.options}
    summary = Summary(
        [Entry(kind, {**connection, **options}) for option, kind in KINDS.items() for options in params[option] or ()],
        results=params["results"],
    )
    try:
        run = _Declaration(params, context, summary.entries)
        summary.warnings = [*run.connection.warnings, *run.find_removals()]
        run.plan()
    except ApiError as error:
        summary.error, summary.msg = error, f"{error.message.rstrip(' .')}. {error.advice}"
        summary.begun = False
        return summary
    run.apply()
    summary.add_up()
    return summary


def _sources(entry: Entry) -> set[str]:
    """What a declared volume is a copy of, even if its other options are no good."""
    source = entry.params.get("source")
    if not source:
        return set()
    return _copied(Source(source["type"], source["data"] or ""), entry.params["namespace"])


def _copied(source: Source, namespace: str) -> set[str]:
    claim = source.claim(namespace)
    return {f"{DataVolume.kind} {claim}"} if claim else set()


def _complete(entry: Entry) -> bool:
    """Whether it is known to be as declared, and to need its source no more."""
    if entry.outcome is None or entry.failed:
        return False
    return entry.absent or (entry.outcome.resource or {}).get("phase") == _COMPLETE


class _Declaration:
    """One declaration on its way. Raises an ApiError only where nothing has been sent and nothing will be."""

    def __init__(self, params: Params, context: Context, entries: list[Entry]) -> None:
        if not 1 <= params["max_parallel"] <= MAX_PARALLEL:
            raise bad_option("max_parallel", params["max_parallel"], f"must be from 1 to {MAX_PARALLEL}")
        if (params["confirm_removal"] or 0) < 0:
            raise bad_option("confirm_removal", params["confirm_removal"], "must not be negative")
        for namespace in params["namespaces"] or ():
            checked("namespaces", namespace, dns_1123_label)
        titles = Counter(entry.title for entry in entries)
        if twice := [title for title, count in titles.items() if count > 1]:
            raise ApiError("client", f"declared more than once: {', '.join(twice)}")
        self.params = params
        self.context = context
        self.entries = entries
        self.connection = context.connect(params)
        self.reads = self.connection.reads
        self.began = time.monotonic()
        self.failed = False
        self.done = 0
        self.lock = threading.Lock()
        self.by_key: dict[str, Entry] = {}
        self.sources: dict[str, set[str]] = {}
        self._order_copies()

    def find_removals(self) -> list[str]:
        """Declare all that is there and not declared as absent. Returns warnings; raises unless that is confirmed."""
        if self.params["state"] != "overridden":
            return []
        declared = {entry.key for entry in self.entries}
        removals = [entry for entry in self._listed() if entry.key not in declared]
        self.entries += removals
        confirmed = self.params["confirm_removal"]
        if len(removals) <= (confirmed or 0):
            return []
        would = f"{len(removals)} would be removed: {', '.join(entry.title for entry in removals)}"
        if self.context.check and confirmed is None:
            return [f"option 'confirm_removal' is not given, so a real run refuses: {would}"]
        raise bad_option("confirm_removal", confirmed, would)

    def _listed(self) -> Iterator[Entry]:
        """All that is there of the kinds that the declaration is about."""
        namespaces = self.params["namespaces"]
        for option, kind in KINDS.items():
            if self.params[option] is None:
                continue
            if kind.namespaced and not namespaces:
                raise bad_option("namespaces", namespaces, f"needed to know where to look for undeclared {option}")
            read = self.reads.fresh(f"all {option}", self.began).read
            for namespace in dict.fromkeys(namespaces) if kind.namespaced else [None]:
                anything = kind.to_remove(self.params["scope"], namespace, "")
                try:
                    listed = understood(anything, partial(type(anything).list_all, read=read))[1]
                    # What others have made is not ours to remove, where the server lists it too.
                    names = [read_name(item) for item in listed if not item.get("foreign")]
                except ValueError as error:
                    raise ApiError("internal", f"the list of {option} makes no sense: {error}") from None
                except ApiError as error:
                    if error.code != "client":
                        raise
                    names = []  # this server has nothing of the kind; entries that want it fail one by one
                for name in dict.fromkeys(names):
                    resource = kind.to_remove(self.params["scope"], namespace, name)
                    yield Entry(kind, {"namespace": namespace, "name": name}, resource, removal=True)

    def plan(self) -> None:
        """Give an outcome to each entry that needs no write; in check mode, its prediction to each."""
        for entry in self.entries:
            self.reads.expect(entry.type, entry.params.get("namespace"), entry.params["name"])
        for entry in self.entries:
            entry.outcome = self._planned(entry)
            self.failed = self.failed or entry.failed
        self.by_key = {entry.key: entry for entry in self.entries}
        self._order_removals()

    def _planned(self, entry: Entry) -> Outcome | None:
        try:
            entry.resource = self.reads.together(entry.resource or entry.type.from_params(entry.params))
        except ApiError as error:
            return refused(entry.type, entry.params, error)
        planned, reader = plan_from(entry.resource, self.reads.fresh(entry.key, self.began))
        if self.context.check:
            return planned.predicted()
        outcome = planned.settled()
        if outcome is None:
            entry.planned, entry.reader = planned, reader
        return outcome

    # What comes before what

    def _order_copies(self) -> None:
        """A copy needs its source to be there, where that is declared as well."""
        present = {entry.key: entry for entry in self.entries if not entry.absent}
        for entry in present.values():
            entry.needs |= _sources(entry) & present.keys()
        try:
            list(in_order(entry for entry in present.values() if entry.needs))
        except CycleError as error:
            titles = ", ".join(present[key].title for key in error.args[1])
            raise ApiError("client", f"volumes are copies in a circle: {titles}") from None

    def _order_removals(self) -> None:
        """A volume that is to go needs what is made from it to be complete, which is then waited for in any case."""
        going = {e.key: e for e in self.entries if e.absent and (e.outcome is None or e.outcome.changed)}
        for entry in self.entries if going else ():
            if entry.type is not DataVolume or entry.absent or _complete(entry):
                continue
            needed = going.keys() & self._made_from(entry)
            for key in needed:
                going[key].needs.add(entry.key)
            if needed and isinstance(entry.resource, DataVolume) and not (entry.failed or self.context.check):
                wait = Wait(entry.params["wait_timeout"], entry.params["wait_sleep"])
                entry.resource, entry.outcome, entry.planned = replace(entry.resource, wait=wait), None, None

    def _made_from(self, entry: Entry) -> set[str]:
        """All that a volume is still to be made from: its source, what that is still being made from, and so on."""
        found = _sources(entry)
        unknown = {entry.key, *found}
        while unknown:
            new = self._sources_of(unknown.pop()) - found
            found |= new
            unknown |= new
        return found

    def _sources_of(self, key: str) -> set[str]:
        """The sources of a volume, as declared and as the server has them; none where it tells that all is there."""
        if key not in self.sources:
            namespace, _slash, name = key.partition(" ")[2].partition("/")
            declared = _sources(self.by_key[key]) if key in self.by_key else set()
            try:
                volume = DataVolume(self.params["scope"], dns_1123_label(namespace), name)
                read = self.reads.fresh(f"the source of {key}", self.began).read
                state = understood(volume, partial(DataVolume.observe, read=read))[1].state
            except (ApiError, ValueError):
                state = None  # then the declaration is all that is known
            if state is not None:
                copied = _copied(state.source, namespace) if state.source else set()
                declared = set() if state.phase == _COMPLETE else declared | copied
            self.sources[key] = declared
        return self.sources[key]

    def _held_back(self, entry: Entry) -> Outcome | None:
        """The outcome of a volume that must not go yet. Check mode takes for complete what is to become it."""
        others = [self.by_key[key] for key in sorted(entry.needs)] if entry.absent else []
        needed = [other.title for other in others if (other.failed if self.context.check else not _complete(other))]
        if not needed:
            return None
        what = f"it is not removed, since {' and '.join(needed)}, made from it, may need it still"
        advice = "Check what is made from it, then run the task again."
        return refused(entry.type, entry.params, ApiError("failed_precondition", what, advice=advice))

    # Doing it

    def apply(self) -> None:
        """Carry out what is missing, kind by kind. Where errors are fatal, no entry is begun after one."""
        if self.context.check:
            self._predict()
            return
        missing = [entry for entry in self.entries if entry.outcome is None]
        self.done = len(self.entries) - len(missing)
        with Pool(self.params["max_parallel"]) as pool:
            for _kind, group in groupby(missing, key=lambda entry: (entry.type, entry.removal)):
                for batch in in_order(group):
                    pool.for_each(batch, self._carry_out)
                    pool.for_each([entry for entry in batch if entry.applied], self._prove)

    def _predict(self) -> None:
        for entry in self.entries:
            entry.outcome = self._held_back(entry) or entry.outcome
        for entry in self.entries if self._is_over() else ():
            if entry.outcome and entry.outcome.changed:
                entry.outcome = None

    def _carry_out(self, entry: Entry) -> None:
        if entry.resource is None or self._is_over():
            return
        entry.outcome = self._held_back(entry)
        if entry.outcome is None:
            if not (entry.planned and entry.reader and entry.reader.will_do(entry.planned.age)):
                entry.planned, entry.reader = plan_from_kept(entry.resource, self.reads, entry.key) or plan_from(
                    entry.resource, self.reads.young(entry.key)
                )
            entry.applied = Applied(entry.planned, retries=self.params["retries"], notify=self.context.notify)
            entry.outcome = entry.applied.outcome
        self._note(entry)

    def _prove(self, entry: Entry) -> None:
        if entry.applied:
            entry.outcome = entry.applied.prove()
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        if entry.failed:
            self.failed = True
            if entry.reader:
                entry.reader.distrust()
        if entry.outcome:
            entry.planned = entry.reader = entry.applied = None  # thousands of them would be many MiB
            self._tell()

    def _tell(self) -> None:
        """Show how far it is, if it takes a while."""
        with self.lock:
            self.done += 1
            if self.context.notify and time.monotonic() - self.began >= QUIET_SECONDS:
                self.context.notify(f"{self.done:,} of {len(self.entries):,} resources done")

    def _is_over(self) -> bool:
        return self.failed and bool(self.params["any_errors_fatal"])


TASK = Task(ARGUMENT_SPEC, OTTERSCALE, declare)
