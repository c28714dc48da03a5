# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Draw the loops: seconds above an empty play against N, both logarithmic. `python plot.py results.json loops.svg`"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tools.bench.figures import Figures
from tools.bench.lanes import EMPTY, LANES, LOOPS_GROUP
from tools.bench.measure import Run

# The licence is that of this file.
COMMENT = """<!--
SPDX-License-Identifier: GPL-3.0-or-later
SPDX-FileCopyrightText: 2026 The otterscale.core authors
-->
"""


def draw(figures: Figures, file: Path) -> None:
    # Without these each drawing of the same figures would be another file.
    matplotlib.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(figsize=(9, 6))
    for number, lane in enumerate(lane for lane in LANES if lane.group == LOOPS_GROUP and lane.name != EMPTY):
        sizes = [size for size in figures.sizes if figures.count(lane.name, size)]
        # A loop of debug may take less than the noise.
        seconds = [max(figures.above(lane.name, size), 0.001) for size in sizes]
        if sizes:
            axes.plot(sizes, seconds, marker="osD^vP*Xph"[number], label=lane.name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(figures.sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:g}"))
    axes.set_xlabel("N, resources that are all as they should be")
    axes.set_ylabel("seconds above an empty play")
    axes.grid(visible=True, which="major", linewidth=0.4)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
    declaration, _newline, rest = file.read_text(encoding="utf-8").partition("\n")
    file.write_text(f"{declaration}\n{COMMENT}{rest}", encoding="utf-8")


def main() -> None:
    results, file = map(Path, sys.argv[1:])
    known = json.loads(results.read_text(encoding="utf-8"))
    runs = [Run(**run) for run in known["runs"]]
    draw(Figures(runs, known["sizes"], known["declared"], known["changes"], known["repetitions"]), file)


if __name__ == "__main__":
    main()
