# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Many resources in one task: what became of each, what must come before what, and several at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from .._errors import ApiError, Reason, printable
from .outcome import Outcome
from .reads import Reader
from .reconcile import Applied, Planned
from .resource import Resource

MAX_MESSAGES = 50
ALL_UP_TO = 1000  # entries, of which a result has each if nothing else is asked for; of more it has what changed
_THREADS_EACH = 3  # a worker, its call (see _http), and a call before that which ran out of time


@dataclass
class Entry:
    """One resource of the declaration, or one to remove. Without an outcome it has not been begun.

    needs: the keys of what has to come before it. planned: what is missing, by what `reader` read.
    applied: what was done about it and is still to be proven.
    """

    type: type[Resource[Any]]
    params: Mapping[str, Any]
    resource: Resource[Any] | None = None
    outcome: Outcome | None = None
    removal: bool = False
    needs: set[str] = field(default_factory=set)
    planned: Planned[Any] | None = None
    reader: Reader | None = None
    applied: Applied | None = None

    @cached_property
    def key(self) -> str:
        """Kind and name, as results, diffs and the role's lists have them."""
        namespace, name = self.params.get("namespace"), self.params["name"]
        return f"{self.type.kind} {namespace}/{name}" if namespace else f"{self.type.kind} {name}"

    @cached_property
    def title(self) -> str:
        return printable(self.type.title_of(self.params.get("namespace"), self.params["name"]))

    @property
    def absent(self) -> bool:
        return self.removal or self.params["state"] == "absent"

    @property
    def failed(self) -> bool:
        return self.outcome is not None and self.outcome.error is not None

    def became(self, *, begun: bool) -> str:
        """Which of the counts of a summary it belongs to. begun: whether the declaration has been."""
        if self.outcome is None:
            return "skipped" if begun else "failed"
        return "failed" if self.failed else "changed" if self.outcome.changed else "unchanged"

    def labels(self) -> dict[str, Any]:
        labels = {"kind": self.type.kind, "namespace": self.params.get("namespace"), "name": self.params["name"]}
        return {key: value for key, value in labels.items() if value is not None}

    def as_result(self, *, begun: bool) -> dict[str, Any]:
        """begun: whether the declaration has been, for which this entry may have come too late."""
        told = {**self.labels(), "declared": self.declared()}
        if self.outcome is None:
            return {**told, "changed": False, "failed": not begun, "skipped": begun}
        return {**told, **self.outcome.as_result(with_diff=False), "failed": self.failed, "skipped": False}

    def declared(self) -> dict[str, Any]:
        """What the declaration says of it: a removal is as good as named with `state: absent`."""
        return self.type.declared({**self.params, "state": "absent"} if self.removal else self.params)


@dataclass
class Summary:
    """What became of a declaration. error: of the first failure. begun: False where it failed as a whole.

    results: which entries its result has, and whose operations, see ALL_UP_TO.
    """

    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: ApiError | None = None
    msg: str = ""
    begun: bool = True
    results: str | None = None

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        shown = self._shown()
        counts = Counter(entry.became(begun=self.begun) for entry in self.entries)
        result: dict[str, Any] = {
            "changed": any(entry.outcome.changed for entry in self.entries if entry.outcome),
            "operations": [step for entry in shown if entry.outcome for step in entry.outcome.operations],
            "results": [entry.as_result(begun=self.begun) for entry in shown],
            "removals": [entry.labels() for entry in self.entries if entry.removal],
            "summary": {count: counts[count] for count in ("unchanged", "changed", "failed", "skipped")},
        }
        diff = self._diff() if with_diff else []
        if with_diff and (diff or not self.error):
            result["diff"] = diff
        return {**result, "msg": self.msg, "error": self.error.as_dict()} if self.error else result

    def _shown(self) -> list[Entry]:
        if self.results == "none":
            return []
        if self.results == "all" or (self.results is None and len(self.entries) <= ALL_UP_TO):
            return self.entries
        return [entry for entry in self.entries if entry.became(begun=self.begun) != "unchanged"]

    def _diff(self) -> list[dict[str, Any]]:
        """Of what changes alone, and not where that failed: a thousand unchanged ones are nothing to look at."""
        return [
            {
                "before_header": printable(entry.key),
                "after_header": printable(entry.key),
                "before": entry.outcome.before,
                "after": entry.outcome.after,
            }
            for entry in self.entries
            if entry.outcome and entry.outcome.changed and not entry.failed
        ]

    def add_up(self) -> None:
        """Gather the warnings and failures of the entries."""
        outcomes = [entry.outcome for entry in self.entries if entry.outcome]
        self.warnings += dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings)
        if failures := [(outcome.error, outcome.msg) for outcome in outcomes if outcome.error]:
            tried = [(error, msg) for error, msg in failures if error.reason is not Reason.NOT_TRIED]
            self.error = (tried or failures)[0][0]
            lines = [f"{len(failures)} of {len(self.entries)} resources failed:"]
            lines += [msg for _error, msg in tried[:MAX_MESSAGES]]
            if more := len(tried[MAX_MESSAGES:]):
                lines.append(f"{more} more failed, as 'results' tells.")
            if not_tried := len(failures) - len(tried):
                lines.append(f"{not_tried} were not tried, since the server could not be reached.")
            self.msg = "\n".join(lines)


def in_order(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in batches, each of which needs none but those before it. Raises CycleError."""
    by_key = {entry.key: entry for entry in entries}
    sorter = TopologicalSorter({key: entry.needs & by_key.keys() for key, entry in by_key.items()})
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield [by_key[key] for key in ready]
        sorter.done(*ready)


class Pool:
    """Threads that work off what comes in batches, beside the calling one.

    They are daemons: whatever interrupts the calling thread need not wait until they end, and they take no further
    entry after that.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = 0
        self._most: int | None = None  # not known yet

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for _number in range(self._threads):
            self._jobs.put(None)

    def for_each(self, entries: list[Entry], work: Callable[[Entry], None]) -> None:
        """Do the work for each entry, several at once."""
        waiting: SimpleQueue[Entry] = SimpleQueue()
        for entry in entries:
            waiting.put(entry)
        interrupted = threading.Event()
        ended: SimpleQueue[BaseException | None] = SimpleQueue()

        def work_off() -> None:
            with suppress(Empty):
                while not interrupted.is_set():
                    work(waiting.get_nowait())

        def run() -> None:
            try:
                work_off()
                ended.put(None)
            except BaseException as error:  # handed over to the calling thread, whatever it is
                ended.put(error)

        self._grow(min(self._at_once, len(entries)) - 1)
        helpers = min(self._threads, len(entries) - 1)
        for _number in range(helpers):
            self._jobs.put(run)
        try:
            work_off()
            for _number in range(helpers):
                if error := ended.get():
                    raise error
        except BaseException:  # the task has run out of its time, say
            interrupted.set()
            raise

    def _grow(self, threads: int) -> None:
        """Have that many threads, or as many as the system gives: the calling thread does what they cannot."""
        if threads > self._threads and self._most is None:
            self._most = _workers(self._at_once) - 1
        with suppress(RuntimeError):
            while self._threads < min(threads, self._most or 0):
                threading.Thread(target=self._serve, daemon=True).start()
                self._threads += 1

    def _serve(self) -> None:
        while job := self._jobs.get():
            job()


def _workers(most: int) -> int:
    """How many threads can work at once. One too many would leave none for the calls of the others."""
    return max(1, (_room_for_threads(most * _THREADS_EACH - 1) + 1) // _THREADS_EACH)


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
