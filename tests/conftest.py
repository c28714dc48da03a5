# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What tests of several folders share: the embedded server of a file, and where Hypothesis keeps its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from emulator.process import Emulator

set_hypothesis_home_dir(Path(__file__).parents[1] / ".dev/cache/hypothesis")


@pytest.fixture(scope="module")
def arguments(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Those of the server: what tests are parametrized with, or ARGUMENTS of their file, if there are any."""
    found: tuple[str, ...] = getattr(request, "param", None) or getattr(request.module, "ARGUMENTS", ())
    return found


@pytest.fixture(scope="module")
def token(request: pytest.FixtureRequest) -> str:
    """That of the server: TOKEN of the file."""
    return str(request.module.TOKEN)


@pytest.fixture(scope="module")
def started(arguments: tuple[str, ...], token: str) -> Iterator[Emulator]:
    """The server of a file."""
    with Emulator(*arguments, token=token) as emulator:
        yield emulator


@pytest.fixture
def emulator(started: Emulator) -> Emulator:
    """The same, with nothing but its seed data, without faults, and with an empty journal."""
    started.reset(journal=True)
    return started
