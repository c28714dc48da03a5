# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Readings that several resources share: the items of a loop, or a whole declaration, ask for the same lists."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .._errors import OtterScaleError
from .._otterscale.connect import Client

KEEP_SECONDS = 10.0


class Reading(NamedTuple):
    """One answer, or why there is none, with when it began and who has been told of it.

    It is as old as its beginning: what changed while it was under way may be missing in it.
    """

    began: float
    answer: dict[str, Any]
    error: OtterScaleError | None
    told: set[str]


class Readings:
    """The client of several resources, and the last answer to each of their reads. Safe to share between threads.

    No resource is told of a reading twice: whoever asks again wants to know what is new. So what a resource has
    written itself is never hidden from it, and it changes nothing for the others.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._kept: dict[str, Reading] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def read(self, procedure: str, request: Mapping[str, Any], view: View) -> dict[str, Any]:
        """An answer that is new enough for the view. Raises an OtterScaleError; all who wait for a reading get its."""
        key = procedure + json.dumps(request, sort_keys=True)
        with self._locks[key]:  # who comes while it is being read waits for that answer
            reading = self._kept.get(key)
            if reading is None or view.resource in reading.told or not view.may_use(reading):
                if view.only_kept:
                    raise OtterScaleError("client", "nothing that is recent has been read")
                reading = self._kept[key] = self._read(procedure, request)
            reading.told.add(view.resource)
        if reading.error:
            raise copy.copy(reading.error)
        return reading.answer

    def _read(self, procedure: str, request: Mapping[str, Any]) -> Reading:
        began = time.monotonic()
        answer, failure = {}, None
        try:
            answer = self.client.read(procedure, request)
        except OtterScaleError as error:
            failure = error
        return Reading(began, answer, failure, told=set())

    def forget(self) -> None:
        """Something went otherwise than the readings had let expect."""
        self._kept.clear()


@dataclass
class View:
    """The client of one resource, which has a name for this purpose alone.

    since: when readings begin to be new. recent: whether one that began in the last KEEP_SECONDS will do.
    only_kept: no new one.
    """

    readings: Readings
    resource: str
    since: float = field(default_factory=time.monotonic)
    recent: bool = False
    only_kept: bool = False

    def may_use(self, reading: Reading) -> bool:
        recent = self.recent and not reading.error and reading.began >= time.monotonic() - KEEP_SECONDS
        return recent or reading.began >= self.since

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.readings.read(procedure, request, self)

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.readings.client.write(procedure, request)
        except OtterScaleError:
            self.readings.forget()
            raise
        finally:
            self.since = time.monotonic()

    def pause(self, tries: int, error: OtterScaleError) -> float:
        return self.readings.client.pause(tries, error)
