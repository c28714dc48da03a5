# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""What goes wrong behind OtterScale, with the text that the backend uses.

A server of the `plain` generation hands these texts on as they are, with the code `unknown`. A `mapped` one adds the
proper Connect code, which is the `code` of each error here.
"""

from __future__ import annotations

from typing import Any

# Kinds of Kubernetes objects as their errors spell them: (resource in a plural sentence, kind in "is invalid").
SERVICES = "services"
CLAIMS = "persistentvolumeclaims"
VOLUMES = "datavolumes.cdi.kubevirt.io"
MACHINES = "virtualmachines.kubevirt.io"
INSTANCE_TYPES = "virtualmachineinstancetypes.instancetype.kubevirt.io"


class BackendError(Exception):
    """A failure of Kubernetes or Ceph; `code` is Connect's spelling of what it means."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def not_found(resource: str, name: str) -> BackendError:
    return BackendError("not_found", f'{resource} "{name}" not found')


def already_exists(resource: str, name: str) -> BackendError:
    return BackendError("already_exists", f'{resource} "{name}" already exists')


def invalid(kind: str, name: str, field: str, problem: str) -> BackendError:
    """Kubernetes refuses a field: `Service "x" is invalid: spec.ports: Required value`."""
    return BackendError("invalid_argument", f'{kind} "{name}" is invalid: {field}: {problem}')


def invalid_value(kind: str, name: str, field: str, value: Any, problem: str) -> BackendError:
    shown = f'"{value}"' if isinstance(value, str) else value
    return invalid(kind, name, field, f"Invalid value: {shown}: {problem}")


def s3(code: str, operation: str, status: int, error: str) -> BackendError:
    """The AWS SDK's way to say it."""
    return BackendError(
        code,
        f"operation error S3: {operation}, https response error StatusCode: {status}, "
        f"RequestID: tx00000000000000000000a-0000000000-0000-default, HostID: , {error}: ",
    )


def rgw(code: str, error: str) -> BackendError:
    """The way of the RADOS gateway's administration API."""
    return BackendError(code, f"{error} tx00000000000000000000b-0000000000-0000-default 0000-default-default")
