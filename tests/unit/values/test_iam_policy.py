# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Bucket policies: another spelling is not a change, another meaning is."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.iam_policy import (
    MAX_POLICY_DEPTH,
    parse_declared_policy,
    parse_policy,
    same_policy,
)
from hypothesis import given
from hypothesis import strategies as st

Policy = dict[str, Any]
VALUE_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def swapped(left: Any, right: Any) -> bool:
    """The comparison the other way round."""
    return same_policy(right, left)


def one_or_many(values: list[str]) -> st.SearchStrategy[Any]:
    """Some of the values as a list, or one of them alone."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


actions = one_or_many(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
resources = one_or_many(["arn:aws:s3:::data", "arn:aws:s3:::data/*", "arn:aws:s3:::logs"])
accounts = one_or_many(["arn:aws:iam:::user/alice", "arn:aws:iam:::user/bob", "*"])
principals = st.just("*") | st.fixed_dictionaries({"AWS": accounts}, optional={"Service": one_or_many(["a.b", "c.d"])})
conditions = st.dictionaries(
    st.sampled_from(["StringEquals", "IpAddress"]),
    st.dictionaries(st.sampled_from(["aws:SourceIp", "s3:prefix"]), one_or_many(["x", "y", "5"]), min_size=1),
    min_size=1,
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": actions,
        "Resource": resources,
        "Principal": principals,
    },
    optional={"Sid": st.sampled_from(["one", "two"]), "Condition": conditions},
)
policies = st.fixed_dictionaries(
    {"Statement": st.lists(statements, min_size=1, max_size=4), "Version": st.just("2012-10-17")},
    optional={"Id": st.just("policy")},
)


def respelled_list(draw: st.DrawFn, value: Any) -> Any:
    """The same values in another order, perhaps one of them twice, a single one with or without its list."""
    listed = draw(st.permutations(value if isinstance(value, list) else [value]))
    if draw(st.booleans()):
        return [*listed, listed[0]]
    return listed[0] if len(listed) == 1 and draw(st.booleans()) else listed


@st.composite
def respelled(draw: st.DrawFn, policy: Policy) -> Policy:
    """Another spelling of the policy that IAM takes for the same."""
    other = copy.deepcopy(policy)
    for statement in other["Statement"]:
        for name in VALUE_LISTS:
            if name in statement:
                statement[name] = respelled_list(draw, statement[name])
        if statement["Principal"] == "*":
            statement["Principal"] = draw(st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["*"]}]))
        else:
            for kind in statement["Principal"]:
                statement["Principal"][kind] = respelled_list(draw, statement["Principal"][kind])
        for keys in statement.get("Condition", {}).values():
            for key in keys:
                keys[key] = respelled_list(draw, keys[key])
    listed = draw(st.permutations(other["Statement"]))
    other["Statement"] = listed[0] if len(listed) == 1 and draw(st.booleans()) else listed
    return dict(draw(st.permutations(list(other.items()))))


def change(draw: st.DrawFn, statement: Policy) -> None:
    """Give one statement another meaning."""
    element = draw(st.sampled_from(["Effect", "Action", "Resource", "Principal", "Condition", "Sid", "Extra"]))
    if element == "Effect":
        statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    elif element == "Principal":
        statement["Principal"] = {"AWS": "arn:aws:iam:::user/carol"}
    elif element == "Condition":
        if not statement.pop("Condition", None) or draw(st.booleans()):
            statement["Condition"] = {"StringEquals": {"s3:prefix": "changed"}}
    elif element == "Sid":
        statement["Sid"] = "changed"
    elif element == "Extra":
        statement[f"Not{draw(st.sampled_from(['Action', 'Resource', 'Principal']))}"] = "changed"
    else:
        value = statement[element]
        listed = value if isinstance(value, list) else [value]
        statement[element] = draw(
            st.sampled_from(["changed", [*listed, "changed"], [v for v in listed if v != listed[0]]])
        )


@st.composite
def changed(draw: st.DrawFn, policy: Policy) -> Policy:
    """A policy that means something else."""
    other = draw(respelled(policy))
    other["Statement"] = listed = other["Statement"] if isinstance(other["Statement"], list) else [other["Statement"]]
    how = draw(st.sampled_from(["added", "removed", "version", "id", "inside"]))
    if how == "added":
        listed.insert(draw(st.integers(0, len(listed))), {"Effect": "Deny", "Action": "changed"})
    elif how == "removed":
        listed.pop(draw(st.integers(0, len(listed) - 1)))
    elif how == "version":
        other["Version"] = "2008-10-17"
    elif how == "id":
        other["Id"] = "changed"
    else:
        change(draw, draw(st.sampled_from(listed)))
    return other


@given(st.data(), policies)
def test_another_spelling_is_no_change(data: st.DataObject, policy: Policy) -> None:
    other = data.draw(respelled(policy))
    assert same_policy(policy, other) and same_policy(other, policy)


@given(st.data(), policies)
def test_another_meaning_is_a_change(data: st.DataObject, policy: Policy) -> None:
    other = data.draw(changed(policy))
    assert not same_policy(policy, other) and not same_policy(other, policy)


@given(policies, policies)
def test_comparing_is_symmetric_and_changes_neither(one: Policy, other: Policy) -> None:
    before = copy.deepcopy((one, other))
    assert same_policy(one, other) == swapped(one, other)
    assert same_policy(one, one)
    assert (one, other) == before


def statement(**elements: Any) -> Policy:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (statement(Principal="*"), statement(Principal={"AWS": "*"})),
        (statement(NotPrincipal={"AWS": "a"}), statement(NotPrincipal={"AWS": ["a"]})),
        (statement(NotAction="a"), statement(NotAction=["a"])),
        (statement(NotResource=["a", "b"]), statement(NotResource=["b", "a"])),
        (statement(Condition={"Bool": {"k": True}}), statement(Condition={"Bool": {"k": ["true"]}})),
        (statement(Condition={"NumericLess": {"k": 5}}), statement(Condition={"NumericLess": {"k": "5"}})),
        ({"Statement": []}, {"Version": "2008-10-17", "Statement": []}),
        ({}, {}),
    ],
)
def test_forms_that_iam_takes_for_one(one: Policy, other: Policy) -> None:
    assert same_policy(one, other) and swapped(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, statement(Action="a")),
        ({}, {"Statement": []}),
        ({"Statement": []}, {"Version": "2012-10-17", "Statement": []}),
        (statement(Action="a"), statement(Action="A:B")),
        (statement(Action="a"), statement(NotAction="a")),
        (statement(Action=["a", "b"]), statement(Action=["a"])),
        (statement(Principal={"AWS": "a"}), statement(Principal={"Service": "a"})),
        (statement(Principal="*"), statement(NotPrincipal="*")),
        (statement(Condition={"Bool": {"k": "true"}}), statement(Condition={"Bool": {"k": "false"}})),
        (statement(Condition={"Bool": {"k": "x"}}), statement(Condition={"Bool": {"l": "x"}})),
        (statement(Condition={"StringLike": {"k": "x"}}), statement(Condition={"StringEquals": {"k": "x"}})),
        (statement(Action=5), statement(Action="5")),
        (statement(Principal="a"), statement(Principal="b")),
        ({"Statement": ["a"]}, {"Statement": ["b"]}),
    ],
)
def test_forms_that_mean_something_else(one: Policy, other: Policy) -> None:
    assert not same_policy(one, other) and not swapped(one, other)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=4))
def test_an_odd_policy_is_compared_without_failing(odd: Any) -> None:
    policy = {"Statement": [{"Action": odd, "Principal": odd, "Condition": odd}, odd]}
    assert same_policy(policy, json.loads(json.dumps(policy)))


@given(policies)
def test_a_policy_is_read_from_its_text(policy: Policy) -> None:
    assert parse_policy(json.dumps(policy)) == parse_policy(f"\n {json.dumps(policy, indent=2)} ") == policy


@pytest.mark.parametrize("text", ["", "  \n", "{}"])
def test_no_policy_is_the_empty_one(text: str) -> None:
    assert parse_policy(text) == {}


@pytest.mark.parametrize(
    "text",
    ["[]", "null", '"{}"', "1", "{", "{'a': 1}", "policy", '{"a": 1} x', '{"a": NaN}', "[" * 200_000],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a JSON object"):
        parse_policy(text)


texts = st.text(st.characters(exclude_categories=()), max_size=5)  # halves of surrogate pairs too
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
wrapped = st.tuples(anything, st.integers(0, 5) | st.integers(44, 52)).map(lambda pair: {"Statement": nested(*pair)})


def nested(value: Any, levels: int) -> Any:
    for _level in range(levels):
        value = [value]
    return value


def is_plain(value: Any) -> bool:
    """Whether every JSON library reads what json.dumps makes of it."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def depth(value: Any) -> int:
    """Objects and lists around what is innermost."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(depth, inner)) if isinstance(inner, list) and inner else 0


@given(wrapped)
def test_what_is_taken_is_sound_and_read_again_as_the_same(policy: Policy) -> None:
    text = json.dumps(policy)
    if not is_plain(policy) or depth(policy) > MAX_POLICY_DEPTH:
        with pytest.raises(ValueError):
            parse_policy(text)
        return
    taken = parse_policy(text)
    again = parse_policy(json.dumps(taken))
    assert again == taken == policy and same_policy(again, policy)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ('"a": 1e400', "1e400 is not a JSON number, or is too large"),
        ('"a": [{"b": -1e999}]', "-1e999 is not a JSON number, or is too large"),
        ('"a": -Infinity', "-Infinity is not a JSON number"),
        ('"a": ' + "9" * 5000, "must be a JSON object"),
        ('"a": "\\ud83d"', "half of a surrogate pair"),
        ('"\\ude00": 1', "half of a surrogate pair"),
        ('"Statement": 1, "Statement": 2', "the key 'Statement' more than once"),
        ('"a": {"b": 1, "c": 2, "b": 1}', "the key 'b' more than once"),
        ('"Statement": ' + "[" * 51 + "]" * 51, "nested more than 50 deep"),
    ],
)
def test_what_could_not_be_read_again_is_refused(inside: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_policy("{" + inside + "}")


def test_a_whole_surrogate_pair_and_a_number_of_usual_size_are_read() -> None:
    assert parse_policy('{"a": "\\ud83d\\ude00", "b": 1e300, "c": 12345678901234567890}') == {
        "a": "\U0001f600",
        "b": 1e300,
        "c": 12345678901234567890,
    }


@pytest.mark.parametrize("several", [True, False])
def test_what_yaml_makes_of_the_operator_null_is_refused_in_a_task_alone(several: bool) -> None:
    one = {"Effect": "Deny", "Condition": {"null": {"aws:TokenIssueTime": "true"}}}
    text = json.dumps({"Statement": [{"Effect": "Allow"}, one] if several else one})
    with pytest.raises(ValueError, match='write "Null" with quotes'):
        parse_declared_policy(text)
    assert parse_policy(text) == json.loads(text)
    assert parse_declared_policy(text.replace("null", "Null")) == json.loads(text.replace("null", "Null"))


@pytest.mark.parametrize("odd", [{}, {"Statement": "null"}, {"Statement": [1, {"Condition": "null"}, {"null": {}}]}])
def test_null_elsewhere_is_no_operator(odd: Policy) -> None:
    assert parse_declared_policy(json.dumps(odd)) == odd
