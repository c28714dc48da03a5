# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Mutants that no test can kill, since they change nothing that anybody could notice, and why.

Such a mutant is run like any other. It counts as equivalent only while it survives; one that is killed, or that is
not made any more, is reported, and its line here is to go.
"""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {}
