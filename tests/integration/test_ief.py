# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""ief_service against the embedded IEF over HTTP: what is sent, lists of many pages, tokens, and clear errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine import reconcile as engine
from ansible_collections.otterscale.core.plugins.module_utils._ief.service import TASK
from ansible_collections.otterscale.core.plugins.module_utils._task import Context

from emulator.process import Emulator
from tests.fuzz.machine import Clock
from tests.integration.http_server import Script, Serve, hang_up, reply, silence
from tests.integration.playbook import run_playbook

TOKEN = "edge-token-that-must-not-leak"
PASSWORD = "edge-password"
PROJECT, SERVICE_ID = "e78acc02d9d141eda5ca8e88fa35f6f8", "81acf9ff-de6d-4736-8d1a-f43bb058e79d"
SERVICE = {"name": "web", "selector": {"app": "web"}, "ports": [{"port": 80, "name": "http-0"}]}
HTML = reply(b"<html><head><title>x</title></head><body><h1>Sign in</h1></body></html>", content_type="text/html")
# The request and the answer of the vendor's page "Updating a Service".
EXAMPLE_REQUEST = {
    "service": {
        "meta_data": {"name": "service-example", "labels": {}},
        "spec": {
            "cluster_ip": "None",
            "external_ips": [],
            "external_name": "",
            "ports": [{"name": "http-0", "port": "8888", "target_port": "80", "protocol": "TCP", "node_port": ""}],
            "selector": {"app": "ief-nginx"},
            "type": "",
        },
    }
}
EXAMPLE_ANSWER = {
    "service": {
        "id": SERVICE_ID,
        "project_id": PROJECT,
        "meta_data": {"name": "service-example"},
        "spec": {
            "selector": {"app": "ief-nginx"},
            "ports": [{"name": "http-0", "protocol": "TCP", "port": "8888", "target_port": "80"}],
            "cluster_ip": "None",
        },
    }
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "time", Clock())


def run(url: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of a task, which shows no secret."""
    connection = {"endpoint": url, "auth_token": TOKEN, "project_id": PROJECT, "instance_id": "edge-1", "retries": 0}
    given = {name: value for name, value in {**connection, **SERVICE, **options}.items() if value is not None}
    validated = ArgumentSpecValidator(TASK.argument_spec).validate(given)
    assert not validated.error_messages
    context = Context(check, TASK.system.connect)
    values, _warnings, failed = TASK.run(validated.validated_parameters, context, with_diff=True)
    for secret in (TOKEN, PASSWORD, "iam-"):
        assert secret not in json.dumps(values)
    assert failed is ("error" in values)
    return values


def logged_in(emulator: Emulator, **options: Any) -> dict[str, Any]:
    login = {"iam_endpoint": emulator.url, "iam_user": "edge", "iam_password": PASSWORD, "iam_domain": "demo"}
    return run(emulator.url, **{"auth_token": None, **login, **options})


def placed(emulator: Emulator, *names: str, **members: Any) -> None:
    for name in names:
        own = {"project_id": PROJECT, "instance_id": "edge-1", "selector": {"app": "web"}, "name": name}
        emulator.put("ief_service", **{**own, "ports": [{"port": "80", "name": "http-0"}], **members})


def services(emulator: Emulator) -> list[dict[str, Any]]:
    return list(emulator.state()["ief"]["services"].values())


def rpcs(emulator: Emulator) -> list[str]:
    return [call["rpc"] for call in emulator.journal()["calls"]]


# What is sent


def test_a_playbook_sends_the_documented_request_and_reads_lists_once(emulator: Emulator, tmp_path: Path) -> None:
    """The second task is a loop in which nothing is to be done, on a server with three pages of services."""
    names = [f"web-{number}" for number in range(250)]
    placed(emulator, *names)
    emulator.put("ief_service", id=SERVICE_ID, project_id=PROJECT, instance_id="edge-1", name="service-old")
    connection = {"endpoint": "{{ otterscale_api_url }}", "auth_token": "{{ otterscale_api_token }}"}
    connection |= {"project_id": PROJECT, "instance_id": "edge-1"}
    example = {"name": "service-example", "service_id": SERVICE_ID, "labels": {}, "cluster_ip": "None"}
    example |= {"selector": {"app": "ief-nginx"}, "ports": [{"name": "http-0", "port": 8888, "target_port": 80}]}
    loop = {"name": "{{ item }}", "selector": {"app": "web"}}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/otterscale.core.ief": connection},
        "tasks": [
            {"otterscale.core.ief_service": example},
            {"otterscale.core.ief_service": loop, "loop": names[:60]},
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = run_playbook(tmp_path / "play.yml", "real", {"edge": emulator}, {}, tmp_path)
    calls = done.calls["edge"]
    update = next(call for call in calls if call["rpc"] == "UpdateService")
    assert update["request"] == EXAMPLE_REQUEST
    answer = emulator.send("GET", f"/v2/{PROJECT}/edgemgr/services/{SERVICE_ID}", **{"ief-instance-id": "edge-1"})[1]
    times = {key: answer["service"].pop(key) for key in ("created_at", "updated_at")}
    assert answer == EXAMPLE_ANSWER and times["updated_at"].endswith(" +0000 UTC")
    first, *others = done.of("edge")
    assert first.values["ief_service"]["ports"][0]["port"] == 8888
    assert len(others) == 60 and not any(result.values["changed"] for result in others)
    # The new name must be free, which the first list tells; the second one is the loop's, for as long as it is young.
    lists = [call["request"] for call in calls if call["rpc"] == "ListServices"]
    pages_of_one = [{"limit": "100", "offset": str(offset)} for offset in (0, 100, 200)]
    assert lists in (pages_of_one * 2, pages_of_one * 3)
    assert [call["rpc"] for call in calls if call["rpc"] != "ListServices"] == ["GetService", "UpdateService"]
    assert TOKEN not in done.output


def test_each_instance_has_services_of_its_own(emulator: Emulator) -> None:
    for instance in ("edge-1", "edge-2", None):
        assert run(emulator.url, instance_id=instance)["changed"]
        assert not run(emulator.url, instance_id=instance)["changed"]
    assert run(emulator.url, project_id="other")["ief_service"]["project_id"] == "other"
    assert sorted(service["instance_id"] for service in services(emulator)) == ["", "edge-1", "edge-1", "edge-2"]
    headers = [call["headers"] for call in emulator.journal()["calls"]]
    assert {head.get("ief-instance-id") for head in headers} == {"edge-1", "edge-2", None}
    assert {head["x-auth-token"] for head in headers} == {" (hidden)"}


def test_a_name_that_others_contain_is_found_on_the_last_page(emulator: Emulator) -> None:
    placed(emulator, *(f"{'web-' * (number % 2)}other-{number}" for number in range(199)), "web")
    assert not run(emulator.url)["changed"]
    assert rpcs(emulator) == ["ListServices"] * 2


def pages(*counted: tuple[int, list[str]]) -> list[Script]:
    answers = [
        {"count": count, "services": [{"id": name, "meta_data": {"name": name}, "spec": {}} for name in names]}
        for count, names in counted
    ]
    return [reply(json.dumps(answer).encode()) for answer in answers]


MOVING = [
    pytest.param([(2, ["a"]), (1, ["b"])], id="another count"),
    pytest.param([(2, ["a"]), (2, ["a"])], id="one twice"),
    pytest.param([(2, ["a"]), (2, [])], id="too few"),
    pytest.param([(1, ["a", "b"])], id="too many"),
]


@pytest.mark.parametrize("moving", MOVING)
def test_a_list_that_changes_while_it_is_read_is_read_again(serve: Serve, moving: list[Any]) -> None:
    server = serve(*pages(*moving, (2, ["a"]), (2, ["b"])))
    assert run(server.url, state="absent")["changed"] is False
    assert len(server.requests) == len(moving) + 2


@pytest.mark.parametrize("moving", MOVING)
def test_a_list_that_does_not_come_to_rest_is_an_error(serve: Serve, moving: list[Any]) -> None:
    result = run(serve(*pages(*moving * 3)).url, state="absent")
    assert (result["error"]["code"], result["error"]["rpc"]) == ("aborted", "ListServices")
    assert "run the task again" in result["msg"]


@pytest.mark.parametrize(
    "answer",
    [b"{}", b'{"services": []}', b'{"count": 0, "services": 1}', b'{"count": 1, "services": [{"id": 1}]}'],
)
def test_nothing_is_absent_by_an_answer_that_makes_no_sense(serve: Serve, answer: bytes) -> None:
    result = run(serve(reply(answer)).url)
    assert (result["error"]["code"], result["error"]["rpc"]) == ("internal", "ListServices")
    assert "makes no sense" in result["msg"] and not result["changed"]


# What is created


CREATE_FAULTS = [
    {"kind": "close", "when": "after"},
    {"kind": "close", "when": "before"},
    {"kind": "truncate"},
    {"kind": "raw", "data": "AAECAwQ=", "when": "after"},
    {"kind": "answer", "status": 502, "body": "<html>Bad Gateway</html>", "when": "after"},
    {"kind": "answer", "status": 504, "body": "{}", "when": "after"},
    {"kind": "answer", "status": 504, "body": "{}", "when": "before"},
    {"kind": "error", "code": "already_exists", "when": "before"},
    {"kind": "error", "code": "unavailable", "when": "after"},
    {"kind": "error", "code": "internal", "when": "after"},
    {"kind": "error", "code": "internal", "when": "before"},
    {"kind": "error", "code": "invalid_argument", "when": "before"},
    {"kind": "answer", "body": "{}", "when": "after"},
]


@pytest.mark.parametrize("instance", ["edge-1", "edge-twins"])
@pytest.mark.parametrize("fault", CREATE_FAULTS, ids=lambda fault: "-".join(map(str, fault.values()))[:30])
def test_a_service_is_not_made_twice(emulator: Emulator, instance: str, fault: dict[str, Any]) -> None:
    """Whether the server refuses a second one of the name or not."""
    emulator.add_faults({"rpc": "CreateService", **fault})
    result = run(emulator.url, instance_id=instance, retries=2)
    made = services(emulator)
    assert len(made) <= 1
    assert result["changed"] is bool(made)
    assert ("error" in result) is not bool(made)
    assert not run(emulator.url, instance_id=instance, retries=2)["changed"] or not made
    assert len(services(emulator)) == 1


def test_a_service_that_may_still_be_made_is_not_sent_again(emulator: Emulator) -> None:
    emulator.add_faults({"rpc": "CreateService", "kind": "delay", "seconds": 30})
    result = run(emulator.url, instance_id="edge-twins", timeout=0.5, retries=4)
    assert result["error"]["code"] == "deadline_exceeded" and result["error"]["rpc"] == "CreateService"
    assert "unknown" in result["msg"] and not result["changed"]
    assert rpcs(emulator) == ["ListServices", "CreateService", "ListServices"]


def test_a_name_that_another_took_meanwhile_is_updated(emulator: Emulator) -> None:
    placed(emulator, "web", selector={"app": "other"})
    empty = {"kind": "answer", "body": '{"count": 0}', "rpc": "ListServices"}
    emulator.add_faults(empty)
    result = run(emulator.url)
    assert result["changed"] and [operation["rpc"] for operation in result["operations"]] == ["UpdateService"]
    assert [service["selector"] for service in services(emulator)] == [{"app": "web"}]


def test_a_rename_to_a_name_that_was_taken_meanwhile_is_refused(emulator: Emulator) -> None:
    placed(emulator, "web")
    emulator.put("ief_service", id=SERVICE_ID, project_id=PROJECT, instance_id="edge-1", name="old")
    emulator.add_faults({"kind": "answer", "body": '{"count": 0}', "rpc": "ListServices"})
    result = run(emulator.url, service_id=SERVICE_ID)
    assert not result["changed"] and "'web'" in result["msg"]


@pytest.mark.parametrize("options", [{"ports": [{"port": 81}]}, {"state": "absent"}])
def test_success_without_an_answer_proves_nothing(emulator: Emulator, options: dict[str, Any]) -> None:
    placed(emulator, "web")
    emulator.add_faults({"rpc": "write", "kind": "answer", "body": ""}, {"rpc": "read", "kind": "close", "skip": 1})
    result = run(emulator.url, **options)
    assert "error" in result and not result["changed"] and result["operations"] == []
    assert "whether it took effect is unknown" in result["msg"]


# Tokens


def test_a_token_is_fetched_and_renewed_when_it_ends(emulator: Emulator) -> None:
    emulator.put("iam_user", domain="demo", name="edge", token_calls=1)
    assert logged_in(emulator)["changed"]
    assert rpcs(emulator) == ["CreateToken", "ListServices", "CreateService", "CreateToken", "CreateService"]
    codes = [call["code"] for call in emulator.journal()["calls"]]
    assert codes == ["ok", "ok", "unauthenticated", "ok", "ok"]
    assert json.dumps(emulator.journal()).count(PASSWORD) == 0
    login = emulator.journal()["calls"][0]["request"]["auth"]
    assert login["scope"] == {"project": {"id": PROJECT}}
    user = {"name": "edge", "password": "(hidden)", "domain": {"name": "demo"}}
    assert login["identity"] == {"methods": ["password"], "password": {"user": user}}


def test_a_token_that_is_refused_even_fresh_is_an_error(emulator: Emulator) -> None:
    emulator.put("iam_user", domain="demo", name="edge", token_seconds=0)
    result = logged_in(emulator)
    assert result["error"]["code"] == "unauthenticated" and result["error"]["rpc"] == "ListServices"
    assert "refuses even a fresh token" in result["msg"]
    assert rpcs(emulator) == ["CreateToken", "ListServices"] * 2


@pytest.mark.parametrize("option", ["iam_user", "iam_password", "iam_domain"])
def test_a_wrong_login_is_an_error_of_the_login(emulator: Emulator, option: str) -> None:
    result = logged_in(emulator, **{option: "mistyped"})
    assert result["error"]["rpc"] == "CreateToken"
    assert (result["error"]["code"], result["error"]["http_status"]) == ("unauthenticated", 401)
    assert result["error"]["details"] == [{"error_code": "401"}]
    assert f"'{option}'" in result["msg"]
    assert "The username or password is wrong." in result["msg"]


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (HTML, "failed_precondition", "'iam_endpoint'"),
        (reply(b"{}", status=201, X_Subject_Token="t\xf6"), "failed_precondition", "no token in its header"),
        (reply(b'{"error": {"title": "Busy"}}', status=503), "unavailable", "Busy"),
        (reply(b'{"error_msg": "no such user", "error_code": "IAM.1"}', status=404), "not_found", "no such user"),
        (reply(b"{}", status=302, Location="/login"), "unknown", "redirects to /login"),
        (hang_up, "unavailable", "'iam_endpoint'"),
    ],
)
def test_what_is_no_iam_is_told(emulator: Emulator, serve: Serve, script: Script, code: str, words: str) -> None:
    result = logged_in(emulator, iam_endpoint=serve(script).url)
    assert (result["error"]["code"], result["error"]["rpc"]) == (code, "CreateToken")
    assert words in result["msg"] and "Sign in" not in result["msg"]
    assert rpcs(emulator) == []


def test_a_login_that_fails_for_a_moment_is_tried_again(emulator: Emulator) -> None:
    emulator.add_faults({"rpc": "CreateToken", "kind": "error", "code": "unavailable", "count": 2})
    assert logged_in(emulator, retries=2)["changed"]


# Clear errors


@pytest.mark.parametrize(
    ("options", "expected", "words"),
    [
        ({"auth_token": "wrong"}, ("unauthenticated", 401, "IEF.100001"), ["'auth_token'", "IEF_AUTH_TOKEN"]),
        ({"service_id": "none"}, ("not_found", 404, "IEF.100404"), ["'service_id'", "'project_id'", "none"]),
    ],
)
def test_a_refusal_has_the_code_of_the_vendor(
    emulator: Emulator, options: dict[str, Any], expected: tuple[str, int, str], words: list[str]
) -> None:
    result = run(emulator.url, **options)
    error = result["error"]
    assert (error["code"], error["http_status"], error["details"][0]["error_code"]) == expected
    assert not [word for word in words if word not in result["msg"]]


def test_a_token_of_another_project_is_refused(emulator: Emulator) -> None:
    (token,) = [emulator.put("iam_token", token="other", project_id="other", expires_at=1e12)["token"]]
    result = run(emulator.url, auth_token=token)
    assert result["error"]["code"] == "permission_denied" and "'project_id'" in result["msg"]


@pytest.mark.parametrize(
    ("script", "code", "details", "words"),
    [
        (HTML, "internal", [], ["Sign in", "'endpoint'", "a web page or a proxy"]),
        (reply(b""), "internal", [], ["(empty)", "'endpoint'"]),
        (reply(b"<html>Not Found</html>", status=404), "not_found", [], ["a proxy or web server answered, not IEF"]),
        (
            reply(b'{"error_code": "IEF.100500", "error_message": "etcd is gone"}', status=500),
            *("internal", [{"error_code": "IEF.100500"}], ["etcd is gone", "HTTP 500"]),
        ),
        (reply(b'{"error_code": "IEF.1"}', status=400), "invalid_argument", [{"error_code": "IEF.1"}], ["no message"]),
        (
            reply(b'{"error_msg": "too fast", "error_code": "APIG.0308"}', status=429),
            *("resource_exhausted", [{"error_code": "APIG.0308"}], ["too fast"]),
        ),
        (reply(b"", status=409), "aborted", [], ["(empty)"]),
        (reply(b"{}", status=418), "unknown", [], ["a proxy or web server"]),
        (reply(b"", status=302, Location="https://login.example/"), "unknown", [], ["redirects to https://login"]),
        (hang_up, "unavailable", [], ["lost the connection", "'endpoint'"]),
    ],
)
def test_what_a_server_says_is_told(
    serve: Serve, script: Script, code: str, details: list[Any], words: list[str]
) -> None:
    result = run(serve(script).url)
    error = result["error"]
    assert (error["code"], error["rpc"], error["details"]) == (code, "ListServices", details)
    assert result["msg"].startswith("edge service web present: ListServices failed [")
    assert not [word for word in words if word not in result["msg"]]


def test_no_answer_in_time_is_told(serve: Serve) -> None:
    result = run(serve(silence).url, timeout=0.2)
    assert result["error"]["code"] == "deadline_exceeded" and "'timeout'" in result["msg"]


def test_a_delete_that_a_proxy_answers_is_no_delete(emulator: Emulator) -> None:
    placed(emulator, "web")
    emulator.add_faults({"rpc": "DeleteService", "kind": "answer", "status": 404, "body": "<html>Not Found</html>"})
    result = run(emulator.url, state="absent")
    assert result["error"]["code"] == "not_found" and not result["changed"]
    assert len(services(emulator)) == 1


# The embedded server


def test_services_and_tokens_survive_a_restart(emulator: Emulator) -> None:
    assert logged_in(emulator)["changed"]
    before = {name: emulator.state()[name] for name in ("ief", "iam")}
    emulator.restart()
    assert {name: emulator.state()[name] for name in ("ief", "iam")} == before
    assert len(before["iam"]["tokens"]) == 1
    emulator.reset()
    assert services(emulator) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "?limit=101", None, 400, "limit is not from 1 to 100"),
        ("GET", "?offset=x", None, 400, "offset is no number"),
        ("POST", "", {"service": {"meta_data": {"name": "Web"}, "spec": {}}}, 400, "invalid service name: Web"),
        ("POST", "", {"service": {"meta_data": {"name": "web"}, "spec": {}}}, 400, "spec.selector is required"),
        ("POST", "", {"service": {"spec": {}}}, 400, "meta_data and spec"),
        ("PUT", "/none", {}, 404, "service none not found"),
        ("PATCH", "/none", {}, 404, "there is no PATCH"),
    ],
)
def test_the_embedded_ief_refuses_in_the_form_of_the_vendor(
    emulator: Emulator, method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = emulator.send(method, f"/v2/{PROJECT}/edgemgr/services{path}", body)
    assert answer[0] == status and words in answer[1]["error_message"]
    assert answer[1]["error_code"].startswith("IEF.")


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ({"name": "http2forecast", "port": "80"}, "invalid port name: http2forecast"),
        ({"name": "http-0", "port": 80}, "the members of a port are strings"),
        ({"name": "http-0", "port": "70000"}, "invalid port: 70000"),
    ],
)
def test_the_embedded_ief_checks_ports(emulator: Emulator, port: dict[str, Any], words: str) -> None:
    spec = {"selector": {"app": "x"}, "ports": [port]}
    body = {"service": {"meta_data": {"name": "web"}, "spec": spec}}
    status, answer = emulator.send("POST", f"/v2/{PROJECT}/edgemgr/services", body)
    assert status == 400 and answer["error_message"] == words


def test_the_embedded_ief_lists_in_pages_of_ten(emulator: Emulator) -> None:
    placed(emulator, *(f"web-{number}" for number in range(12)), "db")
    path, here = f"/v2/{PROJECT}/edgemgr/services", {"ief-instance-id": "edge-1"}
    asked = (("", 13, 10), ("?offset=10", 13, 3), ("?name=eb-1", 3, 3), ("?limit=2&name=web", 12, 2))
    for query, count, shown in asked:
        status, answer = emulator.send("GET", path + query, **here)
        assert status == 200 and (answer["count"], len(answer["services"])) == (count, shown)
