# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Reads that several resources share: the items of a loop, or a whole declaration, ask for the same lists."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._errors import ApiError
from .index import Message
from .reconcile import Caller

KEEP_SECONDS = 10.0


class NothingKept(Exception):
    """Nothing that is recent enough has been read, and nothing new may be."""


class Answer(NamedTuple):
    """What a read brought, or why it brought nothing. began: when it was asked for. seen_by: resources, by name."""

    began: float
    message: Message
    error: ApiError | None
    seen_by: set[str]


class SharedReads:
    """The client of several resources, and the last answer to each of their reads. Safe to share between threads.

    No resource is shown an answer twice: whoever asks again wants to know what is new. So what a resource has written
    itself is never hidden from it, and it changes nothing for the others.
    """

    def __init__(self, client: Caller) -> None:
        self.client = client
        self._kept: dict[str, Answer] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    # For one resource, which has a name for this purpose alone

    def kept(self, name: str) -> Reader:
        """Of what was read in the last KEEP_SECONDS; a read of anything else raises NothingKept."""
        now = time.monotonic()
        return Reader(self, name, now - KEEP_SECONDS, now, only_kept=True)

    def recent(self, name: str) -> Reader:
        """Of what was read in the last KEEP_SECONDS, or anew."""
        now = time.monotonic()
        return Reader(self, name, now - KEEP_SECONDS, now)

    def fresh(self, name: str, since: float | None = None) -> Reader:
        """Of what is read from now on, or was since then."""
        begins = time.monotonic() if since is None else since
        return Reader(self, name, begins, begins)

    # For the readers

    def read(self, procedure: str, request: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
        """An answer that will do for the reader. Raises an ApiError; all who wait for a read get its."""
        key = procedure + json.dumps(request, sort_keys=True)
        with self._locks[key]:  # who comes while it is being read waits for that answer
            answer = self._kept.get(key)
            if answer is None or reader.name in answer.seen_by or not reader.accepts(answer):
                if reader.only_kept:
                    raise NothingKept
                answer = self._kept[key] = self._read(procedure, request)
            answer.seen_by.add(reader.name)
        if answer.error:
            raise copy.copy(answer.error)
        return answer.message

    def _read(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        began = time.monotonic()
        try:
            return Answer(began, Message(self.client.read(procedure, request)), None, set())
        except ApiError as error:
            return Answer(began, Message({}), error, set())

    def forget(self) -> None:
        """Something went otherwise than the answers had let expect."""
        self._kept.clear()


@dataclass
class Reader:
    """The Caller that one resource is given.

    since: when answers begin to be new enough. asked: when failures do, which none but those who waited share.
    """

    reads: SharedReads
    name: str
    since: float
    asked: float
    only_kept: bool = False

    def accepts(self, answer: Answer) -> bool:
        return answer.began >= (self.asked if answer.error else self.since)

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.reads.read(procedure, request, self)

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.reads.client.write(procedure, request)
        except ApiError:
            self.reads.forget()
            raise
        finally:
            self.since = self.asked = time.monotonic()

    def pause(self, tries: int, error: ApiError) -> float:
        return self.reads.client.pause(tries, error)
