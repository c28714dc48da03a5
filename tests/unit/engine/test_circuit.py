# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A server that goes away: a task ends after the retries of one call, and says how many resources were not tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine import circuit as engine_circuit
from ansible_collections.otterscale.core.plugins.module_utils._engine.circuit import PROBE_SECONDS, Circuit
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError, Reason
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._task import manage

from tests.unit.given import declare
from tests.unit.server_model import Message, Server

NAMES = [f"name-{number}" for number in range(9)]
BUCKETS = [Bucket("lab", name, owner="alice") for name in NAMES]


@dataclass
class Leaving(Server):
    """A server that cannot be reached any more after so many calls; tried: how many then tried to."""

    calls: int = 0
    tried: int = 0
    reason: Reason | None = Reason.UNREACHABLE
    sent: bool = False

    def reach(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            self.tried += 1
            raise ApiError("unavailable", "cannot connect to it", sent=self.sent, reason=self.reason, advice="Look.")

    def read(self, procedure: str, request: Mapping[str, Any]) -> Message:
        self.reach()
        return super().read(procedure, request)

    def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
        self.reach()
        return super().write(procedure, request)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(engine_circuit, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def loop(reads: SharedReads, resources: list[Bucket] = BUCKETS) -> list[Outcome]:
    return [manage(resource, reads, check=False, retries=4) for resource in resources]


@pytest.mark.parametrize(("calls", "made"), [(0, 0), (1, 0), (4, 3)])
def test_the_items_of_a_loop_try_it_once(calls: int, made: int) -> None:
    server = Leaving(calls=calls)
    outcomes = loop(SharedReads(server))
    assert [bool(outcome.error) for outcome in outcomes] == [number >= made for number in range(len(NAMES))]
    assert server.tried == 1 and list(server.things["bucket"]) == NAMES[:made]
    failed, *others = outcomes[made:]
    assert "not tried" not in failed.msg and "cannot connect to it" in failed.msg
    for number, outcome in enumerate(others, start=1):
        assert outcome.error and outcome.error.code == "unavailable" and not outcome.changed
        assert outcome.error.rpc == ("ListBuckets" if calls == 0 else "CreateBucket")
        assert "not tried, since the call before it failed: cannot connect to it" in outcome.msg
        assert f"({number} not tried so far)" in outcome.msg and outcome.msg.endswith("Look.")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("parallel", [1, 4])
def test_a_declaration_tries_it_once_and_says_how_many_were_not_tried(check: bool, parallel: int) -> None:
    server = Leaving()
    names = [{"name": name, "namespace": "vms"} for name in NAMES]
    buckets = [{"name": name, "owner": "alice"} for name in NAMES]
    kinds = {"datavolumes": [dict(name) for name in names], "vm_services": names, "buckets": buckets}
    result = declare(server, check, **kinds, max_parallel=parallel)
    assert server.tried == 1 and result["summary"]["failed"] == 3 * len(NAMES)
    first, told, last = result["msg"].splitlines()
    assert first == "27 of 27 resources failed:" and told.startswith("data volume vms/name-0 present: ")
    assert last == "26 were not tried, since the server could not be reached."
    assert "not tried" not in result["error"]["message"]


def test_what_goes_on_beside_it_is_tried_to_its_end() -> None:
    server = Leaving(calls=3)
    result = declare(server, buckets=[{"name": name, "owner": "alice"} for name in NAMES], max_parallel=1)
    assert server.tried == 1 and result["summary"] == {"unchanged": 0, "changed": 2, "failed": 7, "skipped": 0}
    assert result["msg"].splitlines()[-1] == "6 were not tried, since the server could not be reached."


def test_what_was_read_before_still_tells_that_nothing_is_missing() -> None:
    server = Leaving(calls=99)
    reads = SharedReads(server)
    loop(reads, BUCKETS[:3])
    server.calls = 1
    (unchanged, failed, other) = loop(SharedReads(server), [BUCKETS[0], BUCKETS[5], BUCKETS[1]])
    assert unchanged.error is None and failed.error is not None
    assert other.error is None and not other.changed


def test_those_who_share_a_failed_read_are_told_which_it_was() -> None:
    reads = SharedReads(Leaving())
    readers = [reads.fresh(name, since=0.0) for name in NAMES[:2]]
    failures = []
    for reader in readers:
        with pytest.raises(ApiError) as failed:
            reader.read("storage.v1.Service/ListBuckets", {})
        failures.append((failed.value.reason, failed.value.rpc))
    assert failures == [(Reason.UNREACHABLE, None), (Reason.NOT_TRIED, "ListBuckets")]


def test_it_is_tried_again_after_a_while_and_the_first_answer_ends_it(clock: SimpleNamespace) -> None:
    server = Leaving()
    reads = SharedReads(server)
    for seconds, tried in ((0.0, 1), (9.9, 1), (0.2, 2), (9.9, 2), (0.2, 3)):
        clock.now += seconds
        loop(reads)
        assert server.tried == tried
    server.calls = 99
    assert all(outcome.error for outcome in loop(reads))
    clock.now += 10.1
    assert not any(outcome.error for outcome in loop(reads))
    assert server.tried == 3


UNREACHABLE = ApiError("unavailable", "cannot connect to it", reason=Reason.UNREACHABLE)


def failing(error: ApiError) -> Any:
    def work() -> Any:
        raise error

    return work


def opened(clock: SimpleNamespace) -> Circuit:
    """One that was opened ten seconds ago, so that the next call may try again."""
    circuit = Circuit()
    with pytest.raises(ApiError):
        circuit.call("ListBuckets", failing(UNREACHABLE))
    clock.now += PROBE_SECONDS
    return circuit


def test_while_one_call_tries_again_the_others_do_not(clock: SimpleNamespace) -> None:
    circuit = opened(clock)

    def work() -> str:
        with pytest.raises(ApiError, match="not tried"):
            circuit.call("ListBuckets", lambda: "too early")
        return "back"

    assert circuit.call("ListBuckets", work) == "back"
    assert circuit.call("ListBuckets", lambda: "closed") == "closed"


def test_whoever_only_asks_leaves_the_try_to_the_next_call(clock: SimpleNamespace) -> None:
    circuit = opened(clock)
    with pytest.raises(ApiError, match="not tried") as caught:
        circuit.check("ListBuckets")
    assert caught.value.rpc == "ListBuckets"
    assert circuit.call("ListBuckets", lambda: "back") == "back"


def test_an_answer_that_is_an_error_ends_it_too(clock: SimpleNamespace) -> None:
    circuit = opened(clock)
    with pytest.raises(ApiError, match="no such scope"):
        circuit.call("ListBuckets", failing(ApiError("not_found", "no such scope", sent=True)))
    assert circuit.call("ListBuckets", lambda: "closed") == "closed"


@pytest.mark.parametrize("other", [{"sent": True}, {"reason": None}])
def test_only_what_could_not_connect_counts(other: Any) -> None:
    """Not an answer that was lost, nor that this host has no more threads."""
    server = Leaving(**other)
    outcomes = loop(SharedReads(server))
    assert server.tried == len(NAMES) and not any("not tried" in outcome.msg for outcome in outcomes)


def test_many_failures_are_told_in_part() -> None:
    server = Leaving(calls=999, users=frozenset())
    result = declare(server, buckets=[{"name": f"bucket-{number}", "owner": "nobody"} for number in range(60)])
    lines = result["msg"].splitlines()
    assert lines[0] == "60 of 60 resources failed:" and len(lines) == 52
    assert lines[-1] == "10 more failed, as 'results' tells."
