# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Whatever goes wrong while a declaration is brought about: nothing is deleted that must stay.

Random declarations, on servers that hold something already, with lists that lie about names and namespaces among the
faults. What must not be deleted is said in judge.wrong_deletes(). OTTERSCALE_FUZZ_EXAMPLES and OTTERSCALE_FUZZ_SEED are
those of test_faults.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine.many import Summary
from ansible_collections.otterscale.core.plugins.module_utils._engine.reads import SharedReads
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.declaration import TASK, declare
from ansible_collections.otterscale.core.plugins.module_utils._task import Connection, Context
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from emulator.process import Emulator
from tests.fuzz.judge import wrong_deletes
from tests.fuzz.machine import FIGURES, TOKEN, put
from tests.fuzz.scenarios import quick
from tests.fuzz.test_faults import EXAMPLES, SEED
from tests.kinds import EMULATED
from tests.kinds.kind import GI
from tests.kinds.vm_service import LABELS

COPY = "existing_persistent_volume_claim"
VOLUMES = ("default/a", "default/b", "default/c", "other/a")


# A copy takes 30 ms.
GENERATIONS = {name: ("--generation", name, "--import-seconds", "0.09") for name in ("plain", "mapped")}


def split(key: str) -> dict[str, str]:
    namespace, _slash, name = key.partition("/")
    return {"namespace": namespace, "name": name}


states = st.sampled_from(["present", "present", "absent"])
sources = st.sampled_from([{"type": "blank_image"}, None, *({"type": COPY, "data": key} for key in VOLUMES)])
volumes = st.builds(
    lambda key, state, source, size: {**split(key), "state": state, "source": source, "size": size},
    *(st.sampled_from(VOLUMES), states, sources, st.sampled_from(["1Gi", "1Gi", "2Gi"])),
).map(lambda options: {**options, "wait_timeout": 0.6, "wait_sleep": 0.02})
buckets = st.builds(lambda name, state: {"name": name, "state": state, "owner": "alice"}, st.sampled_from("xy"), states)
buckets = buckets.map(lambda options: {**options, "name": f"bucket-{options['name']}"})
services = states.map(
    lambda state: {**split("default/web"), "state": state, "virtual_machine": "web", "ports": [{"port": 80}]}
)


def unique(of: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=most, unique_by=lambda options: (options.get("namespace"), options["name"]))


declarations = st.fixed_dictionaries(
    {
        "datavolumes": unique(volumes, 4),
        "buckets": unique(buckets, 2),
        "vm_services": unique(services, 1),
        "state": st.sampled_from(["present", "overridden"]),
        "namespaces": st.sampled_from([["default"], ["default", "other"], ["default"], [""]]),
        "confirm_removal": st.sampled_from([None, 2, 9]),
        "max_parallel": st.integers(1, 4),
        "any_errors_fatal": st.booleans(),
        "retries": st.integers(0, 2),
    }
)
there = st.builds(
    lambda key, source: {
        **{"kind": "data_volume", **split(key), "managed": True, "size_bytes": GI, "import_seconds": 0.09},
        **({"source_type": 2, "source_data": source} if source else {}),
    },
    *(st.sampled_from(VOLUMES), st.sampled_from([None, None, *VOLUMES])),
)
others = st.sampled_from(
    [
        {"kind": "bucket", "name": "bucket-x", "owner": "alice"},
        {"kind": "bucket", "name": "stray", "owner": "bob"},
        {"kind": "service", **split("default/web"), "labels": LABELS, "ports": [{"port": 80, "node_port": 30080}]},
    ]
)
# Lists as no server should write them: without a name, or of another namespace.
NAMELESS: tuple[Mapping[str, Any], ...] = ({}, {"name": ""}, {"name": None}, {"namespace": "other", "name": "a"})
misnamed = st.sampled_from(
    [
        {"rpc": rpc, "kind": "answer", "count": count, "body": json.dumps(body)}
        for count in (1, 2, 9)
        for item in NAMELESS
        for rpc, body in (
            ("ListBuckets", {"buckets": [item]}),
            ("ListDataVolumes", {"dataVolumes": [{"name": "b"}, item]}),
            ("ListVirtualMachines", {"virtualMachines": [{"name": "web", "services": [item]}]}),
        )
    ]
)


@pytest.mark.parametrize("arguments", GENERATIONS.values(), ids=GENERATIONS, indirect=True)
@seed(SEED)
@settings(
    max_examples=max(1, EXAMPLES // 4),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    declaration=declarations,
    things=st.lists(there | there | others, max_size=4),
    faults=st.lists(quick | misnamed, max_size=3),
)
def test_nothing_is_deleted_that_must_stay(
    started: Emulator, declaration: Mapping[str, Any], things: list[Any], faults: list[Any]
) -> None:
    FIGURES.seed = SEED
    started.reset(journal=True)
    for thing in things:
        put(started, thing)
    started.add_faults(*map(dict, faults))
    declared = {
        f"{kind} {'/'.join(filter(None, (options.get('namespace'), options['name'])))}": options
        for kind in EMULATED
        for options in declaration.get(f"{kind}s", ())
    }
    for _number in range(2):  # with faults, and once more without
        mark = started.journal()["next"]
        summary = converge(started, declaration)
        started.clear_faults()
        found = list(wrong_deletes(declared, started.journal(mark)["calls"], started.state()["scopes"]["demo"]))
        results = summary.as_result(with_diff=False)["results"]
        found += ["every result is skipped"] if results and all(result["skipped"] for result in results) else []
        FIGURES.violations += bool(found)
        assert not found, found


def converge(emulator: Emulator, declaration: Mapping[str, Any]) -> Summary:
    connection = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo"}
    validated = ArgumentSpecValidator(TASK.argument_spec).validate({**connection, **declaration})
    assert not validated.error_messages
    params = validated.validated_parameters
    with closing(Client(emulator.url, token=TOKEN, retries=params["retries"], timeout=20.0, backoff=0.001)) as client:
        return declare(params, Context(False, lambda params: Connection(SharedReads(client), client.secrets.hide)))
