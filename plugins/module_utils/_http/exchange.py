# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""One bounded HTTP exchange on top of requests: its time, its size, its redirects, and what its failure means."""

from __future__ import annotations

import json
import os
import queue
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from .._errors import ApiError, Reason
from .failures import transport_error

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

try:
    import requests
    from urllib3.exceptions import HTTPError, InsecureRequestWarning

    REQUESTS_IMPORT_ERROR: ImportError | None = None
except ImportError as import_error:  # the door reports which library is missing
    REQUESTS_IMPORT_ERROR = import_error

T = TypeVar("T")

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ELEMENTS = 1_000_000  # each may take a hundred bytes once it is decoded, and no deadline ends a decoding
_CHUNK_BYTES = 64 * 1024
_NO_THREAD = "Allow more processes and threads for the user, or for the container, that runs the task."


def open_session() -> requests.Session:
    """A session that adds nothing of its own to a request."""
    session = requests.Session()
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    # Or requests reads the whole body of a redirect, to prepare a request that nobody will send.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
    session.merge_environment_settings = _once_each_server(session.merge_environment_settings)  # type: ignore[method-assign]
    return session


def _once_each_server(look: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but what the environment says of a server is looked up once: it would be a fifth of each call."""
    known: dict[tuple[Any, ...], Any] = {}

    def settings(url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        server = (*urlsplit(url)[:2], verify)
        if server not in known:
            known[server] = look(url, proxies, stream, verify, cert)
        return known[server]

    return settings


def silence_insecure_request_warnings() -> None:
    """For validate_certs=false: the user has decided, urllib3 need not repeat it on every call."""
    import warnings

    warnings.simplefilter("ignore", InsecureRequestWarning)


def verification(validate_certs: bool, ca_path: str | None) -> bool | str | None:
    """The options of a connection as requests takes them: None for its own choice of a CA bundle."""
    return (ca_path or None) if validate_certs else False


def exchange(
    session: requests.Session,
    url: str,
    decode: Callable[[requests.Response, bytes], T],
    *,
    seconds: float,
    verify: bool | str | None,
    headers: Mapping[str, str],
    body: bytes | None = None,
    method: str | None = None,
    peer: str | None = None,
) -> T:
    """What `decode` makes of one answer. Redirects are not followed.

    seconds: for all of it. verify: as requests takes it. method: a POST if not given, or a GET where there is no body.
    peer: the server's name for messages, the URL if not given.
    """

    verb = method or ("GET" if body is None else "POST")

    def work(ends: float) -> T:
        try:
            with _send(session, verb, url, seconds, verify=verify, headers=headers, body=body) as response:
                return decode(response, read_body(response.raw, ends))
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise transport_error(error, peer or url, verify) from None

    return within(seconds, work)


def _send(
    session: requests.Session,
    method: str,
    url: str,
    seconds: float,
    *,
    verify: bool | str | None,
    headers: Mapping[str, str],
    body: bytes | None,
) -> requests.Response:
    try:
        # Prepared without the session, which has nothing to add and would look for credentials in ~/.netrc.
        request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        settings = session.merge_environment_settings(request.url, {}, True, verify, None)
        # Connecting ends before the whole call does: what never connected is known not to have been sent.
        return session.send(request, timeout=(0.9 * seconds, seconds), allow_redirects=False, **settings)
    except (TypeError, UnicodeError) as error:  # what requests and urllib3 make of some proxy URLs
        raise requests.exceptions.InvalidURL(str(error)) from None


# Threads that wait for their next call, each by what it is given to do: None ends it.
_Jobs = queue.SimpleQueue["Callable[[], None] | None"]
_waiting: list[_Jobs] = []
os.register_at_fork(after_in_child=_waiting.clear)  # a new process has none of them


def _waiting_thread() -> _Jobs:
    with suppress(IndexError):
        return _waiting.pop()
    jobs: _Jobs = queue.SimpleQueue()
    try:
        threading.Thread(target=_serve, args=(jobs,), daemon=True).start()
    except RuntimeError as error:  # the system, or a container's limit, gives no more threads
        raise ApiError("unavailable", f"cannot begin the call: {error}", advice=_NO_THREAD) from None
    return jobs


def _serve(jobs: _Jobs) -> None:
    while job := jobs.get():
        job()


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

    jobs = _waiting_thread()
    jobs.put(run)
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        jobs.put(None)
        raise ApiError("deadline_exceeded", f"no complete answer within {seconds:g} s", sent=True) from None
    except BaseException:  # the task has run out of its time, say
        jobs.put(None)
        raise
    _waiting.append(jobs)
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
            raise _broken(response, "internal", f"is not valid gzip: {error}") from None
        if unzip and unzip.unused_data:
            raise _broken(response, "internal", "continues after its gzip stream")
        if len(body) > MAX_ANSWER_BYTES:
            large = _broken(response, "resource_exhausted", f"is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MiB")
            large.reason, large.final = Reason.TOO_LARGE, True
            raise large
    if unzip and body and not unzip.eof:
        raise _broken(response, "unavailable", "ended in the middle of its gzip stream")
    return bytes(body)


def _chunks(response: BaseHTTPResponse, ends: float) -> Iterator[bytes]:
    """The body as it came; a body that is shorter than its Content-Length is a lost connection."""
    announced = response.headers.get("Content-Length", "0")
    if not re.fullmatch("[0-9]{1,18}", announced):
        raise _broken(response, "internal", f"has the Content-Length {announced!r}, which is no number of bytes")
    received = 0
    for chunk in response.stream(_CHUNK_BYTES, decode_content=False):
        if time.monotonic() > ends:
            raise requests.exceptions.ReadTimeout("the answer came too slowly")
        received += len(chunk)
        yield chunk
    if received < int(announced):
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
        raise ValueError(f"not valid JSON ({error.msg} at {error.pos})") from None
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")
    if b"\\ud" in body.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is a ValueError here, not later
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
