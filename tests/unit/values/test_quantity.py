# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Sizes: every spelling of Kubernetes means here what it means there, and nothing else is accepted."""

from __future__ import annotations

from decimal import ROUND_CEILING

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.quantity import parse_quantity, parse_size
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils import parse_quantity as kubernetes_quantity

SUFFIXES = ("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
whole = st.integers(0, 10**8).map(str)
digits = st.text("0123456789", max_size=8)
numbers = st.builds(
    "{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.one_of(whole, st.builds("{}.{}".format, whole, digits), st.builds(".{}{}".format, st.integers(0, 9), digits)),
)
exponents = st.builds(
    "{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 12).map(str)
)


@given(numbers, st.one_of(st.sampled_from(SUFFIXES), exponents))
def test_every_spelling_means_what_kubernetes_takes_it_for(number: str, suffix: str) -> None:
    expected = kubernetes_quantity(number + suffix).to_integral_value(ROUND_CEILING)
    assert parse_quantity(number + suffix) == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_suffix_of_kubernetes_is_missing(suffix: str) -> None:
    assert parse_quantity(f"3{suffix}") == kubernetes_quantity(f"3{suffix}").to_integral_value(ROUND_CEILING)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10Gi", 10 * 2**30),
        ("1Ki", 1024),
        ("1k", 1000),
        ("500M", 500_000_000),
        ("1.5Gi", 3 * 2**29),
        ("22016Mi", 22016 * 2**20),
        ("21474836481", 21474836481),
        ("1e9", 10**9),
        ("1E", 10**18),
        ("1E3", 1000),
        ("1e+3", 1000),
        ("12e-1", 2),
        (".5Ki", 512),
        ("5.", 5),
        ("+2Mi", 2 * 2**20),
        (" 10Gi ", 10 * 2**30),
    ],
)
def test_a_size_in_bytes(text: str, value: int) -> None:
    assert parse_size(text) == parse_quantity(text) == value


@pytest.mark.parametrize(("text", "value"), [("1m", 1), ("1001m", 2), ("999n", 1), ("0.1", 1), ("1.0001Ki", 1025)])
def test_a_fraction_is_rounded_up(text: str, value: int) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Gi", ".", "+", "ten", "10 Gi", "10gi", "10GI", "10K", "10B", "10GB", "10GiB", "1ki", "1mi", "1ni",
        "0x10", "1_000", "1,5Gi", "1.2.3", "--1", "1e", "1e5k", "1e1.5", "NaN", "Infinity", "10Gi\n10Gi",
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a quantity such as"):
        parse_quantity(text)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        assert isinstance(parse_quantity(text), int)
    except ValueError:
        pass


@pytest.mark.parametrize("text", ["0", "0Gi", "-1", "-10Gi", "-0.5"])
def test_a_size_of_nothing_or_less_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        parse_size(text)


def test_a_size_must_fit_the_wire() -> None:
    assert parse_size("9223372036854775807") == 2**63 - 1
    for text in ("9223372036854775808", "8Ei", "1e30", "1e999"):
        with pytest.raises(ValueError, match="below 8Ei"):
            parse_size(text)
