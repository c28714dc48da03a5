# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The results as Markdown."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from tools.bench.figures import Figures
from tools.bench.lanes import (
    CHANGES_GROUP,
    DEBUG,
    DECLARED,
    EMPTY,
    EMPTY_DECLARED,
    FACT,
    IN_PROCESS,
    LANES,
    LOOPS_GROUP,
)
from tools.bench.targets import Verdict

COLLECTIONS = ("amazon.aws", "kubernetes.core")
PACKAGES = ("ansible-core", "requests", "boto3", "moto", "kubernetes")


# The licence is that of this file.
TEXT = """<!--
SPDX-License-Identifier: GPL-3.0-or-later
SPDX-FileCopyrightText: 2026 The otterscale.core authors
-->

# What resources cost

Made by `make bench`. Each lane is a playbook of `tools/bench/playbooks/` that goes through N resources. A run is a
whole `ansible-playbook` with connection local and pipelining, its output to /dev/null, against a server on the same
machine: the embedded OtterScale, moto for S3, a stub of a few calls for Kubernetes. The runs of all lanes are
interleaved in random order.

Times are medians. One item is a run less an empty play with the same inventory, divided by N. The columns of ratios say
how many items of that other lane one item takes, at the largest N that both went through in every repetition. Calls are
RPCs, or HTTP requests of the peers. The peak is that of the largest process. Runs of the same lane and N lay at most
{apart}.

![Time of each loop against N](loops.svg)

## Loops without changes

{loops}

## Declarations without changes

All kinds in one task, beside a play that hands the same data to `set_fact`.

{declared}

## Changes

Seconds above an empty play. "Writes alone" is a program with 8 threads, each with a session of its own, that sends the
same writes and does nothing else.

{changes}

## Targets

{targets}

## Machine and versions

{machine}
"""


def versions() -> dict[str, str]:
    """The machine and what ran on it."""
    found = {"CPU": cpu(), "cores": str(os.cpu_count()), "Python": platform.python_version()}
    found.update({name: version(name) for name in PACKAGES})
    spec = importlib.util.find_spec("ansible_collections")
    for name in COLLECTIONS:
        for place in (spec and spec.submodule_search_locations) or ():
            manifest = Path(place, *name.split("."), "MANIFEST.json")
            if manifest.is_file():
                found[name] = json.loads(manifest.read_text())["collection_info"]["version"]
    return found


def cpu() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def cell(form: str, figure: Callable[..., float], *arguments: Any) -> str:
    try:
        return form.format(figure(*arguments))
    except (LookupError, ZeroDivisionError):
        return "-"


def milliseconds(figure: Callable[..., float], *arguments: Any) -> str:
    return cell("{:.1f}", lambda: 1000 * figure(*arguments))


def row(figures: Figures, lane: str) -> list[str]:
    sizes, last = figures.sizes, figures.sizes[-1]
    return [
        lane,
        *(milliseconds(figures.item, lane, size) for size in sizes),
        *(milliseconds(figures.slope, lane, step) for step in range(len(sizes) - 1)),
        cell("{:.1f}", figures.ratio, lane, DEBUG),
        cell("{:.1f}", figures.ratio, lane, IN_PROCESS),
        cell("{}", figures.calls, lane, last),
        cell("{:.0f}", figures.peak, lane, last),
        ", ".join(str(figures.count(lane, size)) for size in sizes),
    ]


def loops(figures: Figures) -> str:
    sizes = figures.sizes
    head = [
        "ms for one item",
        *(f"N={size}" for size in sizes),
        *(f"each from {low} to {high}" for low, high in pairwise(sizes)),
        "debug items",
        "in-process items",
        f"calls, N={sizes[-1]}",
        f"peak MiB, N={sizes[-1]}",
        "runs",
    ]
    lanes = [lane.name for lane in LANES if lane.group == LOOPS_GROUP and lane.name != EMPTY]
    return table([head, *(row(figures, lane) for lane in lanes)])


def declared(figures: Figures) -> str:
    head = [
        "resources",
        "lane",
        "seconds",
        "above an empty play",
        "ms for one above set_fact",
        "calls",
        "peak MiB",
        "runs",
    ]
    rows = [
        [
            f"{size:,}",
            lane,
            cell("{:.2f}", figures.seconds, lane, size),
            cell("{:.2f}", figures.above, lane, size),
            milliseconds(
                lambda lane, size: (figures.seconds(lane, size) - figures.seconds(FACT, size)) / size, lane, size
            ),
            cell("{}", figures.calls, lane, size),
            cell("{:.0f}", figures.peak, lane, size),
            str(figures.count(lane, size)),
        ]
        for size in figures.declared
        for lane in (EMPTY_DECLARED, FACT, DECLARED)
    ]
    return table([head, *rows])


def changes(figures: Figures) -> str:
    sizes, last = figures.changes, figures.changes[-1]
    head = [
        "lane",
        *(f"N={size}" for size in sizes),
        *(f"lists, N={size}" for size in sizes),
        f"peak MiB, N={last}",
        "runs",
    ]
    rows = [
        [
            lane.name,
            *(cell("{:.2f}", figures.above, lane.name, size) for size in sizes),
            *(cell("{}", figures.lists, lane.name, size) for size in sizes),
            cell("{:.0f}", figures.peak, lane.name, last),
            ", ".join(str(figures.count(lane.name, size)) for size in sizes),
        ]
        for lane in LANES
        if lane.group == CHANGES_GROUP and lane.change
    ]
    return table([head, *rows])


def table(rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (rows[0], rule, *rows[1:]))


def document(figures: Figures, verdicts: list[Verdict], facts: dict[str, str]) -> str:
    lists = ("\n".join(f"- {line}" for line in lines) for lines in (verdicts, map(": ".join, facts.items())))
    reached, machine = lists
    spread, lane, size = figures.spread()
    apart = f"{spread:.0%} of their median apart ({lane}, {size})"
    return TEXT.format(
        loops=loops(figures),
        declared=declared(figures),
        changes=changes(figures),
        targets=reached,
        machine=machine,
        apart=apart,
    )
