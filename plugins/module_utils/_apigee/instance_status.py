# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A status report of an instance by a task, and the memory of what was accepted last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._engine.outcome import Outcome, failure_message
from .._errors import ApiError, bad_option, checked, printable
from .._task import Context, Params, Task
from .connection import APIGEE, report_status
from .files import write_atomically
from .report import body_of, check_instance, check_resources, content_of, is_older, now, report_time

_REVISIONS = {
    "revision_id": {"type": "str"},
    "replicas": {"type": "int"},
    "errors": {"type": "list", "elements": "dict"},  # no suboptions: Ansible lets none be called "message"
    "json_spec": {"type": "json"},
}
_RESOURCES = {
    "resource": {"type": "str", "required": True},
    "uid": {"type": "str"},
    "total_replicas": {"type": "int"},
    "revisions": {"type": "list", "elements": "dict", "options": _REVISIONS},
}
ARGUMENT_SPEC: dict[str, Any] = {
    "instance_uid": {"type": "str"},
    "report_time": {"type": "str"},
    "resources": {"type": "list", "elements": "dict", "required": True, "options": _RESOURCES},
    "state_file": {"type": "path"},
}


def report(params: Params, context: Context) -> Outcome:
    """From the options of a task to its outcome."""
    outcome = Outcome("report")
    try:
        _report(params, context, outcome)
    except ApiError as error:
        outcome.error = error
        outcome.msg = failure_message(f"status report of {printable(params['instance'])}", error)
    return outcome


def _report(params: Params, context: Context, outcome: Outcome) -> None:
    """Sends the report unless its content was the last one accepted. Raises ApiError."""
    instance = checked("instance", params["instance"], check_instance)
    given = params["report_time"]
    time = now() if given is None else checked("report_time", given, report_time)
    check_resources(params["resources"])
    body = body_of(params["resources"], time, params["instance_uid"])
    memory = _Memory(params, instance) if params["state_file"] else None
    connection = context.connect(params)
    outcome.warnings += connection.warnings
    last = memory.last(outcome.warnings) if memory else None
    outcome.resource = body
    outcome.before = outcome.after = content_of(last or {})
    older = last is not None and is_older(time, last["reportTime"])
    if last is not None and older:
        outcome.warnings.append(
            f"option 'report_time' is {time}, and the last report that was accepted is of {last['reportTime']}: "
            "Apigee ignores an older one"
        )
    if last is not None and content_of(last) == content_of(body):
        outcome.resource = last
        return
    if not context.check:
        connection.reads.client.write(report_status(instance), body)
        if memory and not older:
            memory.keep(body, outcome.warnings)
    outcome.changed, outcome.after = True, content_of(body)
    outcome.operations = [{"rpc": "ReportStatus", "reason": _reason(memory, last)}]


def _reason(memory: _Memory | None, last: Mapping[str, Any] | None) -> str:
    if memory is None:
        return "without 'state_file' every run sends its report"
    return "'state_file' knows of no report" if last is None else "it differs from the last report that was accepted"


class _Memory:
    """The file that holds the last report that was accepted, by endpoint and instance.

    Raises a `client` ApiError where nothing could be kept.
    """

    def __init__(self, params: Params, instance: str) -> None:
        self._path = Path(params["state_file"])
        self._key = f"{params['endpoint'].strip().rstrip('/')} {instance}"
        if not self._path.parent.is_dir():
            raise bad_option("state_file", str(self._path), "there is no such folder on the host that runs the task")
        if self._path.is_dir():
            raise bad_option("state_file", str(self._path), "it is a folder")

    def last(self, warnings: list[str]) -> dict[str, Any] | None:
        """The last report that was accepted, None if there is none that can be read."""
        try:
            found = self._read().get(self._key)
            if found is not None:
                report_time(found["reportTime"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            warnings.append(f"'state_file' {self._path} is damaged, or cannot be read: it counts as empty")
            return None
        return found

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return found

    def keep(self, body: Mapping[str, Any], warnings: list[str]) -> None:
        try:
            known = self._read()
        except (OSError, ValueError, RecursionError):
            known = {}
        reports = known if isinstance(known, dict) else {}
        try:
            write_atomically(self._path, json.dumps({**reports, self._key: body}, indent=1) + "\n")
        except OSError as error:
            warnings.append(
                f"the report was accepted, but 'state_file' {self._path} cannot be written ({error.strerror}): "
                "the next run will send it again"
            )


TASK = Task(ARGUMENT_SPEC, APIGEE, report)
