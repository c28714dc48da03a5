# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Two processes that want the same resource at once, one way or two: each reports how it ended, and one of them won.

OTTERSCALE_FUZZ_ROUNDS is the number of rounds for each resource and server generation.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from emulator.process import Emulator
from tests.fuzz.machine import FIGURES, put
from tests.fuzz.racer import Racer
from tests.fuzz.truth import fulfils, thing
from tests.kinds import OBJECTS, emulated, emulated_kinds
from tests.kinds.kind import Kind

ROUNDS = int(os.environ.get("OTTERSCALE_FUZZ_ROUNDS", "16"))
TOKEN = "race-token-that-must-not-leak"
# failed_precondition: what is there is being deleted.
FAILURES = ("client", "aborted", "internal", "unknown", "not_found", "failed_precondition")
GENERATIONS = ("plain", "blind", "mapped")
# How long both racers have to get to the line.
LEAD_SECONDS = 0.003


@pytest.fixture(scope="module", params=GENERATIONS)
def field(request: pytest.FixtureRequest) -> Iterator[tuple[Emulator, Racer, Racer]]:
    with ExitStack() as stack:
        arguments = ("--generation", request.param, "--import-seconds", "0")
        emulator = stack.enter_context(Emulator(*arguments, token=TOKEN))
        yield emulator, *(stack.enter_context(Racer(emulator.url, TOKEN)) for _number in range(2))


def rivals(kind: Kind, number: int) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    """What the two want in a round: the same, two things, or one of them that it be gone."""
    one, other, gone = kind.example, kind.another, kind.gone
    return (("same", one, one), ("two", one, other), ("one gone", one, gone), ("both gone", gone, gone))[number % 4]


@emulated_kinds
def test_two_at_once_end_as_one_of_them_wants(field: tuple[Emulator, Racer, Racer], kind: Kind) -> None:
    race(field, kind)


@pytest.mark.parametrize("field", ["v1.4"], indirect=True)
@pytest.mark.parametrize("kind", OBJECTS.values(), ids=OBJECTS)
def test_two_at_once_end_as_one_of_them_wants_of_objects(field: tuple[Emulator, Racer, Racer], kind: Kind) -> None:
    race(field, kind)


def race(field: tuple[Emulator, Racer, Racer], kind: Kind) -> None:
    emulator, *racers = field
    generation = emulator.state()["generation"]
    for number in range(ROUNDS):
        name, *wanted = rivals(kind, number)
        there = number // 4 % 2 == 1
        emulator.reset(journal=True)
        if there:
            put(emulator, emulated(kind.id).there)
        mark = emulator.journal()["next"]
        at = time.time() + LEAD_SECONDS
        for racer, options in zip(racers, wanted, strict=True):
            racer.start(kind.id, options, at)
        results = [racer.result() for racer in racers]
        state, calls = emulator.state()["scopes"]["demo"], emulator.journal(mark)["calls"]
        ends = ["failed" if r["failed"] else "changed" if r["changed"] else "unchanged" for r in results]
        FIGURES.races[f"{kind.id}, {name}, {'updated' if there else 'created'}: {' and '.join(sorted(ends))}"] += 1
        where = f"{name} on {generation['name']}: {wanted}\n{results}\n{calls}\n{state}"
        assert_one_won(kind.id, wanted, results, state, generation, where)
        assert_told(results, calls, where)


def assert_one_won(
    kind: str,
    wanted: list[Mapping[str, Any]],
    results: list[dict[str, Any]],
    state: Mapping[str, Any],
    generation: Mapping[str, str],
    where: str,
) -> None:
    """The end is what one that reports success wants. No port has two node ports, and no two ports have the same."""
    won = [not r["failed"] and fulfils(kind, w, state, generation) for w, r in zip(wanted, results, strict=True)]
    assert any(won), f"the end is nobody's, {thing(kind, wanted[0], state)}: {where}"
    ports = [port["node_port"] for service in state["services"].values() for port in service["ports"]]
    assert len(set(ports)) == len(ports), where


def assert_told(results: list[dict[str, Any]], calls: list[dict[str, Any]], where: str) -> None:
    effects = Counter(call["rpc"] for call in calls if call["effect"])
    told = Counter(operation["rpc"] for result in results for operation in result["operations"])
    # Of two that do the same at once both are accepted; the later one cannot know that it did nothing.
    accepted = Counter(call["rpc"] for call in calls if call["write"] and call["code"] == "ok")
    assert not effects - told, f"an effect was not reported: {where}"
    assert not told - accepted, f"an effect was made up: {where}"
    for result in results:
        if result["failed"]:
            assert result["error"]["code"] in FAILURES, where
            assert TOKEN not in result["msg"] and len(result["msg"]) > 40, where
