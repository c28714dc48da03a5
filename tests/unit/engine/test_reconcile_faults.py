# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whatever gets lost between engine and server, in any order: nothing is done twice, and nothing false is reported."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import OTHER_PLANS
from ansible_collections.otterscale.core.plugins.module_utils._errors import CODES
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kinds import KINDS
from tests.kinds.kind import Kind
from tests.unit.server_model import Fault, exactly, in_whole_gib, reconcile, with_overhead


def wanted_of(kind: Kind) -> st.SearchStrategy[Any]:
    """What a task may want of the example's resource, without waiting for it."""
    fixed = {key: value for key, value in (("name", kind.example["name"]), ("wait", False)) if key in kind.type.options}
    return kind.desired.map(lambda options: kind.resource({**options, **fixed}))


# Two desired states of one resource, what was there before and what the task wants, and a server for them.
pairs = st.one_of([st.tuples(st.just(kind.model), wanted_of(kind), wanted_of(kind)) for kind in KINDS.values()])
# already_exists and not_found are statements about the server, which only its own state makes.
codes = st.sampled_from([code for code in CODES if code not in ("client", "already_exists", "not_found")])
claims = st.sampled_from([exactly, with_overhead, in_whole_gib])
passing = st.sampled_from([code for code, meaning in CODES.items() if meaning.write_again])
faults = st.none() | st.builds(Fault, code=codes, effect=st.booleans()) | st.builds(Fault, passing, st.booleans())


def prepared(model: Any, before: Any, **options: Any) -> Any:
    """A server on which an earlier task has reached (or tried to) its own desired state.

    What makes no difference to servers of that system is left out of the options.
    """
    known = {key: value for key, value in options.items() if key in model.__dataclass_fields__}
    server = model(**known)
    reconcile(before, server)
    return model(things=server.things, **known)


@settings(max_examples=300)
@given(pairs, st.lists(faults, max_size=5), st.integers(0, 3), st.booleans(), claims, st.booleans())
def test_what_is_reported_is_what_happened(
    pair: Any, lost: list[Fault | None], retries: int, mapped: bool, provided: Any, blind: bool
) -> None:
    model, before, wanted = pair
    server = prepared(model, before, mapped=mapped, provided=provided, blind=blind)
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
        if wanted.kind == "datavolume" and not wanted.absent and wanted.size is not None:
            assert 0 <= server.capacity("root") - wanted.size <= wanted.size * 0.15 + 2**30
            assert outcome.after.get("size") == wanted.size


@settings(max_examples=200)
@given(pairs, st.lists(faults, max_size=5), st.integers(0, 3), st.booleans())
def test_what_no_list_shows_is_neither_made_nor_removed_twice(
    pair: Any, lost: list[Fault | None], retries: int, mapped: bool
) -> None:
    model, before, wanted = pair
    server = prepared(model, before, mapped=mapped, listed=False)
    server.faults, snapshot = lost, server.snapshot()
    outcome = reconcile(wanted, server, retries=retries)
    made = [rpc for rpc, _request in server.effects if not rpc.startswith("Update")]
    assert len(made) == len(set(made))
    assert len(server.writes) <= 1 + retries + OTHER_PLANS
    if outcome.error is None:
        assert bool(server.things[wanted.kind]) != wanted.absent
        assert outcome.changed or server.snapshot() == snapshot, "a change was not reported"


@given(pairs, st.booleans(), claims)
def test_a_check_run_predicts_the_real_run_and_a_second_real_run_does_nothing(
    pair: Any, mapped: bool, provided: Any
) -> None:
    model, before, wanted = pair
    server = prepared(model, before, mapped=mapped, provided=provided)
    untouched = copy.deepcopy(server.things)
    predicted = reconcile(wanted, server, check=True)
    assert server.writes == [] and server.things == untouched
    real = reconcile(wanted, server)
    if predicted.error:
        assert real.error is not None and real.msg == predicted.msg
        assert server.writes == []
    elif real.error is None:
        assert (predicted.changed, predicted.before, predicted.after) == (real.changed, real.before, real.after)
        assert predicted.operations == real.operations
        effects = len(server.effects)
        again = reconcile(wanted, server)
        assert not again.changed and again.error is None
        assert len(server.effects) == effects
