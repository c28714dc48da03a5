# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Run the collection's code in a Python process of its own, as Ansible runs a module."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

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
