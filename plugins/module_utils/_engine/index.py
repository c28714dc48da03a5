# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Finding many resources in one list: it is gone through once for all of them, not once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")


class SharedAnswer(dict[str, Any]):
    """An answer that several resources share, and what has been worked out of it so far."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.views: dict[tuple[Any, ...], Any] = {}


def view(message: Mapping[str, Any], make: Callable[..., T], *arguments: Any) -> T:
    """make(message, *arguments): of an answer that is shared, worked out once. What it raises, it raises every time."""
    if not isinstance(message, SharedAnswer):
        return make(message, *arguments)
    key = (make, *arguments)
    if key not in message.views:  # two threads at once work out the same
        message.views[key] = make(message, *arguments)
    return cast(T, message.views[key])


class Index:
    """What a list shows by name, the first of each. That others make no sense is no matter to who comes before them."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._items: dict[str, Mapping[str, Any]] = {}
        self._broken = ""
        try:
            for item in items:
                if isinstance(name := item.get("name"), str):
                    self._items.setdefault(name, item)
        except ValueError as error:
            self._broken = str(error)

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Raises ValueError where the list makes no sense before it comes to that name."""
        found = self._items.get(name)
        if found is None and self._broken:
            raise ValueError(self._broken)
        return found
