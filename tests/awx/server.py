# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A stand-in for AWX: as much of its REST API as the modules of awx.awx use, with its rules, its state in memory.

It refuses what AWX refuses (rules.py, and 403 for a credential type in use), shows secrets as $encrypted$, finds
objects by the fields in a query, and lists one object a page.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from . import rules

TOKEN = "awx-token"
PAGE = 1  # so that whoever forgets the next page is noticed
ENCRYPTED = "$encrypted$"
Row = dict[str, Any]

# What AWX fills in where nothing is sent.
COMMON: Row = {"description": ""}
DEFAULTS: dict[str, Row] = {
    "organizations": {},
    "credential_types": {"kind": "cloud", "inputs": {}, "injectors": {}, "managed": False},
    "credentials": {"inputs": {}, "organization": None},
    "execution_environments": {"organization": None, "credential": None, "pull": ""},
    "projects": {"scm_type": "", "scm_url": "", "scm_branch": "", "scm_revision": "", "scm_update_on_launch": False},
    "project_updates": {},
    "inventories": {"kind": "", "host_filter": None, "variables": ""},
    "hosts": {"enabled": True, "variables": ""},
    "notification_templates": {"messages": None},
    "job_templates": {"job_type": "run", "extra_vars": "", "diff_mode": False, "survey_enabled": False},
    "workflow_job_templates": {"extra_vars": "", "survey_enabled": False},
    "workflow_job_template_nodes": {},
    "schedules": {"enabled": True},
}
# Lists of other objects that belong to an object, and of which kind these are.
RELATED = {
    "galaxy_credentials": "credentials",
    "credentials": "credentials",
    **dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
    **{
        f"notification_templates_{event}": "notification_templates"
        for event in ("started", "success", "error", "approvals")
    },
}
UNIFIED = ("job_templates", "workflow_job_templates", "projects")
# By what else than its name an object is known.
UNIQUE = {
    "credential_types": ("kind",),
    "hosts": ("inventory",),
    "schedules": ("unified_job_template",),
    "workflow_job_template_nodes": ("identifier", "workflow_job_template"),
}


class Refusal(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Awx:
    """The state, and what each request makes of it."""

    def __init__(self, projects: dict[str, dict[str, str]]) -> None:
        """projects: the files of each repository, by its URL."""
        self.repositories = projects
        self.rows: dict[str, dict[int, Row]] = {kind: {} for kind in DEFAULTS}
        self.surveys: dict[int, Any] = {}
        self.related: dict[tuple[str, int, str], list[int]] = {}
        self.writes: list[str] = []
        self.refusals: list[Any] = []
        self._ids = iter(range(1, 1_000_000))
        # What a fresh AWX has, and more of it than a page holds.
        galaxy = self.create(
            "credential_types", {"name": "Ansible Galaxy/Automation Hub API Token", "kind": "cloud"}, check=False
        )
        hub = self.create("credentials", {"name": "Ansible Galaxy", "credential_type": galaxy["id"]}, check=False)
        for name in ("Aardvark", "Beaver", "Default"):
            organization = self.create("organizations", {"name": name})
            self.related["organizations", organization["id"], "galaxy_credentials"] = [hub["id"]]
        for name in ("Machine", "Vault", "Network"):
            self.create("credential_types", {"name": name, "kind": "net"}, check=False)

    # Objects

    def create(self, kind: str, data: Row, *, check: bool = True) -> Row:
        row = {**COMMON, **DEFAULTS[kind], **data, "id": next(self._ids)}
        if check:
            self.check(kind, row, None)
        self.rows[kind][row["id"]] = row
        return row

    def update(self, kind: str, row: Row, data: Row) -> None:
        changed = {**row, **data}
        if kind == "credential_types" and changed["inputs"] != row["inputs"] and self.in_use(row):
            raise Refusal(
                403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"}
            )
        if kind == "credentials":
            stored = {
                name: row["inputs"].get(name) if value == ENCRYPTED else value
                for name, value in changed["inputs"].items()
            }
            changed["inputs"] = stored
        self.check(kind, changed, row)
        row.update(changed)

    def delete(self, kind: str, row: Row) -> None:
        if kind == "credential_types" and self.in_use(row):
            raise Refusal(403, {"detail": "Credential types that are in use cannot be deleted"})
        del self.rows[kind][row["id"]]

    def in_use(self, credential_type: Row) -> bool:
        return any(row["credential_type"] == credential_type["id"] for row in self.rows["credentials"].values())

    def check(self, kind: str, row: Row, before: Row | None) -> None:
        """Refuse what AWX refuses; and fill in what it does."""
        errors = CHECKS.get(kind, lambda _awx, _row: [])(self, row)
        own = ("name", *UNIQUE.get(kind, ("organization",)))
        if kind == "workflow_job_template_nodes":
            own = UNIQUE[kind]
        for other in self.rows[kind].values():
            if other is not before and all(other.get(key) == row.get(key) for key in own):
                errors = [*errors, f"{kind} with this {' and '.join(own)} already exists."]
        if errors:
            raise Refusal(400, {"__all__": errors})

    def shown(self, kind: str, row: Row) -> Row:
        """An object as the API shows it."""
        url = f"/api/v2/{kind}/{row['id']}/"
        shown = {**row, "url": url, "type": kind.removesuffix("s"), "related": {}, "summary_fields": {}}
        if kind == "credentials":
            fields = {
                field["id"]: field
                for field in self.rows["credential_types"][row["credential_type"]]["inputs"].get("fields", [])
            }
            shown["inputs"] = {
                name: ENCRYPTED if fields.get(name, {}).get("secret") and value else value
                for name, value in row["inputs"].items()
            }
        if kind in ("job_templates", "workflow_job_templates"):
            shown["related"] = {"survey_spec": f"{url}survey_spec/"}
        if kind == "projects" and row["scm_type"]:
            update = next((one for one in self.rows["project_updates"].values() if one["project"] == row["id"]), None)
            shown["related"] = {"update": f"{url}update/"}
            shown["summary_fields"] = {"current_update": {"id": update["id"]}} if update else {}
        return shown

    # Requests

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method != "GET" and not path.startswith("tokens"):
            self.writes.append(f"{method} {path}")
        kind, number, part, *_rest = [*path.strip("/").split("/"), "", ""]
        if kind == "unified_job_templates":
            return 200, self.page(path, query, [(one, row) for one in UNIFIED for row in self.rows[one].values()])
        if kind not in self.rows:
            raise Refusal(404, {"detail": "Not found."})
        if not number:
            return self.on_list(method, kind, path, query, body)
        row = self.rows[kind].get(int(number))
        if row is None:
            raise Refusal(404, {"detail": "Not found."})
        if part == "survey_spec":
            return self.on_survey(method, row["id"], body)
        if part in RELATED:
            return self.on_related(method, (kind, row["id"], part), path, query, body)
        if part:
            raise Refusal(404, {"detail": "Not found."})
        return self.on_object(method, kind, row, body)

    def on_list(self, method: str, kind: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.page(path, query, [(kind, row) for row in self.rows[kind].values()])
        row = self.create(kind, body)
        if kind == "projects" and row["scm_type"]:
            self.create("project_updates", {"name": row["name"], "project": row["id"], "status": "successful"})
        return 201, self.shown(kind, row)

    def on_object(self, method: str, kind: str, row: Row, body: Any) -> tuple[int, Any]:
        if method == "PATCH":
            self.update(kind, row, body)
        if method == "DELETE":
            self.delete(kind, row)
            return 204, None
        return 200, self.shown(kind, row)

    def on_survey(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "POST":
            if errors := rules.survey_errors(body):
                raise Refusal(400, {"error": "; ".join(errors)})
            self.surveys[number] = body
        if method == "DELETE":
            self.surveys.pop(number, None)
        return 200, self.surveys.get(number, {}) if method == "GET" else {}

    def on_related(
        self, method: str, where: tuple[str, int, str], path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        kind = RELATED[where[2]]
        numbers = self.related.setdefault(where, [])
        if method == "GET":
            return 200, self.page(path, query, [(kind, self.rows[kind][number]) for number in numbers])
        if body.get("disassociate"):
            numbers.remove(body["id"])
        else:
            with_it = [*numbers, body["id"]]
            if where[::2] == ("job_templates", "credentials"):
                types = [
                    self.rows["credential_types"][self.rows[kind][one]["credential_type"]]["name"] for one in with_it
                ]
                if errors := rules.credentials_errors(types):
                    raise Refusal(400, {"detail": errors[0]})
            numbers.append(body["id"])
        return 204, None

    def page(self, path: str, query: dict[str, str], rows: list[tuple[str, Row]]) -> Any:
        """Those that the query means, a page of them."""
        number = int(query.pop("page", "1"))
        either = {key.removeprefix("or__"): query.pop(key) for key in list(query) if key.startswith("or__")}
        found = [
            (kind, row)
            for kind, row in rows
            if all(str(row.get(key)) == value for key, value in query.items() if key != "type")
            and (not either or any(str(row.get(key)) == value for key, value in either.items()))
        ]
        more = len(found) > number * PAGE
        following = f"/api/v2/{path}?{urlencode({**query, 'page': number + 1})}" if more else None
        shown = [self.shown(kind, row) for kind, row in found[(number - 1) * PAGE : number * PAGE]]
        return {"count": len(found), "next": following, "previous": None, "results": shown}


def _of_job_template(awx: Awx, row: Row) -> list[str]:
    project = awx.rows["projects"].get(row.get("project", 0))
    if project is None or row.get("inventory") not in awx.rows["inventories"]:
        return ["project and inventory are required"]
    return rules.playbook_errors(row.get("playbook", ""), awx.repositories[project["scm_url"]])


def _of_credential(awx: Awx, row: Row) -> list[str]:
    if row["name"] == "Ansible Galaxy":
        return []
    row["inputs"] = {name: "" if value is None else value for name, value in row["inputs"].items()}
    definition = awx.rows["credential_types"][row["credential_type"]]
    return rules.credential_errors(definition, row["inputs"])


def _of_inventory(_awx: Awx, row: Row) -> list[str]:
    row["kind"] = row["kind"] or ""
    return []


def _of_credential_type(_awx: Awx, row: Row) -> list[str]:
    errors = rules.credential_type_errors(row)
    for field in row["inputs"].get("fields", []) if not errors else ():
        field.setdefault("type", "string")
    return errors


def _of_notification(_awx: Awx, row: Row) -> list[str]:
    """AWX fills in each part of the configuration and of the messages."""
    errors = rules.notification_errors(row)
    configuration = {"http_method": "POST", "username": "", "password": "", "disable_ssl_verification": False}
    row["notification_configuration"] = {**configuration, **row["notification_configuration"]}
    row["messages"] = {**dict.fromkeys(rules.MESSAGES), **(row["messages"] or {})}
    return errors


def _of_schedule(awx: Awx, row: Row) -> list[str]:
    survey = awx.surveys.get(row["unified_job_template"])
    unanswered = rules.launch_errors(survey, row.get("extra_data", {})) if survey else []
    return [*rules.schedule_errors(row["rrule"]), *unanswered]


def _of_node(awx: Awx, row: Row) -> list[str]:
    survey = awx.surveys.get(row["unified_job_template"])
    return rules.launch_errors(survey, row.get("extra_data", {})) if survey else []


CHECKS: dict[str, Callable[[Awx, Row], list[str]]] = {
    "credential_types": _of_credential_type,
    "credentials": _of_credential,
    "execution_environments": lambda _awx, row: rules.execution_environment_errors(row),
    "inventories": _of_inventory,
    "job_templates": _of_job_template,
    "notification_templates": _of_notification,
    "schedules": _of_schedule,
    "workflow_job_template_nodes": _of_node,
}


class AwxServer:
    """An Awx behind HTTP, for a `with` statement. url: for CONTROLLER_HOST."""

    def __init__(self, projects: dict[str, dict[str, str]]) -> None:
        self.awx = Awx(projects)
        lock = threading.Lock()

        class Handler(_Handler):
            awx = self.awx

            def do(self, method: str) -> None:
                with lock:
                    super().do(method)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> AwxServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    awx: Awx

    def do(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        try:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                raise Refusal(401, {"detail": "Authentication credentials were not provided."})
            if not (found := re.fullmatch(r"/api/v2/(.*)", parts.path)):
                raise Refusal(404, {"detail": "Not found."})
            status, answer = self.awx.answer(
                method, found[1], dict(parse_qsl(parts.query, keep_blank_values=True)), body
            )
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
            self.awx.refusals.append(answer)
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        self.do("GET")

    def do_POST(self) -> None:
        self.do("POST")

    def do_PATCH(self) -> None:
        self.do("PATCH")

    def do_DELETE(self) -> None:
        self.do("DELETE")

    def log_message(self, *_arguments: Any) -> None:
        pass
