# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Data volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Presence, Seen
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import (
    TASK,
    DataVolume,
    DataVolumeState,
    Source,
)
from hypothesis import strategies as st

from tests.kinds.kind import GI, OTTERSCALE, Calls, Emulated, Kind, Options, Shown, Thing, options, states
from tests.unit.server_model import Server, VolumeServer

PASSWORD = "fuzz-password-that-must-not-leak"
SIZES = {"1Gi": GI, "2Gi": 2 * GI, "3G": 3 * 10**9, "5Gi": 5 * GI}
SOURCES = ("blank_image", "http_url", "existing_persistent_volume_claim")
WITHOUT_CLAIM = ("Pending", "WaitForFirstConsumer")
URL = "https://images.test/a.img"
EXAMPLE = {
    **{"name": "root", "namespace": "default", "state": "present"},
    **{"source": {"type": "blank_image"}, "size": "2Gi", "boot_image": False},
}

desired = options(
    name=st.just("root"),
    namespace=st.just("default"),
    state=states,
    source=st.sampled_from(
        [
            {"type": "blank_image"},
            {"type": "blank_image"},
            {"type": "http_url", "data": URL},
            {"type": "http_url", "data": "https://images.test/wffc.img"},  # which is never given a claim
            {"type": "http_url", "data": f"https://me:{PASSWORD}@images.test/a.img"},
            None,
        ]
    ),
    size=st.sampled_from([*SIZES, None]),
    boot_image=st.sampled_from([None, False, True]),
    wait=st.sampled_from([None, None, None, True]),
    wait_timeout=st.just(20.0),
)
read = st.builds(
    DataVolumeState,
    st.sampled_from([Source("blank_image"), Source("http_url", URL)]),
    st.none() | st.booleans(),
    st.integers(1, 4).map(lambda number: number * GI),
    st.integers(0, 6).map(lambda number: number * GI),
)

# On the embedded server


def thing(**members: Any) -> Thing:
    return {
        **{"kind": "data_volume", "namespace": "default", "name": "root", "managed": True, "size_bytes": GI},
        **members,
    }


THINGS = (
    thing(),
    thing(capacity_bytes=2 * GI, boot_image=True),
    thing(managed=False),
    thing(forced_phase="Pending"),
    thing(name="other", boot_image=True),
)


def listed(found: Thing, generation: Mapping[str, str]) -> bool:
    claimless = found["forced_phase"] in WITHOUT_CLAIM or "wffc" in found["source_data"]
    return bool(found["managed"]) and not claimless


def fulfils(wanted: Options, found: Thing, seen: bool) -> bool:
    source = wanted.get("source") or {}
    return not seen or (
        source.get("type") in (None, SOURCES[found["source_type"]])
        and source.get("data", "") in ("", found["source_data"])
        and wanted.get("boot_image") in (None, found["boot_image"])
        and ("size" not in wanted or is_of_size(found["capacity_bytes"], SIZES[wanted["size"]]))
    )


def is_of_size(has: int, declared: int) -> bool:
    """A claim may have 15 % and a GiB more than declared: the file system's overhead, and what storage rounds up."""
    return 0 <= has - declared <= Fraction(15, 100) * declared + GI


EMULATED = Emulated(
    attribute="data_volumes",
    there=thing(),
    things=THINGS,
    unlisted=THINGS[2:4],
    removal={"kind": "data_volume", "namespace": "default", "name": "root", "remove": True},
    listed=listed,
    fulfils=fulfils,
)

DATAVOLUME = Kind(
    module="otterscale_datavolume",
    type=DataVolume,
    task=TASK,
    connection=OTTERSCALE,
    title="data volume default/root",
    key={"scope": "lab", "namespace": "default", "name": "root"},
    calls=Calls("ListDataVolumes", "CreateDataVolume", "ExtendDataVolume", "DeleteDataVolume"),
    shown=Shown("its size is 10737418240 bytes, not 21474836480", "{namespace: shop, name: web-data, size: 20Gi}"),
    example=EXAMPLE,
    another={**EXAMPLE, "size": "5Gi"},
    desired=desired,
    readings=st.sampled_from([Presence.ABSENT, Presence.UNKNOWN, Presence.HIDDEN]).map(Seen)
    | read.map(lambda state: Seen(Presence.PRESENT, state)),
    model=Server,
    lists_all=False,
    reads=2,
    settles=30,
    emulated=EMULATED,
)

# The same on OtterScale 1.x, with what may be known of a volume there alone. What is not found there is absent.
CLAIM = {
    **{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "root", "namespace": "default"}},
    **{"spec": {"resources": {"requests": {}}}},
}
placed = st.builds(
    replace,
    read,
    requested=st.integers(0, 6).map(lambda number: number * GI),
    document=st.just(CLAIM),
    storage_class=st.sampled_from([None, "ceph-rbd"]),
    access_modes=st.sampled_from([None, frozenset({"ReadWriteOnce"})]),
)


def fulfils_unbound(wanted: Options, found: Thing, seen: bool) -> bool:
    """The same where all is seen. What has no claim yet will have what was asked for, and only OtterScale's own volumes
    tell whether they are boot images."""
    told = wanted if found["managed"] else {**wanted, "boot_image": None}
    return fulfils(told, {**found, "capacity_bytes": found["capacity_bytes"] or found["size_bytes"]}, seen)


def ready(state: DataVolumeState) -> DataVolumeState:
    """A volume with its claim."""
    return replace(state, capacity=state.size, requested=state.size, document=CLAIM)


DATAVOLUME_OBJECTS = replace(
    DATAVOLUME,
    variant="datavolume_objects",
    other_api=True,
    key={
        **{"cluster": "lab", "group": "cdi.kubevirt.io", "version": "v1beta1", "resource": "datavolumes"},
        **{"namespace": "default", "name": "root"},
    },
    keyed_by_name=False,
    missing='datavolumes.cdi.kubevirt.io "root" not found',
    calls=Calls("Get", "Create", "Update", "Delete"),
    desired=st.builds(
        lambda options, more: {**options, **more},
        desired,
        st.sampled_from([{}, {}, {"storage_class": "ceph-rbd"}, {"access_modes": ["ReadWriteOnce", "ReadWriteMany"]}]),
    ),
    readings=st.just(Seen(Presence.ABSENT)) | placed.map(lambda state: Seen(Presence.PRESENT, state)),
    model=VolumeServer,
    lists_all=True,
    found_by=2,
    ready=ready,
    emulated=replace(EMULATED, unlisted=(), listed=lambda found, generation: True, fulfils=fulfils_unbound),
)
