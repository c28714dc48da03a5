# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the end of a task of this collection tells of resources, whichever system they are on. Pure.

Results tell it themselves, by `declared` and `server`. Where there is no such result, since the task has `no_log`, an
argument was refused or the host was not reached, its arguments tell at least which resources it was about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .report import Outcome, grpc_code

# By the beginning of a module's name: where its arguments and its environment name the server, and the part of it.
_SERVERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "otterscale": (("api_url", "OTTERSCALE_API_URL"), ("scope", "cluster", "OTTERSCALE_SCOPE")),
    "ief": (("endpoint", "IEF_ENDPOINT"), ("project_id", "IEF_PROJECT_ID")),
}


class TaskEnd(NamedTuple):
    """How a task, or an item of its loop, ended on a host.

    module: its name without the collection's. arguments: as the task gave them. hidden: its result must not be shown.
    """

    host: str
    module: str
    result: Mapping[str, Any]
    arguments: Mapping[str, Any]
    failed: bool = False
    unreachable: bool = False
    hidden: bool = False
    check: bool = False


def outcomes_of(end: TaskEnd, environment: Mapping[str, str]) -> list[Outcome]:
    """The resources that the task managed, none where it manages none."""
    system = end.module.partition("_")[0]
    if system not in _SERVERS or end.module.endswith("_info"):
        return []
    if "declared" in end.result:
        return [_told(end, end.module.removeprefix(f"{system}_"), end.result)]
    if "server" in end.result:
        return [_told(end, entry["kind"], entry) for entry in end.result.get("results", ())]
    if end.hidden or end.failed or end.unreachable:
        return list(_by_arguments(end, *_SERVERS[system], environment))
    return []  # it has only begun


def _told(end: TaskEnd, kind: str, entry: Mapping[str, Any]) -> Outcome:
    """By the result of a task about one resource, or by the entry of one about many."""
    declared, server = entry["declared"], end.result["server"]
    error = None
    if failure := entry.get("error") or (end.result.get("error") if entry.get("failed") else None):
        message = entry.get("msg") or end.result.get("msg") or failure["message"]
        error = _error(failure["code"], failure["rpc"], message)
    # What check mode would change is not as declared.
    reached = not (error or entry.get("skipped") or (end.check and entry["changed"]))
    name = declared.get("name") or (entry.get(end.module) or {}).get("name") or declared.get("service_id", "")
    part = server["project_id"] if "project_id" in server else server["scope"]
    resource = _resource(end.module, kind, part, declared.get("namespace"), name)
    return Outcome(end.host, server["url"] or "", resource, declared, reached, error)


def _by_arguments(
    end: TaskEnd, url: tuple[str, ...], part: tuple[str, ...], environment: Mapping[str, str]
) -> Iterator[Outcome]:
    """Each resource that the arguments name, if templates do not hide its name."""
    given = {**environment, **{name: value for name, value in end.arguments.items() if value not in (None, "")}}
    server, scope = (next((str(given[name]) for name in names if given.get(name)), "") for names in (url, part))
    lists = {name[:-1]: value for name, value in end.arguments.items() if end.module == "otterscale_resources"}
    single = {end.module.partition("_")[2]: [end.arguments]}
    error = _failure(end)
    for kind, entries in (lists or single).items():
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            if not isinstance(entry, Mapping) or not (entry.get("name") or entry.get("service_id")):
                continue
            name = str(entry.get("name") or entry.get("service_id"))
            resource = _resource(end.module, kind, scope, entry.get("namespace"), name)
            if "{{" not in f"{server}{resource}":
                reached = error is None and not (end.check and end.result.get("changed"))
                yield Outcome(end.host, _shown(server), resource, None, reached, error)


def _shown(url: str) -> str:
    """A URL as results name the server; one with credentials is refused by every task."""
    return "" if "@" in url else url.strip().rstrip("/")


def _failure(end: TaskEnd) -> dict[str, str] | None:
    """The error of a task that could not say it by its result."""
    if end.unreachable:
        error = _error("unavailable", "unreachable", str(end.result.get("msg", "")))
    elif not end.failed:
        return None
    elif end.hidden:
        return _error("unknown", "no_log")
    elif "timedout" in end.result:
        error = _error("deadline_exceeded", "timeout", str(end.result.get("msg", "")))
    elif "rc" in end.result or "module_stderr" in end.result:  # the module broke
        error = _error("unknown", "module", str(end.result.get("msg", "")))
    else:
        error = _error("client", None, str(end.result.get("msg", "")))
    if end.hidden:
        error.pop("message", None)
    return error


def _error(code: str, where: str | None, message: str = "") -> dict[str, str]:
    """type: what went wrong where, so that the same error is known again. where: an RPC, if a call failed."""
    error = {"type": f"{where}.{code}" if where else code, "code": grpc_code(code)}
    return {**error, "message": message} if message else error


def _resource(module: str, kind: str, part: str, namespace: str | None, name: str) -> str:
    if module.startswith("ief_"):
        return f"projects/{part}/services/{name}"
    below = f"namespaces/{namespace}/" if namespace else ""
    return f"scopes/{part}/{below}{kind}s/{name}"
