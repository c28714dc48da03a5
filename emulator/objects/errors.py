# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""What goes wrong in OtterScale 1.x: the Status of Kubernetes, and the server's own refusals.

A Status arrives with the Connect code of its reason and with its text twice: `services "web" not found: services "web"
not found`. What the server says by itself is a BackendError, whose text stands once.
"""

from __future__ import annotations

from ..errors import BackendError

# Reason -> code. Conflict is never `aborted`, and what is not here is `internal`.
CODES = {
    "NotFound": "not_found",
    "Gone": "not_found",
    "AlreadyExists": "already_exists",
    "Conflict": "failed_precondition",
    "Forbidden": "permission_denied",
    "Unauthorized": "unauthenticated",
    "Invalid": "invalid_argument",
    "BadRequest": "invalid_argument",
    "NotAcceptable": "invalid_argument",
    "UnsupportedMediaType": "invalid_argument",
    "Expired": "invalid_argument",
    "Timeout": "deadline_exceeded",
    "ServerTimeout": "deadline_exceeded",
    "TooManyRequests": "resource_exhausted",
    "RequestEntityTooLarge": "resource_exhausted",
    "MethodNotAllowed": "unimplemented",
    "ServiceUnavailable": "unavailable",
}


class Status(BackendError):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(CODES.get(reason, "internal"), f"{message}: {message}")
        self.reason = reason
        self.message = message


def not_found(resource: str, name: str) -> Status:
    """resource: with its group, as in all texts: `datavolumes.cdi.kubevirt.io`."""
    return Status("NotFound", f'{resource} "{name}" not found')


def already_exists(resource: str, name: str) -> Status:
    return Status("AlreadyExists", f'{resource} "{name}" already exists')


def no_such_path() -> Status:
    """A group and version that the cluster lacks, or a scope that does not fit the resource."""
    return Status("NotFound", "the server could not find the requested resource")


def conflict(resource: str, name: str, problem: str = "") -> Status:
    problem = problem or "the object has been modified; please apply your changes to the latest version and try again"
    return Status("Conflict", f'Operation cannot be fulfilled on {resource} "{name}": {problem}')


def invalid(kind: str, name: str, field: str, problem: str) -> Status:
    """kind: with its group, as in all texts: `DataVolume.cdi.kubevirt.io`."""
    return Status("Invalid", f'{kind} "{name}" is invalid: {field}: {problem}')


def forbidden(resource: str, name: str, problem: str) -> Status:
    return Status("Forbidden", f'{resource} "{name}" is forbidden: {problem}')


def denied(webhook: str, problem: str) -> Status:
    return Status("Invalid", f'admission webhook "{webhook}" denied the request:  {problem}')


def bad_request(problem: str) -> Status:
    return Status("BadRequest", problem)


def bad_manifest(problem: str) -> BackendError:
    """Found by OtterScale itself, before Kubernetes is asked."""
    return BackendError("invalid_argument", f"invalid manifest{problem}")


def from_backend(error: BackendError) -> Status:
    """What the rooms of the older generations refuse, which is Kubernetes's own text."""
    reasons = {"invalid_argument": "Invalid", "not_found": "NotFound", "already_exists": "AlreadyExists"}
    return error if isinstance(error, Status) else Status(reasons.get(error.code, "InternalError"), error.text)
