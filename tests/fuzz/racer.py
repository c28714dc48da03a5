# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""One of two competitors: a process of its own that runs tasks on command, one JSON object a line each way.

`python -m tests.fuzz.racer URL TOKEN`; {"kind": ..., "options": ..., "at": T} is run at T of the system's clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[2]


class Racer:
    """The other process, as the tests see it."""

    def __init__(self, url: str, token: str) -> None:
        command = [sys.executable, "-m", "tests.fuzz.racer", url, token]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Racer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def start(self, kind: str, options: Mapping[str, Any], at: float) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"kind": kind, "options": options, "at": at}) + "\n")

    def result(self) -> dict[str, Any]:
        assert self._process.stdout
        return cast(dict[str, Any], json.loads(self._process.stdout.readline()))


def main(url: str, token: str) -> None:
    from ansible_collections.otterscale.core.plugins.module_utils._engine import reconcile as _reconcile
    from ansible_collections.otterscale.core.plugins.module_utils._engine import wait as _wait
    from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
    from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client
    from ansible_collections.otterscale.core.plugins.module_utils._task import manage

    from tests.fuzz.machine import Clock, resource

    client, clock = Client(url, token=token, retries=4, timeout=30.0, backoff=0.01), Clock()
    # What waits for a state to settle must not make a hundred rounds long.
    _reconcile.time = _wait.time = cast(Any, SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    for line in sys.stdin:
        asked = json.loads(line)
        made = resource(asked["kind"], asked["options"])
        while time.time() < asked["at"]:
            pass
        outcome = manage(made, SharedReads(client), check=False, retries=4)
        result = outcome.as_result(with_diff=False)
        print(json.dumps({**result, "failed": outcome.error is not None, "warnings": outcome.warnings}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
