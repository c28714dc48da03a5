# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Virtual machines as hosts: which there are, what their variables are, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.inventory import find

WEB = {"name": "web", "namespace": "shop", "status": "Running", "ready": True, "ipAddresses": ["10.0.0.1", "fe80::1"]}


def hosts(*machines: Mapping[str, Any], namespaces: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """What is found where the server lists these machines, whatever namespace it is asked for."""
    answer = {"virtualMachines": [*machines]}
    return find({"scope": "demo", "namespaces": namespaces}, lambda _procedure, _request: answer)


def test_a_machine_is_shown_in_snake_case_and_typed() -> None:
    port = {"port": 80, "nodePort": 30080, "name": "http", "protocol": "TCP", "targetPort": "8080"}
    created = {"createdAt": "2026-01-31T13:00:00+01:00"}
    disks = [
        {"name": "root", "dataVolumeName": "web-root"},
        {"name": "data", "volume": {"source": {"type": "TYPE_DATA_VOLUME", "data": "web-data"}}},
        {"name": "init", "volume": {"source": {"type": "TYPE_CLOUD_INIT_NO_CLOUD", "data": "password: secret"}}},
    ]
    message = {
        **{**WEB, **created, "machineId": "m-1", "hostname": "node-1", "instancePhase": "Running", "disks": disks},
        "services": [{"name": "web", "type": "NodePort", "clusterIp": "10.96.0.1", "ports": [port], **created}],
        "instanceType": {"name": "small", "cpuCores": 2, "memoryBytes": "2147483648", "clusterWide": True},
        "snapshots": [{"name": "before", "phase": "Succeeded", **created}],
    }
    variables = hosts(message)["web.shop"]
    time = "2026-01-31T12:00:00Z"
    assert variables == {
        "ansible_host": "10.0.0.1",
        "otterscale_vm": {
            **{"name": "web", "namespace": "shop", "status": "Running", "ready": True, "instance_phase": "Running"},
            **{"machine_id": "m-1", "hostname": "node-1", "ip_addresses": ["10.0.0.1", "fe80::1"], "created_at": time},
            "services": [
                {
                    **{"name": "web", "namespace": "shop", "virtual_machine": "web", "type": "NodePort"},
                    **{"cluster_ip": "10.96.0.1", "created_at": time},
                    "ports": [
                        {"name": "http", "port": 80, "target_port": "8080", "protocol": "TCP", "node_port": 30080}
                    ],
                }
            ],
            "instance_type": {
                **{"name": "small", "cpu_cores": 2, "memory_bytes": 2147483648, "cluster_wide": True},
                "created_at": None,
            },
            "disks": [
                {"name": "root", "data_volume_name": "web-root"},
                {"name": "data", "data_volume_name": "web-data"},
                {"name": "init", "data_volume_name": None},
            ],
            "clones": [],
            "snapshots": [{"name": "before", "phase": "Succeeded", "created_at": time}],
            "restores": [],
        },
    }


def test_what_is_not_told_is_null() -> None:
    variables = hosts({"name": "new", "namespace": "shop"})["new.shop"]
    machine = variables.pop("otterscale_vm")
    assert variables == {}
    assert {name for name, value in machine.items() if value is None} == {
        *("status", "instance_phase", "machine_id", "hostname", "created_at", "instance_type")
    }
    assert machine["ready"] is False and machine["ip_addresses"] == machine["services"] == []


@pytest.mark.parametrize(
    ("addresses", "first"),
    [([], None), ([""], None), (["", "10.0.0.1"], "10.0.0.1"), (["fe80::1%eth0", "10.0.0.1"], "fe80::1%eth0")],
)
def test_the_address_of_a_host_is_the_first_that_there_is(addresses: list[str], first: str | None) -> None:
    assert hosts({**WEB, "ipAddresses": addresses})["web.shop"].get("ansible_host") == first


def test_namespaces_are_asked_for_one_by_one_and_otherwise_all_at_once() -> None:
    asked = []

    def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        asked.append((procedure.rpartition("/")[2], dict(request)))
        machines = [WEB, {**WEB, "namespace": "lab"}]
        return {"virtualMachines": [*machines, {"name": "here"}] if request["namespace"] else machines}

    assert list(find({"scope": "demo", "namespaces": None}, read)) == ["web.shop", "web.lab"]
    # A server that tells no namespace means the one that it was asked for; one that tells another ignores the question.
    found = find({"scope": "demo", "namespaces": ["lab", "shop", "lab"]}, read)
    assert list(found) == ["web.lab", "here.lab", "web.shop", "here.shop"]
    assert asked == [
        ("ListVirtualMachines", {"scope": "demo", "namespace": namespace}) for namespace in ("", "lab", "shop")
    ]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": None}, "the name of a virtual machine is '': it must be a DNS-1123 subdomain"),
        ({"name": 5}, "'name' should be a string, not a number"),
        ({"name": "{{ 6 * 7 }}"}, "the name of a virtual machine is '{{ 6 * 7 }}': it must be"),
        ({"name": "web[1:3]"}, "the name of a virtual machine is 'web[1:3]'"),
        ({"name": "web\x1b[31m"}, r"the name of a virtual machine is 'web\x1b[31m'"),
        ({"name": "w" * 1_000_000}, f"the name of a virtual machine is {'w' * 63!r}: it must be"),
        ({"namespace": "-o"}, "the namespace of a virtual machine is '-o': it must be a DNS-1123 label"),
        ({"namespace": ""}, "the virtual machine web is in no namespace"),
        ({"ipAddresses": ["-oProxyCommand=id"]}, "shop/web: 'ipAddresses' should be an array of IP addresses"),
        ({"ipAddresses": ["10.0.0.1", "{{ x }}"]}, "shop/web: 'ipAddresses' should be an array of IP addresses"),
        ({"ipAddresses": ["fe80::1%eth0;id"]}, "shop/web: 'ipAddresses' should be an array of IP addresses"),
        ({"ipAddresses": "10.0.0.1"}, "shop/web: 'ipAddresses' should be an array, not a string"),
        ({"status": {}}, "virtual machine shop/web: 'status' should be a string, not an object"),
        ({"instanceType": {"memoryBytes": "2Gi"}}, "shop/web: 'memoryBytes' should be an integer"),
        ({"services": [{"name": ""}]}, "shop/web: 'name' should be a name"),
        ({"services": [{"name": "a", "ports": [{"port": "x"}]}]}, "shop/web: VM service shop/a: 'port' should be"),
    ],
)
def test_a_machine_that_makes_no_sense_is_an_error(members: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as info:
        hosts(WEB, {**WEB, **members})
    assert (info.value.code, info.value.rpc) == ("internal", "ListVirtualMachines")
    assert info.value.message.startswith("the answer makes no sense: ")
    assert message in info.value.message
    assert len(info.value.message) < 400


@pytest.mark.parametrize("namespaces", [[], ["Shop"], ["shop", ""], ["*"]])
def test_namespaces_that_cannot_be_are_refused_before_any_call(namespaces: list[str]) -> None:
    def read(procedure: str, request: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("a call was sent")

    with pytest.raises(ApiError, match="option 'namespaces' is") as info:
        find({"scope": "demo", "namespaces": namespaces}, read)
    assert info.value.code == "client"
