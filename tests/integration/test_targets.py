# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Every playbook of targets/, four times: check mode, real, again, check mode again, on all generations at once.

Its tasks run in the controller's process and, if AS_MODULES is set, on one generation as modules too: both ways report
the same.

A playbook asserts what is particular to it. What holds for every module is asserted here: check mode sends no write
and predicts what the real run reports, the second run changes nothing and costs one read a task, no token leaks.

NN_name.put.yml beside NN_name.yml lists what is placed on the servers behind OtterScale's back before the first run.
The variable `unlisted_in` of a play names the generations that do not list its resource. Nothing can predict there
whether a create or delete is needed, and a service is set again on every run. The variable
`generations` of a target's first play names the only generations that it runs on: for a system other than OtterScale
they are all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.process import Emulator
from tests.integration.conftest import GENERATIONS, TARGETS, TOKEN, chosen
from tests.integration.playbook import COMPARED, MODULE, Result, Run, run_playbook
from tests.kinds import EMULATED, KINDS

PASSING = {
    *("invocation", "created_at", "updated_at", "heartbeat_at", "transitioned_at"),
    *("phase", "phases", "progress", "last_condition", "persistent_volume_claim"),
}


def reads_of(other_api: bool) -> dict[str, int]:
    """How many calls a task makes at most that reads one resource, all of a kind, or several kinds."""
    kinds = {kind.module: kind.reads for kind in KINDS.values() if kind.other_api is other_api}
    declared = {kind.module for kind in EMULATED.values()}
    return {
        **{f"{module}{suffix}": reads for module, reads in kinds.items() for suffix in ("", "_info")},
        "otterscale_resources": sum(reads for module, reads in kinds.items() if module in declared),
    }


# By whether the server is OtterScale 1.x.
READS = {other_api: reads_of(other_api) for other_api in (False, True)}


@pytest.mark.parametrize("target", chosen("TARGET", sorted(path.name for path in TARGETS.iterdir())))
def test_target(target: str, emulators: dict[str, Emulator], tmp_path: Path) -> None:
    playbooks = sorted(path for path in (TARGETS / target).glob("[0-9]*.yml") if not path.name.endswith(".put.yml"))
    assert playbooks, f"{target} has no playbook"
    for playbook in playbooks:
        play = yaml.safe_load(playbook.read_text())[0]
        place(playbook.with_suffix(".put.yml"), emulators)
        check, real, again, check_again = (
            run_playbook(playbook, name, emulators, GENERATIONS, tmp_path)
            for name in ("check", "real", "again", "check_again")
        )
        for host in emulators:
            where = f"{playbook.relative_to(TARGETS)} on {host}"
            assert not check.writes(host), f"{where}: check mode sent a write"
            assert not check_again.writes(host), f"{where}: check mode sent a write"
            if host.removesuffix(MODULE) not in play.get("vars", {}).get("unlisted_in", []):
                assert_predicted(check, real, host, where)
                assert_quiet(again, host, where)
                assert_same_answer(again, check_again, host, where)
        for run in (check, real, again, check_again):
            assert TOKEN not in run.output, f"{playbook}: the token is in the output of {run.name}"
            assert_same_both_ways(run, emulators, f"{playbook.relative_to(TARGETS)}: {run.name}")


def place(file: Path, emulators: dict[str, Emulator]) -> None:
    for thing in yaml.safe_load(file.read_text()) if file.exists() else []:
        for emulator in emulators.values():
            emulator.put(thing["kind"], **thing["object"])


def assert_predicted(check: Run, real: Run, host: str, where: str) -> None:
    """Check mode predicted what the real run then did."""
    predicted, happened = check.of(host), real.of(host)
    assert [result.task for result in predicted] == [result.task for result in happened], where
    for before, after in zip(predicted, happened, strict=True):
        for key in ("changed", "diff", "operations"):
            assert before.values.get(key) == after.values.get(key), f"{where}: {after.label}: {key} was not predicted"


def assert_quiet(again: Run, host: str, where: str) -> None:
    """Nothing changes, and a task costs no more reads than it must. A refused delete only proved an absence."""
    failed = any(result.values.get("failed") for result in again.of(host))
    for call in again.writes(host):
        refused = call["code"] != "ok" and (failed or call["rpc"].startswith("Delete"))
        assert refused and not call["effect"], f"{where}: the second run sent {call['rpc']}"
    for result in again.of(host):
        if not result.values.get("failed"):
            assert result.values["changed"] is False, f"{where}: {result.label} changed again"
            if result.module.endswith("_info"):
                assert not {"operations", "diff"} & result.values.keys(), f"{where}: {result.label}"
                continue
            assert result.values["operations"] == [], f"{where}: {result.label}"
            diff = result.values["diff"]
            for part in diff if isinstance(diff, list) else [diff]:
                assert part["before"] == part["after"], f"{where}: {result.label}"
    reads = READS[GENERATIONS.get(host.removesuffix(MODULE), {}).get("api") == "resource_v1"]
    allowed = sum(reads[result.module] for result in again.of(host))
    refused = len(again.writes(host))  # each is followed by one more look
    asked_for = sum(bool(_invocation(r).get("wait")) + bool(_invocation(r).get("get_unlisted")) for r in again.of(host))
    assert len(again.reads(host)) <= allowed + 2 * (refused + asked_for), f"{where}: {again.reads(host)}"


def assert_same_answer(again: Run, check_again: Run, host: str, where: str) -> None:
    """When nothing changes, check mode and a real run report the same resource."""
    for real, checked in zip(again.of(host), check_again.of(host), strict=True):
        for key in ("vm_service", "bucket", "ief_service", "vm_services", "buckets"):
            assert real.values.get(key) == checked.values.get(key), f"{where}: {real.label}"


def assert_same_both_ways(run: Run, emulators: dict[str, Emulator], where: str) -> None:
    """A module reports what the action plugin reports, but for times and how far an import is by then."""
    for as_modules in (host for host in emulators if host.endswith(MODULE)):
        here = as_modules.removesuffix(MODULE)
        COMPARED["runs"] += 1
        for in_process, module in zip(run.of(here), run.of(as_modules), strict=True):
            COMPARED["results"] += 1
            told = [comparable(result.values, emulators[result.host].url) for result in (in_process, module)]
            assert told[0] == told[1], f"{where}: {in_process.label}"


def comparable(value: Any, url: str) -> Any:
    """A result without what differs from server to server and from second to second."""
    if isinstance(value, dict):
        return {key: comparable(item, url) for key, item in value.items() if key not in PASSING}
    if isinstance(value, list):
        return [comparable(item, url) for item in value]
    return value.replace(url, "(url)") if isinstance(value, str) else value


def _invocation(result: Result) -> dict[str, Any]:
    options: dict[str, Any] = result.values.get("invocation", {}).get("module_args", {})
    return options
