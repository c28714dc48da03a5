# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the engine relies on, and what users may rely on, of each kind of resource alike."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Plan,
    Presence,
    Refusal,
    Resource,
    Seen,
    Step,
    Verb,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kinds import every_kind
from tests.kinds.kind import Kind
from tools.generate_docs import documentation

MODULES = Path(__file__).resolve().parents[2] / "plugins/modules"
few = settings(max_examples=20)  # for what hardly depends on the values
ABSENT: Seen[Any] = Seen(Presence.ABSENT)


def made(wanted: Resource[Any]) -> Any:
    """The state of the resource as soon as it is made."""
    state = wanted.predict(ABSENT)
    assert state is not None
    return state


@cache
def documented(module: str, variable: str) -> Any:
    return documentation(MODULES / f"{module}.py", variable)


def named(kind: Kind) -> dict[str, str]:
    """What a task must name of the example."""
    return {key: value for key, value in kind.gone.items() if key != "state"}


# Options


def essence(options: dict[str, Any]) -> dict[str, Any]:
    """What options demand, in a spec or in documentation."""
    kept = ("type", "elements", "choices", "default", "required")
    return {
        name: {
            **{key: option[key] for key in kept if key in option},
            "options": essence(option.get("options") or option.get("suboptions") or {}),
        }
        for name, option in options.items()
    }


@every_kind
def test_an_option_is_what_its_documentation_says(kind: Kind) -> None:
    own = documented(kind.module, "DOCUMENTATION")["options"]
    assert essence({name: kind.type.options[name] for name in own}) == essence(own)


# Plans


@every_kind
def test_what_is_as_wanted_is_left_alone(kind: Kind) -> None:
    wanted = kind.resource(kind.example)
    assert wanted.plan(Seen(Presence.PRESENT, made(wanted))) == Plan()


@every_kind
def test_what_is_missing_is_made_and_what_differs_is_updated(kind: Kind) -> None:
    wanted, other = kind.resource(kind.example), kind.resource(kind.another)
    (create,), (update,) = wanted.plan(ABSENT).steps, other.plan(Seen(Presence.PRESENT, kind.ready(made(wanted)))).steps
    assert (create.verb, create.rpc) == (Verb.CREATE, kind.calls.create)
    assert (update.verb, update.rpc) == (Verb.UPDATE, kind.calls.update)
    for step in (create, update) if kind.keyed_by_name else ():
        assert {key: step.request[key] for key in kind.key} == kind.key
    for step in (create, update):
        assert step.reason and not step.only_to_make_sure


@every_kind
@given(data=st.data())
def test_what_is_predicted_needs_no_further_step(kind: Kind, data: st.DataObject) -> None:
    wanted, seen = kind.resource(data.draw(kind.desired)), data.draw(kind.readings)
    try:
        steps = wanted.plan(seen).steps
    except ApiError as error:
        assert error.code == "client" or (error.code == "failed_precondition" and is_unclear(seen))
        assert not error.sent
        return
    assert len(steps) <= 1
    if wanted.absent:
        assert wanted.predict(seen) is None
        assert wanted.diff_after() == {}
        return
    state = wanted.predict(seen) if steps else seen.state
    if state is None:
        assert seen.presence is Presence.HIDDEN
        return
    assert wanted.plan(Seen(Presence.PRESENT, state)).steps == ()
    before, after = (
        {option: kind.same(value) for option, value in side.items()}
        for side in (wanted.diff_before(state), wanted.diff_after())
    )
    assert before == after


def is_unclear(seen: Seen[Any]) -> bool:
    """Whether a reading leaves open what the resource is like in something that is compared."""
    return seen.state is not None and None in [getattr(seen.state, f.name) for f in fields(seen.state) if f.compare]


@every_kind
@few
@given(data=st.data())
def test_absent_deletes_unless_absence_is_proven(kind: Kind, data: st.DataObject) -> None:
    seen, gone = data.draw(kind.readings), kind.resource(kind.gone)
    if seen.presence is Presence.ABSENT:
        assert gone.plan(seen) == Plan()
        return
    (step,) = gone.plan(seen).steps
    unsure = seen.presence is Presence.UNKNOWN
    assert (step.verb, step.rpc, step.request) == (Verb.DELETE, kind.calls.delete, kind.key)
    assert step.only_to_make_sure is unsure
    assert step.reason == ("not listed, which does not prove that it is absent" if unsure else "it exists")


@every_kind
@few
@given(data=st.data())
def test_what_is_listed_is_removed_as_if_a_task_named_it(kind: Kind, data: st.DataObject) -> None:
    seen, gone = data.draw(kind.readings), kind.resource(kind.gone)
    listed = kind.spoken(kind.type.to_remove(gone.scope, gone.namespace, gone.name))
    assert listed == gone
    assert listed.goal == gone.goal == f"{kind.title} absent"
    assert listed.plan(seen) == gone.plan(seen)
    assert listed.diff_after() == {}


# Answers


@every_kind
@pytest.mark.parametrize(
    ("verb", "code", "refusal"),
    [
        (Verb.CREATE, "already_exists", Refusal.EXISTS),
        (Verb.DELETE, "not_found", Refusal.MISSING),
        (Verb.CREATE, "not_found", None),
        (Verb.UPDATE, "already_exists", None),
        (Verb.UPDATE, "unavailable", None),
        (Verb.DELETE, "unavailable", None),
    ],
)
def test_a_code_says_whether_it_is_there_where_only_that_can_be_meant(
    kind: Kind, verb: Verb, code: str, refusal: Refusal | None
) -> None:
    step = Step(verb, "x/X", {}, "")
    assert kind.resource(kind.example).refusal(step, ApiError(code, kind.missing, details=[{}], sent=True)) is refusal


@every_kind
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("answer", [{}, {"name": "another"}, {"unheard": "of"}])
def test_an_answer_that_is_not_the_resource_tells_no_state(kind: Kind, verb: Verb, answer: dict[str, Any]) -> None:
    wanted = kind.resource(kind.example)
    assert wanted.state_in(Step(verb, "x/X", {}, ""), answer, Seen(Presence.PRESENT, made(wanted))) is None


# What users see


@every_kind
@few
@given(data=st.data())
def test_both_sides_of_a_diff_have_what_the_task_names(kind: Kind, data: st.DataObject) -> None:
    options, seen = data.draw(kind.desired), data.draw(kind.readings)
    wanted = kind.resource(options)
    assert set(wanted.desired()) <= set(documented(kind.module, "DOCUMENTATION")["options"])
    if seen.state is not None:
        assert set(wanted.present(seen.state)) == set(wanted.desired())
    if wanted.absent:
        assert wanted.diff_after() == {}
        return
    given_ones = {*named(kind), *wanted.desired()} & set(options)
    assert set(wanted.diff_after()) == given_ones
    if seen.state is not None:
        assert set(wanted.diff_before(seen.state)) == given_ones


@every_kind
def test_an_option_that_is_not_given_stays_unset(kind: Kind) -> None:
    bare = kind.resource(named(kind))
    assert set(bare.desired().values()) == {None}
    assert not bare.absent and bare.wait is None
    assert bare.diff_after() == named(kind)


@every_kind
@few
@given(data=st.data())
def test_a_result_has_what_is_documented(kind: Kind, data: st.DataObject) -> None:
    wanted, seen = kind.resource(kind.example), data.draw(kind.readings)
    state = made(wanted) if seen.state is None else seen.state
    shown = wanted.as_result(state)
    assert set(shown) == set(documented(kind.module, "RETURN")[kind.name]["contains"])
    assert {key: shown[key] for key in named(kind)} == named(kind)
