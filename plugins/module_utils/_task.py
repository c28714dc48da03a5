# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What both doors do with the options of a task: from them to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from ._engine.reads import Readings, View
from ._engine.reconcile import Outcome, Tell, glance, reconcile
from ._engine.resource import Resource
from ._errors import OtterScaleError, printable
from ._http.secrets import Secrets
from ._otterscale.connection import connect, plain_http_warnings


def open_readings(params: Mapping[str, Any]) -> Readings:
    """Readings that nobody else shares. Raises a `client` OtterScaleError for bad connection options."""
    return Readings(connect(params))


class Mode(NamedTuple):
    """How a task runs. tell: who shows the progress of a wait. readings: with whom the task shares what it reads."""

    check: bool
    tell: Tell | None = None
    readings: Callable[[Mapping[str, Any]], Readings] = open_readings


class Report(Protocol):
    """What a task says at its end."""

    warnings: list[str]
    error: OtterScaleError | None

    def as_result(self, *, with_diff: bool) -> dict[str, Any]:
        """The result as playbooks see it, without `failed`."""


def shown(report: Report, secrets: Secrets, *, with_diff: bool) -> tuple[dict[str, Any], list[str]]:
    """The result of a task and its warnings, without secrets: a server may repeat them in any field."""
    return secrets.hide((report.as_result(with_diff=with_diff), list(report.warnings)))


class ResourceType(Protocol):
    """A resource class: made from the options of a task."""

    kind: str

    def from_params(self, params: Mapping[str, Any]) -> Resource[Any]:
        """Check the options of a task. Raises a `client` OtterScaleError."""


def converge(resource_type: ResourceType, params: Mapping[str, Any], mode: Mode) -> Outcome:
    """From the options of a task to its outcome; bad options are a failed outcome too."""
    name = name_of(resource_type, params)
    try:
        readings = mode.readings(params)
        resource = resource_type.from_params(params)
    except OtterScaleError as error:
        return refused(resource_type, params, error)
    outcome = bring_about(resource, name, readings, mode, params["retries"])
    outcome.warnings[:0] = plain_http_warnings(params)
    return outcome


def bring_about(resource: Resource[Any], name: str, readings: Readings, mode: Mode, retries: int) -> Outcome:
    """That nothing is missing is told from what was read a moment ago; a write is planned from what is read now."""
    if mode.check:
        return reconcile(resource, View(readings, name, recent=True), check=True)
    outcome = glance(resource, View(readings, name, recent=True, only_kept=True))
    return outcome or reconcile(resource, View(readings, name), retries=retries, tell=mode.tell)


def name_of(resource_type: ResourceType, params: Mapping[str, Any]) -> str:
    """The resource that a task is about, whatever it wants of it."""
    return printable(f"{resource_type.kind} {'/'.join(filter(None, (params.get('namespace'), params['name'])))}")


def refused(resource_type: ResourceType, params: Mapping[str, Any], error: OtterScaleError) -> Outcome:
    """The outcome where the options are no good."""
    message = f"{name_of(resource_type, params)}: {error.message.rstrip(' .')}. {error.advice}"
    return Outcome(resource_type.kind, error=error, msg=message)


def hide_entries(result: dict[str, Any]) -> None:
    """Keep the `results` of a task with `no_log` out of sight.

    ansible-core 2.19 and 2.20 take them for the results of a loop, and hide only those that say so themselves.
    """
    for entry in result.get("results", ()):
        entry["_ansible_no_log"] = True
