# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Single objects read from the Kubernetes API, for what OtterScale's lists leave out: only if the user asks for it.

Source: https://kubernetes.io/docs/reference/using-api/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._errors import OtterScaleError

ARGUMENT_SPEC: dict[str, Any] = {"kubeconfig": {"type": "path"}, "context": {"type": "str"}}

_CODE_BY_STATUS = {401: "unauthenticated", 403: "permission_denied", 429: "resource_exhausted", 503: "unavailable"}


@dataclass(frozen=True)
class Cluster:
    """The cluster behind a scope. timeout: seconds for one read."""

    kubeconfig: str
    context: str | None
    timeout: float

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Cluster | None:
        """The cluster of a task, None if it names none."""
        return cls(params["kubeconfig"], params["context"], params["timeout"]) if params["kubeconfig"] else None

    def service(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The Service as the API shows it, None if there is none."""
        return self._read(lambda kube, api: kube.CoreV1Api(api).read_namespaced_service, name, namespace)

    def claim(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The PersistentVolumeClaim as the API shows it, None if there is none."""
        return self._read(
            lambda kube, api: kube.CoreV1Api(api).read_namespaced_persistent_volume_claim, name, namespace
        )

    def data_volume(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The DataVolume of CDI as the API shows it, None if there is none."""
        return self._read(
            lambda kube, api: kube.CustomObjectsApi(api).get_namespaced_custom_object,
            *("cdi.kubevirt.io", "v1beta1", namespace, "datavolumes", name),
        )

    def _read(self, find: Callable[[Any, Any], Any], *arguments: str) -> Mapping[str, Any] | None:
        try:
            from kubernetes import client, config
            from urllib3.exceptions import HTTPError
        except ImportError:
            raise OtterScaleError(
                "client",
                "option 'kubeconfig' needs the Python library 'kubernetes', which is missing on the host of the task",
            ) from None
        try:
            load: Any = config.new_client_from_config
            api = load(self.kubeconfig, self.context)
            found = find(client, api)(*arguments, _request_timeout=self.timeout)
            shown: Mapping[str, Any] = api.sanitize_for_serialization(found)
            return shown
        except config.ConfigException as error:
            raise OtterScaleError("client", f"option 'kubeconfig' is {self.kubeconfig!r}: {error}") from None
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise self._error(_CODE_BY_STATUS.get(error.status, "unknown"), arguments, str(error.reason)) from None
        except (HTTPError, OSError, ValueError) as error:
            raise self._error("unavailable", arguments, str(error)) from None

    def _error(self, code: str, arguments: tuple[str, ...], message: str) -> OtterScaleError:
        return OtterScaleError(
            code,
            f"Kubernetes did not let us read {' '.join(arguments)}: {message}",
            advice="Check 'kubeconfig' and 'context', or leave them out to do without Kubernetes.",
        )
