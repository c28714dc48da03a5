# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a failed write is known to have done, as a table."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.evidence import (
    Effect,
    effect,
    presence_after,
    still_known,
)
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Presence, Refusal, Seen, Verb

CREATE, UPDATE, DELETE = Verb.CREATE, Verb.UPDATE, Verb.DELETE
EXISTS, MISSING, CONFLICT, FINAL = Refusal.EXISTS, Refusal.MISSING, Refusal.CONFLICT, Refusal.FINAL
DONE, NONE, BEFORE, OPEN = Effect.DONE, Effect.NONE, Effect.NONE_BUT_BEFORE, Effect.OPEN


@dataclass(frozen=True)
class State:
    """size is None where a reading does not show it."""

    name: str
    size: int | None = 1


GONE, UNKNOWN, HIDDEN = (Seen[State](presence) for presence in (Presence.ABSENT, Presence.UNKNOWN, Presence.HIDDEN))
OLD, NEW, LESS_TOLD = (Seen(Presence.PRESENT, State(*told)) for told in (("old",), ("new",), ("old", None)))

# complete: nothing of the write is left to do. parts: it may fail half-way. refused: so says its code.
ROWS = [
    # verb, refusal, before, after, complete, parts, refused, effect
    # A refusal that proves that this sending did nothing comes before all else.
    (CREATE, EXISTS, GONE, OLD, True, True, True, BEFORE),
    (CREATE, EXISTS, UNKNOWN, HIDDEN, True, False, False, BEFORE),
    (DELETE, MISSING, OLD, GONE, True, False, False, BEFORE),
    (DELETE, MISSING, UNKNOWN, GONE, True, False, True, BEFORE),
    # That it is not as it was read any more proves that, too; only what is done needs no earlier sending any more.
    (UPDATE, CONFLICT, OLD, NEW, True, False, True, BEFORE),
    (UPDATE, CONFLICT, OLD, NEW, False, False, True, NONE),
    (UPDATE, CONFLICT, OLD, NEW, False, True, False, NONE),
    (UPDATE, CONFLICT, OLD, OLD, True, False, False, NONE),
    (UPDATE, CONFLICT, OLD, GONE, True, False, False, NONE),
    # Other refusals prove nothing of the kind.
    (CREATE, FINAL, GONE, OLD, False, True, False, DONE),
    (CREATE, FINAL, GONE, GONE, False, True, False, OPEN),
    (UPDATE, MISSING, OLD, GONE, False, False, False, OPEN),
    (UPDATE, FINAL, OLD, OLD, False, False, True, NONE),
    (DELETE, FINAL, OLD, OLD, False, False, False, OPEN),
    # A difference of the kind that the write makes, with nothing left to do.
    (CREATE, None, GONE, OLD, True, False, False, DONE),
    (CREATE, None, UNKNOWN, OLD, True, False, True, DONE),
    (UPDATE, None, OLD, NEW, True, False, False, DONE),
    (DELETE, None, OLD, GONE, True, False, False, DONE),
    # A difference that leaves something to do is ours only if the write may fail half-way.
    (CREATE, None, GONE, OLD, False, True, True, DONE),
    (CREATE, None, GONE, OLD, False, False, True, NONE),
    (CREATE, None, GONE, OLD, False, False, False, OPEN),
    (UPDATE, None, OLD, NEW, False, True, False, DONE),
    (UPDATE, None, OLD, NEW, False, False, False, OPEN),
    # What a reading does not show is not a difference.
    (UPDATE, None, OLD, LESS_TOLD, True, True, False, OPEN),
    (UPDATE, None, LESS_TOLD, OLD, True, True, True, NONE),
    # A difference that this write cannot have made is somebody else's.
    (UPDATE, None, OLD, GONE, True, True, True, NONE),
    (UPDATE, None, OLD, GONE, True, True, False, OPEN),
    (DELETE, None, OLD, NEW, True, True, True, NONE),
    (DELETE, None, OLD, NEW, True, True, False, OPEN),
    # No difference: the code decides.
    (CREATE, None, UNKNOWN, UNKNOWN, False, False, False, OPEN),
    (CREATE, None, UNKNOWN, UNKNOWN, False, False, True, NONE),
    (UPDATE, None, OLD, OLD, False, True, False, OPEN),
    (UPDATE, None, OLD, OLD, False, True, True, NONE),
    (DELETE, None, UNKNOWN, UNKNOWN, False, False, False, OPEN),
    (DELETE, None, UNKNOWN, UNKNOWN, False, False, True, NONE),
]


@pytest.mark.parametrize(("verb", "refusal", "before", "after", "complete", "parts", "refused", "expected"), ROWS)
def test_what_a_failed_write_did(
    verb: Verb,
    refusal: Refusal | None,
    before: Seen[State],
    after: Seen[State],
    complete: bool,
    parts: bool,
    refused: bool,
    expected: Effect,
) -> None:
    assert effect(verb, refusal, before, after, complete=complete, in_parts=parts, refused=refused) is expected


@pytest.mark.parametrize(
    ("verb", "before", "refusal", "accepted", "known"),
    [
        (CREATE, GONE, None, True, None),
        (UPDATE, OLD, None, True, None),
        (UPDATE, HIDDEN, None, True, HIDDEN),
        (DELETE, OLD, None, True, GONE),
        (DELETE, UNKNOWN, None, True, GONE),
        (DELETE, HIDDEN, None, True, GONE),
        (CREATE, UNKNOWN, None, False, None),
        (CREATE, UNKNOWN, EXISTS, False, HIDDEN),
        (CREATE, GONE, FINAL, False, None),
        (UPDATE, HIDDEN, None, False, HIDDEN),
        (UPDATE, OLD, None, False, None),
        (UPDATE, HIDDEN, MISSING, False, GONE),
        (UPDATE, OLD, CONFLICT, False, None),
        (DELETE, UNKNOWN, None, False, None),
        (DELETE, UNKNOWN, MISSING, False, GONE),
        (DELETE, OLD, None, False, GONE),
        (DELETE, OLD, FINAL, False, GONE),
        (DELETE, HIDDEN, None, False, None),
    ],
)
def test_what_a_write_tells_of_what_no_list_shows(
    verb: Verb, before: Seen[State], refusal: Refusal | None, accepted: bool, known: Seen[State] | None
) -> None:
    presence = presence_after(verb, before.presence, refusal, accepted=accepted)
    assert presence is (known.presence if known else None)


def test_what_was_read_is_only_known_while_it_is_read() -> None:
    assert {presence: still_known(presence) for presence in Presence} == {
        **{presence: presence for presence in Presence},
        Presence.PRESENT: None,
    }


def test_what_was_read_beside_a_resource_is_no_change_of_it() -> None:
    one, another = (Seen[State](Presence.ABSENT, beside=beside) for beside in ("selector", "another selector"))
    assert one == another
