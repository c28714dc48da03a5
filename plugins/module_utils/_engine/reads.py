# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Reads that several resources share: the items of a loop, or a whole declaration, ask for the same lists."""

from __future__ import annotations

import copy
import json
import math
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from .._errors import ApiError, OtherApi
from .circuit import Circuit
from .index import SharedAnswer
from .reconcile import Age, Caller, Planned, plan
from .resource import Resource

KEEP_SECONDS = 10.0  # for what is as declared
FEW = 3  # of one type and namespace: more than that are read together
YOUNG_SECONDS, YOUNG_FACTOR = 2.0, 4.0  # for what a write carries over: so long, or so many times what the reading took


class NothingKept(Exception):
    """Nothing that is recent enough has been read, and nothing new may be."""


class Answer(NamedTuple):
    """What a read brought, or why it brought nothing. began: when it was asked for. seen_by: resources, by name.

    young_until: how long a write may carry over what it shows. A list that takes long is not read for each write.
    """

    began: float
    young_until: float
    message: SharedAnswer
    error: ApiError | None
    seen_by: set[str]


class SharedReads:
    """The client of several resources, and the last answer to each of their reads. Safe to share between threads.

    No resource is shown an answer twice: whoever asks again wants to know what is new. So what a resource has written
    itself is never hidden from it, and it changes nothing for the others.

    forgotten: since when answers are believed again.
    """

    def __init__(self, client: Caller) -> None:
        self.client = client
        self.circuit = Circuit()
        self.forgotten = -math.inf
        self._kept: dict[str, Answer] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._expected: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)

    # For all

    def expect(self, resource_type: type[Resource[Any]], namespace: str | None, name: str) -> None:
        """That resource will be read."""
        self._expected[resource_type.kind, namespace].add(name)

    def together(self, resource: Resource[Any]) -> Resource[Any]:
        """The same, to be read with the others of its type and namespace if there are many."""
        self.expect(type(resource), resource.namespace, resource.name)
        many = len(self._expected[resource.kind, resource.namespace]) > FEW
        return resource.among_many() if many else resource

    # For one resource, which has a name for this purpose alone

    def kept(self, name: str) -> Reader:
        """Of what was read, however long ago. Until it has written, a read of anything else raises NothingKept."""
        return Reader(self, name, self.forgotten, time.monotonic(), only_kept=True)

    def young(self, name: str) -> Reader:
        """Of what a write may carry over, or anew."""
        return Reader(self, name, self.forgotten, time.monotonic(), only_young=True)

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
            if answer is None or not reader.accepts(answer):
                if reader.only_kept:
                    raise NothingKept
                answer = self._kept[key] = self._read(procedure, request)
            elif answer.error:
                self.circuit.check(procedure.rpartition("/")[2])
            answer.seen_by.add(reader.name)
        if isinstance(answer.error, OtherApi):  # the next read is the one that tells something
            raise copy.copy(answer.error)
        reader.oldest = min(reader.oldest, answer.began)
        reader.young_until = min(reader.young_until, answer.young_until)
        if answer.error:
            raise copy.copy(answer.error)
        return answer.message

    def _read(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        began = time.monotonic()
        try:
            read = partial(self.client.read, procedure, request)
            message = SharedAnswer(self.circuit.call(procedure.rpartition("/")[2], read))
        except ApiError as error:
            return Answer(began, began, SharedAnswer({}), error, set())
        took = time.monotonic() - began
        return Answer(began, began + max(YOUNG_SECONDS, YOUNG_FACTOR * took), message, None, set())

    def forget(self, before: float) -> None:
        """Something went otherwise than the answers before that time had let expect."""
        self.forgotten = max(self.forgotten, before)


@dataclass
class Reader:
    """The Caller that one resource is given.

    since: when answers begin to be new enough. asked: when failures do, which none but those who waited share.
    oldest: when the first of its answers was asked for. young_until: of the one for which that ends first.
    """

    reads: SharedReads
    name: str
    since: float
    asked: float
    only_kept: bool = False
    only_young: bool = False
    oldest: float = math.inf
    young_until: float = math.inf

    def accepts(self, answer: Answer) -> bool:
        if isinstance(answer.error, OtherApi):
            return True  # that does not change
        if self.name in answer.seen_by:
            return False
        if self.only_young and time.monotonic() > answer.young_until:
            return False
        return answer.began >= (self.asked if answer.error else self.since)

    def will_do(self, age: Age) -> bool:
        """Whether what it has read may still be believed for what was planned from it."""
        now = time.monotonic()
        if age is Age.NEW or self.oldest < self.reads.forgotten:
            return False
        if age is Age.YOUNG:
            return now <= self.young_until
        return age is Age.ANY or now - self.oldest <= KEEP_SECONDS

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.reads.read(procedure, request, self)

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        sent = True
        try:
            write = partial(self.reads.client.write, procedure, request)
            return self.reads.circuit.call(procedure.rpartition("/")[2], write)
        except ApiError as error:
            sent = error.sent
            if sent:
                self.reads.forget(time.monotonic())
            raise
        finally:
            if sent:
                self.since = self.asked = time.monotonic()
            self.only_kept = self.only_young = False

    def distrust(self) -> None:
        """What it wrote last ended otherwise than planned: nobody is to plan by what was read before that."""
        self.reads.forget(self.since)

    def pause(self, tries: int, error: ApiError) -> float:
        return self.reads.client.pause(tries, error)


Planning = tuple[Planned[Any], Reader]


def plan_from(resource: Resource[Any], reader: Reader) -> Planning:
    return plan(resource, reader), reader


def plan_from_kept(resource: Resource[Any], reads: SharedReads, name: str) -> Planning | None:
    """What is missing by what was read before, if that will still do for it."""
    with suppress(NothingKept):
        planned, reader = plan_from(resource, reads.kept(name))
        just_failed = planned.error is not None and planned.error.rpc is not None  # a call, and that is no old news
        if just_failed or reader.will_do(planned.age):
            return planned, reader
    return None
