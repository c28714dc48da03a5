# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The connection options that every module has, and the client that they describe."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible.module_utils.errors import AnsibleFallbackNotFound

from .._engine.reads import SharedReads
from .._errors import ApiError, bad_option, checked
from .._http.exchange import (
    REQUESTS_IMPORT_ERROR,
    silence_insecure_request_warnings,
    usable_url,
)
from .._http.secrets import Secrets
from .._http.url import shown_url
from .._task import Connection, System
from .connect import Client

if TYPE_CHECKING:
    from .oidc import Login


def _value_of(variable: str) -> str:
    """An environment variable; an empty one counts as not set, as AWX sets every variable of a credential."""
    value = os.environ.get(variable, "")
    if not value.strip():
        raise AnsibleFallbackNotFound
    return value


def _from_environment(variable: str) -> dict[str, Any]:
    return {"fallback": (_value_of, [variable])}


CONNECTION_SPEC: dict[str, Any] = {
    "api_url": {"type": "str", "required": True, **_from_environment("OTTERSCALE_API_URL")},
    "api_token": {"type": "str", "no_log": True, **_from_environment("OTTERSCALE_API_TOKEN")},
    "oidc_issuer_url": {"type": "str", **_from_environment("OTTERSCALE_OIDC_ISSUER_URL")},
    "oidc_token_url": {"type": "str", "no_log": False, **_from_environment("OTTERSCALE_OIDC_TOKEN_URL")},
    "oidc_client_id": {"type": "str", **_from_environment("OTTERSCALE_OIDC_CLIENT_ID")},
    "oidc_client_secret": {"type": "str", "no_log": True, **_from_environment("OTTERSCALE_OIDC_CLIENT_SECRET")},
    "oidc_username": {"type": "str", **_from_environment("OTTERSCALE_OIDC_USERNAME")},
    "oidc_password": {"type": "str", "no_log": True, **_from_environment("OTTERSCALE_OIDC_PASSWORD")},
    "scope": {"type": "str", "required": True, **_from_environment("OTTERSCALE_SCOPE")},
    "validate_certs": {"type": "bool", "default": True, **_from_environment("OTTERSCALE_VALIDATE_CERTS")},
    "ca_path": {"type": "path", **_from_environment("OTTERSCALE_CA_PATH")},
    "timeout": {"type": "float", "default": 30, **_from_environment("OTTERSCALE_TIMEOUT")},
    "retries": {"type": "int", "default": 4, **_from_environment("OTTERSCALE_RETRIES")},
}

# What would do as well as an option that is missing.
_INSTEAD = {
    "oidc_issuer_url": "; 'oidc_token_url' would do as well",
    "oidc_client_secret": "; 'oidc_username' and 'oidc_password' would do as well",
}


MAX_TIMEOUT_SECONDS = 86_400
MAX_RETRIES = 100
_URLS = ("api_url", "oidc_issuer_url", "oidc_token_url")
_HOST = re.compile(r"\s*https?://([^@/?#:\\\s\[]+|\[[^@\]]+\])(:[0-9]*)?([/?#]|\s*$)", re.IGNORECASE)


def connect(params: Mapping[str, Any]) -> Connection:
    """The connection of a task. Raises a `client` ApiError for bad options."""
    api_url = _http_url("api_url", params["api_url"])
    _check(params)
    token = (params["api_token"] or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise ApiError("client", "option 'api_token' holds a character that no HTTP header can carry")
    login = None if token else _login(params)
    if not params["validate_certs"]:
        silence_insecure_request_warnings()
    client = Client(
        api_url,
        token=login.provider() if login else token or None,
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        timeout=params["timeout"],
        retries=params["retries"],
    )
    return Connection(SharedReads(client), client.secrets.hide, _plain_http_warnings(api_url, token, login))


def _check(params: Mapping[str, Any]) -> None:
    """What needs no URL and no token. Raises a `client` ApiError."""
    if not params["scope"].strip():
        raise bad_option("scope", params["scope"], "must not be empty")
    if not 0 < params["timeout"] <= MAX_TIMEOUT_SECONDS:
        rule = f"must be above zero and at most {MAX_TIMEOUT_SECONDS} seconds, a day"
        raise bad_option("timeout", params["timeout"], rule)
    if not 0 <= params["retries"] <= MAX_RETRIES:
        rule = "must not be negative" if params["retries"] < 0 else f"must be at most {MAX_RETRIES}"
        raise bad_option("retries", params["retries"], rule)
    ca_path = params["ca_path"]
    if ca_path and params["validate_certs"] and not os.path.exists(ca_path):
        raise bad_option("ca_path", ca_path, "there is no such file on the host that runs the task")


def shown_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a task as `invocation` may show them, without the passwords in URLs."""
    shown: dict[str, Any] = Secrets().hide(dict(params))
    for option in _URLS:
        value = params.get(option)
        if isinstance(value, str) and "@" in value and shown_url(value) == value and not _HOST.match(value):
            shown[option] = f"***{value[value.rindex('@') :]}"  # what it is nobody knows; it has been refused
    return shown


def _plain_http_warnings(api_url: str, token: str, login: Login | None) -> tuple[str, ...]:
    """A warning for each URL that takes secrets over a network in clear text."""
    if not (token or login):
        return ()
    urls = {"api_url": api_url, **({login.option: login.url} if login else {})}
    return tuple(
        f"'{option}' is plain http to {urlsplit(url).hostname}: anyone on the network path can read the "
        f"{'token' if option == 'api_url' else 'credentials and the token'}. Use https."
        for option, url in urls.items()
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


def _login(params: Mapping[str, Any]) -> Login | None:
    """Who asks an identity provider for tokens; None if no oidc_* option is given. An empty one is not given."""
    given = {name: params[name] for name in CONNECTION_SPEC if name.startswith("oidc_") and params[name]}
    if not given:
        return None
    # A module compiles what it imports on every call, so what few tasks need is imported where it is needed.
    from .oidc import Login

    option = "oidc_token_url" if "oidc_token_url" in given else "oidc_issuer_url"
    by_password = "oidc_username" in given or "oidc_password" in given
    needed = ("oidc_username", "oidc_password") if by_password else ("oidc_client_secret",)
    for name in (option, "oidc_client_id", *needed):
        if name not in given:
            others = ", ".join(f"'{other}'" for other in given)
            raise bad_option(name, None, f"no token can be had with {others} alone{_INSTEAD.get(name, '')}")
    return Login(
        option=option,
        url=_http_url(option, given[option]),
        client_id=given["oidc_client_id"],
        client_secret=given.get("oidc_client_secret"),
        username=given.get("oidc_username"),
        password=given.get("oidc_password"),
        timeout=params["timeout"],
        verify=(params["ca_path"] or None) if params["validate_certs"] else False,
    )


def _http_url(option: str, value: str) -> str:
    def rule(url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL with a host")
        if "@" in parts.netloc:
            raise ValueError("must not carry credentials")
        if parts.fragment or (parts.query and option != "oidc_token_url"):
            raise ValueError("must end with its path: no query, no fragment")
        if parts.port == 0:  # reading it raises ValueError where it is no port at all
            raise ValueError("port 0 is no port")
        return usable_url(url.strip())

    try:
        return checked(option, value, rule)
    except ApiError:
        if "@" not in value:
            raise
    # Whatever else is wrong with it: without the value, which seems to hold them.
    instead = "'api_token'" if option == "api_url" else "the other oidc_* options"
    raise ApiError("client", f"option '{option}' must not carry credentials: give {instead}")


OTTERSCALE = System(
    options=CONNECTION_SPEC,
    connect=connect,
    hide=Secrets().hide,
    show=shown_params,
    libraries={"requests": REQUESTS_IMPORT_ERROR},
)
