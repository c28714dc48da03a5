# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""How Hypothesis behaves in these tests: no deadline for a busy machine, and its files where all tools put theirs."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[2] / ".dev/cache/hypothesis")
settings.register_profile("otterscale", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("otterscale")
