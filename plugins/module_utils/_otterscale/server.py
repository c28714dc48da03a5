# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The client of an OtterScale server, whichever of its two APIs that has.

Until 2025 a server has otterscale.instance.v1 and otterscale.storage.v1. OtterScale 1.x has otterscale.resource.v1
instead, and links to clusters whose agents come and go.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from .._errors import ApiError, OtherApi
from .._http.client import Answer
from .._values.message import Message
from .connect import Client

AUTO, INSTANCE_V1, RESOURCE_V1 = SERVER_APIS = ("auto", "instance_v1", "resource_v1")

RESOURCES = "otterscale.resource.v1.ResourceService"
UPDATE = f"{RESOURCES}/Update"  # since OtterScale 1.2.0
_LINKS = "otterscale.link.v1.LinkService"
_HEALTH = "grpc.health.v1.Health"
_OLD = ("otterscale.instance.v1.", "otterscale.storage.v1.")
_SERVING = ("SERVING", 1)


class ServerClient(Client):
    """Finds out which API the server has, from the first answer that says that it has not the one that was called.

    server_api: one of SERVER_APIS.
    """

    def __init__(self, base_url: str, *, server_api: str = AUTO, **keywords: Any) -> None:
        super().__init__(base_url, **keywords)
        self._lock = threading.Lock()
        self._api = None if server_api == AUTO else server_api
        self._named = server_api if self._api else ""
        self._has_update = True
        self._patient = True  # with a cluster that has no link at present
        self._clusters: str | None = None  # that have one, in words

    def call(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        if procedure.startswith(_OLD):
            return self._call_old(procedure, request)
        if procedure == UPDATE and not self._has_update:
            raise _missing(procedure)
        try:
            answer = super().call(procedure, request)
        except ApiError as error:
            if _is_unknown(error) and procedure == UPDATE:
                self._has_update = False
                raise _missing(procedure) from None
            if _never_arrived(error):
                error.sent = False
            self._advise(error)
            raise
        if procedure.startswith(RESOURCES):
            self._patient = True
        return answer

    def _call_old(self, procedure: str, request: Mapping[str, Any]) -> Answer:
        if self._api == RESOURCE_V1:
            raise _missing(procedure)
        try:
            return super().call(procedure, request)
        except ApiError as error:
            if _is_unknown(error) and self._has_new_api():
                raise _missing(procedure) from None
            self._advise(error)
            raise

    def _advise(self, error: ApiError) -> None:
        if self._named and _is_unknown(error):
            error.advice = (
                f"Check 'api_url' (with its path prefix), and that the server has {self._named!r}, "
                "as 'server_api' says."
            )

    def _has_new_api(self) -> bool:
        with self._lock:
            if self._api is None:
                self._api = self._asked()
            return self._api == RESOURCE_V1

    def _asked(self) -> str | None:
        """Which API there is, by a call that needs no token. None where nothing answers it."""
        try:
            health = self._attempt(f"{_HEALTH}/Check", {"service": _LINKS}, None).message
        except ApiError as error:
            return None if error.http_status is None else INSTANCE_V1
        return RESOURCE_V1 if health.get("status") in _SERVING else INSTANCE_V1

    # A cluster whose agent is offline, or not there yet

    def _repeat(
        self, procedure: str, request: Mapping[str, Any], may_repeat: Callable[[ApiError], bool]
    ) -> dict[str, Any]:
        def may_pass(error: ApiError) -> bool:
            return self._patient if _never_arrived(error) else may_repeat(error)

        try:
            return super()._repeat(procedure, request, may_pass)
        except ApiError as error:
            if _never_arrived(error):
                self._patient = False  # or each of many resources would take all that time
                self._name_clusters(error)
            raise

    def _name_clusters(self, error: ApiError) -> None:
        """Say what a user can do about it."""
        error.advice = "The agent of this cluster does not answer: check that it runs and reaches the server."
        if unknown := _NOT_REGISTERED.search(error.message):
            if self._clusters is None:
                self._clusters = self._listed()
            error.advice = f"Check 'scope' and the agent of cluster {unknown[1]!r}: {self._clusters}."

    def _listed(self) -> str:
        try:
            links = Message(self.call(f"{_LINKS}/ListLinks", {}).message).objects("links")
            names = [link.string("cluster") for link in links]
        except (ApiError, ValueError):
            return "which clusters are registered could not be read"
        return f"registered are {', '.join(map(repr, names))}" if names else "no cluster is registered at present"


_NOT_REGISTERED = re.compile(r"cluster (\S*) not registered")


def _is_unknown(error: ApiError) -> bool:
    """Whether the server does not know the procedure: a plain 404 says so, in no words of its own."""
    return error.code == "unimplemented" and error.http_status == 404


def _never_arrived(error: ApiError) -> bool:
    """Whether the server says that it has not reached the cluster, so that nothing has happened there."""
    if error.code == "not_found":
        return _NOT_REGISTERED.search(error.message) is not None
    return error.code == "internal" and "dial tcp" in error.message and "connection refused" in error.message


def _missing(procedure: str) -> OtherApi:
    service, _slash, rpc = procedure.rpartition("/")
    return OtherApi(
        "unimplemented",
        f"this server has no {rpc} in {service}",
        rpc=rpc,
        advice="Check 'server_api', or leave it out.",
        final=True,
    )
