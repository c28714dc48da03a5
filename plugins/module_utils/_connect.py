# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A client for the Connect protocol: unary calls, JSON over HTTP/1.1, on top of requests.

Protocol: https://connectrpc.com/docs/protocol (unary requests and responses, error codes, HTTP-to-code mapping).
"""

from __future__ import annotations

import json
import queue
import random
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._error_details import decode_details
from ansible_collections.otterscale.core.plugins.module_utils._errors import MEANINGS, OtterScaleError

try:
    import requests
    from urllib3.exceptions import HTTPError, InsecureRequestWarning, MaxRetryError, NewConnectionError

    REQUESTS_IMPORT_ERROR: ImportError | None = None
except ImportError as import_error:  # the door tells the user which library is missing
    REQUESTS_IMPORT_ERROR = import_error

MAX_ANSWER_BYTES = 64 * 1024 * 1024
COMPRESS_FROM_BYTES = 1024
MAX_BACKOFF_SECONDS = 8.0
_CHUNK_BYTES = 64 * 1024

# For answers that carry no usable Connect error, by HTTP status; anything else is "unknown".
_CODE_BY_STATUS: Mapping[int, str] = {
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


@dataclass(frozen=True)
class Answer:
    """One decoded answer: the message as JSON object and the trailer-* headers, names without that prefix."""

    message: dict[str, Any]
    metadata: dict[str, str] = field(default_factory=dict)


class Client:
    """Calls RPCs of one server. Safe to share between threads; keeps its connections open until close().

    base_url: http(s) URL, a path prefix is kept. timeout: seconds for one call, sent to the server and enforced here.
    retries: extra tries of a call that is safe to repeat. backoff: seconds before the first of them, at most.
    compress: gzip requests of COMPRESS_FROM_BYTES and more (off: not every server accepts it).
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        validate_certs: bool = True,
        ca_path: str | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        backoff: float = 0.5,
        compress: bool = False,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._retries = retries
        self._backoff = backoff
        self._compress = compress
        self._session = requests.Session()
        self._session.headers.clear()
        # An auth callable, even an idle one, keeps requests from replacing our header by one from ~/.netrc.
        self._session.auth = self._authorize
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

    def pause(self, tries: int, error: OtterScaleError) -> float:
        """Seconds to wait before try number `tries` + 1: exponential with full jitter, at least Retry-After."""
        ceiling = min(MAX_BACKOFF_SECONDS, self._backoff * 2.0**tries)
        return max(random.uniform(0, ceiling), error.retry_after or 0.0)

    def _repeat(
        self, procedure: str, request: Mapping[str, Any], may_repeat: Callable[[OtterScaleError], bool]
    ) -> dict[str, Any]:
        ends = time.monotonic() + self._timeout * (self._retries + 1)
        tries = 0
        while True:
            try:
                return self.call(procedure, request).message
            except OtterScaleError as error:
                pause = self.pause(tries, error)
                if error.final or not may_repeat(error) or tries >= self._retries or time.monotonic() + pause > ends:
                    raise
            time.sleep(pause)
            tries += 1

    def call(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        """Call `procedure` ("package.Service/Rpc") once and return its answer, or raise OtterScaleError."""
        rpc = procedure.rpartition("/")[2]
        body = json.dumps(request, separators=(",", ":")).encode()
        headers = {
            "Accept-Encoding": "gzip",
            "Connect-Protocol-Version": "1",
            "Connect-Timeout-Ms": str(min(max(1, int(self._timeout * 1000)), 9_999_999_999)),
            "Content-Type": "application/json",
            "User-Agent": "otterscale.core",
        }
        if self._compress and len(body) >= COMPRESS_FROM_BYTES:
            body = _gzip(body)
            headers["Content-Encoding"] = "gzip"
        try:
            return _within(self._timeout, lambda ends: self._exchange(rpc, procedure, body, headers, ends))
        except OtterScaleError as error:
            error.rpc = rpc
            self._scrub(error)
            raise

    def _exchange(self, rpc: str, procedure: str, body: bytes, headers: dict[str, str], ends: float) -> Answer:
        try:
            with self._session.post(
                f"{self._base_url}/{procedure}",
                data=body,
                headers=headers,
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _decode(response, _read_body(response, ends))
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise _transport_error(error, self._base_url) from None

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _scrub(self, error: OtterScaleError) -> None:
        """Take the token out of what the server (or a proxy that echoes requests) wrote."""
        if not self._token or self._token not in repr((error.message, error.details, error.metadata)):
            return
        hidden = json.dumps([error.message, error.details, error.metadata]).replace(
            json.dumps(self._token)[1:-1], "********"
        )
        error.message, error.details, error.metadata = json.loads(hidden)
        error.args = (f"{error.code}: {error.message}",)


def silence_insecure_request_warnings() -> None:
    """For validate_certs=false: the user has decided, urllib3 need not repeat it on every call."""
    import warnings

    warnings.simplefilter("ignore", InsecureRequestWarning)


def _within(seconds: float, work: Callable[[float], Answer]) -> Answer:
    """Run `work(end)` for at most `seconds`.

    The timeouts of sockets start again with every byte, and name resolution has none: only another thread can
    bound the whole call. On time-out that thread is left alone: it is a daemon and stops at its next chunk.
    """
    outcome: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()
    ends = time.monotonic() + seconds

    def run() -> None:
        try:
            outcome.put(work(ends))
        except BaseException as error:  # handed over to the caller's thread, whatever it is
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise OtterScaleError("deadline_exceeded", f"no complete answer within {seconds:g} s", sent=True) from None
    if isinstance(result, BaseException):
        raise result
    return result


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(body) + compressor.flush()


def _read_body(response: requests.Response, ends: float) -> bytes:
    """The whole body, decompressed; never more than MAX_ANSWER_BYTES of it in memory."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise OtterScaleError("internal", f"the answer has the unknown Content-Encoding {encoding!r}", sent=True)
    unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    for chunk in _chunks(response, ends):
        try:
            # One byte more than allowed is enough to know, and all that a gzip bomb gets.
            body += unzip.decompress(chunk, MAX_ANSWER_BYTES + 1 - len(body)) if unzip else chunk
        except zlib.error as error:
            raise OtterScaleError("internal", f"the answer is no valid gzip: {error}", sent=True) from None
        if len(body) > MAX_ANSWER_BYTES:
            raise OtterScaleError(
                "resource_exhausted",
                f"the answer is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MiB",
                http_status=response.status_code,
                sent=True,
                final=True,
                advice="Check that 'api_url' is an OtterScale API; no sound answer is that large.",
            )
    if unzip and body and not unzip.eof:
        raise OtterScaleError("unavailable", "the answer ended in the middle of its gzip stream", sent=True)
    return bytes(body)


def _chunks(response: requests.Response, ends: float) -> Iterator[bytes]:
    """The body as it came; a body that is shorter than its Content-Length is a lost connection."""
    received = 0
    for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
        if time.monotonic() > ends:
            raise requests.exceptions.ReadTimeout("the answer came too slowly")
        received += len(chunk)
        yield chunk
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and received < int(announced):
        raise OtterScaleError("unavailable", f"the answer ended after {received} of {announced} bytes", sent=True)


def _decode(response: requests.Response, body: bytes) -> Answer:
    metadata = {
        name.lower()[len("trailer-") :]: value
        for name, value in response.headers.items()
        if name.lower().startswith("trailer-")
    }
    status = response.status_code
    if status != 200:
        raise _answered_error(response, body, metadata)
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise OtterScaleError(
            "unknown",
            f"the answer is {content_type or 'of no content type'} instead of JSON: {_excerpt(body)}",
            http_status=status,
            sent=True,
            advice="Check 'api_url': a web page or a proxy answers there, not an OtterScale API.",
        )
    try:
        return Answer(_json_object(body), metadata)
    except ValueError as error:
        raise OtterScaleError("internal", f"the answer is unusable: {error}", http_status=status, sent=True) from None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg} at {error.pos}): {_excerpt(body)}") from None
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object was expected, not {_excerpt(body)}")
    if b"\\ud" in body.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is a ValueError here, not later
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _answered_error(response: requests.Response, body: bytes, metadata: dict[str, str]) -> OtterScaleError:
    status = response.status_code
    retry_after = response.headers.get("Retry-After", "")
    code = _CODE_BY_STATUS.get(status, "unknown")
    try:
        error = _json_object(body)
    except ValueError:
        error = {}
    advice = None
    if isinstance(error.get("code"), str) and error["code"] in MEANINGS and error["code"] != "client":
        code = error["code"]
        message = str(error.get("message") or "(the server gave no message)")
        if code == "unimplemented" and "disabled" in message:
            advice = "This feature is switched off on the server; have its administrator enable it."
    elif 300 <= status < 400:
        target = response.headers.get("Location", "(no Location)")
        message = f"HTTP {status} redirects to {_printable(target)}; redirects are not followed"
        advice = "Set 'api_url' to where the API really is."
    else:
        message = f"HTTP {status} without a Connect error: {_excerpt(body)}"
    return OtterScaleError(
        code,
        message,
        http_status=status,
        details=decode_details(error.get("details")),
        metadata=metadata,
        sent=True,
        retry_after=float(retry_after) if retry_after.isdigit() else None,
        advice=advice,
    )


def _transport_error(error: Exception, base_url: str) -> OtterScaleError:
    """What a failure below HTTP means, above all whether the request may have reached the server."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return OtterScaleError(
            "unavailable",
            f"the TLS certificate of {base_url} is not trusted: {_reason(causes)}",
            final=True,
            advice="Give the CA bundle as 'ca_path' (or REQUESTS_CA_BUNDLE), or correct the host name in 'api_url'.",
        )
    if isinstance(error, requests.exceptions.InvalidURL):
        return OtterScaleError("client", f"'api_url' {base_url!r} is no usable URL: {error}", final=True)
    connecting = isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError))
    unconnected = connecting or any(isinstance(cause, NewConnectionError) for cause in causes)
    advice = None
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        advice = (
            "Check that 'api_url' has the right scheme (https or http) and port, and which TLS versions it accepts."
        )
    if isinstance(error, requests.exceptions.Timeout) and not unconnected:
        return OtterScaleError("deadline_exceeded", f"{base_url} stopped answering: {_reason(causes)}", sent=True)
    doing = "cannot connect to" if unconnected else "lost the connection to"
    return OtterScaleError("unavailable", f"{doing} {base_url}: {_reason(causes)}", sent=not unconnected, advice=advice)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was raised for; urllib3 and requests keep those in several places."""
    pending, seen = [error], set()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, *current.args]
        if isinstance(current, MaxRetryError):
            inner.append(current.reason)
        pending += [item for item in inner if isinstance(item, BaseException)]


def _reason(causes: list[BaseException]) -> str:
    """The innermost text: "[Errno 111] Connection refused" rather than three libraries' wrappings of it."""
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return _printable(str(causes[-1])) or type(causes[-1]).__name__


def _excerpt(body: bytes) -> str:
    return _printable(body[:200].decode("utf-8", "replace")) or "(empty)"


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
