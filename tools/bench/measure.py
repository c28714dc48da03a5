# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""One run of a lane: a whole ansible-playbook, from its start to its end, and what it cost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.bench import lanes
from tools.bench.lanes import Lane
from tools.bench.servers import Servers

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".dev"
OUT = DEV / "bench"
# What the environment of whoever runs this must not change.
OTHERS = ("ANSIBLE_", "AWS_", "K8S_", "OTTERSCALE_", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True)
class Run:
    lane: str
    size: int
    seconds: float
    # Of the largest process: ansible-playbook, or one that it started.
    peak_mib: float
    asked: dict[str, int]


def prepare(lane: Lane, size: int, servers: Servers) -> list[str]:
    """The command of a run, with its inventory in place."""
    emulator = servers.of(lane)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "otterscale_api_url": emulator.url,
        "otterscale_api_token": emulator.token,
        "otterscale_scope": lanes.scope(lane, size),
        "s3_url": servers.s3.url,
        "kubernetes_url": servers.kubernetes.url,
        **lanes.resources(lane, size),
        **lane.variables,
    }
    inventory = OUT / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"bench": variables}}}))
    playbook = Path(__file__).parent / f"playbooks/{lane.playbook}.yml"
    return [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), str(playbook)]


def environment(lane: Lane, size: int, servers: Servers) -> Mapping[str, str]:
    """From here the modules take server and credentials, as in a job of AWX."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    emulator = servers.of(lane)
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(DEV / "collections"),
        "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
        "ANSIBLE_HOME": str(DEV / "ansible"),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_REMOTE_TMP": str(DEV / "ansible/tmp"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "OTTERSCALE_API_URL": emulator.url,
        "OTTERSCALE_API_TOKEN": emulator.token,
        "OTTERSCALE_SCOPE": lanes.scope(lane, size),
    }


def warm_up(lane: Lane, size: int, servers: Servers) -> None:
    """Run once with open eyes: the lane must go through, and must have nothing to change, or everything."""
    servers.place(lane, size)
    if not lane.playbook:
        return
    command = prepare(lane, size, servers)
    done = subprocess.run(command, env=environment(lane, size, servers), capture_output=True, text=True, check=False)
    recap = done.stdout.rpartition("PLAY RECAP")[2]
    expected = re.search(rf"changed={int(bool(lane.change))} .*failed=0", recap) or lane.playbook == "empty"
    if done.returncode or not expected:
        sys.exit(f"{lane.name} does not do what it should:\n{done.stdout[-5000:]}{done.stderr[-5000:]}")
    servers.asked()


def measure(lane: Lane, size: int, servers: Servers) -> Run:
    servers.place(lane, size)
    if not lane.playbook:
        return measure_floor(lane, size, servers)
    command = [sys.executable, str(Path(__file__).with_name("cost.py")), *prepare(lane, size, servers)]
    done = subprocess.run(command, env=environment(lane, size, servers), stdout=subprocess.PIPE, text=True, check=True)
    code, seconds, peak_mib = done.stdout.split()
    if code != "0":
        sys.exit(f"{lane.name} with {size} ended with {code}")
    return Run(lane.name, size, float(seconds), float(peak_mib), judged(lane, size, servers))


def measure_floor(lane: Lane, size: int, servers: Servers) -> Run:
    """What a program takes that does nothing but the writes, which it tells itself: without the start of Python."""
    emulator = servers.of(lane)
    command = [sys.executable, str(Path(__file__).with_name("floor.py")), emulator.url, emulator.token, lane.change]
    text = json.dumps(lanes.resources(lane, size)["buckets"])
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak_mib = map(float, done.stdout.split())
    return Run(lane.name, size, seconds, peak_mib, judged(lane, size, servers))


def judged(lane: Lane, size: int, servers: Servers) -> dict[str, int]:
    """What was asked, which is nothing that writes, or one write for each change."""
    asked = dict(servers.asked())
    writes = {name: count for name, count in asked.items() if re.match("Create|Update|Extend|Delete|PUT|POST", name)}
    expected = {f"{lane.change.capitalize()}Bucket": size} if lane.change else {}
    if writes != expected:
        sys.exit(f"{lane.name} with {size} has sent {writes}, not {expected}")
    return asked
