# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Single objects read by kubeconfig, for what OtterScale's lists leave out: only if the user asks for it.

The library `kubernetes` makes a connection of a kubeconfig. What comes back over it is judged here, since an absence
rests on it.

Source: https://kubernetes.io/docs/reference/using-api/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar

from ..._errors import ApiError, bad_option, printable
from ..._http.exchange import json_object, read_body, within
from ..._http.failures import innermost
from ..._http.secrets import Secrets
from ..._http.text import excerpt, scrub
from ..._values.message import Message
from .kubeconfig import forget, load
from .reader import Kind, unlike

T = TypeVar("T")

ARGUMENT_SPEC: dict[str, Any] = {"kubeconfig": {"type": "path"}, "context": {"type": "str"}}

# What a failure names as its call.
CALL = "Kubernetes GET"

# Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
# A 404 that proves no absence is not "not found": what answered does not serve such objects.
_CODE_BY_STATUS = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    409: "aborted",
    429: "resource_exhausted",
    500: "internal",
    501: "unimplemented",
    502: "unavailable",
    503: "unavailable",
    504: "deadline_exceeded",
}
_ADVICE = "Check 'kubeconfig' and 'context', or leave them out to do without Kubernetes."
_SLOW = "Raise 'timeout', or check the load of the cluster; an exec plugin of the kubeconfig may have taken the time."
# A shorter secret may be part of a name, which must not be masked where it is compared.
_MASKED_FROM = 8


class _Answer(NamedTuple):
    status: int
    content_type: str
    location: str
    body: bytes


@dataclass(frozen=True)
class Cluster:
    """The cluster behind a scope. timeout: seconds for one read, with all that the kubeconfig asks for."""

    kubeconfig: str
    context: str | None
    timeout: float

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Cluster | None:
        """The cluster of a task, None if it names none."""
        return cls(params["kubeconfig"], params["context"] or None, params["timeout"]) if params["kubeconfig"] else None

    def get(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The object as the API shows it, None if there is none."""
        try:
            import kubernetes.config  # noqa: F401
        except ImportError:
            raise ApiError(
                "client",
                "option 'kubeconfig' needs the Python library 'kubernetes', "
                "which is missing on the host that runs the task",
            ) from None
        try:
            return within(self.timeout, lambda ends: self._exchange(kind, namespace, name, ends))
        except ApiError as error:
            if error.code == "client":
                raise
            error.rpc = CALL
            error.message = f"cannot read {kind.name} {namespace}/{name}: {error.message}"
            error.advice = _SLOW if error.code == "deadline_exceeded" else error.advice
            raise

    def _exchange(
        self, kind: Kind, namespace: str, name: str, ends: float, *, again: bool = True
    ) -> Mapping[str, Any] | None:
        api, headers, hidden = load(self.kubeconfig, self.context)
        secrets = Secrets(*hidden)
        try:
            answer = self._get(api, _path(kind, namespace, name), headers, ends)
            if answer.status == 401 and again:  # the credentials have expired since they were loaded
                forget()
                return self._exchange(kind, namespace, name, ends, again=False)
            document = _judged(answer, kind, namespace, name, secrets)
        except ApiError as error:
            scrub(error, *secrets)
            raise
        # What is compared keeps the passwords of its URLs.
        return Secrets(*(text for text in secrets if len(text) >= _MASKED_FROM)).hide(document, urls=False)

    def _get(self, api: Any, path: str, headers: Mapping[str, str], ends: float) -> _Answer:
        from urllib3.exceptions import HTTPError, LocationValueError

        try:
            with api.rest_client.pool_manager.request(
                "GET",
                api.configuration.host + path,
                headers={"Accept": "application/json", "User-Agent": "otterscale.core", **headers},
                timeout=max(0.001, ends - time.monotonic()),
                preload_content=False,
                redirect=False,
                retries=False,
            ) as response:
                content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                location = response.headers.get("Location", "(no Location)")
                return _Answer(response.status, content_type, location, read_body(response, ends))
        except LocationValueError:
            raise bad_option("kubeconfig", self.kubeconfig, "its cluster has no usable URL as 'server'") from None
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            code = "unavailable" if time.monotonic() < ends else "deadline_exceeded"
            raise ApiError(code, innermost(error), sent=True, advice=_ADVICE) from None
        except ApiError as error:
            error.advice = _ADVICE  # not that of the other API
            raise


def _path(kind: Kind, namespace: str, name: str) -> str:
    root = "apis" if kind.group else "api"
    return f"/{root}/{kind.api_version}/namespaces/{namespace}/{kind.resource}/{name}"


def understood(read: Callable[..., T], *objects: Mapping[str, Any]) -> T:
    """What `read` makes of objects of the API. What makes no sense is the cluster's failure, not OtterScale's."""
    try:
        return read(*map(Message, objects))
    except ValueError as error:
        raise ApiError(
            "internal", f"Kubernetes shows an object that makes no sense: {error}", rpc=CALL, advice=_ADVICE
        ) from None


# What an answer proves


def _judged(answer: _Answer, kind: Kind, namespace: str, name: str, secrets: Secrets) -> Mapping[str, Any] | None:
    """The object that was asked for, or None where Kubernetes says that this very object does not exist."""
    shown = excerpt(answer.body, answer.content_type, secrets)
    document, why = {}, f"it is {answer.content_type or 'without Content-Type'}: {shown}"
    if answer.content_type == "application/json":
        try:
            document, why = json_object(answer.body), ""
        except ValueError as error:
            why = str(error)
    if answer.status == 200:
        if flaw := why or unlike(document, kind, namespace, name):
            raise ApiError(
                "internal",
                f"the answer is not the object that was asked for: {flaw}",
                http_status=200,
                sent=True,
                advice="Check that 'server' in the kubeconfig is the Kubernetes API, not a web page or a proxy.",
            )
        return document
    if answer.status == 404 and _is_absence(document, kind, name):
        return None
    raise _refusal(answer, document, kind, why or shown)


def _is_status(document: Mapping[str, Any]) -> bool:
    return (document.get("kind"), document.get("apiVersion")) == ("Status", "v1")


def _is_absence(document: Mapping[str, Any], kind: Kind, name: str) -> bool:
    """A 404 of a web server, or of an API server without this kind of object, says nothing about the object."""
    details = document.get("details")
    return (
        _is_status(document)
        and document.get("reason") == "NotFound"
        and isinstance(details, dict)
        and (details.get("name"), details.get("kind")) == (name, kind.resource)
        and (details.get("group") or kind.group) == kind.group
    )


def _refusal(answer: _Answer, document: Mapping[str, Any], kind: Kind, why: str) -> ApiError:
    advice = None
    if _is_status(document):
        message = printable(str(document.get("message") or "(the cluster gave no reason)"))
        if answer.status == 404:
            message = f"the cluster has no {kind.resource} of {kind.api_version}: {message}"
            advice = "Check that 'server' in the kubeconfig is right, and that the cluster has KubeVirt's CDI."
    elif 300 <= answer.status < 400:
        message = f"HTTP {answer.status} redirects to {printable(answer.location)}; redirects are not followed"
    else:
        message = f"a proxy or web server answered, not the Kubernetes API: {why}"
    return ApiError(
        _CODE_BY_STATUS.get(answer.status, "unknown"),
        message,
        http_status=answer.status,
        sent=True,
        advice=advice or _ADVICE,
    )
