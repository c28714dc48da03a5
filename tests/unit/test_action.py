# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The action door hides what the door of modules hides."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.otterscale.core.plugins.plugin_utils._action import _masked
from hypothesis import example, given, settings
from hypothesis import strategies as st

TEXTS = st.text("aAnNoe1\"'\\\n\x1bé\u2028", max_size=5)
LEAVES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(0, 20), st.sampled_from([1.5, 1e22, float("nan")]))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@settings(max_examples=400, deadline=None)
@given(value=VALUES, secrets=st.sets(TEXTS.filter(bool), max_size=2))
@example(value=None, secrets={"None"})
@example(value=float("nan"), secrets={"nan"})
@example(value='a"b', secrets={'"'})
@example(value="a\\b", secrets={"\\b"})
def test_what_ansible_would_hide_is_hidden(value: Any, secrets: set[str]) -> None:
    assert repr(_masked({"value": value}, secrets)) == repr(remove_values({"value": value}, secrets))


@pytest.mark.parametrize("secret", ["hunter2", 'quo"te', "back\\slash", "é"])
def test_a_secret_is_hidden_wherever_a_result_has_it(secret: str) -> None:
    shown = _masked({"msg": f"not {secret}", "list": [{"deep": secret}]}, {secret})
    assert shown == {"msg": "not ********", "list": [{"deep": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]}
