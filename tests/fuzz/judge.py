# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whether what a task reported is what happened, by the journal and the state of the server.

Three things nobody can know, so that either report is right where they come together with a lost answer: what a
resource was like that is in no list, what a colleague did between two of our calls, and that a well-formed answer lies.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from tests.fuzz.machine import Ran
from tests.fuzz.scenarios import KUBERNETES_LIES, LIES, TOKEN
from tests.fuzz.truth import copied, fulfils, knowable, listed, thing
from tests.kinds import EMULATED, KINDS, emulated
from tests.kinds.datavolume import PASSWORD

DELETES = {kind.calls.delete: kind for kind in EMULATED.values()}
# Codes that say of a write that it was not needed, and are believed: only the server's state should make them.
BELIEVED = {("Create", "already_exists"), ("Delete", "not_found")}
BELIEVED_OF_OBJECTS = BELIEVED | {("Update", "failed_precondition")}  # that another client was faster
BELIEVED_OF_REST = BELIEVED | {("Create", "aborted")}  # HTTP has one status for both: 409


@dataclass(frozen=True)
class Case:
    """A run with what the judge has worked out of it."""

    kind: str
    generation: Mapping[str, str]
    ran: Ran

    @property
    def faulty(self) -> list[dict[str, Any]]:
        return [call for call in self.ran.calls if call["fault"]]

    @property
    def lost(self) -> bool:
        """Whether a write did not get its true answer."""
        return any(call["write"] for call in self.faulty)

    @property
    def lied_to_reads(self) -> bool:
        """Whether an answer may have been taken for true that was not.

        What Kubernetes answers carries what it is about, so that nothing but an untrue proof is a lie there.
        """
        answered = {
            call["rpc"] == "GetKubernetes" for call in self.faulty if call["fault"] == "answer" and not call["write"]
        }
        given = [fault.get("body") for fault in self.ran.task.faults]
        return any(
            of_kubernetes in answered and any(lie["body"] in given for lie in lies)
            for of_kubernetes, lies in ((False, LIES), (True, KUBERNETES_LIES))
        )

    @property
    def lied_to_writes(self) -> bool:
        accepted = any(f["kind"] == "answer" and f.get("body", "").endswith("}") for f in self.ran.task.faults)
        return self.misled or (accepted and any(call["fault"] == "answer" and call["write"] for call in self.faulty))

    @property
    def believed(self) -> bool:
        """An untrue answer said what nothing is read for: that it is gone, or what it is like now.

        Where lists show everything, deleting is synchronous, and the OK is its proof.
        """
        kind = KINDS[self.kind]
        gone = kind.calls.delete if kind.lists_all else ""
        named = f'"name": "{self.ran.task.options["name"]}"'
        shown = self.kind != "bucket" and any(named in fault.get("body", "") for fault in self.ran.task.faults)
        told = [call["rpc"] for call in self.faulty if call["fault"] == "answer"]
        return any(rpc == gone or (shown and rpc.startswith(("Create", "Update"))) for rpc in told)

    @property
    def misled(self) -> bool:
        """A fault answered "already exists" or "not found"."""
        believed = BELIEVED if emulated(self.kind).otterscale else BELIEVED_OF_REST
        believed = BELIEVED_OF_OBJECTS if KINDS[self.kind].other_api else believed
        return any(
            call["fault"] == "error" and call["code"] == code and call["rpc"].startswith(verb)
            for call in self.faulty
            for verb, code in believed
        )

    def is_listed(self, state: Mapping[str, Any]) -> bool:
        """Whether it exists, and can be seen: in a list, or by what Kubernetes shows."""
        found = thing(self.kind, self.ran.task.options, state)
        return found is not None and (self.asks_kubernetes or listed(self.kind, found, self.generation))

    @property
    def asks_kubernetes(self) -> bool:
        """So that it knows of everything whether it exists, lists or not."""
        return "kubeconfig" in self.ran.task.options

    @property
    def readable(self) -> bool:
        """Whether the lists, or Kubernetes, showed all along what existed."""
        told = KINDS[self.kind].lists_all or self.asks_kubernetes
        return told or self.is_listed(self.ran.before) or self.is_listed(self.ran.after)

    @property
    def set_blindly(self) -> bool:
        """A service that is in no list is set on every run, which the task says."""
        kind, outcome = KINDS[self.kind], self.ran.outcome
        updated = any(operation["rpc"] == kind.calls.update for operation in outcome.operations)
        return kind.set_blindly and updated and bool(outcome.warnings)


def violations(kind: str, generation: Mapping[str, str], ran: Ran) -> list[str]:
    if not ran.calls:
        ran = replace(ran, before=ran.kept, after=ran.kept)  # what it was told by what another item had read
    case = Case(kind, generation, ran)
    found = [*_always(ran), *_unread(case)]
    if ran.check:
        return [*found, *(f"check mode sent {call['rpc']}" for call in ran.writes)]
    if not case.lied_to_reads:
        found += _success(case) if ran.outcome.error is None else _failure(case)
    return found


def _always(ran: Ran) -> Iterator[str]:
    """What holds whatever the answers were."""
    outcome = ran.outcome
    yield from _secrets(ran)
    if outcome.error is not None and not (outcome.msg and outcome.error.as_dict()["code"]):
        yield "a failure without a message"
    if bool(outcome.operations) != outcome.changed:
        yield f"changed is {outcome.changed}, but operations are {outcome.operations}"
    repeated = [(call["rpc"], json.dumps(call["request"], sort_keys=True)) for call in ran.effects]
    if not ran.meddled and len(set(repeated)) < len(repeated):
        yield f"applied twice: {repeated}"
    for call, following in zip(ran.calls, ran.calls[1:], strict=False):
        if call["write"] and following["write"]:
            yield f"{following['rpc']} was sent after {call['rpc']} without a look"
    if len(ran.writes) > ran.task.retries + 4:
        yield f"{len(ran.writes)} writes with {ran.task.retries} retries"
    if len(ran.calls) > 100 * (ran.task.retries + 2):
        yield f"{len(ran.calls)} calls"
    if ran.slept > 70:
        yield f"it slept {ran.slept:g} s"
    if ran.seconds > 60:
        yield f"it took {ran.seconds:g} s"


def _unread(case: Case) -> Iterator[str]:
    """No ACL is reported for a bucket whose ACL cannot be read, and none is replaced, unless a list lies about it."""
    ran = case.ran
    there, shown = thing(case.kind, ran.task.options, ran.after), ran.outcome.resource
    if ran.meddled or ran.check or not (there and there.get("unreadable")):
        return
    if not case.lied_to_reads and any(call["rpc"] == KINDS[case.kind].calls.update for call in ran.writes):
        yield "an ACL that nobody could know was replaced"
    if shown and not case.lied_to_reads and shown["acl"] is not None:
        yield f"it made up the ACL {shown['acl']}"
    if ran.outcome.error is None and not knowable(case.kind, ran.task.options, ran.after):
        yield "ok, but nobody could know"


# How a text may repeat a token: as it is, or as Python, JSON or a web page would write it, once or twice over.
_ONCE = (TOKEN, repr(TOKEN)[1:-1], json.dumps(TOKEN)[1:-1], html.escape(TOKEN))
_SPELLINGS = {*_ONCE, *(json.dumps(text)[1:-1] for text in _ONCE), quote(TOKEN, safe="")}
SECRETS = {text[:10] for text in (*_SPELLINGS, PASSWORD)}  # half a secret is one too


def _secrets(ran: Ran) -> Iterator[str]:
    """Nothing that users see holds a secret, and no sentence steers their terminal."""
    for text in _texts([ran.result, ran.lines]):
        if any(secret in text for secret in SECRETS):
            yield f"a secret is in the output: {text!r}"
    error = ran.result.get("error") or {}
    for line in (*ran.lines, ran.result.get("msg", ""), error.get("message", "")):
        if not line.isprintable():
            yield f"a terminal would obey {line!r}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _texts([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _success(case: Case) -> Iterator[str]:
    ran, options = case.ran, case.ran.task.options
    there = thing(case.kind, options, ran.after)
    kind = KINDS[case.kind]
    read = not case.believed if kind.lists_all else case.is_listed(ran.after)
    untold = case.lied_to_writes and not read
    untold = untold and (case.misled or case.believed or there is not None)
    # What a colleague does to a thing that no list shows, also which VM its service has, stays unseen.
    hidden = not case.is_listed(ran.after) or (kind.set_blindly and not case.is_listed(ran.before))
    untold = untold or (ran.meddled and there is not None and hidden)
    if not (ran.last or untold or fulfils(case.kind, options, ran.after, case.generation)):
        yield f"ok, but it is {there}"
    shown = ran.meddled or (ran.outcome.resource is None) is (options["state"] == "absent")
    if not shown and case.is_listed(ran.after):
        yield f"ok with {ran.outcome.resource}"
    yield from _changed(case)
    told = [operation["rpc"] for operation in ran.outcome.operations]
    done = [call["rpc"] for call in ran.effects]
    if told != done and ran.outcome.changed == bool(done) and not (_excused(case) or case.set_blindly):
        yield f"operations {told} instead of {done}"


def _failure(case: Case) -> Iterator[str]:
    told = [operation["rpc"] for operation in case.ran.outcome.operations]
    done = [call["rpc"] for call in case.ran.effects]
    yield from _changed(case)
    if set(told) - set(done) and case.ran.outcome.changed == bool(done) and not _excused(case):
        yield f"failed with operations {told}, which were {done}"


def _changed(case: Case) -> Iterator[str]:
    outcome, effects = case.ran.outcome, case.ran.effects
    if outcome.changed and not effects and not (_excused(case) or case.set_blindly):
        yield f"changed with {outcome.operations}, but no write had an effect"
    if effects and not outcome.changed and not (_excused(case) or case.misled):
        if outcome.error is None:
            yield f"unchanged, but {effects[0]['rpc']} had an effect"
        elif "unknown" not in outcome.msg:
            yield f"failed without a word of {effects[0]['rpc']}, which had an effect: {outcome.msg}"


def _excused(case: Case) -> bool:
    """Whether nobody could know what the lost write did. A task that guesses has to say so."""
    if case.ran.meddled and not case.lost:
        # The colleague may have done just what we then did again, and the server accepted both. Or a write of several
        # parts was refused, and nobody can tell whose part the change is.
        possible = [call for call in case.ran.writes if call["code"] == "ok" or KINDS[case.kind].in_parts]
        return bool(possible) and not case.ran.effects
    if case.ran.meddled:
        return True
    if not case.lost:
        return False
    if case.lied_to_writes and (case.ran.outcome.error or case.believed or not case.readable):
        return True  # the server said that it was done, and nothing else could be read
    said = case.ran.outcome.error is not None or any("lost" in warning for warning in case.ran.outcome.warnings)
    return not case.readable and said


# A whole declaration


def wrong_deletes(
    declared: Mapping[str, Mapping[str, Any]], calls: list[dict[str, Any]], after: Mapping[str, Any]
) -> Iterator[str]:
    """What a declaration must never do. declared: the options of each resource by "kind namespace/name"."""
    for call in calls:
        kind = DELETES.get(call["rpc"])
        if kind is None:
            continue
        place = tuple(call["request"].get(part) or "" for part in kind.key if part != "scope")
        key = f"{kind.name} {'/'.join(place)}"
        if not all(place):
            yield f"{call['rpc']} of {call['request']}"
        if declared.get(key, {}).get("state") == "present":
            yield f"{call['rpc']} of {key}, which is declared"
        copies = [options for options in declared.values() if key == f"datavolume {copied(options)}"]
        for options in copies if call["effect"] else ():
            there = thing("datavolume", options, after) or {}
            # The server takes the beginning of a copy back where its source goes before it is complete.
            if copied(options) != copied(there) or there["started_at"] is None:
                yield f"{key} was deleted before its copy {options['name']} was complete: {there}"
