# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Resources of one kind as tests want them, what their options are refused with, and what they send; declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Resource, Seen
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.declaration import TASK
from ansible_collections.otterscale.core.plugins.module_utils._task import Connection, Context

from tests.kinds.kind import Kind, Options


@dataclass(frozen=True)
class Given:
    """What a test names of a resource, and the usual options where it does not name them."""

    kind: Kind
    usual: Options

    def __call__(self, **options: Any) -> Any:
        return self.kind.resource({**self.usual, **options})

    def refused(self, **options: Any) -> str:
        """The message of the failure that the options are."""
        with pytest.raises(ApiError) as caught:
            self(**options)
        assert caught.value.code == "client"
        return caught.value.message


def sent(resource: Resource[Any], seen: Seen[Any]) -> list[tuple[str, dict[str, Any]]]:
    """The writes that a reading leads to."""
    return [(step.rpc, dict(step.request)) for step in resource.plan(seen).steps]


def declare(server: Any, check: bool = False, notify: Any = None, **options: Any) -> dict[str, Any]:
    """The result of a declaration."""
    connection = {"api_url": "http://127.0.0.1", "scope": "demo", "retries": 0}
    validated = ArgumentSpecValidator(TASK.argument_spec).validate({**connection, **options})
    assert not validated.error_messages
    context = Context(check, lambda params: Connection(SharedReads(server), hide=str), notify)
    summary = TASK.work(validated.validated_parameters, context)
    return {**summary.as_result(with_diff=True), "failed": summary.error is not None}
