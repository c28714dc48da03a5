# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the engine and a resource say to each other: what was seen, what is missing, and the Resource protocol."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .._errors import OtterScaleError

State = TypeVar("State")
Read = Callable[[str, Mapping[str, Any]], "dict[str, Any]"]


class Presence(enum.Enum):
    """What is known of a resource's existence."""

    ABSENT = "proven to be absent"
    UNLISTED = "in no list, but the lists leave some out"
    UNREADABLE = "there, but in no list"
    PRESENT = "there, and read"


@dataclass(frozen=True)
class Seen(Generic[State]):
    """One reading. state is set if and only if presence is PRESENT; what shows_change() of two was done by a write."""

    presence: Presence
    state: State | None = None


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

    settle: seconds that its effect may take to show after the server accepted it.
    probe: sent only to make sure, since nothing that can be read proves that it is needed; predicted to do nothing.
    full: of a write that may fail half-way: the desired state with all that the request repeats of the present one.
    """

    verb: Verb
    procedure: str
    request: Mapping[str, Any]
    reason: str
    settle: float = 0.0
    probe: bool = False
    full: Resource[Any] | None = None

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
    FINAL = "no other plan will help"


def says_missing(error: OtterScaleError, option: str, plural: str, name: str | None) -> bool:
    """Whether Kubernetes refuses a write since what an option names does not exist; then the advice says that."""
    missing = name is not None and f'{plural} "{name}" not found' in error.message
    if missing:
        error.advice = f"The {option} {name!r} does not exist: create it first, or name another '{option}'."
    return missing


class Wait(NamedTuple):
    """How long to wait for the resource to become ready, and seconds between two looks."""

    timeout: float
    sleep: float


class Stage(NamedTuple):
    """Where a resource stands on its way to being ready: a phase, and the progress within it ("42.00%")."""

    phase: str
    progress: str = ""


class Resource(Protocol[State]):
    """A desired state, and how to read, plan and show it. Everything but observe() is pure."""

    @property
    def kind(self) -> str:
        """Key of the resource in results."""

    @property
    def wanted(self) -> str:
        """The desired state in words, for messages."""

    @property
    def wait(self) -> Wait | None:
        """How long to wait until it is ready; None is not at all."""

    def observe(self, read: Read) -> Seen[State]:
        """Read the present state. Raises ValueError for an answer that makes no sense."""

    def plan(self, seen: Seen[State]) -> Plan:
        """The missing writes. Raises a `client` OtterScaleError for what the API cannot do.

        A `failed_precondition` one where the reading does not tell what must be known to decide.
        """

    def answered(self, step: Step, answer: Mapping[str, Any], before: Seen[State]) -> State | None:
        """The state that the answer to a write carries, None if it carries none."""

    def refusal(self, step: Step, error: OtterScaleError) -> Refusal | None:
        """What a failed write says about the resource; may set error.advice."""

    def pending(self, seen: Seen[State]) -> str | None:
        """What a wait still waits for, None when ready. Raises OtterScaleError where waiting is in vain."""

    def stage(self, state: State) -> Stage:
        """How far it is on its way to being ready; asked for only while something waits for it."""

    def predict(self, seen: Seen[State]) -> State | None:
        """The state after the plan; what only the server can know is None in it."""

    def managed(self, state: State) -> dict[str, Any]:
        """The fields that the user named, as `state` has them."""

    def desired(self) -> dict[str, Any]:
        """The same fields as the user wants them, {} for absent."""

    def show(self, state: State) -> dict[str, Any]:
        """The resource as results show it."""
