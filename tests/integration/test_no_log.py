# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a task with `no_log: true` shows: nothing of what it was about. `nox -s no_log` tries it on every ansible-core.

Cores differ in what they hide by themselves: some take `results` of any task for the results of a loop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.process import Emulator
from tests.integration.playbook import Run, run_playbook

TOKEN = "no-log-token-that-must-not-leak"
# They come to the server and back to the task, each in its own place.
SECRETS = {
    "policy": "sid-secret",
    "refused policy": "refused-secret",
    "source": "source-secret",
    "unreadable policy": "unreadable-secret",
}
RESOURCES = "otterscale.core.otterscale_resources"


def policy(secret: str, effect: str = "Allow") -> dict[str, Any]:
    return {"Statement": [{"Sid": secret, "Effect": effect, "Principal": "*", "Action": "s3:GetObject"}]}


def volume(name: str) -> dict[str, Any]:
    source = {"type": "http_url", "data": f"https://reader:{SECRETS['source']}@images.example.com/{name}.qcow2"}
    return {"name": name, "namespace": "default", "source": source, "size": "1Gi"}


def tasks(number: int) -> Iterator[dict[str, Any]]:
    """Tasks that work, and tasks that fail before and after a call."""
    works = {"name": f"works-{number}", "owner": "alice", "policy": policy(SECRETS["policy"])}
    fails = {"name": f"fails-{number}", "owner": "alice", "policy": policy(SECRETS["refused policy"], "Perhaps")}
    unreadable = {"name": f"unreadable-{number}", "policy": f"[{SECRETS['unreadable policy']}"}
    volumes = [volume(f"disk-{number}"), {**volume(f"small-{number}"), "size": "none"}]
    whole = {"buckets": [works, fails], "datavolumes": volumes}
    yield {RESOURCES: {**whole, "buckets": [works, fails, unreadable]}, "check_mode": True}
    yield {RESOURCES: {**whole, "buckets": [works, fails, unreadable]}, "register": "whole"}
    # What is hidden from view is there for later tasks.
    names = [f"disk-{number}", f"small-{number}", works["name"], fails["name"], unreadable["name"]]
    told = [
        f"whole.results | map(attribute='name') | list == {names}",
        "whole.results[0].datavolume.source.data is search('images.example.com')",
        "whole.error.code == 'client'",
        f"'{SECRETS['unreadable policy']}' in whole.results[4].error.message",
    ]
    yield {"ansible.builtin.assert": {"that": told}, "ignore_errors": False}
    yield {RESOURCES: {"buckets": [works], "datavolumes": volumes[:1]}}
    yield {RESOURCES: {"buckets": ["{{ item }}"]}, "loop": [works, unreadable]}
    yield {RESOURCES: whole, "async": 60, "poll": 1}
    yield {"otterscale.core.otterscale_bucket": "{{ item }}", "loop": [works, unreadable]}
    yield {"otterscale.core.otterscale_datavolume": volumes[1]}
    lists = {"otterscale_buckets": [works, fails, unreadable], "otterscale_datavolumes": volumes}
    yield {"ansible.builtin.import_role": {"name": "otterscale.core.provision"}, "vars": lists}


def play(directory: Path, emulators: dict[str, Emulator], number: int) -> Run:
    connection = {
        "api_url": "{{ otterscale_api_url }}",
        "api_token": "{{ otterscale_api_token }}",
        "scope": "{{ otterscale_scope }}",
        "retries": 0,
    }
    defaults = {"group/otterscale.core.otterscale": connection}
    play = {"hosts": "all", "gather_facts": False, "module_defaults": defaults, "no_log": True, "ignore_errors": True}
    variables = {"ansible_async_dir": str(directory / "async")}
    file = directory / "play.yml"
    file.write_text(json.dumps([{**play, "vars": variables, "tasks": list(tasks(number))}]))
    return run_playbook(file, "real", emulators, {}, directory)


@pytest.mark.parametrize("verbosity", [0, 3])
def test_a_task_that_is_not_to_be_logged_shows_nothing(
    both: dict[str, Emulator], tmp_path: Path, environment: pytest.MonkeyPatch, verbosity: int
) -> None:
    environment.setenv("ANSIBLE_VERBOSITY", str(verbosity))
    run = play(tmp_path, both, verbosity)
    for host in both:
        created = [call["request"]["bucketName"] for call in run.writes(host) if call["rpc"] == "CreateBucket"]
        assert created.count(f"works-{verbosity}") == 1 and created.count(f"fails-{verbosity}") == 1
    shown = [name for name, secret in SECRETS.items() if secret in run.output]
    where = [line[:300] for line in run.output.splitlines() if any(secret in line for secret in SECRETS.values())]
    assert not shown, f"{shown} shown:\n" + "\n".join(where)
    assert TOKEN not in run.output
