# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes as objects of Kubernetes: what a volume and its claim tell, what is in its place, what refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Plan,
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
    Wait,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError, OtherApi
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.model.datavolume import (
    DataVolumeState,
    Source,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.objects.datavolume import DataVolumeObjects

GI = 1 << 30
OTHER = OtherApi("unimplemented", "this server has another API")
WANTED = DataVolume("lab", "vms", "root", source=Source("blank_image"), size=10 * GI)
OBJECTS = replace(WANTED, dialect=DataVolumeObjects())
GONE = replace(OBJECTS, absent=True)
CDI = {"annotations": {"cdi.kubevirt.io/storage.contentType": "kubevirt"}}
OWNED = {"ownerReferences": [{"kind": "DataVolume", "name": "root", "uid": "1"}]}
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/a", "example.com/b"]}


def volume(metadata: Mapping[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        **{"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume"},
        "metadata": {"name": "root", "namespace": "vms", **(metadata or {})},
        "spec": {"source": {"blank": {}}, "storage": storage("10Gi"), **spec},
        "status": {"phase": "Succeeded", "progress": "100.0%"},
    }


def storage(size: str) -> dict[str, Any]:
    return {"resources": {"requests": {"storage": size}}}


def claim(metadata: Mapping[str, Any] | None = None, has: str = "10Gi", size: str = "10Gi", **status: Any) -> Any:
    return {
        **{"apiVersion": "v1", "kind": "PersistentVolumeClaim"},
        "metadata": {"name": "root", "namespace": "vms", "resourceVersion": "7", **(metadata or {})},
        "spec": {**storage(size), "storageClassName": "ceph-rbd", "accessModes": ["ReadWriteOnce"]},
        "status": {"phase": "Bound", "capacity": {"storage": has}, **status},
    }


class Cluster:
    """What the server answers. asked: resources that were read, each with the call."""

    def __init__(self, volume: Any = None, claim: Any = None, events: Mapping[str, Any] | None = None) -> None:
        self.found = {"datavolumes": volume, "persistentvolumeclaims": claim}
        self.events = events or {}
        self.asked: list[tuple[str, str]] = []

    def __call__(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        rpc, resource = procedure.rpartition("/")[2], request["resource"]
        self.asked.append((rpc, resource))
        if rpc == "List":
            return {"items": [{"object": item} for item in (self.found[resource],) if item]}
        if rpc == "Describe":
            if resource not in self.events:
                raise ApiError("permission_denied", "no", sent=True)
            return {"events": [{"object": event} for event in self.events[resource]]}
        if self.found[resource] is None:
            plural = f"{resource}.{request['group']}".rstrip(".")
            raise ApiError("not_found", f'{plural} "root" not found', sent=True)
        return {"object": self.found[resource]}


def seen(volume: Any = None, claim: Any = None, wanted: DataVolume = OBJECTS) -> Seen[DataVolumeState]:
    return wanted.observe(Cluster(volume, claim))


def state(volume: Any = None, claim: Any = None) -> DataVolumeState:
    found = seen(volume, claim).state
    assert found is not None
    return found


# Which dialect


def test_a_server_is_told_as_it_understands() -> None:
    objects = WANTED.otherwise(OTHER)
    assert objects == OBJECTS and objects is not None
    applies = objects.otherwise(OTHER)
    assert applies == replace(OBJECTS, dialect=DataVolumeObjects(applies=True)) and applies is not None
    assert applies.otherwise(OTHER) is None, "there is no third way"


def test_many_are_read_by_two_lists_and_one_by_name() -> None:
    for many, calls in ((False, "Get"), (True, "List")):
        wanted = WANTED.among_many() if many else WANTED
        objects, cluster = wanted.otherwise(OTHER), Cluster(volume(), claim())
        assert objects is not None and objects.observe(cluster).state == state(volume(), claim())
        assert cluster.asked == [(calls, "persistentvolumeclaims"), (calls, "datavolumes")]


@pytest.mark.parametrize(("left", "presence"), [(None, Presence.ABSENT), (claim(CDI), Presence.PRESENT)])
def test_a_volume_that_goes_between_two_reads_is_looked_at_again(left: Any, presence: Presence) -> None:
    """It was deleted, or collected."""
    cluster = Cluster(None, claim({**CDI, **OWNED}))

    def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = cluster(procedure, request) if cluster.asked != [("Get", "persistentvolumeclaims")] else None
        if answer is None:
            cluster.found["persistentvolumeclaims"] = left
            answer = cluster(procedure, request)
        return answer

    assert OBJECTS.observe(read).presence is presence and len(cluster.asked) == 3


# What is there


def test_size_class_and_modes_are_those_of_the_claim_if_there_is_one() -> None:
    template = {**storage("10Gi"), "storageClassName": "fast", "accessModes": ["ReadWriteMany"]}
    for place in ("storage", "pvc"):
        spec = {"storage": None, place: template}
        alone = state(volume(**spec))
        assert (alone.size, alone.real_size, alone.capacity) == (10 * GI, 10 * GI, 0)
        assert (alone.storage_class, alone.access_modes) == ("fast", frozenset({"ReadWriteMany"}))
        both = state(volume(**spec), claim(has="20Gi", size="30Gi"))
        assert (both.size, both.capacity, both.real_size, both.grows) == (10 * GI, 20 * GI, 30 * GI, True)
        assert (both.storage_class, both.access_modes) == ("ceph-rbd", frozenset({"ReadWriteOnce"}))
        assert OBJECTS.as_result(both)["persistent_volume_claim"]["capacity"] == "20Gi"


def test_what_is_not_told_is_no_difference() -> None:
    wanted = replace(OBJECTS, storage_class="fast", access_modes=("ReadWriteOnce",), boot_image=True)
    told = Seen(Presence.PRESENT, state(volume()))
    assert wanted.plan(told) == Plan() and told.state is not None
    assert wanted.diff_before(told.state) == wanted.diff_after()
    assert OBJECTS.as_result(told.state)["boot_image"] is None


@pytest.mark.parametrize(("text", "boot_image"), [("true", True), ("false", False), ("maybe", None)])
def test_the_label_says_whether_it_is_a_boot_image(text: str, boot_image: bool | None) -> None:
    labels = {"labels": {"otterscale.com/data-volume.boot-image": text}}
    assert state(volume(labels)).boot_image is boot_image
    assert state(None, claim({**CDI, **labels})).boot_image is boot_image


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"source": {"registry": {"url": "docker://x"}}}, "its source is of kind 'registry'"),
        ({"source": {"blank": None, "s3": {}}}, "its source is of kind 's3'"),
        ({"source": None, "sourceRef": {"kind": "DataSource", "name": "x"}}, "its source is of kind 'DataSource'"),
        ({"source": None}, "its source is not told"),
    ],
)
def test_a_source_that_cannot_be_made_is_named_and_nothing_is_compared(spec: dict[str, Any], words: str) -> None:
    found = seen(volume(**spec), claim())
    plan = replace(OBJECTS, size=50 * GI).plan(found)
    assert plan.steps == () and words in plan.warnings[0] and "could not be compared" in plan.warnings[0]
    assert [step.rpc for step in replace(OBJECTS, source=None, size=50 * GI).plan(found).steps] == ["Update"]
    assert replace(OBJECTS, wait=Wait(1, 1)).pending(found) is None


def test_of_several_conditions_the_newest_is_shown() -> None:
    times = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z")
    conditions = [{"type": kind, "lastTransitionTime": time} for kind, time in zip("abc", times, strict=True)]
    assert state({**volume(), "status": {"conditions": conditions}}).condition["type"] == "b"
    untimed = [{"type": kind, "message": f"of {kind}"} for kind in "ab"]
    newest = state({**volume(), "status": {"conditions": untimed}}).condition
    assert (newest["type"], newest["message"], newest["transitioned_at"]) == ("b", "of b", None)


# What is in its place


@pytest.mark.parametrize(
    ("volume", "claim", "words"),
    [
        (volume(GOING), None, "it is being deleted, and still there (finalizers: example.com/a, example.com/b)"),
        (volume(GOING), claim(), "it is being deleted"),
        (None, claim({**CDI, **OWNED, **GOING}), "its claim is being deleted"),
        (None, claim({**CDI, **OWNED}), "its claim is still there, and will be deleted as its DataVolume was"),
    ],
)
def test_what_is_being_deleted_is_absent_and_in_the_way(volume: Any, claim: Any, words: str) -> None:
    found = seen(volume, claim)
    assert found.presence is Presence.ABSENT and found.state is None
    with pytest.raises(ApiError) as caught:
        OBJECTS.plan(found)
    assert caught.value.code == "failed_precondition" and words in caught.value.message
    assert GONE.plan(found) == Plan() and words in (GONE.pending(found) or "")


def test_a_claim_of_somebody_else_is_in_the_way_for_ever() -> None:
    found = seen(None, claim())
    with pytest.raises(ApiError, match="a PersistentVolumeClaim of this name that is no data volume's") as caught:
        OBJECTS.plan(found)
    assert caught.value.code == "client"
    assert GONE.plan(found) == Plan() and GONE.pending(found) is None


def test_a_claim_that_cdi_has_left_is_the_volume() -> None:
    found = seen(None, claim(CDI, has="20Gi"))
    assert found.state is not None and found.state.collected and found.state.phase == "Succeeded"
    (delete,) = GONE.plan(found).steps
    assert delete.request["resource"] == "persistentvolumeclaims"
    plan = replace(OBJECTS, size=50 * GI).plan(found)
    assert [step.rpc for step in plan.steps] == ["Update"] and "could not be compared" in plan.warnings[0]
    assert replace(OBJECTS, source=None, size=None).plan(found) == Plan()


def test_lists_leave_out_what_is_no_volume_and_tell_what_others_made() -> None:
    def listed(*objects: Any) -> list[tuple[str, bool]]:
        return [(item["name"], item["foreign"]) for item in OBJECTS.list_all(Cluster(*objects))]

    labels = {"labels": {"otterscale.com/data-volume.boot-image": "false"}}
    assert listed(volume(labels), claim()) == [("root", False)]
    assert listed(volume()) == [("root", True)]
    assert listed(None, claim(CDI)) == [("root", True)]
    assert listed(volume(GOING), claim()) == listed(None, claim()) == listed() == []
    for objects in ((volume(), claim()), (volume(), None), (None, claim(CDI))):
        (item,) = OBJECTS.list_all(Cluster(*objects))
        assert OBJECTS.read_listed(item) == state(*objects)


# Waiting


def test_a_file_system_that_grows_only_when_it_is_used_is_not_waited_for() -> None:
    pending = [{"type": "FileSystemResizePending", "status": "True"}]
    grows = seen(volume(), claim(size="20Gi"))
    assert "its claim grows" in (OBJECTS.pending(grows) or "") and OBJECTS.after_wait(grows) is None
    stuck = seen(volume(), claim(size="20Gi", conditions=pending))
    assert OBJECTS.pending(stuck) is None and "once a virtual machine uses it" in (OBJECTS.after_wait(stuck) or "")
    done = seen(volume(), claim())
    assert OBJECTS.pending(done) is OBJECTS.after_wait(done) is None


@pytest.mark.parametrize("phase", ["WaitForFirstConsumer", "PendingPopulation"])
def test_who_waits_for_its_first_consumer_is_told_so(phase: str) -> None:
    unused = seen({**volume(), "status": {"phase": phase}}, claim(phase="Pending", capacity={}))
    assert OBJECTS.pending(unused) is None and "first consumer" in (OBJECTS.after_wait(unused) or "")
    assert GONE.after_wait(unused) is None
    with pytest.raises(ApiError, match="only once it is bound") as caught:
        replace(OBJECTS, size=50 * GI).plan(unused)
    assert caught.value.code == "failed_precondition"


def test_the_newest_warnings_are_reported() -> None:
    def event(kind: str, number: int, **more: Any) -> dict[str, Any]:
        return {"type": kind, "reason": f"r{number}", "message": "m", "lastTimestamp": f"2026-01-0{number}", **more}

    normal = [event("Normal", number) for number in (2, 1)]
    warnings = [event("Warning", number) for number in (5, 3, 6, 4, 6)]
    reports = [
        OBJECTS.reports(Cluster(events=events))
        for events in (
            {},
            {"datavolumes": normal},
            {"datavolumes": normal, "persistentvolumeclaims": warnings},
            {"datavolumes": [event("Warning", 9, lastTimestamp=None, eventTime="2026-01-01"), event("Warning", 2)]},
        )
    ]
    assert reports == ["", "", "events: r4: m; r5: m; r6: m", "events: r9: m; r2: m"]


# Answers and refusals


def test_only_the_object_that_was_written_tells_a_state() -> None:
    before = seen(volume(), claim())
    made = OBJECTS.state_in(Step(Verb.CREATE, "x/Create", {}, ""), {"object": volume()}, Seen(Presence.ABSENT))
    assert made == state(volume())
    grown = OBJECTS.state_in(Step(Verb.UPDATE, "x/Update", {}, ""), {"object": claim(size="20Gi")}, before)
    assert grown == state(volume(), claim(size="20Gi"))
    other = {**claim(), "metadata": {"name": "other", "namespace": "vms"}}
    assert OBJECTS.state_in(Step(Verb.UPDATE, "x/Update", {}, ""), {"object": other}, before) is None


VOLUME_MISSING, CLAIM_MISSING = (
    f'{resource} "root" not found' for resource in ("datavolumes.cdi.kubevirt.io", "persistentvolumeclaims")
)
GROWTH = 'persistentvolumeclaims "root" is forbidden: only dynamically provisioned pvc can be resized and ...'
CONFLICT = 'Operation cannot be fulfilled on persistentvolumeclaims "root": the object has been modified'


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal", "advice"),
    [
        (Verb.CREATE, "invalid_argument", "denied: Destination PVC vms/root already exists", Refusal.EXISTS, "'name'"),
        (Verb.CREATE, "not_found", 'namespaces "vms" not found', Refusal.FINAL, "namespace 'vms' does not exist"),
        (Verb.CREATE, "invalid_argument", "DataVolume source is bad", Refusal.FINAL, "correct 'source'"),
        (Verb.CREATE, "permission_denied", "exceeded quota: disks", None, "quota of namespace vms"),
        (Verb.CREATE, "permission_denied", "vms is being terminated", None, "'vms' is being deleted"),
        (Verb.UPDATE, "failed_precondition", CONFLICT, Refusal.CONFLICT, "Another client"),
        (Verb.UPDATE, "permission_denied", GROWTH, None, "allowVolumeExpansion"),
        (Verb.UPDATE, "invalid_argument", "spec is immutable after creation", Refusal.FINAL, "not bound"),
        (Verb.UPDATE, "not_found", CLAIM_MISSING, Refusal.MISSING, ""),
        (Verb.DELETE, "not_found", VOLUME_MISSING, Refusal.MISSING, ""),
        (Verb.DELETE, "not_found", CLAIM_MISSING, Refusal.MISSING, ""),
        (Verb.DELETE, "not_found", VOLUME_MISSING.replace("root", "other"), None, ""),
        (Verb.DELETE, "not_found", "the server could not find the requested resource", None, ""),
        (Verb.DELETE, "not_found", "cluster lab not registered", None, ""),
    ],
)
def test_a_refusal_is_understood_and_says_what_to_do(
    verb: Verb, code: str, message: str, refusal: Refusal | None, advice: str
) -> None:
    error = ApiError(code, f"{message}: {message}", sent=True)
    assert OBJECTS.refusal(Step(verb, "x/X", {}, ""), error) is refusal
    assert advice in error.advice


def test_a_missing_source_is_named() -> None:
    copy = replace(OBJECTS, source=Source("existing_persistent_volume_claim", "images/gold"))
    error = ApiError("not_found", 'persistentvolumeclaims "gold" not found', sent=True)
    assert copy.refusal(Step(Verb.CREATE, "x/Create", {}, ""), error) is Refusal.FINAL
    assert "source 'gold' does not exist" in error.advice
