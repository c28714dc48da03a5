# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the collection promises about its speed. A target that was not measured is not met."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from tools.bench.figures import Figures
from tools.bench.lanes import (
    DEBUG,
    DECLARED,
    FACT,
    FLOOR,
    IN_PROCESS,
    ORDINARY,
    RESOURCES,
    S3,
    URI,
    URI_CALL,
    changing,
)

COMPARISONS = {"<": operator.lt, "<=": operator.le, "==": operator.eq, ">=": operator.ge}


@dataclass(frozen=True)
class Target:
    name: str
    figure: Callable[[Figures], float]
    comparison: str
    bound: float


@dataclass(frozen=True)
class Verdict:
    target: Target
    value: float | None
    # Why there is no value.
    missing: str = ""

    @property
    def met(self) -> bool:
        return self.value is not None and COMPARISONS[self.target.comparison](self.value, self.target.bound)

    def __str__(self) -> str:
        value = f"{self.value:.4g}" if self.value is not None else self.missing
        wanted = f"{self.target.comparison} {self.target.bound:g}"
        return f"{'PASS' if self.met else 'FAIL'}  {self.target.name}: {value} (target {wanted})"


def beyond_floor(change: str) -> Callable[[Figures], float]:
    """Seconds of N changes in one task beyond 1.5 times what the writes alone take."""

    def figure(figures: Figures) -> float:
        size = figures.changes[-1]
        return figures.above(changing(RESOURCES, change), size) - 1.5 * figures.above(changing(FLOOR, change), size)

    return figure


def changed_lists(how: str, change: str, position: int) -> Callable[[Figures], float]:
    return lambda figures: figures.lists(changing(how, change), figures.changes[position])


def loop_of_creates(figures: Figures) -> float:
    """How often it takes what a loop of debug and the writes alone take together."""
    size = figures.sizes[-1]
    floor = figures.above(changing(FLOOR, "create"), size)
    return figures.above(changing(IN_PROCESS, "create"), size) / (figures.above(DEBUG, size) + floor)


def declared_entry(figures: Figures, size: int) -> float:
    """Milliseconds for one of so many declared resources, above a play that hands the same data to set_fact."""
    return 1000 * (figures.seconds(DECLARED, size) - figures.seconds(FACT, size)) / size


def declared_growth(figures: Figures) -> float:
    """How many times as much an entry of the largest declaration takes as one of the smallest."""
    return declared_entry(figures, figures.declared[-1]) / declared_entry(figures, figures.declared[0])


def declared_peak(figures: Figures) -> float:
    return figures.peak(DECLARED, figures.declared[-1]) - figures.peak(FACT, figures.declared[-1])


TARGETS = (
    Target("in-process bucket / debug item", lambda figures: figures.ratio(IN_PROCESS, DEBUG), "<=", 2.0),
    Target("uri playbook / in-process bucket", lambda figures: figures.ratio(URI, IN_PROCESS), ">=", 40.0),
    Target("amazon.aws.s3_bucket / in-process bucket", lambda figures: figures.ratio(S3, IN_PROCESS), ">=", 80.0),
    Target(
        "calls of the longest in-process loop",
        lambda figures: figures.calls(IN_PROCESS, figures.sizes[-1]),
        "==",
        1,
    ),
    Target("bend of the in-process loop, 0 is straight", lambda figures: figures.bend(IN_PROCESS), "<=", 0.2),
    Target("ordinary module / uri with one call", lambda figures: figures.ratio(ORDINARY, URI_CALL), "<=", 1.0),
    Target(
        "declared, fewest: seconds above an empty play",
        lambda figures: figures.above(DECLARED, figures.declared[0]), "<=", 3.0,
    ),
    Target("declared, most: read calls", lambda figures: figures.calls(DECLARED, figures.declared[-1]), "<=", 4),
    Target(
        "declared, most: ms for an entry above set_fact",
        lambda figures: declared_entry(figures, figures.declared[-1]), "<=", 0.6,
    ),
    Target("declared, most: an entry / one of the fewest", declared_growth, "<=", 1.15),
    Target("declared, most: peak MiB above set_fact", declared_peak, "<=", 60.0),
    Target("most creates in one task: seconds above 1.5 x the writes alone", beyond_floor("create"), "<=", 1.0),
    Target("most updates in one task: seconds above 1.5 x the writes alone", beyond_floor("update"), "<=", 1.0),
    Target("most creates in one task: lists", changed_lists(RESOURCES, "create", -1), "<=", 10),
    Target("most updates in one task: lists", changed_lists(RESOURCES, "update", -1), "<=", 10),
    Target("most deletes in one task: lists", changed_lists(RESOURCES, "delete", -1), "<=", 10),
    Target("loop of creates / loop of debug and the writes alone", loop_of_creates, "<=", 1.5),
    Target("loop of creates: lists", changed_lists(IN_PROCESS, "create", 1), "<=", 5),
)  # fmt: skip


def judge(figures: Figures) -> list[Verdict]:
    verdicts = []
    for target in TARGETS:
        try:
            verdicts.append(Verdict(target, target.figure(figures)))
        except (LookupError, ZeroDivisionError) as error:
            verdicts.append(Verdict(target, None, f"not measured: {error}"))
    return verdicts
