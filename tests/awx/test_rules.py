# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Each rule of AWX, and each of ours beyond them, broken once: a definition that breaks it is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from . import rules
from .definitions import Unsafe, credential_types, messages, survey, unsafe_survey_errors, unsafe_type_errors

TYPES = credential_types()

WEBHOOK = {
    **{"url": "https://hooks.example.com/awx", "http_method": "POST", "headers": {}},
    **{"username": "", "password": "", "disable_ssl_verification": False},
}

QUESTION = {
    **{"question_name": "Q", "question_description": "", "variable": "q", "type": "text", "required": False},
    **{"default": "", "min": 0, "max": 10},
}

PROJECT = {
    "provision.yml": "- import_playbook: otterscale.core.provision\n",
    "play.yml": "- name: Play\n  hosts: all\n",
    "tasks.yml": "- ansible.builtin.debug:\n",
}


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Puts a value at a path such as inputs.fields.0.type; in a list, the place after its end appends."""

    def apply(definition: Any) -> None:
        *way, last = path.split("/")
        for step in way:
            definition = definition[int(step)] if isinstance(definition, list) else definition[step]
        if isinstance(definition, list):
            definition[int(last) : int(last) + 1] = [value]
        else:
            definition[last] = value

    return apply


def field(**members: Any) -> Callable[[dict[str, Any]], None]:
    """One more field."""
    return change("inputs/fields/99", {"id": "more", "label": "More", "type": "string", **members})


def env(name: str, template: Any) -> Callable[[dict[str, Any]], None]:
    return change(f"injectors/env/{name}", template)


BROKEN_TYPES = {
    "kind is cloud or net": (change("kind", "galaxy"), "is not one of cloud, net"),
    "inputs have fields and required alone": (change("inputs/metadata", []), "'metadata' was unexpected"),
    "no dependencies": (change("inputs/dependencies", {}), "'dependencies' was unexpected"),
    "a field has an id": (change("inputs/fields/99", {"label": "More"}), "'id' is a required property"),
    "a field has a label": (change("inputs/fields/99", {"id": "more"}), "'label' is a required property"),
    "an id is an identifier": (field(id="api-url"), "does not match"),
    "an id is there once": (field(id="api_url"), "is there twice"),
    "tower is no id": (field(id="tower"), "reserved"),
    "a field is a string or a boolean": (field(type="integer"), "is not one of ['string', 'boolean']"),
    "a format is url or ssh_private_key": (field(format="email"), "is not one of ['url', 'ssh_private_key']"),
    "choices are not empty": (field(choices=[]), "inputs.fields.14.choices"),
    "choices are strings": (field(choices=[1]), "1 is not of type 'string'"),
    "no other key": (field(placeholder="x"), "'placeholder' was unexpected"),
    "no ask_at_runtime": (field(ask_at_runtime=True), "'ask_at_runtime' was unexpected"),
    "a boolean is no secret": (field(type="boolean", secret=False), "a boolean has no secret"),
    "a boolean has one line": (field(type="boolean", multiline=False), "a boolean has no multiline"),
    "a boolean has no choices": (field(type="boolean", choices=["a"]), "a boolean has no choices"),
    "a boolean has no format": (field(type="boolean", format="url"), "a boolean has no format"),
    "a default is of the type": (field(type="boolean", default="no"), "the default is not of the field's type"),
    "injectors are env, extra_vars, file": (change("injectors/inventory", {}), "'inventory' was unexpected"),
    "env values are strings": (env("A", True), "True is not of type 'string'"),
    "env values are ASCII": (env("A", Unsafe("schön")), "is not ASCII"),
    "env names are names": (env("1A", Unsafe("x")), "is no name of a variable"),
    "no ANSIBLE_ variable": (env("ANSIBLE_CALLBACKS_ENABLED", Unsafe("x")), "must not be set"),
    "no variable of AWX's own": (env("PATH", Unsafe("x")), "must not be set"),
    "extra_vars are strings, lists, objects": (change("injectors/extra_vars", {"a": 1}), "1 is not of type"),
    "a name with a template has no blank": (
        change("injectors/extra_vars", {"{{ scope }}": "x"}),
        "a blank in a template",
    ),
    "files are template or template.NAME": (change("injectors/file/ca", "x"), "is not template or template.NAME"),
    "one file or named files": (change("injectors/file/template", "x"), "either one template"),
    "a template knows the fields alone": (env("A", Unsafe("{{ verify_ssl }}")), "'verify_ssl' is undefined"),
    "a template is a template": (env("A", Unsafe("{{ scope")), "unexpected end of template"),
    "a template has jinja2's filters alone": (
        env("A", Unsafe("{{ scope | b64encode }}")),
        "No filter named 'b64encode'",
    ),
}

UNSAFE_TYPES = {
    "a type that AWX would add": (change("inputs/fields/99", {"id": "scope_", "label": "S"}), "AWX would add the type"),
    "a default that is never injected": (change("inputs/fields/0/default", "https://x"), "never injected"),
    "a secret in clear": (change("inputs/fields/2/secret", False), "field api_token: by its name it is a secret"),
    "a field without injector": (field(), "field more: is not injected"),
    "a required field that is none": (change("inputs/required", ["url"]), "required url: there is no such field"),
    "verify_ssl": (
        env("OTTERSCALE_VALIDATE_CERTS", Unsafe("{{ skip_tls_verification }}")),
        "the word for each of its values",
    ),
    "False switches a check off": (
        env("OTTERSCALE_VALIDATE_CERTS", Unsafe("{{ 'true' if skip_tls_verification else 'false' }}")),
        "is 'false' where nothing is set",
    ),
    "an empty file as CA bundle": (
        env("OTTERSCALE_CA_PATH", Unsafe("{{ tower.filename.ca }}")),
        "the path of a file that is empty",
    ),
    "several lines in a variable": (env("OTTERSCALE_CA", Unsafe("{{ ca_bundle }}")), "only the path of a file"),
    "a template for Ansible": (env("OTTERSCALE_SCOPE", "{{ scope }}"), "is a template for Ansible"),
}


@pytest.mark.parametrize("rule", BROKEN_TYPES)
def test_a_type_that_awx_would_refuse_is_noticed(rule: str) -> None:
    definition = credential_types()["otterscale"]
    breaks, message = BROKEN_TYPES[rule]
    breaks(definition)
    errors = rules.credential_type_errors(definition)
    assert len(errors) == 1 and message in errors[0], errors


@pytest.mark.parametrize("rule", UNSAFE_TYPES)
def test_a_type_that_is_not_safe_is_noticed(rule: str) -> None:
    definition = credential_types()["otterscale"]
    breaks, message = UNSAFE_TYPES[rule]
    breaks(definition)
    assert [error for error in unsafe_type_errors(definition) if message in error]


GOOD_CREDENTIAL = {
    "api_url": "https://otterscale.example.com",
    "scope": "demo",
    "api_token": "t",
    "skip_tls_verification": False,
}

BROKEN_CREDENTIALS = {
    "an unknown field": ({"url": "x"}, "the type has no such field"),
    "a boolean as text": ({"skip_tls_verification": "true"}, "is not of type boolean"),
    "a number": ({"timeout": 5}, "is not of type string"),
    "a URL without a scheme": ({"api_url": "otterscale.example.com"}, "no URL with a scheme"),
    "an empty URL": ({"api_url": ""}, "no URL with a scheme"),
    "another choice": ({"server_api": "instance_v9"}, "is not one of"),
}


@pytest.mark.parametrize("rule", BROKEN_CREDENTIALS)
def test_a_credential_that_awx_would_refuse_is_noticed(rule: str) -> None:
    inputs, message = BROKEN_CREDENTIALS[rule]
    (error,) = rules.credential_errors(TYPES["otterscale"], {**GOOD_CREDENTIAL, **inputs})
    assert message in error


def test_what_is_required_is_looked_at_when_a_job_starts() -> None:
    assert rules.credential_errors(TYPES["otterscale"], {"scope": "demo"}) == []
    assert "(api_url)" in (rules.launch_error(TYPES["otterscale"], {"scope": "demo"}) or "")


BROKEN_SURVEYS = {
    "spec is not empty": (change("spec", []), "[]"),
    "name is there": (lambda survey: survey.pop("name"), "'name' is a required property"),
    "description is there": (lambda survey: survey.pop("description"), "'description' is a required property"),
    "type is there": (lambda survey: survey["spec"][0].pop("type"), "'type' is a required property"),
    "question_name is there": (lambda survey: survey["spec"][0].pop("question_name"), "'question_name' is a required"),
    "variable is there": (lambda survey: survey["spec"][0].pop("variable"), "'variable' is a required property"),
    "required is there": (lambda survey: survey["spec"][0].pop("required"), "'required' is a required property"),
    "required is a boolean": (change("spec/0/required", "no"), "'no' is not of type 'boolean'"),
    "type is known": (change("spec/0/type", "boolean"), "'boolean' is not one of"),
    "default is no list": (change("spec/0/default", ["a"]), "['a'] is not of type"),
    "min is whole": (change("spec/0/min", 0.5), "0.5 is not of type"),
    "max is whole": (change("spec/0/max", "9"), "'9' is not of type"),
    "a variable is there once": (change("spec/1", QUESTION), "is there twice"),
    "choices are there": (change("spec/0/type", "multiplechoice"), "multiplechoice needs choices"),
    "a default is one of the choices": (
        lambda survey: survey["spec"][0].update(type="multiselect", choices=["a", "b"], default="a\nc"),
        "the default c is no choice",
    ),
    "a default is of the type": (
        lambda survey: survey["spec"][0].update(type="integer", default="5"),
        "not of type integer",
    ),
}

UNSAFE_SURVEYS = {
    "a variable that is none": ({**QUESTION, "variable": "a-b"}, {}, "is no name of a variable"),
    "a required question in a schedule": ({**QUESTION, "required": True}, {}, "nobody answers it"),
    "a password": ({**QUESTION, "type": "password"}, {}, "belong into a credential"),
    "no answer, no value": ({**QUESTION}, {"x": "{{ q }}"}, "what holds without an answer"),
    "an empty answer": ({**QUESTION}, {"x": "{{ q | default('a') }}"}, "what holds without an answer"),
    "a multiselect without an answer": (
        {**QUESTION, "type": "multiselect", "choices": ["a"], "default": "a"},
        {"x": "{{ q }}"},
        "what holds without an answer",
    ),
    "a choice that becomes a number": (
        {**QUESTION, "type": "multiplechoice", "choices": ["0123"]},
        {},
        "makes no text",
    ),
    "a choice that becomes a boolean": ({**QUESTION, "type": "multiplechoice", "choices": ["on"]}, {}, "makes no text"),
    "a choice that becomes a date": (
        {**QUESTION, "type": "multiselect", "choices": ["2024-01-01"]},
        {},
        "makes no text",
    ),
}


@pytest.mark.parametrize("rule", BROKEN_SURVEYS)
def test_a_survey_that_awx_would_refuse_is_noticed(rule: str) -> None:
    broken = survey([dict(QUESTION)])
    assert rules.survey_errors(broken) == []
    breaks, message = BROKEN_SURVEYS[rule]
    breaks(broken)
    errors = rules.survey_errors(broken)
    assert len(errors) == 1 and message in errors[0], errors


@pytest.mark.parametrize("rule", UNSAFE_SURVEYS)
def test_a_survey_that_would_not_work_is_noticed(rule: str) -> None:
    question, extra_vars, message = UNSAFE_SURVEYS[rule]
    template = {"name": "Nightly", "schedule": "x", "survey": [question], "extra_vars": extra_vars}
    errors = list(unsafe_survey_errors(template))
    assert len(errors) == 1 and message in errors[0], errors


def test_answers_without_a_form() -> None:
    """What a launch by the API, a schedule or a workflow must give, and what then arrives."""
    of = {kind: {**QUESTION, "variable": kind, "type": kind, "max": 100} for kind in ("text", "integer", "float")}
    of["multiselect"] = {
        **QUESTION,
        "variable": "multiselect",
        "type": "multiselect",
        "choices": ["a", "b"],
        "default": "a\nb",
    }
    of["required"] = {**QUESTION, "variable": "required", "required": True, "default": "given in the form alone"}
    questions = survey(list(of.values()))
    given = {"required": "here"}
    refused = {"integer": "5", "text": 5, "multiselect": "a\nb", "float": ""}
    assert rules.launch_errors(questions, {}) == ["'required' value missing"]
    assert rules.launch_errors(questions, given) == []
    for name, answer in refused.items():
        assert len(rules.launch_errors(questions, {**given, name: answer})) == 1, name
    assert rules.launch_errors(questions, {**given, "multiselect": ["c"]}) == ["multiselect: ['c'] is no choice"]
    # The multiselect and the numbers are undefined in the play, whatever their defaults; unknown variables are dropped.
    assert rules.extra_vars(questions, {**given, "unknown": "x"}) == {"text": "", "required": "here"}


def test_a_body_that_is_no_object_is_lost_without_an_error() -> None:
    assert rules.sent_body("not quoted: {{") == {} and rules.sent_body("[1]") == {}


BROKEN_NOTIFICATIONS = {
    "url is there": (lambda one: one["notification_configuration"].pop("url"), "'url' is a required property"),
    "headers are there": (lambda one: one["notification_configuration"].pop("headers"), "'headers' is a required"),
    "headers are an object": (change("notification_configuration/headers", ""), "'' is not of type 'object'"),
    "POST or PUT": (change("notification_configuration/http_method", "GET"), "'GET' is not one of"),
    "an event that is none": (change("messages/failure", {}), "there is no such event"),
    "an approval that is none": (change("messages/workflow_approval", {"refused": None}), "there is no such event"),
    "one line": (change("messages/success/message", "a\nb"), "holds a newline"),
    "message and body": (change("messages/success/subject", "a"), "is neither message nor body"),
    "extra_vars are not known": (
        change("messages/error/body", "{{ job.extra_vars }}"),
        "has no attribute 'extra_vars'",
    ),
    "a template is a template": (change("messages/error/body", "{{ job.id"), "unexpected end of template"),
}


@pytest.mark.parametrize("rule", BROKEN_NOTIFICATIONS)
def test_a_notification_that_awx_would_refuse_is_noticed(rule: str) -> None:
    broken = json.loads(json.dumps({"notification_configuration": WEBHOOK, "messages": messages()}))
    breaks, message = BROKEN_NOTIFICATIONS[rule]
    breaks(broken)
    errors = rules.notification_errors(broken)
    assert len(errors) == 1 and message in errors[0], errors


@pytest.mark.parametrize(
    ("playbook", "found"),
    [
        ("play.yml", True),
        ("provision.yml", True),
        ("tasks.yml", False),
        ("gone.yml", False),
        ("otterscale.core.provision", False),
    ],
)
def test_a_playbook_is_a_file_of_the_project(playbook: str, found: bool) -> None:
    assert bool(rules.playbook_errors(playbook, PROJECT)) is not found


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"image": "quay.io/otterscale/ee:latest", "pull": "missing"}, None),
        ({"image": "localhost:5000/ee@sha256:" + "0" * 64}, None),
        ({"image": "https://quay.io/ee"}, "no reference of an image"),
        ({"image": ""}, "no reference of an image"),
        ({"image": "quay.io/ee", "pull": "sometimes"}, "is not one of always, missing, never"),
    ],
)
def test_an_execution_environment_is_an_image(definition: dict[str, str], message: str | None) -> None:
    errors = rules.execution_environment_errors(definition)
    assert errors == [] if message is None else message in errors[0]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=1", "must begin with DTSTART"),
        ("DTSTART:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1", "must begin with DTSTART"),
        ("DTSTART:20260101T020000Z RRULE:FREQ=DAILY", "INTERVAL is required"),
        ("DTSTART:20260101T020000Z RRULE:FREQ=SECONDLY;INTERVAL=1", "FREQ=SECONDLY"),
    ],
)
def test_a_schedule_that_awx_would_refuse_is_noticed(rule: str, message: str) -> None:
    (error,) = rules.schedule_errors(rule)
    assert message in error


def test_a_template_has_one_credential_of_a_type() -> None:
    assert rules.credentials_errors(["OtterScale", "Huawei IEF"]) == []
    assert rules.credentials_errors(["OtterScale", "OtterScale"]) == [
        "credentials: Cannot assign multiple OtterScale credentials"
    ]
