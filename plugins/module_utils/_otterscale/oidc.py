# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Access tokens of an OpenID Connect provider, by the client credentials grant or the password grant.

oauthlib writes and reads the grants; the exchanges are ours, so that their time, size and redirects are bounded.
https://openid.net/specs/openid-connect-discovery-1_0.html and https://www.rfc-editor.org/rfc/rfc6749
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._errors import CODE_BY_HTTP_STATUS, ApiError
from .._http.client import USER_AGENT, Tokens
from .._http.exchange import exchange, json_object, open_session
from .._http.text import excerpt, scrub
from .._http.url import usable_url
from .connect import advice_for

if TYPE_CHECKING:
    from requests import Response, Session

_Answer = tuple[int, "dict[str, Any]"]  # HTTP status and JSON object
# What a refusal (RFC 6749, section 5.2) means to us; any other is judged by its HTTP status.
_REFUSALS = {
    "invalid_client": ("unauthenticated", "Check 'oidc_client_id' and 'oidc_client_secret'."),
    "invalid_grant": ("unauthenticated", "Check 'oidc_username' and 'oidc_password', and the state of that account."),
    "unauthorized_client": ("permission_denied", "Check the client's credentials, and which grants it may use."),
    "unsupported_grant_type": ("permission_denied", "The provider does not allow this grant; give 'api_token'."),
}


@dataclass(frozen=True)
class Login:
    """Whose tokens to ask for, and the option that has the URL; without username the client itself is the user."""

    option: str
    url: str
    client_id: str
    client_secret: str | None = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)
    timeout: float  # seconds for one token
    verify: bool | str | None  # as requests takes it

    def provider(self) -> Provider:
        """What fetches the tokens. Raises a `client` ApiError where the library for it is missing."""
        return Provider(self)

    @property
    def basic(self) -> str:
        pair = ":".join(quote(part, safe="") for part in (self.client_id, self.client_secret or ""))  # section 2.3.1
        return base64.b64encode(pair.encode()).decode()


class Provider(Tokens):
    """Tokens of an identity provider. Raises a `client` ApiError where the library for them is missing."""

    def __init__(self, login: Login) -> None:
        try:
            from oauthlib import oauth2
        except ImportError:
            needs = f"option '{login.option}' needs the Python library 'oauthlib'"
            raise ApiError("client", f"{needs}, which is missing on the host that runs the task") from None
        super().__init__(login.basic, login.client_secret or "", login.password or "")
        kind = oauth2.LegacyApplicationClient if login.username else oauth2.BackendApplicationClient
        self._grant: Any = kind(login.client_id)
        self._refusal: Any = oauth2.OAuth2Error
        self._login = login
        self._url = login.url if login.option == "oidc_token_url" else None
        self._secret_in_body = False

    def _fetch(self) -> str:
        login = self._login
        ends = time.monotonic() + login.timeout
        try:
            with open_session() as session:
                self._url = self._url or self._discover(session, ends)
                return self._ask(session, ends, self._url)
        except ApiError as error:
            error.rpc = "oidc token" if self._url else "oidc discovery"
            error.advise(advice_for(login.option))
            scrub(error, *self.secrets)
            raise

    def _discover(self, session: Session, ends: float) -> str:
        issuer = self._login.url.rstrip("/")
        status, found = self._exchange(session, ends, f"{issuer}/.well-known/openid-configuration", {})
        if status != 200:
            raise self._error(status, str(found.get("error")))
        name, url = str(found.get("issuer")), str(found.get("token_endpoint"))
        if name.rstrip("/") != issuer:
            raise self._error(status, f"the provider calls itself {name!r}, but 'oidc_issuer_url' is {issuer!r}")
        if url.partition("://")[0].lower() not in ("https", issuer.partition("://")[0].lower()):
            raise self._error(status, f"the provider's token endpoint {url!r} is not an https URL")
        try:
            usable_url(url)
        except ValueError as error:
            raise self._error(status, f"the provider's token endpoint is {url!r}: {error}") from None
        methods = str(found.get("token_endpoint_auth_methods_supported"))
        self._secret_in_body = "client_secret_post" in methods and "client_secret_basic" not in methods
        return url

    def _ask(self, session: Session, ends: float, url: str) -> str:
        login = self._login
        in_header = bool(login.client_secret) and not self._secret_in_body
        form = self._grant.prepare_request_body(
            include_client_id=not in_header,
            client_secret=None if in_header else login.client_secret,  # oauthlib leaves out what is None
            username=login.username,
            password=login.password,
        )
        headers = {"Authorization": f"Basic {login.basic}"} if in_header else {}
        status, found = self._exchange(session, ends, url, headers, form)
        # Only what oauthlib needs: it stumbles over wrong types in other members.
        names = {"access_token", "token_type", "error", "error_description"}
        texts = {name: text for name, text in found.items() if name in names and isinstance(text, str)}
        try:
            token = str(self._grant.parse_request_body_response(json.dumps(texts))["access_token"])
        except self._refusal as error:
            raise self._error(status, error.description, texts.get("error", "")) from None
        bearer = texts.get("token_type", "bearer").lower() == "bearer"
        if status != 200 or not (bearer and token and token.isascii() and token.isprintable()):
            raise self._error(status, "the answer holds no bearer token")
        return token

    def _exchange(self, session: Session, ends: float, url: str, headers: dict[str, str], form: str = "") -> _Answer:
        headers = {**headers, "Accept": "application/json", "User-Agent": USER_AGENT}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return exchange(
            session,
            url,
            self._decode,
            seconds=max(0.001, ends - time.monotonic()),
            verify=self._login.verify,
            headers=headers,
            body=form.encode() or None,
        )

    def _decode(self, response: Response, body: bytes) -> _Answer:
        status = response.status_code
        if 300 <= status < 400:
            target = response.headers.get("Location", "(no Location)")
            raise self._error(status, f"it redirects to {target}; redirects are not followed")
        try:
            return status, json_object(body)
        except ValueError:
            # What comes with 200 may hold a token: none of it is shown.
            content_type = response.headers.get("Content-Type", "")
            shown = excerpt(body, content_type, self.secrets) if status != 200 else content_type or "of no type"
            raise self._error(status, f"the answer is not a JSON object, but {shown}") from None

    def _error(self, status: int, message: str, refusal: str = "") -> ApiError:
        by_status = "failed_precondition" if status == 200 else CODE_BY_HTTP_STATUS.get(status, "unknown")
        advice = f"Check '{self._login.option}' and the log of the identity provider."
        code, advice = _REFUSALS.get(refusal, (by_status, advice))
        if status == 401:
            code = "unauthenticated"
        message = ": ".join(filter(None, [refusal, message]))
        return ApiError(code, message, http_status=status, advice=advice)
