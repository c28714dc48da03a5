# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Many resources in one task: what became of each, what must come before what, and several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from typing import Any

from .._errors import ApiError, printable
from .outcome import Outcome
from .resource import Resource

_THREADS_EACH = 3  # a worker, its call (see _http), and the call before that on its way out


@dataclass
class Entry:
    """One resource of the declaration, or one to remove. Without an outcome it has not been begun.

    needs: the keys of what has to come before it.
    """

    type: type[Resource[Any]]
    params: Mapping[str, Any]
    resource: Resource[Any] | None = None
    outcome: Outcome | None = None
    removal: bool = False
    needs: set[str] = field(default_factory=set)

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
    """What became of a declaration. error: of the first failure. begun: False where it failed as a whole."""

    entries: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: ApiError | None = None
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
                "before_header": printable(entry.key),
                "after_header": printable(entry.key),
                "before": entry.outcome.before,
                "after": entry.outcome.after,
            }
            for entry in self.entries
            if entry.outcome and entry.outcome.changed
        ]

    def add_up(self) -> None:
        """Gather the warnings and failures of the entries."""
        outcomes = [entry.outcome for entry in self.entries if entry.outcome]
        self.warnings += dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings)
        if failures := [outcome for outcome in outcomes if outcome.error]:
            self.error = failures[0].error
            messages = "\n".join(outcome.msg for outcome in failures)
            self.msg = f"{len(failures)} of {len(self.entries)} resources failed:\n{messages}"


def in_order(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in batches, each of which needs none but those before it. Raises CycleError."""
    by_key = {entry.key: entry for entry in entries}
    sorter = TopologicalSorter({key: entry.needs & by_key.keys() for key, entry in by_key.items()})
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield [by_key[key] for key in ready]
        sorter.done(*ready)


def for_each(entries: list[Entry], work: Callable[[Entry], None], *, at_once: int) -> None:
    """Do the work for each entry, several at once, in the calling thread and in others.

    The others are daemons: whatever interrupts the calling thread need not wait until they end, and they take no
    further entry after that.
    """
    waiting: SimpleQueue[Entry] = SimpleQueue()
    for entry in entries:
        waiting.put(entry)
    interrupted = threading.Event()

    def work_off() -> None:
        with suppress(Empty):
            while not interrupted.is_set():
                work(waiting.get_nowait())

    try:
        _together(work_off, _workers(min(at_once, len(entries))))
    except BaseException:  # the task has run out of its time, say
        interrupted.set()
        raise


def _workers(most: int) -> int:
    """How many threads can work at once. One too many would leave none for the calls of the others."""
    return 1 if most == 1 else max(1, (_room_for_threads(most * _THREADS_EACH - 1) + 1) // _THREADS_EACH)


def _together(work: Callable[[], None], workers: int) -> None:
    """Have so many threads `work` at once, the calling one among them."""
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
