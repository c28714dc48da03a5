# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""As much of a Kubernetes API server, as a WSGI application, as kubernetes.core.k8s needs for ConfigMaps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

_CONFIG_MAPS = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/configmaps(/(?P<name>[^/]+))?")
_DISCOVERY: dict[str, Any] = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "configmaps",
                "singularName": "configmap",
                "namespaced": True,
                "kind": "ConfigMap",
                "verbs": ["create", "get", "patch"],
            }
        ],
    },
}


class KubernetesStub:
    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path = environ["PATH_INFO"].rstrip("/")
        status, document = self._answer(environ["REQUEST_METHOD"], path, json.loads(body or b"{}"))
        text = json.dumps(document).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [text]

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
        if method == "GET" and path in _DISCOVERY:
            return HTTPStatus.OK, _DISCOVERY[path]
        match = _CONFIG_MAPS.fullmatch(path)
        if match is None:
            return _failure(HTTPStatus.NOT_FOUND, f"there is no {path}")
        if method == "POST":
            return HTTPStatus.CREATED, self._create(match["namespace"], body)
        found = self._objects.get((match["namespace"], match["name"]))
        if found is None:
            return _failure(HTTPStatus.NOT_FOUND, f"there is no {path}")
        if method == "PATCH":
            _merge(found, body)
        elif method != "GET":
            return _failure(HTTPStatus.METHOD_NOT_ALLOWED, f"no {method} here")
        return HTTPStatus.OK, found

    def _create(self, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        name = body["metadata"]["name"]
        known = {
            "uid": f"{len(self._objects):032x}",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        metadata = {**body["metadata"], **known}
        created = {"kind": "ConfigMap", "apiVersion": "v1", **body, "metadata": metadata}
        self._objects[namespace, name] = created
        return created


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    """A merge patch. A strategic one is the same for an object without lists."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif value is None:
            into.pop(key, None)
        else:
            into[key] = value


def _failure(status: HTTPStatus, message: str) -> tuple[HTTPStatus, dict[str, Any]]:
    reason = status.phrase.title().replace(" ", "")
    return status, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status.value,
    }
