# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes: created, grown or refused; every other change would cost the data and is never attempted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
    Wait,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.messages.datavolume import DataVolumeMessages
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.model.datavolume import (
    DataVolumeState,
    Source,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.datavolume import DATAVOLUME
from tests.unit.given import Given, sent
from tests.unit.server_model import Documents

GI = 2**30
URL = "https://images.example/disk.qcow2"
KEY = {"scope": "lab", "namespace": "vms", "name": "root"}
STATE = DataVolumeState(Source("http_url", URL), False, 10 * GI, 10 * GI, "Succeeded", "100.0%")
PRESENT = Seen(Presence.PRESENT, STATE)


volume = Given(
    DATAVOLUME,
    {"namespace": "vms", "name": "root", "source": {"type": "http_url", "data": URL}, "size": "10Gi"},
)
refused = volume.refused


# Options


@pytest.mark.parametrize(
    "source",
    [
        {"type": "blank_image", "data": "x"},
        {"type": "http_url", "data": None},
        {"type": "http_url", "data": "images.example/a"},
        {"type": "http_url", "data": "ftp://images.example/a"},
        {"type": "http_url", "data": "http:///a"},
        {"type": "http_url", "data": "http://[a"},
        {"type": "existing_persistent_volume_claim", "data": " "},
    ],
)
def test_a_source_that_cannot_be_is_refused(source: dict[str, Any]) -> None:
    assert refused(source=source).startswith(f"option 'source' is {source!r}: ")


@pytest.mark.parametrize("url", ["http://images.example/a", " https://images.example/a "])
def test_a_url_may_be_http_or_https(url: str) -> None:
    assert volume(source={"type": "http_url", "data": url}).source == Source("http_url", url.strip())


@pytest.mark.parametrize("size", ["ten", "0", "-1Gi", "10gb", "8Ei", ""])
def test_a_bad_size_is_refused(size: str) -> None:
    assert refused(size=size).startswith(f"option 'size' is {size!r}: must be ")


def test_other_bad_options_are_refused_with_their_value() -> None:
    assert refused(name="Root").startswith("option 'name' is 'Root': must be a DNS-1123")
    assert refused(namespace="a.b").startswith("option 'namespace' is 'a.b': ")
    assert refused(wait_timeout=0.0).startswith("option 'wait_timeout' is 0.0: ")
    assert refused(wait_sleep=-1.0).startswith("option 'wait_sleep' is -1.0: ")
    assert refused(wait_timeout=float("nan")).startswith("option 'wait_timeout' is nan: ")


def test_waiting_is_off_unless_asked_for() -> None:
    assert volume().wait is None
    assert volume(wait=True).wait == Wait(600.0, 5.0)
    assert volume(wait=True, wait_timeout=0.5, wait_sleep=0.1).wait == Wait(0.5, 0.1)


# Reading


def reader(calls: list[Any], *answers: Any) -> Any:
    def read(procedure: str, request: Any) -> Any:
        calls.append((procedure.rpartition("/")[2], request.get("bootImage")))
        return answers[len(calls) - 1]

    return read


def listed(name: str = "root", boot: bool = False, **fields: Any) -> dict[str, Any]:
    return {"dataVolumes": [{"name": name, "bootImage": boot, **fields}]}


def test_a_volume_is_found_where_it_most_likely_is_with_one_call() -> None:
    calls: list[Any] = []
    seen = volume(boot_image=True).observe(
        reader(calls, listed(boot=True, sizeBytes="5", source={"type": 1, "data": "u"}))
    )
    assert seen.state == DataVolumeState(Source("http_url", "u"), True, 5)
    assert calls == [("ListDataVolumes", True)]


def test_a_volume_of_the_other_kind_is_found_with_two_calls() -> None:
    calls: list[Any] = []
    assert volume().observe(reader(calls, {}, listed(boot=True))).state
    assert calls == [("ListDataVolumes", False), ("ListDataVolumes", True)]


def test_a_server_that_lists_all_kinds_at_once_is_asked_once() -> None:
    calls: list[Any] = []
    assert volume().observe(reader(calls, listed("other", boot=True))) == Seen(Presence.UNKNOWN)
    assert len(calls) == 1


def test_a_volume_whose_kind_is_left_out_is_none_that_boots() -> None:
    """JSON leaves out what is false."""
    calls: list[Any] = []
    unsaid = {"dataVolumes": [{"name": "other"}]}
    assert volume(boot_image=True).observe(reader(calls, unsaid)) == Seen(Presence.UNKNOWN)
    assert calls == [("ListDataVolumes", True)], "so this server lists all kinds"
    calls.clear()
    assert volume().observe(reader(calls, unsaid, listed(boot=True))).state is not None
    assert calls == [("ListDataVolumes", False), ("ListDataVolumes", True)]


def test_the_dangerous_get_is_called_only_where_the_user_allows_it() -> None:
    calls: list[Any] = []
    assert volume().observe(reader(calls, {}, {})) == Seen(Presence.UNKNOWN)
    assert [rpc for rpc, _boot in calls] == ["ListDataVolumes"] * 2
    calls.clear()
    assert volume(get_unlisted=True).observe(reader(calls, {}, {}, {"name": "root", "sizeBytes": "7"})).state.size == 7
    assert [rpc for rpc, _boot in calls][2:] == ["GetDataVolume"]


@pytest.mark.parametrize("error", [("not_found", ""), ("unknown", 'datavolumes.cdi.kubevirt.io "root" not found')])
def test_get_can_prove_absence(error: tuple[str, str]) -> None:
    def read(procedure: str, request: Any) -> dict[str, Any]:
        if procedure.endswith("/GetDataVolume"):
            raise ApiError(*error, sent=True)
        return {}

    assert volume(get_unlisted=True).observe(read) == Seen(Presence.ABSENT)


@pytest.mark.parametrize(
    ("capacity", "size"),
    [
        *(("20Gi", 20 * GI), ("22016Mi", 22016 * 2**20), ("21474836481", 21474836481)),
        *(("5Gi", 5 * GI), ("", 10 * GI), ("0", 10 * GI)),  # the last is how an unbound claim is shown
    ],
)
def test_a_volume_has_what_its_claim_has_and_without_one_what_was_asked_for(capacity: str, size: int) -> None:
    fields = {"sizeBytes": str(10 * GI), "persistentVolumeClaim": {"name": "root", "capacity": capacity}}
    state = volume().observe(lambda *_call: listed(**fields)).state
    assert state is not None and state.real_size == size
    shown = volume().as_result(state)
    assert (shown["size_bytes"], shown["capacity_bytes"]) == (10 * GI, size if capacity > "0" else None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"sizeBytes": "x"}, "sizeBytes"),
        ({"source": {"type": "NEW_KIND"}}, "type"),
        ({"source": []}, "source"),
        ({"bootImage": "no"}, "bootImage"),
        ({"persistentVolumeClaim": {"capacity": 5}}, "capacity"),
        ({"persistentVolumeClaim": {"capacity": "plenty"}}, "capacity"),
        ({"lastCondition": "x"}, "lastCondition"),
    ],
)
def test_an_answer_that_makes_no_sense_names_the_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"'{named}'"):
        volume().observe(lambda *_call: {"dataVolumes": [{"name": "root", **fields}]})


FULL = {
    "source": {"type": 1, "data": URL},
    "sizeBytes": str(10 * GI),
    "phase": "ImportInProgress",
    "progress": "5.00%",
    "createdAt": "2026-01-01T02:00:00+02:00",
    "persistentVolumeClaim": {
        **{"name": "root", "status": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": "11Gi"},
        **{"storageClass": {"name": "ceph-rbd"}, "createdAt": "2026-01-02T02:00:00+02:00"},
    },
    "lastCondition": {
        **{"type": "Running", "status": "True", "reason": "Pod", "message": "is running"},
        **{"heartbeatAt": "2026-01-03T02:00:00+02:00", "transitionedAt": "2026-01-04T02:00:00+02:00"},
    },
}


def test_a_volume_is_shown_with_all_that_the_server_tells() -> None:
    state = volume().observe(lambda *_call: listed(boot=True, **FULL)).state
    assert state is not None and volume().as_result(state) == {
        **{"name": "root", "namespace": "vms", "source": {"type": "http_url", "data": URL}, "boot_image": True},
        **{"phase": "ImportInProgress", "progress": "5.00%", "size_bytes": 10 * GI, "capacity_bytes": 11 * GI},
        "persistent_volume_claim": {
            **{"name": "root", "status": "Bound", "access_modes": ["ReadWriteOnce"], "capacity": "11Gi"},
            **{"storage_class": "ceph-rbd", "created_at": "2026-01-02T00:00:00Z"},
        },
        "last_condition": {
            **{"type": "Running", "status": "True", "reason": "Pod", "message": "is running"},
            **{"heartbeat_at": "2026-01-03T00:00:00Z", "transitioned_at": "2026-01-04T00:00:00Z"},
        },
        "created_at": "2026-01-01T00:00:00Z",
    }


def test_what_the_server_does_not_tell_is_shown_as_null() -> None:
    state = volume().observe(lambda *_call: listed()).state
    assert state is not None and volume().as_result(state) == {
        **{"name": "root", "namespace": "vms", "source": {"type": "blank_image", "data": ""}, "boot_image": False},
        **{"phase": "", "progress": "", "size_bytes": 0, "capacity_bytes": None, "persistent_volume_claim": None},
        **{"last_condition": None, "created_at": None},
    }
    assert state.real_size == 0
    little = {"persistentVolumeClaim": {"name": "root"}, "lastCondition": {"type": "Running"}}
    state = volume().observe(lambda *_call: listed(**little)).state
    assert state is not None
    claim, condition = (volume().as_result(state)[key] for key in ("persistent_volume_claim", "last_condition"))
    assert (claim["storage_class"], claim["created_at"], claim["access_modes"]) == (None, None, [])
    assert (condition["heartbeat_at"], condition["transitioned_at"], condition["reason"]) == (None, None, "")


# As Kubernetes shows them.
REQUESTS = {"resources": {"requests": {"storage": "10Gi"}}}
DOCUMENT = {
    "metadata": {"name": "root", "namespace": "vms", "creationTimestamp": "2026-01-01T00:00:00+00:00"},
    "spec": {"source": {"http": {"url": URL}}, "pvc": REQUESTS},
    "status": {"phase": "Succeeded", "progress": "100.0%", "conditions": [{"message": "old"}, {"message": "new"}]},
}
CLAIM = {"status": {"phase": "Bound", "capacity": {"storage": "20Gi"}}}


def unlisted(document: dict[str, Any] | None, claim: dict[str, Any] | None = None) -> Seen[DataVolumeState]:
    """What is known of a volume that no list shows, if Kubernetes may be asked."""
    cluster = Documents(volumes={"vms/root": document} if document else {}, claims={"vms/root": claim} if claim else {})
    return replace(volume(), dialect=DataVolumeMessages(cluster=cluster)).observe(lambda *_call: {})


@pytest.mark.parametrize(
    ("labels", "boot_image"),
    [
        ({"otterscale.com/data-volume.boot-image": "true"}, True),
        ({"otterscale.com/data-volume.boot-image": "false"}, False),
        ({"otterscale.com/data-volume.boot-image": "maybe"}, None),
        ({"app": "web"}, None),
    ],
)
def test_a_label_tells_whether_it_is_a_boot_image(labels: dict[str, str], boot_image: bool | None) -> None:
    seen = unlisted({**DOCUMENT, "metadata": {**DOCUMENT["metadata"], "labels": labels}}, CLAIM)
    assert seen.state is not None and seen.state.boot_image is boot_image
    if boot_image is not None:
        with pytest.raises(ApiError, match=f"it is now {boot_image}, and that cannot be changed"):
            volume(size="20Gi", boot_image=not boot_image).plan(seen)


def test_kubernetes_knows_what_no_list_shows() -> None:
    seen = unlisted(DOCUMENT, CLAIM)
    assert seen == Seen(Presence.PRESENT, replace(STATE, boot_image=None, capacity=20 * GI))
    assert seen.state is not None
    shown = volume().as_result(seen.state)
    assert (shown["phase"], shown["progress"], shown["created_at"]) == ("Succeeded", "100.0%", "2026-01-01T00:00:00Z")
    assert (shown["last_condition"]["message"], shown["boot_image"]) == ("new", None)
    assert sent(volume(size="20Gi"), seen) == sent(volume(size="20Gi", boot_image=True), seen) == []
    assert volume(boot_image=True).diff_before(seen.state)["boot_image"] is True
    assert unlisted(None) == Seen(Presence.ABSENT)


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ({"blank": {}}, Source("blank_image")),
        ({"pvc": {"name": "gold"}}, Source("existing_persistent_volume_claim", "gold")),
        ({"pvc": {"name": "gold", "namespace": "vms"}}, Source("existing_persistent_volume_claim", "gold")),
        ({"pvc": {"name": "gold", "namespace": "images"}}, Source("existing_persistent_volume_claim", "images/gold")),
    ],
)
def test_every_source_that_otterscale_makes_is_known_in_kubernetes(source: dict[str, Any], read: Source) -> None:
    seen = unlisted({**DOCUMENT, "spec": {"source": source, "storage": REQUESTS}})
    assert seen.state is not None and (seen.state.source, seen.state.real_size) == (read, 10 * GI)


def test_a_source_that_otterscale_does_not_know_is_there_but_not_compared() -> None:
    assert unlisted({**DOCUMENT, "spec": {"source": {"registry": {"url": "docker://x"}}}}) == Seen(Presence.HIDDEN)


def test_a_volume_that_says_little_in_kubernetes_is_read_all_the_same() -> None:
    state = unlisted({"spec": {"source": {"blank": {}}}}).state
    assert state == DataVolumeState(Source("blank_image"), None, 0) and volume().as_result(state)["created_at"] is None
    assert (state.phase, state.progress, state.condition) == ("", "", {})


def requesting(storage: Any) -> dict[str, Any]:
    return {"spec": {"source": {"blank": {}}, "pvc": {"resources": {"requests": {"storage": storage}}}}}


@pytest.mark.parametrize(
    ("document", "claim", "words"),
    [
        ({"spec": {}}, CLAIM, "'spec' is empty"),
        (requesting("x"), CLAIM, "'storage' must be a quantity"),
        (requesting(True), CLAIM, "'storage' should be a string"),
        (DOCUMENT, {"status": {"capacity": {"storage": "much"}}}, "'capacity' must be a quantity"),
    ],
)
def test_what_kubernetes_cannot_have_said_is_a_failure_of_its_own(
    document: dict[str, Any], claim: dict[str, Any], words: str
) -> None:
    with pytest.raises(ApiError, match=f"makes no sense: {words}") as info:
        unlisted(document, claim)
    assert (info.value.code, info.value.rpc) == ("internal", "Kubernetes GET")


def test_a_size_may_be_an_integer_in_kubernetes() -> None:
    state = unlisted(requesting(GI)).state
    assert state is not None and state.size == GI


def test_a_get_that_fails_for_another_reason_is_a_failure() -> None:
    def read(procedure: str, request: Any) -> dict[str, Any]:
        if procedure.endswith("/GetDataVolume"):
            raise ApiError("permission_denied", "not yours", sent=True)
        return {}

    with pytest.raises(ApiError, match="not yours"):
        volume(get_unlisted=True).observe(read)


def test_every_call_names_the_volume_in_its_scope() -> None:
    calls: list[Any] = []

    def read(procedure: str, request: Any) -> dict[str, Any]:
        calls.append((procedure, request))
        return {} if "List" in procedure else {"name": "root"}

    volume(get_unlisted=True).observe(read)
    service, where = "otterscale.instance.v1.InstanceService", {"scope": "lab", "namespace": "vms"}
    assert calls == [
        (f"{service}/ListDataVolumes", {**where, "bootImage": False}),
        (f"{service}/ListDataVolumes", {**where, "bootImage": True}),
        (f"{service}/GetDataVolume", KEY),
    ]


# Plans


@pytest.mark.parametrize("presence", [Presence.ABSENT, Presence.UNKNOWN])
def test_a_missing_volume_is_created_with_its_source_as_a_number(presence: Presence) -> None:
    request = {**KEY, "source": {"type": 1, "data": URL}, "bootImage": False, "sizeBytes": str(10 * GI)}
    assert sent(volume(), Seen(presence)) == [("CreateDataVolume", request)]
    ((_rpc, boot),) = sent(volume(boot_image=True, source={"type": "blank_image"}), Seen(presence))
    assert boot["bootImage"] is True and boot["source"] == {"type": 0, "data": ""}
    ((_rpc, clone),) = sent(volume(source={"type": "existing_persistent_volume_claim", "data": "c"}), Seen(presence))
    assert clone["source"] == {"type": 2, "data": "c"}


def test_a_volume_that_cannot_be_read_is_left_alone_with_a_warning() -> None:
    plan = volume().plan(Seen(Presence.HIDDEN))
    assert plan.steps == () and "vms/root exists" in plan.warnings[0]


@pytest.mark.parametrize(
    "options", [{}, {"size": None}, {"source": None}, {"boot_image": False}, {"size": str(10 * GI)}]
)
def test_a_volume_that_is_as_wanted_is_left_alone(options: dict[str, Any]) -> None:
    assert sent(volume(**options), PRESENT) == []


@pytest.mark.parametrize("now", [STATE, replace(STATE, capacity=0), replace(STATE, size=5 * GI, capacity=19 * GI)])
def test_a_volume_grows(now: DataVolumeState) -> None:
    assert sent(volume(size="20Gi"), Seen(Presence.PRESENT, now)) == [
        ("ExtendDataVolume", {**KEY, "sizeBytes": str(20 * GI)})
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": "7Gi"}, ["'size'", str(7 * GI), str(10 * GI), "grow"]),
        ({"boot_image": True}, ["'boot_image'", "True", "False", "delete the volume"]),
        ({"source": {"type": "blank_image"}}, ["'source'", "blank_image", URL, "delete the volume"]),
        ({"source": {"type": "http_url", "data": f"{URL}2"}}, ["'source'", f"{URL}2", f"{URL}'"]),
    ],
)
def test_what_cannot_be_changed_is_refused_naming_both_values(options: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ApiError) as caught:
        volume(**options).plan(PRESENT)
    assert caught.value.code == "client"
    assert all(text in caught.value.message for text in said)


def test_a_size_between_the_asked_for_and_the_real_one_is_refused_and_what_the_claim_has_counts() -> None:
    grown = replace(STATE, capacity=20 * GI)
    with pytest.raises(ApiError, match=f"option 'size' is {15 * GI}: it is now {20 * GI} bytes"):
        volume(size="15Gi").plan(Seen(Presence.PRESENT, grown))
    assert sent(volume(size="20Gi"), Seen(Presence.PRESENT, grown)) == []
    assert sent(volume(size="10Gi"), Seen(Presence.PRESENT, replace(STATE, capacity=5 * GI))) != []


def test_a_claim_that_came_out_larger_than_asked_is_as_declared() -> None:
    """By the overhead of the file system, 5.5 % and more, and by rounding up."""
    for capacity in (10 * GI, 11362347344, 11 * GI, 23 * GI // 2 + GI):
        state = replace(STATE, capacity=capacity)
        assert sent(volume(), Seen(Presence.PRESENT, state)) == []
        assert volume().diff_before(state) == volume().diff_after()
        assert volume().as_result(state)["capacity_bytes"] == capacity
    for capacity in (10 * GI - 1, 23 * GI // 2 + GI + 1):
        state = replace(STATE, capacity=capacity)
        assert volume().diff_before(state)["size"] == capacity, "the diff shows what differs"
    assert sent(volume(), Seen(Presence.PRESENT, replace(STATE, capacity=10 * GI - 1))) != []
    with pytest.raises(ApiError, match="can only grow"):
        volume().plan(Seen(Presence.PRESENT, state))


sizes = st.integers(1, 2**63 - 1) | st.integers(1, 64).map(lambda number: number * GI)


@given(sizes, st.integers(0, 150), st.integers(0, GI))
def test_a_volume_is_as_declared_with_up_to_fifteen_percent_and_one_gib_more(size: int, more: int, added: int) -> None:
    has = size + size * more // 1000 + added
    assert replace(STATE, capacity=has).has(size)
    assert not replace(STATE, capacity=size - 1).has(size) or size == 1
    assert not replace(STATE, capacity=size + size * 15 // 100 + GI + 1).has(size)


@given(sizes.filter(lambda size: size < 2**62), st.sampled_from([55, 60, 100]), st.sampled_from([1, 2**20, GI]))
def test_what_cdi_and_storage_add_is_never_a_difference(size: int, overhead: int, unit: int) -> None:
    has = -(-size * 1000 // (1000 - overhead))
    state = replace(STATE, size=size, capacity=-(-has // unit) * unit)
    wanted = replace(volume(), size=size)
    assert sent(wanted, Seen(Presence.PRESENT, state)) == [] and wanted.diff_before(state) == wanted.diff_after()


@pytest.mark.parametrize("option", ["source", "size"])
def test_creating_needs_a_source_and_a_size(option: str) -> None:
    with pytest.raises(ApiError, match=f"option '{option}' is not given") as caught:
        volume(**{option: None}).plan(Seen(Presence.UNKNOWN))
    assert caught.value.code == "client"


# Waiting


def test_waiting_ends_when_the_import_succeeded_or_the_volume_is_gone() -> None:
    assert volume().pending(PRESENT) is None
    assert volume(state="absent").pending(Seen(Presence.ABSENT)) is None
    assert volume(state="absent").pending(Seen(Presence.UNKNOWN)) is None


@pytest.mark.parametrize("phase", ["", "Pending", "ImportInProgress", "WaitForFirstConsumer", "PVCBound"])
def test_waiting_goes_on_and_says_how_far_it_is(phase: str) -> None:
    now = replace(STATE, phase=phase, progress="42.50%", condition={"message": "pulling", "reason": "r"})
    said = volume().pending(Seen(Presence.PRESENT, now))
    assert said is not None and "42.50%" in said
    assert "pulling" in said and (phase or "unknown") in said
    assert "does not list" in (volume().pending(Seen(Presence.UNKNOWN)) or "")
    assert volume(state="absent").pending(Seen(Presence.PRESENT, now)) is not None


def test_a_failed_import_is_not_waited_for() -> None:
    now = replace(STATE, phase="Failed", progress="N/A", condition={"message": "404 from source"})
    with pytest.raises(ApiError, match=r"Failed.*N/A.*404 from source") as caught:
        volume().pending(Seen(Presence.PRESENT, now))
    assert caught.value.code == "failed_precondition" and "Correct the source" in caught.value.advice


def test_a_condition_without_a_message_is_told_by_its_reason() -> None:
    now = replace(STATE, phase="Pending", progress="", condition={"message": "", "reason": "Unbound"})
    assert volume().pending(Seen(Presence.PRESENT, now)) == (
        "it is not ready, phase Pending, progress unknown, last condition: Unbound"
    )
    bare = replace(now, phase="", condition={})
    assert volume(state="absent").pending(Seen(Presence.PRESENT, bare)) == (
        "it still exists, phase unknown, progress unknown, last condition: none"
    )


# Answers, predictions and diffs


def test_only_the_answer_to_a_create_tells_the_volume() -> None:
    told = {"name": "root", "source": {"type": 1, "data": URL}, "sizeBytes": "5"}
    state = DataVolumeState(Source("http_url", URL), False, 5)
    assert volume().state_in(Step(Verb.CREATE, "x/X", {}, ""), told, PRESENT) == state
    assert volume().state_in(Step(Verb.CREATE, "x/X", {}, ""), {**told, "name": "other"}, PRESENT) is None
    assert volume().state_in(Step(Verb.UPDATE, "x/X", {}, ""), told, PRESENT) is None


def test_a_growing_volume_is_predicted_with_its_new_capacity() -> None:
    state = volume(size="20Gi").predict(PRESENT)
    assert state == replace(STATE, capacity=20 * GI)
    made = volume(boot_image=True).predict(Seen(Presence.ABSENT))
    assert made == DataVolumeState(Source("http_url", URL), True, 10 * GI)
    assert volume(source=None).predict(Seen(Presence.HIDDEN)) is None
    assert volume(size=None).predict(Seen(Presence.HIDDEN)) is None


def test_a_diff_names_the_volume_and_what_the_task_gives() -> None:
    name = {"name": "root", "namespace": "vms"}
    given = {"source": {"type": "http_url", "data": URL}, "size": 10 * GI, "boot_image": False}
    assert volume(boot_image=False).diff_after() == volume(boot_image=True).diff_before(STATE) == {**name, **given}
    assert volume(source=None, size=None).diff_before(STATE) == volume(source=None, size=None).diff_after() == name


# Refusals of the server


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal"),
    [
        (Verb.CREATE, "unknown", 'datavolumes.cdi.kubevirt.io "root" already exists', Refusal.EXISTS),
        (Verb.CREATE, "unknown", 'datavolumes.cdi.kubevirt.io "root2" already exists', None),
        (Verb.UPDATE, "unknown", 'persistentvolumeclaims "root" not found', Refusal.FINAL),
        (Verb.UPDATE, "not_found", 'persistentvolumeclaims "root" not found', Refusal.FINAL),
        (Verb.UPDATE, "unknown", 'persistentvolumeclaims "root" is forbidden', None),
        (Verb.UPDATE, "unknown", 'datavolumes.cdi.kubevirt.io "root" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'datavolumes.cdi.kubevirt.io "root" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'datavolumes.cdi.kubevirt.io "root2" not found', None),
    ],
)
def test_a_plain_error_is_understood(verb: Verb, code: str, message: str, refusal: Refusal | None) -> None:
    error = ApiError(code, message, sent=True)
    assert volume().refusal(Step(verb, "x/X", {}, ""), error) is refusal
    assert ("no claim yet" in error.advice) == (refusal is Refusal.FINAL)
