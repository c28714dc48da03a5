# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a user reads when a task cannot work: what was wanted, what happened, what to do; `error` is for programs.

Most of it through real module processes; proxies and certificates through the client.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme
from ansible_collections.otterscale.core.plugins.module_utils._http.exchange import (
    exchange,
    open_session,
    silence_insecure_request_warnings,
)

from emulator.process import Emulator
from tests.integration.http_server import (
    CREATE,
    LIST,
    SCOPE,
    TOKEN,
    Patient,
    Serve,
    caught,
    client,
    failure,
    hang_up,
    reply,
    stream,
)
from tests.integration.processes import MODULE, run_python


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """PEM files: a server's certificate and key, the CA that signed it, and a CA that did not."""
    directory = tmp_path_factory.mktemp("tls")
    ca, other = trustme.CA(), trustme.CA()
    server = ca.issue_cert("127.0.0.1")
    blobs = {
        "key": server.private_key_pem,
        "cert": server.cert_chain_pems[0],
        "ca": ca.cert_pem,
        "other": other.cert_pem,
    }
    for name, blob in blobs.items():
        blob.write_to_path(str(directory / f"{name}.pem"))
    (directory / "empty.pem").write_text("no certificate\n")
    return {name: str(directory / f"{name}.pem") for name in (*blobs, "empty", "missing")}


@pytest.fixture(scope="module")
def secure(bundles: dict[str, str]) -> Iterator[Emulator]:
    with Emulator("--tls-cert", bundles["cert"], "--tls-key", bundles["key"], token=TOKEN) as started:
        yield started


# The module


def run_module(environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """The result of otterscale_bucket, run as Ansible runs it: a process that gets its options as JSON."""
    options = {"name": "photos", "owner": "alice", **options}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": options})
    done = run_python("-m", MODULE, seconds=15, text=text, environment=environment)
    assert TOKEN not in done.stdout
    result = json.loads(done.stdout)
    assert "exception" not in result
    assert done.returncode == (1 if result.get("failed") else 0)
    return dict(result)


def run_refused(**options: Any) -> tuple[dict[str, Any], str]:
    """The `error` and the message of a task that failed without having changed anything."""
    connection = {"api_token": TOKEN, "scope": "demo", "retries": 0, "timeout": 10}
    options = {name: value for name, value in {**connection, **options}.items() if value is not None}
    result = run_module(**options)
    assert (result["failed"], result["changed"], result["bucket"], result["operations"]) == (True, False, None, [])
    assert set(result["error"]) == {"code", "rpc", "http_status", "message", "details"}
    return result["error"], result["msg"]


# Takes all that it may have of something, and then makes a call.
CALL_WITHOUT_MEANS = """
import os, resource, sys, threading
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client, ApiError

client = Client(sys.argv[1], token=sys.argv[2], retries=0)
if sys.argv[3] == "threads":
    threading.stack_size(1 << 46)  # no system has room for such a thread
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    try:
        while True:
            os.open(os.devnull, os.O_RDONLY)
    except OSError:
        pass
try:
    client.read("a.Service/Rpc", {})
except ApiError as error:
    print(error, error.sent)
"""


@pytest.mark.parametrize(
    ("means", "words"),
    [("files", "cannot connect to {url}: Too many open files"), ("threads", "cannot begin the call: ")],
)
def test_a_system_without_means_for_a_call_is_explained(means: str, words: str, emulator: Emulator) -> None:
    done = run_python("-c", CALL_WITHOUT_MEANS, emulator.url, TOKEN, means, seconds=15)
    assert f"unavailable: {words.format(url=emulator.url)}" in done.stdout and done.stdout.endswith(" False\n")


@pytest.mark.parametrize(
    ("case", "code", "status", "words"),
    [
        ("refused", "unavailable", None, ["cannot connect to http://127.0.0.1:", "refused", "Check 'api_url'"]),
        ("unknown host", "unavailable", None, ["cannot connect to http://no-such-host.invalid", "Check 'api_url'"]),
        ("untrusted", "unavailable", None, ["certificate of https://127.0.0.1:", "not trusted", "'ca_path'"]),
        ("wrong token", "unauthenticated", 401, ["invalid or missing bearer token", "Check 'api_token'", "expired"]),
        ("no token", "unauthenticated", 401, ["invalid or missing bearer token", "Check 'api_token'", "missing"]),
        ("disabled", "unimplemented", 501, ["feature storage is disabled", "switched off", "administrator"]),
        ("unknown scope", "not_found", 404, ['"nowhere"', "Check 'scope'", "no scope 'nowhere'"]),
        ("no api", "unimplemented", 404, ["404 page not found", "'api_url' (with its path prefix)"]),
        ("html 200", "unknown", 200, ["text/html", "Sign in", "Check 'api_url'", "web page"]),
        ("html 502", "unavailable", 502, ["HTTP 502", "Bad Gateway", "proxies"]),
        ("redirect", "unknown", 302, ["redirects to https://login.example/", "Set 'api_url'"]),
    ],
)
def test_a_server_that_cannot_be_used_is_explained(
    case: str, code: str, status: int | None, words: list[str], emulator: Emulator, secure: Emulator, serve: Serve
) -> None:
    with ExitStack() as stack:
        options: dict[str, dict[str, Any]] = {
            "refused": {"api_url": serve(listening=False).url},
            "unknown host": {"api_url": "http://no-such-host.invalid"},
            "untrusted": {"api_url": secure.url},
            "wrong token": {"api_url": emulator.url, "api_token": "of-yesterday"},
            "no token": {"api_url": emulator.url, "api_token": None},
            "unknown scope": {"api_url": emulator.url, "scope": "nowhere"},
            "no api": {"api_url": serve(reply(b"404 page not found", 404, "text/plain")).url},
            "html 200": {"api_url": serve(reply(b"<html>Sign in</html>", content_type="text/html")).url},
            "html 502": {"api_url": serve(reply(b"<h1>Bad Gateway</h1>", 502, "text/html")).url},
            "redirect": {"api_url": serve(reply(b"", 302, "text/html", Location="https://login.example/")).url},
        }
        if case == "disabled":
            options[case] = {"api_url": stack.enter_context(Emulator("--disable", "storage", token=TOKEN)).url}
        error, message = run_refused(**options[case])
    assert (error["code"], error["rpc"], error["http_status"], error["details"]) == (code, "ListBuckets", status, [])
    assert message.startswith(
        f"bucket photos present: ListBuckets failed [{code}{f', HTTP {status}' if status else ''}]: "
    )
    assert not [word for word in words if word not in message], message
    assert error["message"].rstrip(".") in message and message.endswith(".")
    assert ".." not in message


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("api_url", "ftp://otterscale.example", "'ftp://otterscale.example': must be an http:// or https:// URL"),
        ("api_url", "otterscale.example:8299", "'otterscale.example:8299': must be an http:// or https:// URL"),
        ("api_url", "http://me:hunter2@otterscale.example", "must not carry credentials: give 'api_token'"),
        ("api_url", "http://otterscale.example/?a=b", "no query"),
        ("api_url", "ftp://me:hunter2@otterscale.example:x/?a=b", "must not carry credentials: give 'api_token'"),
        ("api_url", "http://otter..example", "'http://otter..example': its host has a part that is empty"),
        ("scope", "", "'': must not be empty"),
        ("timeout", 0, "0.0: must be above zero"),
        ("timeout", 1e10, "10000000000.0: "),
        ("timeout", "nan", "nan: must be above zero"),
        ("retries", -1, "-1: must not be negative"),
        ("retries", 101, "101: must be at most 100"),
        ("ca_path", "/no/such/bundle.pem", "'/no/such/bundle.pem': there is no such file"),
        ("api_token", "two\nlines", "holds a character that no HTTP header can carry"),
    ],
)  # fmt: skip
def test_a_bad_connection_option_is_named_before_any_call(serve: Serve, option: str, value: Any, words: str) -> None:
    server = serve(reply())
    error, message = run_refused(**{"api_url": server.url, option: value})
    assert (error["code"], error["rpc"], error["http_status"]) == ("client", None, None)
    assert message.startswith(f"bucket photos: option '{option}' ") and words in message
    assert message.endswith("run it again.")
    assert "hunter2" not in message and "lines" not in message
    assert server.connections == 0


def test_a_server_that_asks_for_an_hour_does_not_get_it(serve: Serve) -> None:
    server = serve(reply(), reply(b"", 503, Retry_After=3600), reply())
    started = time.monotonic()
    error, _message = run_refused(api_url=server.url, timeout=1, retries=1)
    assert error["code"] == "unavailable" and time.monotonic() - started < 10


def test_a_write_that_was_refused_for_now_is_sent_again(emulator: Emulator) -> None:
    emulator.add_faults({"rpc": "CreateBucket", "kind": "error", "code": "unavailable"})
    mark = emulator.journal()["next"]
    result = run_module(api_url=emulator.url, api_token=TOKEN, scope="demo", name="refused-for-now", retries=1)
    assert result["changed"] is True
    assert [call["code"] for call in emulator.journal(mark)["calls"] if call["write"]] == ["unavailable", "ok"]


def test_a_broken_header_in_the_answer_to_a_write_is_no_traceback(serve: Serve) -> None:
    server = serve(reply(), reply(b"", 503, Retry_After="\xb2"), reply())
    error, message = run_refused(api_url=server.url)
    assert (error["code"], error["rpc"]) == ("unavailable", "CreateBucket") and "HTTP 503" in message


def test_every_option_may_come_from_the_environment(secure: Emulator, bundles: dict[str, str], serve: Serve) -> None:
    def variables(**values: str) -> dict[str, str]:
        return {f"OTTERSCALE_{name.upper()}": value for name, value in values.items()}

    mark = secure.journal()["next"]
    given = {"api_url": secure.url, "api_token": TOKEN, "scope": "demo", "timeout": "2.5"}
    assert run_module(variables(**given, ca_path=bundles["ca"]))["changed"] is True
    assert run_module(variables(**given, validate_certs="false"))["changed"] is False
    calls = secure.journal(mark)["calls"]
    assert [call["rpc"] for call in calls] == ["ListBuckets", "CreateBucket", "ListBuckets"]
    assert {call["scope"] for call in calls} == {"demo"}
    assert {call["headers"]["connect-timeout-ms"] for call in calls} == {"2500"}
    server = serve(hang_up)
    for retries in (0, 1):
        run_module(variables(api_url=server.url, scope="demo", retries=str(retries)))
        assert len(server.requests) == retries + 1
        server.requests.clear()


def test_an_option_comes_before_its_variable(serve: Serve) -> None:
    server = serve(hang_up)
    environment = {"OTTERSCALE_API_URL": "http://no-such-host.invalid", "OTTERSCALE_RETRIES": "3"}
    run_module(environment, api_url=server.url, scope="demo", retries=0)
    assert len(server.requests) == 1


# The client: proxies, certificates, and whether anything was sent


def test_proxies_are_honoured_and_no_proxy_too(serve: Serve, environment: Any) -> None:
    proxy, server = serve(reply(b'{"by": "proxy"}')), serve(reply(b'{"by": "server"}'))
    environment.setenv("HTTP_PROXY", proxy.url)
    environment.setenv("NO_PROXY", "127.0.0.1")
    assert client("http://otterscale.invalid:8299/api").call(LIST, SCOPE).message == {"by": "proxy"}
    assert proxy.requests[-1].line == f"POST http://otterscale.invalid:8299/api/{LIST} HTTP/1.1"
    assert client(server.url).call(LIST, SCOPE).message == {"by": "server"}
    assert len(proxy.requests) == len(server.requests) == 1


def test_the_servers_of_one_session_have_proxies_of_their_own(serve: Serve, environment: Any) -> None:
    proxy, server = serve(reply(b"by proxy"), reply(b"by proxy")), serve(reply(b"by server"), reply(b"by server"))
    environment.setenv("HTTP_PROXY", proxy.url)
    environment.setenv("NO_PROXY", "127.0.0.1")
    urls = [server.url, "http://otterscale.invalid:8299/api"] * 2
    with open_session() as session:
        bodies = [exchange(session, url, lambda _r, body: body, seconds=10, verify=None, headers={}) for url in urls]
    assert bodies == [b"by server", b"by proxy"] * 2


def test_a_proxy_that_refuses_a_tunnel_gets_no_token(serve: Serve, environment: Any) -> None:
    proxy = serve(stream(reply(b"no", 403)))
    environment.setenv("HTTPS_PROXY", proxy.url)
    error = failure("https://otterscale.invalid/api")
    assert (error.code, error.sent) == ("unavailable", False) and "403" in error.message
    assert proxy.requests[0].line.startswith("CONNECT otterscale.invalid:443 ")
    assert TOKEN not in str(proxy.requests)


def test_a_proxy_that_got_a_write_and_hung_up_may_have_passed_it_on(serve: Serve, environment: Any) -> None:
    proxy = serve(hang_up)
    environment.setenv("HTTP_PROXY", proxy.url)
    error = caught(lambda: client("http://otterscale.invalid", retries=3).write(CREATE, SCOPE))
    assert len(proxy.requests) == 1 and (error.code, error.sent) == ("unavailable", True)


def test_a_host_name_that_cannot_be_one_is_never_tried_again() -> None:
    error = failure("http://otterscale..example.com")
    assert (error.sent, error.final) == (False, True) and "lost the connection" not in error.message


@pytest.mark.parametrize(
    ("options", "variable"), [({"ca_path": "ca"}, "other"), ({}, "ca"), ({"validate_certs": False}, "other")]
)
def test_certificates_are_checked_with_the_bundle_that_was_given(
    secure: Emulator, bundles: dict[str, str], environment: Any, options: dict[str, Any], variable: str
) -> None:
    """ca_path comes before REQUESTS_CA_BUNDLE, and validate_certs=false before both."""
    environment.setenv("REQUESTS_CA_BUNDLE", bundles[variable])
    options = {name: bundles[value] if name == "ca_path" else value for name, value in options.items()}
    silence_insecure_request_warnings()
    assert client(secure.url, **options).call(LIST, SCOPE).message == secure.call("storage", "ListBuckets", **SCOPE)[1]


@pytest.mark.parametrize("bundle", [None, "other", "host"])
def test_an_untrusted_certificate_is_final_and_nothing_was_sent(
    secure: Emulator, bundles: dict[str, str], bundle: str | None
) -> None:
    url, ca = secure.url, bundles[bundle or "ca"] if bundle != "host" else bundles["ca"]
    mark = secure.journal()["next"]
    error = failure(url.replace("127.0.0.1", "localhost") if bundle == "host" else url, ca_path=ca if bundle else None)
    assert (error.code, error.sent, error.final) == ("unavailable", False, True)
    assert "certificate" in error.message and "not trusted" in error.message
    assert "'ca_path'" in error.advice
    assert secure.journal(mark)["calls"] == []


def test_an_empty_ca_path_does_not_switch_the_check_off(secure: Emulator) -> None:
    error = failure(secure.url, ca_path="")
    assert (error.code, error.sent, error.final) == ("unavailable", False, True) and "not trusted" in error.message


@pytest.mark.parametrize("bundle", ["missing", "empty"])
@pytest.mark.parametrize("given_as", ["ca_path", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_useless_bundle_is_named_and_final(
    secure: Emulator, bundles: dict[str, str], environment: Any, given_as: str, bundle: str
) -> None:
    path = bundles[bundle]
    if given_as != "ca_path":
        environment.setenv(given_as, path)
    error = failure(secure.url, ca_path=path if given_as == "ca_path" else None)
    assert (error.sent, error.final) == (False, True)
    assert path in error.message and "lost the connection" not in error.message


def test_tls_spoken_to_a_port_without_it_is_a_wrong_scheme(emulator: Emulator, secure: Emulator) -> None:
    error = failure(emulator.url.replace("http:", "https:"))
    assert (error.code, error.sent, error.final) == ("unavailable", False, True)
    assert "scheme" in error.advice and "lost the connection" not in error.message
    other_way = failure(secure.url.replace("https:", "http:"))
    assert (other_way.code, other_way.sent) == ("unavailable", True) and "'api_url'" in other_way.advice


def test_what_is_final_is_not_tried_again(secure: Emulator) -> None:
    for action in (Patient.read, Patient.write):
        caller = Patient(secure.url, retries=4)
        caught(lambda action=action, caller=caller: action(caller, CREATE, SCOPE))
        assert caller.failures == 1
