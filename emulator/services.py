# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""VM services: Kubernetes Services of type NodePort, with the checks and the texts of the Kubernetes API server."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection

from .errors import SERVICES, BackendError, already_exists, invalid, invalid_value, not_found
from .model import VM_LABEL, VM_SELECTOR, Port, Scope, Service, key_of

NODE_PORTS = range(30000, 32768)
WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def create(scope: Scope, namespace: str, name: str, machine: str, ports: list[Port]) -> Service:
    """It does not ask whether the VM exists: a service for one that does not is listed nowhere."""
    check_name(name)
    check(name, ports)
    # In this order: a taken node port is found before the taken name is.
    check_node_ports(name, ports, _taken(scope))
    key = key_of(namespace, name)
    if key in scope.services:
        raise already_exists(SERVICES, name)
    service = Service(
        namespace,
        name,
        ports,
        cluster_ip=cluster_ip(key),
        labels={VM_LABEL: machine},
        selector={VM_SELECTOR: machine},
    )
    allocate(service, _taken(scope))
    scope.services[key] = service
    return service


def update(scope: Scope, namespace: str, name: str, ports: list[Port]) -> Service:
    """Replace all ports of any Service of that name, also of one that OtterScale did not create."""
    service = get(scope, namespace, name)
    check(name, ports)
    allocated = {port.name: port.node_port for port in service.ports}
    for port in ports:
        port.node_port = port.node_port or allocated.get(port.name, 0)
    check_node_ports(name, ports, _taken(scope) - set(allocated.values()))
    service.ports = ports
    allocate(service, _taken(scope))
    return service


def delete(scope: Scope, namespace: str, name: str) -> None:
    get(scope, namespace, name)
    del scope.services[key_of(namespace, name)]


def get(scope: Scope, namespace: str, name: str) -> Service:
    service = scope.services.get(key_of(namespace, name))
    if service is None:
        raise not_found(SERVICES, name)
    return service


def shown_in(scope: Scope, visibility: str) -> dict[str, list[Service]]:
    """The services that each VM shows, by its `namespace/name` and the generation's `services` knob."""
    shown: dict[str, list[Service]] = {}
    for service in scope.services.values():
        if VM_LABEL in service.labels and visibility != "none":
            machine = service.labels[VM_LABEL] if visibility == "all" else service.name
            shown.setdefault(key_of(service.namespace, machine), []).append(service)
    return shown


def _invalid(name: str, field: str, value: str | int, problem: str) -> BackendError:
    return invalid_value("Service", name, field, value, problem)


def check_name(name: str) -> None:
    if not _DNS_1035.fullmatch(name):
        raise _invalid(
            name,
            "metadata.name",
            name,
            "a DNS-1035 label must start with a letter and end with a letter "
            "or digit, and hold only lower case letters, digits and '-'",
        )


def check(name: str, ports: list[Port]) -> None:
    """Fill the defaults in and refuse what the API server refuses, with its words."""
    if not ports:
        raise invalid("Service", name, "spec.ports", "Required value")
    for index, port in enumerate(ports):
        at = f"spec.ports[{index}]"
        port.protocol = port.protocol.upper() or "TCP"
        port.target_port = port.target_port or str(port.port)
        if not port.name and len(ports) > 1:
            raise invalid("Service", name, f"{at}.name", "Required value")
        if port.name and (len(port.name) > 63 or not _PORT_NAME.fullmatch(port.name)):
            raise _invalid(name, f"{at}.name", port.name, "a DNS-1123 label is needed")
        if not 1 <= port.port <= 65535:
            raise _invalid(name, f"{at}.port", port.port, "must be between 1 and 65535, inclusive")
        if port.protocol not in PROTOCOLS:
            known = ", ".join(f'"{protocol}"' for protocol in PROTOCOLS)
            raise invalid(
                "Service", name, f"{at}.protocol", f'Unsupported value: "{port.protocol}": supported values: {known}'
            )
        _check_target(name, at, port.target_port)
    _check_duplicates(name, ports)


def _check_target(name: str, at: str, target: str) -> None:
    if target.lstrip("-").isdigit():
        if not 1 <= int(target) <= 65535:
            raise _invalid(name, f"{at}.targetPort", int(target), "must be between 1 and 65535, inclusive")
    elif len(target) > 15 or not _PORT_NAME.fullmatch(target) or not re.search("[a-z]", target):
        raise _invalid(name, f"{at}.targetPort", target, "must be a port number or a port name of 1 to 15 characters")


def _check_duplicates(name: str, ports: list[Port]) -> None:
    names: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        if port.name and port.name in names:
            raise invalid("Service", name, f"spec.ports[{index}].name", f'Duplicate value: "{port.name}"')
        if (port.protocol, port.port) in numbers:
            value = f'{{"protocol":"{port.protocol}","port":{port.port}}}'
            raise invalid("Service", name, f"spec.ports[{index}]", f"Duplicate value: {value}")
        names.add(port.name)
        numbers.add((port.protocol, port.port))


def check_node_ports(name: str, ports: list[Port], others: Collection[int]) -> None:
    """others: the node ports of other services."""
    own: set[int] = set()
    for index, port in enumerate(ports):
        if port.node_port == 0:
            continue
        field = f"spec.ports[{index}].nodePort"
        if port.node_port not in NODE_PORTS:
            problem = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            raise _invalid(name, field, port.node_port, problem)
        if port.node_port in others or port.node_port in own:
            raise _invalid(name, field, port.node_port, "provided port is already allocated")
        own.add(port.node_port)


def _taken(scope: Scope) -> set[int]:
    return {port.node_port for service in scope.services.values() for port in service.ports} - {0}


def allocate(service: Service, others: Collection[int]) -> None:
    """Give every port without a node port a free one: scattered like a real cluster's, the same in every run."""
    if service.type not in WITH_NODE_PORTS:
        return
    own = {port.node_port for port in service.ports}
    for port in service.ports:
        if port.node_port:
            continue
        start = zlib.crc32(f"{service.namespace}/{service.name}/{port.name}".encode())
        for step in range(len(NODE_PORTS)):
            candidate = NODE_PORTS[(start + step) % len(NODE_PORTS)]
            if candidate not in others and candidate not in own:
                port.node_port = candidate
                own.add(candidate)
                break
        else:
            raise BackendError("resource_exhausted", "range is full")


def cluster_ip(key: str) -> str:
    number = zlib.crc32(key.encode())
    return f"10.96.{number % 256}.{number // 256 % 254 + 1}"
