# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Status reports: from outcomes of tasks to resources, and from resources to the body of a report. Pure.

A resource is as apigee_instance_status takes it among its `resources`; both the module and the callback report such.
Source: https://cloud.google.com/apigee/docs/reference/apis/apigee/rest/v1/organizations.instances/reportStatus
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._errors import CODES, bad_option, checked
from .._values.message import utc_time

MAX_COUNT = 2**31 - 1
MAX_FRACTION_DIGITS = 9
INSTANCE = re.compile("organizations/[^/?#\\s]+/instances/[^/?#\\s]+")
ERROR_MEMBERS = ("resource", "type", "code", "message")
# Canonical codes as gRPC spells them; ours is "client".
_SPELLINGS = {"client": "INVALID_ARGUMENT", "canceled": "CANCELLED"}
UPDATE_CODES = ("OK", *dict.fromkeys(_SPELLINGS.get(code, code.upper()) for code in CODES))


def grpc_code(code: str) -> str:
    """A code of this collection as gRPC spells it. What was refused before a call is INVALID_ARGUMENT."""
    return _SPELLINGS.get(code, code.upper())


class Outcome(NamedTuple):
    """What became of a resource on a host.

    resource: its name below the server. declared: None where that is not known, or not to be shown.
    error: why it was not reached, as a suboption `errors` of the module, if something is known to be wrong.
    """

    host: str
    server: str
    resource: str
    declared: Mapping[str, Any] | None
    reached: bool
    error: Mapping[str, str] | None = None

    @property
    def uid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.server}/{self.resource}"))

    @property
    def json_spec(self) -> str | None:
        return None if self.declared is None else json.dumps(self.declared, sort_keys=True, separators=(",", ":"))


# From outcomes to resources


def resources_of(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """One for each that was managed, in the order in which they were first seen. Of a host the last one counts."""
    by_uid: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        by_uid.setdefault(outcome.uid, {})[outcome.host] = outcome
    return [_resource(uid, list(by_host.values())) for uid, by_host in by_uid.items()]


def _resource(uid: str, outcomes: list[Outcome]) -> dict[str, Any]:
    by_spec: dict[str | None, list[Outcome]] = {}
    for outcome in outcomes:
        by_spec.setdefault(outcome.json_spec, []).append(outcome)
    return {
        "resource": outcomes[0].resource,
        "uid": uid,
        "total_replicas": len(outcomes),
        "revisions": [_revision(json_spec, of_spec) for json_spec, of_spec in by_spec.items()],
    }


def _revision(json_spec: str | None, outcomes: list[Outcome]) -> dict[str, Any]:
    errors: list[Mapping[str, str]] = []
    for outcome in outcomes:
        if outcome.error and outcome.error not in errors:
            errors.append(outcome.error)
    told = {"replicas": sum(outcome.reached for outcome in outcomes), "errors": errors}
    if json_spec is None:
        return told
    return {"revision_id": hashlib.sha256(json_spec.encode()).hexdigest()[:16], **told, "json_spec": json_spec}


# From resources to the body


def body_of(resources: Sequence[Mapping[str, Any]], time: str, instance_uid: str | None = None) -> dict[str, Any]:
    """The body of a report. What is None in the resources is left out."""
    told = {"instance_uid": instance_uid, "report_time": time, "resources": resources}
    body: dict[str, Any] = _message(told)
    return body


def _message(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_camel_case(name): _message(item) for name, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_message(item) for item in value]
    return value


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def content_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A report without its time."""
    return {name: value for name, value in body.items() if name != "reportTime"}


# What the options of a module may hold


def check_resources(resources: Sequence[Mapping[str, Any]]) -> None:
    """Raises a `client` ApiError that names the option and its value."""
    for number, resource in enumerate(resources):
        where = f"resources[{number}]"
        _check_count(f"{where}.total_replicas", resource["total_replicas"])
        for of_revision, revision in enumerate(resource["revisions"] or ()):
            _check_revision(f"{where}.revisions[{of_revision}]", revision)


def _check_revision(where: str, revision: Mapping[str, Any]) -> None:
    _check_count(f"{where}.replicas", revision["replicas"])
    if revision["json_spec"] is not None:
        checked(f"{where}.json_spec", revision["json_spec"], _json)
    for number, error in enumerate(revision["errors"] or ()):
        _check_error(f"{where}.errors[{number}]", error)


def _check_error(where: str, error: Mapping[str, Any]) -> None:
    for name, value in error.items():
        if name not in ERROR_MEMBERS:
            raise bad_option(where, dict(error), f"unsupported key '{name}'; supported are {', '.join(ERROR_MEMBERS)}")
        if not (value is None or isinstance(value, str)):
            raise bad_option(f"{where}.{name}", value, "must be text")
    if error.get("code") not in UPDATE_CODES:
        raise bad_option(f"{where}.code", error.get("code"), f"must be one of {', '.join(UPDATE_CODES)}")


def _check_count(option: str, count: int | None) -> None:
    if count is not None and not 0 <= count <= MAX_COUNT:
        raise bad_option(option, count, "must not be negative" if count < 0 else f"must be at most {MAX_COUNT}")


def _json(text: str) -> None:
    try:
        json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is not valid JSON: {error}") from None


def check_instance(instance: str) -> str:
    """The name of an instance. Raises ValueError."""
    if not INSTANCE.fullmatch(instance):
        raise ValueError("must be of the form organizations/ORGANIZATION/instances/INSTANCE")
    return instance


# Times


def report_time(text: str) -> str:
    """A time as reports have it: RFC 3339 in UTC. Raises ValueError."""
    utc = utc_time(text)
    if len(_fraction(utc)) > MAX_FRACTION_DIGITS:
        raise ValueError(f"must have at most {MAX_FRACTION_DIGITS} fractional digits")
    return utc


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_older(one: str, other: str) -> bool:
    """Whether of two times as report_time() gives them one is before the other."""
    return (one[:19], _fraction(one).ljust(9, "0")) < (other[:19], _fraction(other).ljust(9, "0"))


def _fraction(utc: str) -> str:
    return utc[20:-1]
