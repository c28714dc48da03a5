# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a resource is to the engine: the base class, what a reading shows of it, and the writes that it asks for."""

from __future__ import annotations

import enum
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from .._errors import ApiError, OtherApi
from .declared import declared

State = TypeVar("State")
T = TypeVar("T")
Read = Callable[[str, Mapping[str, Any]], "dict[str, Any]"]


class Presence(enum.Enum):
    """What is known of a resource's existence."""

    ABSENT = "it is proven to be absent"
    UNKNOWN = "it is in no list, but the lists leave some out"
    HIDDEN = "it exists, but nothing shows what it is like"
    PRESENT = "it exists and was read"


@dataclass(frozen=True)
class Seen(Generic[State]):
    """One reading. state is set if and only if presence is PRESENT; what shows_change() of two was done by a write.

    beside: what else was read, for a plan that needs to know of more than the resource itself.
    """

    presence: Presence
    state: State | None = None
    beside: Any = field(default=None, compare=False)


def shows_change(before: Any, after: Any) -> bool:
    """Whether two states (None: absent) differ in what both tell. What a reading did not tell is None in its state."""
    if before is None or after is None:
        return before is not after
    values = [(getattr(before, f.name), getattr(after, f.name)) for f in fields(before) if f.compare]
    return any(one != other for one, other in values if one is not None and other is not None)


class Verb(enum.Enum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Step(NamedTuple):
    """One write: procedure "package.Service/Rpc", its request, and the reason in words.

    visible_within: seconds that its effect may take to show after the server accepted it.
    synchronous: it has taken effect when the server accepts it, which is proof enough where none follows by itself.
    carries_over: the request repeats what the user did not name, as it was read, so the reading has to be young.
    only_to_make_sure: nothing that can be read proves that it is needed; predicted to do nothing.
    target: of a write that may fail half-way: the desired state with all that the request repeats of the present one.
    """

    verb: Verb
    procedure: str
    request: Mapping[str, Any]
    reason: str
    visible_within: float = 0.0
    synchronous: bool = False
    carries_over: bool = False
    only_to_make_sure: bool = False
    target: Resource[Any] | None = None

    @property
    def rpc(self) -> str:
        return self.procedure.rpartition("/")[2]

    @property
    def key(self) -> str:
        return self.procedure + json.dumps(self.request, sort_keys=True)

    def as_operation(self) -> dict[str, str]:
        return {"rpc": self.rpc, "reason": self.reason}


class Plan(NamedTuple):
    """The writes that are missing, in order, and what the user should know about them."""

    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()


class Refusal(enum.Enum):
    """What the text or code of a refused write says, where a resource recognises it."""

    EXISTS = "the resource exists already"
    MISSING = "the resource does not exist"
    CONFLICT = "the resource is not as it was read any more"
    FINAL = "no other plan will help"


class Wait(NamedTuple):
    """How long to wait for the resource to become ready, and seconds between two looks."""

    timeout: float
    sleep: float


class Progress(NamedTuple):
    """How far a resource is on its way to being ready: a phase, and the progress within it ("42.00%")."""

    phase: str
    percent: str = ""


class Resource(ABC, Generic[State]):
    """A desired state, and how to read, plan and show it. Everything but observe() and list_all() is pure.

    A frozen dataclass. An option that the user did not give is None, and left as it is on the server.
    """

    kind: ClassVar[str]  # the key of the resource in results
    noun: ClassVar[str]  # the same in prose
    options: ClassVar[Mapping[str, Any]]  # argument spec of its module, without the connection
    namespaced: ClassVar[bool] = False
    steering: ClassVar[frozenset[str]] = frozenset()  # options that say how, and not what is to be there

    scope: str
    name: str
    absent: bool
    namespace: str | None
    wait: Wait | None = None  # None: not at all

    @classmethod
    @abstractmethod
    def from_params(cls, params: Mapping[str, Any]) -> Resource[State]:
        """Check the options of a task. Raises a `client` ApiError."""

    @classmethod
    @abstractmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> Resource[State]:
        """What is listed under that name, to be absent, whatever rules the name breaks."""

    @classmethod
    def declared(cls, params: Mapping[str, Any]) -> dict[str, Any]:
        """What the options of a task declare, be they good or not."""
        return declared(cls.options, params, cls.steering)

    # What exists

    @abstractmethod
    def list_all(self, read: Read) -> Iterable[Mapping[str, Any]]:
        """All of its type that the server lists in its scope and namespace, whatever its name, as it came.

        Raises ValueError for an answer that makes no sense.
        """

    @abstractmethod
    def read_listed(self, message: Mapping[str, Any]) -> State:
        """The state of something that list_all() shows. Raises ValueError where it makes no sense."""

    def among_many(self) -> Resource[State]:
        """The same desired state, to be read together with many of its type and namespace, where that costs less."""
        return self

    @abstractmethod
    def observe(self, read: Read) -> Seen[State]:
        """Read the present state. Raises ValueError for an answer that makes no sense."""

    def otherwise(self, error: OtherApi) -> Resource[State] | None:
        """The same desired state as the server understands it; None if it cannot be said in any other way.

        Raises an ApiError that says why, where that is known better.
        """
        return None

    # What is missing

    @abstractmethod
    def plan(self, seen: Seen[State]) -> Plan:
        """The missing writes. Raises a `client` ApiError for what the API cannot do.

        A `failed_precondition` one where the reading does not tell what must be known to decide.
        """

    @abstractmethod
    def predict(self, seen: Seen[State]) -> State | None:
        """The state after the plan; what only the server can know is None in it."""

    @abstractmethod
    def key(self) -> dict[str, Any]:
        """How requests name the resource."""

    def delete(
        self,
        seen: Seen[State],
        procedure: str,
        *,
        visible_within: float,
        synchronous: bool = False,
        key: Mapping[str, Any] | None = None,
    ) -> Plan:
        """The plan where the resource is to be absent. key: where what is there has another than it is to have."""
        if seen.presence is Presence.ABSENT:
            return Plan()
        unsure = seen.presence is Presence.UNKNOWN
        reason = "not listed, which does not prove that it is absent" if unsure else "it exists"
        request = self.key() if key is None else key
        step = Step(Verb.DELETE, procedure, request, reason, visible_within, synchronous, only_to_make_sure=unsure)
        return Plan((step,))

    # What an answer to a write says

    @abstractmethod
    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[State]) -> State | None:
        """The state that the answer to a write carries, None if it carries none."""

    @abstractmethod
    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        """What a failed write says about the resource; may set error.advice."""

    # Waiting

    def pending(self, seen: Seen[State]) -> str | None:
        """What a wait still waits for, None when ready. Raises ApiError where waiting is in vain."""
        return None

    def progress(self, state: State) -> Progress:
        """How far it is on its way to being ready; asked for only while something waits for it."""
        return Progress("Ready")

    def after_wait(self, seen: Seen[State]) -> str | None:
        """What the user should know about how a wait ended."""
        return None

    def reports(self, read: Read) -> str:
        """What else the server tells of a resource that was waited for in vain, "" for nothing."""
        return ""

    # Showing

    @classmethod
    def title_of(cls, namespace: str | None, name: str) -> str:
        """A resource of this type in words, whatever is wanted of it."""
        return f"{cls.noun} {namespace}/{name}" if namespace else f"{cls.noun} {name}"

    @property
    def title(self) -> str:
        return self.title_of(self.namespace, self.name)

    @property
    def goal(self) -> str:
        """What is wanted of it in words."""
        return f"{self.title} {'absent' if self.absent else 'present'}"

    @abstractmethod
    def desired(self) -> dict[str, Any]:
        """The options that make up the desired state, None where the user named none."""

    @abstractmethod
    def present(self, state: State) -> dict[str, Any]:
        """The same options as `state` has them."""

    def diff_after(self) -> dict[str, Any]:
        """What the user named, {} for absent."""
        return {} if self.absent else self._named(self.desired())

    def diff_before(self, state: State) -> dict[str, Any]:
        """The same fields as `state` has them."""
        return self._named(self.present(state))

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        own = {"name": self.name, **({"namespace": self.namespace} if self.namespaced else {})}
        return {**own, **{option: values[option] for option, value in self.desired().items() if value is not None}}

    @abstractmethod
    def as_result(self, state: State) -> dict[str, Any]:
        """The resource as results show it."""


def understood(resource: Resource[State], ask: Callable[[Resource[State]], T]) -> tuple[Resource[State], T]:
    """What the server answers, and the resource in the way of saying it that the server understands."""
    try:
        return resource, ask(resource)
    except OtherApi as error:
        other = resource.otherwise(error)
        if other is None:
            raise
        return other, ask(other)
