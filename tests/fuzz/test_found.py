# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What fuzzing has found, each with the smallest scenario that showed it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from emulator.process import Emulator
from tests.fuzz.judge import violations
from tests.fuzz.machine import TOKEN, Machine, Ran
from tests.fuzz.scenarios import ECHOED_BUCKET, KUBERNETES_BROKEN, LIES, Scenario, Task
from tests.fuzz.test_faults import GENERATIONS, play
from tests.kinds import EMULATED, emulated, emulated_kinds
from tests.kinds.kind import GI, Kind

BUCKET = {"name": "data", "state": "present", "owner": "alice"}
SERVICE = {
    **{"name": "web", "namespace": "default", "state": "present", "virtual_machine": "web"},
    "ports": [{"port": 80, "name": "http"}],
}
VOLUME = {
    **{"name": "root", "namespace": "default", "state": "present"},
    **{"source": {"type": "blank_image"}, "size": "2Gi"},
}
# Its claim never comes, so no list shows it.
UNLISTED = {**VOLUME, "source": {"type": "http_url", "data": "https://images.test/wffc.img"}}
THERE = {name: emulated(name).there for name in EMULATED}


def gone(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**{key: options[key] for key in ("name", "namespace") if key in options}, "state": "absent"}


def answer(body: Any, **members: Any) -> Mapping[str, Any]:
    return {"kind": "answer", "when": "before", "rpc": "write", "body": json.dumps(body), **members}


def close(when: str, **members: Any) -> Mapping[str, Any]:
    return {"kind": "close", "when": when, "rpc": "write", **members}


class Emulators:
    """One of each generation, started when it is needed."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[str, Emulator] = {}

    def __getitem__(self, name: str) -> Emulator:
        if name not in self._started:
            emulator = Emulator(*GENERATIONS[name], token=TOKEN)
            self._started[name] = self._stack.enter_context(emulator)
        return self._started[name]

    def run(self, name: str, kind: str, options: Mapping[str, Any], *faults: Mapping[str, Any], **more: Any) -> Ran:
        """One task, judged. more: `things` that exist before, and what a Task has."""
        task = Task(options, faults, **{key: value for key, value in more.items() if key != "things"})
        machine = Machine(self[name], Scenario(kind, (task,), more.get("things", ())))
        ran = machine.run(task)
        assert violations(kind, machine.generation, ran) == []
        return ran


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    with ExitStack() as stack:
        yield Emulators(stack)


def rpcs(ran: Ran) -> list[str]:
    return [operation["rpc"] for operation in ran.outcome.operations]


# What was not reported


def test_an_update_that_does_its_work_and_then_misses_a_policy_is_a_change(emulators: Emulators) -> None:
    """A server with proper codes says `not_found` for it, which was taken for a bucket that is gone."""
    ran = emulators.run("strict", "bucket", {**BUCKET, "acl": "public_read"}, things=(THERE["bucket"],))
    assert ran.outcome.error is None and ran.outcome.changed
    assert rpcs(ran) == ["UpdateBucket"]


@emulated_kinds
def test_an_update_that_says_not_found_after_its_effect_is_a_change(emulators: Emulators, kind: Kind) -> None:
    fault = {"kind": "error", "when": "after", "rpc": "write", "code": "not_found"}
    ran = emulators.run("mapped", kind.name, kind.example, fault, things=(THERE[kind.name],))
    assert ran.outcome.error is None and ran.outcome.changed
    assert len(ran.writes) == 1


# What could not be read


@pytest.mark.parametrize("options", [{"acl": "public_read"}, {"owner": "alice"}, {"policy": {"Statement": []}}])
def test_an_acl_that_could_not_be_read_is_not_replaced(emulators: Emulators, options: Mapping[str, Any]) -> None:
    """It was taken for a custom ACL, which a task may replace by naming another."""
    hidden = {**THERE["bucket"], "unreadable": True}
    ran = emulators.run("mapped", "bucket", {"name": "data", "state": "present", **options}, things=(hidden,))
    assert ran.outcome.error is not None and ran.outcome.error.code == "failed_precondition"
    assert not ran.writes and ran.before == ran.after


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_acl_that_cannot_be_read_after_a_lost_update_tells_nothing_of_its_effect(
    emulators: Emulators, when: str
) -> None:
    """That it existed before and is no longer shown was taken for the effect of the update."""
    options = {"name": "data", "state": "present", "acl": "public_read"}
    blinding = {"colleague": {"kind": "bucket", "name": "data", "unreadable": True}, "things": (THERE["bucket"],)}
    ran = emulators.run("mapped", "bucket", options, close(when), **blinding)
    assert ran.outcome.error is not None and not ran.outcome.changed
    assert len(ran.writes) == 1
    assert "Whether UpdateBucket took effect is unknown" in ran.outcome.msg


# What was made up


@emulated_kinds
def test_an_update_that_is_accepted_and_does_nothing_is_no_change(emulators: Emulators, kind: Kind) -> None:
    ran = emulators.run("mapped", kind.name, kind.example, answer({}), things=(THERE[kind.name],))
    assert ran.outcome.error is not None and "accepted" in ran.outcome.msg
    assert not ran.outcome.changed and ran.outcome.operations == []


@pytest.mark.parametrize("body", [{}, {"name": "other"}, {"name": 5}, {"unheard": "of"}])
@pytest.mark.parametrize(("kind", "options"), [("datavolume", UNLISTED), ("vm_service", SERVICE)])
def test_an_answer_that_is_not_the_new_resource_does_not_prove_it(
    emulators: Emulators, kind: str, options: Mapping[str, Any], body: Any
) -> None:
    """Nothing was created, and no list would show it: it was taken for one that exists but is not listed."""
    ran = emulators.run("blind", kind, options, answer(body))
    assert ran.outcome.error is not None and not ran.outcome.changed
    assert "unknown" in ran.outcome.msg


def test_a_volume_that_goes_away_after_it_grew_is_not_there(emulators: Emulators) -> None:
    """That no list shows it any more was taken for a claim that is still to come."""
    meddling = {"colleague": emulated("datavolume").removal, "after": 1, "things": (THERE["datavolume"],)}
    refused = emulators.run("mapped", "datavolume", VOLUME, **meddling)
    assert refused.outcome.error is not None and not refused.outcome.changed


@pytest.mark.parametrize(("kind", "options"), [("datavolume", UNLISTED), ("vm_service", SERVICE)])
def test_what_is_gone_after_a_lost_delete_is_said_to_be_a_guess(
    emulators: Emulators, kind: str, options: Mapping[str, Any]
) -> None:
    """It may be the lost Delete that removed it, or it did not exist: no list shows which."""
    ran = emulators.run("blind", kind, gone(options), close("before"))
    assert ran.outcome.error is None and any("lost" in warning for warning in ran.outcome.warnings)


def test_a_lost_update_of_what_is_gone_is_no_effect(emulators: Emulators) -> None:
    """Its second sending was refused with "not found", which was taken for an effect of the first."""
    meddling = {"colleague": emulated("vm_service").removal, "after": 3, "things": (THERE["vm_service"],)}
    ran = emulators.run("blind", "vm_service", SERVICE, close("before", skip=1), **meddling)
    assert [call["rpc"][:6] for call in ran.writes] == ["Create", "Update", "Update"]
    assert ran.outcome.error is not None and not ran.outcome.changed
    assert rpcs(ran) == []


def test_a_delete_that_somebody_undoes_may_have_been_an_effect(emulators: Emulators) -> None:
    """The same volume again looks like a Delete that did nothing: then nothing is certain, and that is said."""
    again = {**THERE["datavolume"], "boot_image": True}
    more = {"colleague": again, "after": 3, "things": (again,)}
    ran = emulators.run("strict", "datavolume", gone(VOLUME), **more)
    assert ran.outcome.error is not None and ran.effects
    assert "unknown" in ran.outcome.msg


@pytest.mark.parametrize("generation", ["plain", "mapped"])
def test_an_extend_that_is_refused_since_somebody_extended_further_is_no_change(
    emulators: Emulators, generation: str
) -> None:
    """The other one's change was taken for the effect of the refused write."""
    larger = {**THERE["datavolume"], "capacity_bytes": 5 * GI}
    task = Task({**VOLUME, "boot_image": False}, colleague=larger)
    ran = Machine(emulators[generation], Scenario("datavolume", (task,), (THERE["datavolume"],))).run(task)
    assert ran.outcome.error is not None and "'size'" in ran.outcome.msg
    assert "5368709120" in ran.outcome.msg
    assert len(ran.writes) == 1 and not ran.outcome.changed
    assert rpcs(ran) == []


@pytest.mark.parametrize("found", [*KUBERNETES_BROKEN, {"body": "{}"}])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_only_kubernetes_itself_proves_an_absence(emulators: Emulators, state: str, found: Mapping[str, Any]) -> None:
    """A web server's page was taken for a proof, and an empty object for a service without ports."""
    options = {**SERVICE, "state": state, "kubeconfig": True}
    fault = {"kind": "answer", "rpc": "GetKubernetes", **found}
    ran = emulators.run("blind", "vm_service", options, fault, things=(THERE["vm_service"],))
    assert ran.outcome.error is not None and ran.outcome.error.rpc == "Kubernetes GET"
    assert not ran.writes


def test_the_label_tells_the_machine_of_a_service_without_a_selector(emulators: Emulators) -> None:
    """One build makes such services. Read by kubeconfig, another machine than the one that is wanted went unseen."""
    there = {**THERE["vm_service"], "labels": {"otterscale.com/virtual-machine.name": "web"}}
    options = {**SERVICE, "virtual_machine": "db", "kubeconfig": True}
    ran = emulators.run("blind", "vm_service", options, things=(there,))
    assert ran.outcome.error is not None and "'virtual_machine'" in ran.outcome.msg
    assert not ran.writes


# What was too old


@pytest.mark.parametrize(("took", "age", "believed"), [(8.0, 13.0, False), (8.0, 8.5, True), (0.0, 13.0, False)])
@emulated_kinds
def test_what_took_long_to_read_is_as_old_as_its_beginning(
    emulators: Emulators, kind: Kind, took: float, age: float, believed: bool
) -> None:
    """An item of a loop said ok of what was gone for longer than ten seconds, since the list had taken eight."""
    found = emulated(kind.name)
    as_it_is = {**kind.gone, "state": "present"}
    task = Task(as_it_is, took=took, age=age, since=found.removal)
    machine = Machine(emulators["mapped"], Scenario(kind.name, (task,), (found.there,), in_loop=True))
    ran = machine.run(task)
    assert violations(kind.name, machine.generation, ran) == []
    assert (ran.calls == []) is believed


# What never ended, or ended badly


def test_a_server_cannot_make_a_task_sleep_for_a_day(emulators: Emulators) -> None:
    busy = {"kind": "answer", "rpc": "write", "status": 503, "headers": {"retry-after": "86400"}, "count": 4}
    ran = emulators.run("plain", "bucket", BUCKET, busy)
    assert ran.outcome.error is not None and ran.outcome.error.code == "unavailable"
    assert ran.slept < 60


@pytest.mark.parametrize("depth", [51, 500, *range(960, 1000, 3), 5000])
def test_a_policy_that_is_too_deep_to_compare_is_a_clear_failure(emulators: Emulators, depth: int) -> None:
    """Of those between "can be read" and "cannot be read" some could not be shown: RecursionError."""
    policy = '{"Statement":' + "[" * depth + "]" * depth + "}"
    grants = [{"type": "CanonicalUser", "id": "alice", "permission": "FULL_CONTROL"}]
    body = {"buckets": [{"name": "data", "owner": "alice", "policy": policy, "grants": grants}]}
    ran = emulators.run("plain", "bucket", {**BUCKET, "acl": "private"}, answer(body, rpc="read"))
    assert ran.outcome.error is not None and "'policy'" in ran.outcome.msg
    assert not ran.writes


OTHERS: tuple[tuple[str, Any], ...] = (
    ("bucket", {"buckets": [{"name": 5}, {"owner": {}}, {"name": "data", "owner": "alice"}]}),
    (
        "datavolume",
        {
            "dataVolumes": [
                {"name": ["root"], "bootImage": "yes", "sizeBytes": {}},
                {"name": "root", "source": {"type": 0}, "sizeBytes": "2147483648"},
            ]
        },
    ),
    (
        "vm_service",
        {
            "virtualMachines": [
                {"name": 7, "services": [{"name": {}, "ports": "80"}]},
                {"name": "web", "services": [{"name": "web", "ports": [{"port": 80, "name": "http"}]}]},
            ]
        },
    ),
)


@pytest.mark.parametrize(("kind", "body"), OTHERS)
def test_what_is_wrong_with_other_resources_does_not_break_ours(emulators: Emulators, kind: str, body: Any) -> None:
    options = {"bucket": BUCKET, "vm_service": SERVICE, "datavolume": VOLUME}[kind]
    task = Task(options, (answer(body, rpc="read", count=2),))
    ran = Machine(emulators["mapped"], Scenario(kind, (task,))).run(task)
    assert ran.outcome.error is None and not ran.outcome.changed
    assert not ran.writes


def test_another_volume_of_a_strange_kind_does_not_hide_the_second_list(emulators: Emulators) -> None:
    strange = answer({"dataVolumes": [{"name": "other", "bootImage": "yes"}]}, rpc="read")
    ran = emulators.run("plain", "datavolume", {**VOLUME, "size": "1Gi"}, strange, things=(
        {**THERE["datavolume"], "boot_image": True},
    ))  # fmt: skip
    assert ran.outcome.error is None and not ran.outcome.changed
    assert len(ran.calls) == 2


# Whole scenarios, as they were printed


SCENARIOS = {
    "a lost create of a volume that was there before, unlisted": (
        "strict",
        Scenario(
            "datavolume",
            (
                Task(
                    {**VOLUME, "boot_image": False}, ({"rpc": "*", "skip": 2, "count": 3, "kind": "close"},), retries=2
                ),
            ),
            ({**THERE["datavolume"], "forced_phase": "Pending"},),
        ),
    ),
    "a volume that somebody made after the lists were read, which Kubernetes shows": (
        "plain",
        Scenario(
            "datavolume",
            (
                Task(
                    {**VOLUME, "size": "1Gi", "boot_image": True, "kubeconfig": True},
                    age=1.0,
                    since={**THERE["datavolume"], "managed": True},
                ),
            ),
            ({**THERE["datavolume"], "managed": False},),
            in_loop=True,
        ),
    ),
    "a creation that failed half-way, after which a list shows another bucket of that name": (
        "plain",
        Scenario(
            "bucket",
            (
                Task(
                    {**BUCKET, "acl": "public_read"},
                    ({"rpc": "read", "skip": 1, "when": "after", "kind": "answer", **ECHOED_BUCKET},),
                    retries=0,
                ),
            ),
        ),
    ),
    "a refused update whose answer shows the service as it should be": (
        "plain",
        Scenario(
            "vm_service",
            (
                Task(
                    {**SERVICE, "kubeconfig": True, "ports": [{"port": 80, "name": "http", "node_port": 30080}]},
                    ({"rpc": "write", "when": "after", "kind": "answer", **LIES[-1]},),
                ),
            ),
            (
                {"kind": "service", "namespace": "default", "name": "web", "ports": [{"port": 443, "name": "https"}]},
                {
                    **{"kind": "service", "namespace": "default", "name": "other"},
                    "ports": [{"port": 22, "target_port": "22", "protocol": "TCP", "node_port": 30080}],
                },
            ),
        ),
    ),
    "a lost delete of a service that is in no list": (
        "strict",
        Scenario("vm_service", (Task({**gone(SERVICE), "name": "api"}, (close("after", count=2),)),)),
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario(emulators: Emulators, name: str) -> None:
    generation, scenario = SCENARIOS[name]
    assert play(emulators[generation], scenario) == []


def test_a_list_that_lies_about_an_acl_is_believed(emulators: Emulators) -> None:
    unread = {"kind": "bucket", "name": "data", "owner": "alice", "unreadable": True}
    lie = next(lie for lie in LIES if '"buckets": [{"name": "data"' in lie["body"] and "grants" in lie["body"])
    rule = {"rpc": "read", "when": "after", "kind": "answer", **lie}
    ran = emulators.run("plain", "bucket", {**BUCKET, "owner": "bob", "acl": "private"}, rule, things=(unread,))
    assert [call["rpc"] for call in ran.writes] == ["UpdateBucket"]


def test_a_bucket_is_gone_when_the_server_says_so(emulators: Emulators) -> None:
    ran = emulators.run("plain", "bucket", gone(BUCKET), answer({}), things=(THERE["bucket"],))
    assert ran.outcome.error is None and ran.outcome.changed and not ran.effects
    assert [call["rpc"] for call in ran.calls] == ["ListBuckets", "DeleteBucket"]
