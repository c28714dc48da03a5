# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""One bounded HTTP exchange on top of requests: its time, its size, its redirects, and what its failure means."""

from __future__ import annotations

import html
import json
import os
import queue
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote
from urllib.request import getproxies_environment

from .._errors import ApiError, Reason, printable
from .secrets import Secrets

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

try:
    import requests
    from urllib3.exceptions import (
        HTTPError,
        InsecureRequestWarning,
        LocationParseError,
        MaxRetryError,
        NewConnectionError,
    )
    from urllib3.util import parse_url

    REQUESTS_IMPORT_ERROR: ImportError | None = None
except ImportError as import_error:  # the door tells the user which library is missing
    REQUESTS_IMPORT_ERROR = import_error

T = TypeVar("T")

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ELEMENTS = 1_000_000  # each may take a hundred bytes once it is decoded, and no deadline ends a decoding
MAX_MESSAGE_CHARACTERS = 500
MAX_EXCERPT_CHARACTERS = 200
_CHUNK_BYTES = 64 * 1024
_EXCERPT_BYTES = 64 * 1024
_MARKUP = re.compile(r"<!--|<(?:(script|style)\b|[a-z/!?])", re.IGNORECASE)
_NO_THREAD = "Allow more processes and threads to the user, or to the container, that runs the task."

# Reasons of OpenSSL that only a peer without TLS, or with none of our versions, gives: nothing was sent.
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
)


def open_session() -> requests.Session:
    """A session that adds nothing of its own to a request."""
    session = requests.Session()
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    # An auth callable, even an idle one, keeps requests from replacing our header by one from ~/.netrc.
    session.auth = lambda request: request
    # Or requests reads the whole body of a redirect, to prepare a request that nobody will send.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
    return session


def usable_url(url: str) -> str:
    """The URL, if requests and urllib3 can use it. Raises ValueError with the reason."""
    try:
        prepared = requests.Request("POST", url).prepare().url or ""
        host = parse_url(prepared).host or ""
        host.strip("[]").encode("idna")  # as urllib3 does when it connects
    except UnicodeError:
        raise ValueError("its host has a part that is empty or longer than 63 characters") from None
    except (requests.exceptions.RequestException, HTTPError) as error:
        raise ValueError(f"it cannot be used: {error}") from None
    if "%" in host and not host.startswith("["):  # where an address of IPv6 names an interface
        raise ValueError("its host holds a character that no host name has")
    return url


def silence_insecure_request_warnings() -> None:
    """For validate_certs=false: the user has decided, urllib3 need not repeat it on every call."""
    import warnings

    warnings.simplefilter("ignore", InsecureRequestWarning)


def exchange(
    session: requests.Session,
    url: str,
    decode: Callable[[requests.Response, bytes], T],
    *,
    seconds: float,
    verify: bool | str | None,
    headers: Mapping[str, str],
    body: bytes | None = None,
    peer: str | None = None,
) -> T:
    """What `decode` makes of one answer to a POST, or a GET where there is no body. Redirects are not followed.

    seconds: for all of it. verify: as requests takes it. peer: the server's name for messages, the URL if not given.
    """

    def work(ends: float) -> T:
        try:
            with _send(session, url, seconds=seconds, verify=verify, headers=headers, body=body) as response:
                return decode(response, read_body(response.raw, ends))
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise _transport_error(error, peer or url, verify) from None

    return within(seconds, work)


def _send(
    session: requests.Session,
    url: str,
    *,
    seconds: float,
    verify: bool | str | None,
    headers: Mapping[str, str],
    body: bytes | None,
) -> requests.Response:
    try:
        return session.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=headers,
            # Connecting ends before the whole call does: what never connected is known not to have been sent.
            timeout=(0.9 * seconds, seconds),
            verify=verify,
            allow_redirects=False,
            stream=True,
        )
    except (TypeError, UnicodeError) as error:  # what requests and urllib3 make of some proxy URLs
        raise requests.exceptions.InvalidURL(str(error)) from None


def within(seconds: float, work: Callable[[float], T]) -> T:
    """Run `work(end)` for at most `seconds`.

    The timeouts of sockets start again with every byte, and name resolution has none: only another thread can
    bound the whole call. On time-out that thread is left alone: it is a daemon and stops at its next chunk.
    """
    outcome: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
    ends = time.monotonic() + seconds

    def run() -> None:
        try:
            outcome.put(work(ends))
        except BaseException as error:  # handed over to the caller's thread, whatever it is
            outcome.put(error)

    try:
        threading.Thread(target=run, daemon=True).start()
    except RuntimeError as error:  # the system, or a container's limit, gives no more threads
        raise ApiError("unavailable", f"cannot begin the call: {error}", advice=_NO_THREAD) from None
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise ApiError("deadline_exceeded", f"no complete answer within {seconds:g} s", sent=True) from None
    if isinstance(result, BaseException):
        raise result
    return result


# The body of an answer


def read_body(response: BaseHTTPResponse, ends: float) -> bytes:
    """The whole body, decompressed; never more than MAX_ANSWER_BYTES of it in memory. response: not yet read."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise _broken(response, "internal", f"has the unknown Content-Encoding {encoding!r}")
    unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    for chunk in _chunks(response, ends):
        try:
            # One byte more than allowed is enough to know, and all that a gzip bomb gets.
            body += unzip.decompress(chunk, MAX_ANSWER_BYTES + 1 - len(body)) if unzip else chunk
        except zlib.error as error:
            raise _broken(response, "internal", f"is no valid gzip: {error}") from None
        if unzip and unzip.unused_data:
            raise _broken(response, "internal", "goes on after its gzip stream")
        if len(body) > MAX_ANSWER_BYTES:
            large = _broken(response, "resource_exhausted", f"is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MiB")
            large.reason, large.final = Reason.TOO_LARGE, True
            raise large
    if unzip and body and not unzip.eof:
        raise _broken(response, "unavailable", "ended in the middle of its gzip stream")
    return bytes(body)


def _chunks(response: BaseHTTPResponse, ends: float) -> Iterator[bytes]:
    """The body as it came; a body that is shorter than its Content-Length is a lost connection."""
    received = 0
    for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
        if time.monotonic() > ends:
            raise requests.exceptions.ReadTimeout("the answer came too slowly")
        received += len(chunk)
        yield chunk
    announced = response.headers.get("Content-Length", "")
    if re.fullmatch("[0-9]{1,18}", announced) and received < int(announced):
        raise _broken(response, "unavailable", f"ended after {received} of {announced} bytes")


def _broken(response: BaseHTTPResponse, code: str, what: str) -> ApiError:
    return ApiError(code, f"the answer {what}", http_status=response.status, sent=True)


def json_object(body: bytes) -> dict[str, Any]:
    """The body as JSON object. Raises ValueError."""
    if sum(map(body.count, (b"{", b"[", b","))) > MAX_ELEMENTS:
        raise ValueError(f"its JSON has more than {MAX_ELEMENTS} elements")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg} at {error.pos})") from None
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")
    if b"\\ud" in body.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is a ValueError here, not later
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


# What failures mean


def _transport_error(error: Exception, peer: str, verify: bool | str | None) -> ApiError:
    """What a failure below HTTP means, above all whether the request may have reached the server."""
    causes = list(_causes(error))
    reason = Secrets(*_proxy_passwords()).hide(_reason(causes))
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, LocationParseError)):
        return _url_error(peer, reason)
    if any(getattr(cause, "reason", "") == "NO_CERTIFICATE_OR_CRL_FOUND" for cause in causes) or "CA cert" in reason:
        bundle = verify or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        message = f"the CA bundle {bundle} cannot be used: {reason}"
        return ApiError("unavailable", message, final=True, reason=Reason.BAD_CA_BUNDLE)
    if any(isinstance(cause, ssl.CertificateError) or type(cause).__name__ == "CertificateError" for cause in causes):
        message = f"the TLS certificate of {peer} is not trusted: {reason}"
        return ApiError("unavailable", message, final=True, reason=Reason.UNTRUSTED)
    no_tls = any(getattr(cause, "reason", "") in _NO_TLS for cause in causes)
    # Not every ProxyError: a proxy that takes the request and hangs up is one too.
    unconnected = no_tls or any(
        isinstance(cause, (requests.exceptions.ConnectTimeout, NewConnectionError))
        or "Tunnel connection failed" in str(cause)
        for cause in causes
    )
    if isinstance(error, requests.exceptions.Timeout) and not unconnected:
        return ApiError("deadline_exceeded", f"{peer} stopped answering: {reason}", sent=True)
    through = " through the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
    doing = "cannot connect to" if unconnected else "lost the connection to"
    why = Reason.TLS_FAILED if any(isinstance(cause, ssl.SSLError) for cause in causes) else Reason.LOST
    return ApiError(
        "unavailable",
        f"{doing} {peer}{through}: {reason}",
        sent=not unconnected,
        final=no_tls,
        reason=Reason.UNREACHABLE if unconnected and not no_tls else why,
    )


def _url_error(peer: str, reason: str) -> ApiError:
    """A URL that the libraries could not use: that of the server, or else that of the proxy on the way to it."""
    try:
        usable_url(peer)
    except ValueError:
        return ApiError("client", f"{peer!r} is no usable URL: {reason}", final=True)
    if any(_proxy_passwords()):  # of which the reason may quote a part
        reason = "it is not shown, since it holds a password"
    return ApiError(
        "client",
        f"the URL of the proxy for {peer} cannot be used: {reason}",
        final=True,
        advice="Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY in the environment of the task.",
    )


def _proxy_passwords() -> Iterator[str]:
    """Passwords of proxies, which may be anything: URLs of the environment are used as they are."""
    for url in getproxies_environment().values():
        userinfo, at, _host = url.rpartition("@")
        password = userinfo.rpartition("://")[2].partition(":")[2]
        if at and password:
            yield from (password, unquote(password))


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


def innermost(error: BaseException) -> str:
    """What a failure comes down to, without the wrappings of libraries. It may quote what was sent: scrub() it."""
    return _reason(list(_causes(error)))


def _reason(causes: list[BaseException]) -> str:
    """The innermost text: "[Errno 111] Connection refused" rather than three libraries' wrappings of it."""
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return printable(str(causes[-1])) or type(causes[-1]).__name__


# Texts from outside


def excerpt(body: bytes, content_type: str = "", secrets: Secrets | None = None) -> str:
    """The beginning of a body that should have been something else, without markup.

    It is shortened where the secrets are known, so that none of them is cut and then shown in part.
    """
    text = body[:_EXCERPT_BYTES].decode("utf-8", "replace")
    if secrets is not None:
        text = secrets.hide(text if len(body) <= _EXCERPT_BYTES else text[: -secrets.longest or None])
    if "html" in content_type.lower() or text.lstrip().startswith("<"):
        text = _without_markup(text)
    text = printable(" ".join(text.split()))
    if secrets is not None:
        text = shortened(secrets.hide(text), MAX_EXCERPT_CHARACTERS)
    return text or "(empty)"


def shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}..."


def _without_markup(page: str) -> str:
    """The text of a web page, as a reader sees it. (For hostile ones html.parser takes minutes.)"""
    texts, at = [], 0
    while found := _MARKUP.search(page, at):
        texts.append(page[at : found.start()])
        # What a script or a style sheet holds is no text.
        until = "-->" if found[0] == "<!--" else f"(?=</{found[1]})" if found[1] else ">"
        end = re.compile(until, re.IGNORECASE).search(page, found.end())
        at = end.end() if end else len(page)
    try:
        return html.unescape(" ".join([*texts, page[at:]]))
    except ValueError:  # a number of a character that has more digits than an integer may have
        return " ".join([*texts, page[at:]])


def scrub(error: ApiError, *secrets: str) -> None:
    """Take secrets out of what a server (or a proxy that echoes requests) wrote, and shorten the message."""
    hide = Secrets(*secrets).hide
    error.message = shortened(hide(error.message), MAX_MESSAGE_CHARACTERS)
    error.details, error.metadata = hide(error.details), hide(error.metadata)
    error.args = (f"{error.code}: {error.message}",)
