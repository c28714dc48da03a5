# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Hypothesis strategies for the ports of services: few names and numbers, so that they meet often."""

from __future__ import annotations

from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._values.ports import Port
from hypothesis import strategies as st

protocols = st.sampled_from(["TCP", "UDP", "SCTP"])
node_ports = st.integers(30000, 30004)


def usable(ports: list[Port]) -> bool:
    """Whether Kubernetes takes them: names and (protocol, port) are unique, and (protocol, node port) too."""
    for values in ([p.name for p in ports], [p.endpoint for p in ports]):
        if len(set(values)) < len(values):
            return False
    taken = [(port.protocol, port.node_port) for port in ports if port.node_port]
    return len(set(taken)) == len(taken) and (len(ports) == 1 or all(port.name for port in ports))


def lists_of(node_port: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Port, ...]]:
    one = st.builds(
        Port,
        port=st.sampled_from([53, 80, 443]),
        name=st.sampled_from(["a", "b", "c", ""]),
        target_port=st.sampled_from(["80", "http"]),
        protocol=protocols,
        node_port=node_port,
    )
    several = st.lists(one, min_size=1, max_size=4, unique_by=(lambda port: port.name, lambda port: port.endpoint))
    return several.filter(usable).map(tuple)


wanted_ports = lists_of(st.just(0) | node_ports)
current_ports = lists_of(node_ports)


def as_options(ports: tuple[Port, ...]) -> list[dict[str, Any]]:
    """The ports as a task gives them, with None for what it does not name."""
    return [
        {
            "port": port.port,
            "name": port.name or None,
            "target_port": port.target_port or None,
            "protocol": port.protocol,
            "node_port": port.node_port or None,
        }
        for port in ports
    ]


def without_node_ports(ports: tuple[Port, ...]) -> tuple[Port, ...]:
    return tuple(port._replace(node_port=0) for port in ports)
