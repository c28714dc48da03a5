# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The figures of the benchmark, and its verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from tools.bench.figures import Figures
from tools.bench.lanes import (
    CHANGES,
    DEBUG,
    DECLARED,
    EMPTY,
    EMPTY_CHANGES,
    EMPTY_DECLARED,
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
from tools.bench.measure import Run
from tools.bench.targets import TARGETS, judge

SIZES, DECLARED_SIZES, CHANGED_SIZES = [10, 50, 200], [1000, 10000], [50, 200, 1000]
# Seconds for one item of lanes that reach all targets.
FAST = {DEBUG: 0.002, IN_PROCESS: 0.003}
SLOW = {ORDINARY: 0.2, URI: 0.3, URI_CALL: 0.25, S3: 0.9}
DECLARING = {EMPTY_DECLARED: 0.0, FACT: 0.0001, DECLARED: 0.0006}
CHANGING = {FLOOR: 0.002, RESOURCES: 0.003, IN_PROCESS: 0.005}


def run(lane: str, size: int, seconds: float, calls: int = 0, peak_mib: float = 60.0) -> Run:
    start = 0.0 if lane.startswith(FLOOR) else 1.0
    return Run(lane, size, start + seconds, peak_mib, {"ListBuckets": calls} if calls else {})


def figures(lists: int = 2, peak_mib: float = 119.0, changing_in: float = 0.003, **changed: float) -> Figures:
    """All targets reached, but for lanes whose seconds for one item are given by the name of a constant above.

    lists: of the changes. peak_mib: of the declarations. changing_in: seconds for one change in a task with many.
    """
    items = {**FAST, **SLOW, **DECLARING, **{globals()[name]: seconds for name, seconds in changed.items()}}
    runs = [run(EMPTY, size, 0.0) for size in SIZES] * 3
    for lane in (*FAST, *SLOW):
        for size in SIZES:
            repeated = 1 if lane in SLOW and size == 200 else 3
            runs += [run(lane, size, items[lane] * size, calls=int(lane == IN_PROCESS))] * repeated
    for size in DECLARED_SIZES:
        runs += [run(lane, size, items[lane] * size) for lane in (EMPTY_DECLARED, FACT)]
        runs.append(run(DECLARED, size, items[DECLARED] * size, calls=4, peak_mib=peak_mib))
    for size in CHANGED_SIZES:
        runs.append(run(EMPTY_CHANGES, size, 0.0))
        for how, seconds in {**CHANGING, RESOURCES: changing_in}.items():
            runs += [run(changing(how, change), size, seconds * size, calls=lists) for change in CHANGES]
    return Figures(runs, SIZES, DECLARED_SIZES, CHANGED_SIZES, repetitions=3)


def failed(found: Figures) -> list[str]:
    return [verdict.target.name for verdict in judge(found) if not verdict.met]


def test_one_item_is_a_run_above_the_empty_play() -> None:
    assert figures().item(DEBUG, 50) == pytest.approx(0.002)
    assert figures().above(DECLARED, 1000) == pytest.approx(0.6)


def test_the_floor_is_no_play_and_has_nothing_taken_off() -> None:
    assert figures().above(changing(FLOOR, "create"), 1000) == pytest.approx(2.0)
    assert figures().above(changing(RESOURCES, "create"), 1000) == pytest.approx(3.0)


def test_a_ratio_is_taken_where_both_lanes_have_all_repetitions() -> None:
    assert figures().common(IN_PROCESS, DEBUG) == 200
    assert figures().common(URI, IN_PROCESS) == 50
    assert figures().ratio(URI, IN_PROCESS) == pytest.approx(100)


def test_a_straight_loop_has_no_bend() -> None:
    assert figures().slope(IN_PROCESS, 0) == pytest.approx(0.003)
    assert figures().bend(IN_PROCESS) == pytest.approx(0)


def test_a_loop_that_grows_faster_than_its_items_has_one() -> None:
    squares = [run(IN_PROCESS, size, 0.0001 * size * size) for size in SIZES]
    assert Figures(squares, SIZES, DECLARED_SIZES, CHANGED_SIZES, 1).bend(IN_PROCESS) == pytest.approx(250 / 60 - 1)


def test_all_targets_can_be_reached() -> None:
    assert not failed(figures())


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"IN_PROCESS": 0.0041}, "in-process bucket / debug item"),
        ({"URI": 0.119}, "uri playbook / in-process bucket"),
        ({"S3": 0.23}, "amazon.aws.s3_bucket / in-process bucket"),
        ({"ORDINARY": 0.26}, "ordinary module / uri with one call"),
        ({"DECLARED": 0.00071}, "declared, most: ms for an entry above set_fact"),
        ({"peak_mib": 121.0}, "declared, most: peak MiB above set_fact"),
    ],
)
def test_a_slow_lane_misses_its_target(changed: dict[str, Any], missed: str) -> None:
    assert failed(figures(**changed)) == [missed]


def test_changes_are_held_against_their_writes_alone() -> None:
    too_slow = ["most creates in one task", "most updates in one task"]
    assert failed(figures(changing_in=0.0039)) == []
    beyond = failed(figures(changing_in=0.0041))
    assert [name.partition(":")[0] for name in beyond] == too_slow and all("writes alone" in name for name in beyond)
    assert len(failed(figures(lists=5))) == 0 and failed(figures(lists=6)) == ["loop of creates: lists"]
    assert len(failed(figures(lists=11))) == 4


def test_what_was_not_measured_is_not_reached() -> None:
    empty = Figures([], SIZES, DECLARED_SIZES, CHANGED_SIZES, 1)
    assert len(failed(empty)) == len(TARGETS)
    assert all("not measured" in str(verdict) for verdict in judge(empty))
