# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the _info modules make of a server's lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.inform import Information
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService

DATA = {"name": "data", "owner": "alice", "grants": [{"id": "alice", "permission": "FULL_CONTROL"}]}
LOGS = {**DATA, "name": "logs"}
WRONG = {**DATA, "name": "wrong", "owner": 5}
DISK = {"name": "disk", "namespace": "shop", "sizeBytes": "1073741824"}
WEB = {"name": "web", "ports": [{"port": 80, "nodePort": 30080}]}


class Lists:
    """A server that answers each read with the next of these messages, the last one again and again."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)

    def read(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.messages.pop(0) if len(self.messages) > 1 else self.messages[0]

    def write(self, procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("a write was sent")

    def pause(self, tries: int, error: ApiError) -> float:
        raise AssertionError("nothing is tried again here")


def read(information: Information, *messages: dict[str, Any]) -> dict[str, Any]:
    """The result of a task."""
    try:
        information.read(Lists(*messages), "demo")
    except ApiError as error:
        information.error = error
    return information.as_result(with_diff=True)


def names(kind: type[Any], namespace: str | None, name: str | None, *messages: dict[str, Any]) -> list[str]:
    result = read(Information(kind, namespace, name), *messages)
    assert result["changed"] is False and len(result) == 2
    return [found["name"] for found in result[f"{kind.kind}s"]]


def test_all_is_shown_in_the_servers_order() -> None:
    assert names(Bucket, None, None, {"buckets": [LOGS, DATA]}) == ["logs", "data"]
    assert names(Bucket, None, "data", {"buckets": [LOGS, DATA]}) == ["data"]
    assert names(Bucket, None, "none", {"buckets": [LOGS, DATA]}) == []
    assert names(Bucket, None, None, {}) == []


def test_a_volume_that_both_lists_show_is_shown_once() -> None:
    image = {**DISK, "name": "image", "bootImage": True}
    assert names(DataVolume, "shop", None, {"dataVolumes": [DISK, image]}) == ["disk", "image"]
    assert names(DataVolume, "shop", None, {"dataVolumes": [DISK]}, {"dataVolumes": [image]}) == ["disk", "image"]
    result = read(Information(DataVolume, "shop", None), {"dataVolumes": [DISK, {**DISK, "sizeBytes": "1"}]})
    assert [found["size_bytes"] for found in result["datavolumes"]] == [1 << 30]  # the first, as for its module
    elsewhere = {**DISK, "name": "other", "namespace": "lab"}
    assert names(DataVolume, "shop", None, {"dataVolumes": [elsewhere]}) == []


def test_a_resource_is_shown_as_its_module_shows_it() -> None:
    result = read(Information(VMService, "shop", None), {"virtualMachines": [{"name": "vm", "services": [WEB]}]})
    port = {"name": "", "port": 80, "target_port": "80", "protocol": "TCP", "node_port": 30080}
    assert result == {
        "changed": False,
        "vm_services": [
            {
                **{"name": "web", "namespace": "shop", "virtual_machine": "vm", "ports": [port]},
                **{"type": None, "cluster_ip": None, "created_at": None},
            }
        ],
    }


def test_what_makes_no_sense_is_no_matter_where_something_else_is_asked_for() -> None:
    assert names(Bucket, None, "data", {"buckets": [{"owner": "alice"}, WRONG, DATA]}) == ["data"]


NO_NAME = "it lists something without a name that can be shown"


@pytest.mark.parametrize(
    ("information", "message", "begins", "says"),
    [
        (Information(Bucket, None, None), {"buckets": [DATA, WRONG]}, "all buckets", "bucket wrong: 'owner' should be"),
        (Information(Bucket, None, "wrong"), {"buckets": [WRONG]}, "bucket wrong", "bucket wrong: 'owner' should be"),
        (Information(Bucket, None, None), {"buckets": [{"owner": "a"}]}, "all buckets", NO_NAME),
        (Information(Bucket, None, None), {"buckets": [{**DATA, "name": 5}]}, "all buckets", NO_NAME),
        (Information(Bucket, None, None), {"buckets": [{**DATA, "name": ""}]}, "all buckets", NO_NAME),
        (Information(Bucket, None, None), {"buckets": [{**DATA, "name": "\x1b[2J"}]}, "all buckets", NO_NAME),
        (Information(Bucket, None, "data"), {"buckets": {}}, "bucket data", "'buckets' should be an array"),
        (
            *(Information(DataVolume, "shop", None), {"dataVolumes": [{**DISK, "sizeBytes": "large"}]}),
            *("data volumes of namespace shop", "data volume shop/disk: 'sizeBytes' should be an integer"),
        ),
        (
            *(Information(VMService, "shop", None), {"virtualMachines": [{"services": [{**WEB, "ports": {}}]}]}),
            *("VM services of namespace shop", "VM service shop/web: 'ports' should be an array"),
        ),
    ],
)
def test_what_makes_no_sense_is_a_failure_that_names_it(
    information: Information, message: dict[str, Any], begins: str, says: str
) -> None:
    result = read(information, message)
    assert result.keys() == {"changed", "msg", "error"} and result["changed"] is False
    assert result["error"]["code"] == "internal" and result["error"]["rpc"].startswith("List")
    rpc = result["error"]["rpc"]
    assert result["msg"].startswith(f"{begins}: {rpc} failed [internal]: the answer makes no sense: {says}")
