# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whole declarations against a server in memory: whatever is declared, nothing goes that another entry still needs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import declaration as declaration_module
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.unit.given import declare
from tests.unit.server_model import Clock, Fault, Message, Server, reconcile

COPY = 2
NAMES = ("default/a", "default/b", "default/c", "default/d", "other/a", "other/b")


@dataclass
class Copying(Server):
    """Volumes of several namespaces. A copy waits for its source, and takes a while, during which it needs it.

    With each sleep of a client time goes on: each copy whose source is complete comes a step nearer to being so itself.
    """

    steps: int = 2
    left: dict[str, int] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    def place(self, key: str, source: str | None = None, *, complete: bool = True) -> None:
        namespace, _slash, name = key.partition("/")
        made_from = {"type": COPY, "data": source} if source else {}
        self.make({"namespace": namespace, "name": name, "source": made_from, "bootImage": False, "sizeBytes": "1"})
        self.left[key] = 0 if complete or not source else self.steps

    def make(self, request: Message) -> Message:
        key = f"{request['namespace']}/{request['name']}"
        self.new("datavolume", key, f'datavolumes.cdi.kubevirt.io "{request["name"]}" already exists')
        self.things["datavolume"][key] = {key: request[key] for key in request if key != "scope"}
        self.left[key] = self.steps if self.source(key) else 0
        return self.things["datavolume"][key]

    def source(self, key: str) -> str | None:
        """The volume that it is a copy of."""
        volume = self.things["datavolume"][key]
        if volume["source"].get("type") != COPY:
            return None
        namespace, _slash, name = volume["source"]["data"].rpartition("/")
        return f"{namespace or volume['namespace']}/{name}"

    def has_claim(self, key: str) -> bool:
        """What cannot begin yet has none, and is not listed."""
        return not self.left[key] or self.source(key) in self.things["datavolume"]

    def sleep(self, _seconds: float) -> None:
        with self.lock:
            complete = {key for key, left in self.left.items() if not left}
            for key, left in self.left.items():
                if left and self.source(key) in complete:
                    self.left[key] = left - 1

    def read(self, procedure: str, request: Mapping[str, Any]) -> Message:
        with self.lock:
            if not procedure.endswith("/ListDataVolumes"):
                return super().read(procedure, request)
            self.reads.append("ListDataVolumes")
            there = [
                {**volume, "phase": "CloneInProgress" if self.left[key] else "Succeeded"}
                for key, volume in self.things["datavolume"].items()
                if volume["namespace"] == request["namespace"]
                and volume["bootImage"] is request["bootImage"]
                and self.has_claim(key)
            ]
            return {"dataVolumes": there}

    def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
        with self.lock:
            return super().write(procedure, request)

    def CreateDataVolume(self, request: Message) -> Message:
        return {**self.make(request), "phase": ""}

    def ExtendDataVolume(self, request: Message) -> Message:
        key = f"{request['namespace']}/{request['name']}"
        volume = self.old("datavolume", key, f'persistentvolumeclaims "{request["name"]}" not found')
        volume["persistentVolumeClaim"] = {"name": request["name"], "capacity": request["sizeBytes"]}
        return {}

    def DeleteDataVolume(self, request: Message) -> Message:
        key = f"{request['namespace']}/{request['name']}"
        self.old("datavolume", key, f'datavolumes.cdi.kubevirt.io "{request["name"]}" not found')
        del self.things["datavolume"][key], self.left[key]
        return {}


@dataclass
class Guarded(Copying):
    """Notes in `wrong` what goes while a declared volume needs it: not made yet, or a copy that is not complete."""

    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def DeleteDataVolume(self, request: Message) -> Message:
        key = f"{request['namespace']}/{request['name']}"
        if self.declared.get(key, {}).get("state") == "present":
            self.wrong.append(f"{key} goes, and is declared")
        if key in self.things["datavolume"]:
            self.wrong += [f"{key} goes, but {name} needs it" for name in self.wanted if key in self.needed_by(name)]
        return super().DeleteDataVolume(request)

    @property
    def wanted(self) -> dict[str, str | None]:
        """What should exist, and its source."""
        return {name: source_of(volume) for name, volume in self.declared.items() if volume["state"] == "present"}

    def needed_by(self, name: str) -> list[str]:
        """What a volume is still made from, and what that is still made from, and so on."""
        found: list[str] = []
        while True:
            there = name in self.things["datavolume"]
            source = self.source(name) if there else self.wanted.get(name)
            if source is None or source in found or (there and not self.left[name]):
                return found
            found.append(source)
            name = source


def source_of(options: Mapping[str, Any]) -> str | None:
    source = options.get("source") or {}
    if source.get("type") != "existing_persistent_volume_claim":
        return None
    namespace, _slash, name = source["data"].rpartition("/")
    return f"{namespace or options['namespace']}/{name}"


# Whatever is declared


def placed(key: str, **options: Any) -> dict[str, Any]:
    namespace, _slash, name = key.partition("/")
    given = {"name": name, "namespace": namespace, "wait_timeout": 60.0, "wait_sleep": 1.0, **options}
    return {name: value for name, value in given.items() if value is not None}


sources = st.sampled_from([None, *({"type": "existing_persistent_volume_claim", "data": key} for key in NAMES)])


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Any]:
    """Some volumes in some order: present or to go, blank or copies of one another, named in full or not."""
    volumes = [
        placed(
            key,
            state=draw(st.sampled_from(["present", "present", "absent"])),
            source=draw(sources) or draw(st.sampled_from([{"type": "blank_image"}, None])),
            size=draw(st.sampled_from(["1", "1", "2", None])),
            wait=draw(st.sampled_from([None, True])),
        )
        for key in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)))
    ]
    overridden = draw(st.booleans())
    return {
        "datavolumes": volumes,
        "buckets": [{"name": "one", "owner": "alice"}],
        "state": "overridden" if overridden else "present",
        "namespaces": ["default", "other"],
        "confirm_removal": len(NAMES) + 1,
        "max_parallel": draw(st.integers(1, 4)),
        "any_errors_fatal": draw(st.booleans()),
    }


@st.composite
def servers(draw: st.DrawFn, faults: st.SearchStrategy[list[Fault | None]]) -> Guarded:
    server = Guarded(faults=draw(faults), mapped=draw(st.booleans()))
    server.things["bucket"]["stray"] = {"name": "stray", "owner": "bob", "grants": []}
    for key in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        server.place(key, draw(st.sampled_from([None, *NAMES])), complete=draw(st.booleans()))
    return server


@pytest.fixture(autouse=True)
def patient(clock: Clock) -> None:
    """Time goes on only where somebody sleeps; then it does on the server too, see run()."""


def run(clock: Clock, server: Guarded, declaration: Mapping[str, Any], check: bool = False) -> Message:
    clock.passing = server.sleep
    server.declared = {f"{volume['namespace']}/{volume['name']}": {"state": "present", **volume}
                       for volume in declaration["datavolumes"]}  # fmt: skip
    result = declare(server, check, **declaration)
    assert not server.wrong
    told = Counter((entry["kind"], entry.get("namespace"), entry["name"]) for entry in result["results"])
    assert set(told.values()) <= {1} and len(told) >= len(declaration["datavolumes"]) + 1
    assert not all(entry["skipped"] for entry in result["results"])
    assert sum(result["summary"].values()) == len(result["results"])
    assert result["failed"] is any(entry["failed"] for entry in result["results"])
    assert result["failed"] or not any(entry["skipped"] for entry in result["results"])
    return result


same_clock = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@same_clock
@given(declaration=declarations(), server=servers(st.just([])))
def test_what_is_removed_is_never_what_another_entry_still_needs(
    clock: Clock, declaration: Message, server: Guarded
) -> None:
    before = set(server.things["datavolume"])
    listed = {key for key in before if server.has_claim(key)}
    predicted = run(clock, server, declaration, check=True)
    assert server.writes == []
    result = run(clock, server, declaration)
    there = server.things["datavolume"]
    event("failed" if result["failed"] else "ok")
    event(f"{len(predicted['operations'])} predicted")
    by_name = {f"{entry.get('namespace')}/{entry['name']}": entry for entry in result["results"]}
    if not result["failed"]:
        gone = listed - set(server.declared) if declaration["state"] == "overridden" else set()
        gone |= {key for key, options in server.declared.items() if options["state"] == "absent"}
        assert not gone & set(there)
        again = run(clock, server, declaration)
        # What is in no list at first may turn out to be other than declared.
        assert before != listed or not (again["failed"] or again["changed"])
    for key, options in server.declared.items():
        source, entry = source_of(options), by_name[key]
        if options["state"] == "present" and not entry["skipped"]:
            assert key in there or entry["failed"]
        # If its source existed, a copy is made, unless something about itself is wrong.
        if options["state"] == "present" and source in before and key not in before and options.get("size"):
            assert key in there or entry["skipped"] or result["summary"]["failed"] == len(by_name)
        if options["state"] == "absent" and entry["changed"]:
            assert key not in there


faults = st.sampled_from(
    [None, None, Fault(), Fault(effect=True), Fault(sent=False), Fault("permission_denied"), Fault("unknown", True)]
)


@same_clock
@given(declaration=declarations(), server=servers(st.lists(faults, max_size=8)))
def test_nor_is_it_where_writes_fail(clock: Clock, declaration: Message, server: Guarded) -> None:
    run(clock, server, declaration)
    server.faults.clear()
    run(clock, server, declaration)


# One after the other, and at once


def many(count: int) -> dict[str, Any]:
    return {"buckets": [{"name": f"bucket-{number}", "owner": "alice"} for number in range(count)]}


class Broken(Server):
    """A server whose third write is a mistake of ours, or ends the task."""

    error: BaseException

    def CreateBucket(self, request: Message) -> Message:
        if request["bucketName"] == "bucket-2":
            raise self.error
        return super().CreateBucket(request)


@pytest.mark.parametrize("parallel", [1, 2, 8])
@pytest.mark.parametrize("error", [KeyError("a mistake"), KeyboardInterrupt(), SystemExit(3)])
def test_what_nobody_expects_is_raised_in_whatever_thread_it_happens(error: BaseException, parallel: int) -> None:
    server = Broken()
    server.error = error
    with pytest.raises(type(error)):
        declare(server, max_parallel=parallel, **many(9))
    if parallel == 1:
        assert list(server.things["bucket"]) == ["bucket-0", "bucket-1"]


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    assert not declare(Server(), max_parallel=8, **many(20))["failed"]
    deadline = threading.Event()
    for _try in range(100):
        if threading.active_count() <= before:
            return
        deadline.wait(0.05)
    raise AssertionError(threading.enumerate())


def test_as_many_work_at_once_as_are_asked_for() -> None:
    """Each write waits until so many have begun."""
    barrier = threading.Barrier(4)

    class Meeting(Server):
        def CreateBucket(self, request: Message) -> Message:
            barrier.wait(timeout=30)
            return super().CreateBucket(request)

    assert declare(Meeting(), max_parallel=4, **many(8))["summary"]["changed"] == 8


# Thousands


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("count", "results", "shown"),
    [(1000, None, 1000), (1001, None, 4), (1001, "all", 1001), (9, "changed", 4), (9, "none", 0), (9, "all", 9)],
)
def test_a_result_stays_small_where_many_are_declared(count: int, results: str | None, shown: int, check: bool) -> None:
    server = Server()
    assert not declare(server, **many(count - 3))["failed"]
    declared = many(count)
    declared["buckets"][0]["owner"] = "bob"  # and the three last ones are new, of which one cannot be
    del declared["buckets"][-1]["owner"]
    result = declare(server, check, **declared, **({"results": results} if results else {}))
    assert result["summary"] == {"unchanged": count - 4, "changed": 3, "failed": 1, "skipped": 0}
    told = [entry["name"] for entry in result["results"]]
    last = [f"bucket-{number}" for number in range(count - 3, count)]
    assert len(told) == shown and (shown != 4 or told == ["bucket-0", *last])
    assert len(result["operations"]) == (0 if results == "none" else 3)
    assert result["failed"] and result["changed"]


def test_a_declaration_that_takes_a_while_shows_how_far_it_is(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declaration_module, "time", SimpleNamespace(monotonic=lambda: clock.now))

    class Slow(Server):
        def CreateBucket(self, request: Message) -> Message:
            clock.now += 1.5
            return super().CreateBucket(request)

    lines: list[str] = []
    server = Slow()
    reconcile(Bucket("demo", "bucket-1", owner="alice"), server)
    declare(server, max_parallel=1, **many(4), notify=lines.append)
    assert lines == ["3 of 4 resources done", "4 of 4 resources done"]
    declare(server, max_parallel=1, **many(4), notify=lines.append)
    assert len(lines) == 2
