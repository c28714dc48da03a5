# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Apigee: the status that a runtime instance reports.

A report older than the one that is kept is answered like any other and ignored. What Apigee refuses beside an unknown
instance is not documented; here it is what does not have the form of the published reference.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from .model import Apigee
from .rest import STATUS, Answer, Api, Request, RestError, Route

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?Z")
# Canonical codes as gRPC spells them.
_SPELLING = {"canceled": "CANCELLED"}
_CODES = {"OK", *(_SPELLING.get(code, code.upper()) for code in STATUS)}
# The messages of a report: the type of each member, or the message that it is a list of.
_ERROR = {"resource": str, "type": str, "code": str, "message": str}
_REVISION = {"revisionId": str, "replicas": int, "errors": _ERROR, "jsonSpec": str}
_RESOURCE = {"resource": str, "uid": str, "totalReplicas": int, "revisions": _REVISION}
_REPORT = {"instanceUid": str, "reportTime": str, "resources": _RESOURCE}


class ApigeeApi(Api):
    prefixes = ("/v1/organizations/",)

    def authorize(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise RestError("unauthenticated", "Request had invalid authentication credentials.")

    def error(self, error: RestError) -> Any:
        status = _SPELLING.get(error.code, error.code.upper())
        return {"error": {"code": error.status, "message": error.message, "status": status}}

    def report_status(self, request: Request) -> Answer:
        apigee: Apigee = self.world.apis["apigee"]
        instance = apigee.instances.get(request.place["instance"])
        if instance is None:
            raise RestError("not_found", f"instance {request.place['instance']} not found")
        _check("the report", request.body, _REPORT)
        time = request.body.get("reportTime", "")
        if not _TIME.fullmatch(time):
            raise RestError("invalid_argument", f"Invalid value at 'report_time': {time}")
        if _sortable(time) >= _sortable(str(instance.report.get("reportTime", ""))):
            instance.report = request.body
        return Answer({})

    routes: ClassVar[tuple[Route, ...]] = (
        Route(
            "POST",
            r"/v1/(?P<instance>organizations/[^/:]+/instances/[^/:]+):reportStatus",
            "ReportStatus",
            report_status,
        ),
    )


def _sortable(time: str) -> tuple[str, str]:
    match = _TIME.fullmatch(time)
    return (time[:19], (match[1] or "").ljust(9, "0")) if match else ("", "")


def _check(where: str, value: Any, members: dict[str, Any]) -> None:
    """Raises a RestError for what is not a message with these members."""
    if not isinstance(value, dict):
        raise RestError("invalid_argument", f"Invalid value at {where}")
    for name, item in value.items():
        kind = members.get(name)
        if kind is None:
            raise RestError("invalid_argument", f'Unknown name "{name}" at {where}: Cannot find field.')
        if isinstance(kind, dict):
            for entry in item if isinstance(item, list) else [None]:
                _check(f"'{name}'", entry, kind)
        elif not isinstance(item, kind) or isinstance(item, bool) or (name == "code" and item not in _CODES):
            raise RestError("invalid_argument", f"Invalid value at '{name}': {item}")
