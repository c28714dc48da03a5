# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a failed exchange means: its code, whether the request may have reached the server, and why it failed."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from urllib.parse import unquote
from urllib.request import getproxies_environment

from .._errors import ApiError, Reason, printable
from .secrets import Secrets
from .url import usable_url

try:
    import requests
    from urllib3.exceptions import LocationParseError, MaxRetryError, NewConnectionError
except ImportError:  # the door reports it
    pass

# Reasons of OpenSSL that only a peer without TLS, or with none of our versions, gives: nothing was sent.
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
)


def transport_error(error: Exception, peer: str, verify: bool | str | None) -> ApiError:
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
        return ApiError("client", f"{peer!r} is not a valid URL: {reason}", final=True)
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
