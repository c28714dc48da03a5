# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a task reports about one resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import ApiError, printable


@dataclass
class Outcome:
    """Unchanged, changed, or failed (error is set) with what is known to have happened.

    kind: the key of the resource in results. operations: the writes that took effect. declared: what the task named.
    """

    kind: str
    changed: bool = False
    resource: dict[str, Any] | None = None
    operations: list[dict[str, str]] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    phases: list[dict[str, Any]] | None = None
    error: ApiError | None = None
    msg: str = ""
    declared: dict[str, Any] | None = None

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        """The result of the task, without `failed`."""
        result: dict[str, Any] = {"changed": self.changed, self.kind: self.resource, "operations": self.operations}
        if self.declared is not None:
            result["declared"] = self.declared
        if self.phases is not None:
            result["phases"] = self.phases
        if self.error:
            return {**result, "msg": self.msg, "error": self.error.as_dict()}
        return {**result, "diff": {"before": self.before, "after": self.after}} if with_diff else result


def failure_message(subject: str, error: ApiError, history: Sequence[str] = ()) -> str:
    """What was wanted, what happened, and what to do, as sentences. history: what happened before the failure."""
    status = f", HTTP {error.http_status}" if error.http_status else ""
    call = f"{error.rpc} failed [{error.code}{status}]: " if error.rpc else ""
    return printable(" ".join([f"{subject}: {call}{error.message.rstrip(' .')}.", *history, error.advice]))
