# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What AWX accepts, as measured on AWX 24.6: the reasons for which it would answer 400, none if it would not.

JSON schemas say what a definition may hold, code says the rest. The stand-in in server.py refuses by these rules too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft4Validator

FORBIDDEN_VARIABLES = frozenset(
    [
        "VIRTUAL_ENV",
        "PATH",
        "PYTHONPATH",
        "JOB_ID",
        "INVENTORY_ID",
        "INVENTORY_SOURCE_ID",
        "INVENTORY_UPDATE_ID",
        "AD_HOC_COMMAND_ID",
        "REST_API_URL",
        "REST_API_TOKEN",
        "MAX_EVENT_RES",
        "CALLBACK_QUEUE",
        "CALLBACK_CONNECTION",
        "CACHE",
        "JOB_CALLBACK_DEBUG",
        "INVENTORY_HOSTVARS",
        "AWX_HOST",
        "PROJECT_REVISION",
        "SUPERVISOR_CONFIG_PATH",
    ]
)
MESSAGES = ("started", "success", "error", "workflow_approval")
APPROVALS = ("running", "approved", "timed_out", "denied")
MULTIPLE = ("multiplechoice", "multiselect")

_TEXT = {"type": "string"}
_NAME = r"^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_FIELD = {
    "type": "object",
    "required": ["id", "label"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": _NAME},
        "label": _TEXT,
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["url", "ssh_private_key"]},
        "choices": {"type": "array", "minItems": 1, "items": _TEXT},
        "secret": {"type": "boolean"},
        "multiline": {"type": "boolean"},
        "help_text": _TEXT,
        "default": {},
    },
}
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "fields": {"type": "array", "items": _FIELD},
        "required": {"type": "array", "items": _TEXT},
    },
}
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "env": {"type": "object", "additionalProperties": _TEXT},
        "extra_vars": {"type": "object", "additionalProperties": {"type": ["string", "array", "object"]}},
        "file": {"type": "object", "additionalProperties": _TEXT},
    },
}
_WHOLE_OR_NONE = {"type": ["integer", "null"]}
SURVEY = {
    "type": "object",
    "required": ["name", "description", "spec"],
    "properties": {
        "name": _TEXT,
        "description": _TEXT,
        "spec": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "question_name", "variable", "required"],
                "properties": {
                    "type": {
                        "enum": ["text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float"]
                    },
                    "question_name": _TEXT,
                    "variable": _TEXT,
                    "required": {"type": "boolean"},
                    "default": {"type": ["string", "integer", "number"]},
                    "min": _WHOLE_OR_NONE,
                    "max": _WHOLE_OR_NONE,
                    "choices": {"type": ["array", "string"], "items": _TEXT},
                },
            },
        },
    },
}
WEBHOOK = {
    "type": "object",
    "required": ["url", "headers"],
    "additionalProperties": False,
    "properties": {
        "url": {"type": "string", "pattern": "^https?://."},
        "http_method": {"enum": ["POST", "PUT"]},
        "headers": {"type": "object"},
        "username": _TEXT,
        "password": _TEXT,
        "disable_ssl_verification": {"type": "boolean"},
    },
}


def schema_errors(value: Any, schema: Mapping[str, Any], what: str) -> list[str]:
    errors = sorted(Draft4Validator(schema).iter_errors(value), key=lambda error: list(map(str, error.path)))
    return [f"{'.'.join([what, *map(str, error.path)])}: {error.message}" for error in errors]


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


# Credential types


def credential_type_errors(definition: Mapping[str, Any]) -> list[str]:
    """definition: kind, inputs and injectors."""
    errors = (
        []
        if definition.get("kind") in ("cloud", "net")
        else [f"kind: {definition.get('kind')!r} is not one of cloud, net"]
    )
    inputs, injectors = definition.get("inputs", {}), definition.get("injectors", {})
    if wrong := schema_errors(inputs, INPUTS, "inputs") + schema_errors(injectors, INJECTORS, "injectors"):
        return errors + wrong
    return errors + list(_field_errors(inputs.get("fields", []))) + list(_injector_errors(inputs, injectors))


def _field_errors(fields: list[dict[str, Any]]) -> Iterator[str]:
    yield from (f"field {name}: is there twice" for name in _twice(field["id"] for field in fields))
    for field in fields:
        name, boolean = field["id"], field.get("type") == "boolean"
        if name == "tower":
            yield "field tower: is a reserved name"
        for key in ("secret", "multiline", "choices", "format") if boolean else ():
            if key in field:
                yield f"field {name}: a boolean has no {key}"
        if "default" in field and not isinstance(field["default"], bool if boolean else str):
            yield f"field {name}: the default is not of the field's type"


def _injector_errors(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> Iterator[str]:
    files = injectors.get("file", {})
    wrong = [
        f"file {name}: is not template or template.NAME"
        for name in files
        if not re.fullmatch(r"template(\.\w+)?", name)
    ]
    if "template" in files and len(files) > 1:
        wrong.append("file: either one template, or template.NAME for each")
    if wrong:
        yield from wrong
        return
    for name, template in injectors.get("env", {}).items():
        if not re.fullmatch(_NAME, name):
            yield f"env {name}: is no name of a variable"
        if name.startswith("ANSIBLE_") or name in FORBIDDEN_VARIABLES:
            yield f"env {name}: must not be set"
        if not template.isascii():
            yield f"env {name}: is not ASCII"
    for name in injectors.get("extra_vars", {}):
        if "{{" in name and " " in name:
            yield f"extra_vars {name}: a blank in a template of a name"
    # Every template is tried, with all fields given, and nothing else known.
    known: dict[str, Any] = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    known["tower"] = {"filename": _filenames(files, lambda part: "EXAMPLE_FILENAME")}
    engine = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for place, template in _templates(injectors):
        try:
            engine.from_string(template).render(known)
        except TemplateError as error:
            yield f"{place}: {error}"


def _templates(injectors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    def walk(place: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from walk(f"{place} {key}", item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(place, item)

    for kind, entries in injectors.items():
        yield from walk(kind, entries)


def _filenames(files: Mapping[str, str], path: Callable[[str], str]) -> Any:
    """What a template sees as tower.filename."""
    if "template" in files:
        return path("")
    return {name.partition(".")[2]: path(name.partition(".")[2]) for name in files}


def injected(definition: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The environment and the files (by path) that a job gets from a credential with these inputs."""
    known: dict[str, Any] = {
        field["id"]: inputs.get(field["id"], False) if field.get("type") == "boolean" else inputs[field["id"]]
        for field in definition["inputs"]["fields"]
        if field.get("type") == "boolean" or field["id"] in inputs
    }
    templates = definition["injectors"].get("file", {})
    engine = ImmutableSandboxedEnvironment(undefined=Undefined)
    files = {
        f"/runner/env/tmp{name.partition('.')[2]}": engine.from_string(template).render(known)
        for name, template in templates.items()
    }
    known["tower"] = {"filename": _filenames(templates, lambda part: f"/runner/env/tmp{part}")}
    env = definition["injectors"].get("env", {})
    return {name: engine.from_string(template).render(known) for name, template in env.items()}, files


# Credentials


def credential_errors(definition: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """definition: the credential's type. What its type requires is not looked at before a job starts."""
    fields = {field["id"]: field for field in definition["inputs"]["fields"]}
    errors = [f"inputs.{name}: the type has no such field" for name in inputs if name not in fields]
    for name, value in inputs.items():
        field = fields.get(name, {})
        wanted = bool if field.get("type") == "boolean" else str
        if value is not None and not isinstance(value, wanted):
            errors.append(f"inputs.{name}: {value!r} is not of type {field.get('type', 'string')}")
        elif field.get("format") == "url" and not re.match(r"\w+://", value or ""):
            errors.append(f"inputs.{name}: {value!r} is no URL with a scheme")
        elif value and field.get("choices") and value not in field["choices"]:
            errors.append(f"inputs.{name}: {value!r} is not one of {field['choices']}")
    return errors


def launch_error(definition: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """Why a job with this credential would fail before it starts."""
    lacking = [name for name in definition["inputs"].get("required", []) if not inputs.get(name)]
    return (
        f"Job cannot start because Credential does not provide one or more required fields ({', '.join(lacking)})"
        if lacking
        else None
    )


# Surveys


def survey_errors(survey: Mapping[str, Any]) -> list[str]:
    if wrong := schema_errors(survey, SURVEY, "survey"):
        return wrong
    errors = [f"question {name}: is there twice" for name in _twice(item["variable"] for item in survey["spec"])]
    for item in survey["spec"]:
        where, kind, default = f"question {item['variable']}", item["type"], item.get("default", "")
        if kind in MULTIPLE and not item.get("choices"):
            errors.append(f"{where}: {kind} needs choices")
        if default != "" and isinstance(default, str) != (kind not in ("integer", "float")):
            errors.append(f"{where}: the default is not of type {kind}")
        if kind in MULTIPLE and default:
            choices = item.get("choices") or []
            choices = choices.splitlines() if isinstance(choices, str) else choices
            errors += [
                f"{where}: the default {line} is no choice" for line in default.splitlines() if line not in choices
            ]
    return errors


def launch_errors(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """What AWX says to answers that come from the API, a schedule or a workflow, where no form fills in defaults."""
    errors = []
    for item in survey["spec"]:
        name, kind = item["variable"], item["type"]
        if name not in answers:
            errors += [f"{name!r} value missing"] if item["required"] else []
            continue
        value = answers[name]
        fits = {"integer": int, "float": (int, float), "multiselect": list}.get(kind, str)
        if isinstance(value, bool) or not isinstance(value, fits):
            errors.append(f"{name}: {value!r} is not of type {kind}")
            continue
        chosen = value if isinstance(value, list) else [value]
        if kind in MULTIPLE and (strange := [choice for choice in chosen if choice not in item["choices"]]):
            errors.append(f"{name}: {strange} is no choice")
        size = (
            len(value) if kind in ("text", "textarea", "password") else value if kind in ("integer", "float") else None
        )
        if size is not None and not (item.get("min") or 0) <= size <= (item.get("max") or float("inf")):
            errors.append(f"{name}: {size} is not in {item.get('min')} to {item.get('max')}")
    return errors


def extra_vars(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a job: what was answered, and defaults where they validate, which a multiselect's never does."""
    defaults = {
        item["variable"]: item["default"]
        for item in survey["spec"]
        if "default" in item and not launch_errors({"spec": [item]}, {item["variable"]: item["default"]})
    }
    known = {item["variable"] for item in survey["spec"]}
    return {**defaults, **{name: value for name, value in answers.items() if name in known}}


# Notifications


def notification_errors(definition: Mapping[str, Any]) -> list[str]:
    """definition: notification_configuration of a webhook, and messages."""
    errors = schema_errors(definition.get("notification_configuration", {}), WEBHOOK, "notification_configuration")
    messages = definition.get("messages") or {}
    errors += [f"messages.{key}: there is no such event" for key in messages if key not in MESSAGES]
    for event, message in messages.items():
        of_event = (
            {event: message}
            if event != "workflow_approval"
            else {f"{event}.{key}": item for key, item in (message or {}).items()}
        )
        for place, parts in of_event.items():
            if place.startswith("workflow_approval.") and place.partition(".")[2] not in APPROVALS:
                errors.append(f"messages.{place}: there is no such event")
            errors += [f"messages.{place}.{part}: {error}" for part, error in _message_errors(parts or {})]
    return errors


def _message_errors(parts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for part, template in parts.items():
        if part not in ("message", "body"):
            yield part, "is neither message nor body"
        elif part == "message" and "\n" in template:
            yield part, "holds a newline"
        else:
            try:
                rendered_message(template, StrictUndefined)
            except TemplateError as error:
                yield part, str(error)


def rendered_message(template: str, undefined: type[Undefined] = Undefined, **job: Any) -> str:
    """What a notification says of a job; by default of the stub with which AWX tries it out."""
    stub: dict[str, Any] = {
        **{"id": 1, "name": "Stub", "status": "running", "playbook": "play.yml", "limit": "", "elapsed": 0.5},
        **{"job_explanation": "", "artifacts": {}},
        "host_status_counts": {"ok": 1, "changed": 0, "failures": 0, "dark": 0, "skipped": 0, "processed": 1},
        "summary_fields": {"inventory": {}, "project": {}, "job_template": {}, "created_by": {}, "labels": {}},
    }
    known = {"job": {**stub, **job}, "job_friendly_name": "Job", "url": "https://awx/#/jobs/1", "job_metadata": "{}"}
    return str(ImmutableSandboxedEnvironment(undefined=undefined).from_string(template).render(known))


def sent_body(body: str) -> Any:
    """What a webhook gets: an empty object where the body is no JSON object."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


# The rest


def execution_environment_errors(definition: Mapping[str, Any]) -> list[str]:
    errors = []
    if not re.fullmatch(
        r"[a-z0-9]+([._:/-][a-z0-9_]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?", definition.get("image") or ""
    ):
        errors.append(f"image: {definition.get('image')!r} is no reference of an image")
    if definition.get("pull", "") not in ("", "always", "missing", "never"):
        errors.append(f"pull: {definition['pull']!r} is not one of always, missing, never")
    return errors


def playbook_errors(playbook: str, files: Mapping[str, str]) -> list[str]:
    """files: the text of each file of the project, by its path."""
    runs = re.search(
        r"^\s*-?\s*(hosts|include|import_playbook|ansible\.builtin\.import_playbook):",
        files.get(playbook, ""),
        re.MULTILINE,
    )
    return [] if runs else [f"playbook: Playbook {playbook} not found for project"]


def credentials_errors(types: list[str]) -> list[str]:
    """types: of the credentials of one job template."""
    return [f"credentials: Cannot assign multiple {name} credentials" for name in _twice(types)]


def schedule_errors(rule: str) -> list[str]:
    """The form of a schedule, and what AWX does not support in it."""
    if not re.match(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)\s+RRULE:", rule):
        return ["rrule: must begin with DTSTART (UTC, or with TZID), then RRULE"]
    parts = dict(part.partition("=")[::2] for part in rule.partition("RRULE:")[2].split(";"))
    errors = [] if "INTERVAL" in parts else ["rrule: INTERVAL is required"]
    if parts.get("FREQ") not in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        errors.append(f"rrule: FREQ={parts.get('FREQ')} is not supported")
    return errors
