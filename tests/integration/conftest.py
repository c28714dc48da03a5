# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the integration tests share: one emulator for each server generation."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.emulator.process import Emulator

# What the playbooks know of a server, as host variables.
GENERATIONS = {
    "plain": {"errors": "plain", "services": "own_name"},
    "blind": {"errors": "plain", "services": "none"},
    "mapped": {"errors": "mapped", "services": "all"},
}
TOKEN = "integration-token-that-must-not-leak"


def chosen(variable: str, everything: list[str]) -> list[str]:
    """What an environment variable narrows the tests down to; nothing given is everything."""
    names = os.environ.get(variable, "").split()
    if unknown := set(names) - set(everything):
        raise pytest.UsageError(f"{variable} names {', '.join(unknown)}; there is {', '.join(everything)}")
    return names or everything


@pytest.fixture
def emulators() -> Iterator[dict[str, Emulator]]:
    """A fresh server of each generation, by name; imports over http take a second."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Emulator("--generation", name, "--import-seconds", "1", token=TOKEN))
            for name in chosen("GENERATION", list(GENERATIONS))
        }
