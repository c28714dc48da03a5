# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Run a playbook against several emulators at once, one host for each, and keep what it reported."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.process import Emulator
from tests.integration.ansible_process import ansible_playbook

MODULE = "_module"  # ends the names of hosts whose tasks do not run in the controller's process

# What assert_same_both_ways() has compared, for the summary.
COMPARED: Counter[str] = Counter()


@dataclass(frozen=True)
class Result:
    """One result of a module of this collection."""

    host: str
    task: str
    module: str
    values: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{self.host}: {self.task} ({self.values.get('item', '')})"


@dataclass(frozen=True)
class Run:
    """One run of a playbook: results of our modules in order, and the calls that each server got."""

    name: str
    results: list[Result]
    calls: dict[str, list[dict[str, Any]]]
    output: str
    stdout: str
    stderr: str

    def of(self, host: str) -> list[Result]:
        return [result for result in self.results if result.host == host]

    def writes(self, host: str) -> list[dict[str, Any]]:
        return [call for call in self.calls[host] if call["write"]]

    def reads(self, host: str) -> list[dict[str, Any]]:
        """Those of OtterScale: what is asked of Kubernetes beside it does not count, nor which API the server has."""
        other_api = [call["seq"] for call in self.calls[host] if call["rpc"] == "Check"]
        beside = {*other_api, *(number - 1 for number in other_api)}  # the call before found no such API
        return [
            call
            for call in self.calls[host]
            if not call["write"] and call["rpc"] != "GetKubernetes" and call["seq"] not in beside
        ]


def run_playbook(
    playbook: Path, name: str, emulators: dict[str, Emulator], facts: dict[str, dict[str, str]], directory: Path
) -> Run:
    """Run it with one host for each emulator; `name` is what the playbook sees as `run`. Fails if it fails.

    facts: the host variable `generation` of each host. A host whose name ends with MODULE runs everything as modules.
    """
    hosts = {
        host: {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "otterscale_api_url": emulator.url,
            "otterscale_api_token": emulator.token,
            "otterscale_scope": "demo",
            "otterscale_kubeconfig": str(kubeconfig(directory / f"{host}.kubeconfig", emulator)),
            "otterscale_in_process": not host.endswith(MODULE),
            "generation": {"name": host.removesuffix(MODULE), **facts.get(host.removesuffix(MODULE), {})},
        }
        for host, emulator in emulators.items()
    }
    inventory = directory / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    results = directory / f"{playbook.stem}-{name}.jsonl"
    marks = {host: emulator.journal()["next"] for host, emulator in emulators.items()}
    arguments = ["-i", str(inventory), "-e", f"run={name}", "--diff", str(playbook)]
    arguments += ["--check"] if "check" in name else []
    done = ansible_playbook(arguments, {**os.environ, "OTTERSCALE_RESULTS": str(results)}, directory)
    output = done.stdout + done.stderr
    assert done.code == 0, f"{playbook} as {name} ended with {done.code}:\n{output}"
    lines = results.read_text().splitlines() if results.exists() else []
    return Run(
        name=name,
        results=[_result(line) for line in map(json.loads, lines) if line["action"].startswith("otterscale.core.")],
        calls={host: emulator.journal(marks[host])["calls"] for host, emulator in emulators.items()},
        output=output + "\n".join(lines),
        stdout=done.stdout,
        stderr=done.stderr,
    )


def kubeconfig(path: Path, emulator: Emulator) -> Path:
    """A kubeconfig for the emulator's Kubernetes view of scope demo (JSON is YAML too)."""
    name = "demo"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": f"{emulator.url}/kubernetes/demo"}}],
        "users": [{"name": name, "user": {"token": emulator.token}}],
    }
    path.write_text(json.dumps(config))
    return path


def _result(line: dict[str, Any]) -> Result:
    return Result(line["host"], line["task"], line["action"].rpartition(".")[2], line["result"])
