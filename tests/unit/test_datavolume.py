# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes: created, grown or refused; every other change would cost the data and is never attempted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._datavolume import (
    ARGUMENT_SPEC,
    DataVolume,
    DataVolumeState,
    Source,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import OtterScaleError
from ansible_collections.otterscale.core.plugins.module_utils._plan import (
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
    Wait,
)
from hypothesis import given
from hypothesis import strategies as st

GI = 2**30
URL = "https://images.example/disk.qcow2"
PARAMS: dict[str, Any] = {
    **{name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()},
    "scope": "lab",
    "namespace": "vms",
    "name": "root",
    "state": "present",
    "source": {"type": "http_url", "data": URL},
    "size": "10Gi",
    "boot_image": None,
    "get_unlisted": False,
    "wait": False,
    "wait_timeout": 600.0,
    "wait_sleep": 5.0,
}
KEY = {"scope": "lab", "namespace": "vms", "name": "root"}
STATE = DataVolumeState(Source("http_url", URL), False, 10 * GI, 10 * GI, "Succeeded", "100.0%")
PRESENT = Seen(Presence.PRESENT, STATE)


def volume(**options: Any) -> DataVolume:
    return DataVolume.from_params({**PARAMS, **options})


def refused(**options: Any) -> str:
    with pytest.raises(OtterScaleError) as caught:
        volume(**options)
    assert caught.value.code == "client"
    return caught.value.message


def sent(resource: DataVolume, seen: Seen[DataVolumeState]) -> list[tuple[str, Any]]:
    return [(step.rpc, step.request) for step in resource.plan(seen).steps]


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
    assert volume().observe(reader(calls, listed("other", boot=True))) == Seen(Presence.UNLISTED)
    assert len(calls) == 1


def test_the_dangerous_get_is_called_only_where_the_user_allows_it() -> None:
    calls: list[Any] = []
    assert volume().observe(reader(calls, {}, {})) == Seen(Presence.UNLISTED)
    assert [rpc for rpc, _boot in calls] == ["ListDataVolumes"] * 2
    calls.clear()
    assert volume(get_unlisted=True).observe(reader(calls, {}, {}, {"name": "root", "sizeBytes": "7"})).state.size == 7
    assert [rpc for rpc, _boot in calls][2:] == ["GetDataVolume"]


@pytest.mark.parametrize("error", [("not_found", ""), ("unknown", 'datavolumes.cdi.kubevirt.io "root" not found')])
def test_get_can_prove_absence(error: tuple[str, str]) -> None:
    def read(procedure: str, request: Any) -> dict[str, Any]:
        if procedure.endswith("/GetDataVolume"):
            raise OtterScaleError(*error, sent=True)
        return {}

    assert volume(get_unlisted=True).observe(read) == Seen(Presence.ABSENT)


@pytest.mark.parametrize(
    ("capacity", "size"), [("20Gi", 20 * GI), ("22016Mi", 22016 * 2**20), ("21474836481", 21474836481), ("", 10 * GI)]
)
def test_the_size_is_the_larger_of_what_was_asked_for_and_what_the_claim_has(capacity: str, size: int) -> None:
    fields = {"sizeBytes": str(10 * GI), "persistentVolumeClaim": {"name": "root", "capacity": capacity}}
    state = volume().observe(lambda *_call: listed(**fields)).state
    assert state is not None and state.real_size == size
    shown = volume().show(state)
    assert (shown["size_bytes"], shown["capacity_bytes"]) == (10 * GI, size if capacity else None)


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


# Plans


@pytest.mark.parametrize("presence", [Presence.ABSENT, Presence.UNLISTED])
def test_a_missing_volume_is_created_with_its_source_as_a_number(presence: Presence) -> None:
    request = {**KEY, "source": {"type": 1, "data": URL}, "bootImage": False, "sizeBytes": str(10 * GI)}
    assert sent(volume(), Seen(presence)) == [("CreateDataVolume", request)]
    ((_rpc, boot),) = sent(volume(boot_image=True, source={"type": "blank_image"}), Seen(presence))
    assert boot["bootImage"] is True and boot["source"] == {"type": 0, "data": ""}
    ((_rpc, clone),) = sent(volume(source={"type": "existing_persistent_volume_claim", "data": "c"}), Seen(presence))
    assert clone["source"] == {"type": 2, "data": "c"}


def test_a_volume_that_cannot_be_read_is_left_alone_with_a_warning() -> None:
    plan = volume().plan(Seen(Presence.UNREADABLE))
    assert plan.steps == () and "vms/root exists" in plan.warnings[0]


@pytest.mark.parametrize(
    "options", [{}, {"size": None}, {"source": None}, {"boot_image": False}, {"size": str(10 * GI)}]
)
def test_a_volume_that_is_as_wanted_is_left_alone(options: dict[str, Any]) -> None:
    assert sent(volume(**options), PRESENT) == []


@pytest.mark.parametrize("now", [STATE, replace(STATE, capacity=None), replace(STATE, size=5 * GI, capacity=19 * GI)])
def test_a_volume_grows(now: DataVolumeState) -> None:
    assert sent(volume(size="20Gi"), Seen(Presence.PRESENT, now)) == [
        ("ExtendDataVolume", {**KEY, "sizeBytes": str(20 * GI)})
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": "9Gi"}, ["'size'", str(9 * GI), str(10 * GI), "grow"]),
        ({"boot_image": True}, ["'boot_image'", "True", "False", "delete the volume"]),
        ({"source": {"type": "blank_image"}}, ["'source'", "blank_image", URL, "delete the volume"]),
        ({"source": {"type": "http_url", "data": f"{URL}2"}}, ["'source'", f"{URL}2", f"{URL}'"]),
    ],
)
def test_what_cannot_be_changed_is_refused_naming_both_values(options: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(OtterScaleError) as caught:
        volume(**options).plan(PRESENT)
    assert caught.value.code == "client"
    assert all(text in caught.value.message for text in said)


def test_a_size_between_the_asked_for_and_the_real_one_is_refused_and_the_larger_counts() -> None:
    grown = replace(STATE, capacity=20 * GI)
    with pytest.raises(OtterScaleError, match=f"option 'size' is {15 * GI}: it is now {20 * GI} bytes"):
        volume(size="15Gi").plan(Seen(Presence.PRESENT, grown))
    assert sent(volume(size="20Gi"), Seen(Presence.PRESENT, grown)) == []
    assert sent(volume(size="10Gi"), Seen(Presence.PRESENT, replace(STATE, capacity=5 * GI))) == []


@pytest.mark.parametrize("option", ["source", "size"])
def test_creating_needs_a_source_and_a_size(option: str) -> None:
    with pytest.raises(OtterScaleError, match=f"option '{option}' is not given") as caught:
        volume(**{option: None}).plan(Seen(Presence.UNLISTED))
    assert caught.value.code == "client"


@pytest.mark.parametrize(
    ("seen", "probe"), [(PRESENT, False), (Seen(Presence.UNREADABLE), False), (Seen(Presence.UNLISTED), True)]
)
def test_absent_deletes_unless_absence_is_proven(seen: Seen[DataVolumeState], probe: bool) -> None:
    (step,) = volume(state="absent").plan(seen).steps
    assert (step.rpc, step.request, step.probe) == ("DeleteDataVolume", KEY, probe)
    assert volume(state="absent").plan(Seen(Presence.ABSENT)).steps == ()


sources = st.sampled_from([{"type": "blank_image", "data": ""}, {"type": "http_url", "data": URL}])
states = st.builds(
    DataVolumeState,
    sources.map(lambda s: Source(**s)),
    st.none() | st.booleans(),
    st.integers(1, 4),
    st.none() | st.integers(1, 6),
)
seen_volumes = states.map(lambda state: Seen(Presence.PRESENT, state)) | st.sampled_from(
    [Presence.ABSENT, Presence.UNLISTED, Presence.UNREADABLE]
).map(Seen)
wanted_volumes = st.builds(
    volume,
    state=st.sampled_from(["present", "present", "absent"]),
    source=st.none() | sources,
    size=st.none() | st.integers(1, 6).map(str),
    boot_image=st.none() | st.booleans(),
)


@given(wanted_volumes, seen_volumes)
def test_what_is_predicted_needs_no_further_step(wanted: DataVolume, seen: Seen[DataVolumeState]) -> None:
    try:
        steps = wanted.plan(seen).steps
    except OtterScaleError as error:
        assert error.code == "client" and not error.sent
        return
    assert len(steps) <= 1
    if wanted.absent:
        assert wanted.predict(seen) is None and wanted.desired() == {}
        return
    state = wanted.predict(seen) if steps else seen.state
    if state is None:
        assert seen.presence is Presence.UNREADABLE
        return
    assert wanted.plan(Seen(Presence.PRESENT, state)).steps == ()
    assert wanted.managed(state) == wanted.desired()


# Waiting


def test_waiting_ends_when_the_import_succeeded_or_the_volume_is_gone() -> None:
    assert volume().pending(PRESENT) is None
    assert volume(state="absent").pending(Seen(Presence.ABSENT)) is None
    assert volume(state="absent").pending(Seen(Presence.UNLISTED)) is None


@pytest.mark.parametrize("phase", ["", "Pending", "ImportInProgress", "WaitForFirstConsumer", "PVCBound"])
def test_waiting_goes_on_and_says_how_far_it_is(phase: str) -> None:
    now = replace(STATE, phase=phase, progress="42.50%", condition={"message": "pulling", "reason": "r"})
    said = volume().pending(Seen(Presence.PRESENT, now))
    assert said is not None and "42.50%" in said and "pulling" in said and (phase or "unknown") in said
    assert "does not list" in (volume().pending(Seen(Presence.UNLISTED)) or "")
    assert volume(state="absent").pending(Seen(Presence.PRESENT, now)) is not None


def test_a_failed_import_is_not_waited_for() -> None:
    now = replace(STATE, phase="Failed", progress="N/A", condition={"message": "404 from source"})
    with pytest.raises(OtterScaleError, match=r"Failed.*N/A.*404 from source"):
        volume().pending(Seen(Presence.PRESENT, now))


# Refusals of the server


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal"),
    [
        (Verb.CREATE, "unknown", 'datavolumes.cdi.kubevirt.io "root" already exists', Refusal.EXISTS),
        (Verb.CREATE, "already_exists", "", Refusal.EXISTS),
        (Verb.CREATE, "unknown", 'datavolumes.cdi.kubevirt.io "root2" already exists', None),
        (Verb.CREATE, "not_found", "", None),
        (Verb.UPDATE, "unknown", 'persistentvolumeclaims "root" not found', Refusal.FINAL),
        (Verb.UPDATE, "not_found", 'persistentvolumeclaims "root" not found', Refusal.FINAL),
        (Verb.UPDATE, "unknown", 'datavolumes.cdi.kubevirt.io "root" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'datavolumes.cdi.kubevirt.io "root" not found', Refusal.MISSING),
        (Verb.DELETE, "not_found", "", Refusal.MISSING),
        (Verb.DELETE, "unknown", 'datavolumes.cdi.kubevirt.io "root2" not found', None),
        (Verb.DELETE, "unavailable", "", None),
    ],
)
def test_a_plain_error_is_understood(verb: Verb, code: str, message: str, refusal: Refusal | None) -> None:
    error = OtterScaleError(code, message, sent=True)
    assert volume().refusal(Step(verb, "x/X", {}, ""), error) is refusal
    assert ("no claim yet" in error.advice) == (refusal is Refusal.FINAL)
