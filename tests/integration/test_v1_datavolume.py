# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes of OtterScale 1.x: what is sent for them, what comes of it in time, and what is refused in which words.

Most tests run the tasks of one loop without Ansible around them; the last one runs a playbook both ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import datavolume, declaration

from emulator.process import Emulator
from tests.integration.playbook import MODULE
from tests.integration.test_in_process import VOLUME, assert_alike, play
from tests.integration.test_v1 import Run, sent

TOKEN = "v1-volume-token-that-must-not-leak"
ARGUMENTS = ("--generation", "v1.4", "--import-seconds", "0.6")
TASK, INFO, RESOURCES = datavolume.TASK, datavolume.INFO, declaration.TASK
GI = 1 << 30
ROOT = {"name": "root", "namespace": "default"}
BLANK = {**ROOT, "source": {"type": "blank_image"}, "size": "10Gi"}
URL = "https://images.test/a.img"
IMAGE = {**ROOT, "source": {"type": "http_url", "data": URL}, "size": "10Gi"}
WAIT = {"wait": True, "wait_timeout": 20, "wait_sleep": 0.05}
GONE = {**ROOT, "state": "absent"}
READ = ["Get", "Get"]  # the volume and its claim
DENIED = 'admission webhook "datavolume-validate.cdi.kubevirt.io" denied the request:  '
LABEL = "otterscale.com/data-volume.boot-image"


class VolumeRun(Run):
    """The tasks of one loop. They wait for nothing that they are not told to wait for."""

    def __init__(self, emulator: Emulator, **connection: Any) -> None:
        super().__init__(emulator, **{"api_token": TOKEN, "server_api": "resource_v1", **connection})

    def __call__(self, task: Any = TASK, check: bool = False, **options: Any) -> dict[str, Any]:
        return super().__call__(task, check, **options)

    def again(self) -> VolumeRun:
        """Another loop, which has read nothing yet."""
        return VolumeRun(self.emulator)


@pytest.fixture
def run(emulator: Emulator) -> VolumeRun:
    return VolumeRun(emulator)


@pytest.fixture(scope="module")
def slow() -> Iterator[Emulator]:
    """A server on which deletions take time, without Update."""
    arguments = ("--generation", "v1.1", "--deletion-seconds", "0.4", "--import-seconds", "0")
    with Emulator(*arguments, token=TOKEN) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def collecting() -> Iterator[Emulator]:
    with Emulator("--generation", "v1.4", "--set", "collected=true", "--import-seconds", "0", token=TOKEN) as emulator:
        yield emulator


def get(emulator: Emulator, resource: str, name: str = "root") -> dict[str, Any] | None:
    """An object as Kubernetes has it."""
    group, version = ("cdi.kubevirt.io", "v1beta1") if resource == "datavolumes" else ("", "v1")
    kind = {"cluster": "demo", "group": group, "version": version, "resource": resource}
    status, answer = emulator.call("resource", "Get", **kind, namespace="default", name=name)
    if status == 404:
        return None
    found: dict[str, Any] = answer["object"]
    return found


def claim(emulator: Emulator, name: str = "root") -> dict[str, Any]:
    found = get(emulator, "persistentvolumeclaims", name)
    assert found, name
    return found


def volume(name: str = "root", **spec: Any) -> dict[str, Any]:
    """A DataVolume as others may have made it."""
    template = {"storage": {"resources": {"requests": {"storage": "10Gi"}}}}
    metadata = {"name": name, "namespace": "default"}
    filled = {"source": {"blank": {}}, **template, **spec}
    return {"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume", "metadata": metadata, "spec": filled}


def foreign_claim(name: str = "root", size: str = "1Gi", **metadata: Any) -> dict[str, Any]:
    """A claim of somebody else's."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    named = {"name": name, "namespace": "default", **metadata}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": named, "spec": spec}


def rigid_class(emulator: Emulator) -> None:
    """A storage class whose volumes do not grow."""
    emulator.put(
        "object",
        apiVersion="storage.k8s.io/v1",
        kind="StorageClass",
        metadata={"name": "rigid"},
        provisioner="example.com/rigid",
    )


# Creating


def test_a_volume_is_created_predicted_waited_for_and_found_again(run: VolumeRun, emulator: Emulator) -> None:
    checked = run(check=True, **IMAGE, boot_image=True)
    assert run.rpcs() == READ, "check mode sends nothing that could write"
    made = run(**IMAGE, boot_image=True, **WAIT)
    same = ("changed", "diff", "operations")
    assert [made[key] for key in same] == [checked[key] for key in same]
    assert made["operations"] == [{"rpc": "Create", "reason": "it does not exist"}]
    create = next(call for call in run.calls() if call["write"])
    assert sent(create) == {
        **{"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume"},
        "metadata": {"name": "root", "namespace": "default", "labels": {LABEL: "true"}},
        "spec": {"source": {"http": {"url": URL}}, "storage": {"resources": {"requests": {"storage": "10Gi"}}}},
    }
    shown = made["datavolume"]
    assert (shown["phase"], shown["progress"], shown["boot_image"]) == ("Succeeded", "100.0%", True)
    assert (shown["size_bytes"], shown["capacity_bytes"]) == (10 * GI, 10 * GI)
    own = shown["persistent_volume_claim"]
    assert (own["name"], own["status"], own["storage_class"]) == ("root", "Bound", "ceph-rbd")
    assert shown["last_condition"]["type"] == "Running" and shown["created_at"].endswith("Z")
    assert [phase["phase"] for phase in made["phases"]][-1] == "Succeeded" and len(made["phases"]) > 1
    again = run.again()
    unchanged = again(**IMAGE, boot_image=True)
    assert not unchanged["changed"] and unchanged["datavolume"] == shown and not unchanged["warnings"]
    assert unchanged["diff"]["before"] == unchanged["diff"]["after"]
    assert again(INFO, namespace="default", name="root")["datavolumes"] == [shown]
    assert again.rpcs() == [*READ, "List", "List"]


@pytest.mark.parametrize(
    ("data", "source"),
    [
        ("gold", {"namespace": "default", "name": "gold"}),
        ("images/gold", {"namespace": "images", "name": "gold"}),
    ],
)
def test_a_copy_may_be_of_another_namespace(run: VolumeRun, data: str, source: dict[str, str]) -> None:
    copy = {**BLANK, "source": {"type": "existing_persistent_volume_claim", "data": data}}
    assert run(**copy)["changed"]
    assert sent(run.calls()[-1])["spec"]["source"] == {"pvc": source}
    again = run.again()(**copy)
    assert not again["changed"] and again["datavolume"]["source"]["data"] == data


def test_class_and_modes_are_sent_compared_and_cannot_be_changed(run: VolumeRun, emulator: Emulator) -> None:
    modes = ["ReadWriteMany", "ReadWriteOnce"]
    wanted = {**BLANK, "storage_class": "ceph-rbd", "access_modes": modes}
    made = run(**wanted)
    storage = sent(run.calls()[-1])["spec"]["storage"]
    assert (storage["storageClassName"], storage["accessModes"]) == ("ceph-rbd", modes)
    assert made["diff"]["after"]["storage_class"] == "ceph-rbd" and made["declared"]["access_modes"] == modes
    again = run.again()
    same = again(**{**wanted, "access_modes": modes[::-1]})
    assert not same["changed"] and same["diff"]["before"] == same["diff"]["after"]
    assert same["datavolume"]["persistent_volume_claim"]["access_modes"] == modes
    for change, now in (({"storage_class": "local-path"}, "now ceph-rbd"), ({"access_modes": modes[:1]}, "now ")):
        for check in (True, False):
            refused = again(check=check, **{**wanted, **change})
            assert refused["error"]["code"] == "client" and not refused["changed"]
            assert f"option '{next(iter(change))}' is" in refused["msg"] and now in refused["msg"]
    assert not [call for call in again.calls() if call["write"]]
    # The class that a volume has got by default is its class.
    emulator.put("object", **volume("plain"))
    assert not run.again()(name="plain", namespace="default", storage_class="ceph-rbd")["failed"]


def test_an_older_server_refuses_them_before_any_write() -> None:
    with Emulator("--generation", "mapped", token=TOKEN) as mapped:
        older = Run(mapped, api_token=TOKEN)
        for option in ({"storage_class": "fast"}, {"access_modes": ["ReadWriteOnce"]}):
            for check in (True, False):
                refused = older(TASK, check, **BLANK, **option)
                assert refused["error"]["code"] == "client" and "only OtterScale 1.x can set it" in refused["msg"]
        assert not older(TASK, **GONE, storage_class="fast")["failed"], "it makes no difference to an absence"
        assert {call["rpc"] for call in older.calls() if call["effect"]} == set()


def test_options_that_make_no_sense_are_refused_before_any_call(run: VolumeRun) -> None:
    for option in ({"storage_class": ""}, {"storage_class": "A b"}, {"access_modes": []}):
        assert run(**BLANK, **option)["error"]["code"] == "client"
    assert run.rpcs() == []


def test_which_api_there_is_is_asked_once(emulator: Emulator) -> None:
    auto = Run(emulator, api_token=TOKEN)
    for name in ("one", "two"):
        assert auto(TASK, **{**BLANK, "name": name})["changed"]
    assert auto.rpcs() == ["ListDataVolumes", "Check", *READ, "Create", *READ, "Create"]


def test_many_volumes_cost_two_lists_and_their_writes(run: VolumeRun) -> None:
    volumes = [{**BLANK, "name": f"disk-{number}"} for number in range(30)]
    made = run(RESOURCES, datavolumes=volumes)
    assert made["summary"]["changed"] == 30
    rpcs = run.rpcs()
    assert rpcs.count("Create") == 30 and rpcs.count("List") == 2 and len(rpcs) == 32
    again = run.again()
    assert again(RESOURCES, datavolumes=volumes)["summary"]["unchanged"] == 30
    for options in volumes:
        assert not again(**options)["changed"]
    assert again.rpcs() == ["List", "List"], "a loop shares what is read"
    loop = run.again()
    for options in volumes:
        assert not loop(**options)["changed"]
    assert loop.rpcs() == [*READ * 3, "List", "List"], "what a loop is about shows item by item"
    gone = run.again()
    removed = gone(RESOURCES, datavolumes=[{**item, "state": "absent"} for item in volumes])
    assert removed["summary"]["changed"] == 30
    assert gone.rpcs().count("List") == 4 and not gone(INFO, namespace="default")["datavolumes"]


# What others have made


def test_what_the_dashboard_made_is_compared(run: VolumeRun, emulator: Emulator) -> None:
    """It uses spec.pvc, and no label."""
    template = {"resources": {"requests": {"storage": "10Gi"}}, "accessModes": ["ReadWriteOnce"]}
    made = volume(pvc=template, source={"http": {"url": URL}})
    del made["spec"]["storage"]
    emulator.put("object", **made)
    result = run(**IMAGE, boot_image=True)
    assert not result["changed"] and not result["warnings"] and result["datavolume"]["boot_image"] is None
    refused = run(**BLANK)
    assert refused["error"]["code"] == "client"
    assert f"it is now {{'type': 'http_url', 'data': '{URL}'}}" in refused["msg"]


def test_a_source_that_cannot_be_made_is_there_and_not_compared(run: VolumeRun, emulator: Emulator) -> None:
    emulator.put("object", **volume(source={"registry": {"url": "docker://quay.test/a"}}))
    for check in (False, True):
        found = run(check=check, **{**BLANK, "size": "20Gi"}, **WAIT)
        assert not found["changed"] and found["operations"] == []
        (warning,) = found["warnings"]
        assert "'registry'" in warning and "could not be compared" in warning
        assert found["diff"]["before"]["source"] == found["diff"]["after"]["source"]
        assert found["datavolume"]["source"] is None and found["datavolume"]["capacity_bytes"] == 10 * GI
    shown = run(INFO, namespace="default")["datavolumes"]
    assert [item["source"] for item in shown] == [None]
    assert not [call for call in run.calls() if call["write"]]
    # A task that names no source can make it grow and delete it.
    assert run(**ROOT, size="20Gi", **WAIT)["datavolume"]["capacity_bytes"] == 20 * GI
    assert run(**GONE)["changed"] and get(emulator, "datavolumes") is None


def test_a_foreign_claim_takes_the_name_and_is_left_alone(run: VolumeRun, emulator: Emulator) -> None:
    emulator.put("object", **foreign_claim())
    for check in (True, False):
        refused = run(check=check, **BLANK)
        assert refused["error"]["code"] == "client" and "PersistentVolumeClaim of this name" in refused["msg"]
        assert not run(check=check, **GONE)["changed"]
    assert not run(INFO, namespace="default")["datavolumes"]
    assert not [call for call in run.calls() if call["write"]] and claim(emulator)


def test_only_volumes_with_otterscales_label_are_removed(run: VolumeRun, emulator: Emulator) -> None:
    emulator.put("object", **volume("boot-disk"))
    for name in ("one", "two"):
        run(**{**BLANK, "name": name})
    declared = {"datavolumes": [{**BLANK, "name": "one"}], "namespaces": ["default"], "state": "overridden"}
    result = run.again()(RESOURCES, **declared, confirm_removal=1)
    assert not result["failed"] and [entry["name"] for entry in result["removals"]] == ["two"]
    left = run.again()(INFO, namespace="default")["datavolumes"]
    assert [item["name"] for item in left] == ["boot-disk", "one"]


# Growing


def test_a_volume_grows_by_its_claim_and_nothing_else_changes(run: VolumeRun, emulator: Emulator) -> None:
    run(**BLANK, **WAIT)
    present = claim(emulator)
    present["metadata"]["annotations"]["note"] = "mine"
    emulator.put("object", **present)
    before = claim(emulator)
    larger = {**BLANK, "size": "20Gi"}
    run.calls()
    checked = run.again()(check=True, **larger)
    grown = run.again()(**larger)
    assert [grown[key] for key in ("changed", "diff", "operations")] == [
        checked[key] for key in ("changed", "diff", "operations")
    ]
    reason = f"its size is {10 * GI} bytes, not {20 * GI}"
    assert grown["operations"] == [{"rpc": "Update", "reason": reason}] and grown["diff"]["before"]["size"] == 10 * GI
    calls = run.calls()
    assert [call["rpc"] for call in calls] == [*READ, *READ, "Update"], "the answer proves that it is accepted"
    assert calls[-1]["request"]["fieldManager"] == "otterscale.core"
    assert sent(calls[-1])["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    done = run.again()(**larger, **WAIT)
    assert not done["changed"] and done["datavolume"]["capacity_bytes"] == 20 * GI
    assert done["datavolume"]["size_bytes"] == 10 * GI, "what it was created with stays"
    after = claim(emulator)
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert after["spec"].pop("resources") == {"requests": {"storage": "20Gi"}}
    before["spec"].pop("resources")
    assert after["spec"] == before["spec"]
    refused = run.again()(**BLANK)
    assert refused["error"]["code"] == "client" and "a volume can only grow" in refused["msg"]


def test_a_conflict_is_planned_anew(run: VolumeRun, emulator: Emulator) -> None:
    run(**BLANK, **WAIT)
    theirs = claim(emulator)
    theirs["metadata"]["annotations"]["note"] = "theirs"
    body = json.dumps({"kind": "object", "object": theirs})
    emulator.add_faults({"kind": "put", "rpc": "Update", "body": body})
    run.calls()
    grown = run.again()(**{**BLANK, "size": "20Gi"}, **WAIT)
    assert grown["changed"] and len(grown["operations"]) == 1 and grown["datavolume"]["capacity_bytes"] == 20 * GI
    writes = [(call["rpc"], call["code"]) for call in run.calls() if call["write"]]
    assert writes == [("Update", "failed_precondition"), ("Update", "ok")]
    assert claim(emulator)["metadata"]["annotations"]["note"] == "theirs"


@pytest.mark.parametrize("rpc", ["Create", "Update", "Delete"])
def test_a_lost_answer_is_looked_up(run: VolumeRun, emulator: Emulator, rpc: str) -> None:
    if rpc != "Create":
        run(**BLANK, **WAIT)
    emulator.add_faults({"kind": "close", "rpc": rpc, "when": "after"})
    run.calls()
    result = run.again()(**(GONE if rpc == "Delete" else {**BLANK, "size": "20Gi"}))
    assert result["changed"] and [operation["rpc"] for operation in result["operations"]] == [rpc]
    assert run.rpcs().count(rpc) == 1


def test_what_cannot_grow_says_why(run: VolumeRun, emulator: Emulator) -> None:
    rigid_class(emulator)
    run(**BLANK, storage_class="rigid", **WAIT)
    refused = run.again()(**{**BLANK, "size": "20Gi"})
    assert refused["error"]["code"] == "permission_denied" and not refused["changed"]
    assert "allowVolumeExpansion" in refused["msg"] and "does not let claims grow" in refused["msg"]
    lazy = {**BLANK, "name": "lazy"}
    run(**lazy, storage_class="local-path")
    for check in (True, False):
        refused = run.again()(check=check, **{**lazy, "size": "20Gi"})
        assert refused["error"]["code"] == "failed_precondition" and "only once it is bound" in refused["msg"]


def test_a_server_without_update_is_told_by_apply(slow: Emulator) -> None:
    slow.reset(journal=True)
    run = VolumeRun(slow)
    assert run(**BLANK, **WAIT)["datavolume"]["capacity_bytes"] > 10 * GI, "with the overhead of a file system"
    grown = run.again()(**{**BLANK, "size": "20Gi"}, **WAIT)
    assert [operation["rpc"] for operation in grown["operations"]] == ["Apply"] and not grown["warnings"]
    assert grown["datavolume"]["capacity_bytes"] == 20 * GI
    apply = next(call for call in run.calls() if call["rpc"] == "Apply")
    assert apply["request"]["force"] and sent(apply)["spec"] == {"resources": {"requests": {"storage": "20Gi"}}}
    assert claim(slow)["spec"]["storageClassName"] == "ceph-rbd"


# Waiting


def test_a_volume_that_waits_for_its_first_consumer_is_not_waited_for(run: VolumeRun, emulator: Emulator) -> None:
    made = run(**BLANK, storage_class="local-path", **WAIT)
    assert made["changed"] and not made["failed"] and made["datavolume"]["phase"] == "WaitForFirstConsumer"
    (warning,) = made["warnings"]
    assert "waits for its first consumer" in warning and "virtual machine" in warning
    again = run.again()(**BLANK, **WAIT)
    assert not again["changed"] and again["warnings"] == made["warnings"]
    assert not run.again()(**BLANK)["warnings"], "who does not wait is not bothered"
    emulator.put("virtual_machine", namespace="default", name="app", boot_data_volume="root")
    used = run.again()(**BLANK, **WAIT)
    assert used["datavolume"]["phase"] == "Succeeded" and not used["warnings"]


def test_a_wait_that_fails_tells_what_happened(run: VolumeRun, emulator: Emulator) -> None:
    bad = {**IMAGE, "source": {"type": "http_url", "data": "https://images.test/fail.img"}}
    failed = run(**bad, **WAIT)
    assert failed["error"]["code"] == "failed_precondition" and failed["changed"]
    assert "phase Failed" in failed["msg"] and "404 Not Found" in failed["msg"]
    assert "(events: Failed: Unable to connect to http data source" in failed["msg"]
    assert "Correct the source" in failed["msg"] and run.rpcs()[-2:] == ["Describe", "Describe"]
    stuck = {**bad, "name": "none"}
    late = run(**{**stuck, "source": {"type": "blank_image"}}, storage_class="nowhere", **{**WAIT, "wait_timeout": 0.3})
    assert late["error"]["code"] == "deadline_exceeded" and late["changed"]
    assert 'storageclass.storage.k8s.io "nowhere" not found' in late["msg"] and "(events: " in late["msg"]
    emulator.add_faults({"kind": "error", "rpc": "Describe", "code": "permission_denied", "count": 2})
    silent = run.again()(**bad, **WAIT)
    assert silent["error"]["code"] == "failed_precondition", "what cannot be read does not hide why it failed"


# Deleting


def test_a_deletion_takes_its_time_and_is_waited_for_if_that_is_wanted(slow: Emulator) -> None:
    slow.reset(journal=True)
    run = VolumeRun(slow)
    run(**BLANK)
    gone = run.again()(**GONE)
    assert gone["changed"] and gone["datavolume"] is None and gone["diff"]["after"] == {}
    going = get(slow, "datavolumes")
    assert going is not None and going["metadata"]["deletionTimestamp"]
    run.calls()
    for check in (True, False):
        refused = run.again()(check=check, **BLANK)
        assert refused["error"]["code"] == "failed_precondition"
        assert "being deleted" in refused["msg"] and "cdi.kubevirt.io/dataVolumeFinalizer" in refused["msg"]
        assert not run.again()(check=check, **GONE)["changed"], "it is not deleted twice"
    assert not run.again()(INFO, namespace="default")["datavolumes"]
    assert not [call for call in run.calls() if call["write"]]
    waited = run.again()(**GONE, **WAIT)
    assert not waited["changed"] and waited["datavolume"] is None
    assert get(slow, "datavolumes") is None and get(slow, "persistentvolumeclaims") is None
    assert run.again()(**BLANK)["changed"]
    assert run.again()(**GONE, **WAIT)["changed"] and get(slow, "persistentvolumeclaims") is None


def test_a_finalizer_that_never_ends_ends_the_wait(run: VolumeRun, emulator: Emulator) -> None:
    held = volume()
    held["metadata"] |= {"finalizers": ["example.com/hold"]}
    emulator.put("object", **held)
    late = run(**GONE, **{**WAIT, "wait_timeout": 0.3})
    assert late["error"]["code"] == "deadline_exceeded" and late["changed"] and "example.com/hold" in late["msg"]
    assert late["operations"] == [{"rpc": "Delete", "reason": "it exists"}]


def test_a_collected_volume_is_its_claim(collecting: Emulator) -> None:
    collecting.reset(journal=True)
    run = VolumeRun(collecting)
    assert run(**BLANK, **WAIT)["datavolume"]["phase"] == "Succeeded"
    assert get(collecting, "datavolumes") is None and claim(collecting)
    again = run.again()
    for check in (True, False):
        found = again(check=check, **BLANK, **WAIT)
        assert not found["changed"] and "could not be compared" in found["warnings"][0]
        assert found["datavolume"]["capacity_bytes"] == 10 * GI and found["datavolume"]["source"] is None
    assert [item["name"] for item in again(INFO, namespace="default")["datavolumes"]] == ["root"]
    assert not again(**ROOT)["warnings"], "there is no source to compare"
    assert not [call for call in again.calls() if call["write"]]
    grown = run.again()(**{**BLANK, "size": "20Gi"}, **WAIT)
    assert grown["changed"] and grown["datavolume"]["capacity_bytes"] == 20 * GI
    run.calls()
    gone = run.again()(**GONE, **WAIT)
    assert gone["changed"] and gone["datavolume"] is None and get(collecting, "persistentvolumeclaims") is None
    (delete,) = (call for call in run.calls() if call["write"])
    assert delete["request"]["resource"] == "persistentvolumeclaims"


# Refusals


@pytest.mark.parametrize(
    ("code", "said", "advice"),
    [
        ("not_found", 'namespaces "default" not found', "The namespace 'default' does not exist"),
        (
            "permission_denied",
            'datavolumes.cdi.kubevirt.io "root" is forbidden: exceeded quota: disks, requested: requests.storage=10Gi',
            "A quota of namespace default is reached",
        ),
        (
            "permission_denied",
            "unable to create new content in namespace default because it is being terminated",
            "The namespace 'default' is being deleted",
        ),
        (
            "invalid_argument",
            f"{DENIED}Destination PVC default/root already exists",
            "choose another 'name'",
        ),
        (
            "invalid_argument",
            f"{DENIED}DataVolume source http URL is not valid",
            "correct 'source'",
        ),
        ("permission_denied", "no", "lacks the permission"),
    ],
)
def test_a_refusal_says_what_to_do(run: VolumeRun, emulator: Emulator, code: str, said: str, advice: str) -> None:
    emulator.add_faults({"kind": "error", "rpc": "Create", "code": code, "message": f"{said}: {said}"})
    refused = run(**BLANK)
    assert refused["error"]["code"] == code and refused["error"]["rpc"] == "Create" and not refused["changed"]
    assert advice in refused["msg"] and run.rpcs().count("Create") == 1


def test_a_race_for_the_name_is_no_failure(run: VolumeRun, emulator: Emulator) -> None:
    body = json.dumps({"kind": "object", "object": volume()})
    emulator.add_faults({"kind": "put", "rpc": "Create", "body": body})
    second = run(**BLANK)
    assert not second["changed"] and second["operations"] == [] and second["datavolume"]["boot_image"] is None


def test_a_race_for_the_name_is_planned_anew_by_what_the_other_made(run: VolumeRun, emulator: Emulator) -> None:
    body = json.dumps({"kind": "object", "object": volume()})
    emulator.add_faults({"kind": "put", "rpc": "Create", "body": body})
    second = run(**{**BLANK, "size": "20Gi"})
    assert [operation["rpc"] for operation in second["operations"]] == ["Update"], second
    assert [call["rpc"] for call in run.calls() if call["write"]] == ["Create", "Update"]


def test_absence_is_only_what_the_cluster_says_of_the_volume(emulator: Emulator) -> None:
    run = VolumeRun(emulator)
    assert not run(name="root", namespace="nowhere", state="absent")["changed"]
    emulator.put("cluster", cluster="demo", missing=["cdi.kubevirt.io/v1beta1"])
    refused = run.again()(**GONE)
    assert refused["failed"] and "does not serve datavolumes.cdi.kubevirt.io" in refused["msg"]
    assert "KubeVirt's CDI is installed" in refused["msg"]
    emulator.put("cluster", cluster="demo", missing=[], online=False, refused_seconds=0)
    refused = run.again()(**GONE)
    assert refused["failed"] and "registered" in refused["msg"]


# The same both ways


def test_tasks_in_process_and_as_modules_do_the_same(both: dict[str, Emulator], tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    disk = {"namespace": "default", "source": {"type": "blank_image"}, "size": "10Gi"}
    resources = "otterscale.core.otterscale_resources"
    tasks: list[dict[str, Any]] = [
        {VOLUME: {**disk, "name": "{{ item }}", "storage_class": "ceph-rbd", **WAIT}, "loop": names},
        {VOLUME: {**disk, "name": "{{ item }}", "size": "20Gi", **WAIT}, "loop": names},
        {VOLUME: {**disk, "name": "lazy", "storage_class": "local-path", "access_modes": ["ReadWriteOnce"], **WAIT}},
        {VOLUME: {**disk, "name": "{{ item }}", "size": "5Gi"}, "loop": names[:1], "ignore_errors": True},
        {f"{VOLUME}_info": {"namespace": "default"}},
        {resources: {"datavolumes": [{**disk, "name": name, "size": "20Gi"} for name in names]}},
        {VOLUME: {"name": "{{ item }}", "namespace": "default", "state": "absent", **WAIT}, "loop": names},
    ]
    run = play(tmp_path, both, *tasks)
    told = assert_alike(run, both)
    assert [result.get("changed") for result in told] == [True] * 7 + [False] * 3 + [True] * 3
    assert TOKEN not in run.output
    found_out = [sum(call["rpc"] == "Check" for call in run.calls[host]) for host in ("plain", "plain" + MODULE)]
    assert found_out == [len(tasks), len(told)], "the items of a loop share which API the server has"
