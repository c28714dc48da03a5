# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Lists of thousands: however many resources look into an answer, it is gone through once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.index import Index
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._engine.reconcile import plan
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume, Source
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService

from tests.unit.server_model import Server, reconcile

MANY = 50
NAMES = [f"name-{number}" for number in range(MANY)]


class Counted(list[Any]):
    """A list that counts what is taken out of it."""

    taken = 0

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.taken += 1
            yield item


@dataclass
class Counting(Server):
    lists: list[Counted] = field(default_factory=list)

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = super().read(procedure, request)
        for name, items in answer.items():
            answer[name] = Counted(items)
            self.lists.append(answer[name])
        return answer


def bucket(name: str) -> Bucket:
    return Bucket("lab", name, owner="alice")


def service(name: str) -> VMService:
    return VMService("lab", "vms", name, virtual_machine=f"machine-{name}")


def volume(name: str) -> DataVolume:
    return DataVolume("lab", "vms", name, source=Source("blank_image"), size=1)


@pytest.mark.parametrize("made", [bucket, service, volume])
@pytest.mark.parametrize("there", [True, False])
def test_a_list_is_gone_through_once_for_all(made: Any, there: bool) -> None:
    server = Counting()
    for number, name in enumerate(NAMES):
        for placed in (bucket, volume):
            assert reconcile(placed(name if there else f"other-{name}"), server).changed
        port = {"name": "", "port": 80, "targetPort": "80", "protocol": "TCP", "nodePort": 30000 + number}
        shown = name if there else f"other-{name}"
        server.things["vm_service"][name] = {"name": shown, "ports": [port], "machine": f"machine-{name}"}
    server.lists.clear()
    reads = SharedReads(server)
    for name in NAMES:
        planned = plan(made(name), reads.fresh(name, 0.0))
        assert planned.error is None or not there
        assert (planned.seen.state is not None) is there
    assert 1 <= len(server.lists) <= 2
    assert max(items.taken for items in server.lists) <= 4 * MANY


def test_the_first_of_a_name_counts_and_what_has_no_name_is_no_matter() -> None:
    index = Index([{"name": ["a"]}, {"name": "a", "at": 1}, {}, {"name": "a", "at": 2}, {"name": None}])
    assert index.find("a") == {"name": "a", "at": 1} and index.find("b") is None


def test_what_comes_before_nonsense_is_found_and_what_may_come_after_it_is_not_absent() -> None:
    def items() -> Iterator[Mapping[str, Any]]:
        yield {"name": "a"}
        raise ValueError("'services' should be an array")

    index = Index(items())
    assert index.find("a") == {"name": "a"}
    for _time in range(2):
        with pytest.raises(ValueError, match="'services' should be an array"):
            index.find("b")
