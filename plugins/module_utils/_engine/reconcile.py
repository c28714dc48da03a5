# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The engine: observe, plan, apply, verify. It knows neither Ansible nor OtterScale.

A resource describes itself through the Resource protocol; reconcile() brings it to its desired state over a Client
and returns an Outcome, whatever happens on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol

from .._errors import OtterScaleError, printable
from .resource import (
    Presence,
    Refusal,
    Resource,
    Seen,
    Stage,
    State,
    Step,
    Verb,
    Wait,
    shows_change,
)

FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0  # a server that asks for more gets no further try
OTHER_PLANS = 2  # plans that may follow a refused one (create, it exists: update), even with retries=0


Tell = Callable[[str], None]


class Caller(Protocol):
    """The part of the client that the engine needs."""

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes nothing."""

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an RPC that changes something, never twice unless the first call provably did nothing."""

    def pause(self, tries: int, error: OtterScaleError) -> float:
        """Seconds to wait before the next try."""


@dataclass
class Outcome:
    """What a task reports: unchanged, changed, or failed (error is set) with what is known to have happened."""

    kind: str
    changed: bool = False
    resource: dict[str, Any] | None = None
    operations: list[dict[str, str]] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    phases: list[dict[str, Any]] | None = None
    error: OtterScaleError | None = None
    msg: str = ""

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        """The result of the task, without `failed`."""
        result: dict[str, Any] = {"changed": self.changed, self.kind: self.resource, "operations": self.operations}
        if self.phases is not None:
            result["phases"] = self.phases
        if self.error:
            return {**result, "msg": self.msg, "error": self.error.as_dict()}
        return {**result, "diff": {"before": self.before, "after": self.after}} if with_diff else result


def reconcile(
    resource: Resource[State], client: Caller, *, check: bool = False, retries: int = 4, tell: Tell | None = None
) -> Outcome:
    """Bring the resource to its desired state, or (check) predict what that would do without any write.

    retries: how often a plan may be made anew after a write whose effect was open.
    tell: gets a line for each stage that a wait comes by.
    """
    run = _Run(resource, client, retries, tell)
    try:
        return run.predicted() if check else run.applied()
    except OtterScaleError as error:
        return run.failed(error)


def glance(resource: Resource[State], client: Caller, *, new: bool = False) -> Outcome | None:
    """The outcome of reconcile() where a look shows that nothing is left to do, or fails; else None.

    new: whether what the client reads is new, so that what cannot be planned from it is an outcome too.
    """
    run = _Run(resource, client, retries=0)
    try:
        seen = run.look()
        if run.plan(seen) or (resource.wait and resource.pending(seen) is not None):
            return None
        return run.outcome(run.ready(seen, resource.wait).state if resource.wait else seen.state, [])
    except OtterScaleError as error:
        return run.failed(error) if new or error.rpc else None


class _Run(Generic[State]):
    """One reconciliation. `done` holds the writes that are known to have taken effect."""

    def __init__(self, resource: Resource[State], client: Caller, retries: int, tell: Tell | None = None) -> None:
        self.resource = resource
        self.client = client
        self.retries = retries
        self.tell = tell
        self.first: Seen[State] | None = None
        self.seen: Seen[State] | None = None
        self.done: list[Step] = []
        self.open: Step | None = None
        self.refused: dict[str, OtterScaleError] = {}
        self.warnings: dict[str, None] = {}
        self.phases: list[dict[str, Any]] = []
        self.last_read: str | None = None

    def predicted(self) -> Outcome:
        seen = self.look()
        steps = self.plan(seen)
        needed = [step for step in steps if not step.probe]
        for step in steps:
            if step.probe:
                self.warnings[f"{self.resource.wanted}: {step.reason}: a real run sends {step.rpc}"] = None
        return self.outcome(self.resource.predict(seen) if needed else seen.state, needed)

    def applied(self) -> Outcome:
        seen = self.look()
        failures = 0
        while steps := self.plan(seen):
            step, *following = steps
            try:
                answer = self.client.write(step.procedure, step.request)
            except OtterScaleError as error:
                seen = self.recover(step, error, seen)
                if others := self.plan(seen):
                    self.give_up_or_pause(others[0], step, error, failures)
                failures += 1
            else:
                seen = self.verify(step, answer, seen, following)
        if self.resource.wait:
            seen = self.ready(seen, self.resource.wait)
        return self.outcome(seen.state, self.done)

    # Looking

    def look(self, learned: Presence | None = None) -> Seen[State]:
        """Observe; `learned` decides what the lists leave open."""

        def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
            self.last_read = procedure.rpartition("/")[2]
            return self.client.read(procedure, request)

        try:
            seen = self.resource.observe(read)
        except ValueError as error:
            raise OtterScaleError("internal", f"the answer makes no sense: {error}", rpc=self.last_read) from None
        if seen.presence is Presence.UNLISTED and learned:
            seen = replace(seen, presence=learned)
        self.first, self.seen = self.first or seen, seen
        return seen

    def plan(self, seen: Seen[State]) -> tuple[Step, ...]:
        plan = self.resource.plan(seen)
        self.warnings.update(dict.fromkeys(plan.warnings))
        return plan.steps

    def ready(self, seen: Seen[State], wait: Wait) -> Seen[State]:
        """Look until nothing is pending any more."""
        begins = time.monotonic()
        while True:
            if seen.state is not None:
                self.note(self.resource.stage(seen.state), time.monotonic() - begins)
            if (pending := self.resource.pending(seen)) is None:
                return seen
            left = begins + wait.timeout - time.monotonic()
            if left <= 0:
                waited = f"{pending} after waiting {wait.timeout:g} s"
                advice = "Mend what the condition names, or raise 'wait_timeout'."
                raise OtterScaleError("deadline_exceeded", waited, rpc=self.last_read, advice=advice)
            time.sleep(min(wait.sleep, left))
            seen = self.look(_still_known(seen))

    def note(self, stage: Stage, seconds: float) -> None:
        """Keep the history of phases, each with its last progress, and tell of what is new."""
        last = self.phases[-1] if self.phases else {}
        if last.get("phase") != stage.phase:
            self.phases.append({"phase": stage.phase, "progress": stage.progress, "seconds": round(seconds, 1)})
        elif last["progress"] != stage.progress:
            last["progress"] = stage.progress
        else:
            return
        if self.tell:
            self.tell(printable(f"{self.resource.wanted}: {stage.phase} {stage.progress}".rstrip()))

    # After a write

    def verify(self, step: Step, answer: Mapping[str, Any], before: Seen[State], following: list[Step]) -> Seen[State]:
        """Compare with the answer where it carries the resource, else with a new reading."""
        self.done.append(step)
        self.open = None
        try:
            state = self.resource.answered(step, answer, before)
        except ValueError:
            state = None  # accepted, but the answer makes no sense: the reading decides
        told = None if state is None else Seen(Presence.PRESENT, state)
        if told and self.unmet(step, told, following) is None:
            self.seen = told
            return told
        learned = {Verb.CREATE: None, Verb.DELETE: Presence.ABSENT}.get(step.verb, _still_known(before))
        ends, sleep = time.monotonic() + step.settle, FIRST_POLL_SECONDS
        while True:
            seen = self.look(learned)
            if told and seen.presence in (Presence.UNLISTED, Presence.UNREADABLE):
                seen = self.seen = told  # of what no list shows, the answer tells the most
            if (unmet := self.unmet(step, seen, following)) is None:
                return seen
            if (before.state is not None and shows_change(before.state, seen.state)) or time.monotonic() >= ends:
                raise self.not_as_accepted(step, unmet, before, seen)
            time.sleep(sleep)
            sleep = min(2 * sleep, LONGEST_POLL_SECONDS)

    def not_as_accepted(
        self, step: Step, unmet: OtterScaleError, before: Seen[State], seen: Seen[State]
    ) -> OtterScaleError:
        code, advice, either = unmet.code, unmet.advice, ""
        if code == "client":
            code, advice = "internal", _NOT_AS_ACCEPTED
        if not shows_change(before.state, seen.state):
            self.done.pop()
            either = "; whether it took effect is unknown"
        elif before.state is not None and code == "internal":
            code, either = "aborted", "; it is not as before either: somebody else may have changed it"
        message = f"the server accepted it, but {unmet.message}{either}"
        return OtterScaleError(code, message, rpc=step.rpc, advice=advice)

    def unmet(self, step: Step, seen: Seen[State], following: list[Step]) -> OtterScaleError | None:
        """Why this is not what the step was to bring about, whatever the steps that were to follow; None if it is."""
        try:
            steps = (step.full or self.resource).plan(seen).steps
        except OtterScaleError as error:
            return error
        expected = {step.rpc for step in following}
        reason = next((step.reason for step in steps if step.rpc not in expected), None)
        return OtterScaleError("internal", f"still to do: {reason}", advice=_NOT_AS_ACCEPTED) if reason else None

    def recover(self, step: Step, error: OtterScaleError, before: Seen[State]) -> Seen[State]:
        """After a failed write: read before deciding. Raises `error` where nothing else can be tried."""
        if not error.sent:
            raise error
        refusal = self.resource.refusal(step, error)
        learned = _LEARNED.get(refusal) if refusal else _still_known(before) if step.verb is Verb.UPDATE else None
        if step.verb is Verb.DELETE and before.presence is Presence.PRESENT:
            learned = Presence.ABSENT  # it was listed: if it is no more, it is gone
        try:
            seen = self.look(learned)
        except OtterScaleError as again:
            error.message += f" (whether it took effect is unknown: {again.rpc} failed too: {again.message})"
            raise error from None
        # Somebody else did what this write cannot have done: take away, change what it deletes, set it another way.
        ours = shows_change(before.state, seen.state) and (seen.state is None) is (step.verb is Verb.DELETE)
        self.account(step, error, refusal, changed=ours and not (step.full is None and self.unmet(step, seen, [])))
        hopeless = refusal is Refusal.FINAL or error.final or not error.meaning.replan
        if hopeless and self.something_is_missing(seen, refusal):
            raise error
        return seen

    def something_is_missing(self, seen: Seen[State], refusal: Refusal | None) -> bool:
        """Whether a write is needed, as far as can be told. Raises for what the API cannot do."""
        try:
            return bool(self.plan(seen))
        except OtterScaleError as error:
            # A final refusal says more than that its half has left what cannot be changed.
            if error.code == "client" and refusal is not Refusal.FINAL:
                raise
            return True

    def account(self, step: Step, error: OtterScaleError, refusal: Refusal | None, *, changed: bool) -> None:
        """Note what a failed write did, as far as the readings before and after it tell."""
        if refusal is not None and refusal is _NO_EFFECT.get(step.verb):
            if self.open and self.open.verb is step.verb:
                self.done.append(self.open)  # so its first sending, whose answer was lost, did take effect
                self.warnings[f"the answer to {step.rpc} was lost; that {refusal.value} is taken for its effect"] = None
            self.open = None
        elif changed:
            self.done.append(step)
        elif error.meaning.replan:
            self.open = step  # no list may ever show its effect, or not yet
        if not error.meaning.write_again:
            self.refused[step.key] = error

    def give_up_or_pause(self, following: Step, failed: Step, error: OtterScaleError, failures: int) -> None:
        """A fresh plan after a failure is followed if it differs, or if the failure may pass."""
        if following.key in self.refused:
            raise self.refused[following.key]
        repeated = following.key == failed.key
        pause = self.client.pause(failures, error) if repeated else 0.0
        if failures >= self.retries + (0 if repeated else OTHER_PLANS) or pause > LONGEST_PAUSE_SECONDS:
            raise error
        time.sleep(pause)

    # Reporting

    def outcome(self, state: State | None, steps: list[Step]) -> Outcome:
        before = self.resource.managed(self.first.state) if self.first and self.first.state is not None else {}
        return Outcome(
            kind=self.resource.kind,
            changed=bool(steps),
            resource=None if state is None else self.resource.show(state),
            operations=[step.as_operation() for step in steps],
            before=before,
            after=self.resource.desired() if steps else before,
            warnings=list(map(printable, self.warnings)),
            phases=self.phases if self.resource.wait else None,
        )

    def failed(self, error: OtterScaleError) -> Outcome:
        outcome = self.outcome(self.seen.state if self.seen else None, self.done)
        if not self.done:
            outcome.warnings = []  # they speak of a plan that was not carried out
        outcome.error = error
        status = f", HTTP {error.http_status}" if error.http_status else ""
        call = f"{error.rpc} failed [{error.code}{status}]: " if error.rpc else ""
        done = f" Done before: {', '.join(step.rpc for step in self.done)}." if self.done else ""
        if self.open and self.seen and (self.seen != self.first or self.seen.presence is Presence.UNLISTED):
            done += f" Whether {self.open.rpc} took effect is unknown."
        outcome.msg = printable(f"{self.resource.wanted}: {call}{error.message.rstrip(' .')}.{done} {error.advice}")
        return outcome


def _still_known(seen: Seen[Any]) -> Presence | None:
    """What stays known about a resource when the next look does not list it."""
    return None if seen.presence is Presence.PRESENT else seen.presence


_NOT_AS_ACCEPTED = "Somebody else may be changing it, or this server ignores a field: look, then run again."

_LEARNED: Mapping[Refusal, Presence] = {Refusal.EXISTS: Presence.UNREADABLE, Refusal.MISSING: Presence.ABSENT}

# The refusal that proves that this very sending of a write did nothing.
_NO_EFFECT: Mapping[Verb, Refusal] = {Verb.CREATE: Refusal.EXISTS, Verb.DELETE: Refusal.MISSING}
