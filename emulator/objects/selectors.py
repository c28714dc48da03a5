# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Label and field selectors of a List."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import bad_request
from .kind import Manifest

Matches = Callable[[Manifest], bool]

_KEY = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*/)?[A-Za-z0-9][-A-Za-z0-9_.]*"
_SET = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(([^)]*)\)\s*")
_EQUAL = re.compile(rf"\s*({_KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)\s*")
_THERE = re.compile(rf"\s*(!?)\s*({_KEY})\s*")


def matches(labels: str, fields: str) -> Matches:
    """Raises a Status for what cannot be read."""
    by_labels, by_fields = _by_labels(labels), _by_fields(fields)
    return lambda manifest: by_labels(manifest) and by_fields(manifest)


def _by_labels(selector: str) -> Matches:
    parts = [_requirement(part) for part in re.split(r",(?![^(]*\))", selector)] if selector.strip() else []

    def matches(manifest: Manifest) -> bool:
        labels = manifest["metadata"].get("labels") or {}
        return all(part(labels) for part in parts)

    return matches


def _requirement(text: str) -> Callable[[dict[str, Any]], bool]:
    if match := _SET.fullmatch(text):
        key, negated, values = match[1], match[2] == "notin", {value.strip() for value in match[3].split(",")}
        return lambda labels: (labels.get(key) in values) is not negated
    if match := _EQUAL.fullmatch(text):
        key, negated, value = match[1], match[2] == "!=", match[3]
        return lambda labels: (labels.get(key) == value) is not negated
    if match := _THERE.fullmatch(text):
        key, negated = match[2], bool(match[1])
        return lambda labels: (key in labels) is not negated
    raise bad_request(f'unable to parse requirement: found "{text}"')


def _by_fields(selector: str) -> Matches:
    """Names and namespaces, which is what every kind can be selected by."""
    wanted = []
    for part in selector.split(",") if selector.strip() else []:
        match = re.fullmatch(r"\s*metadata\.(name|namespace)\s*(==|=|!=)\s*(\S*)\s*", part)
        if match is None:
            raise bad_request(f'field label not supported: "{part}"')
        wanted.append((match[1], match[2] == "!=", match[3]))
    return lambda manifest: all((manifest["metadata"].get(n, "") == value) is not no for n, no, value in wanted)
