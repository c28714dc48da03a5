# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Reports that have not been delivered yet: a folder of files, one a report, and one process at a time that sends them.

A report is put down before it is sent, and taken away when it has arrived. Its time is taken while no other process
looks at the folder, so that the files appear in the order of their times; they are sent in that order, and none is sent
before an older one is settled. So no report of an instance ever follows a newer one. The locks are the kernel's: they
end with their process, however it ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._errors import ApiError
from .files import write_atomically
from .report import now
from .sinks import Sink

MAX_REPORTS = 100
MAX_AGE = timedelta(days=7)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)\.([0-9a-f]{16})\.json")
# Statuses that say nothing against the report itself; any other 4xx does.
_TRY_LATER = (401, 403, 407, 408, 409, 425, 429, 499)

ReportAt = Callable[[str], "dict[str, Any]"]  # from its time to the report


class Spool:
    """The reports for one sink among those of the folder. Files of other names, or that are no reports, are left alone.

    Raises an OSError where the folder cannot be used.
    """

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.folder = folder
        self._sink = sink
        self._key = hashlib.sha256(sink.key.encode()).hexdigest()[:16]

    def deliver(self, report_at: ReportAt, ends: float) -> list[str]:
        """Keep a report and send all that is kept, until `ends`. Returns what the user should know."""
        self._open()
        with self._looking():
            told = self._put(report_at)
            sending = self._try_lock(".sending")
        # Another process that is sending sends this report too.
        return told if sending is None else told + self._send(sending, ends)

    def holds_reports(self) -> bool:
        return any(True for _report in self._reports(self._key))

    def _open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_mode & stat.S_IWOTH:  # or what anybody puts there would be sent with our token
            raise PermissionError(None, "everybody may write to it")

    def _put(self, report_at: ReportAt) -> list[str]:
        while True:
            report_time = now()
            name = f"{datetime.fromisoformat(report_time[:-1]).strftime(_STAMP)}.{self._key}.json"
            if not (self.folder / name).exists():
                break
        write_atomically(self.folder / name, json.dumps(report_at(report_time)) + "\n")
        return self._tidy()

    def _tidy(self) -> list[str]:
        """Remove what is too old or too much, the oldest first."""
        oldest = (datetime.now(timezone.utc) - MAX_AGE).strftime(_STAMP)
        reports = [path for path, _report in self._reports()]
        keep = [path for path in reports if path.name >= oldest][-MAX_REPORTS:]
        gone = [path for path in reports if path not in keep]
        for path in gone:
            path.unlink(missing_ok=True)
        if not gone:
            return []
        holds = f"which holds at most {MAX_REPORTS} reports, and none older than {MAX_AGE.days} days"
        return [f"Removed unsent from {self.folder}, {holds}: {len(gone)}."]

    def _reports(self, key: str = "") -> Iterator[tuple[Path, dict[str, Any]]]:
        """The reports of a sink, or of all, the oldest first."""
        for path in sorted(self.folder.glob(f"*.{key or '*'}.json")):
            try:
                report = json.loads(path.read_bytes()) if _NAME.fullmatch(path.name) else None
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(report, dict):
                yield path, report

    def _send(self, sending: int, ends: float) -> list[str]:
        """Send the oldest report again and again, until there is none. sending: the lock that allows it."""
        told: list[str] = []
        try:
            while time.monotonic() < ends:
                with self._looking():
                    path, report = next(self._reports(self._key), (None, {}))
                    if path is None:
                        os.close(sending)  # before anybody can put down a report that nobody would send
                        sending = -1
                        return told
                try:
                    self._sink.send(report)
                except ApiError as error:
                    if not is_refusal(error):
                        return [*told, self._waiting(error)]
                    told.append(f"{self._sink.name} refused a report, which is dropped: {said(error)}")
                path.unlink(missing_ok=True)
            return [*told, self._waiting(None)]
        finally:
            if sending >= 0:
                os.close(sending)

    def _waiting(self, error: ApiError | None) -> str:
        count = sum(1 for _report in self._reports(self._key))
        why = f"{self._sink.name} takes no reports at present: {said(error)}" if error else "The time was over."
        return f"{why} Reports that wait in {self.folder} for the next run: {count}."

    # Locks

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Nobody else adds or looks for reports meanwhile."""
        lock = os.open(self.folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _try_lock(self, name: str) -> int | None:
        lock = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return lock


def is_refusal(error: ApiError) -> bool:
    """Whether the sink will never take this report. (Without `sent` it is a token that could not be had.)"""
    status = error.http_status or 0
    return error.sent and 400 <= status < 500 and status not in _TRY_LATER


def said(error: ApiError) -> str:
    status = f", HTTP {error.http_status}" if error.http_status else ""
    return f"{error.message.rstrip('.')} [{error.code}{status}]."
