# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A client of OtterScale 1.x for tests: the calls of ResourceService, and objects to send."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator.process import Emulator

GI = 1 << 30
RESOURCES = {
    "services": ("", "v1"),
    "persistentvolumeclaims": ("", "v1"),
    "namespaces": ("", "v1"),
    "storageclasses": ("storage.k8s.io", "v1"),
    "datavolumes": ("cdi.kubevirt.io", "v1beta1"),
    "virtualmachines": ("kubevirt.io", "v1"),
    "virtualmachineinstances": ("kubevirt.io", "v1"),
}
LABEL, SELECTOR = "otterscale.com/virtual-machine.name", "kubevirt.io/vm"


class Refused(Exception):
    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(status, answer)
        self.status = status
        self.code, self.message = (answer["code"], answer["message"]) if isinstance(answer, dict) else ("", answer)


class Client:
    """ResourceService of one server; answers are objects, and what is refused is raised."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def call(self, rpc: str, resource: str, namespace: str = "default", **members: Any) -> Any:
        group, version = RESOURCES.get(resource, ("", "v1"))
        if isinstance(manifest := members.get("manifest"), dict | str):
            text = manifest if isinstance(manifest, str) else json.dumps(manifest)
            members["manifest"] = base64.b64encode(text.encode()).decode()
        address = {"cluster": "demo", "group": group, "version": version, "resource": resource, "namespace": namespace}
        status, answer = self.emulator.call("resource", rpc, **{**address, **members})
        if status != 200:
            raise Refused(status, answer)
        return answer

    def get(self, resource: str, name: str, **more: Any) -> Any:
        return self.call("Get", resource, name=name, **more)["object"]

    def create(self, resource: str, manifest: Any, **more: Any) -> Any:
        return self.call("Create", resource, manifest=manifest, **more)["object"]

    def update(self, resource: str, manifest: Any, **more: Any) -> Any:
        return self._written("Update", resource, manifest, more)

    def apply(self, resource: str, manifest: Any, **more: Any) -> Any:
        return self._written("Apply", resource, manifest, more)

    def _written(self, rpc: str, resource: str, manifest: Any, more: dict[str, Any]) -> Any:
        members = {"manifest": manifest, "name": manifest["metadata"]["name"], "fieldManager": "test", **more}
        return self.call(rpc, resource, **members)["object"]

    def delete(self, resource: str, name: str, **more: Any) -> Any:
        return self.call("Delete", resource, name=name, **more)

    def names(self, resource: str, **more: Any) -> list[str]:
        return [item["object"]["metadata"]["name"] for item in self.call("List", resource, **more).get("items", [])]

    def refused(self, call: Callable[..., Any], *arguments: Any, **more: Any) -> tuple[str, str]:
        """Code and text; a text that stands twice, as those of Kubernetes do, is given once."""
        with pytest.raises(Refused) as caught:
            call(*arguments, **more)
        message = str(caught.value.message)
        half = message[: len(message) // 2 - 1]
        assert f"{half}: {half}" == message, f"it stands once: {message}"
        return caught.value.code, half


def service(name: str = "web", *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {LABEL: "web"}},
        "spec": {"type": "NodePort", "selector": {SELECTOR: "web"}, "ports": list(ports or [{"port": 80}]), **spec},
    }


def volume(name: str, source: dict[str, Any] | None = None, size: str = "1Gi", **storage: Any) -> dict[str, Any]:
    requests = {"resources": {"requests": {"storage": size}}}
    return {
        "apiVersion": "cdi.kubevirt.io/v1beta1",
        "kind": "DataVolume",
        "metadata": {"name": name},
        "spec": {"source": source or {"blank": {}}, "storage": {**requests, **storage}},
    }


def until(found: Callable[[], Any], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
    return value


def phase(client: Client, name: str) -> str:
    return str(client.get("datavolumes", name).get("status", {}).get("phase", ""))
