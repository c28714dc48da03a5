# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Single objects read from the Kubernetes API, for what OtterScale's lists leave out: only if the user asks for it.

The library `kubernetes` makes a connection of a kubeconfig. What comes back over it is judged here, since an absence
rests on it; what the library says is not shown, since it quotes the file, headers and what exec plugins print.

Source: https://kubernetes.io/docs/reference/using-api/
"""

from __future__ import annotations

import base64
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from .._errors import ApiError, bad_option, printable
from .._http.exchange import json_object, read_body, silence_insecure_request_warnings, within
from .._http.failures import innermost
from .._http.secrets import Secrets
from .._http.text import excerpt, scrub
from .._values.message import Message

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
_NO_CREDENTIALS = (
    "Run 'kubectl version' with this kubeconfig to find out why. It is not shown here, because it may contain secrets."
)
# A shorter secret may be part of a name, which must not be masked where it is compared.
_MASKED_FROM = 8


class Kind(NamedTuple):
    """What a kind of object is called in addresses, in documents and in messages."""

    group: str
    version: str
    resource: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str) -> str:
        root = "apis" if self.group else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.resource}/{name}"


_SERVICE = Kind("", "v1", "services", "Service")
_CLAIM = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
_DATA_VOLUME = Kind("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume")


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

    def service(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The Service as the API shows it, None if there is none."""
        return self._read(_SERVICE, namespace, name)

    def claim(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The PersistentVolumeClaim as the API shows it, None if there is none."""
        return self._read(_CLAIM, namespace, name)

    def data_volume(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The DataVolume of CDI as the API shows it, None if there is none."""
        return self._read(_DATA_VOLUME, namespace, name)

    def _read(self, kind: Kind, namespace: str, name: str) -> Mapping[str, Any] | None:
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
        with _loading(self.kubeconfig):
            api = _load(self.kubeconfig, self.context, os.stat(self.kubeconfig).st_mtime_ns)
            headers = _headers(self.kubeconfig, api.configuration)
        secrets = Secrets(*_secrets(headers, api.configuration.proxy))
        try:
            answer = self._get(api, kind.path(namespace, name), headers, ends)
            if answer.status == 401 and again:  # the credentials have expired since they were loaded
                _load.cache_clear()
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


def understood(read: Callable[..., T], *objects: Mapping[str, Any]) -> T:
    """What `read` makes of objects of the API. What makes no sense is the cluster's failure, not OtterScale's."""
    try:
        return read(*map(Message, objects))
    except ValueError as error:
        raise ApiError(
            "internal", f"Kubernetes shows an object that makes no sense: {error}", rpc=CALL, advice=_ADVICE
        ) from None


def says_missing(error: ApiError, option: str, plural: str, name: str | None) -> bool:
    """Whether Kubernetes refuses a write because what an option names does not exist; then the advice says that."""
    missing = name is not None and f'{plural} "{name}" not found' in error.message
    if missing:
        error.advice = f"The {option} {name!r} does not exist: create it first, or name another '{option}'."
    return missing


# What a kubeconfig comes to


@contextmanager
def _loading(kubeconfig: str) -> Iterator[None]:
    """Whatever goes wrong in here is wrong with the kubeconfig, and is said without quoting it."""
    try:
        with _unlogged():
            yield
    except ApiError:
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        if isinstance(error, FileNotFoundError) and error.filename == kubeconfig:
            why = "there is no such file on the host that runs the task"
        raise bad_option("kubeconfig", kubeconfig, why) from None
    # The library raises what its code happens to meet: TypeError, AttributeError, errors of yaml, binascii or oauthlib.
    except Exception as error:
        raise bad_option("kubeconfig", kubeconfig, _flaw(error)) from None


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keeps out of all logs, and off the terminal, what this thread writes to the root logger.

    The library logs there what a failing exec plugin prints, and has a handler made for it if there is none.
    """
    root = logging.getLogger()
    thread = threading.get_ident()
    handler = logging.NullHandler()

    def is_from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    root.addHandler(handler)
    root.addFilter(is_from_elsewhere)
    try:
        yield
    finally:
        root.removeFilter(is_from_elsewhere)
        root.removeHandler(handler)


def _flaw(error: Exception) -> str:
    """What is wrong with a kubeconfig, in words that do not quote it."""
    from yaml import YAMLError

    if isinstance(error, (YAMLError, UnicodeDecodeError)):
        mark = getattr(error, "problem_mark", None)
        return f"it is not one document of plain YAML{f' (see line {mark.line + 1})' if mark else ''}"
    return f"it is not a usable kubeconfig ({type(error).__name__})"


@lru_cache(maxsize=8)
def _load(kubeconfig: str, context: str | None, changed: int) -> Any:
    """The library's client. It is kept, since an exec plugin may take a while. changed: when the file was."""
    from kubernetes import config

    user = _checked_user(kubeconfig, context)
    api = config.new_client_from_config(kubeconfig, context)
    configuration = api.configuration
    _check_certificates(kubeconfig, configuration)
    # The library goes on without any where these fail.
    if not (configuration.auth_settings() or configuration.cert_file):
        for source in ("exec", "auth-provider"):
            if source in user:
                what = f"option 'kubeconfig' is {kubeconfig!r}: its '{source}' gave no credentials"
                raise ApiError("unauthenticated", what, advice=_NO_CREDENTIALS)
    if not configuration.verify_ssl:
        silence_insecure_request_warnings()
    return api


def _checked_user(kubeconfig: str, context: str | None) -> Mapping[str, Any]:
    """The user of a context, once it is clear that the library can make something of the file.

    The library would take a missing user for none, a missing server for localhost, and reports the rest less clearly.
    """
    import yaml

    def refuse(why: str) -> ApiError:
        return bad_option("kubeconfig", kubeconfig, why)

    with open(kubeconfig, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    if not isinstance(document, dict):
        empty = document is None
        raise refuse("it is empty" if empty else "it is not a mapping with 'contexts', 'clusters' and 'users'")

    def named(section: str, part: str, name: object) -> Mapping[str, Any]:
        found = [entry for entry in document.get(section) or [] if entry["name"] == name]
        if len(found) != 1 or not isinstance(found[0].get(part) or {}, dict):
            raise refuse(f"it has {'more than one' if len(found) > 1 else 'no'} {part} {name!r}")
        return found[0].get(part) or {}

    if context is None and not document.get("current-context"):
        raise refuse("it has no current-context; give 'context'")
    chosen = named("contexts", "context", context or document["current-context"])
    cluster = named("clusters", "cluster", chosen.get("cluster"))
    user = named("users", "user", chosen["user"]) if chosen.get("user") else {}
    if not (isinstance(cluster.get("server"), str) and cluster["server"].strip()):
        raise refuse("its cluster has no URL as 'server'")
    certificates = ((cluster, "certificate-authority"), (user, "client-certificate"), (user, "client-key"))
    for holder, key in certificates:
        try:
            base64.b64decode("".join((holder.get(f"{key}-data") or "").split()), validate=True)
        except ValueError:
            raise refuse(f"its '{key}-data' is not valid base64") from None
    folder = os.path.dirname(os.path.abspath(kubeconfig))
    for holder, key in (*certificates, (user, "tokenFile")):
        instead = "token" if key == "tokenFile" else f"{key}-data"
        if holder.get(key) and not holder.get(instead) and not os.path.isfile(os.path.join(folder, holder[key])):
            raise refuse(f"the file that is its '{key}' does not exist")
    return user


def _check_certificates(kubeconfig: str, configuration: Any) -> None:
    """Or what is wrong with them would look like a failure of the connection."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if configuration.ssl_ca_cert:
            tls.load_verify_locations(configuration.ssl_ca_cert)
        if configuration.cert_file:
            tls.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except ssl.SSLError as error:
        why = f"its certificates or its key cannot be used: {error.reason or type(error).__name__}"
        raise bad_option("kubeconfig", kubeconfig, why) from None


def _headers(kubeconfig: str, configuration: Any) -> dict[str, str]:
    """The Authorization header, if the kubeconfig is for one. A file of a token often ends with a newline."""
    headers = {setting["key"]: setting["value"].strip() for setting in configuration.auth_settings().values()}
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise bad_option("kubeconfig", kubeconfig, "its token holds a character that no HTTP header can carry")
    return headers


def _secrets(headers: Mapping[str, str], proxy: str | None) -> Iterator[str]:
    """All that must not be shown of a connection, in the spellings in which it may come back."""
    for value in headers.values():
        scheme, _space, credentials = value.partition(" ")
        yield from (value, credentials)
        if scheme.lower() == "basic":
            with suppress(ValueError):
                yield base64.b64decode(credentials).decode("utf-8", "replace").partition(":")[2]
    with suppress(ValueError):
        if password := urlsplit(proxy or "").password:
            yield from (password, unquote(password))


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
        if flaw := why or _unlike(document, kind, namespace, name):
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


def _unlike(document: Mapping[str, Any], kind: Kind, namespace: str, name: str) -> str | None:
    """How a document differs from the object that was asked for."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    members = (
        ("kind", document.get("kind"), kind.name),
        ("apiVersion", document.get("apiVersion"), kind.api_version),
        ("metadata.name", metadata.get("name"), name),
        ("metadata.namespace", metadata.get("namespace"), namespace),
    )
    return next((f"'{key}' is {found!r}, not {asked!r}" for key, found, asked in members if found != asked), None)


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
