# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The connection options of IEF's modules, and the client that they describe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._engine.reads import SharedReads
from .._errors import bad_option, checked
from .._http.exchange import REQUESTS_IMPORT_ERROR
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
from .client import Client, IamTokens, Login

CONNECTION_SPEC: dict[str, Any] = {
    "endpoint": {"type": "str", "required": True, **from_environment("IEF_ENDPOINT")},
    "project_id": {"type": "str", "required": True, **from_environment("IEF_PROJECT_ID")},
    "instance_id": {"type": "str", **from_environment("IEF_INSTANCE_ID")},
    "auth_token": {"type": "str", "no_log": True, **from_environment("IEF_AUTH_TOKEN")},
    "iam_endpoint": {"type": "str", **from_environment("IEF_IAM_ENDPOINT")},
    "iam_user": {"type": "str", **from_environment("IEF_IAM_USER")},
    "iam_password": {"type": "str", "no_log": True, **from_environment("IEF_IAM_PASSWORD")},
    "iam_domain": {"type": "str", **from_environment("IEF_IAM_DOMAIN")},
    **transport_options("IEF"),
}
_LOGIN = ("iam_endpoint", "iam_user", "iam_password", "iam_domain")
_URLS = ("endpoint", "iam_endpoint")


def connect(params: Mapping[str, Any]) -> Connection:
    """The connection of a task. Raises a `client` ApiError for bad options."""
    endpoint = http_url("endpoint", params["endpoint"], instead="'auth_token'")
    project_id = checked("project_id", params["project_id"], identifier)
    instance_id = checked("instance_id", params["instance_id"], identifier) if params["instance_id"] else ""
    how = transport(params)
    token: str | IamTokens = header_value("auth_token", params["auth_token"])
    secret = {"endpoint": (endpoint, "the token")}
    if not token:
        token, iam_endpoint = _tokens(params, project_id, how)
        secret["iam_endpoint"] = (iam_endpoint, "the password and the token")
    client = Client(endpoint, project_id=project_id, instance_id=instance_id, token=token, **how)
    return Connection(SharedReads(client), client.secrets.hide, plain_http_warnings(secret))


def _tokens(params: Mapping[str, Any], project_id: str, how: Mapping[str, Any]) -> tuple[IamTokens, str]:
    """Who asks IAM for tokens, and where. An empty option is not given."""
    given = [name for name in _LOGIN if params[name]]
    if not given:
        rule = "every call needs a token: give one, or 'iam_endpoint', 'iam_user', 'iam_password' and 'iam_domain'"
        raise bad_option("auth_token", None, rule)
    for name in _LOGIN:
        if name not in given:
            others = ", ".join(f"'{other}'" for other in given)
            raise bad_option(name, None, f"needed to get a token with {others}")
    url = http_url("iam_endpoint", params["iam_endpoint"], instead="'iam_user' and 'iam_password'")
    login = Login(params["iam_user"], params["iam_password"], params["iam_domain"], project_id)
    return IamTokens(login, url, **how), url


def identifier(text: str) -> str:
    """An id that a path or a header can carry as it is."""
    if not re.fullmatch("[A-Za-z0-9][-_A-Za-z0-9]{0,127}", text):
        raise ValueError("must be an id: letters, digits, hyphens and underscores")
    return text


IEF = System(
    options=CONNECTION_SPEC,
    connect=connect,
    hide=Secrets().hide,
    show=lambda params: shown_params(params, _URLS),
    libraries={"requests": REQUESTS_IMPORT_ERROR},
    server=lambda params: server_of(params, "endpoint", "project_id"),
)
