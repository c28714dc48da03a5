# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Tokens of a real identity provider, to the emulator and through whole module processes."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest
import trustme
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import ARGUMENT_SPEC
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connection import (
    CONNECTION_SPEC,
    connect,
)

from emulator.process import Emulator
from tests.integration.http_server import CREATE, LIST, SCOPE, Script, Serve, reply, silence
from tests.integration.oidc_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
    OidcServer,
    Registered,
    nth_token,
)
from tests.integration.processes import MODULE, run_python

HERE = Path(__file__).resolve().parent
OTHER_TOKEN = "api-token-of-somebody-that-must-not-leak"
TOKEN = "emulator-token-that-must-not-leak"
CLIENT = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
USER = {"oidc_username": USERNAME, "oidc_password": PASSWORD}
BASIC = base64.b64encode(f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}".encode()).decode()
SECRETS = [
    spelling[:16]
    for secret in (CLIENT_SECRET, PASSWORD)
    for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
]
SECRETS += [BASIC, TOKEN, "issued-token-", OTHER_TOKEN]


@pytest.fixture
def oidc(emulator: Emulator) -> Iterator[OidcServer]:
    with OidcServer(emulator) as started:
        yield started


def client(api_url: str, **options: Any) -> Client:
    """What the task options make, all others at their defaults."""
    defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    params = {**defaults, "scope": "demo", "retries": 0, "timeout": 10.0, "api_url": api_url, **options}
    opened: Client = connect(params).reads.client
    return opened


def failure(action: Callable[[], object]) -> ApiError:
    """The error, which shows no secret wherever one looks."""
    with pytest.raises(ApiError) as info:
        action()
    error = info.value
    shown = [str(error), repr(error), str(error.as_dict()), error.message, error.advice, str(error.metadata)]
    shown += traceback.format_exception(error)
    assert not [text for text in shown for secret in SECRETS if secret in text]
    return error


def writes(emulator: Emulator) -> list[tuple[str, str, bool]]:
    return [(call["rpc"], call["code"], call["effect"]) for call in emulator.journal()["calls"] if call["write"]]


def bucket(name: str = "photos") -> dict[str, Any]:
    return {"scope": "demo", "bucketName": name, "owner": "alice", "acl": 0}


# Grants


@pytest.mark.parametrize("where", ["oidc_issuer_url", "oidc_token_url"])
@pytest.mark.parametrize("grant", ["client_credentials", "password"])
def test_a_token_is_fetched_when_the_first_call_needs_it(oidc: OidcServer, grant: str, where: str) -> None:
    url = oidc.issuer if where == "oidc_issuer_url" else oidc.token_url
    caller = client(oidc.api_url, **{where: url}, **CLIENT, **(USER if grant == "password" else {}))
    assert (oidc.discoveries, oidc.fetches) == (0, 0)
    assert caller.read(LIST, SCOPE) == caller.read(LIST, SCOPE) == {}
    user = {"username": USERNAME, "password": PASSWORD} if grant == "password" else {}
    assert oidc.forms == [{"grant_type": grant, **user, "(scheme)": "Basic"}]
    assert oidc.discoveries == (1 if where == "oidc_issuer_url" else 0)
    assert not [secret for secret in SECRETS if secret in repr(caller) + repr(vars(caller))]


def test_a_client_without_a_secret_names_itself_in_the_body(oidc: OidcServer) -> None:
    oidc.client = Registered(secret=None)
    client(oidc.api_url, oidc_token_url=oidc.token_url, oidc_client_id=CLIENT_ID, **USER).read(LIST, SCOPE)
    sent = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}
    assert oidc.forms == [{"grant_type": "password", **sent, "(scheme)": ""}]


@pytest.mark.parametrize(
    ("methods", "in_body"),
    [
        (["client_secret_post"], True),
        (["client_secret_basic", "client_secret_post"], False),
        (["private_key_jwt"], False),
        (None, False),
        (5, False),
    ],
)
def test_the_secret_goes_where_the_provider_wants_it(oidc: OidcServer, methods: Any, in_body: bool) -> None:
    oidc.client = Registered(methods=("client_secret_post",) if in_body else ("client_secret_basic",))
    oidc.configuration = {"token_endpoint_auth_methods_supported": methods}
    client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT).read(LIST, SCOPE)
    in_form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "(scheme)": ""}
    assert oidc.forms == [{"grant_type": "client_credentials", **(in_form if in_body else {"(scheme)": "Basic"})}]


def test_a_slash_at_the_end_of_the_issuer_is_no_difference(oidc: OidcServer) -> None:
    client(oidc.api_url, oidc_issuer_url=f"{oidc.issuer}/", **CLIENT).read(LIST, SCOPE)
    oidc.configuration = {"issuer": f"{oidc.issuer}/"}
    client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT).read(LIST, SCOPE)


def test_nothing_of_the_environment_changes_the_exchanges(
    oidc: OidcServer, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login intruder password from-netrc\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    environment.setenv("OAUTHLIB_STRICT_TOKEN_TYPE", "1")
    oidc.client = Registered(secret=None)
    client(oidc.api_url, oidc_issuer_url=oidc.issuer, oidc_client_id=CLIENT_ID, **USER).read(LIST, SCOPE)
    assert oidc.forms[0]["(scheme)"] == ""


# Renewal


def test_an_expired_token_is_renewed_for_reads_and_writes(oidc: OidcServer, emulator: Emulator) -> None:
    oidc.lasts = 1
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT)
    caller.read(LIST, SCOPE)
    caller.read(LIST, SCOPE)
    caller.write(CREATE, bucket())
    caller.read(LIST, SCOPE)
    assert [token.calls for token in oidc.tokens.values()] == [2, 2, 2, 1]
    assert writes(emulator) == [("CreateBucket", "ok", True)]
    assert oidc.discoveries == 1


def test_the_server_itself_may_refuse_a_token_between_a_read_and_a_write() -> None:
    """Without the gateway: the emulator comes back with the token that the provider gives next."""
    with Emulator(token=nth_token(1)) as emulator, OidcServer() as oidc:
        caller = client(emulator.url, oidc_issuer_url=oidc.issuer, **CLIENT, **USER)
        caller.read(LIST, SCOPE)
        emulator.token = nth_token(2)
        emulator.restart()
        caller.write(CREATE, bucket())
        assert [call["code"] for call in emulator.journal()["calls"]] == ["ok", "unauthenticated", "ok"]
        assert writes(emulator) == [("CreateBucket", "unauthenticated", False), ("CreateBucket", "ok", True)]
        emulator.token = nth_token(9)
        emulator.restart()
        error = failure(lambda: caller.write(CREATE, bucket("videos")))
        assert (error.code, error.rpc, error.sent) == ("unauthenticated", "CreateBucket", True)
        assert "refuses even a fresh token" in error.advice and "api_token" not in error.advice
        assert oidc.fetches == 3 and len(emulator.state()["scopes"]["demo"]["buckets"]) == 1


@pytest.mark.parametrize("call", ["read", "write"])
def test_a_second_refusal_fails(oidc: OidcServer, emulator: Emulator, call: str) -> None:
    oidc.lasts = 0
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, retries=3, **CLIENT)
    request = SCOPE if call == "read" else bucket()
    error = failure(lambda: getattr(caller, call)(LIST if call == "read" else CREATE, request))
    assert (error.code, error.http_status) == ("unauthenticated", 401)
    assert oidc.fetches == 2 and emulator.journal()["calls"] == []


def test_another_refusal_of_a_fresh_token_is_not_laid_to_the_token(oidc: OidcServer, emulator: Emulator) -> None:
    oidc.lasts = 1
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT)
    caller.read(LIST, SCOPE)
    emulator.add_faults({"rpc": "*", "kind": "error", "when": "before", "code": "permission_denied"})
    error = failure(lambda: caller.read(LIST, SCOPE))
    assert error.code == "permission_denied" and "fresh token" not in error.advice
    assert oidc.fetches == 2


def test_another_refusal_fetches_no_token(oidc: OidcServer, emulator: Emulator) -> None:
    emulator.add_faults({"rpc": "*", "kind": "error", "when": "before", "code": "permission_denied"})
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT)
    assert failure(lambda: caller.read(LIST, SCOPE)).code == "permission_denied"
    assert oidc.fetches == 1


def test_a_write_whose_token_cannot_be_renewed_was_not_executed(oidc: OidcServer, emulator: Emulator) -> None:
    oidc.lasts = 1
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT)
    caller.read(LIST, SCOPE)
    oidc.client = Registered(secret="another")
    error = failure(lambda: caller.write(CREATE, bucket()))
    assert (error.rpc, error.code, error.sent, error.final) == ("oidc token", "unauthenticated", False, True)
    assert "'oidc_client_secret'" in error.advice
    assert writes(emulator) == []


def test_an_api_token_is_never_renewed(emulator: Emulator) -> None:
    error = failure(lambda: client(emulator.url, api_token=OTHER_TOKEN).read(LIST, SCOPE))
    assert "'api_token'" in error.advice and len(emulator.journal()["calls"]) == 1


def test_threads_share_one_fetch_and_one_renewal(oidc: OidcServer, emulator: Emulator) -> None:
    caller = client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT)
    for fetches in (1, 2):
        barrier, done = threading.Barrier(8), []

        def read(barrier: threading.Barrier, done: list[Any]) -> None:
            barrier.wait()
            done.append(caller.read(LIST, SCOPE))

        threads = [threading.Thread(target=read, args=(barrier, done)) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [{}] * 8 and oidc.fetches == fetches
        oidc.expire()


# Failures of the provider


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"oidc_client_secret": f"x{CLIENT_SECRET}"}, "unauthenticated", "'oidc_client_id' and 'oidc_client_secret'"),
        ({"oidc_client_id": "nobody"}, "unauthenticated", "'oidc_client_id' and 'oidc_client_secret'"),
        ({**USER, "oidc_password": f"{PASSWORD}x"}, "unauthenticated", "'oidc_username' and 'oidc_password'"),
        ({**USER, "oidc_username": "nobody"}, "unauthenticated", "'oidc_username' and 'oidc_password'"),
    ],
)
def test_wrong_credentials_name_their_options(oidc: OidcServer, options: Any, code: str, words: str) -> None:
    caller = client(oidc.api_url, retries=3, **{"oidc_issuer_url": oidc.issuer, **CLIENT, **options})
    error = failure(lambda: caller.write(CREATE, bucket()))
    assert (error.code, error.rpc, error.sent) == (code, "oidc token", False)
    assert words in error.advice and error.message.startswith("invalid_")
    assert oidc.fetches == 1, "wrong credentials were tried again, which locks accounts"


def test_a_grant_that_the_client_may_not_use_is_said(oidc: OidcServer) -> None:
    oidc.client = Registered(grants=("password",))
    error = failure(lambda: client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT).read(LIST, SCOPE))
    assert (error.code, error.rpc) == ("permission_denied", "oidc token")
    assert "unauthorized_client" in error.message and "grants" in error.advice


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"issuer": "http://127.0.0.1/realms/other"}, "calls itself 'http://127.0.0.1/realms/other'"),
        ({"issuer": None}, "calls itself"),
        ({"token_endpoint": "ftp://127.0.0.1/token"}, "token endpoint 'ftp://127.0.0.1/token'"),
        ({"token_endpoint": None}, "token endpoint 'None'"),
        ({"token_endpoint": {}}, "token endpoint '{}'"),
    ],
)
def test_a_provider_that_does_not_fit_its_issuer_gets_nothing(oidc: OidcServer, configuration: Any, words: str) -> None:
    oidc.configuration = configuration
    error = failure(lambda: client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT).read(LIST, SCOPE))
    assert (error.code, error.rpc, error.final) == ("failed_precondition", "oidc discovery", True)
    assert words in error.message and "'oidc_issuer_url'" in error.advice
    assert oidc.fetches == 0


def test_a_wrong_issuer_is_named(oidc: OidcServer) -> None:
    error = failure(lambda: client(oidc.api_url, oidc_issuer_url=f"{oidc.issuer}x", **CLIENT).read(LIST, SCOPE))
    assert (error.rpc, error.http_status) == ("oidc discovery", 404) and "'oidc_issuer_url'" in error.advice


def test_an_https_issuer_has_no_plain_http_token_endpoint(emulator: Emulator, tmp_path: Path) -> None:
    """And ca_path and validate_certs hold for the provider as they do for the API."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with OidcServer(emulator, tls=context) as oidc:
        options = {"oidc_issuer_url": oidc.issuer, **CLIENT}
        trusting = {"ca_path": str(tmp_path / "ca.pem")}
        client(oidc.api_url, **options, **trusting).read(LIST, SCOPE)
        client(oidc.api_url, **options, validate_certs=False).read(LIST, SCOPE)
        error = failure(lambda: client(oidc.api_url, **options).read(LIST, SCOPE))
        assert (error.code, error.rpc, error.final) == ("unavailable", "oidc discovery", True)
        assert "not trusted" in error.message and "'oidc_issuer_url'" in error.advice
        oidc.configuration = {"token_endpoint": oidc.token_url.replace("https", "http")}
        error = failure(lambda: client(oidc.api_url, **options, **trusting).read(LIST, SCOPE))
        assert error.code == "failed_precondition" and "no https URL" in error.message
        assert oidc.fetches == 2


def test_a_provider_that_is_not_there_is_unavailable(serve: Serve) -> None:
    closed = serve(listening=False).url
    for option, rpc in (("oidc_issuer_url", "oidc discovery"), ("oidc_token_url", "oidc token")):
        error = failure(lambda option=option: client(closed, **{option: closed}, **CLIENT).read(LIST, SCOPE))
        assert (error.code, error.rpc, error.sent, error.final) == ("unavailable", rpc, False, False)
        assert f"cannot connect to {closed}" in error.message
        assert f"'{option}'" in error.advice and "api_url" not in error.advice


def test_a_url_that_cannot_be_used_is_named_before_any_call(oidc: OidcServer) -> None:
    for option in ("oidc_token_url", "oidc_issuer_url"):
        options: dict[str, Any] = {option: "http://a..b/token", **CLIENT}
        error = failure(lambda options=options: client("http://127.0.0.1", **options))
        assert (error.code, error.rpc) == ("client", None)
        assert f"option '{option}' is 'http://a..b/token': its host " in error.message
    for endpoint in (
        "http://a..b/token",
        "http://%00/token",
        f"http://{'x' * 70}/",
        "http://127.0.0.1:x/",
        "http:///token",
    ):
        oidc.configuration = {"token_endpoint": endpoint}
        error = failure(lambda: client(oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT).read(LIST, SCOPE))
        assert (error.code, error.rpc, error.final) == ("failed_precondition", "oidc discovery", True)
        assert f"token endpoint is {endpoint!r}: " in error.message and "'oidc_issuer_url'" in error.advice
    assert oidc.fetches == 0


BUSY = reply(b'{"error": "temporarily_unavailable"}', 503)


@pytest.mark.parametrize("call", ["read", "write"])
def test_a_provider_that_is_busy_is_asked_again(serve: Serve, call: str) -> None:
    provider, api = serve(BUSY, BUSY, reply(b'{"access_token": "issued-token-x"}')), serve(reply())
    caller = client(api.url, oidc_token_url=provider.url, retries=2, **CLIENT)
    caller._backoff = 0.001
    assert getattr(caller, call)(LIST, SCOPE) == {}
    assert (len(provider.requests), len(api.requests)) == (3, 1)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            reply(b"<html>Sign in</html>", content_type="text/html"),
            "failed_precondition",
            "no JSON object, but text/html",
        ),
        (reply(b"<h1>Bad Gateway</h1>", 502, "text/html"), "unavailable", "Bad Gateway"),
        (reply(b'["access_token"]'), "failed_precondition", "no JSON object"),
        (reply(b"access_token=issued-token-1&token_type=Bearer"), "failed_precondition", "no JSON object"),
        (reply(b'{"access_token": "issued-token-1'), "failed_precondition", "no JSON object"),
        (reply(b"[" * 100_000), "failed_precondition", "no JSON object"),
        (reply(b"{}"), "failed_precondition", "Missing access token"),
        (
            reply(b'{"access_token": 5, "expires_in": "soon", "scope": 7}'),
            "failed_precondition",
            "Missing access token",
        ),
        (reply(b'{"access_token": ""}'), "failed_precondition", "no bearer token"),
        (reply(b'{"access_token": "issued-token-\\u00e9"}'), "failed_precondition", "no bearer token"),
        (reply(b'{"access_token": "issued-token-1\\r\\nX-Evil: 1"}'), "failed_precondition", "no bearer token"),
        (reply(b'{"access_token": "issued-token-1", "token_type": "DPoP"}'), "failed_precondition", "no bearer token"),
        (reply(b'{"access_token": "issued-token-1"}', 500), "unknown", "no bearer token"),
        (reply(b'{"error": 5}', 400), "internal", "Missing access token"),
        (reply(b'{"error": "server_error", "error_description": {"a": 1}}', 500), "unknown", "server_error"),
        (reply(b'{"error": "invalid_client"}', 200), "unauthenticated", "invalid_client"),
        (reply(b"", 401, "text/plain"), "unauthenticated", "(empty)"),
        (reply(b'{"error": "unauthorized_client"}', 401), "unauthenticated", "unauthorized_client"),  # Keycloak
        (b"no HTTP at all\r\n\r\n", "unavailable", "lost the connection"),
    ],
)
def test_a_broken_provider_is_a_clear_error(serve: Serve, answer: Script, code: str, words: str) -> None:
    provider, api = serve(answer), serve(reply())
    error = failure(lambda: client(api.url, oidc_token_url=provider.url, **CLIENT).write(CREATE, bucket()))
    assert (error.code, error.rpc, error.sent) == (code, "oidc token", False)
    assert words in error.message and error.advice
    assert api.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_follow_no_redirect(serve: Serve, status: int) -> None:
    target = serve(reply(b'{"access_token": "issued-token-1"}'))
    provider = serve(reply(b"{}", status, Location=f"{target.url}/token"))
    for option in ("oidc_token_url", "oidc_issuer_url"):
        options = {option: provider.url, **CLIENT, **USER}
        error = failure(lambda options=options: client(target.url, **options).read(LIST, SCOPE))
        assert f"redirects to {target.url}/token" in error.message and f"'{option}'" in error.advice
    assert target.connections == 0


@pytest.mark.parametrize("padding", range(150, 200, 3))
def test_a_provider_that_echoes_secrets_does_not_make_us_show_them(serve: Serve, padding: int) -> None:
    """Wherever the text is cut."""
    told = [CLIENT_SECRET, PASSWORD, quote_plus(PASSWORD), quote(CLIENT_SECRET, safe=""), BASIC]
    for secret in told:
        text = "." * padding + secret
        spoken = json.dumps({"error": "invalid_request", "error_description": text}).encode()
        page = text.encode() if padding % 2 else json.dumps(text).encode()
        for answer in (reply(spoken, 400), reply(page, 502, "text/html"), reply(b"", 302, Location=quote(text, "%+"))):
            options = {"oidc_token_url": serve(answer).url, **CLIENT, **USER}
            failure(lambda options=options: client("http://127.0.0.1", **options).read(LIST, SCOPE))


def test_the_whole_fetch_has_one_timeout(serve: Serve) -> None:
    provider = serve(silence)
    caller = client("http://127.0.0.1", oidc_issuer_url=provider.url, **{**CLIENT, "timeout": 0.2})
    error = failure(lambda: caller.read(LIST, SCOPE))
    assert (error.code, error.rpc, error.sent) == ("deadline_exceeded", "oidc discovery", False)


# Options

WOULD_DO = {
    "oidc_issuer_url": "; 'oidc_token_url' would do as well",
    "oidc_client_secret": "; 'oidc_username' and 'oidc_password' would do as well",
}


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"oidc_client_id": "a"}, "oidc_issuer_url"),
        ({"oidc_client_secret": "hunter2"}, "oidc_issuer_url"),
        ({"oidc_issuer_url": "https://idp"}, "oidc_client_id"),
        ({"oidc_token_url": "https://idp", "oidc_client_secret": "hunter2"}, "oidc_client_id"),
        ({"oidc_token_url": "https://idp", "oidc_client_id": "a"}, "oidc_client_secret"),
        ({"oidc_token_url": "https://idp", "oidc_client_id": "a", "oidc_username": "b"}, "oidc_password"),
        ({"oidc_token_url": "https://idp", **CLIENT, "oidc_password": "hunter2"}, "oidc_username"),
        ({"oidc_token_url": "https://idp", **CLIENT, "oidc_username": "b", "oidc_password": ""}, "oidc_password"),
    ],
)
def test_what_is_missing_is_named(options: dict[str, str], missing: str) -> None:
    error = failure(lambda: client("https://h", **options))
    assert error.code == "client" and error.rpc is None
    assert error.message.startswith(f"option '{missing}' is not given: ")
    given = [f"'{name}'" for name in CONNECTION_SPEC if options.get(name)]
    assert error.message.endswith(f" with {', '.join(given)} alone{WOULD_DO.get(missing, '')}")
    assert "hunter2" not in error.message


@pytest.mark.parametrize("option", ["oidc_issuer_url", "oidc_token_url"])
@pytest.mark.parametrize("url", ["idp.example", "ftp://idp.example", "http://", "http://h:x", "https://h/#x", " "])
def test_what_is_no_http_url_is_refused(option: str, url: str) -> None:
    error = failure(lambda: client("https://h", **{option: url}, **CLIENT))
    assert error.code == "client" and error.message.startswith(f"option '{option}' is {url!r}: ")


def test_only_a_token_url_may_have_a_query() -> None:
    client("https://h", oidc_token_url="https://idp/token?tenant=1", **CLIENT)
    assert "no query" in failure(lambda: client("https://h", oidc_issuer_url="https://idp?tenant=1", **CLIENT)).message


def test_credentials_in_a_url_are_refused_without_showing_them() -> None:
    error = failure(lambda: client("https://h", oidc_issuer_url="https://me:hunter2@idp", **CLIENT))
    assert "'oidc_issuer_url' must not carry credentials" in error.message and "hunter2" not in error.message


def test_an_api_token_comes_before_oidc(oidc: OidcServer, emulator: Emulator) -> None:
    """Which is not even looked at; an empty api_token is none."""
    caller = client(emulator.url, api_token=TOKEN, oidc_issuer_url="nonsense", oidc_username="b")
    assert caller.read(LIST, SCOPE) == {} and oidc.fetches == 0
    caller = client(oidc.api_url, api_token=" ", oidc_issuer_url=oidc.issuer, **CLIENT)
    assert caller.read(LIST, SCOPE) == {} and oidc.fetches == 1


def test_a_token_url_comes_before_an_issuer(oidc: OidcServer) -> None:
    options = {"oidc_issuer_url": "http://127.0.0.1:9/nobody", "oidc_token_url": oidc.token_url, **CLIENT}
    assert client(oidc.api_url, **options).read(LIST, SCOPE) == {}


def test_a_missing_library_is_named_before_any_call(environment: pytest.MonkeyPatch) -> None:
    environment.setitem(sys.modules, "oauthlib", None)
    error = failure(lambda: client("https://h", oidc_issuer_url="https://idp", **CLIENT))
    assert error.code == "client" and "'oauthlib'" in error.message
    assert "'oidc_issuer_url'" in error.message
    client("https://h", api_token=OTHER_TOKEN)


# Plain http


LOCAL = ["http://localhost", "http://LOCALHOST:1/p", "http://a.localhost", "http://localhost.", "http://127.0.0.1"]
LOCAL += [
    "http://LOCALHOST.:1",
    "http://127.8.8.8",
    "http://[::1]:80",
    "http://[::ffff:127.0.0.1]",
    "https://otter.example",
    "HTTPS://h",
]
OPEN = ["http://otter.example", "http://10.0.0.1", "HTTP://otter.example", "http://127.0.0.1.example", " http://h"]
OPEN += [
    "http://localhost.example",
    "http://notlocalhost",
    "http://[2001:db8::1]",
    "http://[::ffff:10.0.0.1]",
    "http://0.0.0.0",
    "http://2130706433",
]


def warned(**options: Any) -> list[str]:
    defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    return list(connect({**defaults, "scope": "demo", "api_url": "https://h", **options}).warnings)


@pytest.mark.parametrize("url", LOCAL + OPEN)
def test_a_token_over_plain_http_to_another_host_warns(url: str) -> None:
    def expected(option: str, loot: str) -> list[str]:
        host = urlsplit(url.strip()).hostname
        overheard = f"'{option}' is plain http to {host}: anyone on the network path can read the {loot}."
        return [f"{overheard} Use https."] if url in OPEN else []

    by_token = expected("api_url", "token")
    assert warned(api_url=url, api_token=OTHER_TOKEN) == by_token
    assert warned(api_url=url, oidc_issuer_url="https://idp", **CLIENT) == by_token
    for option in ("oidc_issuer_url", "oidc_token_url"):
        by_login = expected(option, "credentials and the token")
        assert warned(**{option: url}, **CLIENT) == by_login
        assert warned(**{option: url}, api_url=url, **CLIENT) == by_token + by_login
    assert warned(api_url=url, api_token=" ") == warned(api_url=url) == []
    assert warned(api_token=OTHER_TOKEN, oidc_issuer_url=url, **CLIENT) == []


# Whole processes


def run_module(environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """The result of otterscale_bucket as a process of its own, which shows no secret anywhere."""
    options = {"scope": "demo", "name": "photos", "owner": "alice", **options}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    done = run_python("-m", MODULE, seconds=60, text=text, environment=environment)
    assert not [secret for secret in SECRETS if secret in done.stdout], done.stdout
    result = json.loads(done.stdout)
    assert set(options) <= set(ARGUMENT_SPEC) | set(CONNECTION_SPEC)
    return dict(result)


def test_a_task_outlives_its_tokens(oidc: OidcServer, emulator: Emulator) -> None:
    """Every call but the first meets an expired token."""
    oidc.lasts = 1
    options = {"api_url": oidc.api_url, "oidc_issuer_url": oidc.issuer, **CLIENT}
    assert run_module(**options)["changed"] is True
    assert writes(emulator) == [("CreateBucket", "ok", True)]
    assert run_module(**options)["changed"] is False
    assert run_module(**options, owner="bob")["changed"] is True
    assert writes(emulator)[1:] == [("UpdateBucket", "ok", True)]
    assert oidc.fetches > 4


def test_every_option_may_come_from_the_environment(oidc: OidcServer, emulator: Emulator) -> None:
    variables = {
        "OTTERSCALE_OIDC_ISSUER_URL": oidc.issuer,
        "OTTERSCALE_OIDC_CLIENT_ID": CLIENT_ID,
        "OTTERSCALE_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OTTERSCALE_OIDC_USERNAME": USERNAME,
        "OTTERSCALE_OIDC_PASSWORD": PASSWORD,
    }
    result = run_module(variables, api_url=oidc.api_url)
    assert result["changed"] is True and "warnings" not in result
    assert (oidc.discoveries, [form["grant_type"] for form in oidc.forms]) == (1, ["password"])
    variables["OTTERSCALE_OIDC_TOKEN_URL"] = oidc.token_url
    result = run_module(variables, api_url=oidc.api_url)
    assert result["changed"] is False and "warnings" not in result
    assert (oidc.discoveries, oidc.fetches) == (1, 2)
    variables["OTTERSCALE_API_TOKEN"] = TOKEN
    assert run_module(variables, api_url=emulator.url)["changed"] is False
    assert run_module(variables, api_url=oidc.api_url, api_token="")["changed"] is False
    assert oidc.fetches == 3


def test_a_refused_login_fails_the_task(oidc: OidcServer, emulator: Emulator) -> None:
    wrong = {"oidc_issuer_url": oidc.issuer, **CLIENT, **USER, "oidc_password": f"{PASSWORD}!"}
    result = run_module(api_url=oidc.api_url, **wrong)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "oidc token failed [unauthenticated, HTTP 400]: invalid_grant" in result["msg"]
    assert "'oidc_username' and 'oidc_password'" in result["msg"]
    assert (result["error"]["rpc"], result["error"]["code"]) == ("oidc token", "unauthenticated")
    assert emulator.journal()["calls"] == []


def test_bad_options_fail_before_a_token_is_fetched(oidc: OidcServer) -> None:
    result = run_module(api_url=oidc.api_url, oidc_issuer_url=oidc.issuer, **CLIENT, policy="[]")
    assert result["error"]["code"] == "client" and "'policy'" in result["msg"]
    assert (oidc.discoveries, oidc.fetches) == (0, 0)


def test_a_task_warns_of_plain_http() -> None:
    options = {"api_token": OTHER_TOKEN, "retries": 0, "timeout": 5}
    result = run_module(api_url="http://no-such-host.invalid", **options)
    assert result["failed"] and "plain http to no-such-host.invalid" in str(result["warnings"])


@pytest.mark.parametrize("in_process", [True, False])
def test_ansible_itself_shows_no_secret(
    oidc: OidcServer, emulator: Emulator, tmp_path: Path, environment: pytest.MonkeyPatch, in_process: bool
) -> None:
    """Either way to run a task, at its most talkative."""
    environment.setenv("ANSIBLE_INJECT_INVOCATION", "true")
    options = {"scope": "demo", "name": "photos", "owner": "alice", "api_url": oidc.api_url}
    login = {"oidc_issuer_url": oidc.issuer, **CLIENT, **USER}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"otterscale.core.otterscale_bucket": {**options, **dict.fromkeys(login)}}],
    }
    play["tasks"][0]["otterscale.core.otterscale_bucket"] = {**options, **{k: f"{{{{ {k} }}}}" for k in login}}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    (tmp_path / "vars.json").write_text(
        json.dumps({**login, "otterscale_in_process": in_process, "ansible_python_interpreter": sys.executable})
    )
    done = subprocess.run(
        ["ansible-playbook", "-vvvv", "-i", "localhost,", "-c", "local", "-e", "@vars.json", "play.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert writes(emulator) == [("CreateBucket", "ok", True)]
    assert '"oidc_client_secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"' in done.stdout
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
