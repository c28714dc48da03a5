# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What AWX counts as indirectly managed nodes, by the queries of extensions/audit, with jq itself."""

from __future__ import annotations

from typing import Any

import jq
import pytest
import yaml

from .definitions import ROOT

QUERIES = yaml.safe_load((ROOT / "extensions/audit/event_query.yml").read_text(encoding="utf-8"))
MODULES = {f"otterscale.core.{path.stem}" for path in (ROOT / "plugins/modules").glob("*.py")}
TIME = "2026-01-01T00:00:00Z"
BUCKET = {"name": "reports", "owner": "alice", "created_at": TIME}
VOLUME = {"name": "disk", "namespace": "default", "created_at": None, "persistent_volume_claim": {"created_at": TIME}}
SERVICE = {"name": "web", "namespace": "default", "created_at": TIME}
ONES = {
    "otterscale_bucket": {"changed": True, "bucket": BUCKET},
    "otterscale_datavolume": {"changed": True, "datavolume": VOLUME},
    "otterscale_vm_service": {"changed": True, "vm_service": SERVICE},
    "ief_service": {"changed": True, "ief_service": {"id": "6e9d", "name": "edge", "created_at": TIME}},
}
ONES["otterscale_resources"] = {"changed": True, "results": [{"kind": "bucket", "name": "reports", "bucket": BUCKET}]}


def count(module: str, result: Any) -> list[dict[str, Any]]:
    return list(jq.compile(QUERIES[f"otterscale.core.{module}"]["query"]).input_value(result).all())


def test_each_module_that_manages_something_is_counted() -> None:
    """Info modules manage nothing, and a status report is no node."""
    silent = {name for name in MODULES if name.endswith("_info")} | {"otterscale.core.apigee_instance_status"}
    assert MODULES - silent <= set(QUERIES) and {f"otterscale.core.{name}" for name in ONES} == set(QUERIES)


@pytest.mark.parametrize("module", ONES)
def test_a_node_has_what_awx_asks_for(module: str) -> None:
    (node,) = count(module, ONES[module])
    assert set(node) == {"name", "canonical_facts", "facts"} and node["name"]
    assert set(node["facts"]) == {"infra_type", "infra_bucket", "device_type"} and all(node["facts"].values())
    assert all(isinstance(value, str) and value for value in node["canonical_facts"].values())


@pytest.mark.parametrize("module", ONES)
def test_nothing_is_counted_where_there_is_nothing(module: str) -> None:
    """Absent, predicted by check mode, failed, skipped, censored, or emptied by AWX for its size."""
    kind = module.removeprefix("otterscale_")
    for result in (
        {kind: None},
        {kind: {"name": "x", "created_at": None, "id": None}},
        {"failed": True, "msg": "x"},
        {},
    ):
        assert count(module, result) == [] == count(module, {"results": [result]})
    assert count(module, {"censored": "hidden", "changed": False}) == [] == count(module, {"results": []})


@pytest.mark.parametrize("module", ONES)
def test_a_loop_counts_each_of_its_results(module: str) -> None:
    loop = {"results": [{**ONES[module], "item": 1}, {"skipped": True}], "changed": True}
    assert count(module, loop) == count(module, ONES[module])


def test_a_declaration_counts_as_its_modules_would() -> None:
    """So that a resource is one node, whichever way it is managed; and the same name elsewhere is another one."""
    kinds = {"bucket": BUCKET, "datavolume": VOLUME, "vm_service": SERVICE}
    results = [{"kind": kind, "name": value["name"], kind: value} for kind, value in kinds.items()]
    whole = count("otterscale_resources", {"results": results})
    assert whole == [node for kind in kinds for node in count(f"otterscale_{kind}", {kind: kinds[kind]})]
    elsewhere = {**BUCKET, "created_at": "2026-02-02T00:00:00Z"}
    facts = [count("otterscale_bucket", {"bucket": bucket})[0]["canonical_facts"] for bucket in (BUCKET, elsewhere)]
    assert facts[0] != facts[1]
