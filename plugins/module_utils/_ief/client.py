# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Clients of Huawei Cloud's REST APIs: IEF, whose calls have names as RPCs have, and IAM, which gives tokens for it.

Calls: https://support.huaweicloud.com/intl/en-us/api-ief/ and https://support.huaweicloud.com/intl/en-us/api-iam/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .._errors import CODE_BY_REST_STATUS, ApiError, Reason
from .._http.client import Answer, HttpClient, Tokens, redirection, retry_after
from .._http.exchange import json_object
from .._http.secrets import Secrets
from .._http.text import excerpt
from .._options import transport_advice
from .._values.message import Message

if TYPE_CHECKING:
    import requests

PAGE = 100  # the most that the API gives at once
# How often a list is read again that other clients change while its pages are read.
LIST_TRIES = 3
TOKEN_HEADER = "X-Subject-Token"
_SERVICES = "/v2/{project_id}/edgemgr/services"
# The method and the path of each call. Fields of a request that the path does not name are its query, or its body.
ROUTES: Mapping[str, tuple[str, str]] = {
    "ListServices": ("GET", _SERVICES),
    "GetService": ("GET", f"{_SERVICES}/{{service_id}}"),
    "CreateService": ("POST", _SERVICES),
    "UpdateService": ("PUT", f"{_SERVICES}/{{service_id}}"),
    "DeleteService": ("DELETE", f"{_SERVICES}/{{service_id}}"),
}
ADVICE: Mapping[Reason | str, str] = {
    **transport_advice("endpoint", "an IEF API"),
    "not_found": "Check 'service_id', 'project_id' and 'instance_id', and that 'endpoint' is an IEF API.",
    "permission_denied": "The token is valid but lacks the permission; check 'project_id', and ask for access to it.",
    "unauthenticated": "Check 'auth_token' (or IEF_AUTH_TOKEN): it is missing, wrong or expired.",
}
IAM_ADVICE: Mapping[Reason | str, str] = {
    **transport_advice("iam_endpoint", "IAM"),
    "invalid_argument": "Check 'iam_user', 'iam_domain' and 'project_id'.",
    "not_found": "Check that 'iam_endpoint' is the IAM of your cloud.",
    "unauthenticated": "Check 'iam_user', 'iam_password' and 'iam_domain'.",
}


class Client(HttpClient):
    """Calls IEF for one project, and one instance of the platinum edition ("" for none).

    A read of ListServices is one answer with the services of all pages.
    """

    advice = ADVICE
    fresh_token_refused = (
        "IEF refuses even a fresh token of IAM: check that 'iam_endpoint' and 'endpoint' are of the same cloud and "
        "region."
    )

    def __init__(self, endpoint: str, *, project_id: str, instance_id: str = "", **keywords: Any) -> None:
        super().__init__(endpoint, **keywords)
        self._project_id = project_id
        self._instance_id = instance_id

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if procedure != "ListServices":
            return super().read(procedure, request)
        for _number in range(LIST_TRIES):
            services = self._all_pages(procedure, request)
            if services is not None:
                return {"services": services}
        raise ApiError(
            "aborted",
            "the list of services changed each time while its pages were read",
            rpc=procedure,
            advice="Other clients create and delete services at the same time; run the task again.",
        )

    def _all_pages(self, procedure: str, request: Mapping[str, Any]) -> list[Message] | None:
        """All services by one count; None where pages do not fit together, as one may then be missing."""
        found: list[Message] = []
        ids, counts = set[str](), set[int]()
        while True:
            page = Message(super().read(procedure, {**request, "limit": PAGE, "offset": len(found)}))
            try:
                if "count" not in page:
                    raise ValueError("'count' is missing")
                services, count = page.objects("services"), page.integer("count")
                ids.update(service.string("id") for service in services)
            except ValueError as error:
                raise ApiError("internal", f"the answer makes no sense: {error}", rpc=procedure) from None
            found += services
            counts.add(count)
            if len(counts) > 1 or len(ids) < len(found) or len(found) > count:
                return None
            if len(found) == count:
                return found
            if not services:
                return None

    def _attempt(self, procedure: str, request: Mapping[str, Any], token: str | None) -> Answer:
        method, path = ROUTES[procedure]
        fields = {"project_id": self._project_id, **request}
        url = self._base_url + path.format_map({name: quote(str(value), safe="") for name, value in fields.items()})
        rest = {name: value for name, value in request.items() if f"{{{name}}}" not in path}
        headers = {"Accept": "application/json", "Content-Type": "application/json", "X-Auth-Token": token or ""}
        if self._instance_id:
            headers["ief-instance-id"] = self._instance_id
        body = None
        if method == "GET":
            url += f"?{urlencode(rest)}" if rest else ""
        elif rest:
            body = json.dumps(rest, separators=(",", ":")).encode()
        conflict = "already_exists" if procedure == "CreateService" else "aborted"
        decode = partial(_decode, secrets=self.secrets, api="IEF", conflict=conflict)
        return self._exchange(procedure, url, decode, headers=headers, body=body, method=method)


@dataclass(frozen=True)
class Login:
    """A user of IAM, and the project that the tokens are for."""

    user: str
    password: str = field(repr=False)
    domain: str
    project_id: str

    def as_request(self) -> dict[str, Any]:
        user = {"name": self.user, "password": self.password, "domain": {"name": self.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": {"id": self.project_id}}}}


class IamClient(HttpClient):
    """Calls IAM for tokens."""

    advice = IAM_ADVICE

    def _attempt(self, procedure: str, request: Mapping[str, Any], token: str | None) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        url, body = f"{self._base_url}/v3/auth/tokens", json.dumps(request).encode()
        return self._exchange(procedure, url, partial(_decode_token, secrets=self.secrets), headers=headers, body=body)


class IamTokens(Tokens):
    """The tokens of a user of IAM."""

    def __init__(self, login: Login, endpoint: str, **keywords: Any) -> None:
        super().__init__(login.password)
        self._request = login.as_request()
        self._client = IamClient(endpoint, **keywords)
        self._client.secrets = self.secrets

    def _fetch(self) -> str:
        return self._client.call("CreateToken", self._request).metadata[TOKEN_HEADER]


def _decode_token(response: requests.Response, body: bytes, secrets: Secrets) -> Answer:
    if response.status_code // 100 != 2:
        raise _refused(response, body, secrets, api="IAM")
    token = response.headers.get(TOKEN_HEADER, "")
    if not (token and token.isascii() and token.isprintable()):
        # What comes with such a status may hold a token: nothing of it is shown.
        raise ApiError(
            "failed_precondition",
            f"the answer has no token in its header {TOKEN_HEADER}",
            http_status=response.status_code,
            advice="Check 'iam_endpoint': something else than IAM answers there.",
        )
    return Answer({}, {TOKEN_HEADER: token})


def _decode(response: requests.Response, body: bytes, secrets: Secrets, api: str, conflict: str) -> Answer:
    if response.status_code // 100 != 2:
        raise _refused(response, body, secrets, api, conflict)
    if response.status_code == 204:  # only this one tells that there is nothing more to say
        return Answer({}, {})
    try:
        return Answer(json_object(body), {})
    except ValueError as error:
        shown = excerpt(body, response.headers.get("Content-Type", ""), secrets)
        raise ApiError(
            "internal",
            f"the answer is unusable: {error}: {shown}",
            http_status=response.status_code,
            sent=True,
            advice="Check 'endpoint': a web page or a proxy answers there, not an IEF API.",
        ) from None


def _refused(
    response: requests.Response, body: bytes, secrets: Secrets, api: str, conflict: str = "aborted"
) -> ApiError:
    """What an answer without success means. conflict: the code of status 409, which depends on the call."""
    status = response.status_code
    vendors_code, message = _said(body)
    advice = None
    if elsewhere := redirection(response):
        message = elsewhere
        advice = "Give the URL where the API really is; a login page means that a proxy wants you to sign in."
    elif not (message or vendors_code):
        content_type = response.headers.get("Content-Type", "")
        message = f"a proxy or web server answered, not {api}: {excerpt(body, content_type, secrets)}"
    return ApiError(
        conflict if status == 409 else CODE_BY_REST_STATUS.get(status, "unknown"),
        message or "(the server gave no message)",
        http_status=status,
        details=[{"error_code": vendors_code}] if vendors_code else [],
        sent=True,
        retry_after=retry_after(response.headers),
        advice=advice,
    )


def _said(body: bytes) -> tuple[str, str]:
    """The vendor's code and message, each "" where there is none. IAM wraps them, API gateways spell them otherwise."""
    try:
        said = json_object(body)
    except ValueError:
        return "", ""
    inner = said.get("error")
    if isinstance(inner, dict):
        return str(inner.get("code") or ""), str(inner.get("message") or inner.get("title") or "")
    return str(said.get("error_code") or ""), str(said.get("error_message") or said.get("error_msg") or "")
