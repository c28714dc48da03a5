# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Plain REST APIs beside Connect: what serving one takes, whatever the API is about.

An API is a subclass of Api: its routes, each with a method that answers it, its authentication and the form of its
errors. It keeps its data in the state that model.API_STATES names for it. Journal and faults know a route by the name
of its call, its RPC: ListServices. Those that begin with List or Get are reads.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl

from .world import World

# The HTTP status of each code, in Connect's spelling, as REST APIs have them.
STATUS = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
HIDDEN = "(hidden)"


class RestError(Exception):
    """A refusal; `code` is the canonical one, and decides about the status if that is not given."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS[code]


@dataclass
class Request:
    """place: the named groups of the route's pattern. headers: in lower case. body: decoded, {} for none."""

    place: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "ok"


class Route(NamedTuple):
    """handler: a method of the Api. public: needs no authentication."""

    method: str
    pattern: str
    rpc: str
    handler: Callable[[Any, Request], Answer]
    public: bool = False


class Api(ABC):
    prefixes: ClassVar[tuple[str, ...]]  # of the paths that are this API's
    routes: ClassVar[tuple[Route, ...]]
    # What the journal must not show: headers, and members of bodies.
    secret_headers: ClassVar[tuple[str, ...]] = ("authorization", "cookie")
    secret_members: ClassVar[tuple[str, ...]] = ()

    def __init__(self, world: World, token: str) -> None:
        """token: the one of the whole server, which every API takes."""
        self.world = world
        self.token = token

    @abstractmethod
    def authorize(self, request: Request) -> None:
        """Raises a RestError for a request without a token that is good for it."""

    @abstractmethod
    def error(self, error: RestError) -> Any:
        """The body of a refusal, as this API writes it."""

    def route(self, method: str, path: str) -> tuple[Route | None, Mapping[str, str]]:
        for route in self.routes:
            match = re.fullmatch(route.pattern, path)
            if match and route.method == method:
                return route, match.groupdict()
        return None, {}

    def request(self, scope: Any, place: Mapping[str, str], body: bytes) -> Request:
        """Raises a RestError for a body that is no JSON."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        try:
            return Request(place, query, headers, json.loads(body) if body else {})
        except ValueError:
            raise RestError("invalid_argument", "the request body is no JSON") from None

    def shown_request(self, request: Request) -> Any:
        """For the journal: the body, or the query where there is none."""
        return hide(request.body or dict(request.query), self.secret_members)

    def failed(self, error: RestError) -> Answer:
        return Answer(self.error(error), error.status, code=error.code)


def hide(value: Any, members: tuple[str, ...]) -> Any:
    """A JSON value without what these members hold."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if key in members and isinstance(item, str) else hide(item, members)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [hide(item, members) for item in value]
    return value
