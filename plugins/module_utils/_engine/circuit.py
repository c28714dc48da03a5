# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A server that went away costs a task the retries of one call, not those of a call for each resource."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from .._errors import ApiError, Reason

T = TypeVar("T")

PROBE_SECONDS = 10.0  # after which one call is tried again, in case that the server is back


class Circuit:
    """Open once a call with all its retries could not connect; any answer closes it. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: ApiError | None = None
        self._probe_at = 0.0
        self._not_tried = 0

    def call(self, rpc: str, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises an ApiError that was not sent where it makes no sense to try."""
        self.check(rpc, may_probe=True)
        try:
            result = work()
        except ApiError as error:
            self._note(error)
            raise
        self._error = None
        return result

    def check(self, rpc: str, *, may_probe: bool = False) -> None:
        """Raises an ApiError if it is open, unless this call is the one that tries again."""
        with self._lock:
            error = self._error
            if error is None:
                return
            now = time.monotonic()
            if may_probe and now >= self._probe_at:
                self._probe_at = now + PROBE_SECONDS
                return
            self._not_tried += 1
            what = f"not tried, since the call before it failed: {error.message} ({self._not_tried} not tried so far)"
        raise ApiError("unavailable", what, rpc=rpc, reason=Reason.NOT_TRIED, advice=error.advice)

    def _note(self, error: ApiError) -> None:
        with self._lock:
            if error.sent:
                self._error = None
            elif error.reason is not None:  # without one it is this host that cannot begin a call
                self._error, self._probe_at = error, time.monotonic() + PROBE_SECONDS
