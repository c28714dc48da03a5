# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Kubernetes quantities: `10Gi`, `1.5G`, `1e9`."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

_UNITS: dict[str, int | Decimal] = {
    "": 1,
    "m": Decimal("0.001"),
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
}
_UNITS |= {f"{letter}i": 1 << 10 * power for power, letter in enumerate("KMGTPE", start=1)}
_QUANTITY = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d+)|([a-zA-Z]*))")


def parse(text: Any) -> int | None:
    """Bytes, rounded up; None for what is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None or (match[3] or "") not in _UNITS:
        return None
    return math.ceil(Decimal(match[1] + (match[2] or "")) * _UNITS[match[3] or ""])
