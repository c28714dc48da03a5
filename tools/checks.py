# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Run every check for the newest ansible-core, a few at a time, and stop at the first that fails.

A check is a session of noxfile.py. Its output goes to .dev/logs/, and to the screen where it fails.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".dev/logs"
# Long ones first, so that short ones fill the gaps.
CHECKS = (
    "targets(newest)",
    "integration(newest)",
    "sanity(newest)",
    "lint",
    "types",
    "units(newest)",
    "fuzz",
    "ansible-lint",
    "docs",
    "docsite",
    "importer",
    "package",
    "licenses",
    "changelog",
    "builder",
)
PYTEST_SUMMARY = re.compile(r"^=+ (.*\d+ passed.*) =+$", re.MULTILINE)


class Check:
    """A check that has been started."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log = LOGS / f"{name}.log"
        self.started = time.monotonic()
        with self.log.open("w") as file:
            # A session of its own, so that stop() reaches all that the check has started.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nox", "--session", name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def report(self) -> bool:
        """Say how a check that has ended went."""
        seconds = time.monotonic() - self.started
        text = self.log.read_text(errors="replace")
        if self.process.returncode:
            print(f"{text}\nFAILED  {self.name} after {seconds:.0f} s; alone: .dev/boot/bin/nox -s '{self.name}'")
            return False
        summary = PYTEST_SUMMARY.findall(text)
        print(f"ok  {self.name:22}{seconds:5.0f} s  {summary[-1] if summary else ''}".rstrip(), flush=True)
        return True

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def run_all(checks: list[str], at_once: int) -> int:
    """The number of checks that passed, which is all of them if none failed."""
    waiting, running, passed = list(checks), [], 0
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(Check(waiting.pop(0)))
            time.sleep(0.1)
            for check in [check for check in running if check.process.poll() is not None]:
                running.remove(check)
                if not check.report():
                    return passed
                passed += 1
    finally:
        for check in running:
            check.stop()
    return passed


def main() -> int:
    started = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    checks = sys.argv[1:] or list(CHECKS)
    passed = run_all(checks, at_once=max(2, min(4, os.cpu_count() or 2)))
    print(f"{passed} of {len(checks)} checks passed in {time.monotonic() - started:.0f} s")
    return 0 if passed == len(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
