# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""How old a reading may be that a write is planned from, so that the number of lists does not grow with the writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine import reads as engine_reads
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import Age, plan
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Plan, Seen, Step, Verb, Wait
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import declaration
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume, Source
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._task import manage
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port

from tests.unit.given import declare
from tests.unit.server_model import Fault, Message, Server, reconcile, set_time

NAMES = [f"name-{number}" for number in range(24)]
POLICY = {"Statement": [{"Effect": "Allow"}]}
OTHER_POLICY = {"Statement": [{"Effect": "Deny"}]}


@dataclass
class Timed(Server):
    """A server with a clock: a list takes `took` seconds, a write half of one."""

    took: float = 0.1
    now: float = 1000.0
    before_write: Callable[[str], object] = field(default=lambda name: None)
    asked: list[Any] = field(default_factory=list)

    def read(self, procedure: str, request: Mapping[str, Any]) -> Message:
        answer = super().read(procedure, request)
        self.asked.append(request.get("bootImage"))
        self.now += self.took
        return json.loads(json.dumps(answer))  # what is read does not change any more

    def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
        self.now += 0.5
        self.before_write(request.get("bucketName") or request["name"])
        return super().write(procedure, request)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Timed], Timed]:
    """Makes the clock of a server that of everybody."""

    def take(server: Timed) -> Timed:
        set_time(monkeypatch, lambda: server.now, server.sleep)
        for module in (engine_reads, declaration):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: server.now))
        return server

    return take


@pytest.fixture
def server(clock: Callable[[Timed], Timed]) -> Timed:
    return clock(Timed())


def bucket(name: str, **options: Any) -> Bucket:
    return Bucket("lab", name, **options)


def place(server: Timed, *resources: Any) -> None:
    for resource in resources:
        assert reconcile(resource, server).changed
    server.reads.clear()
    server.writes.clear()
    server.asked.clear()


def loop(server: Timed, resources: list[Any]) -> list[Outcome]:
    """What becomes of the items of a loop."""
    reads = SharedReads(server)
    return [manage(resource, reads, check=False, retries=0) for resource in resources]


def buckets(**options: Any) -> list[Any]:
    return [bucket(name, **options) for name in NAMES]


def services(*ports: Port) -> list[Any]:
    return [VMService("lab", "vms", name, virtual_machine="web", ports=ports) for name in NAMES[:3]]


PRIVATE = {"owner": "alice", "policy": POLICY, "acl": "private"}


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ([], buckets(**PRIVATE)),
        (buckets(**PRIVATE), buckets(absent=True)),
        (buckets(**PRIVATE), buckets(owner="bob", policy=OTHER_POLICY, acl="public_read")),
        (buckets(owner="alice"), buckets(owner="bob", acl="private")),  # no policy is sent, which leaves what there is
    ],
)
def test_what_carries_nothing_over_is_planned_from_any_reading(
    server: Timed, before: list[Any], wanted: list[Any]
) -> None:
    place(server, *before)
    outcomes = loop(server, wanted)
    assert all(outcome.changed and not outcome.error for outcome in outcomes)
    assert len(server.writes) == len(NAMES) and server.reads == ["ListBuckets"]


@pytest.mark.parametrize("wanted", [{"owner": "bob"}, {"acl": "public_read"}, {"owner": "bob", "acl": "private"}])
@pytest.mark.parametrize(("took", "lists"), [(0.1, 5), (1.0, 3), (5.0, 1)])
def test_what_carries_something_over_is_planned_from_a_young_one(
    server: Timed, wanted: dict[str, Any], took: float, lists: int
) -> None:
    """Two seconds from its beginning or, where the list takes long, four times that."""
    place(server, *buckets(**PRIVATE))
    server.took = took
    outcomes = loop(server, buckets(**wanted))
    assert all(outcome.changed and not outcome.error for outcome in outcomes)
    assert len(server.writes) == len(NAMES) and len(server.reads) == pytest.approx(lists, abs=1)


def test_node_ports_that_nobody_named_are_carried_over(server: Timed) -> None:
    place(server, *services(Port(80, "http", "80")))
    named = [replace(service, ports=(Port(81, "http", "81", node_port=31000 + number),))
             for number, service in enumerate(services(Port(81, "http", "81")))]  # fmt: skip
    server.took = 0.0
    for wanted, lists in ((named, 1), (services(Port(82, "http", "82")), 2)):
        server.reads.clear()
        reads = SharedReads(server)
        for service in wanted:
            outcome = manage(service, reads, check=False, retries=0)
            assert outcome.changed and not outcome.error
            server.now += 1.1
        assert server.reads == ["ListVirtualMachines"] * lists


def test_what_is_as_declared_is_told_from_the_last_ten_seconds(server: Timed) -> None:
    place(server, *buckets(**PRIVATE))
    reads = SharedReads(server)
    for resource in buckets(**PRIVATE):
        assert not manage(resource, reads, check=False, retries=0).changed
        server.now += 1.0
    assert len(server.reads) == 3


# While something waits


VOLUME = DataVolume("lab", "vms", "root", source=Source("blank_image"), size=10)
WAITING = replace(VOLUME, wait=Wait(5, 1))


@pytest.mark.parametrize(
    ("resource", "phase", "age"),
    [
        (VOLUME, "Succeeded", Age.RECENT),
        (WAITING, "Succeeded", Age.RECENT),
        (VOLUME, "ImportInProgress", Age.RECENT),  # nobody waits for it
        (WAITING, "ImportInProgress", Age.NEW),
        (VOLUME, "Failed", Age.RECENT),
        (WAITING, "Failed", Age.NEW),  # it would be in vain, by a reading that may be old
        (replace(WAITING, size=20), "ImportInProgress", Age.ANY),  # a write comes first, and a reading after it
        (replace(VOLUME, size=20), "Succeeded", Age.ANY),
        (replace(VOLUME, size=1), "Succeeded", Age.NEW),  # refused, and so is nothing that may have changed meanwhile
    ],
)
def test_how_old_a_reading_may_be(server: Timed, resource: DataVolume, phase: str, age: Age) -> None:
    place(server, replace(VOLUME, size=1 << 40 if resource.size == 1 else 10))
    server.things["datavolume"]["root"].update(phase=phase, progress="12.00%")
    assert plan(resource, server).age is age


def test_what_carries_over_for_one_of_two_writes_needs_a_young_reading(server: Timed) -> None:
    steps = [Step(Verb.UPDATE, "S/One", {}, "", carries_over=carries) for carries in (False, True)]
    planned = plan(VOLUME, server)
    ages = [replace(planned, steps=tuple(some)).age for some in (steps, steps[::-1], steps[:1], steps[1:])]
    assert ages == [Age.YOUNG, Age.YOUNG, Age.ANY, Age.YOUNG]


@pytest.mark.parametrize("phase", ["ImportInProgress", "Failed"])
def test_a_wait_begins_with_a_reading_of_its_own(server: Timed, phase: str) -> None:
    """The one before it shows what the second volume was like before it became ready."""
    other = replace(VOLUME, name="other")
    place(server, VOLUME, other)
    server.things["datavolume"]["other"].update(phase=phase, progress="12.00%")
    reads = SharedReads(server)
    assert not manage(VOLUME, reads, check=False, retries=0).changed
    server.things["datavolume"]["other"].update(phase="Succeeded", progress="100.0%")
    outcome = manage(replace(other, wait=Wait(5, 1)), reads, check=False, retries=0)
    assert outcome.error is None and outcome.phases and [seen["phase"] for seen in outcome.phases] == ["Succeeded"]


def test_only_a_deletion_is_proven_by_its_acceptance(server: Timed) -> None:
    """Whatever else takes effect at once is looked at, for its answer may not show it."""

    @dataclass(frozen=True)
    class AtOnce(DataVolume):
        def plan(self, seen: Seen[Any]) -> Plan:
            planned = super().plan(seen)
            return planned._replace(steps=tuple(step._replace(synchronous=True) for step in planned.steps))

    place(server, VOLUME)
    volume = AtOnce("lab", "vms", "root", source=Source("blank_image"), size=20)
    (outcome,) = loop(server, [volume])
    assert outcome.changed and outcome.resource is not None
    assert [rpc for rpc, _request in server.writes] == ["ExtendDataVolume"]
    assert server.reads == ["ListDataVolumes"] * 2


# What a colleague does meanwhile


def test_what_is_carried_over_is_never_older_than_that(server: Timed) -> None:
    """A colleague changes the policy of the last one at once: it is not put back."""
    place(server, *buckets(**PRIVATE))
    last = NAMES[-1]

    def meddle(name: str) -> None:
        server.things["bucket"][last]["policy"] = json.dumps(OTHER_POLICY)

    server.before_write = meddle
    loop(server, buckets(owner="bob"))
    assert json.loads(server.things["bucket"][last]["policy"]) == OTHER_POLICY
    assert server.things["bucket"][last]["owner"] == "bob"


@pytest.mark.parametrize("absent", [True, False])
def test_a_refusal_shows_what_a_colleague_did_and_all_that_was_read_is_dropped(server: Timed, absent: bool) -> None:
    others = buckets(**PRIVATE)
    place(server, *(others if absent else []))
    third = NAMES[2]

    def meddle(name: str) -> None:
        if name == third and absent:
            server.things["bucket"].pop(third, None)
        elif name == third:
            elsewhere = Server()
            assert reconcile(others[2], elsewhere).changed
            server.things["bucket"].update(elsewhere.things["bucket"])

    server.before_write = meddle
    outcomes = loop(server, buckets(absent=True) if absent else others)
    assert [outcome.changed for outcome in outcomes] == [name != third for name in NAMES]
    assert not any(outcome.error for outcome in outcomes)


class Otherwise(Timed):
    """A server that makes the third bucket otherwise than it was asked to, and extends volumes by too much."""

    def CreateBucket(self, request: Message) -> Message:
        return super().CreateBucket({**request, "acl": 1} if request["bucketName"] == NAMES[2] else request)

    def ExtendDataVolume(self, request: Message) -> Message:
        return super().ExtendDataVolume({**request, "sizeBytes": str(1 << 40)})


def test_a_write_that_never_left_drops_nothing(server: Timed) -> None:
    server.faults = [Fault("unavailable", sent=False)]
    first, *others = loop(server, buckets(**PRIVATE))
    assert first.error is not None and not first.changed
    assert all(outcome.changed for outcome in others) and server.reads == ["ListBuckets"]


def test_an_answer_that_nobody_expected_drops_what_was_read(clock: Callable[[Timed], Timed]) -> None:
    """Also the list that was not needed to see what became of it."""
    server = clock(Otherwise())
    volume = DataVolume("lab", "vms", "root", source=Source("blank_image"), size=10)
    image, other = (replace(volume, name=name, boot_image=True) for name in ("image", "other"))
    place(server, volume, image, other)
    outcomes = loop(server, [image, replace(volume, size=20), other])
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert server.asked == [True, False, False, True]  # for boot images, or not


def test_it_does_so_for_the_other_entries_of_a_declaration(clock: Callable[[Timed], Timed]) -> None:
    """A colleague makes the fourth one meanwhile, which the reading shows that is read for the third."""
    server = clock(Otherwise())
    fourth = buckets(**PRIVATE)[3]

    def meddle(name: str) -> None:
        if name == NAMES[2]:
            elsewhere = Server()
            assert reconcile(fourth, elsewhere).changed
            server.things["bucket"].update(elsewhere.things["bucket"])

    server.before_write = meddle
    result = declare(server, **{**entries(**PRIVATE), "max_parallel": 1})
    assert [entry["failed"] for entry in result["results"]] == [name == NAMES[2] for name in NAMES]
    assert not result["results"][3]["changed"]
    assert NAMES[3] not in [request["bucketName"] for _rpc, request in server.writes]
    assert len(server.reads) == 2


def test_what_another_extended_further_meanwhile_is_refused_and_seen(server: Timed) -> None:
    volume = DataVolume("lab", "vms", "root", source=Source("blank_image"), size=10)
    other = replace(volume, name="other")
    place(server, volume, other)
    reads = SharedReads(server)
    assert not manage(other, reads, check=False, retries=0).changed
    server.ExtendDataVolume({"name": "root", "sizeBytes": str(1 << 40)})
    server.now += 60.0

    def refuse(request: Message) -> Message:
        raise server.refuse("invalid_argument", "field can not be less than previous value")

    server.ExtendDataVolume = refuse  # type: ignore[method-assign]
    outcome = manage(replace(volume, size=20), reads, check=False, retries=0)
    assert outcome.error and "'size' is 20: it is now" in outcome.msg and not outcome.changed


# Declarations


def entries(**options: Any) -> dict[str, Any]:
    return {"buckets": [{"name": name, **options} for name in NAMES], "max_parallel": 4}


@pytest.mark.parametrize(
    ("options", "lists"),
    [
        ({"owner": "bob", "policy": OTHER_POLICY, "acl": "public_read"}, 1),
        ({"owner": "bob"}, 6),
        ({"state": "absent"}, 2),  # the other one proves that all are gone
    ],
)
def test_a_declaration_costs_its_writes_and_few_lists(server: Timed, options: dict[str, Any], lists: int) -> None:
    place(server, *buckets(**PRIVATE))
    result = declare(server, **entries(**options))
    assert not result["failed"] and result["summary"]["changed"] == len(NAMES)
    assert len(server.writes) == len(NAMES) and len(server.reads) <= lists
    assert not declare(server, **entries(**options))["changed"]


def test_what_is_only_told_is_proven_by_one_reading_at_the_end(server: Timed) -> None:
    volumes = [DataVolume("lab", "vms", name, source=Source("blank_image"), size=10) for name in NAMES]
    place(server, *volumes, *services(Port(80)))
    named = [{"name": name, "namespace": "vms", "size": "20"} for name in NAMES]
    result = declare(server, datavolumes=named)
    assert not result["failed"] and result["summary"]["changed"] == len(NAMES)
    assert server.reads == ["ListDataVolumes"] * 2
    gone = {"namespace": "vms", "state": "absent"}
    kinds = {"datavolumes": NAMES, "vm_services": NAMES[:3]}
    server.reads.clear()
    result = declare(server, **{kind: [{"name": name, **gone} for name in names] for kind, names in kinds.items()})
    assert not result["failed"] and result["summary"]["changed"] == len(NAMES) + 3
    assert sorted(server.reads) == ["ListDataVolumes"] * 3 + ["ListVirtualMachines"] * 2


def test_the_server_is_not_believed_in_a_declaration(server: Timed) -> None:
    place(server, *buckets(**PRIVATE))
    server.DeleteBucket = lambda request: {}  # type: ignore[method-assign]
    result = declare(server, **entries(state="absent"))
    assert result["summary"]["failed"] == len(NAMES) and "whether it took effect is unknown" in result["msg"]
    assert not result["changed"] and result["operations"] == []
