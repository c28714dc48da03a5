# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Jobs as AWX runs them: a private data directory with what it writes there, and ansible-runner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

# For the summary: what was read, and where no secret was found.
SEEN: Counter[str] = Counter()
# Where AWX and ansible-runner themselves write the environment of a job.
NOT_OURS = ("env/envvars", "command")

INVENTORY = """#!{python}
print({text!r})
"""


class Dumper(yaml.SafeDumper):
    """Strings as AWX writes what users have given: ansible-core shall not template them."""


Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text, style="'"))


@dataclass(frozen=True)
class Job:
    """A job that has ended, or was killed."""

    folder: Path
    number: int
    returncode: int

    @property
    def artifacts_folder(self) -> Path:
        return self.folder / "artifacts" / str(self.number)

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        paths = (self.artifacts_folder / "job_events").glob("[0-9]*-*.json")
        events = [json.loads(path.read_text()) for path in paths if not path.name.endswith("-partial.json")]
        SEEN["events"] += len(events)
        return sorted(events, key=lambda event: int(event["counter"]))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event["event_data"] for event in self.events if event["event"] == kind]

    def results(self, action: str) -> list[dict[str, Any]]:
        """What the tasks with this action reported."""
        kinds = ("runner_on_ok", "runner_on_failed")
        ended = [event["event_data"] for event in self.events if event["event"] in kinds]
        return [data["res"] for data in ended if data["task_action"] == action]

    @property
    def status(self) -> str:
        return (self.artifacts_folder / "status").read_text()

    @property
    def artifacts(self) -> dict[str, Any]:
        """What set_stats gave, which AWX takes from the last event."""
        ended = self.of("playbook_on_stats")
        return dict(ended[0].get("artifact_data", {})) if ended else {}

    @property
    def stdout(self) -> str:
        return (self.artifacts_folder / "stdout").read_text()

    def leaks(self, secret: str) -> list[str]:
        """The files of this job that hold the secret."""
        found = []
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            name = path.relative_to(self.folder).as_posix()
            if not name.endswith(NOT_OURS):
                SEEN["files"] += 1
                found += [name] if secret.encode() in path.read_bytes() else []
        return found


class Runner:
    """Makes jobs in a folder, of one project whose collections are installed once, as by a project update."""

    def __init__(self, folder: Path, tarball: Path, variables: Mapping[str, Any]) -> None:
        """variables: of the inventory."""
        self.folder, self.variables = folder, variables
        self.number = 0
        requirements = folder / "project/collections/requirements.yml"
        requirements.parent.mkdir(parents=True)
        requirements.write_text(yaml.safe_dump({"collections": [{"name": str(tarball), "type": "file"}]}))
        (folder / "project/provision.yml").write_text("- import_playbook: otterscale.core.provision\n")
        self.collections = folder / "requirements_collections"
        command = [
            "ansible-galaxy",
            "collection",
            "install",
            "--offline",
            "-r",
            str(requirements),
            "-p",
            str(self.collections),
        ]
        subprocess.run(command, check=True, capture_output=True, env=self._environment({}))

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """That of an execution environment: nothing of who runs the tests."""
        tools = str(Path(sys.executable).parent)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {"PATH": f"{tools}:{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8", **more}

    def prepare(
        self, injected: Mapping[str, str], extra: Mapping[str, Any], answers: Mapping[str, Any], options: str
    ) -> Path:
        """The private data directory of the next job. extra: variables of the job template."""
        self.number += 1
        folder = self.folder / f"job-{self.number}"
        for name in ("env", "inventory", "artifacts"):
            (folder / name).mkdir(parents=True)
        (folder / "project").symlink_to(self.folder / "project")
        number, collections = str(self.number), str(self.collections)
        environment = {
            **{
                "ANSIBLE_COLLECTIONS_PATH": collections,
                "ANSIBLE_FORCE_COLOR": "True",
                "ANSIBLE_HOST_KEY_CHECKING": "False",
            },
            **{"ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "ANSIBLE_RETRY_FILES_ENABLED": "False", "JOB_ID": number},
            **{
                "INVENTORY_ID": "1",
                "PROJECT_REVISION": "0" * 40,
                "MAX_EVENT_RES": "700000",
                "AWX_HOST": "https://awx.example.com",
            },
            **{"AWX_PRIVATE_DATA_DIR": str(folder), "AWX_ISOLATED_DATA_DIR": str(folder / "artifacts" / number)},
            **injected,
        }
        (folder / "env/envvars").write_text(json.dumps(environment))
        told = dict.fromkeys(("awx_job_id", "tower_job_id"), self.number)
        of_template = yaml.safe_dump({**told, **extra})
        given = "".join(
            f"{name}: {yaml.dump(value, Dumper=Dumper, default_flow_style=True)}" for name, value in answers.items()
        )
        (folder / "env/extravars").write_text(of_template + given)
        (folder / "env/cmdline").write_text(f"-u root --diff {options}".strip())
        (folder / "env/settings").write_text(json.dumps({"suppress_ansible_output": True, "pexpect_timeout": 5}))
        hosts = {
            "all": {"hosts": ["localhost"], "vars": dict(self.variables)},
            "_meta": {"hostvars": {"localhost": LOCAL}},
        }
        script = folder / "inventory/hosts"
        script.write_text(INVENTORY.format(python=sys.executable, text=json.dumps(hosts)))
        script.chmod(0o700)
        return folder

    def start(self, folder: Path) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "ansible_runner",
            "run",
            str(folder),
            "-p",
            "provision.yml",
            "-i",
            str(self.number),
        ]
        return subprocess.Popen(
            command, env=self._environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def run(
        self,
        injected: Mapping[str, str],
        *,
        answers: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        options: str = "",
    ) -> Job:
        folder = self.prepare(injected, extra or {}, answers, options)
        return Job(folder, self.number, self.start(folder).wait(timeout=300))


LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """What is left of a job whose container was killed: nothing, without a chance to clean up."""
    for number in [*_descendants(process.pid), process.pid]:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def _descendants(number: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except FileNotFoundError:
        return
    for child in map(int, children):
        yield from _descendants(child)
        yield child
