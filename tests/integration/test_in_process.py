# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Action plugins: when a task runs in the controller's process, what its items share, and that nothing but the
time it takes shows the difference.

Every item of a module reads for itself, while the items of a loop in the controller's process share one reading. So the
journal of the server shows which way a task went.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connection import CONNECTION_SPEC

from emulator.process import Emulator
from tests.integration.playbook import Run, run_playbook
from tests.integration.test_targets import comparable

TOKEN = "in-process-token-that-must-not-leak"
BUCKET = "otterscale.core.otterscale_bucket"
VOLUME = "otterscale.core.otterscale_datavolume"
SERVICE = "otterscale.core.otterscale_vm_service"
RESOURCES = "otterscale.core.otterscale_resources"
NAMES = ["one", "two", "three"]


@pytest.fixture
def both(both: dict[str, Emulator]) -> dict[str, Emulator]:
    """Both have three buckets."""
    for emulator in both.values():
        for name in NAMES:
            emulator.put("bucket", name=name, owner="alice")
    return both


@pytest.fixture
def here(both: dict[str, Emulator]) -> dict[str, Emulator]:
    return {"plain": both["plain"]}


def play(
    tmp_path: Path, emulators: dict[str, Emulator], *tasks: dict[str, Any], raw: Sequence[str] = (), **keywords: Any
) -> Run:
    """Run the tasks. raw: what stands in YAML in place of the values "raw 0", "raw 1" and so on."""
    connection = {
        "api_url": "{{ otterscale_api_url }}",
        "api_token": "{{ otterscale_api_token }}",
        "scope": "{{ otterscale_scope }}",
    }
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "module_defaults": {"group/otterscale.core.otterscale": connection},
            "tasks": list(tasks),
            **keywords,
        }
    ]
    text = json.dumps(plays)
    for number, value in enumerate(raw):
        text = text.replace(f'"raw {number}"', value)
    file = tmp_path / "play.yml"
    file.write_text(text)
    return run_playbook(file, "real", emulators, {}, tmp_path)


def wrapper(path: Path, *lines: str) -> str:
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return str(path)


# Which way a task goes


def test_a_task_leaves_the_controllers_process_only_if_something_asks_for_another(
    here: dict[str, Emulator], tmp_path: Path
) -> None:
    python = wrapper(tmp_path / "python", f'exec {sys.executable} "$@"')
    sudo = wrapper(tmp_path / "sudo", 'while [ "$1" != /bin/sh ]; do shift; done', 'exec "$@"')
    become = {"become": True, "become_method": "ansible.builtin.sudo", "vars": {"ansible_become_exe": sudo}}
    ways: list[tuple[bool, dict[str, Any]]] = [
        (True, {}),
        (True, {"vars": {"otterscale_in_process": "{{ 1 == 1 }}"}}),
        (True, {"vars": {"ansible_python_interpreter": "auto_silent"}}),
        (True, {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}),
        (True, {"environment": {}, "become": False, "throttle": 1, "check_mode": True, "run_once": True}),
        (True, {"delegate_to": "localhost"}),
        (False, {"vars": {"otterscale_in_process": False}}),
        (False, {"vars": {"otterscale_in_process": "{{ 'no' }}"}}),
        (False, {"vars": {"ansible_python_interpreter": python}}),
        (False, {"environment": {"LANG": "C"}}),
        (False, {"async": 60, "poll": 1, "vars": {"ansible_async_dir": str(tmp_path / "async")}}),
        (False, become),
    ]
    tasks = [
        # The server's journal distinguishes the tasks by their timeouts.
        {BUCKET: {"name": "{{ item }}", "owner": "alice", "timeout": 10 + number}, "loop": NAMES[:2], **keywords}
        for number, (_in_process, keywords) in enumerate(ways)
    ]
    run = play(tmp_path, here, *tasks)
    assert all(result.values["changed"] is False for result in run.results)
    timeouts = [call["headers"]["connect-timeout-ms"] for call in run.calls["plain"]]
    reads = [timeouts.count(str(1000 * (10 + number))) for number in range(len(ways))]
    assert reads == [1 if in_process else 2 for in_process, _keywords in ways]


def test_another_connection_is_not_ours(here: dict[str, Emulator], tmp_path: Path) -> None:
    task = {
        BUCKET: {"name": "one"},
        "vars": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
        "ignore_errors": True,
        "ignore_unreachable": True,
    }
    assert play(tmp_path, here, task).calls["plain"] == []


# The same results


def test_both_ways_complain_alike(both: dict[str, Emulator], tmp_path: Path) -> None:
    tasks = [
        {BUCKET: {"name": "one", "colour": "blue"}},
        {BUCKET: {"owner": "alice"}},
        {BUCKET: {"name": "one", "acl": "custom"}},
        {BUCKET: {"name": "one", "policy": "{"}},
        {BUCKET: {"name": "one", "owner": "bob", "timeout": "soon"}},
        {BUCKET: {"name": "one", "owner": "bob", "retries": -1}},
        {BUCKET: {"name": "one", "owner": "bob", "api_token": "", "oidc_issuer_url": "ftp://elsewhere"}},
        {BUCKET: {"name": "one", "owner": "nobody"}},
        {BUCKET: {"name": f"with-{TOKEN}"}},
        {SERVICE: {"name": "web", "namespace": "default", "ports": [{"port": 1, "size": 2}]}},
        {SERVICE: {"name": "web", "namespace": "default", "ports": [{"port": 1}, {"port": 2}]}},
        {VOLUME: {"name": "disk", "namespace": "default", "source": {"data": "x"}, "wait_timeout": 0}},
        {RESOURCES: {"buckets": [{"owner": "alice"}], "vm_services": [{"name": "x", "namespace": 1}]}},
        {RESOURCES: {"buckets": [{"name": "1", "owner": "alice"}], "max_parallel": "many"}},
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True} for task in tasks))
    told = assert_alike(run, both)
    assert len(told) == len(tasks)
    assert [number for number, result in enumerate(told) if not (result["failed"] and result["msg"])] == []
    assert TOKEN not in run.output


def test_empty_environment_variables_count_as_not_set_both_ways(
    both: dict[str, Emulator], tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    """AWX sets every variable of a credential."""
    for option in CONNECTION_SPEC.values():
        for variable in option["fallback"][1]:
            environment.setenv(variable, "")
    run = play(tmp_path, both, {BUCKET: {"name": "one", "owner": "bob"}})
    (told,) = assert_alike(run, both)
    assert told["changed"] and not told["failed"]


# Options as YAML reads them, and what the task says of them.
STATEMENT = "{Version: 2012-10-17, Statement: {Effect: Allow, Principal: '*', Action: '*', Condition: %s}}"
VALUES = {
    STATEMENT % "{Bool: {true: yes, No: [.5, ~]}, NumericEquals: {1: 0x10, 1.5: 12345678901234567890, .inf: x}}": None,
    STATEMENT % "{DateEquals: {a: 2020-01-01, b: 2020-01-01T10:00:00.5Z, c: 2020-01-01 10:00:00 +02:00}}": None,
    STATEMENT % "{Bool: {1: a, '1': b, 1.0: c}, StringLike: {a: !unsafe '{{ b }}', b: '{{ [1, none] }}'}}": None,
    STATEMENT % "{Null: {'aws:TokenIssueTime': true}}": "'policy'.* write \"Null\" with quotes",
    STATEMENT % "{~: {'aws:TokenIssueTime': true}}": "'policy'.* write \"Null\" with quotes",
    "{Statement: .inf}": "'policy'.* not a JSON number",
    "{Statement: [.nan]}": "'policy'.* not a JSON number",
    "{Statement: %s}" % ("[" * 60 + "1" + "]" * 60): "'policy'.* nested more than 50 deep",
    "{Statement: %s}" % ("[" * 120 + "1" + "]" * 120): "'policy' is nested more than 100 deep",
    "{Statement: !!binary aGVsbG8=}": "'policy' holds a value that JSON cannot represent",
    "{Statement: [{!!binary aGVsbG8= : 1}]}": "'policy' holds a value that JSON cannot represent",
    "{Statement: [{2020-01-01: 1}]}": "'policy' holds a value that JSON cannot represent",
    "{Statement: [{2020-01-01 10:00:00: 1}]}": "'policy' holds a value that JSON cannot represent",
    "!!binary aGVsbG8=": "'policy' holds a value that JSON cannot represent",
}
VAULTED = (
    r"$ANSIBLE_VAULT;1.1;AES256\n3537636139326333383030663464626530646162396265343037306"
    r"1646665373933353732333133\n3035343334366537383966623036663339613666396439330a62313"
    r"7313763373836353531343531\n3739316561656639396164616464623134396234313365646462613"
    r"3346662363865393031343836\n3232326361313166310a65373330373933626138626463323364383"
    r"1366437626164316139383161\n3362"
)


def test_values_are_the_same_both_ways(
    both: dict[str, Emulator], tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    """A module gets its arguments through JSON, which has fewer types than YAML."""
    password = tmp_path / "password"
    password.write_text("vault-password")
    environment.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(password))
    others = [
        {BUCKET: {"name": "one", "policy": {"Statement": "raw 14"}}},
        {BUCKET: {"name": "raw 15"}},
        {BUCKET: {"name": "one", "owner": "raw 16"}},
        {VOLUME: {"name": "raw 17", "namespace": "raw 18", "size": "raw 19"}},
        {RESOURCES: {"buckets": [{"name": "one", "raw 20": 1}]}},
    ]
    sets, dates, vaulted = "!!set {one}", "2020-01-01", f'!vault "{VAULTED}"'
    raw = [*VALUES, sets, dates, vaulted, "2020-01-01 10:00:00", "1.50", ".inf", "~"]
    tasks = [{BUCKET: {"name": "one", "policy": f"raw {number}"}} for number in range(len(VALUES))] + others
    run = play(tmp_path, both, *({**task, "check_mode": True, "ignore_errors": True} for task in tasks), raw=raw)
    told = assert_alike(run, both)
    assert len(told) == len(tasks)
    for result, (value, message) in zip(told, VALUES.items(), strict=False):
        assert result["failed"] is (message is not None), value
        if message:
            assert re.search(message, result["msg"]) and result["error"]["code"] == "client", result["msg"]
    policy = told[0]["bucket"]["policy"]
    assert policy["Version"] == "2012-10-17"
    assert policy["Statement"]["Condition"] == {
        "Bool": {"true": True, "false": [0.5, None]},
        "NumericEquals": {"1": 16, "1.5": 12345678901234567890, "Infinity": "x"},
    }
    assert told[16]["bucket"]["owner"] == "alice" and not told[16]["changed"]


def test_keywords_of_a_task_mean_the_same_both_ways(both: dict[str, Emulator], tmp_path: Path) -> None:
    found = {"until": "found.bucket.owner == 'bob'", "register": "found", "retries": 2, "delay": 0}
    tasks = [
        {BUCKET: {"name": "one"}, "no_log": True},
        {BUCKET: {"name": "one"}, **found, "ignore_errors": True},
        {BUCKET: {"name": "one"}, "changed_when": True, "failed_when": True, "ignore_errors": True},
        {BUCKET: {"name": "{{ item }}", "owner": "bob"}, "loop": NAMES, "loop_control": {"label": "x"}, "throttle": 1},
        {BUCKET: {"name": "four", "owner": "bob"}, "check_mode": True, "diff": False},
        {BUCKET: {"name": "four", "owner": "bob"}, "run_once": False, "delegate_to": "localhost", "vars": OTHERS},
    ]
    run = play(tmp_path, both, *tasks, strategy="free")
    told = assert_alike(run, both)
    assert [result.get("attempts") for result in told].count(2) == 1


# With delegation the variables of the other host count.
OTHERS = {"ansible_python_interpreter": sys.executable}


def assert_alike(run: Run, both: dict[str, Emulator]) -> list[dict[str, Any]]:
    """What the tasks reported, which is the same for both hosts."""
    told = [[comparable(result.values, emulator.url) for result in run.of(host)] for host, emulator in both.items()]
    assert len(told[0]) == len(told[1])
    for here, module in zip(*told, strict=True):
        for passing in ("start", "end", "delta", "period", "frame"):
            here.get("timedout", {}).pop(passing, None), module.get("timedout", {}).pop(passing, None)
        assert here == module
    return told[0]


# What a loop shares


def test_a_loop_over_what_is_there_reads_each_list_once(here: dict[str, Emulator], tmp_path: Path) -> None:
    names = [f"many-{number}" for number in range(30)]
    for name in names:
        here["plain"].put("bucket", name=name, owner="alice")
    common = {"namespace": "default", "state": "absent"}
    run = play(
        tmp_path,
        here,
        {BUCKET: {"name": "{{ item }}", "owner": "alice"}, "loop": names},
        {VOLUME: {"name": "{{ item }}", **common}, "loop": names, "check_mode": True},
        {SERVICE: {"name": "{{ item }}", **common}, "loop": names, "check_mode": True},
    )
    assert len(run.results) == 90
    assert sorted(call["rpc"] for call in run.calls["plain"]) == [
        *("ListBuckets", "ListDataVolumes", "ListDataVolumes", "ListVirtualMachines")
    ]


def test_a_loop_sees_what_it_did_itself(here: dict[str, Emulator], tmp_path: Path) -> None:
    states = ["present", "present", "absent", "absent", "present"]
    task = {BUCKET: {"name": "{{ item.name }}", "owner": "alice", "state": "{{ item.state }}"}}
    items = [{"name": "new", "state": state} for state in states]
    items[2:2] = [{"name": name, "state": "present"} for name in NAMES]
    run = play(tmp_path, here, {**task, "loop": items})
    changed = [result.values["changed"] for result in run.results]
    assert changed == [True, False, False, False, False, True, False, True]
    assert [call["rpc"] for call in run.writes("plain")] == ["CreateBucket", "DeleteBucket", "CreateBucket"]


def test_the_changes_of_a_loop_cost_their_writes_and_one_list(here: dict[str, Emulator], tmp_path: Path) -> None:
    bucket = {"name": "{{ item }}", "owner": "bob", "acl": "private"}
    new = {"name": "new-{{ item }}", "owner": "alice"}
    gone = {"name": "{{ item }}", "state": "absent"}
    run = play(tmp_path, here, *({BUCKET: options, "loop": NAMES} for options in (bucket, new, gone)))
    assert [call["rpc"] for call in run.calls["plain"]] == [
        *("ListBuckets", "UpdateBucket", "UpdateBucket", "UpdateBucket"),
        *("ListBuckets", "CreateBucket", "CreateBucket", "CreateBucket"),
        *("ListBuckets", "DeleteBucket", "DeleteBucket", "DeleteBucket"),
    ]


def test_a_failed_write_ends_what_was_read_before_it(here: dict[str, Emulator], tmp_path: Path) -> None:
    """Somebody else was at work: after a refused write, the next item looks for itself."""
    here["plain"].put("bucket", name="full", owner="alice", used_objects=1)
    items = [{"name": "one"}, {"name": "full", "state": "absent"}, {"name": "two"}, {"name": "three"}]
    run = play(
        tmp_path,
        here,
        {
            BUCKET: {"name": "{{ item.name }}", "state": "{{ item.state | default('present') }}"},
            "loop": items,
            "ignore_errors": True,
        },
    )
    rpcs = [call["rpc"] for call in run.calls["plain"]]
    assert rpcs == ["ListBuckets", "DeleteBucket", "ListBuckets"]


# Progress


def test_a_wait_shows_how_far_it_is(here: dict[str, Emulator], tmp_path: Path) -> None:
    source = {"type": "http_url", "data": "https://images.example.com/debian-12.qcow2"}
    volume = {"namespace": "default", "source": source, "size": "1Gi", "wait": True, "wait_sleep": 0.1}
    run = play(
        tmp_path,
        here,
        {VOLUME: {**volume, "name": "shown"}},
        {VOLUME: {**volume, "name": "hidden", "wait_progress": False}},
        {VOLUME: {**volume, "name": "secret"}, "no_log": True},
        {RESOURCES: {"datavolumes": [{**volume, "name": "listed"}]}},
    )
    lines = [line for line in run.output.splitlines() if line.startswith(f"{VOLUME}: ")]
    assert lines
    assert all("data volume default/shown present: " in line for line in lines)
    assert [line for line in run.output.splitlines() if line.startswith(f"{RESOURCES}: data volume default/listed")]
    shown = run.results[0].values["phases"]
    assert shown[-1]["phase"] == "Succeeded"
    assert [phase["seconds"] for phase in shown] == sorted(phase["seconds"] for phase in shown)
    assert len({phase["phase"] for phase in shown}) == len(shown) > 1


@pytest.mark.parametrize("callback", ["ansible.builtin.minimal", "otterscale_document"])
def test_progress_stays_out_of_a_document_on_stdout(
    here: dict[str, Emulator], tmp_path: Path, environment: pytest.MonkeyPatch, callback: str
) -> None:
    environment.setenv("ANSIBLE_STDOUT_CALLBACK", callback)
    volume = {"name": "shown", "namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi"}
    run = play(tmp_path, here, {VOLUME: {**volume, "wait": True, "wait_sleep": 0.1}})
    progress = f"{VOLUME}: data volume default/shown present: "
    if callback == "otterscale_document":
        assert progress in run.stderr
        (result,) = json.loads(run.stdout)
        assert result["datavolume"]["name"] == "shown"
    else:
        assert progress in run.stdout and progress not in run.stderr


# A whole declaration


def test_a_declaration_reads_four_lists_whatever_its_length(both: dict[str, Emulator], tmp_path: Path) -> None:
    for emulator in both.values():
        for number in range(40):
            emulator.put("bucket", name=f"b-{number}", owner="alice")
    buckets = [{"name": f"b-{number}", "owner": "alice"} for number in range(40)]
    gone = [{"name": f"gone-{number}", "namespace": "default", "state": "absent"} for number in range(40)]
    run = play(
        tmp_path,
        both,
        {RESOURCES: {"buckets": buckets, "vm_services": gone, "datavolumes": gone}, "check_mode": True},
    )
    assert_alike(run, both)
    for host in both:
        assert len(run.calls[host]) == 4
        assert run.of(host)[0].values["summary"] == {"unchanged": 120, "changed": 0, "failed": 0, "skipped": 0}


def test_a_list_that_cannot_be_read_fails_what_it_is_about_and_nothing_else(
    both: dict[str, Emulator], tmp_path: Path
) -> None:
    for emulator in both.values():
        emulator.add_faults({"rpc": "ListBuckets", "kind": "error", "code": "permission_denied", "count": 9})
    declared = {"buckets": [{"name": name, "owner": "alice"} for name in NAMES], "retries": 0}
    web = {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]}
    run = play(tmp_path, both, {RESOURCES: {**declared, "vm_services": [web]}, "ignore_errors": True})
    (told,) = assert_alike(run, both)
    assert [result["failed"] for result in told["results"]] == [False, True, True, True]
    assert told["error"]["code"] == "permission_denied"
    assert told["changed"] is True
    assert [call["rpc"] for call in run.calls["plain"]].count("ListBuckets") == 1


def test_a_declaration_that_fails_as_a_whole_is_not_skipped(both: dict[str, Emulator], tmp_path: Path) -> None:
    """Ansible takes a task for skipped if all its `results` are, and calls callbacks accordingly."""
    one = {"name": "one", "owner": "alice"}
    copied = {"name": "a", "namespace": "b", "source": {"type": "existing_persistent_volume_claim", "data": "a"}}
    whole: list[dict[str, Any]] = [
        {"buckets": [one], "max_parallel": 0},
        {"buckets": [one, one]},
        {"buckets": [one], "api_url": "ftp://elsewhere"},
        {"buckets": [one], "state": "overridden"},
        {"buckets": [one], "datavolumes": [], "state": "overridden"},
        {"buckets": [], "state": "overridden", "confirm_removal": 1},
        {"buckets": [one], "namespaces": ["Not_One"]},
        {"datavolumes": [copied]},
    ]
    unplanned = {"buckets": [{"name": "new"}, {"name": "four", "owner": "bob"}], "any_errors_fatal": True}
    partly = {"buckets": [{"name": "new", "owner": "nobody"}, {"name": "four", "owner": "bob"}]}
    tasks: list[dict[str, Any]] = [
        *({RESOURCES: options, "failed_when": False} for options in whole),
        *({RESOURCES: unplanned, "failed_when": False, "check_mode": check} for check in (True, False)),
        {RESOURCES: partly, "failed_when": False, "changed_when": False},
        {RESOURCES: {"buckets": [{"name": "five", "owner": "bob"}]}, "changed_when": False},
        {RESOURCES: {"buckets": [{**one, "owner": "bob"}]}, "failed_when": False},
        {RESOURCES: {"buckets": [one, {"name": "six", "owner": "nobody"}]}, "failed_when": False},
        {RESOURCES: {"buckets": [one]}, "changed_when": True, "failed_when": True, "ignore_errors": True},
    ]
    run = play(tmp_path, both, *tasks)
    assert run.output.count("skipped=0") == len(both)
    for host in both:
        told = [result.values for result in run.of(host)]
        assert [values["failed"] for values in told] == [False] * 14 + [True]
        assert [values["changed"] for values in told] == [False] * 12 + [True] * 3
        entries = [[(entry["failed"], entry["skipped"]) for entry in values["results"]] for values in told]
        assert [set(entry) for entry in entries[: len(whole)]] == [{(True, False)}] * len(whole)
        assert entries[len(whole) :] == [
            *[[(True, False), (False, True)]] * 2,
            *([(True, False), (False, False)], [(False, False)], [(False, False)]),
            *([(False, False), (True, False)], [(False, False)]),
        ]
