# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What a kubeconfig comes to: the client of the library `kubernetes`, its headers, and what must not be shown of them.

What the library says is not shown, since it quotes the file, headers and what exec plugins print.
"""

from __future__ import annotations

import base64
import logging
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..._errors import ApiError, bad_option
from ..._http.exchange import silence_insecure_request_warnings

_NO_CREDENTIALS = (
    "Run 'kubectl version' with this kubeconfig to find out why. It is not shown here, because it may contain secrets."
)


class Loaded(NamedTuple):
    """A client of the library, the headers of its requests, and all that must not be shown of what comes back."""

    api: Any
    headers: Mapping[str, str]
    secrets: tuple[str, ...]


def load(kubeconfig: str, context: str | None) -> Loaded:
    """Raises a `client` ApiError for a kubeconfig that is no good, `unauthenticated` for one without credentials."""
    with _loading(kubeconfig):
        api = _load(kubeconfig, context, os.stat(kubeconfig).st_mtime_ns)
        headers = _headers(kubeconfig, api.configuration)
    return Loaded(api, headers, tuple(_secrets(headers, api.configuration.proxy)))


def forget() -> None:
    """Credentials have expired since they were loaded."""
    _load.cache_clear()


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
