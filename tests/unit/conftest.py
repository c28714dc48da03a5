# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What unit tests share: a clock, and Hypothesis without a deadline, for machines are busy."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.unit.server_model import Clock, set_time

settings.register_profile("otterscale", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("otterscale")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    set_time(monkeypatch, lambda: clock.now, clock.sleep)
    return clock
