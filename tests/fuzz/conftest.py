# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The figures of a fuzzing run, in pytest's summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fuzz.machine import FIGURES
from tests.fuzz.scenarios import TOKEN

# What the environment of whoever runs the tests must not change.
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC")


@pytest.fixture(scope="module")
def token() -> str:
    """The same everywhere, for schedules of faults repeat it."""
    return TOKEN


@pytest.fixture(autouse=True, scope="session")
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for variable in VARIABLES:
            monkeypatch.delenv(variable, raising=False)
            monkeypatch.delenv(variable.lower(), raising=False)
        yield


def pytest_terminal_summary(terminalreporter: Any) -> None:
    write = terminalreporter.write_line
    titles = {"outcomes": FIGURES.outcomes, "faults that came true": FIGURES.faults, "races": FIGURES.races}
    if any(titles.values()):
        terminalreporter.section("fuzzing")
    if FIGURES.scenarios:
        write(f"OTTERSCALE_FUZZ_SEED={FIGURES.seed}")
        write(f"{FIGURES.scenarios} scenarios, {FIGURES.runs} tasks in them, {FIGURES.calls} calls")
        write(f"fault schedules: {FIGURES.schedules}")
        write(f"violations: {FIGURES.violations}")
    for title, counter in titles.items():
        if counter:
            write(f"{title}: {sum(counter.values())}")
        for name, count in sorted(counter.items()):
            write(f"  {count:7} {name}")
