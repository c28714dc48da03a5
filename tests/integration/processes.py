# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Run the collection's code in a Python process of its own, as Ansible runs a module; what a process costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MODULE = "ansible_collections.otterscale.core.plugins.modules.otterscale_bucket"


def run_python(
    *arguments: str, seconds: float, text: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What became of `python ARGUMENTS...` with this text to read, within so many seconds and without complaints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert not done.stderr, done.stderr
    return done


def processor_seconds(pid: int) -> float:
    """What a process has used: unlike the time that passes, it does not depend on what else runs here."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
