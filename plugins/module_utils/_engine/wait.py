# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Waiting until a resource is ready, and the history of the phases that it went through."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._errors import ApiError, printable
from .resource import Progress, Resource, Seen, State, Wait

Notify = Callable[[str], None]


class Phases:
    """The phases of one resource, each with its last progress and the seconds after which it was first seen.

    notify: gets a line for each phase and progress that is new.
    """

    notify: Notify | None = None

    def __init__(self, goal: str) -> None:
        self.seen: list[dict[str, Any]] = []
        self._goal = goal

    def record(self, progress: Progress, seconds: float) -> None:
        last = self.seen[-1] if self.seen else {}
        if last.get("phase") != progress.phase:
            self.seen.append({"phase": progress.phase, "progress": progress.percent, "seconds": round(seconds, 1)})
        elif last["progress"] != progress.percent:
            last["progress"] = progress.percent
        else:
            return
        if self.notify:
            self.notify(printable(f"{self._goal}: {progress.phase} {progress.percent}".rstrip()))


def until_ready(
    resource: Resource[State], wait: Wait, seen: Seen[State], look: Callable[[Seen[State]], Seen[State]], phases: Phases
) -> Seen[State]:
    """Look again and again until nothing is pending. Raises `deadline_exceeded` when the time is over."""
    begins = time.monotonic()
    while True:
        if seen.state is not None:
            phases.record(resource.progress(seen.state), time.monotonic() - begins)
        if (pending := resource.pending(seen)) is None:
            return seen
        left = begins + wait.timeout - time.monotonic()
        if left <= 0:
            raise ApiError(
                "deadline_exceeded",
                f"{pending} after waiting {wait.timeout:g} s",
                advice="Fix what the condition reports, or raise 'wait_timeout'.",
            )
        time.sleep(min(wait.sleep, left))
        seen = look(seen)
