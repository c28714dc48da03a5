# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Ports: what the server fills in is no difference, and a port keeps the node port that it was allocated."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.ports import (
    Port,
    keep_node_ports,
    managed_ports,
    parse_ports,
    read_port,
    same_ports,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kinds.ports import as_options, current_ports, usable, wanted_ports, without_node_ports
from tests.unit.server_model import kubernetes_ports

HTTP = Port(80, "http", "8080", "TCP", 30080)
DNS = (Port(53, "dns", "53", "UDP", 30053), Port(53, "dns-tcp", "53", "TCP", 30053))


def read_back(messages: list[dict[str, Any]]) -> tuple[Port, ...]:
    return tuple(
        read_port(port=m["port"], name=m["name"], target_port=m["targetPort"], protocol=m["protocol"],
                  node_port=m["nodePort"])
        for m in messages
    )  # fmt: skip


def updated(wanted: tuple[Port, ...], current: tuple[Port, ...]) -> tuple[Port, ...]:
    """The ports after the update that a task with these wanted ports sends."""
    request = [port.as_request() for port in keep_node_ports(wanted, current)]
    return read_back(kubernetes_ports(request, [port.as_request() for port in current]))


@settings(max_examples=150)
@given(wanted_ports, current_ports)
def test_after_an_update_nothing_is_left_to_do(wanted: tuple[Port, ...], current: tuple[Port, ...]) -> None:
    assert same_ports(wanted, updated(wanted, current))


@settings(max_examples=150)
@given(wanted_ports, current_ports)
def test_a_port_that_keeps_its_name_keeps_its_node_port(wanted: tuple[Port, ...], current: tuple[Port, ...]) -> None:
    now = {port.name: port.node_port for port in current}
    after = {port.name: port for port in updated(wanted, current)}
    for port in wanted:
        if port.name in now and not port.node_port and after[port.name].node_port != now[port.name]:
            rivals = [other for other in wanted if other != port and other.protocol == port.protocol]
            held = {other.node_port or now.get(other.name) for other in rivals}
            assert now[port.name] in held, f"{port} lost {now[port.name]} to nobody"


@given(wanted_ports, current_ports)
def test_what_is_sent_names_no_node_port_twice_and_nothing_else_than_wanted(
    wanted: tuple[Port, ...], current: tuple[Port, ...]
) -> None:
    kept = keep_node_ports(wanted, current)
    assert usable(list(kept))
    assert without_node_ports(kept) == without_node_ports(wanted)
    for before, after in zip(wanted, kept, strict=True):
        assert not before.node_port or after.node_port == before.node_port


@given(current_ports, st.randoms(use_true_random=False))
def test_order_and_allocated_node_ports_are_no_difference(current: tuple[Port, ...], random: Any) -> None:
    wanted = list(current)
    random.shuffle(wanted)
    assert same_ports(wanted, current)
    assert same_ports(without_node_ports(tuple(wanted)), current)


@given(current_ports, st.data())
def test_every_other_difference_is_one(current: tuple[Port, ...], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(current) - 1))
    port = current[index]
    changes = [
        port._replace(port=9999),
        port._replace(name="other"),
        port._replace(target_port="9999"),
        port._replace(protocol="TCP" if port.protocol == "UDP" else "UDP"),
        port._replace(node_port=31000),
    ]
    changed = list(current)
    changed[index] = data.draw(st.sampled_from(changes))
    assert not same_ports(changed, current)
    assert not same_ports([*current, Port(9998, "new", "1")], current)
    assert not same_ports(current, [*current, Port(9998, "new", "1", node_port=31001)])


def test_two_protocols_on_one_node_port_are_no_difference() -> None:
    """Kubernetes allocates one node port to both where a service has the same port for TCP and UDP."""
    assert same_ports(without_node_ports(DNS), DNS)
    assert keep_node_ports(without_node_ports(DNS), DNS) == DNS


@pytest.mark.parametrize(
    ("wanted", "node_port"),
    [
        (Port(80, "http", "8080"), 30080),
        (Port(8080, "http", "8080"), 30080),
        (Port(80, "web", "8080"), 30080),
        (Port(80, "web", "8080", "UDP"), 0),
        (Port(81, "web", "8080"), 0),
        (Port(80, "http", "8080", node_port=30099), 30099),
    ],
)
def test_a_node_port_is_kept_by_name_or_else_by_protocol_and_port(wanted: Port, node_port: int) -> None:
    assert keep_node_ports([wanted], [HTTP]) == (wanted._replace(node_port=node_port),)


def test_a_name_counts_more_than_a_number() -> None:
    current = [HTTP, Port(81, "admin", "81", node_port=30081)]
    kept = keep_node_ports([Port(81, "http", "8080"), Port(80, "new", "1")], current)
    assert [port.node_port for port in kept] == [30080, 0]


def test_a_node_port_that_another_port_asks_for_is_not_kept() -> None:
    kept = keep_node_ports([Port(80, "http", "8080"), Port(81, "b", "81", node_port=30080)], [HTTP])
    assert [port.node_port for port in kept] == [0, 30080]


# Options


@given(wanted_ports)
def test_ports_survive_the_way_from_the_task_over_the_request_and_back(ports: tuple[Port, ...]) -> None:
    parsed = parse_ports(as_options(ports))
    assert parsed == ports
    filled = {"name": "", "nodePort": 0}
    assert read_back([{**filled, **port.as_request()} for port in parsed]) == parsed


def test_what_a_task_leaves_out_is_what_the_server_fills_in() -> None:
    assert parse_ports([{"port": 80}]) == (Port(80, "", "80", "TCP", 0),)
    assert parse_ports([{"port": 80, "target_port": "0080", "protocol": "tcp"}]) == (Port(80, "", "80", "TCP", 0),)
    assert parse_ports([{"port": 80}])[0].as_request() == {"port": 80, "targetPort": "80", "protocol": "TCP"}


def test_a_result_shows_integers_and_null_for_an_unknown_node_port() -> None:
    shown = {"name": "http", "port": 80, "target_port": "8080", "protocol": "TCP", "node_port": 30080}
    assert HTTP.as_result() == shown
    assert HTTP._replace(node_port=0).as_result() == {**shown, "node_port": None}


@pytest.mark.parametrize(
    "port", [{"port": n} for n in (1, 65535)] + [{"port": 1, "node_port": n} for n in (30000, 32767)]
)
def test_the_ends_of_the_ranges_are_in(port: dict[str, Any]) -> None:
    assert parse_ports([port])


A, B = {"name": "a", "port": 1}, {"name": "b", "port": 2}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "at least one port"),
        ([{"port": 0}], "port 0 is not from 1 to 65535"),
        ([{"port": -1}], "port -1 is not from 1 to 65535"),
        ([{"port": 65536}], "port 65536 is not from 1 to 65535"),
        ([{"port": 80, "node_port": 29999}], "node_port 29999 is not from 30000 to 32767"),
        ([{"port": 80, "node_port": 32768}], "node_port 32768 is not from 30000 to 32767"),
        ([{"port": 80, "node_port": 0}], "node_port 0 is not from 30000 to 32767"),
        ([{"port": 1}, {"port": 2}], "every port needs a name"),
        ([A, {"port": 2}], "every port needs a name"),
        ([A, {**B, "name": "a"}], "two ports have the name 'a'"),
        ([A, {**B, "port": 1}], "two ports are TCP 1"),
        ([{**A, "protocol": "udp"}, {**B, "port": 1, "protocol": "UDP"}], "two ports are UDP 1"),
        ([{**A, "node_port": 30001}, {**B, "node_port": 30001}], "two ports have the node_port 30001/TCP"),
    ],
)
def test_ports_against_the_rules_are_refused_with_the_value(options: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_ports(options)


def test_one_port_or_node_port_may_serve_two_protocols() -> None:
    assert len(parse_ports([A, {**A, "name": "b", "protocol": "UDP"}])) == 2
    assert len(parse_ports([{**A, "node_port": 30001}, {**B, "node_port": 30001, "protocol": "UDP"}])) == 2


# Diffs


def test_a_diff_shows_node_ports_only_where_the_task_names_one() -> None:
    current = [Port(81, "admin", "81", node_port=30081), HTTP]
    shown = managed_ports(current, [Port(80, "http", "8080", node_port=30090), Port(81, "admin", "81")])
    assert [port.get("node_port", "hidden") for port in shown] == [30080, "hidden"]
    assert [port["port"] for port in shown] == [80, 81]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (Port(8080, "http", "8080", node_port=30090), 30080),
        (Port(80, "web", "8080", node_port=30090), 30080),
        (Port(80, "web", "8080"), "hidden"),
        (Port(81, "admin", "81", node_port=30090), "hidden"),
    ],
)
def test_a_diff_finds_the_port_that_the_task_names_by_name_or_else_by_protocol_and_port(
    wanted: Port, shown: object
) -> None:
    assert [port.get("node_port", "hidden") for port in managed_ports([HTTP], [wanted])] == [shown]
