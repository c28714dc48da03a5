# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Bucket policies compared by meaning, not by spelling.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

Policy = dict[str, Any]

MAX_POLICY_DEPTH = 50  # what can be read may still be too deep to be compared and shown, and no real one is

_DEFAULT_VERSION = "2008-10-17"
_VALUE_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def parse_policy(text: str) -> Policy:
    """The policy as an object; blank text is the empty policy. Raises ValueError for what is not a JSON object.

    What it takes can be written with json.dumps, and read again as the same.
    """
    if not text.strip():
        return {}
    try:
        policy = json.loads(text, parse_constant=_number, parse_float=_number, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"must be a JSON object ({error})") from None
    if not isinstance(policy, dict):
        raise ValueError("must be a JSON object")
    if _is_deeper(policy, MAX_POLICY_DEPTH):
        raise ValueError(f"is nested more than {MAX_POLICY_DEPTH} deep")
    try:
        json.dumps(policy, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is not a character") from None
    return policy


def parse_declared_policy(text: str) -> Policy:
    """The policy of a task. Raises ValueError also where YAML has read the condition operator Null as null."""
    policy = parse_policy(text)
    for statement in _as_list(policy.get("Statement")):
        condition = statement.get("Condition") if isinstance(statement, dict) else None
        if isinstance(condition, dict) and "null" in condition:
            raise ValueError("has a condition operator 'null'; YAML reads Null as that, so write \"Null\" with quotes")
    return policy


def same_policy(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both mean the same: the order of lists and statements, and "x" or ["x"], make no difference."""
    return _text(_canonical(one)) == _text(_canonical(other))


def _number(text: str) -> float:
    """A float; Python takes NaN and Infinity for numbers, which JSON does not have, and 1e400 for the latter."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number, or is too large for one")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; if a name comes twice, nobody knows which value a server would take."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"has the key '{name}' more than once in one object")
        found[name] = value
    return found


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(item, levels - 1) for item in inner)


def _canonical(policy: Mapping[str, Any]) -> Policy:
    canonical = {"Version": _DEFAULT_VERSION, **policy} if policy else {}
    if "Statement" in canonical:
        canonical["Statement"] = sorted(map(_statement, _as_list(canonical["Statement"])), key=_text)
    return canonical


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    canonical = dict(statement)
    for name in _VALUE_LISTS:
        if name in canonical:
            canonical[name] = _values(canonical[name])
    for name in ("Principal", "NotPrincipal"):
        if name in canonical:
            canonical[name] = _principal(canonical[name])
    if isinstance(canonical.get("Condition"), dict):
        canonical["Condition"] = {
            operator: {key: _values(values, as_text=True) for key, values in keys.items()}
            if isinstance(keys, dict)
            else keys
            for operator, keys in canonical["Condition"].items()
        }
    return canonical


def _principal(principal: Any) -> Any:
    if principal == "*":
        return {"AWS": ["*"]}
    if isinstance(principal, dict):
        return {kind: _values(names) for kind, names in principal.items()}
    return principal


def _values(values: Any, as_text: bool = False) -> list[Any]:
    """A scalar or list as a list without order and repetition; conditions may write true and 5 for "true" and "5"."""
    listed = _as_list(values)
    if as_text:
        listed = [value if isinstance(value, str) else _text(value) for value in listed]
    return [json.loads(text) for text in sorted({_text(value) for value in listed})]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
