# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the filter not_text finds in variables, as YAML or ansible-core gives them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.filter.not_text import FilterModule

not_text: Any = FilterModule().filters()["not_text"]
ENTRIES = [
    {"variable": "disks", "required": ["name"], "optional": ["context", "source.data", "ports.name"]},
    {"variable": "buckets", "required": ["name"]},
]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (83, "an integer (83)"),
        (True, "a boolean (True)"),
        (1.10, "a number (1.1)"),
        (datetime.date(2024, 1, 1), "a date (2024-01-01)"),
        (datetime.datetime(2024, 1, 1, 12), "a time (2024-01-01 12:00:00)"),
        (None, "null"),
        (["a"], "a list (['a'])"),
        ({"a": 1}, "a dictionary ({'a': 1})"),
        (b"text"[0:0].__class__, "type (<class 'bytes'>)"),
    ],
)
def test_a_value_is_named_with_its_type(value: Any, found: str) -> None:
    assert not_text({"buckets": [{"name": "good"}, {"name": value}]}, [], ENTRIES) == [f"buckets[1].name is {found}"]


def test_a_variable_that_may_be_a_secret_is_not_shown() -> None:
    values = {"token": 20260101, "url": "https://a", "empty": "", "null": None}
    assert not_text(values, ["token", "url", "empty", "null", "missing"]) == ["token is an integer"]


def test_null_is_none_but_for_what_must_be_there() -> None:
    disk = {"name": None, "context": None, "source": {"data": None}, "ports": [{"name": None}, {}]}
    assert not_text({"disks": [disk]}, [], ENTRIES) == ["disks[0].name is null"]


def test_members_of_members_are_found_entry_by_entry() -> None:
    disks = [
        {"source": {"data": 1}, "context": 2, "name": 3},
        {"name": "b", "ports": [{"name": "http"}, {"name": 80}], "source": [{"data": 4}]},
    ]
    assert not_text({"buckets": [{"name": 5}], "disks": disks}, [], ENTRIES) == [
        "disks[0].name is an integer (3)",
        "disks[0].context is an integer (2)",
        "disks[0].source.data is an integer (1)",
        "disks[1].source[0].data is an integer (4)",
        "disks[1].ports[1].name is an integer (80)",
        "buckets[0].name is an integer (5)",
    ]


@pytest.mark.parametrize("disks", [None, [], "", "text", ["text", 5, None], [{"source": "text", "ports": 5}]])
def test_what_has_another_form_is_left_to_the_argument_spec(disks: Any) -> None:
    assert not_text({"disks": disks}, [], ENTRIES) == []
