# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Secrets are hidden in any spelling and in any place of a result, and what holds none costs next to nothing."""

from __future__ import annotations

import html
import json
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._http.secrets import Secrets
from hypothesis import given
from hypothesis import strategies as st

SECRET = "quo\"ted\\token +of&someb'dy<é>"
SPELLINGS = (
    *(SECRET, SECRET.upper(), repr(SECRET), repr([SECRET]), json.dumps(SECRET), json.dumps(SECRET, ensure_ascii=False)),
    json.dumps(SECRET, ensure_ascii=False).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    *(repr(json.dumps(SECRET)), html.escape(SECRET), quote(SECRET, safe=""), quote_plus(SECRET)),
)


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return texts([*value.keys(), *value.values()])
    return [text for item in value for text in texts(item)] if isinstance(value, (list, tuple)) else [str(value)]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("place", ["{}", "Bearer {}.", "{}{}"])
def test_a_secret_is_hidden_in_every_spelling_and_place(spelling: str, place: str) -> None:
    text = place.replace("{}", spelling)
    result = {"msg": text, "policy": {text: [{"Sid": text}, 5, None, True]}, "warnings": (text,)}
    hidden = Secrets("another", SECRET).hide(result)
    assert not [text for text in texts(hidden) if "someb" in text.lower()]
    assert set(hidden) == {"msg", "policy", "warnings"} and texts(hidden).count("5") == 1


def test_a_secret_may_come_to_be_known_later() -> None:
    secrets = Secrets("", "first")
    secrets.add("second")
    secrets.add("second")
    assert list(secrets) == ["first", "second"]
    assert secrets.hide(["first", "the second one", "third"]) == ["********", "the ******** one", "third"]
    assert "first" not in repr(secrets) and secrets.longest == len("second")
    assert Secrets().longest == 0


def test_a_short_secret_is_one_too_but_our_own_keys_stay() -> None:
    hidden = Secrets("a").hide({"changed": False, "bucket": {"name": "data", "policy": {"Statement": "a"}}})
    assert hidden["bucket"]["name"] == "d********t********"
    assert set(hidden) == {"changed", "bucket"} and "St********tement" in hidden["bucket"]["policy"]


def test_passwords_of_urls_need_not_be_known() -> None:
    volume = {"source": {"data": "https://user:hunter2@host/a"}, "said": ["no https://u:hunter2@h"]}
    assert Secrets().hide(volume) == {"source": {"data": "https://user:***@host/a"}, "said": ["no https://u:***@h"]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(json_values)
def test_what_holds_no_secret_is_left_as_it_is(value: Any) -> None:
    assert Secrets("a secret that nobody drew").hide(value) is value


def test_to_find_nothing_costs_next_to_nothing() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data/*"]}
    grants = [{"type": "Group", "id": "", "name": "", "uri": "http://acs.amazonaws.com/x", "permission": "READ"}] * 2
    bucket = {"name": "data", "owner": "alice", "policy": {"Statement": [statement]}, "acl": "custom", "grants": grants}
    result = {"changed": False, "bucket": bucket, "operations": [], "diff": {"before": bucket, "after": bucket}}
    secrets = Secrets("eyJ" + "0123456789abcdef" * 60, "cli/ent+se%cret", "pass word")
    costs = []
    for _number in range(50):
        began = time.perf_counter()
        secrets.hide(result)
        costs.append(time.perf_counter() - began)
    assert min(costs) < 0.000_1
