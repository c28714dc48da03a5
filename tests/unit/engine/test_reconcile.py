# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The engine against a model of the server: what a task reports is what happened."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import Applied, apply, plan
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Read, Seen, Wait, shows_change
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import (
    DataVolume,
    DataVolumeState,
    Source,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.messages.datavolume import DataVolumeMessages
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port

from tests.kinds import KINDS, every_kind, some_unlisted
from tests.kinds.kind import Kind
from tests.unit.server_model import (
    Clock,
    Documents,
    Fault,
    Model,
    Server,
    converged,
    exactly,
    in_whole_gib,
    reconcile,
    with_overhead,
)

BUCKET = Bucket("lab", "data", owner="alice", acl="public_read")
SERVICE = VMService("lab", "vms", "web", virtual_machine="vm-1", ports=(Port(80, "http", "8080"),))
VOLUME = DataVolume("lab", "vms", "root", source=Source("http_url", "https://h/x"), size=10)
# The same with one difference each.
PRIVATE = replace(BUCKET, acl="private")
ON_ANOTHER_PORT = replace(SERVICE, ports=(Port(81, "http", "8080"),))
LARGER = replace(VOLUME, size=20)
GI = 2**30


def gone(resource: Any) -> Any:
    return type(resource).to_remove(resource.scope, resource.namespace, resource.name)


def present(kind: Kind, **options: Any) -> Any:
    """A server that has the example of the kind."""
    return converged(kind.resource(kind.example), kind.model, **options)


def rpcs(outcome: Outcome) -> list[str]:
    return [operation["rpc"] for operation in outcome.operations]


# Without faults


@every_kind
def test_the_first_run_changes_and_the_second_sends_no_write(kind: Kind) -> None:
    server, wanted = kind.model(), kind.resource(kind.example)
    first = reconcile(wanted, server)
    assert first.changed and first.error is None
    assert rpcs(first) == server.sent == [kind.calls.create]
    assert first.before == {} and first.after == wanted.diff_after()
    assert first.resource and first.resource["name"] == kind.example["name"]
    writes, reads = len(server.writes), len(server.reads)
    second = reconcile(wanted, server)
    assert not second.changed and second.operations == []
    assert second.before == second.after
    assert len(server.writes) == writes and len(server.reads) == reads + kind.found_by
    if kind.found_by == 1:  # else no answer to a write carries all of it
        assert second.resource == first.resource


@pytest.mark.parametrize("provided", [exactly, with_overhead, in_whole_gib])
def test_a_volume_whose_claim_came_out_larger_is_as_declared_and_can_grow(provided: Callable[[int], int]) -> None:
    wanted, larger = replace(VOLUME, size=10 * GI), replace(VOLUME, size=20 * GI)
    server = converged(wanted, provided=provided)
    unchanged = reconcile(wanted, server)
    assert not unchanged.changed and unchanged.error is None
    assert unchanged.before == wanted.diff_after()
    assert unchanged.resource is not None and unchanged.resource["capacity_bytes"] == provided(10 * GI)
    predicted, grown = reconcile(larger, server, check=True), reconcile(larger, server)
    assert rpcs(grown) == ["ExtendDataVolume"] and grown.error is None
    assert (grown.before["size"], grown.after["size"]) == (provided(10 * GI), 20 * GI)
    assert (predicted.before, predicted.after) == (grown.before, grown.after)
    assert not reconcile(larger, server).changed
    refused = reconcile(wanted, server)
    assert refused.error is not None and "can only grow" in refused.msg
    assert len(server.writes) == 1


@pytest.mark.parametrize("acl", ["private", "public_read", "public_read_write", "authenticated_read"])
def test_every_canned_acl_is_recognised_in_the_grants_that_the_server_makes_of_it(acl: str) -> None:
    wanted, server = replace(BUCKET, acl=acl), Server()
    made = reconcile(wanted, server)
    assert made.error is None and made.changed
    assert made.resource is not None and made.resource["acl"] == acl
    assert not reconcile(wanted, server).changed


def test_another_spelling_of_a_policy_makes_no_diff() -> None:
    server = converged(Bucket("lab", "data", owner="alice", policy={"Statement": [{"Action": ["a"]}]}))
    outcome = reconcile(Bucket("lab", "data", policy={"Statement": {"Action": "a"}}), server)
    assert not outcome.changed and outcome.after == outcome.before
    assert server.writes == []


@every_kind
def test_absent_removes_and_then_has_nothing_to_do(kind: Kind) -> None:
    server, absent = present(kind), kind.resource(kind.gone)
    first = reconcile(absent, server)
    assert first.changed and rpcs(first) == [kind.calls.delete]
    assert first.resource is None and first.after == {}
    assert first.before["name"]
    second = reconcile(absent, server)
    assert not second.changed and second.operations == []
    assert second.error is None and second.resource is None
    # Where lists do not prove absence, one more Delete makes sure.
    assert server.sent == [kind.calls.delete] * (1 if kind.lists_all else 2)


@every_kind
def test_an_update_leads_from_one_state_to_another(kind: Kind) -> None:
    server, wanted = present(kind), kind.resource(kind.another)
    outcome = reconcile(wanted, server)
    assert outcome.error is None and rpcs(outcome) == server.sent == [kind.calls.update]
    assert outcome.before != outcome.after == wanted.diff_after()
    assert not reconcile(wanted, server).changed


@every_kind
def test_check_mode_sends_no_write_and_predicts_the_real_run(kind: Kind) -> None:
    server, wanted = kind.model(), kind.resource(kind.example)
    predicted = reconcile(wanted, server, check=True)
    assert server.writes == [] and set(server.reads) == {kind.calls.list}
    real = reconcile(wanted, server)
    assert (predicted.changed, predicted.before, predicted.after) == (True, real.before, real.after)
    assert predicted.operations == real.operations and predicted.resource is not None
    again = reconcile(wanted, server, check=True)
    assert not again.changed and again.operations == []
    assert again.before == again.after


@every_kind
def test_check_mode_predicts_a_removal(kind: Kind) -> None:
    server = present(kind)
    predicted = reconcile(kind.resource(kind.gone), server, check=True)
    assert predicted.changed and predicted.after == {}
    assert predicted.resource is None
    assert server.writes == []


def test_check_mode_says_what_it_cannot_know() -> None:
    outcome = reconcile(gone(SERVICE), Server(listed=False), check=True)
    assert not outcome.changed and outcome.operations == []
    assert outcome.warnings == [
        "VM service vms/web absent: not listed, which does not prove that it is absent: "
        "a real run sends DeleteVirtualMachineService"
    ]


@every_kind
def test_a_failure_names_the_resource_and_what_was_wanted_of_it(kind: Kind) -> None:
    made = reconcile(kind.resource(kind.example), kind.model(faults=[Fault("internal", message="Oh.")]))
    assert made.msg.startswith(f"{kind.title} present: {kind.calls.create} failed [internal]: Oh. ")
    server = present(kind)
    server.faults = [Fault("internal", message="Oh")]
    removed = reconcile(kind.resource(kind.gone), server)
    assert removed.msg.startswith(f"{kind.title} absent: {kind.calls.delete} failed [internal]: Oh. ")
    assert removed.resource is not None and removed.resource["name"] == kind.example["name"]


def test_a_bad_plan_fails_before_anything_is_sent() -> None:
    for check in (True, False):
        server = Server()
        outcome = reconcile(Bucket("lab", "data"), server, check=check)
        assert outcome.error is not None and outcome.error.code == "client"
        assert server.writes == []
        assert outcome.msg.startswith("bucket data present: option 'owner' is not given") and not outcome.changed


def test_a_result_has_the_documented_keys() -> None:
    outcome = reconcile(BUCKET, Server())
    assert set(outcome.as_result(with_diff=False)) == {"changed", "bucket", "operations"}
    assert outcome.as_result(with_diff=True)["diff"] == {"before": {}, "after": BUCKET.diff_after()}
    assert outcome.operations == [{"rpc": "CreateBucket", "reason": "it does not exist"}]
    failed = reconcile(Bucket("lab", "data", owner="nobody"), Server()).as_result(with_diff=True)
    assert set(failed) == {"changed", "bucket", "operations", "msg", "error"}


# Resources that exist without being listed


@pytest.mark.parametrize("mapped", [True, False])
def test_a_service_that_is_not_listed_is_updated_on_every_run_with_a_warning(mapped: bool) -> None:
    server = converged(SERVICE, listed=False, mapped=mapped)
    outcome = reconcile(SERVICE, server)
    assert outcome.changed and outcome.error is None
    assert len(outcome.warnings) == 1
    assert rpcs(outcome) == ["UpdateVirtualMachineService"]
    assert server.sent == ["CreateVirtualMachineService", "UpdateVirtualMachineService"]


def test_what_is_found_to_exist_is_converged_without_counting_as_a_retry() -> None:
    outcome = reconcile(SERVICE, converged(SERVICE, listed=False), retries=0)
    assert outcome.error is None and rpcs(outcome) == ["UpdateVirtualMachineService"]


@pytest.mark.parametrize("mapped", [True, False])
def test_a_volume_that_is_not_listed_counts_as_present_with_a_warning(mapped: bool) -> None:
    server = converged(VOLUME, listed=False, mapped=mapped)
    outcome = reconcile(VOLUME, server)
    assert not outcome.changed and outcome.operations == []
    assert len(outcome.warnings) == 1
    assert server.sent == ["CreateDataVolume"] and server.effects == []


@some_unlisted
@pytest.mark.parametrize("mapped", [True, False])
def test_absent_deletes_once_what_no_list_shows(kind: Kind, mapped: bool) -> None:
    server, absent = present(kind, listed=False, mapped=mapped), kind.resource(kind.gone)
    first = reconcile(absent, server)
    assert first.changed and first.error is None
    assert len(server.writes) == 1
    second = reconcile(absent, server)
    assert not second.changed and second.operations == []
    assert second.error is None and len(server.writes) == 2


@dataclass
class Taken(Server):
    """A server that says "port is already allocated" before it says "already exists"."""

    texts: list[str] = field(default_factory=list)

    def CreateVirtualMachineService(self, request: dict[str, Any]) -> dict[str, Any]:
        raise self.refuse("unknown", "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated")


def test_a_node_port_that_the_service_itself_holds_is_no_failure() -> None:
    ports = (Port(80, "http", "8080", node_port=30080),)
    wanted = VMService("lab", "vms", "web", virtual_machine="vm-1", ports=ports)
    server = Taken(things=converged(SERVICE).things, listed=False)
    outcome = reconcile(wanted, server)
    assert outcome.error is None and server.things["vm_service"]["web"]["ports"][0]["nodePort"] == 30080


def test_a_node_port_that_another_service_holds_is_a_failure_that_says_so() -> None:
    outcome = reconcile(SERVICE, Taken())
    assert outcome.error is not None and not outcome.changed
    assert "already allocated" in outcome.msg and "'node_port'" in outcome.msg


@dataclass
class Beaten(Server):
    """Somebody else makes the service first, and the server says so with a code that lets nothing else be tried."""

    def CreateVirtualMachineService(self, request: dict[str, Any]) -> dict[str, Any]:
        super().CreateVirtualMachineService({**request, "ports": [{"port": 81, "name": "http"}]})
        raise self.refuse("invalid_argument", 'services "web" already exists')


def test_what_another_has_made_first_is_changed_whatever_the_code_of_the_refusal() -> None:
    outcome = reconcile(SERVICE, Beaten(mapped=True))
    assert outcome.error is None, outcome.msg
    assert [operation["rpc"] for operation in outcome.operations] == ["UpdateVirtualMachineService"]


# Servers that do less than they say


@pytest.mark.parametrize(
    ("before", "wanted", "ignored"),
    [
        (BUCKET, Bucket("lab", "data", policy={"Statement": []}), "policy"),
        (SERVICE, VMService("lab", "vms", "web", ports=(Port(81, "http", "8080"),)), "ports"),
    ],
)
def test_a_field_that_the_server_ignores_fails_the_task(before: Any, wanted: Any, ignored: str, clock: Clock) -> None:
    server = converged(before)
    server.ignores = frozenset({ignored})
    outcome = reconcile(wanted, server)
    assert outcome.error is not None and f"still to do: {ignored}" in outcome.msg.replace("the ", "")
    assert "ignores a field" in outcome.msg
    assert not outcome.changed and len(server.writes) == 1, "the server does not differ from before"
    assert clock.slept == [], "its answer has told already"


def test_a_field_that_a_new_resource_lacks_is_not_blamed_on_another_client() -> None:
    server = Server(ignores=frozenset({"policy"}))
    outcome = reconcile(Bucket("lab", "data", owner="alice", policy={"Statement": []}), server)
    assert outcome.error is not None and outcome.error.code == "internal" and "still to do: policy" in outcome.msg
    assert "as before" not in outcome.msg and outcome.changed and server.sent == ["CreateBucket"]


@pytest.mark.parametrize("acl", ["public_read_write", None])
def test_an_update_that_takes_the_acl_away_fails_the_task(acl: str | None) -> None:
    """Also where the task names no ACL: what the user did not give is to be left as it is."""
    server = converged(BUCKET)
    server.ignores = frozenset({"acl"})  # so it makes the bucket private
    outcome = reconcile(Bucket("lab", "data", owner="bob", acl=acl), server)
    assert outcome.error is not None and outcome.changed
    assert len(server.writes) == 1
    assert "accepted" in outcome.msg and outcome.resource is not None
    assert outcome.resource["acl"] == "private"


@pytest.mark.parametrize("listed", [True, False])
def test_a_source_that_the_server_ignores_fails_the_task(listed: bool) -> None:
    """Its answer shows a blank image where an import was asked for, also while no list shows the volume yet."""
    server = Server(listed=listed, ignores=frozenset({"source"}))
    outcome = reconcile(VOLUME, server)
    assert outcome.error is not None and "'source'" in outcome.msg
    assert "blank_image" in outcome.msg
    assert outcome.changed


def babbling(model: type[Model]) -> Any:
    class Babbling(model):
        """A server whose answers to writes make no sense."""

        def write(self, procedure: str, request: Any) -> dict[str, Any]:
            answer = super().write(procedure, request)
            edge = {"service": {"id": 5, "spec": {}}}
            return {**answer, "grants": [{"type": 5}], "ports": [{"port": "x"}], "sizeBytes": "many", **edge}

    return Babbling


@every_kind
def test_what_the_answer_to_a_write_does_not_make_clear_a_reading_does(kind: Kind) -> None:
    server = babbling(kind.model)()
    outcome = reconcile(kind.resource(kind.example), server)
    assert outcome.error is None and outcome.changed
    assert len(server.writes) == 1 and len(server.reads) > 1
    assert outcome.resource is not None and outcome.resource["name"] == kind.example["name"]


@pytest.mark.parametrize("resource", [SERVICE, VOLUME])
def test_what_neither_an_answer_nor_a_list_shows_is_a_failure_that_says_so(resource: Any, clock: Clock) -> None:
    server = babbling(Server)(listed=False)
    outcome = reconcile(resource, server)
    assert outcome.error is not None and outcome.error.code == "internal" and len(server.writes) == 1
    assert "accepted it, but still to do" in outcome.msg and "whether it took effect is unknown" in outcome.msg
    assert not outcome.changed and outcome.operations == []


def test_an_answer_that_shows_what_was_before_is_corrected_by_a_reading() -> None:
    class Stale(Server):
        def UpdateVirtualMachineService(self, request: dict[str, Any]) -> dict[str, Any]:
            before = copy.deepcopy(self.things["vm_service"]["web"])
            super().UpdateVirtualMachineService(request)
            return before

    outcome = reconcile(ON_ANOTHER_PORT, Stale(things=converged(SERVICE).things))
    assert outcome.error is None and outcome.changed
    assert outcome.resource is not None and outcome.resource["ports"][0]["port"] == 81


def test_an_answer_that_makes_no_sense_is_a_failure_of_the_call_that_brought_it() -> None:
    server = converged(BUCKET)
    server.things["bucket"]["data"]["usedBytes"] = "many"
    outcome = reconcile(BUCKET, server)
    assert outcome.error is not None and (outcome.error.code, outcome.error.rpc) == ("internal", "ListBuckets")
    assert "'usedBytes'" in outcome.msg and not outcome.changed


# Servers that cannot read an ACL, and do not say so


def test_a_new_bucket_without_a_named_acl_need_not_show_it() -> None:
    server = Server(blind=True)
    outcome = reconcile(Bucket("lab", "data", owner="alice"), server)
    assert outcome.error is None and outcome.changed
    assert rpcs(outcome) == ["CreateBucket"]
    assert outcome.resource is not None and outcome.resource["acl"] is None
    assert not reconcile(Bucket("lab", "data", owner="alice"), server).changed


@pytest.mark.parametrize(
    ("options", "named"), [({"acl": "public_read"}, "'acl'"), ({"policy": {"Statement": []}}, "'policy'")]
)
def test_a_new_bucket_whose_acl_or_policy_cannot_be_verified_is_a_failure_that_says_so(
    options: dict[str, Any], named: str
) -> None:
    server = Server(blind=True)
    outcome = reconcile(Bucket("lab", "data", owner="alice", **options), server)
    assert outcome.error is not None and (outcome.error.code, outcome.error.rpc) == (
        "failed_precondition",
        "CreateBucket",
    )
    assert "accepted it, but the server could not read" in outcome.msg and named in outcome.msg
    assert "somebody else" not in outcome.msg.lower() and "look at the server's log" in outcome.msg
    assert outcome.changed and rpcs(outcome) == ["CreateBucket"]
    assert len(server.writes) == 1
    again = reconcile(Bucket("lab", "data", owner="alice", **options), server)
    assert again.error is not None and not again.changed
    assert len(server.writes) == 1


@dataclass
class Blinded(Server):
    """It cannot read ACLs any more as soon as something was sent."""

    def write(self, procedure: str, request: Any) -> dict[str, Any]:
        self.blind = True
        return super().write(procedure, request)


@pytest.mark.parametrize(("owner", "changed"), [("alice", False), ("bob", True)])
def test_an_update_that_cannot_be_verified_is_a_change_only_where_one_shows(owner: str, changed: bool) -> None:
    wanted = replace(BUCKET, owner=owner, acl="private")
    outcome = reconcile(wanted, Blinded(things=converged(BUCKET).things))
    assert outcome.error is not None and outcome.error.code == "failed_precondition"
    assert outcome.changed is changed
    assert "accepted it, but the server could not read" in outcome.msg
    assert ("whether it took effect is unknown" in outcome.msg) is not changed
    assert "somebody else" not in outcome.msg.lower()


@pytest.mark.parametrize("effect", [True, False])
def test_an_acl_that_cannot_be_read_any_more_does_not_show_that_a_lost_update_changed_it(effect: bool) -> None:
    server = Blinded(things=converged(BUCKET).things, faults=[Fault(effect=effect)])
    outcome = reconcile(replace(BUCKET, acl="private"), server)
    assert outcome.error is not None and not outcome.changed
    assert len(server.writes) == 1
    assert "Whether UpdateBucket took effect is unknown" in outcome.msg


def test_a_refusal_that_no_other_plan_can_help_is_told_before_an_acl_that_cannot_be_read() -> None:
    outcome = reconcile(Bucket("lab", "data", owner="nobody", acl="private"), Server(blind=True))
    assert outcome.error is not None and "NoSuchUser" in outcome.msg
    assert outcome.changed


def test_a_refused_update_is_told_before_an_acl_that_cannot_be_read_after_it() -> None:
    server = Blinded(things=converged(BUCKET).things, faults=[Fault("permission_denied", message="not yours")])
    outcome = reconcile(replace(BUCKET, acl="private"), server)
    assert outcome.error is not None and outcome.error.code == "permission_denied" and "not yours" in outcome.msg
    assert not outcome.changed and "Whether" not in outcome.msg


def test_a_refusal_that_no_other_plan_can_help_is_told_before_what_it_left_behind() -> None:
    class HalfWay(Server):
        def CreateDataVolume(self, request: dict[str, Any]) -> dict[str, Any]:
            super().CreateDataVolume({**request, "source": {}})
            raise self.refuse("invalid_argument", "DataVolume source: no such scheme")

    server = HalfWay()
    outcome = reconcile(VOLUME, server)
    assert outcome.error is not None and "no such scheme" in outcome.msg and server.sent == ["CreateDataVolume"]
    assert "does not accept the source" in outcome.msg


def test_what_cannot_be_changed_is_told_before_a_refusal_that_is_not_about_it() -> None:
    class Overtaken(Server):
        def CreateVirtualMachineService(self, request: dict[str, Any]) -> dict[str, Any]:
            super().CreateVirtualMachineService({**request, "virtualMachineName": "vm-2"})
            raise ApiError("permission_denied", "not yours", sent=True)

    server = Overtaken()
    outcome = reconcile(SERVICE, server)
    assert outcome.error is not None and outcome.error.code == "client" and "vm-2" in outcome.msg
    assert server.sent == ["CreateVirtualMachineService"] and not outcome.changed


def test_what_a_reading_did_not_tell_is_no_change() -> None:
    """A volume that Kubernetes shows has no boot_image, a service without selector no VM."""
    told = DataVolumeState(Source("blank_image"), True, 10, 10)
    assert not shows_change(told, replace(told, boot_image=None, phase="Succeeded"))
    assert not shows_change(replace(told, boot_image=None), told)
    assert shows_change(told, replace(told, boot_image=None, capacity=20)) and shows_change(told, None)
    assert shows_change(None, told) and not shows_change(None, None)


# Failures


def test_a_bucket_that_a_failing_create_leaves_behind_is_a_change() -> None:
    server = Server()
    outcome = reconcile(Bucket("lab", "data", owner="nobody"), server)
    assert outcome.error is not None and outcome.changed
    assert rpcs(outcome) == ["CreateBucket"]
    assert server.sent == ["CreateBucket"] and outcome.resource is not None
    assert outcome.resource["owner"] == "system"
    assert outcome.msg.startswith("bucket data present: CreateBucket failed [unknown, HTTP 500]: NoSuchUser.")
    assert "owner 'nobody' does not exist" in outcome.msg


@pytest.mark.parametrize("code", ["unknown", "permission_denied"])
def test_a_create_that_did_its_work_and_then_failed_is_a_success(code: str) -> None:
    server = Server(faults=[Fault(code, effect=True, message="StatusCode: 404, NoSuchBucketPolicy: ")])
    outcome = reconcile(BUCKET, server)
    assert outcome.error is None and outcome.changed
    assert server.sent == ["CreateBucket"]


@pytest.mark.parametrize(
    "code", ["permission_denied", "unauthenticated", "invalid_argument", "unimplemented", "unknown", "internal"]
)
@every_kind
def test_a_refused_write_is_not_repeated(kind: Kind, code: str) -> None:
    server = kind.model(faults=[Fault(code)] * 9)
    outcome = reconcile(kind.resource(kind.example), server)
    assert outcome.error is not None and outcome.error.code == code
    assert len(server.writes) == 1 and not outcome.changed
    assert outcome.operations == [] and outcome.warnings == []


class HalfDenied(Server):
    """A server that makes a bucket, but lets nobody give it an owner."""

    def UpdateBucket(self, request: dict[str, Any]) -> dict[str, Any]:
        raise ApiError("permission_denied", "not yours", sent=True)


def test_a_refusal_for_good_ends_the_task_even_if_another_write_would_be_next() -> None:
    server = HalfDenied()
    outcome = reconcile(BUCKET, server)
    assert outcome.error is not None and outcome.error.code == "permission_denied"
    assert server.sent == ["CreateBucket"] and outcome.changed


def test_what_somebody_else_took_away_is_not_the_effect_of_a_refused_update() -> None:
    class Vanishing(Server):
        def UpdateBucket(self, request: dict[str, Any]) -> dict[str, Any]:
            self.things["bucket"].clear()
            raise ApiError("permission_denied", "not yours", sent=True)

    server = Vanishing(things=converged(BUCKET).things)
    outcome = reconcile(PRIVATE, server)
    assert outcome.error is not None and outcome.error.code == "permission_denied"
    assert not outcome.changed and outcome.operations == []
    assert outcome.resource is None


def test_what_is_final_is_not_tried_again_even_if_its_code_may_pass() -> None:
    class Flooding(Server):
        def CreateBucket(self, request: dict[str, Any]) -> dict[str, Any]:
            raise ApiError("resource_exhausted", "the answer is too large", sent=True, final=True)

    server = Flooding()
    outcome = reconcile(BUCKET, server)
    assert outcome.error is not None and "too large" in outcome.msg
    assert len(server.writes) == 1


def test_a_failure_says_whether_its_effect_is_known() -> None:
    class Meddled(Server):
        def write(self, procedure: str, request: Any) -> dict[str, Any]:
            self.things["vm_service"]["web"]["ports"][0]["port"] = 443
            return super().write(procedure, request)

    same = reconcile(ON_ANOTHER_PORT, Server(things=converged(SERVICE).things, faults=[Fault("internal")]))
    assert same.error is not None and not same.changed, "it is as it was"
    assert "Whether" not in same.msg, "it is as it was"
    things = converged(SERVICE).things
    other = reconcile(ON_ANOTHER_PORT, Meddled(things=things, faults=[Fault("internal")] * 2))
    assert other.error is not None and "Whether UpdateVirtualMachineService took effect is unknown." in other.msg
    unlisted = reconcile(VOLUME, Server(listed=False, faults=[Fault("internal")]))
    assert unlisted.error is not None and "Whether CreateDataVolume took effect is unknown." in unlisted.msg


def test_what_was_open_is_settled_by_the_refusal_that_proves_it() -> None:
    server = Server(listed=False, faults=[Fault(effect=True), None, Fault("permission_denied")])
    outcome = reconcile(SERVICE, server)
    assert server.sent == [*["CreateVirtualMachineService"] * 2, "UpdateVirtualMachineService"]
    assert outcome.error is not None and outcome.changed
    assert rpcs(outcome) == ["CreateVirtualMachineService"]
    assert "Done before: CreateVirtualMachineService." in outcome.msg and "Whether" not in outcome.msg


def test_a_failed_task_does_not_warn_of_what_it_did_not_do() -> None:
    server = converged(SERVICE, listed=False)
    server.faults = [None, Fault("permission_denied")]
    outcome = reconcile(SERVICE, server)
    assert outcome.error is not None and not outcome.changed
    assert outcome.warnings == []


@pytest.mark.parametrize("retries", [0, 1, 4])
@pytest.mark.parametrize("code", ["unavailable", "deadline_exceeded", "aborted", "resource_exhausted"])
def test_a_failure_that_may_pass_is_retried_so_often_and_no_more(code: str, retries: int) -> None:
    server = Server(faults=[Fault(code)] * 99)
    outcome = reconcile(BUCKET, server, retries=retries)
    assert outcome.error is not None and outcome.error.code == code
    assert not outcome.changed
    assert len(server.writes) == retries + 1
    patient = Server(faults=[Fault(code)] * retries)
    assert reconcile(BUCKET, patient, retries=retries).changed and len(patient.effects) == 1


def test_four_retries_are_made_if_nobody_says_how_many(clock: Clock) -> None:
    server = Server(faults=[Fault("unavailable")] * 99)
    assert apply(plan(BUCKET, server)).error is not None and len(server.writes) == 5


def test_a_write_that_never_left_is_not_followed_by_a_reading() -> None:
    server = Server(faults=[Fault("unavailable", sent=False, message="connection refused")])
    outcome = reconcile(BUCKET, server)
    assert outcome.error is not None and len(server.reads) == 1
    assert "connection refused" in outcome.msg


@every_kind
def test_a_lost_answer_with_effect_is_a_change_and_not_sent_again(kind: Kind) -> None:
    server = kind.model(faults=[Fault(effect=True)])
    outcome = reconcile(kind.resource(kind.example), server)
    assert outcome.error is None and outcome.changed
    assert rpcs(outcome) == server.sent == [kind.calls.create]


@every_kind
def test_a_lost_delete_of_what_was_listed_is_not_sent_again(kind: Kind) -> None:
    server = present(kind)
    server.faults = [Fault(effect=True)]
    outcome = reconcile(kind.resource(kind.gone), server)
    assert outcome.error is None and outcome.changed
    assert outcome.resource is None and len(server.writes) == 1


@some_unlisted
def test_a_lost_create_that_no_list_shows_is_a_change(kind: Kind) -> None:
    server = kind.model(listed=False, faults=[Fault(effect=True)])
    outcome = reconcile(kind.resource(kind.example), server)
    assert outcome.error is None and outcome.changed
    assert [rpc for rpc, _request in server.effects].count(kind.calls.create) == 1
    assert server.sent[0] == kind.calls.create
    lost = f"the answer to {server.sent[0]} was lost, but the resource exists already: it counts as successful"
    assert lost in outcome.warnings


@dataclass
class Slow(Server):
    """A server whose deletions show only after another reading."""

    leaving: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, procedure: str, request: Any) -> dict[str, Any]:
        now, self.things["vm_service"] = self.things["vm_service"], {**self.things["vm_service"], **self.leaving}
        try:
            return super().read(procedure, request)
        finally:
            self.things["vm_service"], self.leaving = now, {}

    def DeleteVirtualMachineService(self, request: dict[str, Any]) -> dict[str, Any]:
        now = dict(self.things["vm_service"])
        answer = super().DeleteVirtualMachineService(request)
        self.leaving = now
        return answer


def test_a_lost_delete_that_shows_late_is_a_change() -> None:
    server = Slow(things=converged(SERVICE).things, faults=[Fault(effect=True)])
    outcome = reconcile(gone(SERVICE), server)
    assert outcome.error is None and server.things["vm_service"] == {}
    assert outcome.changed and outcome.after == {}
    assert outcome.before["name"] == "web"


def test_a_second_failure_while_looking_says_that_the_effect_is_unknown() -> None:
    @dataclass
    class Dying(Server):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            if self.writes:
                raise ApiError("unavailable", "gone away", rpc="ListBuckets", sent=True)
            return super().read(procedure, request)

    outcome = reconcile(BUCKET, Dying(faults=[Fault("deadline_exceeded")]))
    assert outcome.error is not None and outcome.error.rpc == "CreateBucket"
    assert not outcome.changed
    assert "unknown" in outcome.msg and "gone away" in outcome.msg
    assert "the answer was lost" in outcome.msg


@every_kind
def test_what_changes_by_itself_is_not_taken_for_an_effect(kind: Kind) -> None:
    """Others store objects, imports go on: a refused write has changed nothing for all that."""

    @dataclass
    class Busy(kind.model):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            now = str(len(self.reads))
            for thing in self.things[kind.name].values():
                thing.update(usedBytes=now, usedObjects=now, phase=now, progress=now, createdAt=now)
                thing.update(lastCondition={"message": now})
                if "persistentVolumeClaim" in thing:
                    thing["persistentVolumeClaim"] = {"status": now}
            return super().read(procedure, request)

    server = Busy(things=present(kind).things, faults=[Fault("permission_denied")])
    outcome = reconcile(kind.resource(kind.another), server)
    assert outcome.error is not None and outcome.error.code == "permission_denied"
    assert not outcome.changed and outcome.operations == []


def test_a_policy_that_somebody_adds_meanwhile_is_none_of_our_business() -> None:
    class Shared(Server):
        def UpdateBucket(self, request: dict[str, Any]) -> dict[str, Any]:
            return super().UpdateBucket({**request, "policy": '{"Statement": []}'})

    outcome = reconcile(PRIVATE, Shared(things=converged(BUCKET).things))
    assert outcome.error is None and outcome.changed
    assert outcome.resource is not None and outcome.resource["policy"] == {"Statement": []}


# Time


def late(model: type[Model]) -> type[Any]:
    @dataclass
    class Late(model):
        """A server whose readings show the effect of a write only `delay` seconds after it."""

        clock: Clock = field(default_factory=Clock)
        delay: float = 0.0
        shown: dict[str, dict[str, Any]] = field(default_factory=dict)
        since: float = 0.0

        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            now = self.things
            self.things = now if not self.shown or self.clock.now >= self.since + self.delay else self.shown
            try:
                return super().read(procedure, request)
            finally:
                self.things = now

        def write(self, procedure: str, request: Any) -> dict[str, Any]:
            self.shown, self.since = copy.deepcopy(self.things), self.clock.now
            return super().write(procedure, request)

    return Late


def proven(resource: Any, server: Server) -> Outcome:
    """What becomes of it in a declaration, which reads at its end what it has only been told."""
    return Applied(plan(resource, server), retries=4, notify=None).prove()


# What takes its time, and how many seconds it is given.
SETTLING = [
    *((kind.model, kind.resource(kind.example), kind.resource(kind.gone), kind.settles) for kind in KINDS.values()),
    (Server, VOLUME, LARGER, 30),
    (Server, VOLUME, replace(gone(VOLUME), wait=Wait(50, 5)), 50),
]


@pytest.mark.parametrize(("model", "before", "wanted", "settle"), SETTLING)
def test_an_effect_has_its_time_to_show(
    model: type[Model], before: Any, wanted: Any, settle: float, clock: Clock
) -> None:
    things = converged(before, model).things
    server = late(model)(things=copy.deepcopy(things), clock=clock, delay=settle - 0.1)
    outcome = proven(wanted, server)
    assert outcome.error is None and outcome.changed
    assert len(server.writes) == 1
    assert settle - 0.1 <= clock.now <= settle + 2
    clock.now, clock.slept = 0.0, []
    never = proven(wanted, late(model)(things=things, clock=clock, delay=1e9))
    assert never.error is not None and never.error.code == "internal"
    assert not never.changed
    assert "whether it took effect is unknown" in never.msg and settle <= clock.now <= settle + 2
    assert clock.slept[:7] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0], "it looks again and again, less and less often"


def test_the_servers_ok_proves_a_deletion_that_is_over_with_it(clock: Clock) -> None:
    server = late(Server)(things=converged(BUCKET).things, clock=clock, delay=1e9)
    outcome = reconcile(gone(BUCKET), server)
    assert outcome.error is None and outcome.changed and outcome.resource is None and clock.now == 0
    assert server.reads == ["ListBuckets"]


def test_an_import_that_goes_on_meanwhile_does_not_cut_the_time_to_show(clock: Clock) -> None:
    @dataclass
    class Importing(late(Server)):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            for things in (self.things, self.shown):
                for volume in things.get("datavolume", {}).values():
                    volume.update(phase=f"at {clock.now}", progress=f"{clock.now}%", createdAt=f"{clock.now}")
                    volume["lastCondition"] = {"message": f"at {clock.now}"}
                    volume.setdefault("persistentVolumeClaim", {})["status"] = f"at {clock.now}"
            return super().read(procedure, request)

    server = Importing(things=converged(VOLUME).things, clock=clock, delay=20)
    outcome = reconcile(LARGER, server)
    assert outcome.error is None and outcome.changed
    assert clock.now >= 20


def test_what_became_something_else_is_not_waited_for(clock: Clock) -> None:
    class Generous(Server):
        def ExtendDataVolume(self, request: dict[str, Any]) -> dict[str, Any]:
            return super().ExtendDataVolume({**request, "sizeBytes": str(2**31)})

    outcome = reconcile(LARGER, Generous(things=converged(VOLUME).things))
    assert outcome.error is not None and outcome.error.code == "aborted"
    assert outcome.changed and clock.slept == []
    assert "not as before either" in outcome.msg and f"'size' is 20: it is now {2**31} bytes" in outcome.msg


def test_what_a_list_shows_only_while_it_goes_away_is_waited_for(clock: Clock) -> None:
    @dataclass
    class Leaving(Server):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            now = self.things
            if self.writes and clock.now < 3:
                self.things = there
            self.listed = bool(self.writes)
            try:
                return super().read(procedure, request)
            finally:
                self.things = now

    there = converged(SERVICE).things
    outcome = reconcile(gone(SERVICE), Leaving(things=copy.deepcopy(there)))
    assert outcome.error is None and outcome.changed
    assert outcome.resource is None and clock.now >= 3


def test_a_wait_looks_every_so_often_until_its_time_is_over(clock: Clock) -> None:
    server = converged(VOLUME)
    outcome = reconcile(replace(VOLUME, wait=Wait(11, 5)), server)
    assert outcome.error is not None and outcome.error.code == "deadline_exceeded"
    assert not outcome.changed
    assert clock.slept == [5, 5, 1] and "after waiting 11 s" in outcome.msg
    assert "ListDataVolumes failed" in outcome.msg and "'wait_timeout'" in outcome.msg


def test_a_wait_ends_as_soon_as_it_can(clock: Clock) -> None:
    @dataclass
    class Importing(Server):
        def read(self, procedure: str, request: Any) -> dict[str, Any]:
            for volume in self.things["datavolume"].values():
                volume["phase"] = "Succeeded" if clock.now >= 12 else "ImportInProgress"
            return super().read(procedure, request)

    outcome = reconcile(replace(VOLUME, wait=Wait(60, 5)), Importing())
    assert outcome.error is None and outcome.changed
    assert clock.slept == [5, 5, 5]
    assert outcome.resource is not None and outcome.resource["phase"] == "Succeeded"


def test_a_wait_for_a_volume_that_is_known_to_exist_says_that_no_list_shows_it(clock: Clock) -> None:
    outcome = reconcile(replace(VOLUME, wait=Wait(8, 5)), converged(VOLUME, listed=False))
    assert outcome.error is not None and not outcome.changed
    assert clock.slept == [5, 3]
    assert "does not list it yet" in outcome.msg


@pytest.mark.parametrize(("asked", "slept"), [(60.0, [60.0]), (60.1, [])])
def test_a_server_that_asks_for_more_than_a_minute_gets_no_further_try(
    asked: float, slept: list[float], clock: Clock
) -> None:
    class Asking(Server):
        def pause(self, tries: int, error: ApiError) -> float:
            return asked

    server = Asking(faults=[Fault("unavailable")])
    outcome = reconcile(BUCKET, server)
    assert clock.slept == slept and outcome.changed == bool(slept)
    assert len(server.writes) == 1 + len(slept)


def test_the_tries_are_counted_for_the_pauses_between_them(clock: Clock) -> None:
    class Asking(Server):
        def pause(self, tries: int, error: ApiError) -> float:
            return float(tries)

    assert reconcile(BUCKET, Asking(faults=[Fault("aborted")] * 3)).changed and clock.slept == [0.0, 1.0, 2.0]


def test_plans_that_contradict_each_other_are_followed_twice_and_no_more(clock: Clock) -> None:
    """ "It exists", "it does not", "it exists": somebody makes it and takes it away, again and again."""
    exists = Fault("aborted", message='services "web" already exists')
    missing = Fault("aborted", message='services "web" not found')
    server = Server(listed=False, faults=[exists, missing] * 9)
    outcome = reconcile(SERVICE, server, retries=0)
    assert outcome.error is not None and not outcome.changed
    assert [rpc[:6] for rpc in server.sent] == ["Create", "Update", "Create"] and clock.slept == [0.0, 0.0]


# Waiting


def waiting(**options: Any) -> DataVolume:
    return DataVolume("lab", "vms", "root", source=VOLUME.source, size=10, wait=Wait(1e-9, 1e-9), **options)


def test_waiting_returns_what_became_ready() -> None:
    server = converged(VOLUME)
    server.things["datavolume"]["root"]["phase"] = "Succeeded"
    outcome = reconcile(waiting(), server)
    assert outcome.error is None and not outcome.changed
    assert outcome.resource is not None and outcome.resource["phase"] == "Succeeded"


class Telling(DataVolume):
    """One that has more to say of a wait."""

    def reports(self, read: Read) -> str:
        return "events: FailedMount: no space"

    def after_wait(self, seen: Seen[DataVolumeState]) -> str:
        return "it has no file system yet"


def test_what_else_the_server_tells_of_a_wait_is_in_its_failure_or_a_warning() -> None:
    server = Server()
    wanted = Telling(**vars(waiting()))
    failed = reconcile(wanted, server)
    assert failed.error is not None and failed.error.message.endswith(" (events: FailedMount: no space)")
    server.things["datavolume"]["root"]["phase"] = "Succeeded"
    assert reconcile(wanted, server).warnings == ["it has no file system yet"]


def test_a_wait_that_ends_fails_with_phase_progress_and_condition_but_knows_the_change() -> None:
    outcome = reconcile(waiting(), Server())
    assert outcome.error is not None and outcome.error.code == "deadline_exceeded"
    assert outcome.changed
    assert "phase unknown, progress unknown, last condition: none" in outcome.msg and "'wait_timeout'" in outcome.msg
    assert "()" not in outcome.msg
    assert "Done before: CreateDataVolume." in outcome.msg


def test_a_wait_that_ends_at_kubernetes_names_that_call(clock: Clock) -> None:
    asked: list[str] = []

    class Leaving(Documents):
        def get(self, kind: Any, namespace: str, name: str) -> Any:
            if kind.resource != "datavolumes":
                return None
            asked.append(name)
            if len(asked) > 2:
                raise ApiError("unavailable", "gone fishing", rpc="GET")
            source, claim = {"http": {"url": "https://h/x"}}, {"resources": {"requests": {"storage": "10"}}}
            spec = {"source": source, "pvc": claim}
            return {"metadata": {"name": name}, "spec": spec, "status": {"phase": "Pending"}}

    outcome = reconcile(replace(VOLUME, wait=Wait(60, 5), dialect=DataVolumeMessages(cluster=Leaving())), Server())
    assert outcome.error is not None and not outcome.changed and clock.slept == [5, 5]
    assert "GET failed [unavailable]: gone fishing" in outcome.msg


def test_check_mode_does_not_wait() -> None:
    assert reconcile(waiting(), converged(VOLUME), check=True).error is None


def test_a_volume_whose_import_fails_at_once_is_shown_as_it_is() -> None:
    class Failing(Server):
        def CreateDataVolume(self, request: dict[str, Any]) -> dict[str, Any]:
            super().CreateDataVolume(request)["phase"] = "Failed"
            return self.things["datavolume"]["root"]

    outcome = reconcile(waiting(), Failing())
    assert outcome.error is not None and outcome.error.code == "failed_precondition"
    assert outcome.changed
    assert outcome.resource is not None and outcome.resource["phase"] == "Failed"


def test_a_write_that_took_two_tries_is_certain_in_the_end() -> None:
    outcome = reconcile(waiting(), Server(faults=[Fault("unavailable")]))
    assert outcome.error is not None and "Done before: CreateDataVolume." in outcome.msg
    assert "Whether" not in outcome.msg
