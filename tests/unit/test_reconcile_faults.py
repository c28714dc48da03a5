# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whatever gets lost between engine and server, in any order: nothing is done twice, and nothing false is reported."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import OTHER_PLANS
from ansible_collections.otterscale.core.plugins.module_utils._errors import CODES
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume, Source
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService
from ansible_collections.otterscale.core.plugins.module_utils._values.acl import CANNED_ACLS
from hypothesis import given, settings
from hypothesis import strategies as st
from port_examples import wanted_ports
from server_model import Fault, Server, exactly, in_whole_gib, reconcile, with_overhead

buckets = st.builds(
    Bucket,
    scope=st.just("lab"),
    name=st.just("data"),
    absent=st.booleans(),
    owner=st.sampled_from(["alice", "bob", "nobody"]),
    policy=st.sampled_from([None, {"Statement": []}, {"Statement": [{"Effect": "Deny"}]}]),
    acl=st.sampled_from([None, *CANNED_ACLS]),
)
services = st.builds(
    VMService,
    scope=st.just("lab"),
    namespace=st.just("vms"),
    name=st.just("web"),
    absent=st.booleans(),
    virtual_machine=st.sampled_from(["vm-1", "vm-1", "vm-2"]),
    ports=wanted_ports,
)
volumes = st.builds(
    DataVolume,
    scope=st.just("lab"),
    namespace=st.just("vms"),
    name=st.just("root"),
    absent=st.booleans(),
    source=st.just(Source("http_url", "https://h/x")),
    size=st.integers(1, 4).map(lambda number: number << 30),
    boot_image=st.none() | st.booleans(),
)
# Two desired states of one resource: what existed before, and what the task wants.
pairs = st.tuples(buckets, buckets) | st.tuples(services, services) | st.tuples(volumes, volumes)
# already_exists and not_found are statements about the server, which only its own state makes.
codes = st.sampled_from([code for code in CODES if code not in ("client", "already_exists", "not_found")])
claims = st.sampled_from([exactly, with_overhead, in_whole_gib])
passing = st.sampled_from([code for code, meaning in CODES.items() if meaning.write_again])
faults = st.none() | st.builds(Fault, code=codes, effect=st.booleans()) | st.builds(Fault, passing, st.booleans())


def prepared(before: Any, **options: Any) -> Server:
    """A server on which an earlier task has reached (or tried to) its own desired state."""
    server = Server(**options)
    reconcile(before, server)
    return Server(things=server.things, **options)


@settings(max_examples=300)
@given(pairs, st.lists(faults, max_size=5), st.integers(0, 3), st.booleans(), claims, st.booleans())
def test_what_is_reported_is_what_happened(
    pair: Any, lost: list[Fault | None], retries: int, mapped: bool, provided: Any, blind: bool
) -> None:
    before, wanted = pair
    server = prepared(before, mapped=mapped, provided=provided, blind=blind)
    server.faults, snapshot = lost, server.snapshot()
    outcome = reconcile(wanted, server, retries=retries)
    changed = server.snapshot() != snapshot
    assert outcome.changed or outcome.error or not changed, "a change was not reported"
    # A Delete of what no list showed, lost and then refused as "not found", may have been the one that removed it.
    unknowable = wanted.absent and not outcome.before
    assert changed or not outcome.changed or unknowable, "a change was made up"
    assert len(server.writes) <= 1 + retries + OTHER_PLANS
    assert len({repr(effect) for effect in server.effects}) == len(server.effects), "something was done twice"
    assert bool(outcome.operations) == outcome.changed
    assert not (blind and "UpdateBucket" in server.sent), "an ACL that nobody could know was replaced"
    if outcome.error is None:
        seen = wanted.observe(server.read)
        assert wanted.plan(seen).steps == () or wanted.plan(seen).steps[0].only_to_make_sure
        assert outcome.after == (wanted.diff_after() if outcome.changed else outcome.before)
        assert (outcome.resource is None) == wanted.absent
        if wanted.kind == "datavolume" and not wanted.absent:
            has = int(server.things["volume"]["root"]["persistentVolumeClaim"]["capacity"])
            assert 0 <= has - wanted.size <= wanted.size * 0.15 + 2**30
            assert outcome.after.get("size") == wanted.size


@settings(max_examples=200)
@given(pairs, st.lists(faults, max_size=5), st.integers(0, 3), st.booleans())
def test_what_no_list_shows_is_neither_made_nor_removed_twice(
    pair: Any, lost: list[Fault | None], retries: int, mapped: bool
) -> None:
    before, wanted = pair
    server = prepared(before, mapped=mapped, listed=False)
    server.faults, snapshot = lost, server.snapshot()
    outcome = reconcile(wanted, server, retries=retries)
    made = [rpc for rpc, _request in server.effects if not rpc.startswith("Update")]
    assert len(made) == len(set(made))
    assert len(server.writes) <= 1 + retries + OTHER_PLANS
    if outcome.error is None:
        kind = {"vm_service": "service", "datavolume": "volume"}.get(wanted.kind, wanted.kind)
        assert bool(server.things[kind]) != wanted.absent
        assert outcome.changed or server.snapshot() == snapshot, "a change was not reported"


@given(pairs, st.booleans(), claims)
def test_a_check_run_predicts_the_real_run_and_a_second_real_run_does_nothing(
    pair: Any, mapped: bool, provided: Any
) -> None:
    before, wanted = pair
    server = prepared(before, mapped=mapped, provided=provided)
    untouched = copy.deepcopy(server.things)
    predicted = reconcile(wanted, server, check=True)
    assert server.writes == [] and server.things == untouched
    real = reconcile(wanted, server)
    if predicted.error:
        assert real.error is not None and real.msg == predicted.msg and server.writes == []
    elif real.error is None:
        assert (predicted.changed, predicted.before, predicted.after) == (real.changed, real.before, real.after)
        assert predicted.operations == real.operations
        effects = len(server.effects)
        again = reconcile(wanted, server)
        assert not again.changed and again.error is None and len(server.effects) == effects
