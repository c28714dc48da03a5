# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The engine's glance, which sees by one reading that nothing is left to do, and the history of a wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import plan
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Wait
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.messages.vm_service import (
    VMServiceMessages,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.model.datavolume import Source
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._task import manage

from tests.unit.server_model import Documents, Fault, Server, converged, glance, reconcile, set_time

BUCKET = Bucket("lab", "data", owner="alice", acl="public_read")
VOLUME = DataVolume("lab", "vms", "root", source=Source("http_url", "https://h/x"), size=10)


def test_what_is_as_it_should_be_is_seen_at_a_glance() -> None:
    server = converged(BUCKET)
    seen = glance(BUCKET, server)
    assert seen is not None and seen == reconcile(BUCKET, server)
    assert not seen.changed and seen.error is None
    assert seen.resource and seen.resource["owner"] == "alice"


@pytest.mark.parametrize(
    "resource",
    [
        replace(BUCKET, acl="private"),
        replace(BUCKET, name="other"),
        replace(BUCKET, owner=None, acl=None, absent=True),
        replace(VOLUME, source=None, size=None, absent=True),  # which no list proves to be absent
    ],
)
def test_what_takes_more_than_a_look_is_not(resource: Any) -> None:
    server = converged(BUCKET)
    assert glance(resource, server) is None
    assert server.writes == []


def test_what_cannot_be_planned_from_a_new_reading_is_the_outcome() -> None:
    ownerless = replace(BUCKET, name="other", owner=None)
    seen = glance(ownerless, Server())
    assert seen is not None and seen == replace(reconcile(ownerless, Server()), error=seen.error)
    assert seen.error is not None and seen.error.code == "client"
    assert "'owner'" in seen.msg


def after_another(server: Server, meanwhile: Callable[[], object], resource: Any, check: bool = False) -> Outcome:
    """What becomes of an item of a loop after another one has read, and then something happened."""
    reads = SharedReads(server)
    plan(replace(BUCKET, name="another", absent=True), reads.fresh("another"))
    meanwhile()
    return manage(resource, reads, check=check, retries=0)


def test_an_acl_that_could_not_be_read_a_moment_ago_may_be_readable_now() -> None:
    server = Server(things=converged(BUCKET).things, blind=True)
    outcome = after_another(server, lambda: setattr(server, "blind", False), BUCKET)
    assert outcome.error is None and not outcome.changed
    assert server.reads == ["ListBuckets"] * 2
    still = Server(things=server.things, blind=True)
    outcome = after_another(still, lambda: None, BUCKET)
    assert outcome.error is not None and outcome.error.code == "failed_precondition"
    assert "could not read" in outcome.msg and still.writes == []
    assert still.reads == ["ListBuckets"] * 2


def test_what_could_not_be_planned_a_moment_ago_is_read_again() -> None:
    server, made = Server(), converged(BUCKET).things
    outcome = after_another(server, lambda: server.things.update(made), replace(BUCKET, owner=None))
    assert outcome.error is None and not outcome.changed
    assert server.reads == ["ListBuckets"] * 2


def test_what_was_missing_a_moment_ago_is_created_unless_the_server_knows_better() -> None:
    server, made = Server(), converged(BUCKET).things
    outcome = after_another(server, lambda: server.things.update(made), BUCKET)
    assert outcome.error is None and not outcome.changed
    assert [rpc for rpc, _request in server.writes] == ["CreateBucket"] and server.effects == []
    assert server.reads == ["ListBuckets"] * 2


def test_what_was_right_a_moment_ago_is_not_read_again() -> None:
    server = converged(BUCKET)
    outcome = after_another(server, lambda: None, BUCKET)
    assert outcome.error is None and not outcome.changed
    assert server.reads == ["ListBuckets"]


def test_a_cluster_that_does_not_answer_is_asked_once_an_item() -> None:
    """It may take its whole timeout to fail; only what was read a moment ago is worth another look."""
    asked: list[str] = []

    class Away(Documents):
        def get(self, kind: Any, namespace: str, name: str) -> Any:
            asked.append(name)
            raise ApiError("unavailable", "gone fishing", rpc="GET")

    server = Server()
    reads = SharedReads(server)
    for name in ("one", "two"):
        service = replace(VMService("lab", "vms", name, absent=True), dialect=VMServiceMessages(Away()))
        outcome = manage(service, reads, check=False, retries=4)
        assert outcome.error is not None and outcome.error.code == "unavailable" and "gone fishing" in outcome.msg
    assert asked == ["one", "two"] and server.reads == ["ListVirtualMachines"]


def test_check_mode_reads_once_for_all_items_also_where_something_is_missing() -> None:
    server = Server()
    outcome = after_another(server, lambda: None, BUCKET, check=True)
    assert outcome.error is None and outcome.changed and server.reads == ["ListBuckets"]


def test_an_item_of_a_loop_pauses_as_long_as_the_server_asks_before_it_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Asking(Server):
        def pause(self, tries: int, error: ApiError) -> float:
            return 7.0 + tries

    server, slept = Asking(faults=[Fault("unavailable")] * 2), list[float]()
    set_time(monkeypatch, lambda: 0.0, slept.append)
    outcome = manage(BUCKET, SharedReads(server), check=False, retries=2)
    assert outcome.error is None and outcome.changed and slept == [7.0, 8.0]


def test_a_failed_look_is_the_outcome() -> None:
    @dataclass
    class Away(Server):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            raise ApiError("unavailable", "gone fishing", rpc="ListBuckets")

    seen = glance(BUCKET, Away())
    assert seen is not None and seen.error is not None
    assert seen.error.code == "unavailable"
    assert "ListBuckets failed [unavailable]: gone fishing" in seen.msg


def test_a_volume_that_nobody_waits_for_may_still_be_importing() -> None:
    server = converged(VOLUME)
    server.things["datavolume"]["root"].update(phase="ImportInProgress", progress="12.00%")
    seen = glance(VOLUME, server)
    assert seen is not None and seen.resource is not None
    assert seen.resource["phase"] == "ImportInProgress"


def test_a_volume_that_is_waited_for_is_only_seen_once_it_is_ready() -> None:
    server, waiting = converged(VOLUME), replace(VOLUME, wait=Wait(5, 1))
    assert glance(waiting, server) is None
    server.things["datavolume"]["root"].update(phase="Succeeded", progress="100.0%")
    seen = glance(waiting, server)
    assert seen is not None and seen.phases == [{"phase": "Succeeded", "progress": "100.0%", "seconds": 0.0}]


def test_a_volume_whose_import_has_failed_is_seen_to_be_waited_for_in_vain() -> None:
    server, waiting = converged(VOLUME), replace(VOLUME, wait=Wait(5, 1))
    server.things["datavolume"]["root"].update(phase="Failed", progress="12.00%")
    seen = glance(waiting, server)
    assert seen is not None and seen.error is not None and seen.error.code == "failed_precondition"
    assert seen.resource is not None and seen.resource["phase"] == "Failed" and server.writes == []


@dataclass
class Importing(Server):
    """Its volumes go through a script of phases and progress, a step a second."""

    script: list[tuple[str, str]] = field(default_factory=list)
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self, procedure: str, request: Any) -> dict[str, Any]:
        phase, progress = self.script[min(int(self.now), len(self.script) - 1)]
        for volume in self.things["datavolume"].values():
            volume.update(phase=phase, progress=progress)
        return super().read(procedure, request)


def test_a_wait_keeps_the_phases_and_tells_of_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [
        *(("ImportScheduled", "N/A"), ("ImportInProgress", "N/A"), ("ImportInProgress", "41.50%")),
        *(("ImportInProgress", "41.50%"), ("Succeeded", "100.0%")),
    ]
    server = Importing(things=converged(VOLUME).things, script=script)
    set_time(monkeypatch, lambda: server.now, server.sleep)
    lines: list[str] = []
    outcome = reconcile(replace(VOLUME, wait=Wait(60, 1.04)), server, notify=lines.append)
    assert outcome.phases == [
        {"phase": "ImportScheduled", "progress": "N/A", "seconds": 0.0},
        {"phase": "ImportInProgress", "progress": "41.50%", "seconds": 1.0},
        {"phase": "Succeeded", "progress": "100.0%", "seconds": 4.2},
    ]
    assert lines == [
        "data volume vms/root present: ImportScheduled N/A",
        "data volume vms/root present: ImportInProgress N/A",
        "data volume vms/root present: ImportInProgress 41.50%",
        "data volume vms/root present: Succeeded 100.0%",
    ]
    assert outcome.as_result(with_diff=False)["phases"] == outcome.phases


def test_a_wait_that_fails_tells_its_phases_too() -> None:
    server = converged(VOLUME)
    server.things["datavolume"]["root"].update(phase="Pending", progress="")
    outcome = reconcile(replace(VOLUME, wait=Wait(1e-9, 1e-9)), server)
    assert outcome.error is not None and outcome.phases is not None
    assert [phase["phase"] for phase in outcome.phases] == ["Pending"]


def test_what_tells_nothing_of_its_progress_is_ready_as_soon_as_it_is_there() -> None:
    class Awaited(Bucket):
        wait = Wait(5, 1)

    lines: list[str] = []
    outcome = reconcile(Awaited("lab", "data", owner="alice"), Server(), notify=lines.append)
    assert outcome.error is None and outcome.phases == [{"phase": "Ready", "progress": "", "seconds": 0.0}]
    assert lines == ["bucket data present: Ready"]


def test_without_a_wait_there_is_no_history() -> None:
    assert "phases" not in reconcile(VOLUME, converged(VOLUME)).as_result(with_diff=True)
