# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the tests about AWX count, in the summary."""

from __future__ import annotations

from typing import Any

from .job import SEEN


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if SEEN:
        terminalreporter.write_line(
            f"jobs: {SEEN['events']} events read, {SEEN['files']} files searched for the secret"
        )
