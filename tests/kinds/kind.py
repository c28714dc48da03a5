# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What there is to say of a kind of resource. Desired states are options, as a task gives them to its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Resource, Seen
from ansible_collections.otterscale.core.plugins.module_utils._errors import OtherApi
from ansible_collections.otterscale.core.plugins.module_utils._http.client import HttpClient
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client
from ansible_collections.otterscale.core.plugins.module_utils._task import Task
from hypothesis import strategies as st

Options = Mapping[str, Any]
Thing = Mapping[str, Any]  # what the embedded server is told to hold, and how it shows that


class Calls(NamedTuple):
    """What results and journals call the reads and writes of a kind."""

    list: str
    create: str
    update: str
    delete: str


@dataclass(frozen=True)
class Emulated:
    """How the embedded server holds a kind, and what is true of it there, worked out without the collection's code.

    attribute: of a scope's state, where each thing is under its name, after its namespace if it has one.
    scope: of the whole state, where the things of this kind are.
    client: what calls the server, made like every HttpClient. connection: what resources need to know of the server.
    otterscale: whether it is OtterScale that the server is embedded as.
    there: one that is other than the example, which an update brings about.
    things: whatever may be there. removal: takes away the one with the example's name.
    fulfils: whether one that is there is as options want it. Of one that is in no list (the last argument) only what
    a write can set is compared.
    listed: whether the lists of a server generation show it. unlisted: some of those that none shows, so that
    Kubernetes is asked.
    """

    attribute: str
    there: Thing
    things: tuple[Thing, ...]
    removal: Thing
    fulfils: Callable[[Options, Thing, bool], bool]
    listed: Callable[[Thing, Mapping[str, str]], bool] = lambda found, generation: True
    unlisted: tuple[Thing, ...] = ()
    scope: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda state: state["scopes"]["demo"]
    client: type[HttpClient] = Client
    connection: Options = field(default_factory=lambda: {"scope": "demo"})
    otterscale: bool = True


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    connection: what tasks name besides its options. title: the example in messages. key: how requests name it.
    keyed_by_name: whether requests name it so before it is there, too.
    example, another: two desired states of one resource; an update leads from the first to the other.
    desired: whatever tasks may want, mostly of a resource with the example's name.
    readings: whatever may be known of the example's resource.
    model: a server in memory, see tests/unit/server_model.py. emulated: none where the embedded server is another.
    lists_all: whether what the list does not show is proven to be absent.
    reads: how many calls a reading takes at most. found_by: how many, where the example is there.
    settles: seconds that a deletion may take to show.
    in_parts: whether a write that fails may have done some of its work.
    set_blindly: whether one that no list shows is written on every run.
    variant: what tells it from another kind of the same type.
    other_api: whether the server has the API of OtterScale 1.x.
    missing: what the server says of one that does not exist.
    ready: of a state that was predicted, what it is once it can be updated.
    same: a value of the diff, without what a comparison must not tell apart.
    """

    module: str
    type: type[Resource[Any]]
    task: Task
    connection: Options
    title: str
    key: Mapping[str, Any]
    calls: Calls
    example: Options
    another: Options
    desired: st.SearchStrategy[Options]
    readings: st.SearchStrategy[Seen[Any]]
    model: Callable[..., Any]
    lists_all: bool = True
    keyed_by_name: bool = True
    reads: int = 1
    found_by: int = 1
    settles: float = 10
    in_parts: bool = False
    set_blindly: bool = False
    variant: str = ""
    other_api: bool = False
    missing: str = ""
    ready: Callable[[Any], Any] = lambda state: state
    same: Callable[[Any], Any] = lambda value: value
    emulated: Emulated | None = None

    @property
    def name(self) -> str:
        return self.type.kind

    @property
    def id(self) -> str:
        return self.variant or self.name

    @property
    def gone(self) -> Options:
        """The example's resource shall not be there."""
        return {**{key: self.example[key] for key in ("name", "namespace") if key in self.example}, "state": "absent"}

    @cached_property
    def _validator(self) -> ArgumentSpecValidator:
        return ArgumentSpecValidator(self.task.argument_spec)

    def params(self, options: Options, **connection: Any) -> dict[str, Any]:
        """What its module makes of the options of a task."""
        given = {**self.connection, **options, **connection}
        validated = self._validator.validate(given)
        assert not validated.error_messages, validated.error_messages
        return dict(validated.validated_parameters)

    def resource(self, options: Options, **connection: Any) -> Resource[Any]:
        """What the engine is given for the options of a task."""
        return self.spoken(self.type.from_params(self.params(options, **connection)))

    def spoken(self, resource: Resource[Any]) -> Resource[Any]:
        """The same as the server understands it."""
        if not self.other_api:
            return resource
        other = resource.otherwise(OtherApi("unimplemented", "this server has another API"))
        assert other is not None
        return other


def options(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Options]:
    """Options, each drawn from its own strategy; None is left out."""
    return st.fixed_dictionaries(members).map(without_none)


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


states = st.sampled_from(["present", "present", "present", "absent"])
OTTERSCALE = {"api_url": "http://127.0.0.1", "scope": "lab"}
GI = 1 << 30
