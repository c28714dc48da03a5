# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Answers: zero values may be left out, and a field of the wrong type is named instead of crashing later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.message import (
    is_in,
    read_bool,
    read_enum,
    read_int,
    read_name,
    read_object,
    read_objects,
    read_str,
    read_strings,
    read_time,
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


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (read_str, {"a": 1}, "a string, not an object"),
        (read_str, False, "a string, not a boolean"),
        (read_int, "12 apples", "an integer, not a string that is none"),
        (read_int, 1.5, "an integer, not a number that is none"),
        (read_bool, "yes", "a boolean, not a string"),
        (read_object, [5], "an object, not an array"),
        (read_objects, None, "an array, not null"),
        (read_objects, [{}, 5], "an array of objects, not one with a number in it"),
        (read_strings, ["a", ["b"]], "an array of strings, not one with an array in it"),
        (read_type, "TELEPATHY", f"one of {', '.join(TYPES)}, not a string that is none"),
        (read_type, {}, f"one of {', '.join(TYPES)}, not an object"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_told_by_its_type_and_never_by_its_value(reader: Reader, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        reader({"field": value}, "field")
    assert str(caught.value) == f"'field' should be {said}"


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00Z"),  # the library of Kubernetes
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:30:00.123456789+02:00", "2025-12-31T23:30:00.123456789Z"),  # Connect has nanoseconds
        ("2024-02-28T20:00:00.5-05:30", "2024-02-29T01:30:00.5Z"),
        ("2026-01-01t00:00:00.000z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01 00:00:00+00:00", "2026-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        # What is no time in RFC 3339 is shown as it came.
        *((text, text) for text in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z")),
        *((text, text) for text in ("2016-12-31T23:59:60Z", "2026-01-01T00:00:00+25:00", "2026-01-01T00:00:00+01:60")),
        *((text, text) for text in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-01-01T24:00:00Z")),
        *((text, text) for text in ("\u0662026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00.Z")),
    ],
)
def test_a_time_has_one_spelling_however_it_came(text: str, shown: str) -> None:
    assert read_time({"createdAt": text}, "createdAt") == shown


@pytest.mark.parametrize("value", ["", None, 5, 1.5, True, [], {"seconds": 5}])
def test_what_is_no_text_is_no_time(value: Any) -> None:
    assert read_time({"createdAt": value}, "createdAt") is None and read_time({}, "createdAt") is None


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60), st.text("0123456789", max_size=9))
def test_a_time_stays_the_moment_that_it_is(local: datetime, minutes: int, fraction: str) -> None:
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    text = f"{local.isoformat(timespec='seconds')}{fraction and '.'}{fraction}{offset}"
    shown = read_time({"at": text}, "at")
    try:
        utc = local.replace(microsecond=0) - timedelta(minutes=minutes)
    except OverflowError:
        assert shown == text
        return
    assert shown == f"{utc.isoformat()}{fraction and '.'}{fraction}Z" and read_time({"at": shown}, "at") == shown


@given(json_values | st.text())
def test_no_time_makes_a_reader_fail(value: Any) -> None:
    shown = read_time({"at": value}, "at")
    assert shown is None or isinstance(shown, str)


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
