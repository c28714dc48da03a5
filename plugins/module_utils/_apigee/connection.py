# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The connection to Apigee: its options, who gives tokens for it, and the client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._engine.reads import SharedReads
from .._errors import CODE_BY_REST_STATUS, CODES, ApiError, bad_option
from .._http.client import Answer, HttpClient, Tokens, redirection, retry_after
from .._http.exchange import REQUESTS_IMPORT_ERROR, json_object, verification
from .._http.secrets import Secrets
from .._http.text import excerpt
from .._options import (
    from_environment,
    header_value,
    http_url,
    plain_http_warnings,
    shown_params,
    transport,
    transport_advice,
    transport_options,
)
from .._task import Connection, System

if TYPE_CHECKING:
    import requests

ENDPOINT = "https://apigee.googleapis.com"
CONNECTION_SPEC: dict[str, Any] = {
    "endpoint": {"type": "str", "default": ENDPOINT, **from_environment("APIGEE_ENDPOINT")},
    "instance": {"type": "str", "required": True, **from_environment("APIGEE_INSTANCE")},
    "access_token": {"type": "str", "no_log": True, **from_environment("APIGEE_ACCESS_TOKEN")},
    "service_account_file": {"type": "path", **from_environment("APIGEE_SERVICE_ACCOUNT_FILE")},
    **transport_options("APIGEE"),
}
ADVICE = {
    **transport_advice("endpoint", "Apigee"),
    "unauthenticated": "Check 'access_token' or 'service_account_file': the token is missing, wrong or expired.",
    "permission_denied": "The token is valid but lacks the permission; ask for access to this organization.",
    "not_found": "Check 'instance': there is none of this name.",
    "unimplemented": "Check 'endpoint': what answers there does not take status reports.",
}


def report_status(instance: str) -> str:
    """The procedure that takes the reports of an instance."""
    return f"v1/{instance}:reportStatus"


class Client(HttpClient):
    """Calls Apigee, or another server that takes the same reports. A procedure is a path below its URL."""

    advice = ADVICE
    fresh_token_refused = "Apigee refuses even a fresh token: check that the service account is one of its project."

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """A report takes the place of the one before, so that sending it twice does no harm."""
        return self._repeat(procedure, request, lambda error: error.meaning.read_again)

    def _attempt(self, procedure: str, request: Mapping[str, Any], token: str | None) -> Answer:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        body = json.dumps(request, separators=(",", ":")).encode()
        decode = partial(self._decode, secrets=self.secrets)
        return self._exchange("ReportStatus", self._url(procedure), decode, headers=headers, body=body)

    def _url(self, procedure: str) -> str:
        return f"{self._base_url}/{procedure}"

    def _decode(self, response: requests.Response, body: bytes, secrets: Secrets) -> Answer:
        if not 200 <= response.status_code < 300:
            raise _answered_error(response, body, secrets)
        return self._accepted(response, body, secrets)

    def _accepted(self, response: requests.Response, body: bytes, secrets: Secrets) -> Answer:
        try:
            return Answer(json_object(body) if body.strip() else {}, {})
        except ValueError:
            shown = excerpt(body, response.headers.get("Content-Type", ""), secrets)
            raise ApiError(
                "unknown",
                f"the answer is not one of Apigee: {shown}",
                http_status=response.status_code,
                sent=True,
                advice="Check 'endpoint': a web page or a proxy answers there.",
            ) from None


class Webhook(Client):
    """Sends reports to exactly one URL, whose answer is nobody's business."""

    def __init__(self, url: str, **keywords: Any) -> None:
        super().__init__(url.partition("?")[0], **keywords)  # a query may hold a secret, and is not shown
        self._whole_url = url

    def _url(self, procedure: str) -> str:
        return self._whole_url

    def _accepted(self, response: requests.Response, body: bytes, secrets: Secrets) -> Answer:
        return Answer({}, {})


def _answered_error(response: requests.Response, body: bytes, secrets: Secrets) -> ApiError:
    """What an answer other than 2xx means: by Google's form of errors, else by its HTTP status."""
    status = response.status_code
    try:
        found = json_object(body).get("error")
    except ValueError:
        found = None
    error = found if isinstance(found, dict) else {}
    said = str(error.get("status", "")).lower()
    code = "canceled" if said == "cancelled" else said
    if code not in CODES or code == "client":
        code = CODE_BY_REST_STATUS.get(status, "unknown")
    message = error["message"] if isinstance(error.get("message"), str) else ""
    if elsewhere := redirection(response):
        message = elsewhere
    elif not message:
        message = excerpt(body, response.headers.get("Content-Type", ""), secrets)
    details = error.get("details")
    return ApiError(
        code,
        message,
        http_status=status,
        details=[item for item in details if isinstance(item, dict)] if isinstance(details, list) else (),
        sent=True,
        retry_after=retry_after(response.headers),
    )


def token_of(params: Mapping[str, Any], how: Mapping[str, Any]) -> str | Tokens | None:
    """A token, or who fetches one; None if no option gives any. how: of transport(). Raises a `client` ApiError."""
    token = header_value("access_token", params["access_token"])
    if token or not params["service_account_file"]:
        return token or None
    # A module compiles what it imports on every call, so what few tasks need is imported where it is needed.
    from .service_account import ServiceAccount

    verify = verification(how["validate_certs"], how["ca_path"])
    return ServiceAccount(params["service_account_file"], how["timeout"], verify)


def connect(params: Mapping[str, Any]) -> Connection:
    """The connection of a task. Raises a `client` ApiError for bad options."""
    endpoint = http_url("endpoint", params["endpoint"], instead="'access_token'")
    how = transport(params)
    token = token_of(params, how)
    if token is None:
        raise bad_option("access_token", None, "reports need a token: set it, or 'service_account_file'")
    client = Client(endpoint, token=token, **how)
    secret = {"endpoint": (endpoint, "the token")}
    return Connection(SharedReads(client), client.secrets.hide, plain_http_warnings(secret))


APIGEE = System(
    options=CONNECTION_SPEC,
    connect=connect,
    hide=Secrets().hide,
    show=lambda params: shown_params(params, ("endpoint",)),
    libraries={"requests": REQUESTS_IMPORT_ERROR},
    server=lambda params: {},
)
