# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whatever goes wrong between a task and the server: the task tells the truth, and a further run converges.

A scenario is some things on a server, one to three tasks one after the other with a fault schedule each, and after them
the last task without faults: in check mode, in earnest, and once more. OTTERSCALE_FUZZ_EXAMPLES is the number of
scenarios in all; the summary of pytest says what became of them. To run the same ones again, give the seed that the
summary names as OTTERSCALE_FUZZ_SEED; a violation is printed as a Scenario for test_found.py.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from emulator.process import Emulator
from tests.fuzz.judge import violations
from tests.fuzz.machine import FIGURES, Machine, Ran
from tests.fuzz.scenarios import Scenario, Task, scenarios
from tests.fuzz.truth import fulfils, listed, thing
from tests.kinds import OBJECTS

AT_ONCE = ("--import-seconds", "0")
GENERATIONS = {
    **{name: ("--generation", name, *AT_ONCE) for name in ("plain", "blind", "mapped")},
    # Proper codes for the half-failed bucket writes, and lists that leave much out.
    "strict": (
        *("--generation", "mapped", "--set", "bucket_policy_required=true"),
        *("--set", "services=own_name", "--set", "volumes=boot_image", *AT_ONCE),
    ),
}
EXAMPLES = int(os.environ.get("OTTERSCALE_FUZZ_EXAMPLES", "240"))
# Every run of `make test` holds the same schedules against a change; a long run is there to find others.
NEW_SEED = secrets.randbelow(2**32) if "OTTERSCALE_FUZZ_EXAMPLES" in os.environ else 20261121
SEED = int(os.environ.get("OTTERSCALE_FUZZ_SEED", NEW_SEED))
A_SHARE = settings(
    max_examples=-(-EXAMPLES // len(GENERATIONS)),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("arguments", GENERATIONS.values(), ids=GENERATIONS, indirect=True)
@seed(SEED)
@A_SHARE
@given(scenario=scenarios())
def test_the_truth_is_told_and_a_further_run_converges(started: Emulator, scenario: Scenario) -> None:
    assert_true(started, scenario)


@pytest.mark.parametrize("arguments", [("--generation", "v1.4", *AT_ONCE)], ids=["v1.4"], indirect=True)
@seed(SEED)
@A_SHARE
@given(scenario=scenarios(tuple(OBJECTS)))
def test_the_truth_is_told_of_objects(started: Emulator, scenario: Scenario) -> None:
    assert_true(started, scenario)


@pytest.mark.parametrize("arguments", [("--generation", "mapped")], ids=["ief"], indirect=True)
@seed(SEED)
@A_SHARE
@given(scenario=scenarios(("ief_service",)))
def test_the_truth_is_told_of_another_system(started: Emulator, scenario: Scenario) -> None:
    assert_true(started, scenario)


def assert_true(emulator: Emulator, scenario: Scenario) -> None:
    FIGURES.seed = SEED
    found = play(emulator, scenario)
    FIGURES.violations += bool(found)
    assert not found, f"{found}\non {emulator.state()['generation']['name']}: {scenario!r}"


def play(emulator: Emulator, scenario: Scenario) -> list[str]:
    """Carry a scenario out and return the violations."""
    machine = Machine(emulator, scenario)
    generation = machine.generation
    FIGURES.scenarios += 1
    found = []
    for number, task in enumerate(scenario.tasks):
        ran = machine.run(task)
        FIGURES.add(ran)
        found += [f"task {number}: {text}" for text in violations(scenario.kind, generation, ran)]
    return found + [f"afterwards: {text}" for text in converge(machine, scenario.kind, scenario.tasks[-1].options)]


def converge(machine: Machine, kind: str, options: Any) -> Iterator[str]:
    """Without faults: a check run predicts the run, which converges, and the next one has nothing to do."""
    task, generation = Task(options), machine.generation
    predicted, real, again = machine.run(task, check=True), machine.run(task), machine.run(task)
    for ran in (predicted, real, again):
        yield from violations(kind, generation, ran)
    there = thing(kind, options, real.before)
    readable = there is None or listed(kind, there, generation)
    error = real.outcome.error
    if error is not None:
        undecided = error.code == "failed_precondition" and undecidable(kind, options, real)
        expected = error.code == "client" or options.get("wait") or refused(real.writes) or undecided
        if error.code == "internal" or not expected:
            yield f"it does not converge: {real.outcome.msg}"
        if (again.outcome.error is None or again.effects) and not options.get("wait"):
            yield f"refused, and then again: {again.outcome}"
        if predicted.outcome.error is not None and real.writes:
            yield f"check mode failed with {predicted.outcome.msg}, but {real.writes} were sent"
        return
    if not fulfils(kind, options, real.after, generation):
        yield f"it does not converge: {thing(kind, options, real.after)}"
    if readable:
        for name in ("error", "changed", "before", "after", "operations"):
            if getattr(predicted.outcome, name) != getattr(real.outcome, name):
                yield f"{name} was not predicted: {predicted.outcome} {real.outcome}"
    there = thing(kind, options, real.after)
    if again.effects or (again.outcome.changed and (there is None or listed(kind, there, generation))):
        yield f"the second run changed it again: {again.outcome}"


def undecidable(kind: str, options: Any, ran: Ran) -> bool:
    """Whether it is a bucket whose ACL the server cannot read, or a data volume that has no storage to grow yet."""
    found = thing(kind, options, ran.after)
    return found is not None and (bool(found.get("unreadable")) or found.get("capacity_bytes") == 0)


def refused(writes: list[dict[str, Any]]) -> bool:
    return any(call["code"] != "ok" for call in writes)
