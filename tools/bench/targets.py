# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the collection promises about its speed. A target that was not measured is not met."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from tools.bench.figures import Figures
from tools.bench.lanes import DEBUG, IN_PROCESS, ORDINARY, RESOURCES_MIXED, S3, URI, URI_CALL

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
        "otterscale_resources, mixed: seconds above an empty play",
        lambda figures: figures.above(RESOURCES_MIXED, figures.mixed),
        "<=",
        3.0,
    ),
    Target(
        "otterscale_resources, mixed: read calls",
        lambda figures: figures.calls(RESOURCES_MIXED, figures.mixed),
        "<=",
        4,
    ),
    Target(
        "otterscale_resources, mixed: peak MiB",
        lambda figures: figures.peak(RESOURCES_MIXED, figures.mixed),
        "<",
        150.0,
    ),
)


def judge(figures: Figures) -> list[Verdict]:
    verdicts = []
    for target in TARGETS:
        try:
            verdicts.append(Verdict(target, target.figure(figures)))
        except (LookupError, ZeroDivisionError) as error:
            verdicts.append(Verdict(target, None, f"not measured: {error}"))
    return verdicts
