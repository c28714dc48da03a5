# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The connection options that every module has, and the client that they describe."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback
from ansible_collections.otterscale.core.plugins.module_utils._connect import (
    Client,
    silence_insecure_request_warnings,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import OtterScaleError, bad_option, checked


def _from_environment(variable: str) -> dict[str, Any]:
    return {"fallback": (env_fallback, [variable])}


CONNECTION_SPEC: dict[str, Any] = {
    "api_url": {"type": "str", "required": True, **_from_environment("OTTERSCALE_API_URL")},
    "api_token": {"type": "str", "no_log": True, **_from_environment("OTTERSCALE_API_TOKEN")},
    "scope": {"type": "str", "required": True, **_from_environment("OTTERSCALE_SCOPE")},
    "validate_certs": {"type": "bool", "default": True, **_from_environment("OTTERSCALE_VALIDATE_CERTS")},
    "ca_path": {"type": "path", **_from_environment("OTTERSCALE_CA_PATH")},
    "timeout": {"type": "float", "default": 30, **_from_environment("OTTERSCALE_TIMEOUT")},
    "retries": {"type": "int", "default": 4, **_from_environment("OTTERSCALE_RETRIES")},
}


def connect(params: Mapping[str, Any]) -> Client:
    """A client for the connection options of a task. Raises a `client` OtterScaleError for bad ones."""
    api_url = checked("api_url", params["api_url"], _parse_url)
    if not params["scope"].strip():
        raise bad_option("scope", params["scope"], "must not be empty")
    if not 0 < params["timeout"] < float("inf"):
        raise bad_option("timeout", params["timeout"], "must be above zero")
    if params["retries"] < 0:
        raise bad_option("retries", params["retries"], "must not be negative")
    ca_path = params["ca_path"]
    if ca_path and params["validate_certs"] and not os.path.exists(ca_path):
        raise bad_option("ca_path", ca_path, "there is no such file on the host that runs the task")
    token = (params["api_token"] or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise OtterScaleError("client", "option 'api_token' holds a character that no HTTP header can carry")
    if not params["validate_certs"]:
        silence_insecure_request_warnings()
    return Client(
        api_url,
        token=token or None,
        validate_certs=params["validate_certs"],
        ca_path=ca_path,
        timeout=params["timeout"],
        retries=params["retries"],
    )


def _parse_url(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL with a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry credentials: give 'api_token'")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path: no query, no fragment")
    if parts.port == 0:  # reading it raises ValueError where it is no port at all
        raise ValueError("port 0 is no port")
    return url.strip()
