# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The role awx_setup, run with awx.awx's own modules against a stand-in for AWX that refuses what AWX refuses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import rules
from .server import TOKEN, Awx, AwxServer

REPOSITORY = "https://git.example.com/platform.git"
PLAYBOOK = """
- name: Set AWX up
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: otterscale.core.awx_setup
"""
SECRET = "otterscale-token-that-must-not-leak"
VARIABLES: dict[str, Any] = {
    "otterscale_awx_organization": "Platform",
    "otterscale_awx_project": {"name": "Platform", "scm_url": REPOSITORY},
    "otterscale_awx_inventory": {"variables": {"otterscale_buckets": [{"name": "reports", "owner": "alice"}]}},
    "otterscale_awx_execution_environment": {"image": "quay.io/example/otterscale-ee:1.0"},
    "otterscale_awx_credentials": [
        {
            "name": "OtterScale production",
            "type": "otterscale",
            "inputs": {
                "api_url": "https://otterscale.example.com",
                "scope": "production",
                "api_token": SECRET,
                "ca_bundle": "",
            },
        },
        {
            "name": "Reports",
            "type": "status_report",
            "inputs": {"sink": "file", "path": "/tmp/reports", "report_check_mode": True},
        },
    ],
    "otterscale_awx_notification": {"name": "Chat", "url": "https://hooks.example.com/awx"},
}


@dataclass(frozen=True)
class Run:
    status: int
    changed: list[str]
    output: str


@pytest.fixture(scope="module")
def server() -> Iterator[AwxServer]:
    with AwxServer({REPOSITORY: {"provision.yml": "- import_playbook: otterscale.core.provision\n"}}) as running:
        yield running


def play(server: AwxServer, folder: Path, *arguments: str, **variables: Any) -> Run:
    """The role, with these variables beside VARIABLES."""
    (folder / "play.yml").write_text(PLAYBOOK)
    (folder / "variables.json").write_text(json.dumps({**VARIABLES, **variables}))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CONTROLLER_", "TOWER_"))},
        **{"CONTROLLER_HOST": server.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "HOME": str(folder)},
        **{"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_PIPELINING": "true"},
    }
    command = ["ansible-playbook", "-e", "@variables.json", "play.yml", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.stdout.startswith("{"), output
    results = [
        (task["task"]["name"], host)
        for one in json.loads(done.stdout)["plays"]
        for task in one["tasks"]
        for host in task["hosts"].values()
    ]
    changed = [
        f"{name.rpartition(' : ')[2]}: {item.get('item', '')}"
        for name, host in results
        for item in host.get("results", [host])
        if item.get("changed")
    ]
    assert SECRET not in output
    return Run(done.returncode, changed, output)


def test_from_nothing_to_the_nightly_job(server: AwxServer, tmp_path: Path) -> None:
    """Check mode, a run, a second run, check mode again."""
    awx = server.awx
    check = play(server, tmp_path, "--check")
    assert (check.status, awx.writes) == (0, []), check.output
    assert len(check.changed) == 4, "the organization and three types; what belongs to them cannot be asked for yet"
    first = play(server, tmp_path)
    assert first.status == 0 and not awx.refusals, first.output
    assert_set_up(awx)
    made = len(awx.writes)
    assert made > 15
    again = play(server, tmp_path)
    assert (again.status, again.changed, awx.writes[made:]) == (0, [], []), again.output
    check_again = play(server, tmp_path, "--check")
    assert (check_again.status, check_again.changed, awx.writes[made:]) == (0, [], []), check_again.output


def assert_set_up(awx: Awx) -> None:
    """What is there, and what a job would get."""
    by_name = {kind: {row.get("name"): row for row in rows.values()} for kind, rows in awx.rows.items()}
    platform = by_name["organizations"]["Platform"]["id"]
    galaxy = awx.related["organizations", platform, "galaxy_credentials"]
    assert [awx.rows["credentials"][number]["name"] for number in galaxy] == ["Ansible Galaxy"]
    credential = by_name["credentials"]["OtterScale production"]
    assert credential["inputs"] == {
        "api_url": "https://otterscale.example.com",
        "scope": "production",
        "api_token": SECRET,
    }
    environment, _files = rules.injected(by_name["credential_types"]["OtterScale"], credential["inputs"])
    assert environment["OTTERSCALE_API_TOKEN"] == SECRET and environment["OTTERSCALE_VALIDATE_CERTS"] == "true"
    report = by_name["job_templates"]["OtterScale - drift report"]
    assert (report["job_type"], report["diff_mode"], report["survey_enabled"]) == ("check", True, True)
    assert (
        awx.rows["execution_environments"][report["execution_environment"]]["image"]
        == "quay.io/example/otterscale-ee:1.0"
    )
    attached = {
        name: awx.related["job_templates", report["id"], name]
        for name in ("credentials", "notification_templates_success")
    }
    assert len(attached["credentials"]) == 2 and attached["notification_templates_success"] == [
        by_name["notification_templates"]["Chat"]["id"]
    ]
    assert awx.surveys[report["id"]]["spec"][0]["variable"] == "otterscale_scope"
    bucket = json.loads(by_name["job_templates"]["OtterScale - bucket"]["extra_vars"])
    assert bucket["otterscale_buckets"][0]["name"] == "{{ bucket_name }}", "a template for the job, not for the role"
    assert (
        json.loads(by_name["hosts"]["localhost"]["variables"])["ansible_python_interpreter"]
        == "{{ ansible_playbook_python }}"
    )
    (schedule,) = awx.rows["schedules"].values()
    assert schedule["unified_job_template"] == report["id"]
    nodes = {row["identifier"]: row for row in awx.rows["workflow_job_template_nodes"].values()}
    follows = awx.related["workflow_job_template_nodes", nodes["provision"]["id"], "always_nodes"]
    assert follows == [nodes["report"]["id"]] and nodes["report"]["unified_job_template"] == report["id"]
    assert by_name["notification_templates"]["Chat"]["messages"]["started"] is None


def test_what_is_wrong_is_told_before_anything_is_sent(server: AwxServer, tmp_path: Path) -> None:
    before = len(server.awx.writes)
    bad = [
        {
            "name": "Bad",
            "type": "otterscale",
            "inputs": {"api_url": "https://o.example.com", "scope": "", "token": SECRET},
        }
    ]
    run = play(server, tmp_path, otterscale_awx_credentials=bad)
    assert run.status != 0 and "Credential Bad: inputs lack scope" in run.output and "no field token" in run.output
    assert len(server.awx.writes) == before
    run = play(server, tmp_path, otterscale_awx_project={"name": "Platform"})
    assert run.status != 0 and "missing required arguments: scm_url found in otterscale_awx_project" in run.output
    assert len(server.awx.writes) == before


def test_what_differs_is_mended_and_nothing_else(server: AwxServer, tmp_path: Path) -> None:
    """A secret on request alone, and injectors of a type in use; an organization that exists is left alone."""
    by_name = {
        row["name"]: row
        for kind in ("credentials", "organizations", "credential_types")
        for row in server.awx.rows[kind].values()
    }
    whole = by_name["OtterScale"]["injectors"]
    by_name["OtterScale"]["injectors"] = {"env": {}}
    galaxy = ("organizations", by_name["Platform"]["id"], "galaxy_credentials")
    server.awx.related[galaxy] = []
    new = {"api_url": "https://otterscale.example.com", "scope": "production", "api_token": f"{SECRET}-2"}
    rotated = [{"name": "OtterScale production", "type": "otterscale", "inputs": new, "update_secrets": True}]
    run = play(
        server,
        tmp_path,
        otterscale_awx_credentials=rotated,
        otterscale_awx_job_templates=[],
        otterscale_awx_workflow={},
    )
    assert run.status == 0 and [line.partition(":")[0] for line in run.changed] == [
        "Credential types",
        "Credentials",
    ], run.output
    assert by_name["OtterScale"]["injectors"] == whole
    assert by_name["OtterScale production"]["inputs"]["api_token"] == f"{SECRET}-2"
    assert server.awx.related[galaxy] == []


def test_the_fields_of_a_type_in_use_stay(server: AwxServer, tmp_path: Path) -> None:
    """AWX's own refusal, which ends the role before it changes anything else."""
    (definition,) = (row for row in server.awx.rows["credential_types"].values() if row["name"] == "OtterScale")
    definition["inputs"] = {"fields": definition["inputs"]["fields"][:-1], "required": []}
    run = play(server, tmp_path)
    assert run.status != 0 and "HTTP 403" in run.output and not run.changed
