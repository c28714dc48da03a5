# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A client for the Connect protocol: unary calls, JSON over HTTP/1.1, on top of requests.

Protocol: https://connectrpc.com/docs/protocol (unary requests and responses, error codes, HTTP-to-code mapping).
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._errors import (
    CODE_BY_HTTP_STATUS,
    CODES,
    ApiError,
    Reason,
)
from .._http.exchange import (
    excerpt,
    exchange,
    json_object,
    open_session,
    scrub,
)
from .._http.secrets import Secrets

if TYPE_CHECKING:
    import requests

COMPRESS_FROM_BYTES = 1024
MAX_BACKOFF_SECONDS = 8.0

_FRESH_TOKEN_REFUSED = (
    "The server refuses even a fresh token: check that it trusts this identity provider, and the audience that it "
    "gives to 'oidc_client_id'."
)


def advice_for(url_option: str) -> Mapping[Reason | str, str]:
    """What to do after a failure, by its reason or code. url_option: where the URL comes from that was called."""
    return {
        Reason.TOO_LARGE: f"Check '{url_option}': no sound answer of an OtterScale API is that large.",
        Reason.BAD_CA_BUNDLE: "Give a file of PEM certificates as 'ca_path' (or REQUESTS_CA_BUNDLE).",
        Reason.UNTRUSTED: (
            f"Give the CA bundle as 'ca_path' (or REQUESTS_CA_BUNDLE), or correct the host name in '{url_option}'."
        ),
        Reason.TLS_FAILED: (
            f"Check that '{url_option}' has the right scheme and port, and which TLS versions are spoken there."
        ),
        Reason.LOST: (
            f"Check the server and the proxies before it; if the port speaks TLS, '{url_option}' must begin with https."
        ),
        "deadline_exceeded": "The server did not answer in time; check its load or raise 'timeout'.",
        "not_found": "Check 'scope', 'namespace' and the names of what this task refers to.",
        "permission_denied": "The token is valid but lacks the permission; ask for access to this scope.",
        "unimplemented": (
            f"The feature is switched off on this server, or '{url_option}' (with its path prefix) is not an "
            "OtterScale API."
        ),
        "unavailable": f"Check '{url_option}', the network, proxies and that the server runs.",
        "unauthenticated": "Check 'api_token' (or OTTERSCALE_API_TOKEN): it is missing, wrong or expired.",
    }


ADVICE = advice_for("api_url")


class Answer(NamedTuple):
    """One decoded answer: the message as JSON object and the trailer-* headers, names without that prefix."""

    message: dict[str, Any]
    metadata: dict[str, str]


class Tokens(Protocol):
    """Bearer tokens that come from somewhere else when they are needed. Safe to share between threads.

    secrets: what they are got with, and all tokens so far.
    """

    secrets: Secrets

    def token(self, refused: str | None = None) -> str:
        """The present token, a new one in place of `refused`. Raises an ApiError that was not sent."""


class Client:
    """Calls RPCs of one server. Safe to share between threads; keeps its connections open until close().

    base_url: http(s) URL, a path prefix is kept. token: a bearer token, or where to get one.
    secrets: what must not be shown of what servers answer.
    timeout: seconds for one call, sent to the server and enforced here.
    retries: extra tries of a call that is safe to repeat. backoff: seconds before the first of them, at most.
    compress: gzip requests of COMPRESS_FROM_BYTES and more (off: not every server accepts it).
    """

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
        compress: bool = False,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self.secrets = Secrets(token or "") if token is None or isinstance(token, str) else token.secrets
        self._timeout = timeout
        self._retries = retries
        self._backoff = backoff
        self._compress = compress
        self._session = open_session()
        # Given with every call, since requests prefers REQUESTS_CA_BUNDLE to the session's own setting.
        self._verify: bool | str | None = (ca_path or None) if validate_certs else False

    def __repr__(self) -> str:
        return f"Client({self._base_url!r})"

    def close(self) -> None:
        self._session.close()

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes nothing; repeat it with backoff where its failure may pass."""
        return self._repeat(procedure, request, lambda error: error.meaning.read_again)

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes something; repeat it only if it provably did not reach the server."""
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
        """Call `procedure` ("package.Service/Rpc") once and return its answer, or raise ApiError."""
        body = json.dumps(request, separators=(",", ":")).encode()
        if self._token is None or isinstance(self._token, str):
            return self._attempt(procedure, body, self._token)
        token = self._token.token()
        try:
            return self._attempt(procedure, body, token)
        except ApiError as error:
            if error.code != "unauthenticated":
                raise
        # It has expired, and the server did nothing but look at it: even a write may be sent again.
        try:
            return self._attempt(procedure, body, self._token.token(refused=token))
        except ApiError as error:
            if error.code == "unauthenticated" and error.sent:
                error.advice = _FRESH_TOKEN_REFUSED
            raise

    def _attempt(self, procedure: str, body: bytes, token: str | None) -> Answer:
        headers = {
            "Accept-Encoding": "gzip",
            "Connect-Protocol-Version": "1",
            "Connect-Timeout-Ms": str(min(max(1, int(self._timeout * 1000)), 9_999_999_999)),
            "Content-Type": "application/json",
            "User-Agent": "otterscale.core",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self._compress and len(body) >= COMPRESS_FROM_BYTES:
            body = _gzip(body)
            headers["Content-Encoding"] = "gzip"
        try:
            return exchange(
                self._session,
                f"{self._base_url}/{procedure}",
                partial(_decode, secrets=self.secrets),
                peer=self._base_url,
                seconds=self._timeout,
                verify=self._verify,
                headers=headers,
                body=body,
            )
        except ApiError as error:
            error.rpc = procedure.rpartition("/")[2]
            error.advise(ADVICE)
            scrub(error, *self.secrets)
            raise


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(body) + compressor.flush()


def _decode(response: requests.Response, body: bytes, secrets: Secrets | None = None) -> Answer:
    metadata = {
        name.lower()[len("trailer-") :]: value
        for name, value in response.headers.items()
        if name.lower().startswith("trailer-")
    }
    status = response.status_code
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    shown = partial(excerpt, body, content_type, secrets)
    if status != 200:
        raise _answered_error(response, body, metadata, shown)
    if content_type != "application/json":
        # Another codec is a server that does not speak our protocol; anything else is no server of any protocol.
        raise ApiError(
            "internal" if content_type.startswith("application/") else "unknown",
            f"the answer {f'is {content_type}' if content_type else 'has no Content-Type'}, not JSON: {shown()}",
            http_status=status,
            sent=True,
            advice="Check 'api_url': a web page or a proxy answers there, not an OtterScale API.",
        )
    try:
        return Answer(json_object(body), metadata)
    except ValueError as error:
        message = f"the answer is unusable: {error}: {shown()}"
        raise ApiError("internal", message, http_status=status, sent=True) from None


def _answered_error(
    response: requests.Response, body: bytes, metadata: dict[str, str], shown: Callable[[], str]
) -> ApiError:
    """What an answer other than 200 means. A code that is missing or unknown comes from the HTTP status."""
    status = response.status_code
    code = CODE_BY_HTTP_STATUS.get(status, "unknown")
    try:
        error = json_object(body)
    except ValueError:
        error = {}
    said = error.get("message")
    message = said if isinstance(said, str) else ""
    advice = None
    if isinstance(error.get("code"), str) and error["code"] in CODES and error["code"] != "client":
        code = error["code"]
        message = message or "(the server gave no message)"
        if code == "unimplemented" and "disabled" in message:
            advice = "This feature is switched off on the server; have its administrator enable it."
        elif unknown := re.fullmatch('scope "(.*)" not found', message, re.DOTALL):
            advice = f"Check 'scope': this server has no scope {unknown[1]!r}."
    elif 300 <= status < 400:
        target = response.headers.get("Location", "(no Location)").strip()
        message = f"HTTP {status} redirects to {target}; redirects are not followed"
        advice = "Set 'api_url' to where the API really is; a login page means that a proxy wants you to sign in."
    elif not message:
        message = f"a proxy or web server answered, not OtterScale: {shown()}"
    return ApiError(
        code,
        message,
        http_status=status,
        details=decode_details(error.get("details")),
        metadata=metadata,
        sent=True,
        retry_after=_retry_after(response.headers),
        advice=advice,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
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


# The details of an error: protobuf messages in unpadded base64


def decode_details(raw: object) -> list[dict[str, Any]]:
    """Error details as {"type", "value"}: value is the decoded message where the type is known, else as it came.

    raw: the `details` of an error body; anything in it that is no detail is left out. What a server adds as "debug" is
    there to be looked at, and stays beside them.
    """
    details = []
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, dict) and isinstance(item.get("type"), str):
            value = item["value"] if isinstance(item.get("value"), str) else ""
            decoded = _decode_detail(item["type"], value)
            debug = {"debug": item["debug"]} if item.get("debug") is not None else {}
            details.append({"type": item["type"], "value": value if decoded is None else decoded, **debug})
    return details


def _decode_detail(type_name: str, value: str) -> dict[str, Any] | None:
    """google.rpc.* messages, if googleapis-common-protos is there: imported only for an error that has details."""
    name = type_name.rpartition("/")[2]
    if not name.startswith("google.rpc."):
        return None
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from google.rpc import error_details_pb2
    except ImportError:
        return None
    message_type: Any = getattr(error_details_pb2, name[len("google.rpc.") :], None)
    if not hasattr(message_type, "FromString"):
        return None
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        decoded: dict[str, Any] = MessageToDict(message_type.FromString(raw), preserving_proto_field_name=True)
    except (DecodeError, binascii.Error, ValueError):
        return None
    return decoded
