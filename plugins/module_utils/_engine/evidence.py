# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What is known to have happened when the answer to a write is missing or is a refusal. Pure functions.

The theory. A resource was read before the write and is read again after it, since an answer alone proves little:

1. What was never sent did nothing, and what the server accepted is believed until a reading shows otherwise.
2. "It exists already" proves that this create did nothing, "it does not exist" that this delete did nothing. If an
   earlier sending of the same write was open, it is that one which took effect.
3. "It is not as it was read any more" proves that this update did nothing. What it was to do may be done all the
   same: by an earlier sending that was open, or by somebody else.
4. Else the two readings decide. A difference is ours only if it is of the kind that the write makes (a delete makes a
   resource go, the others make it stay) and leaves nothing of the write to do. A write in several parts may have
   failed half-way, so for it any such difference will do.
5. No difference proves nothing: a list may leave the resource out, or show an effect late. Then a code that says "it
   was refused" means that it did nothing, and with any other code the effect is open.
6. What no list shows is known from what was said last: refusals tell, an accepted delete tells, and a resource that
   was listed before its delete and is not any more is gone.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from .resource import Presence, Refusal, Seen, Verb, shows_change


class Effect(enum.Enum):
    """What a failed write did."""

    DONE = "it took effect"
    NONE = "it did nothing"
    NONE_BUT_BEFORE = "this sending did nothing, since an earlier one, or somebody else, had done it"
    OPEN = "nobody can know"


# The refusal that proves that this very sending of a write did nothing.
_PROVES_NO_EFFECT: Mapping[Verb, Refusal] = {Verb.CREATE: Refusal.EXISTS, Verb.DELETE: Refusal.MISSING}

_PRESENCE_BY_REFUSAL: Mapping[Refusal, Presence] = {Refusal.EXISTS: Presence.HIDDEN, Refusal.MISSING: Presence.ABSENT}


def effect(
    verb: Verb,
    refusal: Refusal | None,
    before: Seen[Any],
    after: Seen[Any],
    *,
    complete: bool,
    in_parts: bool,
    refused: bool,
) -> Effect:
    """What a write did that was sent and failed.

    complete: by the reading after it, nothing of the write is left to do. in_parts: it may have failed half-way.
    refused: by its code it was not carried out.
    """
    if refusal is not None and refusal is _PROVES_NO_EFFECT.get(verb):
        return Effect.NONE_BUT_BEFORE
    differs = shows_change(before.state, after.state) and (after.state is None) is (verb is Verb.DELETE)
    if refusal is Refusal.CONFLICT:
        return Effect.NONE_BUT_BEFORE if differs and complete else Effect.NONE
    if differs and (complete or in_parts):
        return Effect.DONE
    return Effect.NONE if refused else Effect.OPEN


def presence_after(verb: Verb, before: Presence, refusal: Refusal | None, *, accepted: bool) -> Presence | None:
    """What a write tells of the presence of a resource that the next reading does not list; None is nothing."""
    if verb is Verb.DELETE and (accepted or before is Presence.PRESENT):
        return Presence.ABSENT
    if refusal is not None:
        return _PRESENCE_BY_REFUSAL.get(refusal)
    return still_known(before) if verb is Verb.UPDATE else None


def still_known(presence: Presence) -> Presence | None:
    """What stays known of a resource when the next reading does not list it."""
    return None if presence is Presence.PRESENT else presence
