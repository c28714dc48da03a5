# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Answers: zero values may be left out, and a field of the wrong type is named instead of crashing later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._wire import (
    is_in,
    read_bool,
    read_enum,
    read_int,
    read_name,
    read_object,
    read_objects,
    read_str,
    read_strings,
)
from hypothesis import given
from hypothesis import strategies as st

Reader = Callable[[dict[str, Any], str], Any]
TYPES = ("blank_image", "http_url", "existing_persistent_volume_claim")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def read_type(message: dict[str, Any], name: str) -> str:
    return read_enum(message, name, TYPES, "type_")


READERS: dict[Reader, Any] = {
    read_str: "",
    read_int: 0,
    read_bool: False,
    read_object: {},
    read_objects: [],
    read_strings: [],
    read_type: "blank_image",
}


LISTS = (read_objects, read_strings)


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (reader, message)
        for reader in READERS
        for message in ({}, {"field": None})
        if not message or reader not in LISTS
    ],
)
def test_a_field_that_was_never_set_is_its_zero_value(reader: Reader, message: dict[str, Any]) -> None:
    zero = reader(message, "field")
    assert zero == READERS[reader] and type(zero) is type(READERS[reader])


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (read_str, "x"),
        (read_int, 5),
        (read_int, -5),
        (read_bool, True),
        (read_object, {"a": 1}),
        (read_objects, [{"a": 1}, {}]),
        (read_strings, ["a", ""]),
    ],
)
def test_a_field_of_the_right_type_is_read_as_it_is(reader: Reader, value: Any) -> None:
    assert reader({"field": value}, "field") == value


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        *((read_str, value) for value in (1, True, [], {})),
        *((read_int, value) for value in ("", "x", "1.5", 1.5, True, False, [], {}, float("inf"), float("nan"))),
        *((read_int, value) for value in ("9" * 5000, "9" * 21, "0x10", "1e3", "1_0", " 5 ", "+5")),
        *((read_bool, value) for value in (0, 1, "true", "", [])),
        *((read_object, value) for value in ([], "", 0, "{}")),
        *((reader, None) for reader in LISTS),
        *((read_objects, value) for value in ({}, "", [1], [{}, None], ["a"])),
        *((read_strings, value) for value in ({}, "a", [1], ["a", None])),
        *((read_type, value) for value in ("HTTP", "ACL_HTTP_URL", "", 3, -1, True, 1.0, [], "TYPE_")),
    ],
)
def test_a_field_of_the_wrong_type_is_named(reader: Reader, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^'field' should be "):
        reader({"field": value}, "field")


@given(st.sampled_from(list(READERS)), json_values)
def test_no_answer_makes_a_reader_fail_in_another_way(reader: Reader, value: Any) -> None:
    try:
        reader({"field": value}, "field")
    except ValueError as error:
        assert "'field'" in str(error) and len(str(error)) < 250


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_int64_comes_as_a_number_or_as_text(number: int) -> None:
    assert read_int({"sizeBytes": number}, "sizeBytes") == read_int({"sizeBytes": str(number)}, "sizeBytes") == number


def test_a_whole_float_is_an_integer() -> None:
    assert read_int({"n": 3.0}, "n") == 3 and isinstance(read_int({"n": 3.0}, "n"), int)


@pytest.mark.parametrize(("number", "name"), list(enumerate(TYPES)))
def test_an_enum_comes_as_a_name_with_or_without_prefix_or_as_a_number(number: int, name: str) -> None:
    for spelling in (number, name.upper(), f"TYPE_{name.upper()}", name):
        assert read_type({"type": spelling}, "type") == name


@pytest.mark.parametrize("name", [None, "", 5, "a\n", "\x1b[2J"])
def test_what_a_list_shows_has_a_name(name: Any) -> None:
    assert read_name({"name": "Odd_Name"}) == "Odd_Name"
    for message in ({}, {"name": name}):
        with pytest.raises(ValueError, match="'name' should be a "):
            read_name(message)


@pytest.mark.parametrize(
    ("message", "expected"),
    [({"namespace": "here"}, True), ({}, True), ({"namespace": ""}, True), ({"namespace": "there"}, False)],
)
def test_what_is_listed_is_in_the_namespace_that_it_tells(message: dict[str, Any], expected: bool) -> None:
    assert is_in("here", message) is expected
