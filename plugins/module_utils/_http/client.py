# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the clients of all systems have in common: their tokens, and what they may send again, and when."""

from __future__ import annotations

import random
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .._errors import ApiError, Reason
from .exchange import exchange, open_session, verification
from .secrets import Secrets
from .text import scrub

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

USER_AGENT = "otterscale.core"
MAX_BACKOFF_SECONDS = 8.0


class Answer(NamedTuple):
    """One decoded answer: the message as JSON object, and what headers or trailers say beside it."""

    message: dict[str, Any]
    metadata: dict[str, str]


class Tokens(ABC):
    """Fetches a token when the first is needed, and another when that is refused. Threads share it.

    secrets: what tokens are fetched with, and all tokens so far.
    """

    def __init__(self, *secrets: str) -> None:
        self.secrets = Secrets(*secrets)
        self._lock = threading.Lock()
        self._token: str | None = None

    def token(self, refused: str | None = None) -> str:
        """The present token, a new one in place of `refused`. Raises an ApiError that was not sent."""
        with self._lock:
            if self._token is None or self._token == refused:
                try:
                    self._token = self._fetch()
                except ApiError as error:
                    error.sent = False  # the call that the token is for was not
                    error.final = error.final or not error.meaning.read_again
                    raise
                self.secrets.add(self._token)
            return self._token

    @abstractmethod
    def _fetch(self) -> str:
        """A new token. Raises ApiError."""


class HttpClient(ABC):
    """Calls one API. Safe to share between threads; keeps its connections open until close().

    base_url: http(s) URL, a path prefix is kept. token: a token, or where to get one.
    secrets: what must not be shown of what servers answer.
    timeout: seconds for one call. retries: extra tries of a call that is safe to repeat. backoff: seconds before the
    first of them, at most.
    """

    advice: Mapping[Reason | str, str]  # what to do after a failure, by its reason or code
    fresh_token_refused: str  # what to do where even a fresh token is refused

    def __init__(
        self,
        base_url: str,
        *,
        token: str | Tokens | None = None,
        validate_certs: bool = True,
        ca_path: str | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        backoff: float = 0.5,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self.secrets = token.secrets if isinstance(token, Tokens) else Secrets(token or "")
        self._timeout = timeout
        self._retries = retries
        self._backoff = backoff
        self._session = open_session()
        # Given with every call, since requests prefers REQUESTS_CA_BUNDLE to the session's own setting.
        self._verify: bool | str | None = verification(validate_certs, ca_path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r})"

    def close(self) -> None:
        self._session.close()

    @abstractmethod
    def _attempt(self, procedure: str, request: Mapping[str, Any], token: str | None) -> Answer:
        """Send the call once. Raises ApiError."""

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call that changes nothing; repeat it with backoff where its failure may pass."""
        return self._repeat(procedure, request, lambda error: error.meaning.read_again)

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call that changes something; repeat it only if it provably did not reach the server."""
        return self._repeat(procedure, request, lambda error: not error.sent)

    def pause(self, tries: int, error: ApiError) -> float:
        """Seconds to wait before try number `tries` + 1: exponential with full jitter, at least Retry-After."""
        ceiling = min(MAX_BACKOFF_SECONDS, self._backoff * 2.0 ** min(tries, 30))
        return max(random.uniform(0, ceiling), error.retry_after or 0.0)

    def _repeat(
        self, procedure: str, request: Mapping[str, Any], may_repeat: Callable[[ApiError], bool]
    ) -> dict[str, Any]:
        ends = time.monotonic() + self._timeout * (self._retries + 1)
        tries = 0
        while True:
            try:
                return self.call(procedure, request).message
            except ApiError as error:
                pause = self.pause(tries, error)
                if error.final or not may_repeat(error) or tries >= self._retries or time.monotonic() + pause > ends:
                    raise
            time.sleep(pause)
            tries += 1

    def call(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        """Make a call once and return its answer, or raise ApiError. A token that was fetched is renewed once."""
        if not isinstance(self._token, Tokens):
            return self._attempt(procedure, request, self._token)
        token = self._token.token()
        try:
            return self._attempt(procedure, request, token)
        except ApiError as error:
            if error.code != "unauthenticated":
                raise
        # It has expired, and the server did nothing but look at it: even a write may be sent again.
        try:
            return self._attempt(procedure, request, self._token.token(refused=token))
        except ApiError as error:
            if error.code == "unauthenticated" and error.sent:
                error.advice = self.fresh_token_refused
            raise

    def _exchange(
        self,
        rpc: str,
        url: str,
        decode: Callable[[requests.Response, bytes], T],
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        method: str | None = None,
    ) -> T:
        """One exchange, whose failure names the call, advises, and shows no secret."""
        try:
            return exchange(
                self._session,
                url,
                decode,
                peer=self._base_url,
                seconds=self._timeout,
                verify=self._verify,
                headers={"Accept-Encoding": "gzip", "User-Agent": USER_AGENT, **headers},
                body=body,
                method=method,
            )
        except ApiError as error:
            error.rpc = rpc
            error.advise(self.advice)
            scrub(error, *self.secrets)
            raise


def redirection(response: requests.Response) -> str:
    """What an answer says that sends the client elsewhere, "" for any other."""
    if not 300 <= response.status_code < 400:
        return ""
    target = response.headers.get("Location", "(no Location)").strip()
    return f"HTTP {response.status_code} redirects to {target}; redirects are not followed"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, which a server names as such or as a date by its own clock."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", asked):
        return float(asked)
    until = _date(asked)
    if until is None:
        return None
    now = _date(headers.get("Date", "")) or datetime.now(timezone.utc)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
