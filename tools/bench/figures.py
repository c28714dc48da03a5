# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the runs amount to: medians, seconds for one item, slopes, ratios. Without a measurement it is a LookupError."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from tools.bench.lanes import CHANGES_GROUP, DECLARED_GROUP, EMPTY, EMPTY_CHANGES, EMPTY_DECLARED, FLOOR, GROUPS
from tools.bench.measure import Run


@dataclass(frozen=True)
class Figures:
    runs: list[Run]
    # The numbers of items of the loops, of the resources that are declared, and of the changes.
    sizes: list[int]
    declared: list[int]
    changes: list[int]
    repetitions: int

    def of(self, lane: str, size: int) -> list[Run]:
        found = [run for run in self.runs if (run.lane, run.size) == (lane, size)]
        if not found:
            raise LookupError(f"{lane} was not measured with {size}")
        return found

    def count(self, lane: str, size: int) -> int:
        return sum((run.lane, run.size) == (lane, size) for run in self.runs)

    def seconds(self, lane: str, size: int) -> float:
        return median(run.seconds for run in self.of(lane, size))

    def above(self, lane: str, size: int) -> float:
        """Seconds above an empty play with the same inventory. The floor is no play."""
        if lane.startswith(FLOOR):
            return self.seconds(lane, size)
        empty = {DECLARED_GROUP: EMPTY_DECLARED, CHANGES_GROUP: EMPTY_CHANGES}.get(GROUPS.get(lane, ""), EMPTY)
        return self.seconds(lane, size) - self.seconds(empty, size)

    def item(self, lane: str, size: int) -> float:
        return self.above(lane, size) / size

    def slope(self, lane: str, step: int) -> float:
        """Seconds for each further item between two neighbouring sizes; of whole runs, as the empty play cancels."""
        if step + 1 >= len(self.sizes):
            raise LookupError("a slope needs more sizes")
        low, high = self.sizes[step], self.sizes[step + 1]
        return (self.seconds(lane, high) - self.seconds(lane, low)) / (high - low)

    def bend(self, lane: str) -> float:
        """By what part the last slope differs from the one before it; 0 is a straight line."""
        if len(self.sizes) < 3:
            raise LookupError("a bend needs three sizes")
        last = len(self.sizes) - 2
        return abs(self.slope(lane, last) / self.slope(lane, last - 1) - 1)

    def common(self, lane: str, other: str) -> int:
        """The largest size that both lanes went through in every repetition."""
        both = [size for size in self.sizes if min(self.count(lane, size), self.count(other, size))]
        if not both:
            raise LookupError(f"{lane} and {other} were not measured with the same N")
        return max([size for size in both if self._full(lane, size) and self._full(other, size)] or both)

    def ratio(self, lane: str, other: str) -> float:
        """How many items of the other one take as long as one of this lane."""
        size = self.common(lane, other)
        return self.item(lane, size) / self.item(other, size)

    def calls(self, lane: str, size: int) -> int:
        return max(sum(run.asked.values()) for run in self.of(lane, size))

    def lists(self, lane: str, size: int) -> int:
        return max(
            sum(count for rpc, count in run.asked.items() if rpc.startswith("List")) for run in self.of(lane, size)
        )

    def peak(self, lane: str, size: int) -> float:
        return max(run.peak_mib for run in self.of(lane, size))

    def spread(self) -> tuple[float, str, int]:
        """How far apart runs of the same lane and size were at most, as a part of their median, and which ones."""
        kinds = {(run.lane, run.size) for run in self.runs}
        return max((self._spread(lane, size), lane, size) for lane, size in kinds)

    def _spread(self, lane: str, size: int) -> float:
        seconds = [run.seconds for run in self.of(lane, size)]
        return (max(seconds) - min(seconds)) / median(seconds)

    def _full(self, lane: str, size: int) -> bool:
        return self.count(lane, size) >= self.repetitions
