# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Virtual machines as the hosts of an inventory, whether they run or not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._engine.inform import show_listed
from .._engine.resource import Read
from .._errors import ApiError, OtherApi, bad_option, checked
from .._task import Inventory, Params
from .._values.message import Message, is_in, read_name
from .._values.names import dns_1123_label, dns_1123_subdomain
from .connection import OTTERSCALE
from .objects.machine import list_machines
from .objects.vm_service import VMServiceObjects
from .vm_service import VMService

ARGUMENT_SPEC: dict[str, Any] = {"namespaces": {"type": "list", "elements": "str"}}

_RPC = "ListVirtualMachines"
_LIST = f"otterscale.instance.v1.InstanceService/{_RPC}"
_EVERYWHERE = ""  # what the API takes for all namespaces
_DATA_VOLUME = (1, "DATA_VOLUME", "TYPE_DATA_VOLUME")  # as the type of a disk's source


def find(params: Params, read: Read) -> dict[str, dict[str, Any]]:
    """The variables of each host, by its name NAME.NAMESPACE, in the server's order."""
    namespaces = params["namespaces"]
    if namespaces is not None and not namespaces:
        raise bad_option("namespaces", namespaces, "must not be empty: leave it out to get all")
    for namespace in namespaces or ():
        checked("namespaces", namespace, dns_1123_label)
    hosts = {}
    for namespace in dict.fromkeys(namespaces or [_EVERYWHERE]):
        for machine in _machines(read, params["scope"], namespace):
            hosts[f"{machine['name']}.{machine['namespace']}"] = _variables(machine)
    return hosts


def _machines(read: Read, scope: str, namespace: str) -> list[dict[str, Any]]:
    rpc = _RPC
    try:
        try:
            listed = Message(read(_LIST, {"scope": scope, "namespace": namespace})).objects("virtualMachines")
            found = [message for message in listed if namespace == _EVERYWHERE or is_in(namespace, message)]
            return [_read_machine(scope, namespace, message) for message in found]
        except OtherApi:
            rpc = "List"
            return _read_objects(read, scope, namespace)
    except ValueError as error:
        raise ApiError("internal", f"the answer makes no sense: {error}", rpc=rpc) from None
    except ApiError as error:
        error.message = f"namespace {namespace}: {error.message}" if namespace else error.message
        raise


def _variables(machine: dict[str, Any]) -> dict[str, Any]:
    address = next(filter(None, machine["ip_addresses"]), None)
    return {"otterscale_vm": machine, **({"ansible_host": address} if address else {})}


def _read_machine(scope: str, namespace: str, message: Message) -> dict[str, Any]:
    """A VM in snake_case, its services as the module for them shows them. Raises ValueError, which names it.

    The names become a host's, which Ansible may take for a pattern, a template or an option of ssh: so they must be
    what Kubernetes allows.
    """
    own = _read_names(namespace, message)
    try:
        return {**own, **_read_fields(message), "services": _read_services(scope, own, message)}
    except ValueError as error:
        raise ValueError(f"virtual machine {own['namespace']}/{own['name']}: {error}") from None


def _read_objects(read: Read, scope: str, namespace: str) -> list[dict[str, Any]]:
    """The same of a server that has objects."""
    dialect = VMServiceObjects()
    anything = replace(VMService.to_remove(scope, namespace, ""), dialect=dialect)
    services: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for service in dialect.list_all(anything, read):
        placed = replace(anything, namespace=Message(service).object("metadata").string("namespace"))
        shown = show_listed(placed, read_name(service), service)
        services.setdefault((shown["namespace"], shown["virtual_machine"]), []).append(shown)
    machines = []
    for metadata, fields in list_machines(read, scope, namespace):
        own = _read_names(namespace, metadata)
        _check_addresses(fields["ip_addresses"])
        machines.append({**own, **fields, "services": services.get((own["namespace"], own["name"]), [])})
    return machines


def _read_names(namespace: str, message: Message) -> dict[str, str]:
    own = {"name": _checked(message, "name", dns_1123_subdomain)}
    own["namespace"] = namespace if not message.get("namespace") else _checked(message, "namespace", dns_1123_label)
    if not own["namespace"]:
        raise ValueError(f"the virtual machine {own['name']} is in no namespace")
    return own


def _checked(message: Message, field: str, rule: Callable[[str], str]) -> str:
    value = message.string(field)
    try:
        return rule(value)
    except ValueError as error:
        raise ValueError(f"the {field} of a virtual machine is {value[:63]!r}: it {error}") from None


def _read_fields(message: Message) -> dict[str, Any]:
    return {
        "status": message.string("status") or None,
        "ready": message.boolean("ready"),
        "instance_phase": message.string("instancePhase") or None,
        "machine_id": message.string("machineId") or None,
        "hostname": message.string("hostname") or None,
        "ip_addresses": _read_addresses(message),
        "created_at": message.time("createdAt"),
        "instance_type": _read_instance_type(message.object("instanceType")),
        "disks": [_read_disk(disk) for disk in message.objects("disks")],
        **{kind: [_read_copy(copy) for copy in message.objects(kind)] for kind in _COPIES},
    }


def _read_addresses(message: Message) -> list[str]:
    """Addresses, "" where an interface has none yet. Nothing else: ssh would take some texts for its own options."""
    addresses = message.strings("ipAddresses")
    _check_addresses(addresses)
    return addresses


def _check_addresses(addresses: list[str]) -> None:
    if not all(map(_is_address, filter(None, addresses))):
        raise ValueError("'ipAddresses' should be an array of IP addresses")


def _is_address(text: str) -> bool:
    number, _percent, interface = text.partition("%")
    try:
        ipaddress.ip_address(number)
    except ValueError:
        return False
    return re.fullmatch("[a-zA-Z0-9_.-]*", interface) is not None


def _read_instance_type(message: Message) -> dict[str, Any] | None:
    if not message:
        return None
    return {
        "name": message.string("name"),
        "cpu_cores": message.integer("cpuCores"),
        "memory_bytes": message.integer("memoryBytes"),
        "cluster_wide": message.boolean("clusterWide"),
        "created_at": message.time("createdAt"),
    }


def _read_disk(message: Message) -> dict[str, Any]:
    """Generations tell the data volume in two ways. Other sources, such as cloud-init's, may hold secrets."""
    source = message.object("volume").object("source")
    volume = source.string("data") if source.get("type") in _DATA_VOLUME else ""
    return {
        "name": message.string("name"),
        "data_volume_name": message.string("dataVolumeName") or volume or None,
    }


_COPIES = ("clones", "snapshots", "restores")


def _read_copy(message: Message) -> dict[str, Any]:
    return {
        "name": message.string("name"),
        "phase": message.string("phase") or None,
        "created_at": message.time("createdAt"),
    }


def _read_services(scope: str, own: Mapping[str, str], message: Message) -> list[dict[str, Any]]:
    anything = VMService.to_remove(scope, own["namespace"], "")
    return [
        {**show_listed(anything, read_name(service), service), "virtual_machine": own["name"]}
        for service in message.objects("services")
    ]


INVENTORY = Inventory("virtual machines", ARGUMENT_SPEC, OTTERSCALE, find, about=("api_url", "scope", "namespaces"))
