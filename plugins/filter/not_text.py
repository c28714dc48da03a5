# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: not_text
short_description: Find numbers, dates and the like in place of text
version_added: 0.2.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Names each value that should be text and is not. An argument spec of type C(str) makes the text C(83) of the number
    83, which ansible-core 2.19 and newer has made of the answer C(0123) of an AWX survey.
  - The role P(otterscale.core.provision#role) refuses such values before any call.
positional: _input
options:
  _input:
    description: Variables by their names.
    type: dict
    required: true
  variables:
    description: Names of variables that should be text, or null. Their values are not shown, since they may be secrets.
    type: list
    elements: str
    default: []
  entries:
    description: Variables that are lists of dictionaries, whose members should be text.
    type: list
    elements: dict
    default: []
    suboptions:
      variable:
        description: Name of the variable.
        type: str
        required: true
      required:
        description: Members that must not be null.
        type: list
        elements: str
        default: []
      optional:
        description:
          - Members for which null is as good as none.
          - C(source.data) is the member C(data) of C(source), or of each of them where C(source) is a list.
        type: list
        elements: str
        default: []
"""

EXAMPLES = r"""
- name: Refuse a bucket that has a number for a name
  ansible.builtin.assert:
    that: not_text | length == 0
    fail_msg: "Only text makes sense here: {{ not_text | join(', ') }}"
  vars:
    names: {variable: buckets, required: [name]}
    not_text: "{{ {'buckets': buckets} | otterscale.core.not_text(entries=[names]) }}"
"""

RETURN = r"""
_value:
  description: Where such values are and what they are, such as C(buckets[0].name is an integer (83\)).
  type: list
  elements: str
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.collections import is_string

# The first that fits: a boolean is an integer too for Python, and a time a date.
TYPES: tuple[tuple[type, str], ...] = (
    (type(None), "null"),
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (datetime.datetime, "a time"),
    (datetime.date, "a date"),
    (list, "a list"),
    (Mapping, "a dictionary"),
)


def not_text(
    values: Mapping[str, Any], variables: Iterable[str] = (), entries: Iterable[Mapping[str, Any]] = ()
) -> list[str]:
    found = [f"{name} is {type_of(values[name])}" for name in variables if not is_text(values.get(name), null=True)]
    for of in entries:
        members = {**dict.fromkeys(of.get("required", ()), False), **dict.fromkeys(of.get("optional", ()), True)}
        for number, entry in enumerate(values.get(of["variable"]) or ()):
            for member, null in members.items():
                for place, value in find(entry, member, f"{of['variable']}[{number}]"):
                    if not is_text(value, null=null):
                        shown = "" if value is None else f" ({value})"
                        found.append(f"{place} is {type_of(value)}{shown}")
    return found


def find(value: Any, path: str, where: str) -> Iterator[tuple[str, Any]]:
    """Where a member is, and its value, for each that there is. What has none is for the argument spec to refuse."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from find(item, path, f"{where}[{number}]")
    elif isinstance(value, Mapping):
        name, _dot, rest = path.partition(".")
        if name in value:
            yield from find(value[name], rest, f"{where}.{name}") if rest else [(f"{where}.{name}", value[name])]


def is_text(value: Any, *, null: bool) -> bool:
    """Also of a value that Ansible Vault has encrypted. null: whether null is as good as text."""
    return bool(is_string(value)) or (null and value is None)


def type_of(value: Any) -> str:
    return next((words for kind, words in TYPES if isinstance(value, kind)), type(value).__name__)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"not_text": not_text}
