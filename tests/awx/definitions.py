# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the role awx_setup defines, read from its data files, and what we ask of it beyond AWX's own rules."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from . import rules

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles/awx_setup"
SECRET = re.compile(r"token$|secret|password|service_account")
REFERENCE = re.compile(r"\{\{ (\w+) \}\}")


class Unsafe(str):
    """A text that Ansible leaves as it is: a template of AWX, or of the job."""


class Loader(yaml.SafeLoader):
    pass


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))


def role_variables() -> dict[str, Any]:
    """The role's defaults and vars. A text that is nothing but the name of another one has its value."""
    variables: dict[str, Any] = {}
    for path in sorted([*ROLE.glob("defaults/main/*.yml"), *ROLE.glob("vars/main/*.yml")]):
        variables.update(yaml.load(path.read_text(encoding="utf-8"), Loader))

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [resolve(item) for item in value]
        if isinstance(value, str) and not isinstance(value, Unsafe) and (found := REFERENCE.fullmatch(value)):
            return resolve(variables[found[1]])
        return value

    return dict(resolve(variables))


VARIABLES = role_variables()


def credential_types() -> dict[str, dict[str, Any]]:
    """Fresh copies, by the key with which otterscale_awx_credentials names them."""
    return {one["key"]: copy.deepcopy(one) for one in VARIABLES["awx_setup_credential_types"]}


def job_templates() -> list[dict[str, Any]]:
    return copy.deepcopy(VARIABLES["otterscale_awx_job_templates"])


def workflow() -> dict[str, Any]:
    return copy.deepcopy(VARIABLES["otterscale_awx_workflow"])


def messages() -> dict[str, Any]:
    return copy.deepcopy(VARIABLES["awx_setup_notification_messages"])


def survey(questions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "", "description": "", "spec": questions}


def unsafe_type_errors(definition: Mapping[str, Any]) -> Iterator[str]:
    """Why a credential type that AWX accepts would not be safe, or not stay unchanged."""
    fields = {field["id"]: field for field in definition["inputs"]["fields"]}
    env, files = definition["injectors"]["env"], definition["injectors"].get("file", {})
    for name, field in fields.items():
        used = re.compile(rf"\b{name}\b")
        in_env = [template for template in env.values() if used.search(template)]
        if "type" not in field:
            yield f"field {name}: AWX would add the type, a change on every run"
        if "default" in field:
            yield f"field {name}: a default is for the web form alone, and never injected"
        if bool(SECRET.search(name)) != field.get("secret", False):
            yield f"field {name}: by its name it is {'a' if SECRET.search(name) else 'no'} secret"
        if not in_env and not any(used.search(template) for template in files.values()):
            yield f"field {name}: is not injected"
        for template in in_env:
            if field.get("type") == "boolean" and not re.search(rf"'\w+' if {name} else '\w+'", template):
                yield f"field {name}: a boolean is injected as the word for each of its values"
            if field.get("multiline") and not re.fullmatch(
                rf"\{{\{{ tower\.filename\.\w+ if {name} else '' \}}\}}", template
            ):
                yield f"field {name}: of several lines only the path of a file is injected, where there is one"
    for name in set(definition["inputs"].get("required", [])) - set(fields):
        yield f"required {name}: there is no such field"
    for name, template in env.items():
        if "tower.filename" in template and " if " not in template:
            yield f"env {name}: the path of a file that is empty where the field is unset"
        if not isinstance(template, Unsafe):
            yield f"env {name}: is a template for Ansible, which knows no field"
    yield from _unsafe_values(definition)


# What switches a check off, by the end of the variable's name.
WEAK = {"VALIDATE_CERTS": ("false", "no", "0", "off", "")}


def _unsafe_values(definition: Mapping[str, Any]) -> Iterator[str]:
    """What a job would get from a credential with nothing but empty values."""
    env, _files = rules.injected(definition, {})
    for name, value in env.items():
        weak = next((words for end, words in WEAK.items() if name.endswith(end)), ())
        if value.lower() in weak:
            yield f"env {name}: is {value!r} where nothing is set"


def unsafe_survey_errors(template: Mapping[str, Any]) -> Iterator[str]:
    """Why a survey that AWX accepts would not work in a play, or without a form."""
    runs_alone = bool(template.get("schedule")) or template["name"] in {
        node["job_template"] for node in workflow()["nodes"]
    }
    mentioned = json.dumps(template.get("extra_vars", {}))
    for item in template.get("survey", []):
        name = item["variable"]
        if not name.isidentifier():
            yield f"question {name}: is no name of a variable"
        if item["required"] and runs_alone:
            yield f"question {name}: nobody answers it in a schedule or a workflow"
        if item["type"] == "password":
            yield f"question {name}: secrets belong into a credential"
        absent = not item["required"] and (item["type"] in rules.MULTIPLE or item.get("default", "") == "")
        if absent and name in mentioned and not re.search(rf"\b{name} \| default\([^)]*, true\)", mentioned):
            yield f"question {name}: extra_vars do not say what holds without an answer"
        for choice in item.get("choices", []):
            if not isinstance(yaml.safe_load(choice), str):
                yield f"question {name}: ansible-core makes no text of the choice {choice}"
