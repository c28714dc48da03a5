# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The figures of the benchmark, and its verdicts."""

from __future__ import annotations

import pytest

from tools.bench.figures import Figures
from tools.bench.lanes import DEBUG, EMPTY, EMPTY_MIXED, IN_PROCESS, ORDINARY, RESOURCES_MIXED, S3, URI, URI_CALL
from tools.bench.measure import Run
from tools.bench.targets import TARGETS, judge

SIZES, MIXED = [10, 50, 200], 1000
# Seconds for one item of lanes that reach all targets.
FAST = {DEBUG: 0.002, IN_PROCESS: 0.003}
SLOW = {ORDINARY: 0.2, URI: 0.3, URI_CALL: 0.25, S3: 0.9}


def run(lane: str, size: int, seconds: float, calls: int = 0, peak_mib: float = 60.0) -> Run:
    return Run(lane, size, 1.0 + seconds, peak_mib, {"ListBuckets": calls} if calls else {})


def figures(**changed: float) -> Figures:
    """All targets reached, but for lanes whose seconds for one item are given by the name of a constant above."""
    items = {**FAST, **SLOW, **{globals()[name]: seconds for name, seconds in changed.items()}}
    runs = [run(EMPTY, size, 0.0) for size in SIZES] * 3
    for lane, item in items.items():
        for size in SIZES:
            repeated = 1 if lane in SLOW and size == 200 else 3
            runs += [run(lane, size, item * size, calls=int(lane == IN_PROCESS))] * repeated
    mixed = [run(EMPTY_MIXED, MIXED, 0.5), run(RESOURCES_MIXED, MIXED, 2.5, calls=4, peak_mib=120.0)]
    return Figures([*runs, *mixed], SIZES, MIXED, repetitions=3)


def failed(found: Figures) -> list[str]:
    return [verdict.target.name for verdict in judge(found) if not verdict.met]


def test_one_item_is_a_run_above_the_empty_play() -> None:
    assert figures().item(DEBUG, 50) == pytest.approx(0.002)
    assert figures().above(RESOURCES_MIXED, MIXED) == pytest.approx(2.0)


def test_a_ratio_is_taken_where_both_lanes_have_all_repetitions() -> None:
    assert figures().common(IN_PROCESS, DEBUG) == 200
    assert figures().common(URI, IN_PROCESS) == 50
    assert figures().ratio(URI, IN_PROCESS) == pytest.approx(100)


def test_a_straight_loop_has_no_bend() -> None:
    assert figures().slope(IN_PROCESS, 0) == pytest.approx(0.003)
    assert figures().bend(IN_PROCESS) == pytest.approx(0)


def test_a_loop_that_grows_faster_than_its_items_has_one() -> None:
    squares = [run(IN_PROCESS, size, 0.0001 * size * size) for size in SIZES]
    assert Figures(squares, SIZES, MIXED, 1).bend(IN_PROCESS) == pytest.approx(250 / 60 - 1)


def test_all_targets_can_be_reached() -> None:
    assert not failed(figures())


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"IN_PROCESS": 0.0041}, "in-process bucket / debug item"),
        ({"URI": 0.119}, "uri playbook / in-process bucket"),
        ({"S3": 0.23}, "amazon.aws.s3_bucket / in-process bucket"),
        ({"ORDINARY": 0.26}, "ordinary module / uri with one call"),
    ],
)
def test_a_slow_lane_misses_its_target(changed: dict[str, float], missed: str) -> None:
    assert failed(figures(**changed)) == [missed]


def test_what_was_not_measured_is_not_reached() -> None:
    assert len(failed(Figures([], SIZES, MIXED, 1))) == len(TARGETS)
    assert all("not measured" in str(verdict) for verdict in judge(Figures([], SIZES, MIXED, 1)))
