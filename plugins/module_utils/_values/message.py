# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Typed reading of decoded Connect JSON: absent and null are the zero value, any other type is a ValueError.

A list that is null is one too: no server writes that for an empty list, and an absence must not rest on it.
The error names the field and the type of its value, never the value itself: it may be anything, also a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

# RFC 3339: date, time, fraction of any length, zone. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


def read_str(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name, value, "a string")
    return value


def read_name(message: Mapping[str, Any]) -> str:
    """The name of something that a list shows: there is one, and it can be shown."""
    name = read_str(message, "name")
    if not (name and name.isprintable()):
        raise _wrong("name", name, "a name")
    return name


def is_in(namespace: str | None, message: Mapping[str, Any]) -> bool:
    """Whether what is listed is in the namespace that was asked for. What tells none is believed to be."""
    return message.get("namespace") in (None, "", namespace)


def read_int(message: Mapping[str, Any], name: str) -> int:
    """An integer; int64 comes as a string."""
    value = message.get(name)
    if value is None:
        return 0
    try:
        if isinstance(value, str) and len(value) <= 20 and value.lstrip("-").isdecimal():
            return int(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and int(value) == value:
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise _wrong(name, value, "an integer", same_type=" that is none")


def read_time(message: Mapping[str, Any], name: str) -> str | None:
    """A time as RFC 3339 in UTC, ending in Z, whichever zone it came in; None for none.

    Nothing is decided by a time, so a strange one is no reason to fail: other text is shown as it came.
    """
    value = message.get(name)
    if not value or not isinstance(value, str):
        return None
    try:
        return utc_time(value)
    except ValueError:
        return value


def utc_time(text: str) -> str:
    """A time of RFC 3339 as RFC 3339 in UTC, ending in Z. Raises ValueError for what is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("is no time of RFC 3339, such as 2026-01-31T12:00:00Z")
    *numbers, fraction, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        year, month, day, hour, minute, second = map(int, numbers)
        local = datetime(year, month, day, hour, minute, second)
        utc = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):  # no such day, a leap second, or a year that no calendar has
        raise ValueError("is a time that no calendar has") from None
    return f"{utc.isoformat()}{fraction or ''}Z"


def read_bool(message: Mapping[str, Any], name: str) -> bool:
    value = message.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(name, value, "a boolean")
    return value


def read_object(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object")
    return value


def read_objects(message: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    values = _read_list(message, name)
    for value in values:
        if not isinstance(value, dict):
            raise _wrong(name, value, "an array of objects", item=True)
    return values


def read_strings(message: Mapping[str, Any], name: str) -> list[str]:
    values = _read_list(message, name)
    for value in values:
        if not isinstance(value, str):
            raise _wrong(name, value, "an array of strings", item=True)
    return values


def read_enum(message: Mapping[str, Any], name: str, values: Sequence[str], prefix: str) -> str:
    """An enum in lower case and without prefix, whichever way it came: HTTP_URL, TYPE_HTTP_URL or 1.

    values: the known names in the order of their numbers, in lower case.
    """
    value = message.get(name)
    if value is None:
        return values[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(values):
        return values[value]
    if isinstance(value, str):
        known = value.lower().removeprefix(prefix)
        if known in values:
            return known
    raise _wrong(name, value, f"one of {', '.join(values)}", same_type=" that is none")


def _read_list(message: Mapping[str, Any], name: str) -> list[Any]:
    value = message.get(name, [])
    if not isinstance(value, list):
        raise _wrong(name, value, "an array")
    return value


def _wrong(name: str, value: object, expected: str, *, same_type: str = "", item: bool = False) -> ValueError:
    """same_type: what is added where text or number is the right type, but this is not the right one. item: of it."""
    found = _type(value) + (same_type if isinstance(value, (str, int, float)) and not isinstance(value, bool) else "")
    return ValueError(f"'{name}' should be {expected}, not {f'one with {found} in it' if item else found}")


def _type(value: object) -> str:
    """The type of a decoded value in JSON's words."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    types = {str: "a string", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return types.get(type(value), "something else")
