# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""An OpenID Connect provider on 127.0.0.1, built on Authlib, and a gateway that lets its tokens through to an emulator.

The emulator knows one fixed token. The gateway stands before it as a proxy of an API does: it checks the tokens of
the provider, answers `unauthenticated` where one has expired, and passes on what is good with the emulator's token.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import quote_plus, urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from emulator.process import Emulator

CLIENT_ID = "ansible automation"
# With what HTTP Basic and forms must encode.
CLIENT_SECRET = "client/secret+that%must:not&leak=é"
USERNAME = "otto@example.org"
PASSWORD = "user pass+word%that&must<not>leak=ü"


def nth_token(number: int) -> str:
    return f"issued-token-{number}-that-must-not-leak"


@dataclass
class Token(TokenMixin):
    value: str
    calls: int = 0
    lasts: int | None = None  # calls after which it has expired

    def get_scope(self) -> str:
        return ""

    def is_expired(self) -> bool:
        return self.lasts is not None and self.calls > self.lasts

    def is_revoked(self) -> bool:
        return False


@dataclass
class Registered(ClientMixin):
    """A client that the provider knows. secret None: a public one."""

    secret: str | None = CLIENT_SECRET
    grants: tuple[str, ...] = ("client_credentials", "password")
    methods: tuple[str, ...] = ("client_secret_basic",)

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_allowed_scope(self, scope: str) -> str:
        return scope or "openid"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in (self.methods if self.secret else ("none",))

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class Password(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def authenticate_user(self, username: str, password: str) -> str:
        if (username, password) != (USERNAME, PASSWORD):
            # It repeats what it got, as a talkative provider may.
            raise InvalidGrantError(f"Invalid user credentials {quote_plus(password)}")
        return username


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments: Any) -> None:
        """Nothing on the screen."""


@dataclass
class OidcServer:
    """issuer, token_url: where it is. api_url: the gateway to `emulator`. forms: what was asked of the token endpoint.

    lasts: for how many calls the tokens from now on are good. configuration: members of the discovery document that
    are to differ. client: whom it knows.
    """

    emulator: Emulator | None = None
    tls: ssl.SSLContext | None = None
    lasts: int | None = None
    client: Registered = field(default_factory=Registered)
    configuration: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    discoveries: int = 0
    tokens: dict[str, Token] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> OidcServer:
        self._server = make_server(
            "127.0.0.1", 0, self._app(), threaded=True, request_handler=Quiet, ssl_context=self.tls
        )
        url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self.issuer, self.token_url, self.api_url = f"{url}/realms/demo", f"{url}/token", f"{url}/gateway"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def fetches(self) -> int:
        return len(self.forms)

    def expire(self) -> None:
        """All tokens that there are."""
        for token in self.tokens.values():
            token.lasts = -1

    def _app(self) -> Flask:
        app = Flask(__name__)
        app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = self._next_token
        provider = AuthorizationServer(app, self._query_client, lambda token, request: None)
        provider.register_grant(ClientCredentials)
        provider.register_grant(Password)
        protector = ResourceProtector()
        protector.register_token_validator(_Validator(self))

        @app.get("/realms/demo/.well-known/openid-configuration")
        def discover() -> dict[str, Any]:
            self.discoveries += 1
            known = {"issuer": self.issuer, "token_endpoint": self.token_url}
            return {**known, "token_endpoint_auth_methods_supported": [*self.client.methods], **self.configuration}

        @app.post("/token")
        def token() -> Response:
            with self.lock:
                scheme = request.headers.get("Authorization", "").partition(" ")[0]
                self.forms.append({**request.form.to_dict(), "(scheme)": scheme})
            return provider.create_token_response()

        @app.post("/gateway/<path:path>")
        def gateway(path: str) -> Response | tuple[dict[str, str], int]:
            try:
                protector.acquire_token()
            except OAuth2Error as error:
                return {"code": "unauthenticated", "message": str(error)}, 401
            return self._forward(path)

        return app

    def _query_client(self, client_id: str) -> Registered | None:
        return self.client if client_id == CLIENT_ID else None

    def _next_token(self, *_: Any, **__: Any) -> str:
        with self.lock:
            token = Token(nth_token(len(self.tokens) + 1), lasts=self.lasts)
            self.tokens[token.value] = token
        return token.value

    def _forward(self, path: str) -> Response:
        assert self.emulator is not None
        connection = http.client.HTTPConnection(urlsplit(self.emulator.url).netloc, timeout=30)
        headers = {name: value for name, value in request.headers if name not in ("Host", "Accept-Encoding")}
        headers["Authorization"] = f"Bearer {self.emulator.token}"
        try:
            connection.request("POST", f"/{path}", request.get_data(), headers)
            answer = connection.getresponse()
            return Response(answer.read(), answer.status, content_type=answer.headers["Content-Type"])
        finally:
            connection.close()


class _Validator(BearerTokenValidator):
    def __init__(self, server: OidcServer) -> None:
        super().__init__()
        self.server = server

    def authenticate_token(self, token_string: str) -> Token | None:
        with self.server.lock:
            token = self.server.tokens.get(token_string)
            if token is not None:
                token.calls += 1
            return token
