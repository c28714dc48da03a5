# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A server that speaks another API, or less of it, than was asked; and others that write to it at the same time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.inform import Information
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError, OtherApi
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._task import manage
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port

from tests.unit.server_model import Clock, Fault, Message, ObjectServer, converged, reconcile

WEB = VMService("lab", "vms", "web", virtual_machine="vm-1", ports=(Port(80, "http", "80"),))
LARGER = replace(WEB, ports=(*WEB.ports, Port(443, "https", "443")))
OTHER = OtherApi("unimplemented", "this server has another API")


@dataclass
class Speaking(ObjectServer):
    """A server that does not know the messages of 2025, and Apply in place of Update if it is an older one."""

    older: bool = False

    def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
        if rpc == "List":
            documents = [{"object": thing} for thing in self.things["vm_service"].values()]
            return {"items": documents if request["resource"] == "services" else []}
        if rpc != "Get":
            raise OtherApi("unimplemented", f"no {rpc}", rpc=rpc)
        return super().answer(rpc, request)

    def Update(self, request: Message) -> Message:
        if self.older:
            raise OtherApi("unimplemented", "no Update", rpc="Update")
        return super().Update(request)

    def Apply(self, request: Message) -> Message:
        applied, now = self.manifest(request), self.things["vm_service"][request["name"]]
        by_number = {port["port"]: port for port in (*now["spec"]["ports"], *applied["spec"]["ports"])}
        spec = {**now["spec"], "ports": list(by_number.values())}
        return self.store({**now, "spec": spec}, now["spec"]["ports"])

    def manifest(self, request: Message) -> Message:
        found: Message = json.loads(base64.b64decode(request["manifest"]))
        return found


def served(**options: Any) -> Any:
    server = converged(WEB, Speaking, **options)
    server.reads.clear()
    return server


def rpcs(outcome: Any) -> list[str]:
    return [operation["rpc"] for operation in outcome.operations]


def test_a_resource_is_said_in_the_way_that_the_server_understands() -> None:
    server = served()
    outcome = reconcile(LARGER, server)
    assert outcome.error is None and rpcs(outcome) == ["Update"]
    assert server.reads == ["ListVirtualMachines", "Get"]


def test_what_nothing_understands_fails_with_the_reason() -> None:
    outcome = reconcile(Bucket("lab", "logs", owner="alice"), Speaking())
    assert outcome.error is not None and outcome.error.code == "client" and "no object storage" in outcome.msg
    assert OTHER.code == "unimplemented" and Bucket.to_remove("lab", None, "x").among_many().name == "x"


def test_what_is_said_in_the_last_way_there_is_fails_as_the_server_says() -> None:
    class Older(Speaking):
        def answer(self, rpc: str, request: Mapping[str, Any]) -> Message:
            raise OtherApi("unimplemented", f"no {rpc} either", rpc=rpc)

    outcome = reconcile(WEB, Older())
    assert outcome.error is not None and "no Get either" in outcome.msg
    objects = WEB.otherwise(OTHER)
    last = objects and objects.otherwise(OTHER)
    assert last is not None and last.otherwise(OTHER) is None
    outcome = reconcile(last, Older())
    assert outcome.error is not None and "no Get either" in outcome.msg


def test_a_write_that_the_server_does_not_know_is_said_otherwise() -> None:
    server = served(older=True)
    outcome = reconcile(LARGER, server, retries=0)
    assert outcome.error is None and rpcs(outcome) == ["Apply"] and server.sent == ["Update", "Apply"]
    left = reconcile(WEB, server)
    assert left.error is not None and left.error.code == "client" and "443/TCP" in left.msg
    assert not left.changed and server.sent == ["Update", "Apply", "Update"]


def test_information_is_asked_for_in_the_same_way() -> None:
    server = served()
    found = Information(VMService, "vms", None)
    found.read(server, "lab")
    assert [shown["name"] for shown in found.resources] == ["web"]
    assert server.reads == ["ListVirtualMachines", "List"]


def test_a_loop_learns_once_what_the_server_speaks_and_reads_many_at_once() -> None:
    server = served()
    reads = SharedReads(server)
    for number in range(6):
        outcome = manage(replace(WEB, name=f"web-{number}", absent=True), reads, check=False, retries=0)
        assert outcome.error is None and not outcome.changed
    assert server.reads == ["ListVirtualMachines", "Get", "Get", "Get", "List"]


# Others at the same time


@dataclass
class Contended(Speaking):
    """Somebody else changes the service before each of the next writes. to: what becomes of its ports, if anything."""

    rivals: int = 0
    to: VMService | None = None

    def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
        if self.rivals:
            self.rivals -= 1
            now = self.things["vm_service"]["web"]
            notes = {"annotations": {"note": str(self.rivals)}}
            ports = now["spec"]["ports"] if self.to is None else self.ports(self.to)
            spec = {**now["spec"], "ports": ports}
            self.store({**now, "metadata": {**now["metadata"], **notes}, "spec": spec}, now["spec"]["ports"])
        return super().write(procedure, request)

    def ports(self, wanted: VMService) -> list[Message]:
        return [{**port.as_request(), "targetPort": int(port.target_port)} for port in wanted.ports or ()]


def contended(**options: Any) -> Any:
    return replace(Contended(**options), things=converged(WEB, Speaking).things, version=1)


def test_a_conflict_is_read_and_planned_anew() -> None:
    server = contended(rivals=2)
    outcome = reconcile(LARGER, server)
    assert outcome.error is None and rpcs(outcome) == ["Update"] and outcome.warnings == []
    assert server.sent == ["Update"] * 3 and len(server.effects) == 1
    now = server.things["vm_service"]["web"]
    assert now["metadata"]["annotations"] == {"note": "0"} and len(now["spec"]["ports"]) == 2


def test_each_conflict_is_followed_by_a_short_pause(clock: Clock) -> None:
    class Asking(Contended):
        def pause(self, tries: int, error: ApiError) -> float:
            return float(tries)

    server = Asking(things=converged(WEB, Speaking).things, version=1, rivals=3)
    assert reconcile(LARGER, server).error is None
    assert [seconds for seconds in clock.slept if seconds] == [0.1, 0.2]


def test_conflicts_are_not_fought_out_for_ever() -> None:
    server = contended(rivals=100)
    outcome = reconcile(LARGER, server, retries=1)
    assert outcome.error is not None and outcome.error.code == "failed_precondition"
    assert not outcome.changed and server.sent == ["Update"] * 4 and "Another client" in outcome.msg


def test_what_somebody_else_has_done_just_so_is_not_ours() -> None:
    outcome = reconcile(LARGER, contended(rivals=1, to=LARGER))
    assert outcome.error is None and not outcome.changed and outcome.operations == []


def test_a_conflict_with_our_own_lost_write_is_its_effect() -> None:
    """It arrives late: the reading after it does not show it yet, and the next sending meets it."""

    @dataclass
    class Late(Speaking):
        def write(self, procedure: str, request: Mapping[str, Any]) -> Message:
            if self.writes:
                super().Update(dict(self.writes[0][1]))
            return super().write(procedure, request)

    server = Late(things=converged(WEB, Speaking).things, version=1, faults=[Fault()])
    outcome = reconcile(LARGER, server)
    assert outcome.error is None and outcome.changed and rpcs(outcome) == ["Update"]
    assert "the answer to Update was lost" in outcome.warnings[0]


def test_an_error_of_another_kind_stays_one() -> None:
    """It is copied for all who waited for it."""
    server = Speaking()
    reads = SharedReads(server)
    for name in ("one", "two"):
        try:
            reads.fresh(name).read("x/ListVirtualMachines", {})
        except ApiError as error:
            assert isinstance(error, OtherApi) and error.rpc == "ListVirtualMachines" and str(error)
        else:
            raise AssertionError
    assert server.reads == ["ListVirtualMachines"]
