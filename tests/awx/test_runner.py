# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The role provision in jobs as AWX runs them, from the tarball, with the credential type of the role awx_setup."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.release import __version__ as core_version

from emulator.process import Emulator

from . import rules
from .definitions import ROOT, credential_types, job_templates, survey
from .job import Job, Runner, kill_tree
from .test_audit import count

TOKEN = "runner-token-that-must-not-leak"
RE_READS_ANSWERS = tuple(map(int, core_version.split(".")[:2])) >= (2, 19)
LISTS = ("otterscale_datavolumes", "otterscale_vm_services", "otterscale_buckets")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator("--import-seconds", "0.2", token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def injected(emulator: Emulator) -> dict[str, str]:
    """What the credential gives to a job where only what is required is filled in."""
    inputs = {"api_url": emulator.url, "scope": "demo", "api_token": TOKEN}
    environment, _files = rules.injected(credential_types()["otterscale"], inputs)
    return environment


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The inventory declares what the quickstart does."""
    quickstart = yaml.safe_load((ROOT / "playbooks/quickstart.yml").read_text())[0]["vars"]
    tarball = Path(os.environ["OTTERSCALE_TARBALL"])
    return Runner(tmp_path_factory.mktemp("awx"), tarball, {name: quickstart[name] for name in LISTS})


def scope_answers() -> dict[str, Any]:
    """A schedule answers nothing, so what arrives are the defaults."""
    return rules.extra_vars(survey(job_templates()[0]["survey"]), {})


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.05)


def assert_no_secret(job: Job) -> None:
    assert job.leaks(TOKEN) == []
    assert TOKEN not in str(job.events) + job.stdout


def test_a_declaration_from_nothing_over_a_kill_to_the_drift_report(
    emulator: Emulator, runner: Runner, injected: dict[str, str]
) -> None:
    """Check mode; a run that is killed while a write is under way; a run that converges; the nightly report."""
    check = runner.run(injected, answers=scope_answers(), options="--check")
    assert check.status == "successful", check.stdout
    promised = check.artifacts["otterscale_provision"]
    assert (promised["changed"], promised["failed"], promised["check_mode"]) == (7, 0, True)
    assert not [call for call in emulator.journal()["calls"] if call["write"]]

    # Both services are made, and their answers do not come; buckets would be next.
    emulator.add_faults(
        {"rpc": "CreateVirtualMachineService", "kind": "delay", "seconds": 300, "when": "after", "count": 2}
    )
    folder = runner.prepare(injected, {}, scope_answers(), "")
    process = runner.start(folder)
    wait_for(lambda: len(emulator.state()["scopes"]["demo"]["services"]) == 2 or process.poll() is not None)
    assert process.poll() is None, "it ended before it could be killed"
    kill_tree(process)
    killed = Job(folder, runner.number, process.returncode)
    assert killed.artifacts == {} and not killed.of("playbook_on_stats")
    emulator.clear_faults()

    rerun = runner.run(injected, answers=scope_answers())
    assert rerun.status == "successful", rerun.stdout
    done = rerun.artifacts["otterscale_provision"]
    assert (done["failed"], done["unchanged"]) == (0, 5)
    assert done["changed_resources"] == ["bucket shop-pictures", "bucket shop-reports"]

    marked = emulator.journal()["next"]
    report = runner.run(injected, answers=scope_answers(), options="--check")
    assert report.artifacts["otterscale_provision"] == {
        **{
            "unchanged": 7,
            "changed": 0,
            "failed": 0,
            "changed_resources": [],
            "failed_resources": [],
            "check_mode": True,
        }
    }
    assert not [call for call in emulator.journal(marked)["calls"] if call["write"]]
    (result,) = report.results("otterscale.core.otterscale_resources")
    assert result["summary"]["unchanged"] == 7 and len(result["results"]) == 7
    nodes = [
        count("otterscale_resources", job.results("otterscale.core.otterscale_resources")[0]) for job in (rerun, report)
    ]
    assert len(nodes[0]) == 7 and nodes[0] == nodes[1], "what AWX counts as nodes, by ids that stay"
    for job in (check, killed, rerun, report):
        assert_no_secret(job)
    assert f"artifacts/{check.number}/stdout" in check.leaks("PLAY RECAP"), "or nothing would be found anywhere"


def test_a_survey_makes_a_bucket(emulator: Emulator, runner: Runner, injected: dict[str, str]) -> None:
    """The template's variables replace the lists of the inventory; the optional question is not answered."""
    template = next(one for one in job_templates() if one["name"] == "OtterScale - bucket")
    given = {"bucket_name": "asked-for", "bucket_owner": "bob"}
    assert rules.launch_errors(survey(template["survey"]), given) == []
    extra = yaml.safe_load(yaml.safe_dump(plain(template["extra_vars"])))
    job = runner.run(injected, extra=extra, answers=given)
    assert job.status == "successful", job.stdout
    assert job.artifacts["otterscale_provision"]["changed_resources"] == ["bucket asked-for"]
    assert_no_secret(job)

    # What a survey lets through, and ansible-core 2.19 and newer makes a number of.
    job = runner.run(injected, extra=extra, answers={**given, "bucket_name": "0123"})
    outcome = job.artifacts["otterscale_provision"]
    if RE_READS_ANSWERS:
        assert job.status == "failed" and job.returncode != 0
        assert (outcome["failed"], outcome["changed"], outcome["failed_resources"]) == (1, 0, ["bucket 83"])
        (failure,) = job.results("ansible.builtin.fail")
        assert "otterscale_buckets[0].name is an integer (83)" in failure["msg"]
    else:
        assert job.status == "successful" and outcome["changed_resources"] == ["bucket 0123"]
    assert_no_secret(job)


def test_a_run_that_cannot_begin_counts_all_as_failed(runner: Runner, injected: dict[str, str]) -> None:
    """The artifact is there for what comes after it, and so is why."""
    job = runner.run({**injected, "OTTERSCALE_API_URL": "ftp://otterscale.example.com"}, answers=scope_answers())
    outcome = job.artifacts["otterscale_provision"]
    assert job.status == "failed" and (outcome["failed"], outcome["changed"], outcome["unchanged"]) == (7, 0, 0)
    assert len(outcome["failed_resources"]) == 7 and "datavolume default/db-data" in outcome["failed_resources"]
    (failure,) = job.results("ansible.builtin.fail")
    assert "api_url" in failure["msg"]
    assert_no_secret(job)
    # AWX empties results that are too large; the artifact is no result.
    job = runner.run({**injected, "OTTERSCALE_API_URL": "", "MAX_EVENT_RES": "100"}, answers=scope_answers())
    assert job.results("otterscale.core.otterscale_resources") == [{}]
    assert job.artifacts["otterscale_provision"]["failed"] == 7
    assert_no_secret(job)


def plain(value: Any) -> Any:
    """Without the type of texts that are templates for the job."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return (
        [plain(item) for item in value] if isinstance(value, list) else str(value) if isinstance(value, str) else value
    )
