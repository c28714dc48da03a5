# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Every kind of resource, as the tests that concern them all need it. A new kind is a file here, and its name below."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.kinds.bucket import BUCKET
from tests.kinds.datavolume import DATAVOLUME, DATAVOLUME_OBJECTS
from tests.kinds.ief_service import IEF_SERVICE
from tests.kinds.kind import Emulated, Kind
from tests.kinds.vm_service import VM_SERVICE, VM_SERVICE_OBJECTS

KINDS: Mapping[str, Kind] = {
    kind.id: kind for kind in (BUCKET, VM_SERVICE, VM_SERVICE_OBJECTS, DATAVOLUME, DATAVOLUME_OBJECTS, IEF_SERVICE)
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
some_unlisted = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if not kind.lists_all], ids=lambda kind: kind.name
)
# Those that the embedded server holds as an OtterScale of 2025, and those that it holds as OtterScale 1.x.
EMULATED: Mapping[str, Kind] = {
    name: kind for name, kind in KINDS.items() if kind.emulated and kind.emulated.otterscale and not kind.other_api
}
OBJECTS: Mapping[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.other_api}
emulated_kinds = pytest.mark.parametrize("kind", EMULATED.values(), ids=EMULATED)


def emulated(name: str) -> Emulated:
    """How the embedded server holds a kind."""
    found = KINDS[name].emulated
    assert found, name
    return found
