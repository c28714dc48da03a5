# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Services: defaults, addresses and node ports. The checks are those that the older generations have, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ... import model, services
from ..errors import bad_request
from ..kind import Kind, Manifest

if TYPE_CHECKING:
    from ..store import Store

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PORT: dict[str, type] = {"port": int, "nodePort": int, "name": str, "protocol": str}


class Service(Kind):
    kind, resource, short_names = "Service", "services", ("svc",)
    subresources = ("status",)
    types: ClassVar = {"spec.ports": list, "spec.selector": dict, "spec.type": str, "spec.clusterIP": str}

    def check_types(self, manifest: Manifest) -> None:
        super().check_types(manifest)
        spec = manifest.get("spec", {})
        for value in spec.get("selector", {}).values():
            _check_type("ServiceSpec.selector", value, str)
        for port in spec.get("ports", ()):
            _check_type("ServiceSpec.ports", port, dict)
            for member, wanted in _PORT.items():
                _check_type(f"ServicePort.{member}", port.get(member, wanted()), wanted)

    def check_name(self, name: str) -> None:
        services.check_name(name)

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        spec = new.setdefault("spec", {})
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port.get("port"))
        if spec["type"] in services.WITH_NODE_PORTS:
            spec.setdefault("externalTrafficPolicy", "Cluster")
            if old:
                _keep_node_ports(spec, old["spec"])
        if spec["type"] != "ExternalName":
            address = (old or new)["spec"].get("clusterIP") or _address(new)
            spec.setdefault("clusterIP", address)
            spec["clusterIP"] = spec["clusterIP"] or address
            spec.setdefault("clusterIPs", [spec["clusterIP"]])
            spec.setdefault("ipFamilies", ["IPv4"])
            spec.setdefault("ipFamilyPolicy", "SingleStack")
            spec.setdefault("internalTrafficPolicy", "Cluster")
        new.setdefault("status", {"loadBalancer": {}})

    def check(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        name, spec = new["metadata"]["name"], new["spec"]
        if spec["type"] not in TYPES:
            known = ", ".join(f'"{name}"' for name in TYPES)
            problem = f'Unsupported value: "{spec["type"]}": supported values: {known}'
            raise self.invalid(name, "spec.type", problem)
        if old and old["spec"].get("clusterIP") != spec.get("clusterIP") and spec["type"] != "ExternalName":
            problem = f"Invalid value: {spec['clusterIPs']}: may not change once set"
            raise self.invalid(name, "spec.clusterIPs[0]", problem)
        for index, port in enumerate(spec.get("ports") or ()):
            self._check_port(name, f"spec.ports[{index}]", port)
        ports = [_port(port) for port in spec.get("ports") or ()]
        if ports or (spec["type"] != "ExternalName" and spec.get("clusterIP") != "None"):
            services.check(name, ports)
        if spec["type"] not in services.WITH_NODE_PORTS:
            for index, port in enumerate(ports):
                if port.node_port:
                    problem = "Forbidden: may not be used when `type` is 'ClusterIP'"
                    raise self.invalid(name, f"spec.ports[{index}].nodePort", problem)
            return
        key = f"{self.title}/{new['metadata']['namespace']}/{name}"
        others = {number for number, owner in store.node_ports.items() if owner != key}
        services.check_node_ports(name, ports, others)
        shown = model.Service(new["metadata"]["namespace"], name, ports, spec["type"])
        services.allocate(shown, others)
        for port, allocated in zip(spec["ports"], ports, strict=True):
            port["nodePort"] = allocated.node_port

    def _check_port(self, name: str, at: str, port: dict[str, Any]) -> None:
        """What the older generations' API cannot even say."""
        if port["protocol"] not in services.PROTOCOLS:
            known = ", ".join(f'"{protocol}"' for protocol in services.PROTOCOLS)
            problem = f'Unsupported value: "{port["protocol"]}": supported values: {known}'
            raise self.invalid(name, f"{at}.protocol", problem)
        target = port["targetPort"]
        if isinstance(target, str) and target.isdigit():
            problem = f'Invalid value: "{target}": must contain at least one letter (a-z)'
            raise self.invalid(name, f"{at}.targetPort", problem)


def _check_type(field: str, value: Any, wanted: type) -> None:
    if not isinstance(value, wanted) or isinstance(value, bool):
        given = {int: "int32", str: "string", dict: "object"}[wanted]
        raise bad_request(f"json: cannot unmarshal {value!r} into Go struct field {field} of type {given}")


def _keep_node_ports(spec: Manifest, old: Manifest) -> None:
    """A port that names no node port keeps that of its protocol and number, unless another one asks for it."""
    kept = {(port["protocol"], port["port"]): port["nodePort"] for port in old.get("ports", ()) if port.get("nodePort")}
    asked = {port.get("nodePort") for port in spec.get("ports") or ()}
    for port in spec.get("ports") or ():
        number = kept.get((port["protocol"], port.get("port")))
        if not port.get("nodePort") and number and number not in asked:
            port["nodePort"] = number


def _address(manifest: Manifest) -> str:
    return services.cluster_ip(model.key_of(manifest["metadata"]["namespace"], manifest["metadata"]["name"]))


def _port(port: dict[str, Any]) -> model.Port:
    return model.Port(
        int(port.get("port") or 0),
        int(port.get("nodePort") or 0),
        str(port.get("name") or ""),
        str(port["protocol"]),
        str(port["targetPort"]),
    )
