# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The engine: plan() observes a resource and tells what is missing, apply() writes that and verifies it.

Check mode is plan() alone. Both return, whatever happens on the way: a failure is an Outcome too.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, cast

from .._errors import ApiError, OtherApi, printable
from .evidence import Effect, effect, presence_after, still_known
from .outcome import Outcome, failure_message
from .resource import Presence, Refusal, Resource, Seen, State, Step, Verb, Wait, shows_change, understood
from .wait import Notify, Phases, until_ready

FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 2.0
CONFLICT_PAUSE = 0.1  # of what a server in trouble is given: the other write has already ended
LONGEST_PAUSE_SECONDS = 60.0  # a server that asks for more gets no further try
_NOT_READ = Seen[Any](Presence.UNKNOWN)
_NOT_AS_ACCEPTED = (
    "Another client may be changing it, or this server ignores a field: check it, then run the task again."
)
OTHER_PLANS = 2  # plans that may follow a refused one (create, it exists: update), even with retries=0


class Caller(Protocol):
    """The part of a client that the engine needs."""

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes nothing."""

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes something, never twice unless the first call provably did nothing."""

    def pause(self, tries: int, error: ApiError) -> float:
        """Seconds to wait before the next try."""


class Age(enum.Enum):
    """How old the reading may be that a plan was made from."""

    NEW = "nothing else shows whether a failure or a wait is still justified"
    YOUNG = "a write carries over what the user did not name"
    RECENT = "nothing is missing"
    ANY = "a write carries nothing over, and the server refuses what is no longer needed"


def plan(resource: Resource[State], caller: Caller) -> Planned[State]:
    """Observe the resource and tell what is missing; nothing is written."""
    work = _Reconciliation(resource, caller)
    try:
        seen = work.look()
        return Planned(work, seen, work.missing(seen))
    except ApiError as error:
        return Planned(work, error=error)


def apply(planned: Planned[State], *, retries: int = 4, notify: Notify | None = None) -> Outcome:
    """Carry out what is missing, verify it, and wait for it where the resource asks for that.

    retries: how often a plan may be made anew after a write whose effect was open.
    notify: gets a line for each phase that a wait comes by.
    """
    work = _carry_out(planned, retries, notify, believes=True)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast(Outcome, end.value)


class Applied:
    """The same in two parts, for many resources that are to be proven by one reading: outcome is None in between."""

    def __init__(self, planned: Planned[Any], *, retries: int, notify: Notify | None) -> None:
        self._work = _carry_out(planned, retries, notify, believes=False)
        self.outcome: Outcome | None = None
        self._go_on()

    def prove(self) -> Outcome:
        """Read whether what the server accepted is so, and do what else is left."""
        while self.outcome is None:
            self._go_on()
        return self.outcome

    def _go_on(self) -> None:
        try:
            next(self._work)
        except StopIteration as end:
            self.outcome = end.value


def _carry_out(
    planned: Planned[State], retries: int, notify: Notify | None, *, believes: bool
) -> Generator[None, None, Outcome]:
    """Halts before each reading that is to prove a write.

    believes: that a synchronous write which the server accepted needs no such reading.
    """
    work = planned.work
    work.phases.notify = notify
    work.believes = believes
    if planned.error:
        return work.failed(planned.error)
    try:
        return (yield from work.carry_out(planned.seen, planned.steps, retries))
    except ApiError as error:
        return work.failed(error)


@dataclass(frozen=True)
class Planned(Generic[State]):
    """What is missing by one reading (seen), or why that cannot be told (error)."""

    work: _Reconciliation[State]
    seen: Seen[State] = _NOT_READ
    steps: tuple[Step, ...] = ()
    error: ApiError | None = None

    @property
    def age(self) -> Age:
        """How old the reading may be for what apply() would do."""
        if self.error:
            return Age.NEW
        if self.steps:
            return Age.YOUNG if any(step.carries_over for step in self.steps) else Age.ANY
        try:
            waits = self.work.resource.wait is not None and self.work.resource.pending(self.seen) is not None
        except ApiError:  # it would be in vain
            waits = True
        return Age.NEW if waits else Age.RECENT

    def settled(self) -> Outcome | None:
        """The outcome if there is nothing to do and nothing to wait for, or if planning failed; else None."""
        if self.error:
            return self.work.failed(self.error)
        try:
            resource = self.work.resource
            if self.steps or (resource.wait and resource.pending(self.seen) is not None):
                return None
        except ApiError as error:
            return self.work.failed(error)
        return apply(self)

    def predicted(self) -> Outcome:
        """What apply() would report, as far as that can be known: the outcome of check mode."""
        if self.error:
            return self.work.failed(self.error)
        resource = self.work.resource
        for step in self.steps:
            if step.only_to_make_sure:
                self.work.warn(f"{resource.goal}: {step.reason}: a real run sends {step.rpc}")
        needed = [step for step in self.steps if not step.only_to_make_sure]
        return self.work.outcome(resource.predict(self.seen) if needed else self.seen.state, needed)


class _Reconciliation(Generic[State]):
    """One resource on its way to its desired state.

    first, seen: the first and the last reading. done: the writes that are known to have taken effect.
    unresolved: the last write whose effect nobody can know. refused: what must not be sent again, and why.
    believes: see _carry_out(), which says it.
    """

    believes: bool

    def __init__(self, resource: Resource[State], caller: Caller) -> None:
        self.resource = resource
        self.caller = caller
        self.first: Seen[State] | None = None
        self.seen: Seen[State] | None = None
        self.done: list[Step] = []
        self.unresolved: Step | None = None
        self.refused: dict[str, ApiError] = {}
        self.warnings: dict[str, None] = {}
        self.phases = Phases(resource.goal)
        self.last_read: str | None = None

    # Looking

    def look(self, learned: Presence | None = None) -> Seen[State]:
        """Observe; `learned` decides what the lists leave open."""
        try:
            self.resource, seen = understood(self.resource, lambda resource: resource.observe(self.read))
        except ValueError as error:
            raise ApiError("internal", f"the answer makes no sense: {error}", rpc=self.last_read) from None
        if seen.presence is Presence.UNKNOWN and learned:
            seen = replace(seen, presence=learned)
        self.first, self.seen = self.first or seen, seen
        return seen

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.last_read = procedure.rpartition("/")[2]
        return self.caller.read(procedure, request)

    def missing(self, seen: Seen[State]) -> tuple[Step, ...]:
        """The writes that are still to do."""
        plan = self.resource.plan(seen)
        for warning in plan.warnings:
            self.warn(warning)
        return plan.steps

    def ready(self, seen: Seen[State], wait: Wait) -> Seen[State]:
        try:
            seen = until_ready(
                self.resource, wait, seen, lambda last: self.look(still_known(last.presence)), self.phases
            )
        except ApiError as error:
            if error.rpc is None:  # it is no call that failed
                error.rpc = self.last_read
                if reported := self.resource.reports(self.read):
                    error.message += f" ({reported})"
            raise
        if remark := self.resource.after_wait(seen):
            self.warn(remark)
        return seen

    # Writing

    def carry_out(self, seen: Seen[State], steps: tuple[Step, ...], retries: int) -> Generator[None, None, Outcome]:
        failures = 0
        while steps:
            step, *following = steps
            try:
                answer = self.caller.write(step.procedure, step.request)
            except ApiError as error:
                seen = self.recover(step, error, seen, failures)
                steps = self.missing(seen)
                if steps:
                    self.give_up_or_pause(steps[0], step, error, failures, retries)
                failures += 1
            else:
                seen = yield from self.verify(step, answer, seen, following)
                steps = self.missing(seen)
        if self.resource.wait:
            seen = self.ready(seen, self.resource.wait)
        return self.outcome(seen.state, self.done)

    def verify(
        self, step: Step, answer: Mapping[str, Any], before: Seen[State], following: list[Step]
    ) -> Generator[None, None, Seen[State]]:
        """Compare with the answer where it carries the resource, else with a new reading."""
        self.done.append(step)
        self.unresolved = None
        try:
            state = self.resource.state_in(step, answer, before)
        except ValueError:
            state = None  # accepted, but the answer makes no sense: the reading decides
        answered = None if state is None else Seen(Presence.PRESENT, state)
        if answered and self.unmet(step, answered, following) is None:
            self.seen = answered
            return answered
        if step.verb is Verb.DELETE and step.synchronous and self.believes:
            self.seen = Seen(Presence.ABSENT)
            return self.seen
        if answered is None:
            yield
        learned = presence_after(step.verb, before.presence, None, accepted=True)
        ends, sleep = time.monotonic() + step.visible_within, FIRST_POLL_SECONDS
        while True:
            seen = self.look(learned)
            if answered and seen.presence in (Presence.UNKNOWN, Presence.HIDDEN):
                seen = self.seen = answered  # of what no list shows, the answer tells the most
            if (unmet := self.unmet(step, seen, following)) is None:
                return seen
            if (before.state is not None and shows_change(before.state, seen.state)) or time.monotonic() >= ends:
                raise self.not_as_accepted(step, unmet, before, seen)
            time.sleep(sleep)
            sleep = min(2 * sleep, LONGEST_POLL_SECONDS)

    def not_as_accepted(self, step: Step, unmet: ApiError, before: Seen[State], seen: Seen[State]) -> ApiError:
        code, advice, either = unmet.code, unmet.advice, ""
        if code == "client":
            code, advice = "internal", _NOT_AS_ACCEPTED
        if not shows_change(before.state, seen.state):
            self.done.pop()
            either = "; whether it took effect is unknown"
        elif before.state is not None and code == "internal":
            code, either = "aborted", "; it is not as before either: another client may have changed it"
        message = f"the server accepted it, but {unmet.message}{either}"
        return ApiError(code, message, rpc=step.rpc, advice=advice)

    def unmet(self, step: Step, seen: Seen[State], following: list[Step]) -> ApiError | None:
        """Why this is not what the step was to bring about, whatever the steps that were to follow; None if it is."""
        try:
            steps = (step.target or self.resource).plan(seen).steps
        except ApiError as error:
            return error
        expected = {step.rpc for step in following}
        reason = next((step.reason for step in steps if step.rpc not in expected), None)
        return ApiError("internal", f"still to do: {reason}", advice=_NOT_AS_ACCEPTED) if reason else None

    # After a failure

    def recover(self, step: Step, error: ApiError, before: Seen[State], failures: int) -> Seen[State]:
        """Read before deciding what a failed write did. Raises `error` where nothing else can be tried."""
        if isinstance(error, OtherApi) and (other := self.resource.otherwise(error)):
            self.resource = other
            return self.look(still_known(before.presence))
        if not error.sent:
            raise error
        refusal = self.resource.refusal(step, error)
        if refusal is Refusal.CONFLICT:  # of two that go on at once, one would lose again and again
            time.sleep(self.caller.pause(failures, error) * CONFLICT_PAUSE)
        try:
            seen = self.look(presence_after(step.verb, before.presence, refusal, accepted=False))
        except ApiError as again:
            error.message += f" (whether it took effect is unknown: {again.rpc} failed too: {again.message})"
            raise error from None
        self.account(step, error, refusal, before, seen)
        # Another plan may help wherever the refusal says how the resource is, whatever its code says.
        may_pass = error.meaning.replan if refusal is None else refusal is not Refusal.FINAL
        hopeless = error.final or not may_pass
        if hopeless and self.something_is_missing(seen, refusal):
            raise error
        return seen

    def something_is_missing(self, seen: Seen[State], refusal: Refusal | None) -> bool:
        """Whether a write is needed, as far as can be told. Raises for what the API cannot do."""
        try:
            return bool(self.missing(seen))
        except ApiError as error:
            # A final refusal says more than that its half has left what cannot be changed.
            if error.code == "client" and refusal is not Refusal.FINAL:
                raise
            return True

    def account(
        self, step: Step, error: ApiError, refusal: Refusal | None, before: Seen[State], seen: Seen[State]
    ) -> None:
        """Record what a failed write did, by the evidence before and after it."""
        match effect(
            step.verb,
            refusal,
            before,
            seen,
            complete=self.unmet(step, seen, []) is None,
            in_parts=step.target is not None,
            refused=not error.meaning.replan,
        ):
            case Effect.DONE:
                self.done.append(step)
            case Effect.OPEN:
                self.unresolved = step  # no list may ever show its effect, or not yet
            case Effect.NONE_BUT_BEFORE:
                if self.unresolved and self.unresolved.verb is step.verb and refusal:
                    self.done.append(self.unresolved)  # so its first sending, whose answer was lost, took effect
                    self.warn(f"the answer to {step.rpc} was lost, but {refusal.value}: it counts as successful")
                self.unresolved = None
        if not error.meaning.write_again:
            self.refused[step.key] = error

    def give_up_or_pause(self, following: Step, failed: Step, error: ApiError, failures: int, retries: int) -> None:
        """A fresh plan after a failure is followed if it differs, or if the failure may pass."""
        if following.key in self.refused:
            raise self.refused[following.key]
        repeated = following.key == failed.key
        pause = self.caller.pause(failures, error) if repeated else 0.0
        if failures >= retries + (0 if repeated else OTHER_PLANS) or pause > LONGEST_PAUSE_SECONDS:
            raise error
        time.sleep(pause)

    # Reporting

    def warn(self, text: str) -> None:
        self.warnings[text] = None

    def outcome(self, state: State | None, steps: Sequence[Step]) -> Outcome:
        resource = self.resource
        before = resource.diff_before(self.first.state) if self.first and self.first.state is not None else {}
        return Outcome(
            kind=resource.kind,
            changed=bool(steps),
            resource=None if state is None else resource.as_result(state),
            operations=[step.as_operation() for step in steps],
            before=before,
            after=resource.diff_after() if steps else before,
            warnings=list(map(printable, self.warnings)),
            phases=self.phases.seen if resource.wait else None,
        )

    def failed(self, error: ApiError) -> Outcome:
        outcome = self.outcome(self.seen.state if self.seen else None, self.done)
        if not self.done:
            outcome.warnings = []  # they speak of a plan that was not carried out
        history = [f"Done before: {', '.join(step.rpc for step in self.done)}."] if self.done else []
        if self.unresolved and self.seen and (self.seen != self.first or self.seen.presence is Presence.UNKNOWN):
            history.append(f"Whether {self.unresolved.rpc} took effect is unknown.")
        outcome.error = error
        outcome.msg = failure_message(self.resource.goal, error, history)
        return outcome
