# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a task declares of a resource: the options that it names, one form for one meaning."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

_MAX_DEPTH = 100  # Ansible goes through results by functions that call themselves


def declared(
    spec: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any], steering: Collection[str] = ()
) -> dict[str, Any]:
    """The validated options without what was not given, what repeats a default, and secrets.

    steering: options that say how the task does it and not what it is to bring about. JSON text is decoded, so that its
    spelling makes no difference.
    """
    return {
        name: _value(option, params[name])
        for name, option in spec.items()
        if name not in steering and not option.get("no_log") and params.get(name) not in (None, option.get("default"))
    }


def _value(option: Mapping[str, Any], value: Any) -> Any:
    if option["type"] == "json":  # validated, that is text
        return _decoded(value)
    suboptions = option.get("options")
    if suboptions is None:
        return value
    return [declared(suboptions, item) for item in value] if isinstance(value, list) else declared(suboptions, value)


def _decoded(text: str) -> Any:
    """What a JSON text says; one that cannot be shown otherwise stays as it is, and is refused elsewhere."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
        return value if _depth(value) <= _MAX_DEPTH else text
    except (ValueError, RecursionError):
        return text


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)
