# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Measure what resources cost, unchanged and changed, in our modules and in others: `make bench` (only on Linux).

The table, the plot and all single runs go to .dev/bench/. The exit status is 1 if a target is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.bench import table
from tools.bench.figures import Figures
from tools.bench.lanes import CHANGES_GROUP, DECLARED_GROUP, LANES, LOOPS_GROUP, Lane
from tools.bench.measure import DEV, OUT, ROOT, Run, measure, warm_up
from tools.bench.servers import Servers
from tools.bench.targets import judge

RESULTS, TABLE, PLOT = OUT / "results.json", OUT / "table.md", OUT / "loops.svg"
REPETITIONS, SIZES, DECLARED, CHANGES = 5, [10, 50, 200], [1000, 10000], [50, 200, 1000]
# How often a fast lane runs in one repetition.
FAST_RUNS = 3


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--repetitions",
        type=int,
        default=int(os.environ.get("REPETITIONS") or REPETITIONS),
        help="default: %(default)s",
    )
    add("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="default: %(default)s")
    add("--declared", type=int, nargs="+", default=DECLARED, metavar="N", help="declared (default: %(default)s)")
    add("--changes", type=int, nargs="+", default=CHANGES, metavar="N", help="changed (default: %(default)s)")
    add("--slow-up-to", type=int, default=50, metavar="N", help="slow lanes run larger N once (default: %(default)s)")
    add("--seed", type=int, default=random.randrange(10**6), help="of the order of the runs (default: a random one)")
    add("--lanes", nargs="+", metavar="PLAYBOOK", help="only these playbooks, and the empty one")
    add("--publish", action="store_true", help="measure nothing, copy the last table and plot to docs/")
    options = parser.parse_args()
    for name in ("sizes", "declared", "changes"):
        setattr(options, name, sorted(set(getattr(options, name))))
    return options


def publish() -> None:
    """Copy the last results to docs/, if they are those of a full run."""
    known = json.loads(RESULTS.read_text(encoding="utf-8"))
    wanted = {"sizes": SIZES, "declared": DECLARED, "changes": CHANGES}
    if known["repetitions"] < REPETITIONS or any(known[name] != sizes for name, sizes in wanted.items()):
        sys.exit(f"only results of {wanted} with {REPETITIONS} repetitions or more are published")
    if missing := {lane.name for lane in LANES} - {run["lane"] for run in known["runs"]}:
        sys.exit(f"not published, as these were not measured: {', '.join(sorted(missing))}")
    docs = ROOT / "docs"
    docs.mkdir(exist_ok=True)
    text = TABLE.read_text(encoding="utf-8").replace(PLOT.name, "benchmark.svg")
    (docs / "benchmark.md").write_text(text, encoding="utf-8")
    shutil.copyfile(PLOT, docs / "benchmark.svg")


def chosen(playbooks: list[str] | None) -> list[Lane]:
    """The lanes that were asked for, without those that the collection does not have."""
    lanes = [lane for lane in LANES if not playbooks or lane.playbook in ("", "empty", *playbooks)]
    for lane in lanes:
        if lane.needs and not (ROOT / lane.needs).is_file():
            print(f"missing: {lane.name}, as there is no {lane.needs}", file=sys.stderr)
    return [lane for lane in lanes if not lane.needs or (ROOT / lane.needs).is_file()]


def sizes_of(lane: Lane, options: argparse.Namespace) -> list[int]:
    sizes = {LOOPS_GROUP: options.sizes, DECLARED_GROUP: options.declared, CHANGES_GROUP: options.changes}
    return sizes[lane.group]


def jobs(lanes: list[Lane], options: argparse.Namespace) -> Iterator[tuple[Lane, int]]:
    """Repetition after repetition, each in another order, so that what else the machine does hits all lanes alike."""
    order = random.Random(options.seed)
    for repetition in range(options.repetitions):
        batch = [
            (lane, size)
            for lane in lanes
            for size in sizes_of(lane, options)
            if repetition == 0 or size <= options.slow_up_to or not lane.slow
            for _run in range(FAST_RUNS if lane.group == LOOPS_GROUP and not lane.slow else 1)
        ]
        order.shuffle(batch)
        yield from batch


def run_all(lanes: list[Lane], options: argparse.Namespace) -> list[Run]:
    runs: list[Run] = []
    plan = list(jobs(lanes, options))
    with Servers(options.sizes, options.declared) as servers:
        for lane in lanes:
            warm_up(lane, sizes_of(lane, options)[0], servers)
        for number, (lane, size) in enumerate(plan, start=1):
            run = measure(lane, size, servers)
            runs.append(run)
            print(f"{number}/{len(plan)}  {lane.name}, {size}: {run.seconds:.2f} s", file=sys.stderr, flush=True)
    return runs


def main() -> int:
    options = parse_arguments()
    if options.publish:
        publish()
        return 0
    temporary = OUT / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # For this process and all that it starts: nothing is written outside of .dev/.
    os.environ.update(TMPDIR=str(temporary), MPLCONFIGDIR=str(DEV / "cache/matplotlib"), NO_PROXY="127.0.0.1")
    print(f"seed {options.seed}", file=sys.stderr)
    runs = run_all(chosen(options.lanes), options)
    figures = Figures(runs, options.sizes, options.declared, options.changes, options.repetitions)
    verdicts = judge(figures)
    facts = {"date": date.today().isoformat(), **table.versions(), "seed": str(options.seed)}
    results = {
        "facts": facts,
        "sizes": options.sizes,
        "declared": options.declared,
        "changes": options.changes,
        "repetitions": options.repetitions,
        "targets": {verdict.target.name: verdict.value for verdict in verdicts},
        "runs": [vars(run) for run in runs],
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = table.document(figures, verdicts, facts)
    TABLE.write_text(text, encoding="utf-8")
    subprocess.run([sys.executable, str(Path(__file__).with_name("plot.py")), str(RESULTS), str(PLOT)], check=True)
    print(text)
    return 0 if all(verdict.met for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
