# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a playbook must not show, wherever a server puts it: tokens, passwords in URLs, and what steers a terminal."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from emulator.process import Emulator
from tests.integration.http_server import Serve, failure, reply
from tests.integration.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer
from tests.integration.playbook import Run
from tests.integration.test_in_process import BUCKET, RESOURCES, SERVICE, VOLUME, assert_alike, play

TOKEN = 'echoed "token" of\\somebody & that must <not> leak'
SPELLINGS = {
    *(TOKEN, repr(TOKEN)[1:-1], json.dumps(TOKEN)[1:-1], html.escape(TOKEN), quote(TOKEN, safe="")),
    json.dumps(json.dumps(TOKEN))[3:-3],
}
ARGUMENTS = ("--import-seconds", "0")
PASSWORD = "hunter2"
ESCAPE = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202e\r\nok: [all is well]"
FULL = {"type": "CanonicalUser", "id": "alice", "permission": "FULL_CONTROL"}


def answers(both: dict[str, Emulator], *rules: tuple[str, Any], **members: Any) -> None:
    """The next answers to these RPCs, on every server."""
    for emulator in both.values():
        emulator.add_faults(
            *({"rpc": rpc, "kind": "answer", "body": json.dumps(body), **members} for rpc, body in rules)
        )


def bucket(**members: Any) -> dict[str, Any]:
    return {"buckets": [{"name": "data", "owner": "alice", "grants": [FULL], **members}]}


def volume(**members: Any) -> dict[str, Any]:
    source = {"type": "HTTP_URL", "data": "https://images.test/a.img"}
    known = {"name": "disk", "namespace": "default", "source": source, "sizeBytes": "1073741824", "bootImage": False}
    return {"dataVolumes": [{**known, "persistentVolumeClaim": {"name": "disk", "capacity": "1Gi"}, **members}]}


DISK = {"name": "disk", "namespace": "default", "size": "1Gi"}
WEB = {"name": "web", "namespace": "default", "virtual_machine": "db", "ports": [{"port": 80}]}


def assert_no_token(run: Run, token: str = TOKEN) -> None:
    shown = run.output + "".join(str(texts(result.values)) for result in run.results)
    assert not [spelling for spelling in SPELLINGS | {token} if spelling in shown]


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return texts([*value.keys(), *value.values()])
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]


def test_a_token_that_a_server_echoes_in_any_field_is_hidden(both: dict[str, Emulator], tmp_path: Path) -> None:
    said = f"Bearer {TOKEN}"
    policy = json.dumps({"Statement": [{"Sid": said, "Condition": {"StringEquals": {said: [said]}}}], "Id": said})
    mine = [{**FULL, "id": said, "name": said}]
    condition = {"type": "Ready", "message": said, "reason": said}
    service = {"name": "web", "type": "NodePort", "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30000}]}
    cases: list[tuple[dict[str, Any], list[tuple[str, Any]]]] = [
        # In fields of the right type.
        ({BUCKET: {"name": "data"}}, [("ListBuckets", bucket(owner=said, policy=policy, createdAt=said))]),
        (
            {BUCKET: {"name": "data", "owner": "bob"}, "check_mode": True},
            [("ListBuckets", bucket(owner=said, grants=mine))],
        ),
        ({SERVICE: WEB}, [("ListVirtualMachines", {"virtualMachines": [{"name": said, "services": [service]}]})]),
        (
            {VOLUME: {**DISK, "wait": True, "wait_sleep": 0.01}},
            [
                ("ListDataVolumes", volume(phase=said, progress=said, lastCondition=condition)),
                ("ListDataVolumes", volume(phase="Failed", progress=said, lastCondition=condition)),
            ],
        ),
        ({RESOURCES: {"buckets": [{"name": "data", "acl": "private"}]}}, [("ListBuckets", bucket(policy=policy))]),
        (
            {RESOURCES: {"buckets": [], "state": "overridden"}, "check_mode": True},
            [("ListBuckets", {"buckets": [{"name": said}]})],
        ),
        # In fields of a wrong one.
        *(
            ({BUCKET: {"name": "data"}}, [("ListBuckets", bucket(**{field: wrong}))])
            for field in ("owner", "policy", "grants", "usedBytes", "createdAt")
            for wrong in ({said: [said]}, [said])
        ),
        ({BUCKET: {"name": "data"}}, [("ListBuckets", bucket(policy=said, usedBytes=said))]),
        ({VOLUME: DISK}, [("ListDataVolumes", volume(source={"type": said}, sizeBytes=said))]),
        ({VOLUME: DISK}, [("ListDataVolumes", volume(persistentVolumeClaim={"capacity": said}))]),
    ]
    answers(both, *(rule for _task, rules in cases for rule in rules))
    common = {"ignore_errors": True, "diff": True}
    run = play(tmp_path, both, *({**task, **common} for task, _rules in cases))
    told = assert_alike(run, both)
    assert len(told) == len(cases)
    assert [call["rpc"] for calls in run.calls.values() for call in calls if not call["fault"]] == []
    assert_no_token(run)
    assert told[0]["bucket"]["owner"] == "Bearer ********" and "Bearer ********" in told[0]["bucket"]["policy"]["Id"]
    assert told[1]["diff"]["before"] == {"name": "data", "owner": "Bearer ********"}
    assert "serves 'Bearer ********'" in told[2]["msg"]
    assert "last condition: Bearer ********" in told[3]["msg"]
    assert "'owner' should be a string, not an object. " in told[6]["msg"]


def test_every_token_that_was_fetched_is_hidden(both: dict[str, Emulator], tmp_path: Path) -> None:
    """The gateway passes on the emulators' answers, which repeat the token that it took from the task."""
    with OidcServer(both["plain"]) as oidc:
        tokens = [f"issued-token-{number}-that-must-not-leak" for number in (1, 2)]
        emulator = both["plain"]
        emulator.add_faults(
            *(
                {"rpc": "ListBuckets", "kind": "answer", "body": json.dumps(bucket(owner=" ".join(said)))}
                for said in ([tokens[0], CLIENT_SECRET], tokens)
            )
        )
        task = {
            **{"api_url": oidc.api_url, "api_token": "", "oidc_issuer_url": oidc.issuer, "name": "data"},
            **{"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET},
        }
        here, module = ({BUCKET: task, "vars": {"otterscale_in_process": way}} for way in (True, False))
        run = play(tmp_path, {"plain": emulator}, here, module)
        assert oidc.fetches == 2
    assert run.results[0].values["bucket"]["owner"] == "******** ********"
    for number, token in enumerate(tokens):
        # The first task knows nothing of the second one's token.
        assert token not in str(run.results[number].values)


def test_what_steers_a_terminal_stays_in_the_data(both: dict[str, Emulator], tmp_path: Path) -> None:
    answers(both, ("ListBuckets", {"code": "internal", "message": ESCAPE, "details": [{"type": ESCAPE}]}), status=500)
    answers(both, ("ListBuckets", {}), status=302, headers={"location": "https://x/\x9b2J"})
    condition = {"message": ESCAPE, "reason": ESCAPE}
    answers(
        both,
        ("ListDataVolumes", volume(phase=ESCAPE, progress=ESCAPE, lastCondition=condition)),
        ("ListDataVolumes", volume(phase="Failed", progress=ESCAPE, lastCondition=condition)),
        ("ListBuckets", {"buckets": [{"name": ESCAPE}]}),
        ("ListBuckets", {"buckets": [{"name": ESCAPE}]}),
        ("ListBuckets", bucket(owner=ESCAPE)),
    )
    removal = {"buckets": [], "state": "overridden"}
    tasks = [
        {BUCKET: {"name": "data"}},
        {BUCKET: {"name": "data"}},
        {VOLUME: {**DISK, "wait": True, "wait_sleep": 0.01}},
        {RESOURCES: removal},
        {RESOURCES: {**removal, "confirm_removal": 1}, "check_mode": True},
        {BUCKET: {"name": "data"}},
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True, "diff": True} for task in tasks))
    told = assert_alike(run, both)
    lines = [part for result in told for part in (result.get("msg", ""), *result.get("warnings", ()))]
    lines.append(told[0]["error"]["message"])
    assert len(lines) == 7 and [line for line in lines if not line.isprintable()] == []
    assert "]0;owned [31mred 2J ok: [all is well]" in told[0]["msg"]
    assert told[5]["bucket"]["owner"] == ESCAPE, "the data of a server is as it is"
    shown = run.output.split("\n")
    assert not [line for line in shown if re.search("[\x00-\x1f]", line)]
    assert "ok: [all is well]" not in shown


def source(password: str, host: str = "images.test") -> dict[str, str]:
    return {"type": "http_url", "data": f"https://user:{password}@{host}/a.img"}


def test_the_password_of_a_source_is_never_shown(both: dict[str, Emulator], tmp_path: Path) -> None:
    made, other, odd = source(PASSWORD), source(f"{PASSWORD}-other"), source(f"{PASSWORD} 'x'/@:")
    broken = {"type": "http_url", "data": f"ftp://user:{PASSWORD}@images.test"}
    misplaced = {"type": f"https://user:{PASSWORD}@images.test"}
    declared = {"datavolumes": [{**DISK, "name": "declared", "source": made}]}
    tasks: list[dict[str, Any]] = [
        {VOLUME: {**DISK, "source": made}, "check_mode": True},
        {VOLUME: {**DISK, "source": made}},
        {VOLUME: {**DISK, "source": made}},
        {VOLUME: {**DISK, "source": other}},
        {VOLUME: {**DISK, "source": source(PASSWORD, "elsewhere.test")}},
        {VOLUME: {**DISK, "source": broken}},
        {VOLUME: {**DISK, "source": misplaced}},
        {VOLUME: {**DISK, "name": "odd", "source": odd}},
        {VOLUME: {**DISK, "source": made, "timeout": "soon"}},
        {RESOURCES: declared},
        {RESOURCES: declared},
        {RESOURCES: {"datavolumes": [{**DISK, "name": "declared", "source": other}]}},
        {BUCKET: {"name": "data", "api_url": f"ftp://me:{PASSWORD}@otter.test:x?y"}},
        {BUCKET: {"name": "data", "api_url": f"http://me:{PASSWORD}@otter.test", "timeout": "soon"}},
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True, "diff": True} for task in tasks))
    told = assert_alike(run, both)
    assert PASSWORD not in run.output
    masked = {"type": "http_url", "data": "https://user:***@images.test/a.img"}
    assert told[0]["diff"]["after"]["source"] == told[1]["datavolume"]["source"] == masked
    assert told[2]["datavolume"]["source"] == masked
    assert [result["changed"] for result in told[:3]] == [True, True, False]
    assert "the same but for the password, which is not shown" in told[3]["msg"] and str(masked) in told[3]["msg"]
    assert f"it is now {masked}" in told[4]["msg"]
    assert "ftp://user:***@images.test" in told[5]["msg"]
    assert told[9]["results"][0]["datavolume"]["source"] == masked == told[9]["diff"][0]["after"]["source"]
    assert (told[9]["changed"], told[10]["changed"], told[11]["failed"]) == (True, False, True)
    for host in both:
        options = [result.values["invocation"]["module_args"] for result in run.of(host)]
        assert options[1]["source"] == options[8]["source"] == masked == options[9]["datavolumes"][0]["source"]
        assert options[12]["api_url"] == "ftp://me:***@otter.test:x?y"
    sent = [call["request"]["source"]["data"] for call in run.writes("plain") if call["rpc"] == "CreateDataVolume"]
    assert sent[0] == made["data"], "what is sent is what was given"


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:hunter2@bad host:3128", "http://me:hunter2@", "me:hunter2@bad host:1", "http://me:hunter2@a..b:1",
        "http://me:hun ter2@127.0.0.1:x", "foo://me:hunter2@127.0.0.1:1", "http://me:hun/ter2@127.0.0.1:1",
        "http://m€:hunter2@127.0.0.1:1", "http:///me:hunter2@x", "socks5://me:hunter2@127.0.0.1:1",
    ],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(proxy: str, environment: Any) -> None:
    environment.setenv("HTTP_PROXY", proxy)
    error = failure("http://otterscale.invalid", retries=3)
    assert (error.code, error.sent, error.final) == ("client", False, True)
    assert error.message.startswith("the URL of the proxy for http://otterscale.invalid cannot be used: ")
    assert "HTTP_PROXY" in error.advice and not re.search("hun|ter2", error.message)


def test_a_proxy_with_a_password_that_is_not_there_is_unavailable(serve: Serve, environment: Any) -> None:
    environment.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@{serve(listening=False).netloc}")
    error = failure("http://otterscale.invalid")
    assert (error.code, error.sent) == ("unavailable", False) and PASSWORD not in error.message


def test_a_url_in_an_answer_is_shown_without_its_password(serve: Serve) -> None:
    error = failure(serve(reply(b"", 302, Location=f"https://me:{PASSWORD}@login.test/")).url)
    assert "https://me:***@login.test/" in error.message
