# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What unit tests share: a clock, and Hypothesis without a deadline and with its files where all tools put theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.unit.server_model import Clock, set_time

set_hypothesis_home_dir(Path(__file__).parents[2] / ".dev/cache/hypothesis")
settings.register_profile("otterscale", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("otterscale")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    set_time(monkeypatch, lambda: clock.now, clock.sleep)
    return clock
