# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""ansible-playbook, loaded once for many runs.

Loading it takes longer than most playbooks of these tests. So one process, this file as a program, loads it and is
forked for each run: that has its own arguments, environment, directory and output, and ends like a program. What Python
and ansible-core read while they are loaded is the same for all runs, so each set of such variables has its own process.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple, cast

SETTINGS = {
    "ANSIBLE_INJECT_INVOCATION": "true",
    "ANSIBLE_CALLBACKS_ENABLED": "otterscale_results",
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).resolve().parent / "callback_plugins"),
    "ANSIBLE_PIPELINING": "true",
}
_READ_ONCE = ("ANSIBLE_", "PYTHON")


class Done(NamedTuple):
    code: int
    stdout: str
    stderr: str


def ansible_playbook(arguments: Sequence[str], environment: Mapping[str, str], directory: Path) -> Done:
    """What became of `ansible-playbook ARGUMENTS...` in this environment. Its output goes to files in the directory."""
    stdout, stderr = directory / "stdout", directory / "stderr"
    environment = {**environment, **SETTINGS}
    requests, codes = _server(*sorted(item for item in environment.items() if item[0].startswith(_READ_ONCE)))
    command = ["ansible-playbook", *arguments]
    print(json.dumps([command, environment, os.getcwd(), str(stdout), str(stderr)]), file=requests)
    return Done(int(codes.readline()), stdout.read_text(), stderr.read_text())


@cache
def _server(*settings: tuple[str, str]) -> tuple[IO[str], IO[str]]:
    """Where it takes requests, and answers with exit codes. It ends with the process that started it."""
    server = subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, **dict(settings)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    return cast("IO[str]", server.stdin), cast("IO[str]", server.stdout)


def serve() -> None:
    from ansible.cli.playbook import main
    from ansible.utils.path import cleanup_tmp_file

    codes = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        arguments, environment, directory, *outputs = json.loads(line)
        pid = os.fork()
        if not pid:
            atexit.unregister(cleanup_tmp_file)  # The modules that are packed there serve the next run too.
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(directory)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, path in enumerate(outputs, start=1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            main(arguments)  # raises SystemExit
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=codes)


if __name__ == "__main__":
    serve()
