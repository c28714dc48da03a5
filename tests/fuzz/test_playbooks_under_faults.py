# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The same as test_faults.py through real ansible-playbook runs: what a playbook is told is what happened.

Each host is a case with a server of its own. The playbook has three tasks, one for each module, and goes on after a
failure. It runs with faults, then twice without: the first of these converges, the second changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.process import Emulator
from tests.fuzz.machine import put
from tests.fuzz.truth import fulfils
from tests.integration.playbook import Result, Run, run_playbook
from tests.kinds import EMULATED, emulated

TOKEN = "playbook-token-that-must-not-leak"
PRESENT: Mapping[str, Mapping[str, Any]] = {name: kind.example for name, kind in EMULATED.items()}
ABSENT = {name: kind.gone for name, kind in EMULATED.items()}


def every(call: str, *rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules for the write of each task: its `create`, `update` or `delete`."""
    return [{"rpc": getattr(kind.calls, call), **rule} for kind in EMULATED.values() for rule in rules]


HTML = {"kind": "answer", "headers": {"content-type": "text/html"}, "body": "<html>Bad Gateway</html>", "status": 502}


RESTART = {"kind": "restart", "when": "after"}


@dataclass(frozen=True)
class Case:
    """there: whether the three resources are there before."""

    generation: str
    tasks: Mapping[str, Mapping[str, Any]]
    there: bool
    faults: list[Mapping[str, Any]]


EXTEND = {"datavolume": PRESENT["datavolume"]}
CASES = {
    "answer_to_create_lost": Case("plain", PRESENT, False, every("create", {"kind": "close", "when": "after"})),
    "proxy_in_the_way": Case("mapped", PRESENT, True, every("update", {**HTML, "count": 9})),
    "restart_after_extend": Case("plain", EXTEND, True, [{"rpc": "ExtendDataVolume", **RESTART}]),
    "answer_to_delete_cut_off": Case("mapped", ABSENT, True, every("delete", {"kind": "truncate"})),
}

# A server takes a while to be there again, a proxy in the way stays.
RETRIES = "{{ 12 if inventory_hostname == 'restart_after_extend' else 3 }}"


def test_a_playbook_is_told_the_truth(tmp_path: Path) -> None:
    playbook = tmp_path / "plays.json"
    playbook.write_text(json.dumps([play(tasks) for tasks in (PRESENT, EXTEND, ABSENT)]))
    with ExitStack() as stack:
        emulators = {
            host: stack.enter_context(Emulator("--generation", case.generation, "--import-seconds", "0", token=TOKEN))
            for host, case in CASES.items()
        }
        for host, emulator in emulators.items():
            for kind in EMULATED if CASES[host].there else ():
                put(emulator, emulated(kind).there)
            emulator.add_faults(*map(dict, CASES[host].faults))
        faulty = run_playbook(playbook, "faulty", emulators, {}, tmp_path)
        for emulator in emulators.values():
            emulator.clear_faults()
        mended, again = (run_playbook(playbook, name, emulators, {}, tmp_path) for name in ("mended", "again"))
        for host, emulator in emulators.items():
            assert any(call["fault"] for call in faulty.calls[host]), f"{host}: no fault came true"
            assert not [call for call in again.calls[host] if call["effect"]], host
            for kind in CASES[host].tasks:
                assert_converges(host, kind, faulty, mended, again, emulator.state())
    assert all(TOKEN not in run.output for run in (faulty, mended, again))


def assert_converges(host: str, kind: str, faulty: Run, mended: Run, again: Run, state: Mapping[str, Any]) -> None:
    where = f"{kind} of {host}"
    assert_truth(result(faulty, host, kind), faulty.calls[host], where)
    converged = result(mended, host, kind)
    assert not converged.values.get("failed"), f"{where}: {converged.values}"
    assert_truth(converged, mended.calls[host], where)
    assert fulfils(kind, CASES[host].tasks[kind], state["scopes"]["demo"], state["generation"]), where
    assert result(again, host, kind).values["changed"] is False, where


def play(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    connection = {name: f"{{{{ otterscale_{name} }}}}" for name in ("api_url", "api_token", "scope")}
    return {
        "hosts": [host for host, case in CASES.items() if case.tasks is tasks],
        "gather_facts": False,
        "module_defaults": {"group/otterscale.core.otterscale": {**connection, "retries": RETRIES}},
        "tasks": [
            {"name": kind, f"otterscale.core.otterscale_{kind}": dict(options), "ignore_errors": True}
            for kind, options in tasks.items()
        ],
    }


def result(run: Run, host: str, kind: str) -> Result:
    (found,) = [found for found in run.of(host) if found.task == kind]
    return found


def assert_truth(found: Result, calls: list[dict[str, Any]], where: str) -> None:
    (own,) = [kind.calls for kind in EMULATED.values() if kind.module == found.module]
    effects = [call["rpc"] for call in calls if call["effect"] and call["rpc"] in own]
    values = found.values
    assert values["changed"] is bool(effects), f"{where}: changed is {values['changed']}, but there was {effects}"
    assert [operation["rpc"] for operation in values["operations"]] == effects, where
    assert "Traceback" not in json.dumps(values), where
    if values.get("failed"):
        assert values["msg"] and values["error"]["code"] not in (None, "client"), where
