# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Ports of a Kubernetes Service: their rules, their comparison, and the node ports that an update must carry.

Source: https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

NODE_PORTS = range(30000, 32768)
PORTS = range(1, 65536)
# The option `ports` of every module that has one, so that one list serves several systems.
PORTS_OPTION: Mapping[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str"},
        "port": {"type": "int", "required": True},
        "target_port": {"type": "str"},
        "node_port": {"type": "int"},
        "protocol": {"type": "str", "choices": ["TCP", "UDP", "SCTP"], "default": "TCP"},
    },
}


class Port(NamedTuple):
    """One port. name "" is unnamed, node_port 0 is allocated by the server, target_port is a number or a name."""

    port: int
    name: str = ""
    target_port: str = ""
    protocol: str = "TCP"
    node_port: int = 0

    @property
    def endpoint(self) -> tuple[str, int]:
        return (self.protocol, self.port)

    @property
    def node_endpoint(self) -> tuple[str, int]:
        return (self.protocol, self.node_port)

    def as_request(self) -> dict[str, Any]:
        message = {
            "name": self.name,
            "port": self.port,
            "targetPort": self.target_port,
            "protocol": self.protocol,
            "nodePort": self.node_port,
        }
        return {key: value for key, value in message.items() if value}

    def as_result(self, *, with_node_port: bool = True) -> dict[str, Any]:
        shown = {
            "name": self.name,
            "port": self.port,
            "target_port": self.target_port,
            "protocol": self.protocol,
            "node_port": self.node_port or None,
        }
        return shown if with_node_port else {key: value for key, value in shown.items() if key != "node_port"}


def read_port(*, port: int, name: str, target_port: str, protocol: str, node_port: int) -> Port:
    """A port with what a server fills in: target port equal to port, protocol TCP."""
    target = str(int(target_port)) if target_port.isdecimal() else target_port
    return Port(port, name, target or str(port), protocol.upper() or "TCP", node_port)


def parse_ports(options: Sequence[Mapping[str, Any]]) -> tuple[Port, ...]:
    """The option `ports`. Raises ValueError naming the port and the rule that it breaks."""
    ports = tuple(
        read_port(
            port=option["port"],
            name=option.get("name") or "",
            target_port=option.get("target_port") or "",
            protocol=option.get("protocol") or "",
            node_port=option.get("node_port") or 0,
        )
        for option in options
    )
    if not ports:
        raise ValueError("a service needs at least one port")
    for option, port in zip(options, ports, strict=True):
        if port.port not in PORTS:
            raise ValueError(f"port {port.port} is not from 1 to 65535")
        if option.get("node_port") is not None and port.node_port not in NODE_PORTS:
            raise ValueError(f"node_port {option['node_port']} is not from 30000 to 32767")
    if len(ports) > 1 and not all(port.name for port in ports):
        raise ValueError("with several ports every port needs a name")
    _refuse_repeated([port.name for port in ports if port.name], "two ports have the name {!r}")
    _refuse_repeated([f"{port.protocol} {port.port}" for port in ports], "two ports are {}")
    _refuse_repeated(
        [f"{port.node_port}/{port.protocol}" for port in ports if port.node_port], "two ports have the node_port {}"
    )
    return ports


def keep_node_ports(wanted: Sequence[Port], current: Sequence[Port]) -> tuple[Port, ...]:
    """The wanted ports, each without a node port given the one it has now.

    Matched by name, else by (protocol, port). A node port that another wanted port names is not kept.
    """
    kept = list(wanted)
    taken = {port.node_endpoint for port in wanted if port.node_port}
    by_name = {port.name: port for port in current}
    by_endpoint = {port.endpoint: port for port in current}
    # All names first: a port must not lose its node port to another one that merely has its number now.
    for match_names in (True, False):
        for index, port in enumerate(kept):
            now = by_name.get(port.name) if match_names else by_endpoint.get(port.endpoint)
            if now and not port.node_port and (port.protocol, now.node_port) not in taken:
                kept[index] = port._replace(node_port=now.node_port)
                taken.add(kept[index].node_endpoint)
    return tuple(kept)


def same_ports(wanted: Sequence[Port], current: Sequence[Port]) -> bool:
    """Whether nothing is to be done; an allocated node port and the order make no difference."""
    kept = keep_node_ports(wanted, current)
    return sorted(kept, key=_order) == sorted(current, key=_order)


def managed_ports(ports: Sequence[Port], wanted: Sequence[Port]) -> list[dict[str, Any]]:
    """The ports for a diff: node ports only where the wanted port of that name or endpoint names one."""
    by_name = {port.name: port for port in wanted}
    by_endpoint = {port.endpoint: port for port in wanted}
    shown = []
    for port in sorted(ports, key=_order):
        want = by_name.get(port.name) or by_endpoint.get(port.endpoint)
        shown.append(port.as_result(with_node_port=bool(want and want.node_port)))
    return shown


def _order(port: Port) -> tuple[int, str, str, str, int]:
    return (port.port, port.protocol, port.name, port.target_port, port.node_port)


def _refuse_repeated(values: Sequence[str], message: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(message.format(value))
