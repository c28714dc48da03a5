# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A whole declaration at once: each list is read once, everything is planned first, and much is done at a time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from .._engine.reads import View
from .._engine.reconcile import Outcome, glance, reconcile
from .._engine.resource import Read, Resource, Wait
from .._errors import OtterScaleError, bad_option, checked
from .._task import Mode, ResourceType, name_of, refused
from .._values.names import dns_1123_label
from . import bucket, datavolume, vm_service
from .connection import CONNECTION_SPEC, plain_http_warnings


class ListedType(ResourceType, Protocol):
    """A resource class that knows what else of its kind is there."""

    namespaced: bool

    def listed(self, read: Read, scope: str, namespace: str | None) -> list[str]:
        """The names of all that the server lists. Raises ValueError for an answer that makes no sense."""

    def to_remove(self, scope: str, namespace: str | None, name: str) -> Resource[Any]:
        """The resource, to be absent, whatever rules its name breaks."""


# In the order in which they are brought about.
_TYPES: Mapping[str, ListedType] = {
    "datavolumes": datavolume.DataVolume,
    "vm_services": vm_service.VMService,
    "buckets": bucket.Bucket,
}
MAX_PARALLEL = 256
_WAIT_PROGRESS = {"wait_progress": datavolume.ARGUMENT_SPEC["wait_progress"]}
_COMPLETE = "Succeeded"  # the phase of a volume that needs its source no more
_THREADS_EACH = 3  # who works, its call (see _http), and the call before that on its way out


def _list_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: option for name, option in spec.items() if name not in _WAIT_PROGRESS}
    return {"type": "list", "elements": "dict", "options": options}


ARGUMENT_SPEC: dict[str, Any] = {
    "datavolumes": _list_of(datavolume.ARGUMENT_SPEC),
    "vm_services": _list_of(vm_service.ARGUMENT_SPEC),
    "buckets": _list_of(bucket.ARGUMENT_SPEC),
    "namespaces": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "overridden"], "default": "present"},
    "confirm_removal": {"type": "int"},
    "max_parallel": {"type": "int", "default": 8},
    "any_errors_fatal": {"type": "bool", "default": False},
    **_WAIT_PROGRESS,
}


@dataclass
class _Entry:
    """One resource of the declaration, or one to remove. Without an outcome it has not been begun.

    sources: what it is declared to be a copy of. needs: what has to come before it. By name.
    """

    type: ListedType
    params: Mapping[str, Any]
    resource: Resource[Any] | None = None
    outcome: Outcome | None = None
    removal: bool = False
    sources: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)

    @cached_property
    def name(self) -> str:
        return name_of(self.type, self.params)

    @property
    def absent(self) -> bool:
        return self.removal or self.params["state"] == "absent"

    @property
    def failed(self) -> bool:
        return self.outcome is not None and self.outcome.error is not None

    @property
    def complete(self) -> bool:
        """Whether it is known to be as declared, and to need its source no more."""
        if self.outcome is None or self.failed:
            return False
        return self.absent or (self.outcome.resource or {}).get("phase") == _COMPLETE

    def labels(self) -> dict[str, Any]:
        labels = {"kind": self.type.kind, "namespace": self.params.get("namespace"), "name": self.params["name"]}
        return {key: value for key, value in labels.items() if value is not None}

    def as_result(self, *, begun: bool) -> dict[str, Any]:
        """begun: whether the declaration has been, for which this entry may have come too late."""
        if self.outcome is None:
            return {**self.labels(), "changed": False, "failed": not begun, "skipped": begun}
        result = self.outcome.as_result(with_diff=False)
        return {**self.labels(), **result, "failed": self.failed, "skipped": False}


@dataclass
class Summary:
    """What became of a declaration. error: of the first failure. begun: False where it failed as a whole."""

    entries: list[_Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: OtterScaleError | None = None
    msg: str = ""
    begun: bool = True

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        outcomes = [entry.outcome for entry in self.entries if entry.outcome]
        results = [entry.as_result(begun=self.begun) for entry in self.entries]
        failed, skipped = (sum(result[key] for result in results) for key in ("failed", "skipped"))
        changed = sum(outcome.changed for outcome in outcomes if outcome.error is None)
        result: dict[str, Any] = {
            "changed": any(outcome.changed for outcome in outcomes),
            "operations": [operation for outcome in outcomes for operation in outcome.operations],
            "results": results,
            "removals": [entry.labels() for entry in self.entries if entry.removal],
            "summary": {
                "unchanged": len(results) - changed - failed - skipped,
                "changed": changed,
                "failed": failed,
                "skipped": skipped,
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
    summary = Summary(_declared(params))
    try:
        run = _Run(params, mode, summary.entries)
        summary.warnings = plain_http_warnings(params) + run.find_removals()
        run.plan()
    except OtterScaleError as error:
        summary.error, summary.msg = error, f"{error.message.rstrip(' .')}. {error.advice}"
        summary.begun = False
        return summary
    run.apply()
    outcomes = [entry.outcome for entry in summary.entries if entry.outcome]
    summary.warnings += dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings)
    if failures := [outcome for outcome in outcomes if outcome.error]:
        summary.error = failures[0].error
        messages = "\n".join(outcome.msg for outcome in failures)
        summary.msg = f"{len(failures)} of {len(summary.entries)} resources failed:\n{messages}"
    return summary


def _declared(params: Mapping[str, Any]) -> list[_Entry]:
    connection = {option: params[option] for option in CONNECTION_SPEC}
    return [
        _Entry(resource_type, {**connection, **options}, sources=_sources(options))
        for option, resource_type in _TYPES.items()
        for options in params[option] or ()
    ]


def _sources(options: Mapping[str, Any]) -> set[str]:
    """What a declared volume is a copy of, even if its other options are no good."""
    source = options.get("source")
    return _copied(datavolume.Source(source["type"], source["data"] or ""), options["namespace"]) if source else set()


def _copied(source: datavolume.Source, namespace: str) -> set[str]:
    claim = source.claim(namespace)
    return {f"{datavolume.DataVolume.kind} {claim}"} if claim else set()


class _Run:
    """One declaration on its way. Raises an OtterScaleError only where nothing has been sent and nothing will be."""

    def __init__(self, params: Mapping[str, Any], mode: Mode, entries: list[_Entry]) -> None:
        if not 1 <= params["max_parallel"] <= MAX_PARALLEL:
            raise bad_option("max_parallel", params["max_parallel"], f"must be from 1 to {MAX_PARALLEL}")
        if (params["confirm_removal"] or 0) < 0:
            raise bad_option("confirm_removal", params["confirm_removal"], "must not be negative")
        for namespace in params["namespaces"] or ():
            checked("namespaces", namespace, dns_1123_label)
        names = Counter(entry.name for entry in entries)
        if twice := [name for name, count in names.items() if count > 1]:
            raise OtterScaleError("client", f"declared more than once: {', '.join(twice)}")
        self.params = params
        self.mode = mode
        self.entries = entries
        self.readings = mode.readings(params)
        self.began = time.monotonic()
        self.failed = self.stopped = False
        self.by_name: dict[str, _Entry] = {}
        self.sources: dict[str, set[str]] = {}
        self._order_copies()

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
            self.failed = self.failed or entry.failed
        self.by_name = {entry.name: entry for entry in self.entries}
        self._order_removals()

    def _planned(self, entry: _Entry) -> Outcome | None:
        try:
            entry.resource = entry.resource or entry.type.from_params(entry.params)
        except OtterScaleError as error:
            return refused(entry.type, entry.params, error)
        view = View(self.readings, entry.name, self.began)
        return (
            reconcile(entry.resource, view, check=True) if self.mode.check else glance(entry.resource, view, new=True)
        )

    # What comes before what

    def _order_copies(self) -> None:
        """A copy needs its source to be there, where that is declared as well."""
        present = {entry.name: entry for entry in self.entries if not entry.absent}
        for entry in present.values():
            entry.needs |= entry.sources & present.keys()
        try:
            TopologicalSorter({entry.name: entry.needs for entry in present.values() if entry.needs}).prepare()
        except CycleError as error:
            raise OtterScaleError("client", f"volumes are copies in a circle: {', '.join(error.args[1])}") from None

    def _order_removals(self) -> None:
        """A volume that is to go needs what is made from it to be complete, which is then waited for in any case."""
        going = {e.name: e for e in self.entries if e.absent and (e.outcome is None or e.outcome.changed)}
        for entry in self.entries if going else ():
            if entry.type is not datavolume.DataVolume or entry.absent or entry.complete:
                continue
            needed = going.keys() & self._made_from(entry)
            for name in needed:
                going[name].needs.add(entry.name)
            if needed and isinstance(entry.resource, datavolume.DataVolume) and not (entry.failed or self.mode.check):
                wait = Wait(entry.params["wait_timeout"], entry.params["wait_sleep"])
                entry.resource, entry.outcome = replace(entry.resource, wait=wait), None

    def _made_from(self, entry: _Entry) -> set[str]:
        """All that a volume is still to be made from: its source, what that is still being made from, and so on."""
        found, unknown = set(entry.sources), {entry.name, *entry.sources}
        while unknown:
            new = self._sources_of(unknown.pop()) - found
            found |= new
            unknown |= new
        return found

    def _sources_of(self, name: str) -> set[str]:
        """The sources of a volume, as declared and as the server has them; none where it tells that all is there."""
        if name not in self.sources:
            namespace, _slash, short = name.partition(" ")[2].partition("/")
            declared = self.by_name[name].sources if name in self.by_name else set()
            try:
                volume = datavolume.DataVolume(self.params["scope"], dns_1123_label(namespace), short)
                state = volume.observe(View(self.readings, f"the source of {name}", self.began).read).state
            except (OtterScaleError, ValueError):
                state = None  # then the declaration is all that is known
            if state is not None:
                declared = set() if state.phase == _COMPLETE else declared | _copied(state.source, namespace)
            self.sources[name] = declared
        return self.sources[name]

    def _in_order(self, entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
        """The entries in batches, each of which needs none but those before it."""
        names = {entry.name: entry for entry in entries}
        sorter = TopologicalSorter({name: entry.needs & names.keys() for name, entry in names.items()})
        sorter.prepare()
        while sorter.is_active():
            ready = sorter.get_ready()
            yield [names[name] for name in ready]
            sorter.done(*ready)

    def _held_back(self, entry: _Entry) -> Outcome | None:
        """The outcome of a volume that must not go yet. Check mode takes for complete what is to become it."""
        others = [self.by_name[name] for name in sorted(entry.needs)] if entry.absent else []
        needed = [other.name for other in others if (other.failed if self.mode.check else not other.complete)]
        if not needed:
            return None
        what = f"it is not removed, since {' and '.join(needed)}, made from it, may need it still"
        advice = "See to what is made from it, then run again."
        return refused(entry.type, entry.params, OtterScaleError("failed_precondition", what, advice=advice))

    # Doing it

    def apply(self) -> None:
        """Bring about what is missing, kind by kind. Where errors are fatal, no entry is begun after one."""
        if self.mode.check:
            self._predict()
            return
        missing = [entry for entry in self.entries if entry.outcome is None]
        for _kind, group in groupby(missing, key=lambda entry: (entry.type, entry.removal)):
            for batch in self._in_order(group):
                self._bring_about_all(batch)

    def _predict(self) -> None:
        for entry in self.entries:
            entry.outcome = self._held_back(entry) or entry.outcome
        for entry in self.entries if self._is_over() else ():
            if entry.outcome and entry.outcome.changed:
                entry.outcome = None

    def _bring_about_all(self, entries: list[_Entry]) -> None:
        waiting: SimpleQueue[_Entry] = SimpleQueue()
        for entry in entries:
            waiting.put(entry)

        def work() -> None:
            with suppress(Empty):
                while True:
                    self._bring_about(waiting.get_nowait())

        try:
            _together(work, self._workers(len(entries)))
        except BaseException:  # the task has run out of its time, say: nothing more is begun
            self.stopped = True
            raise

    def _workers(self, wanted: int) -> int:
        """How many threads can work at once. One too many would leave none for the calls of the others."""
        most = min(self.params["max_parallel"], wanted)
        return 1 if most == 1 else max(1, (_room_for_threads(most * _THREADS_EACH - 1) + 1) // _THREADS_EACH)

    def _bring_about(self, entry: _Entry) -> None:
        if entry.resource is None or self._is_over():
            return
        view = View(self.readings, entry.name)
        entry.outcome = self._held_back(entry) or reconcile(
            entry.resource, view, retries=self.params["retries"], tell=self.mode.tell
        )
        self.failed = self.failed or entry.failed

    def _is_over(self) -> bool:
        return self.stopped or (self.failed and bool(self.params["any_errors_fatal"]))


def _together(work: Callable[[], None], workers: int) -> None:
    """Have so many threads `work` at once, the calling one among them.

    The others are daemons: whoever interrupts the calling thread need not wait until they end.
    """
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work()
            ended.put(None)
        except BaseException as error:  # handed over to the calling thread, whatever it is
            ended.put(error)

    started = 0
    with suppress(RuntimeError):  # the calling thread does what the others cannot
        while started < workers - 1:
            threading.Thread(target=run, daemon=True).start()
            started += 1
    work()
    for _number in range(started):
        if error := ended.get():
            raise error


def _room_for_threads(wanted: int) -> int:
    """How many more threads, up to so many, the system gives at present."""
    threads: list[threading.Thread] = []
    enough = threading.Event()
    try:
        while len(threads) < wanted:
            thread = threading.Thread(target=enough.wait, daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError:
        pass  # so these are all
    finally:
        enough.set()
    for thread in threads:
        thread.join()
    return len(threads)
