# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Typed reading of the JSON of answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

# RFC 3339: date, time, fraction of any length, zone. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


class Message(dict[str, Any]):
    """A JSON object, whose fields are read by their type: absent and null are its zero value, other types a ValueError.

    An array that is null is an error too: no server writes that for an empty one, and an absence must not rest on it.
    Errors name the field and the type of its value, never the value itself: it may be anything, also a secret.
    """

    def string(self, name: str) -> str:
        return self._scalar(name, str, "a string")

    def boolean(self, name: str) -> bool:
        return self._scalar(name, bool, "a boolean")

    def object(self, name: str) -> Message:
        return Message(self._scalar(name, dict, "an object"))

    def objects(self, name: str) -> list[Message]:
        return [Message(value) for value in self.raw_objects(name)]

    def raw_objects(self, name: str) -> list[dict[str, Any]]:
        """Objects as they came, for a list of thousands that is searched for one of them."""
        return self._array(name, dict, "an array of objects")

    def strings(self, name: str) -> list[str]:
        return self._array(name, str, "an array of strings")

    def integer(self, name: str) -> int:
        """An integer; int64 comes as a string."""
        value = self.get(name)
        if value is None:
            return 0
        try:
            if isinstance(value, str) and len(value) <= 20 and value.lstrip("-").isdecimal():
                return int(value)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and int(value) == value:
                return int(value)
        except (ValueError, OverflowError):
            pass
        raise _wrong(name, value, "an integer", same_type=" that is not one")

    def enum(self, name: str, values: Sequence[str], prefix: str) -> str:
        """An enum in lower case and without prefix, whichever way it came: HTTP_URL, TYPE_HTTP_URL or 1.

        values: the known names in the order of their numbers, in lower case.
        """
        value = self.get(name)
        if value is None:
            return values[0]
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(values):
            return values[value]
        if isinstance(value, str):
            known = value.lower().removeprefix(prefix)
            if known in values:
                return known
        raise _wrong(name, value, f"one of {', '.join(values)}", same_type=" that is none of them")

    def time(self, name: str) -> str | None:
        """A time as RFC 3339 in UTC, ending in Z, whichever zone it came in; None if there is none.

        Nothing is decided by a time, so a strange one is no reason to fail: other text is shown as it came.
        """
        value = self.get(name)
        if not value or not isinstance(value, str):
            return None
        try:
            return utc_time(value)
        except ValueError:
            return value

    def _scalar(self, name: str, of: type[T], expected: str) -> T:
        value = self.get(name)
        if value is None:
            return of()
        if not isinstance(value, of):
            raise _wrong(name, value, expected)
        return value

    def _array(self, name: str, of: type[T], expected: str) -> list[T]:
        values = self.get(name, [])
        if not isinstance(values, list):
            raise _wrong(name, values, "an array")
        for value in values:
            if not isinstance(value, of):
                raise _wrong(name, value, expected, item=True)
        return values


def read_name(message: Mapping[str, Any]) -> str:
    """The name of something that a list shows, which must exist and be printable."""
    name = Message(message).string("name")
    if not (name and name.isprintable()):
        raise _wrong("name", name, "a name")
    return name


def utc_time(text: str) -> str:
    """A time of RFC 3339 as RFC 3339 in UTC, ending in Z. Raises ValueError for what is not one."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("must be a time in RFC 3339 format, such as 2026-01-31T12:00:00Z")
    *numbers, fraction, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        year, month, day, hour, minute, second = map(int, numbers)
        local = datetime(year, month, day, hour, minute, second)
        utc = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):  # no such day, a leap second, or a year that no calendar has
        raise ValueError("is not a valid date and time") from None
    return f"{utc.isoformat()}{fraction or ''}Z"


def is_in(namespace: str | None, message: Mapping[str, Any]) -> bool:
    """Whether what is listed is in the namespace that was asked for. What names none is believed to be."""
    return message.get("namespace") in (None, "", namespace)


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
