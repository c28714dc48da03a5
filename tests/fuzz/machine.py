# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Carry a scenario out: the real engine and the real client, over HTTP, against a real emulator process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest import mock

from ansible_collections.otterscale.core.plugins.module_utils._engine import reads as _readings
from ansible_collections.otterscale.core.plugins.module_utils._engine import reconcile as _reconcile
from ansible_collections.otterscale.core.plugins.module_utils._engine import wait as _wait
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Resource
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._http.client import HttpClient
from ansible_collections.otterscale.core.plugins.module_utils._task import Connection, Context, manage

from emulator.process import Emulator
from tests.fuzz.scenarios import TOKEN, Scenario, Task
from tests.integration.playbook import kubeconfig
from tests.kinds import KINDS, emulated

T = TypeVar("T")

TIMEOUT, SHORT_TIMEOUT = 20.0, 0.6
LIMIT = 10.0  # seconds, after which nothing is believed any more to be as it was read
KUBECONFIG = Path(__file__).parents[2] / ".dev/cache/fuzz.kubeconfig"


class Figures:
    """What was done, for the summary. runs: of tasks; schedules: those of them that were to meet a fault."""

    def __init__(self) -> None:
        self.scenarios = self.runs = self.schedules = self.calls = self.violations = self.seed = 0
        self.faults: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.races: Counter[str] = Counter()

    def add(self, ran: Ran) -> None:
        self.runs += 1
        self.schedules += bool(ran.task.faults)
        self.calls += len(ran.calls)
        for call in ran.calls:
            if call["fault"]:
                self.faults[f"{call['fault']} on a {'write' if call['write'] else 'read'}"] += 1
        result = "failed" if ran.outcome.error else "ok"
        self.outcomes[f"{result}, {'' if ran.outcome.changed else 'un'}changed"] += 1
        if ran.meddled:
            self.faults["a colleague's change"] += 1


FIGURES = Figures()


class Clock:
    """Time as the engine sees it: sleeping takes none."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class Watched:
    """Stands before the real client of a system. It lets a colleague act between two calls, and waits for a server
    that restarts."""

    def __init__(self, emulator: Emulator, task: Task, **options: Any) -> None:
        restarts = any(fault["kind"] == "restart" for fault in task.faults)
        slow = any(fault["kind"] in ("drip", "delay") for fault in task.faults)
        self.timeout = SHORT_TIMEOUT if slow else TIMEOUT
        super().__init__(
            emulator.url, token=TOKEN, retries=task.retries, timeout=self.timeout, **{"backoff": 0.001, **options}
        )
        self.emulator = emulator
        self.task = task
        self.restarts = restarts
        self.reads = self.calls = 0
        self.meddled_at: int | None = None

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().read(procedure, request)
        self.reads += 1
        if self.task.colleague and self.reads == self.task.after:
            self.meddled_at = self.calls
            reachable(self.emulator, lambda: put(self.emulator, self.task.colleague or {}))
        return answer

    def call(self, procedure: str, request: Mapping[str, Any]) -> Any:
        self.calls += 1
        return super().call(procedure, request)

    def pause(self, tries: int, error: ApiError) -> float:
        if self.restarts and not error.sent:
            self.emulator.wait_until_restarted()
            return 0.0
        return super().pause(tries, error)


class Slow:
    """Stands before the real client of another item of a loop, and is the clock of what it reads: in the past."""

    def __init__(self, emulator: Emulator, took: float) -> None:
        super().__init__(emulator.url, token=TOKEN)
        self.ago, self.took = 0.0, took

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().read(procedure, request)
        self.ago -= self.took
        return answer

    def monotonic(self) -> float:
        return time.monotonic() - self.ago


@dataclass(frozen=True)
class Ran:
    """A task that was run. before and after: states of the scope. meddled: a colleague acted.

    last: too late for us to see it, that is after our last call, or among those of our last reading.
    kept: the state of the scope that the task may take for the present one, as long as it makes no call of its own.
    result, lines: what users see of the outcome, which are the result of the task, and its warnings and progress.
    """

    task: Task
    check: bool
    outcome: Outcome
    result: Mapping[str, Any]
    lines: list[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    calls: list[dict[str, Any]]
    meddled: bool
    last: bool
    kept: Mapping[str, Any]
    slept: float
    seconds: float

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["write"]]

    @property
    def effects(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["effect"]]


def client(kind: str, standing_before: type, *arguments: Any) -> Any:
    """The real client for a kind of resource, with one of the classes above before it."""
    return type("Client", (standing_before, emulated(kind).client), {})(*arguments)


def resource(kind: str, options: Mapping[str, Any], timeout: float = TIMEOUT) -> Resource[Any]:
    """As the module makes it from the options of a task."""
    kubernetes = {"kubeconfig": str(KUBECONFIG)} if options.get("kubeconfig") else {}
    return KINDS[kind].resource({**options, **kubernetes}, **emulated(kind).connection, timeout=timeout)


def put(emulator: Emulator, what: Mapping[str, Any]) -> None:
    emulator.put(what["kind"], **{member: value for member, value in what.items() if member != "kind"})


def reachable(emulator: Emulator, action: Callable[[], T]) -> T:
    """Do it, as soon as a server that restarts answers again."""
    while True:
        try:
            return action()
        except OSError:
            emulator.wait_until_restarted()


class Machine:
    """One emulator, and what it holds."""

    def __init__(self, emulator: Emulator, scenario: Scenario) -> None:
        self.emulator = emulator
        self.kind = scenario.kind
        self.in_loop = scenario.in_loop
        kubeconfig(KUBECONFIG, emulator)
        emulator.reset(journal=True)
        for thing in scenario.things:
            put(emulator, thing)
        self.mark = emulator.journal()["next"]
        self.state = self._read_state()

    @property
    def generation(self) -> Mapping[str, str]:
        generation: Mapping[str, str] = self.emulator.state()["generation"]
        return generation

    def run(self, task: Task, *, check: bool = False) -> Ran:
        watched, clock, began = client(self.kind, Watched, self.emulator, task), Clock(), time.monotonic()
        kept, readings = self.state, self._read_before(task) if self.in_loop else SharedReads(watched)
        readings.client = watched
        if task.faults:
            self.emulator.add_faults(*map(dict, task.faults))
        fake = SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep)
        lines: list[str] = []
        with mock.patch.object(_reconcile, "time", fake), mock.patch.object(_wait, "time", fake):
            made = resource(self.kind, task.options, watched.timeout)
            outcome, result, warnings = self._work(made, readings, watched, check, task.retries, lines)
        seconds = time.monotonic() - began
        watched.close()
        before, late = self.state, None if watched.meddled_at is None else watched.calls - watched.meddled_at
        if task.faults:
            reachable(self.emulator, self.emulator.clear_faults)
        journal = self.emulator.journal(self.mark)
        self.mark, self.state = journal["next"], self._read_state()
        # What is planned from the reading of another item may find what somebody has done since.
        first = next(iter(journal["calls"]), None)
        unseen = bool(task.since and first and first["write"])
        return Ran(
            task=task, check=check, outcome=outcome, result=result, lines=[*warnings, *lines],
            before=before, after=self.state, calls=journal["calls"],
            meddled=late is not None or unseen, last=late is not None and late < KINDS[self.kind].reads,
            kept=kept if task.age < LIMIT else before, slept=clock.slept, seconds=seconds,
        )  # fmt: skip

    def _work(
        self, made: Resource[Any], reads: SharedReads, watched: HttpClient, check: bool, retries: int, lines: list[str]
    ) -> tuple[Outcome, dict[str, Any], list[str]]:
        """The outcome, and what a door makes of it: the values and warnings that users see."""
        outcomes = []

        def work(params: Any, context: Context) -> Outcome:
            shared = context.connect(params).reads
            outcomes.append(manage(made, shared, check=check, retries=retries, notify=context.notify))
            return outcomes[0]

        context = Context(check, lambda params: Connection(reads, watched.secrets.hide), lines.append)
        task = KINDS[self.kind].task
        system = task.system._replace(server=lambda params: {})
        result = task._replace(system=system, work=work).run({}, context, with_diff=True)
        return outcomes[0], result.values, result.warnings

    def _read_before(self, task: Task) -> SharedReads:
        """What another item of the same loop has read a moment ago, or a long one."""
        other = {**task.options, "name": "neighbour", "state": "absent", "wait": False}
        other = {key: value for key, value in other.items() if key in KINDS[self.kind].type.options}
        slow = client(self.kind, Slow, self.emulator, task.took)
        with closing(slow), mock.patch.object(_readings, "time", slow):
            readings = SharedReads(slow)
            view = readings.fresh("another")

            def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
                slow.ago = task.age
                return view.read(procedure, request)

            resource(self.kind, other).observe(read)
        if task.since:
            put(self.emulator, task.since)
            self.state = self._read_state()
        self.mark = self.emulator.journal()["next"]
        return readings

    def _read_state(self) -> Mapping[str, Any]:
        return emulated(self.kind).scope(self.emulator.state())
