# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The callback status_report: what a play's report says, and what becomes of it where the sink does not take it.

Plays run as users run them, with an ansible.cfg of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from emulator.process import Emulator

from .http_server import Serve, reply, silence, until
from .test_in_process import BUCKET, RESOURCES, SERVICE, VOLUME

TOKEN = "report-token-that-must-not-leak"
INSTANCE = "organizations/demo/instances/nightly"
STATUS = "otterscale.core.apigee_instance_status"
DEBUG = "ansible.builtin.debug"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
Play = Mapping[str, Any]


@pytest.fixture(scope="module")
def started() -> Iterator[Emulator]:
    with Emulator("--import-seconds", "0", token=TOKEN) as emulator:
        yield emulator


@pytest.fixture
def server(started: Emulator, environment: pytest.MonkeyPatch) -> Emulator:
    """OtterScale and Apigee at once. Tasks find it by their environment."""
    started.clear_faults()
    started.reset()
    for option, value in {"API_URL": started.url, "API_TOKEN": TOKEN, "SCOPE": "demo"}.items():
        environment.setenv(f"OTTERSCALE_{option}", value)
    return started


class Done(NamedTuple):
    code: int
    output: str
    seconds: float

    @property
    def warnings(self) -> list[str]:
        """Those of the callback, each as one line. Some versions of ansible-core break lines, also behind hyphens."""
        text = re.sub(r"\s+", " ", re.sub(r"(?<=\w-)\s+(?=\w)", "", self.output))
        return re.findall(r"\[WARNING\]: status_report: .*?(?=\[WARNING\]|PLAY RECAP|$)", text)


def command(
    tmp_path: Path, plays: list[Play], options: Mapping[str, Any], hosts: Mapping[str, Any] | None = None
) -> tuple[list[str], dict[str, str]]:
    """The command and its environment. options: of the callback, in ansible.cfg."""
    lines = [f"{name} = {value}" for name, value in options.items()]
    enabled = ["[defaults]", "callbacks_enabled = otterscale.core.status_report", "[callback_status_report]", *lines]
    (tmp_path / "ansible.cfg").write_text("\n".join([*enabled, ""]))
    defaults = {"hosts": "all", "gather_facts": False}
    (tmp_path / "play.json").write_text(json.dumps([{**defaults, **play} for play in plays]))
    inventory = {"all": {"hosts": hosts or {"here": LOCAL}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.json")], environment


def run(
    tmp_path: Path,
    plays: list[Play],
    options: Mapping[str, Any],
    *more: str,
    hosts: Mapping[str, Any] | None = None,
    **variables: str,
) -> Done:
    ansible_playbook, environment = command(tmp_path, plays, options, hosts)
    began = time.monotonic()
    done = subprocess.run(
        [*ansible_playbook, *more], env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert TOKEN not in output
    return Done(done.returncode, output, time.monotonic() - began)


def apigee(server: Emulator, **options: Any) -> dict[str, Any]:
    return {"sink": "apigee", "url": server.url, "instance": INSTANCE, "access_token": TOKEN, **options}


def reported(server: Emulator, since: int = 0) -> list[dict[str, Any]]:
    """The bodies of the reports that reached Apigee."""
    return [call["request"] for call in server.journal(since)["calls"] if call["rpc"] == "ReportStatus"]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def spooled(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def bucket(name: str = "one", owner: str = "alice", **keywords: Any) -> dict[str, Any]:
    return {BUCKET: {"name": name, "owner": owner}, **keywords}


def expected(
    server: Emulator, kind: str, declared: Mapping[str, Any], errors: int = 0, within: str = "scopes/demo"
) -> dict[str, Any]:
    """A resource that one host declares, in short."""
    below = f"namespaces/{declared['namespace']}/" if "namespace" in declared else ""
    resource = f"{within}/{below}{kind}s/{declared['name']}"
    text = json.dumps(declared, sort_keys=True, separators=(",", ":"))
    return {
        "resource": resource,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{server.url}/{resource}")),
        "totalReplicas": 1,
        "revisions": [
            {
                "revisionId": hashlib.sha256(text.encode()).hexdigest()[:16],
                "replicas": 0 if errors else 1,
                "errors": errors,
                "jsonSpec": text,
            }
        ],
    }


def in_short(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of a report, with the number of errors in place of what they say."""
    return [
        {
            **resource,
            "revisions": [{**revision, "errors": len(revision["errors"])} for revision in resource["revisions"]],
        }
        for resource in report["resources"]
    ]


def errors(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Resource, code and type of each error of a report."""
    return [
        (resource["resource"], error["code"], error["type"])
        for resource in report["resources"]
        for revision in resource["revisions"]
        for error in revision["errors"]
    ]


# What a report says


EDGE = "otterscale.core.ief_service"
PORTS = [{"name": "http", "port": 80, "target_port": "8080"}]
WEB = {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": PORTS}
EDGE_WEB = {"name": "web", "selector": {"app": "web"}, "ports": [{"name": "http-0", "port": 80}]}
DISK = {"name": "disk", "namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi"}


def everything(report: bool = True) -> list[dict[str, Any]]:
    """Tasks of many kinds. report: whether there is something to report among them."""
    foreign: list[dict[str, Any]] = [
        {DEBUG: {"msg": "no business of ours"}},
        {"ansible.builtin.command": {"argv": ["false"]}, "ignore_errors": True},
        {BUCKET: {"name": "skipped"}, "when": False},
        bucket("checked", check_mode=True),
    ]
    own: list[dict[str, Any]] = [
        bucket("there"),
        bucket("new"),
        bucket("lost", "nobody", ignore_errors=True),
        {BUCKET: {"name": "{{ item }}", "owner": "alice"}, "loop": ["a-1", "a-2", "A_3"], "ignore_errors": True},
        {"block": [bucket("B_d")], "rescue": [{DEBUG: {"msg": "rescued"}}]},
        {VOLUME: {**DISK, "wait": True}},
        {SERVICE: {**WEB, "ports": [{**PORTS[0], "protocol": "TCP"}]}},
        {
            RESOURCES: {"buckets": [{"name": "many", "owner": "alice"}, {"name": "worse", "owner": "nobody"}]},
            "failed_when": False,
        },
        {BUCKET: {"name": "secret", "owner": "alice"}, "no_log": True},
        {BUCKET: {"name": "S_t", "owner": "nobody"}, "no_log": True, "ignore_errors": True},
        {BUCKET: {"name": "typo", "colour": "blue"}, "ignore_errors": True},
        {BUCKET: {"name": "late", "owner": "nobody", "retries": 0}, "ignore_errors": True},
        bucket("late"),
        {BUCKET: {"name": "old", "state": "absent"}},
    ]
    return [*foreign, *(own if report else [])]


def test_a_report_says_what_became_of_each_resource_in_process_and_as_a_module(
    server: Emulator, tmp_path: Path
) -> None:
    reports = []
    for in_process in (True, False):
        server.reset()
        server.put("bucket", name="there", owner="alice")
        mark = server.journal()["next"]
        edge = {EDGE: {"endpoint": server.url, "project_id": "p1", "auth_token": TOKEN, **EDGE_WEB}}
        plays: list[Play] = [
            {"tasks": [*everything(), edge], "vars": {"otterscale_in_process": in_process}},
            {"tasks": everything(report=False), "vars": {"otterscale_in_process": in_process}},
        ]
        done = run(tmp_path, plays, apigee(server, instance_uid="i-1"))
        assert done.code == 0 and not done.warnings, done.output
        (report,) = reported(server, mark)  # the second play has nothing to report
        assert server.state()["apigee"]["instances"][INSTANCE]["report"] == report
        reports.append(report)
    assert [report.pop("instanceUid") for report in reports] == ["i-1", "i-1"]
    times = [report.pop("reportTime") for report in reports]
    assert times == sorted(times) and all(re.fullmatch(r"[-0-9T:]{19}\.\d{6}Z", text) for text in times)
    # The messages of refused arguments are Ansible's own.
    assert in_short(reports[0]) == in_short(reports[1])
    assert errors(reports[0]) == errors(reports[1])

    def hidden(name: str, replicas: int) -> dict[str, Any]:
        whole = expected(server, "bucket", {"name": name})
        return {**whole, "revisions": [{"replicas": replicas, "errors": 1 - replicas}]}

    def named(name: str, owner: str = "alice", errors: int = 0) -> dict[str, Any]:
        return expected(server, "bucket", {"name": name, "owner": owner}, errors)

    assert in_short(reports[0]) == [
        named("there"),
        named("new"),
        named("lost", "nobody", 1),
        named("a-1"),
        named("a-2"),
        named("A_3", errors=1),
        named("B_d", errors=1),
        expected(server, "datavolume", DISK),
        expected(server, "vm_service", WEB),
        named("many"),
        named("worse", "nobody", 1),
        hidden("secret", 1),
        hidden("S_t", 0),
        hidden("typo", 0),
        named("late"),
        expected(server, "bucket", {"name": "old", "state": "absent"}),
        expected(server, "service", EDGE_WEB, within="projects/p1"),
    ]
    assert errors(reports[0]) == [
        ("scopes/demo/buckets/lost", "NOT_FOUND", "CreateBucket.not_found"),
        ("scopes/demo/buckets/A_3", "INVALID_ARGUMENT", "client"),
        ("scopes/demo/buckets/B_d", "INVALID_ARGUMENT", "client"),
        ("scopes/demo/buckets/worse", "NOT_FOUND", "CreateBucket.not_found"),
        ("scopes/demo/buckets/S_t", "UNKNOWN", "no_log.unknown"),
        ("scopes/demo/buckets/typo", "INVALID_ARGUMENT", "client"),
    ]
    of_secret = next(r for r in reports[0]["resources"] if r["resource"].endswith("/S_t"))
    assert "message" not in of_secret["revisions"][0]["errors"][0]


def test_hosts_batches_and_check_mode(server: Emulator, tmp_path: Path) -> None:
    """Four hosts, of which one declares something else and one cannot be reached."""
    hosts = {f"h{number}": {**LOCAL, "owner": "alice"} for number in range(3)}
    del hosts["h2"]["owner"]
    hosts["gone"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "owner": "alice"}
    file = tmp_path / "reports.jsonl"
    task = {BUCKET: {"name": "one", "owner": "{{ owner | default(omit) }}"}}
    own = {BUCKET: {"name": "of-{{ inventory_hostname }}", "state": "absent"}}
    free = {"strategy": "free", "tasks": [task, own]}
    serial = {"serial": 1, "hosts": "h0,h1", "tasks": [{**task, "ignore_errors": True}]}
    done = run(tmp_path, [serial, free], {"sink": "file", "path": file}, hosts=hosts)
    assert done.code and not done.warnings, done.output
    first, second = lines(file)
    (one,) = first["resources"]
    assert one["totalReplicas"] == 2 and [revision["replicas"] for revision in one["revisions"]] == [2]
    assert "instanceUid" not in first and file.stat().st_mode & 0o777 == 0o600
    by_name = {resource["resource"]: resource for resource in second["resources"]}
    one = by_name.pop("scopes/demo/buckets/one")
    assert one["totalReplicas"] == 4
    told = {
        revision.get("jsonSpec", "unreachable"): (revision["replicas"], [error["code"] for error in revision["errors"]])
        for revision in one["revisions"]
    }
    assert told == {
        '{"name":"one","owner":"alice"}': (2, []),
        '{"name":"one"}': (1, []),
        "unreachable": (0, ["UNAVAILABLE"]),
    }
    assert sorted(by_name) == [f"scopes/demo/buckets/of-h{number}" for number in range(3)]
    # In check mode nothing is reported, unless that is asked for; what would change is not reached.
    tasks = [bucket("one"), bucket("two")]
    options = {"sink": "file", "path": tmp_path / "checked.jsonl"}
    assert run(tmp_path, [{"tasks": tasks}], options, "--check").code == 0
    assert not lines(tmp_path / "checked.jsonl")
    asked = run(tmp_path, [{"tasks": tasks}], options, "--check", STATUS_REPORT_CHECK_MODE="true")
    assert asked.code == 0
    (report,) = lines(tmp_path / "checked.jsonl")
    assert [resource["revisions"][0]["replicas"] for resource in report["resources"]] == [1, 0]
    assert errors(report) == []


def test_options_come_from_the_environment_too_and_an_empty_variable_is_none(
    server: Emulator, serve: Serve, tmp_path: Path
) -> None:
    sink = serve(reply(b"thanks", content_type="text/plain"))
    names = ("SINK", "TIMEOUT", "CHECK_MODE", "ACCESS_TOKEN", "SPOOL", "INSTANCE")
    empty = {f"STATUS_REPORT_{name}": "" for name in names}
    from_cfg = {"sink": "http", "url": f"{sink.url}/elsewhere", "access_token": TOKEN, "timeout": 20}
    url = {"STATUS_REPORT_URL": f"{sink.url}/hook/?key=query-that-must-not-leak"}
    done = run(tmp_path, [{"tasks": [bucket()]}], from_cfg, **empty, **url)
    assert done.code == 0 and not done.warnings, done.output
    (request,) = sink.requests
    assert request.line.startswith("POST /hook/?key=query-that-must-not-leak ")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.body)["resources"][0]["resource"] == "scopes/demo/buckets/one"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sink": "apigee", "access_token": TOKEN}, "option 'instance' is not given"),
        ({"sink": "http", "url": "http://me:hunter2@x.test"}, "option 'url' must not carry credentials"),
        ({"sink": "file", "path": "/nowhere/at/all"}, "cannot write to /nowhere/at/all"),
    ],
)
def test_bad_options_fail_no_play(server: Emulator, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    done = run(tmp_path, [{"tasks": [bucket()]}, {"tasks": [bucket()]}], options)
    assert done.code == 0 and "hunter2" not in done.output
    (warning,) = done.warnings
    assert message in warning


# What becomes of a report that is not taken


def test_what_is_not_delivered_waits_and_comes_first(server: Emulator, serve: Serve, tmp_path: Path) -> None:
    """Down, then broken, then up again, then a report that the sink refuses."""
    spool = tmp_path / "state/spool"
    options = apigee(server, spool=spool)
    plays: list[Play] = [{"tasks": [bucket("p-1")]}, {"tasks": [bucket("p-2")]}]
    dead = run(tmp_path, plays, {**options, "access_token": "wrong"})
    assert dead.code == 0
    (warning,) = dead.warnings
    assert "HTTP 401" in warning and f"wait in {spool} for the next run: 2." in warning, warning
    assert spool.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in spool.iterdir()} == {0o600}
    waiting = spooled(spool)
    assert [report["resources"][0]["resource"][-3:] for report in waiting] == ["p-1", "p-2"]
    (spool / "notes.json").write_text("{}")
    (spool / "broken").write_text("x")
    half = spool / f"20200101T000000.000000Z.{next(spool.glob('2*.json')).name.split('.')[2]}.json"
    half.write_text('{"half')
    for code in ("permission_denied", "resource_exhausted", "unavailable"):
        server.add_faults({"rpc": "ReportStatus", "kind": "error", "code": code})
    for status in ("403", "429", "503"):
        refused = run(tmp_path, [{"tasks": [{DEBUG: {}}, bucket("p-3")]}], options)
        assert f"HTTP {status}" in refused.warnings[0]
    assert len(spooled_names(spool)) == 6
    server.add_faults({"rpc": "ReportStatus", "kind": "close", "when": "after"})  # taken, but the answer is lost
    lost = run(tmp_path, [{"tasks": [bucket("p-4")]}], options)
    assert "for the next run: 6." in lost.warnings[0], lost.warnings
    mark = server.journal()["next"]
    server.add_faults({"rpc": "ReportStatus", "kind": "error", "code": "invalid_argument", "skip": 2})
    again = run(tmp_path, [{"tasks": [bucket("p-5")]}], options)
    assert again.code == 0
    (warning,) = again.warnings
    assert "refused a report, which is dropped: injected fault [invalid_argument, HTTP 400]" in warning
    sent = reported(server, mark)
    names = [report["resources"][0]["resource"][-3:] for report in sent]
    assert names == ["p-1", "p-2", "p-3", "p-3", "p-3", "p-4", "p-5"]
    assert [report["reportTime"] for report in sent] == sorted(report["reportTime"] for report in sent)
    assert waiting == sent[:2]
    left = {path.name for path in spool.iterdir() if not path.name.startswith(".")}
    assert left == {"notes.json", "broken", half.name} and half.read_text() == '{"half'
    # An instance that Apigee does not know is no reason to keep anything.
    unknown = run(tmp_path, plays, {**options, "instance": "organizations/demo/instances/none"})
    assert "HTTP 404" in unknown.warnings[0] and {path.name for path in spool.glob("[!.]*")} == left


def spooled_names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.json") if re.match(r"2\d{7}T", path.name)]


def test_a_slow_sink_delays_the_end_no_longer_than_the_timeout(server: Emulator, serve: Serve, tmp_path: Path) -> None:
    slow = serve(silence)
    options = {"sink": "http", "url": slow.url, "timeout": 1, "spool": tmp_path / "spool"}
    done = run(tmp_path, [{"tasks": [bucket()]}], options)
    assert done.code == 0
    (warning,) = done.warnings
    assert "wait" in warning and len(spooled_names(tmp_path / "spool")) == 1
    without = {"sink": "http", "url": slow.url, "timeout": 1}
    lost = run(tmp_path, [{"tasks": [bucket()]}], without)
    assert lost.code == 0 and len(lost.warnings) == 1


def test_a_killed_run_leaves_a_valid_spool_that_the_next_one_sends(
    server: Emulator, serve: Serve, tmp_path: Path
) -> None:
    """Killed in the second play, while the report of the first waits, and again while a report is being sent."""
    spool = tmp_path / "spool"
    dead, slow = serve(reply(b""), listening=False), serve(silence)
    pause = {"ansible.builtin.command": {"argv": ["sleep", "60"]}}
    plays: list[Play] = [{"tasks": [bucket("first")]}, {"tasks": [bucket("second"), pause]}]
    options = {"sink": "http", "url": dead.url, "spool": spool}
    kill_when(lambda: bool(spooled_names(spool)), tmp_path, plays, options)
    (report,) = spooled(spool)
    assert report["resources"][0]["resource"] == "scopes/demo/buckets/first"
    to_slow = {**options, "url": slow.url, "timeout": 60}
    kill_when(lambda: bool(slow.requests), tmp_path, [{"tasks": [bucket("third")]}], to_slow)
    assert len(spooled_names(spool)) == 2 and all(report["resources"] for report in spooled(spool))
    dead.listen()
    done = run(tmp_path, [{"tasks": [bucket("fourth")]}], options)
    assert done.code == 0 and not done.warnings, done.output
    sent = [json.loads(request.body)["resources"][0]["resource"] for request in dead.requests]
    assert sent == ["scopes/demo/buckets/first", "scopes/demo/buckets/fourth"]
    assert len(spooled_names(spool)) == 1  # that of another sink


def kill_when(true: Any, tmp_path: Path, plays: list[Play], options: Mapping[str, Any]) -> None:
    """Kill a run with all its workers as soon as something is so."""
    ansible_playbook, environment = command(tmp_path, plays, options)
    process = subprocess.Popen(
        ansible_playbook, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert until(true, seconds=60)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
