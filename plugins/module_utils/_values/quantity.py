# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Kubernetes quantities: "10Gi", "1.5G", "500M", "1e9" or plain bytes.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]{1,3}))?")
_FACTORS = {
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)},
    "m": Decimal("1e-3"),
    "u": Decimal("1e-6"),
    "n": Decimal("1e-9"),
}


def parse_quantity(text: str) -> int:
    """The quantity as a whole number, a fraction rounded up as Kubernetes does. Raises ValueError."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a quantity such as 10Gi, 500M or a number of bytes")
    number, suffix, exponent = match.groups()
    value = Decimal(number) * _FACTORS.get(suffix or "", Decimal(1)) * Decimal(10) ** int(exponent or 0)
    return int(value.to_integral_value(ROUND_CEILING))


def parse_size(text: str) -> int:
    """A quantity of bytes that an int64 holds and that is above zero. Raises ValueError."""
    size = parse_quantity(text)
    if size <= 0:
        raise ValueError("must be above zero")
    if size >= 2**63:
        raise ValueError("must be below 8Ei")
    return size


def format_size(size: int) -> str:
    """A number of bytes as people write it: in the largest binary unit that leaves no fraction."""
    for unit, factor in (("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
