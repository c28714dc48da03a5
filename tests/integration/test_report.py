# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The report of the role provision, as files that it writes and as the playbook drift_report delivers it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from emulator.process import Emulator
from tests.report.samples import HOSTILE, policy

from .http_server import Serve, reply

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
TOKEN = "report-token-that-must-not-leak"
PASSWORD = "image-password-that-must-not-leak"
IMAGE = f"https://reader:{PASSWORD}@images.example.com/debian.qcow2"
DECLARED = {
    "otterscale_datavolumes": [
        {"name": "image", "namespace": "default", "source": {"type": "http_url", "data": IMAGE}, "size": "1Gi"},
        {"name": "bad", "namespace": "default", "source": {"type": "blank_image"}, "size": "large"},
    ],
    "otterscale_vm_services": [
        {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]},
    ],
    "otterscale_buckets": [
        {"name": "reports", "owner": "alice", "policy": policy("s3:GetObject")},
        {"name": "same", "owner": "alice"},
    ],
}


@pytest.fixture
def declared(emulator: Emulator) -> Iterator[None]:
    """A server that differs: one bucket has another owner, and a policy with more than a text in it."""
    emulator.put("bucket", name="reports", owner="bob", policy=json.dumps(policy("s3:GetObject", sid=HOSTILE)))
    emulator.put("bucket", name="same", owner="alice")
    yield


def run(
    emulator: Emulator, playbook: Path, folder: Path, variables: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    given = folder / "variables.json"
    given.write_text(json.dumps(variables))
    environment = {
        **os.environ,
        "OTTERSCALE_API_URL": emulator.url,
        "OTTERSCALE_API_TOKEN": TOKEN,
        "OTTERSCALE_SCOPE": "demo",
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
    }
    command = ["ansible-playbook", "-e", f"@{given}", str(playbook)]
    # In the folder, since the files' names are relative to where the program is started.
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert TOKEN not in done.stdout + done.stderr
    return done


def one_line(page: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", page.partition("</style>")[2])).split())


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])}


def test_the_nightly_report_is_delivered(emulator: Emulator, declared: None, serve: Serve, tmp_path: Path) -> None:
    """Nothing is changed, one resource fails, and the page arrives all the same."""
    web = serve(reply(status=201))
    url = f"{web.url}/night.html?signature=secret"
    more = {"drift_report_file": "night.html", "drift_report_url": url, "awx_job_id": 4711}
    login = {"drift_report_user": "robot", "drift_report_password": "upload-password"}
    done = run(emulator, PLAYBOOKS / "drift_report.yml", tmp_path, {**DECLARED, **more, **login})
    assert done.returncode == 2 and recap(done)["changed"] == 1 and recap(done)["failed"] == 1, done.stdout
    assert not [call for call in emulator.journal()["calls"] if call["write"]]

    stats = json.loads(done.stdout.rpartition("RUN: ")[2])
    assert stats["otterscale_report"] == f"{web.url}/night.html"
    assert stats["otterscale_provision"]["check_mode"] is True
    assert stats["otterscale_provision"]["failed_resources"] == ["datavolume default/bad"]

    (request,) = web.requests
    assert request.line == "PUT /night.html?signature=secret HTTP/1.1"
    assert request.headers["Content-Type"] == "text/html; charset=utf-8"
    assert request.headers["Authorization"].startswith("Basic ")
    page = request.body.decode()
    assert page == (tmp_path / "night.html").read_text()
    assert "<title>1 of 5 resources failed, 3 differ - Drift report of demo</title>" in page
    assert not [secret for secret in (TOKEN, PASSWORD, "upload-password") if secret in page]
    assert HOSTILE not in page and "<script" not in page

    told = one_line(page)
    for text in (
        f"Server {emulator.url} Scope demo Time 20",
        "Mode check mode AWX job 4711",
        "option 'size' is 'large': must be a quantity",
        "Correct the task and run it again.",
        '"data": "https://reader:***@images.example.com/debian.qcow2"',
        "bucket reports would be updated owner and policy differ (UpdateBucket)",
        "owner bob alice",
        "document.title='broken'",
        "bucket same",
    ):
        assert text in told, text


ROLE = {"name": "otterscale.core.provision"}


def attempt(report: str | None, **variables: Any) -> dict[str, Any]:
    """Runs the role; if it fails, shows what it says of each resource."""
    given = {**variables, "otterscale_provision_report": report}
    summary = "{{ otterscale_provision_summary | map(attribute='outcome') | join(' and ') }}"
    return {
        "block": [{"ansible.builtin.include_role": ROLE, "vars": given}],
        "rescue": [{"ansible.builtin.debug": {"msg": f"{report}: {summary}"}}],
    }


PAGES = ("made.html", "values.html", "options.html", "away.html")


def test_files_of_real_runs(emulator: Emulator, declared: None, tmp_path: Path) -> None:
    """What was changed; why nothing was; and no file where none is wanted or where it has no folder."""
    (tmp_path / "folder").mkdir()
    unmade = [{"name": "unmade", "owner": "alice"}]
    tasks = [
        attempt("made.html", otterscale_buckets=[{"name": "reports", "owner": "alice"}]),
        attempt("values.html", otterscale_buckets=[{"name": 83}, *unmade]),
        attempt("options.html", otterscale_buckets=unmade, otterscale_api_url="ftp://127.0.0.1"),
        attempt("away.html", otterscale_buckets=unmade, otterscale_retries=0, otterscale_api_url="http://no.invalid"),
        attempt("nowhere/lost.html", otterscale_buckets=unmade),
        attempt("folder", otterscale_buckets=unmade),
        attempt(None),
    ]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = run(emulator, tmp_path / "play.yml", tmp_path, {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert recap(done)["changed"] == 1, "the resource alone"
    assert [call["rpc"] for call in emulator.journal()["calls"] if call["write"]] == ["UpdateBucket"]
    assert {path.name for path in tmp_path.glob("*.html")} == set(PAGES)
    assert (tmp_path / "made.html").stat().st_mode & 0o777 == 0o666 & ~umask()

    made, values, options, away = (one_line((tmp_path / name).read_text()) for name in PAGES)
    assert "1 of 1 resource was changed" in made and "owner bob alice" in made and "real run" in made
    for page, count, why in (
        (values, "2 resources were", "otterscale_buckets[0].name is an integer (83)"),
        (options, "1 resource was", "'ftp://127.0.0.1'"),
    ):
        assert "The run could not begin" in page and why in page and f"{count} not looked at" in page, page

    assert "1 of 1 resource failed" in away and "bucket unmade" in away and "Server http://no.invalid" in away
    assert "plain http to no.invalid" in away.partition("Warnings")[2]

    for name in ("nowhere/lost.html", "folder"):
        assert f"{name}: failed" in done.stdout
        assert f"{tmp_path}/{name}, which is no file in a folder that exists on the controller." in done.stdout


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
