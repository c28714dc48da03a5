# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the _info modules do: show all that the server lists of one type, or what has one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from .._errors import ApiError
from .outcome import failure_message
from .reconcile import Caller
from .resource import Resource, understood


@dataclass
class Information:
    """What such a task reports. name: None asks for all. resources: in the server's order, as results show them."""

    type: type[Resource[Any]]
    namespace: str | None
    name: str | None
    resources: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: ApiError | None = None

    @property
    def title(self) -> str:
        if self.name is not None:
            return self.type.title_of(self.namespace, self.name)
        return f"{self.type.noun}s of namespace {self.namespace}" if self.namespace else f"all {self.type.noun}s"

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        """The result of the task, without `failed`. It never holds a diff."""
        if self.error:
            return {"changed": False, "msg": failure_message(self.title, self.error), "error": self.error.as_dict()}
        return {"changed": False, f"{self.type.kind}s": self.resources}

    def read(self, caller: Caller, scope: str) -> None:
        """Find the resources. Raises ApiError; that others than those asked for make no sense is no matter."""
        last_read = ""

        def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal last_read
            last_read = procedure.rpartition("/")[2]
            return caller.read(procedure, request)

        found: dict[str, dict[str, Any]] = {}
        try:
            anything = self.type.to_remove(scope, self.namespace, "")  # its name makes no difference
            anything, listed = understood(anything, partial(self.type.list_all, read=read))
            for message in listed:
                if self.name is None or message.get("name") == self.name:
                    name = _name(message)
                    if name not in found:  # some servers give the same list twice, see DataVolume.observe()
                        found[name] = show_listed(anything, name, message)
        except ValueError as error:
            raise ApiError("internal", f"the answer makes no sense: {error}", rpc=last_read) from None
        self.resources = list(found.values())


def show_listed(anything: Resource[Any], name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Something that a list shows, as results show it. Raises ValueError, which names it.

    anything: of its type, scope and namespace; the options that a task would name make no difference.
    """
    resource: Resource[Any] = replace(cast(Any, anything), name=name)
    try:
        return resource.as_result(resource.read_listed(message))
    except ValueError as error:
        raise ValueError(f"{resource.title}: {error}") from None


def _name(message: Mapping[str, Any]) -> str:
    name = message.get("name")
    if not (isinstance(name, str) and name and name.isprintable()):
        raise ValueError("it lists something without a name that can be shown")
    return name
