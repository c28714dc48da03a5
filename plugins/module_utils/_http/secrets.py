# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What must not be shown: the secrets of a connection in every spelling, and the passwords in URLs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from .._errors import printable
from .url import shown_urls

T = TypeVar("T")

_MASK = "********"  # Ansible's own, for the values of no_log options
# Keys that are ours look like this. One that a server chose, as in a policy, may hold a secret as its values may.
_OWN_KEY = re.compile("[a-z_]{1,30}")


class Secrets:
    """The secrets of one connection; more may come to be known. Safe to share between threads.

    Like Ansible's no_log, it takes out a secret however short it is.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets: tuple[str, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        self._needles: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def add(self, secret: str) -> None:
        if not secret or secret in self._secrets:
            return
        secrets = (*self._secrets, secret)
        spellings = sorted({text for known in secrets for text in _spellings(known)}, key=len, reverse=True)
        self._secrets = secrets
        self._pattern = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE)
        self._needles = tuple({_folded(text)[1:-1] for text in spellings})

    @property
    def longest(self) -> int:
        """The length of the longest spelling."""
        return max(map(len, self._needles), default=0)

    def hide(self, value: T, *, urls: bool = True) -> T:
        """The same text, or JSON, with a mask for each secret and (urls) *** for each password in a URL."""
        # Nearly always there is nothing to hide, and one look at all of it is much cheaper than one at each text.
        text = _folded(value)
        if (urls and "://" in text and "@" in text) or any(needle in text for needle in self._needles):
            value = self._hidden(value, urls)
        return value

    def _hidden(self, value: Any, urls: bool) -> Any:
        if isinstance(value, str):
            masked = self._pattern.sub(_MASK, value) if self._pattern else value
            return shown_urls(masked) if urls else masked
        if isinstance(value, (list, tuple)):
            return [self._hidden(item, urls) for item in value]
        if isinstance(value, dict):
            return {
                key if _OWN_KEY.fullmatch(str(key)) else self._hidden(key, urls): self._hidden(item, urls)
                for key, item in value.items()
            }
        return value


def _folded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str).lower()


def _spellings(secret: str) -> tuple[str, ...]:
    """How a secret may look in a text that quotes or escapes it."""
    ascii_json = json.dumps(secret)[1:-1]
    unicode_json = json.dumps(secret, ensure_ascii=False)[1:-1]
    go_json = re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", unicode_json)
    jsons = (ascii_json, unicode_json, go_json)
    return (
        secret,
        " ".join(secret.split()),
        printable(secret),
        repr(secret)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        *jsons,
        *(repr(text)[1:-1] for text in jsons),
    )
