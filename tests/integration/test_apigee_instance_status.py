# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Status reports by tasks: what is sent, what is refused before, what is remembered, and where tokens come from.

Every playbook runs its tasks in the controller's process and as modules, each against a server of its own, and both
report the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from emulator.process import Emulator

from .http_server import HttpServer, Serve, hang_up, reply
from .playbook import MODULE, Run, run_playbook

STATUS = "otterscale.core.apigee_instance_status"
TOKEN = "apigee-token-that-must-not-leak"
INSTANCE = "organizations/demo/instances/nightly"
RESOURCE = {
    "resource": "organizations/demo/envgroups/test",
    "uid": "1",
    "total_replicas": 3,
    "revisions": [
        {
            "revision_id": "7",
            "replicas": 2,
            "errors": [{"resource": "proxy", "type": "deploy", "code": "CANCELLED", "message": "too slow"}],
            "json_spec": '{"a": [1]}',
        },
        {"revision_id": "6"},
    ],
}
BODY = {
    "resource": "organizations/demo/envgroups/test",
    "uid": "1",
    "totalReplicas": 3,
    "revisions": [
        {
            "revisionId": "7",
            "replicas": 2,
            "errors": [{"resource": "proxy", "type": "deploy", "code": "CANCELLED", "message": "too slow"}],
            "jsonSpec": '{"a": [1]}',
        },
        {"revisionId": "6"},
    ],
}


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Emulator]]:
    with Emulator(token=TOKEN) as here, Emulator(token=TOKEN) as module:
        yield {"plain": here, "plain" + MODULE: module}


@pytest.fixture
def both(started: dict[str, Emulator]) -> dict[str, Emulator]:
    for emulator in started.values():
        emulator.clear_faults()
        emulator.reset()
    return started


def play(tmp_path: Path, both: dict[str, Emulator], *tasks: dict[str, Any], check: bool = False) -> Run:
    """Run tasks with these options; what they do not give are the defaults of the action group."""
    defaults = {
        "endpoint": "{{ otterscale_api_url }}/",
        "access_token": "{{ otterscale_api_token }}",
        "instance": INSTANCE,
        "resources": [RESOURCE],
    }
    listed = [{STATUS: task, "ignore_errors": True} for task in tasks]
    group = {"module_defaults": {"group/otterscale.core.apigee": defaults}}
    (tmp_path / f"play-{'check' if check else 'real'}.jsonl").unlink(missing_ok=True)
    file = tmp_path / "play.yml"
    file.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": listed, **group}]))
    run = run_playbook(file, "check" if check else "real", both, {}, tmp_path)
    assert TOKEN not in run.output
    return run


def told(run: Run, host: str, *keys: str) -> list[Any]:
    results = [result.values for result in run.of(host)]
    return [tuple(result.get(key) for key in keys) if len(keys) > 1 else result.get(keys[0]) for result in results]


def kept(emulator: Emulator) -> dict[str, Any]:
    return dict(emulator.state()["apigee"]["instances"][INSTANCE]["report"])


def test_a_report_is_sent_as_the_api_has_it(both: dict[str, Emulator], tmp_path: Path) -> None:
    spec = {"resource": "r", "revisions": [{"json_spec": {"b": 1, "a": [True]}}]}
    run = play(
        tmp_path,
        both,
        {"instance_uid": "i-1", "report_time": "2026-01-31T13:00:00.5+01:00"},
        {"report_time": "2026-02-01 00:00:00+00:00", "resources": [spec, {"resource": "empty", "revisions": []}]},
        {},
    )
    for host, emulator in both.items():
        assert told(run, host, "changed", "failed") == [(True, False)] * 3
        first, second, third = told(run, host, "report")
        assert first == {"instanceUid": "i-1", "reportTime": "2026-01-31T12:00:00.5Z", "resources": [BODY]}
        assert second == {
            "reportTime": "2026-02-01T00:00:00Z",
            "resources": [
                {"resource": "r", "revisions": [{"jsonSpec": '{"b": 1, "a": [true]}'}]},
                {"resource": "empty", "revisions": []},
            ],
        }
        assert third["reportTime"] > "2026-02" and third["reportTime"].endswith("Z")
        calls = run.calls[host]
        assert [(call["rpc"], call["code"], call["effect"]) for call in calls] == [("ReportStatus", "ok", True)] * 3
        assert [call["request"] for call in calls] == [first, second, third]
        assert kept(emulator) == third
        diffs = told(run, host, "diff")
        assert diffs[0] == {"before": {}, "after": {"instanceUid": "i-1", "resources": [BODY]}}
        assert told(run, host, "operations")[0] == [
            {"rpc": "ReportStatus", "reason": "without 'state_file' every run sends its report"}
        ]


BAD = {
    "instance": ("organizations/demo", "option 'instance' is 'organizations/demo': must be of the form"),
    "report_time": ("yesterday", "option 'report_time' is 'yesterday': must be a time in RFC 3339 format"),
    "endpoint": ("ftp://apigee.test", "option 'endpoint' is 'ftp://apigee.test': must be an http"),
    "retries": (-1, "option 'retries' is -1"),
    "access_token": ("", "option 'access_token' is not given"),
    "state_file": ("/nowhere/at/all", "option 'state_file' is '/nowhere/at/all': there is no such folder"),
    "service_account_file": ("/nowhere", ""),
}
BAD_RESOURCES = {
    "resources[0].total_replicas": {"total_replicas": -1},
    "resources[0].revisions[1].replicas": {"revisions": [{}, {"replicas": 2**31}]},
    "resources[0].revisions[0].errors[0].code": {"revisions": [{"errors": [{"code": "not_found"}]}]},
    "resources[0].revisions[0].errors[1].code": {"revisions": [{"errors": [{"code": "OK"}, {"type": "x"}]}]},
    "resources[0].revisions[0].errors[0].message": {"revisions": [{"errors": [{"code": "OK", "message": 5}]}]},
    "resources[0].revisions[0].errors[0]": {"revisions": [{"errors": [{"code": "OK", "text": "x"}]}]},
    "resources[0].revisions[0].json_spec": {"revisions": [{"json_spec": "{"}]},
}


def test_what_is_no_good_is_refused_before_any_call(both: dict[str, Emulator], tmp_path: Path) -> None:
    more: list[tuple[dict[str, Any], str]] = [
        ({"report_time": "2026-02-30T00:00:00Z"}, "is not a valid date and time"),
        ({"report_time": "2026-01-31T12:00:00.0123456789Z"}, "at most 9"),
        ({"endpoint": "http://me:hunter2@apigee.test"}, "option 'endpoint' must not carry credentials"),
        ({"access_token": "", "service_account_file": "/nowhere"}, "the file cannot be read: No such file"),
    ]
    cases = [({option: value}, message) for option, (value, message) in BAD.items() if message]
    cases += [({"resources": [{"resource": "r", **bad}]}, f"option '{name}' is") for name, bad in BAD_RESOURCES.items()]
    cases += more
    for check in (False, True):
        run = play(tmp_path, both, *(options for options, _message in cases), check=check)
        for host in both:
            for (options, message), result in zip(cases, run.of(host), strict=True):
                values = result.values
                assert values["failed"] and not values["changed"] and values["operations"] == [], options
                assert message in values["msg"] and values["error"]["code"] == "client", values["msg"]
            assert run.calls[host] == []
        assert "hunter2" not in run.output


def test_what_was_accepted_last_is_not_sent_again(both: dict[str, Emulator], tmp_path: Path) -> None:
    state = {"state_file": str(tmp_path / "{{ inventory_hostname }}.json")}
    other = {**state, "resources": []}
    early, late = {"report_time": "2026-01-01T00:00:00Z"}, {"report_time": "2026-01-02T00:00:00Z"}
    another = "organizations/demo/instances/other"
    for emulator in both.values():
        emulator.put("apigee_instance", name=another)
    check = play(tmp_path, both, {**state, **late}, check=True)
    first = play(tmp_path, both, {**state, **late}, {**state, "report_time": "2026-01-03T00:00:00Z"})
    second = play(
        tmp_path,
        both,
        {**state, "instance": another},
        {**state, **late, "endpoint": "{{ otterscale_api_url }}"},
        {**other, **early},
        {**other, **early},
        {**other, "report_time": "2026-01-02T00:00:00.000000001Z"},
    )
    for host, emulator in both.items():
        assert not check.calls[host]
        for key in ("changed", "operations", "diff", "report"):
            assert told(check, host, key) == told(first, host, key)[:1]
        assert told(first, host, "changed") == [True, False]
        assert told(first, host, "operations") == [
            [{"rpc": "ReportStatus", "reason": "'state_file' knows of no report"}],
            [],
        ]
        assert told(first, host, "report")[1]["reportTime"] == "2026-01-02T00:00:00Z"
        assert len(first.calls[host]) == 1
        # One file for several instances; an older report is sent, ignored, and not remembered.
        assert told(second, host, "changed") == [True, False, True, True, True]
        warned = ["ignores an older one" in str(warnings) for warnings in told(second, host, "warnings")]
        assert warned == [False, False, True, True, False]
        assert len(second.calls[host]) == 4
        assert [call["effect"] for call in second.calls[host]] == [True, False, False, True]
        assert kept(emulator)["resources"] == []
        file = tmp_path / f"{host}.json"
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text('{"half a fi')
    # The file beside it that is written first would have too long a name.
    damaged = play(tmp_path, both, other, other, {"state_file": str(tmp_path / ("x" * 250))})
    for host in both:
        assert told(damaged, host, "changed") == [True, False, True]
        warnings = [str(warnings) for warnings in told(damaged, host, "warnings")]
        assert "is damaged" in warnings[0]
        assert "cannot be written (File name too long): the next run will send it again" in warnings[2]


def test_failures_say_what_to_do_and_lost_answers_are_no_loss(both: dict[str, Emulator], tmp_path: Path) -> None:
    html = {"headers": {"content-type": "text/html"}, "body": "<b>Sign in</b>"}
    page = {"rpc": "ReportStatus", "kind": "answer", **html}
    for emulator in both.values():
        emulator.add_faults(
            {"rpc": "ReportStatus", "kind": "close", "when": "after"},
            {"rpc": "ReportStatus", "kind": "error", "code": "resource_exhausted"},
        )
    run = play(tmp_path, both, {})
    for host, emulator in both.items():
        assert told(run, host, "changed") == [True]
        assert [call["code"] for call in run.calls[host]] == ["lost", "resource_exhausted", "ok"]
        emulator.add_faults(
            {"rpc": "ReportStatus", "kind": "error", "code": "unavailable", "count": 2},
            {"rpc": "ReportStatus", "kind": "error", "code": "canceled", "message": "injected"},
            page,
            {**page, "status": 502},
            {**page, "status": 302, "headers": {"location": "https://login.test/"}},
        )
    state = {"state_file": str(tmp_path / "{{ inventory_hostname }}.json")}
    run = play(
        tmp_path,
        both,
        {"retries": 1, **state},
        {"retries": 0, **state},
        {"retries": 0},
        {"retries": 0},
        {"retries": 0},
        {"access_token": "wrong"},
        {"instance": "organizations/demo/instances/none"},
        {"endpoint": "http://127.0.0.1:1", "retries": 0},
        state,
    )
    for host, emulator in both.items():
        failures = [result.values.get("error") for result in run.of(host)]
        assert [error and (error["code"], error["http_status"]) for error in failures] == [
            ("unavailable", 503),
            ("canceled", 499),
            ("unknown", 200),
            ("unavailable", 502),
            ("unknown", 302),
            ("unauthenticated", 401),
            ("not_found", 404),
            ("unavailable", None),
            None,
        ]
        assert all(error is None or error["rpc"] == "ReportStatus" for error in failures)
        assert told(run, host, "changed") == [False] * 8 + [True]  # a failed one was not remembered
        messages = told(run, host, "msg")
        assert "Sign in" in messages[2] and "<b>" not in messages[2] and "Check 'endpoint'" in messages[2]
        assert "redirects to https://login.test/" in messages[4]
        assert "Check 'instance': there is none of this name." in messages[6]
        assert messages[1] == f"status report of {INSTANCE}: ReportStatus failed [canceled, HTTP 499]: injected. " + (
            "The call was canceled on its way; run the task again."
        )
        assert kept(emulator)


# Service accounts


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_file(path: Path, key: rsa.RSAPrivateKey, token_uri: str) -> dict[str, str]:
    """The option that names a key file of the account, which it writes."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "client_email": "reporter@demo.test",
        "private_key_id": "k1",
        "private_key": key.private_bytes(*form).decode(),
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(account))
    return {"service_account_file": str(path), "access_token": ""}


def token_server(serve: Serve, *tokens: str) -> HttpServer:
    return serve(*(reply(json.dumps({"access_token": token, "expires_in": 3599}).encode()) for token in tokens))


def test_a_service_account_gets_tokens_and_renews_them_once(
    both: dict[str, Emulator], key: rsa.RSAPrivateKey, serve: Serve, tmp_path: Path
) -> None:
    host = "plain" + MODULE
    emulator = {host: both[host]}
    issuer = token_server(serve, TOKEN, "expired", TOKEN, "expired")
    account = key_file(tmp_path / "key.json", key, f"{issuer.url}/token")
    run = play(tmp_path, emulator, account, account, account)
    assert told(run, host, "failed") == [False, False, True]
    assert "Apigee refuses even a fresh token" in told(run, host, "msg")[2]
    refused = "unauthenticated"
    assert [call["code"] for call in run.calls[host]] == ["ok", refused, "ok", refused, refused]
    assert len(issuer.requests) == 5
    form = parse_qs(issuer.requests[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(form["assertion"][0], certs=public, audience=f"{issuer.url}/token")
    assert claims["iss"] == "reporter@demo.test"
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["exp"] - claims["iat"] == 3600
    assert form["assertion"][0] not in run.output and "PRIVATE KEY" not in run.output


def test_a_token_that_cannot_be_had_says_why(
    both: dict[str, Emulator], key: rsa.RSAPrivateKey, serve: Serve, tmp_path: Path
) -> None:
    refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    answers: dict[str, tuple[Any, str, str]] = {
        "refused": (reply(json.dumps(refusal).encode(), 400), "unauthenticated", "invalid_grant: Invalid JWT"),
        "empty": (reply(b'{"access_token": ""}'), "failed_precondition", "the answer has no access token"),
        "page": (reply(b"<p>no</p>", 404, "text/html"), "not_found", "no"),
        "gone": (hang_up, "unavailable", "lost the connection"),
    }
    bad = {
        "text": "no json",
        "other": json.dumps({"type": "authorized_user"}),
        "broken": json.dumps(
            {"client_email": "a@b", "private_key": "secret-key", "private_key_id": "1", "token_uri": "https://x.test"}
        ),
        "uri": json.dumps({"client_email": "a@b", "private_key": "x", "private_key_id": "1", "token_uri": "file:///x"}),
    }
    host = "plain" + MODULE
    tasks = [
        key_file(tmp_path / name, key, serve(answer).url) | {"retries": 0}
        for name, (answer, _code, _message) in answers.items()
    ]
    for name, text in bad.items():
        (tmp_path / name).write_text(text)
        tasks.append({"service_account_file": str(tmp_path / name), "access_token": ""})
    run = play(tmp_path, {host: both[host]}, *tasks)
    for result, (_answer, code, message) in zip(run.of(host), answers.values(), strict=False):
        error = result.values["error"]
        assert (error["code"], error["rpc"]) == (code, "service account token"), result.values["msg"]
        assert message in result.values["msg"]
    texts = told(run, host, "msg")[len(answers) :]
    expected = ("not valid JSON", "has no client_email", "private key in the file", "token_uri in the file")
    for message, part in zip(texts, expected, strict=True):
        assert "option 'service_account_file' is" in message and part in message
    assert "secret-key" not in run.output and run.calls[host] == []


def test_without_google_auth_a_service_account_says_what_is_missing(
    both: dict[str, Emulator], key: rsa.RSAPrivateKey, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A package of that name that holds nothing stands before the real one."""
    hidden = tmp_path / "without/google"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("")
    environment.setenv("PYTHONPATH", os.pathsep.join([str(hidden.parent), os.environ.get("PYTHONPATH", "")]))
    account = key_file(tmp_path / "key.json", key, "https://token.test")
    run = play(tmp_path, both, account, {})
    for host in both:
        messages = told(run, host, "msg")
        assert "option 'service_account_file' needs the Python library 'google-auth'" in messages[0]
        assert told(run, host, "changed") == [False, True]
