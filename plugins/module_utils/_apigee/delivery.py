# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The end of a play: its report is kept, sent, and whatever goes wrong is told in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._errors import ApiError
from .._http.exchange import within
from .report import Outcome, body_of, now, resources_of
from .sinks import Sink, open_sink
from .spool import ReportAt, Spool, said


class Delivery:
    """What the options of the callback ask for. Opened for the first report, and used for all of a run."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._sink: Sink | None = None

    def report(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Report what became of the resources of a play, in `timeout` seconds at most.

        Returns sentences about what went wrong; raises nothing that a sink or a folder could cause.
        """

        def report_at(time: str) -> dict[str, Any]:
            return body_of(resources_of(outcomes), time, self._options["instance_uid"])

        try:
            if self._sink is None:
                self._sink = open_sink(self._options)
            return [*self._sink.warnings, *self._deliver(self._sink, report_at)]
        except ApiError as error:
            return [f"Nothing was reported: {error.message}. {error.advice}"]

    def _deliver(self, sink: Sink, report_at: ReportAt) -> list[str]:
        folder, seconds = self._options["spool"], self._options["timeout"]

        def work(ends: float) -> list[str]:
            if not folder:
                return send(sink, report_at)
            spool = Spool(Path(folder), sink)
            try:
                return spool.deliver(report_at, ends)
            except OSError as error:
                unusable = f"The spool {folder} cannot be used: {error.strerror}."
            if spool.holds_reports():
                return [unusable, "The report is lost, since older ones wait there."]
            return [unusable, *send(sink, report_at)]

        try:
            return within(seconds, work)
        except ApiError as error:
            where = f" What was not delivered waits in {folder}." if folder else ""
            return [f"{sink.name} was too slow: {said(error)}{where}"]


def send(sink: Sink, report_at: ReportAt) -> list[str]:
    """Send a report that cannot be kept."""
    try:
        sink.send(report_at(now()))
    except ApiError as error:
        return [f"{sink.name} did not take the report, which is lost: {said(error)}"]
    return []
