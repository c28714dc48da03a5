# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the connection options of all systems have in common: the environment, TLS, time, retries, and URLs."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._errors import ApiError, Reason, bad_option, checked
from ._http.exchange import silence_insecure_request_warnings
from ._http.secrets import Secrets
from ._http.url import shown_url, usable_url

MAX_TIMEOUT_SECONDS = 86_400
MAX_RETRIES = 100
_HOST = re.compile(r"\s*https?://([^@/?#:\\\s\[]+|\[[^@\]]+\])(:[0-9]*)?([/?#]|\s*$)", re.IGNORECASE)


def _value_of(variable: str) -> str:
    """An environment variable; an empty one counts as not set, as AWX sets every variable of a credential."""
    value = os.environ.get(variable, "")
    if not value.strip():
        raise AnsibleFallbackNotFound
    return value


def from_environment(variable: str) -> dict[str, Any]:
    """The part of an option's spec that takes its value from an environment variable, if the user gives none."""
    return {"fallback": (_value_of, [variable])}


def transport_options(prefix: str) -> dict[str, Any]:
    """The options that every connection ends with. prefix: of their environment variables, such as "OTTERSCALE"."""
    return {
        "validate_certs": {"type": "bool", "default": True, **from_environment(f"{prefix}_VALIDATE_CERTS")},
        "ca_path": {"type": "path", **from_environment(f"{prefix}_CA_PATH")},
        "timeout": {"type": "float", "default": 30, **from_environment(f"{prefix}_TIMEOUT")},
        "retries": {"type": "int", "default": 4, **from_environment(f"{prefix}_RETRIES")},
    }


def transport(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same as an HttpClient takes them. Raises a `client` ApiError for a value that makes no sense."""
    if not 0 < params["timeout"] <= MAX_TIMEOUT_SECONDS:
        rule = f"must be above zero and at most {MAX_TIMEOUT_SECONDS} seconds, a day"
        raise bad_option("timeout", params["timeout"], rule)
    if not 0 <= params["retries"] <= MAX_RETRIES:
        rule = "must not be negative" if params["retries"] < 0 else f"must be at most {MAX_RETRIES}"
        raise bad_option("retries", params["retries"], rule)
    ca_path = params["ca_path"]
    if ca_path and params["validate_certs"] and not os.path.exists(ca_path):
        raise bad_option("ca_path", ca_path, "there is no such file on the host that runs the task")
    if not params["validate_certs"]:
        silence_insecure_request_warnings()
    return {option: params[option] for option in ("validate_certs", "ca_path", "timeout", "retries")}


def transport_advice(url_option: str, api: str) -> dict[Reason | str, str]:
    """What to do where a call did not get through. url_option: where the URL comes from that was called.

    api: what should have answered there, in words.
    """
    return {
        Reason.TOO_LARGE: f"Check '{url_option}': no valid answer of {api} is that large.",
        Reason.BAD_CA_BUNDLE: "Set 'ca_path' (or REQUESTS_CA_BUNDLE) to a file of PEM certificates.",
        Reason.UNTRUSTED: (
            f"Set 'ca_path' (or REQUESTS_CA_BUNDLE) to the CA bundle, or correct the host name in '{url_option}'."
        ),
        Reason.TLS_FAILED: (
            f"Check that '{url_option}' has the right scheme and port, and which TLS versions the server supports."
        ),
        Reason.LOST: (
            f"Check the server and the proxies in front of it; if the port speaks TLS, '{url_option}' must begin with "
            "https."
        ),
        "deadline_exceeded": "The server did not answer in time; check its load or raise 'timeout'.",
        "unavailable": f"Check '{url_option}', the network, proxies and that the server runs.",
    }


def header_value(option: str, value: str | None) -> str:
    """A secret that a header can carry, "" for none. Raises a `client` ApiError, which does not show it."""
    text = (value or "").strip()
    if not (text.isascii() and text.isprintable()):
        raise ApiError("client", f"option '{option}' holds a character that no HTTP header can carry")
    return text


def http_url(option: str, value: str, *, instead: str, query: bool = False) -> str:
    """An http(s) URL without credentials. Raises a `client` ApiError.

    instead: which option takes credentials, in words. query: whether the URL may have one.
    """

    def rule(url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL with a host")
        if "@" in parts.netloc:
            raise ValueError("must not carry credentials")
        if parts.fragment or (parts.query and not query):
            raise ValueError("must end with its path: no query, no fragment")
        if parts.port == 0:  # reading it raises ValueError where it is not a port at all
            raise ValueError("port 0 is not a valid port")
        return usable_url(url.strip())

    try:
        return checked(option, value, rule)
    except ApiError:
        if "@" not in value:
            raise
    # Whatever else is wrong with it: without the value, which seems to hold them.
    raise ApiError("client", f"option '{option}' must not carry credentials: give {instead}")


def server_of(params: Mapping[str, Any], url: str, part: str) -> dict[str, Any]:
    """Which server, and which part of it, results are about. A URL that is refused, which may hold a password, is None.

    url, part: the options that say it.
    """
    try:
        shown = http_url(url, params[url], instead="").rstrip("/")
    except ApiError:
        shown = None
    return {"url": shown, part: params[part]}


def shown_params(params: Mapping[str, Any], urls: Collection[str]) -> dict[str, Any]:
    """The options of a task as `invocation` may show them, without passwords in URLs. urls: options that hold one."""
    shown: dict[str, Any] = Secrets().hide(dict(params))
    for option in urls:
        value = params.get(option)
        if isinstance(value, str) and "@" in value and shown_url(value) == value and not _HOST.match(value):
            shown[option] = f"***{value[value.rindex('@') :]}"  # what it is nobody knows; it has been refused
    return shown


def plain_http_warnings(secrets: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """A warning for each URL that takes secrets over a network in clear text.

    secrets: by the option of a URL the URL, and what it takes, in words.
    """
    return tuple(
        f"'{option}' is plain http to {urlsplit(url).hostname}: anyone on the network path can read {what}. Use https."
        for option, (url, what) in secrets.items()
        if _is_overheard(url)
    )


def _is_overheard(url: str) -> bool:
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "http" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    # Not every Python looks by itself through an IPv6 address that stands for one of IPv4.
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback
