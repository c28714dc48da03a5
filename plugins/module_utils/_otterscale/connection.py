# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The connection options that every module has, and the client that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._engine.reads import SharedReads
from .._errors import bad_option
from .._http.exchange import REQUESTS_IMPORT_ERROR, verification
from .._http.secrets import Secrets
from .._options import (
    from_environment,
    header_value,
    http_url,
    plain_http_warnings,
    server_of,
    shown_params,
    transport,
    transport_options,
)
from .._task import Connection, System
from .server import AUTO, SERVER_APIS, ServerClient

if TYPE_CHECKING:
    from .oidc import Login


CONNECTION_SPEC: dict[str, Any] = {
    "api_url": {"type": "str", "required": True, **from_environment("OTTERSCALE_API_URL")},
    "api_token": {"type": "str", "no_log": True, **from_environment("OTTERSCALE_API_TOKEN")},
    "oidc_issuer_url": {"type": "str", **from_environment("OTTERSCALE_OIDC_ISSUER_URL")},
    "oidc_token_url": {"type": "str", "no_log": False, **from_environment("OTTERSCALE_OIDC_TOKEN_URL")},
    "oidc_client_id": {"type": "str", **from_environment("OTTERSCALE_OIDC_CLIENT_ID")},
    "oidc_client_secret": {"type": "str", "no_log": True, **from_environment("OTTERSCALE_OIDC_CLIENT_SECRET")},
    "oidc_username": {"type": "str", **from_environment("OTTERSCALE_OIDC_USERNAME")},
    "oidc_password": {"type": "str", "no_log": True, **from_environment("OTTERSCALE_OIDC_PASSWORD")},
    "scope": {"type": "str", "required": True, "aliases": ["cluster"], **from_environment("OTTERSCALE_SCOPE")},
    "server_api": {
        "type": "str",
        "choices": list(SERVER_APIS),
        "default": AUTO,
        **from_environment("OTTERSCALE_SERVER_API"),
    },
    **transport_options("OTTERSCALE"),
}

# What would do as well as an option that is missing.
_INSTEAD = {
    "oidc_issuer_url": "; 'oidc_token_url' would do as well",
    "oidc_client_secret": "; 'oidc_username' and 'oidc_password' would do as well",
}


_URLS = ("api_url", "oidc_issuer_url", "oidc_token_url")


def connect(params: Mapping[str, Any]) -> Connection:
    """The connection of a task. Raises a `client` ApiError for bad options."""
    api_url = http_url("api_url", params["api_url"], instead="'api_token'")
    if not params["scope"].strip():
        raise bad_option("scope", params["scope"], "must not be empty")
    how = transport(params)
    token = header_value("api_token", params["api_token"])
    login = None if token else _login(params)
    token_from = login.provider() if login else token or None
    client = ServerClient(api_url, server_api=params["server_api"], token=token_from, **how)
    secret = {"api_url": (api_url, "the token")} if token or login else {}
    if login:
        secret[login.option] = (login.url, "the credentials and the token")
    return Connection(SharedReads(client), client.secrets.hide, plain_http_warnings(secret))


def _login(params: Mapping[str, Any]) -> Login | None:
    """How to ask an identity provider for tokens; None if no oidc_* option is given. An empty one is not given."""
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
            raise bad_option(name, None, f"a token cannot be obtained with {others} alone{_INSTEAD.get(name, '')}")
    return Login(
        option=option,
        url=http_url(option, given[option], instead="the other oidc_* options", query=option == "oidc_token_url"),
        client_id=given["oidc_client_id"],
        client_secret=given.get("oidc_client_secret"),
        username=given.get("oidc_username"),
        password=given.get("oidc_password"),
        timeout=params["timeout"],
        verify=verification(params["validate_certs"], params["ca_path"]),
    )


OTTERSCALE = System(
    options=CONNECTION_SPEC,
    connect=connect,
    hide=Secrets().hide,
    show=lambda params: shown_params(params, _URLS),
    libraries={"requests": REQUESTS_IMPORT_ERROR},
    server=lambda params: server_of(params, "api_url", "scope"),
)
