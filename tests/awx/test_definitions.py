# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The definitions of the role awx_setup keep the rules of AWX, and ours beyond them."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import connection

from . import rules
from .definitions import (
    ROOT,
    credential_types,
    job_templates,
    messages,
    survey,
    unsafe_survey_errors,
    unsafe_type_errors,
    workflow,
)
from .test_rules import GOOD_CREDENTIAL, PROJECT, WEBHOOK

TYPES = credential_types()

PREFIXES = ("OTTERSCALE", "IEF", "APIGEE", "STATUS_REPORT")


def test_there_is_something_to_judge() -> None:
    assert set(TYPES) == {"otterscale", "ief", "status_report"} and len(job_templates()) >= 3


@pytest.mark.parametrize("key", TYPES)
def test_awx_accepts_the_credential_types(key: str) -> None:
    assert rules.credential_type_errors(TYPES[key]) == []


@pytest.mark.parametrize("key", TYPES)
def test_the_credential_types_are_safe(key: str) -> None:
    assert list(unsafe_type_errors(TYPES[key])) == []


def test_each_connection_option_has_an_injector() -> None:
    """Every environment variable that documentation names, of whatever system the collection has."""
    documented = {
        name
        for path in sorted((ROOT / "plugins").rglob("*.py"))
        for name in re.findall(rf"(?:E\(|name: )((?:{'|'.join(PREFIXES)})_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(documented) >= 12
    have = {name for definition in TYPES.values() for name in definition["injectors"]["env"]}
    assert documented - have == set()


@pytest.mark.parametrize("key", TYPES)
def test_whatever_is_unset_checks_stay_on(key: str) -> None:
    """No field, every single one, all of them with an empty value: AWX renders False and empty texts."""
    fields = TYPES[key]["inputs"]["fields"]
    empty = {field["id"]: False if field["type"] == "boolean" else "" for field in fields}
    for inputs in ({}, empty, *({name: value} for name, value in empty.items())):
        injected, files = rules.injected(TYPES[key], inputs)
        assert not any(files.values())
        for name, value in injected.items():
            assert value not in ("False", "None"), name
            if name.endswith("_VALIDATE_CERTS"):
                assert value == "true"
            if name.endswith(("_CA_PATH", "_FILE")):
                assert value == "", f"{name} is the path of an empty file"


def test_the_modules_take_what_the_credential_injects(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the least of inputs, an option is what it is without any variable; and with all of them, what was put in."""
    least = {"api_url": "https://otterscale.example.com", "scope": "demo"}
    plain = resolved(monkeypatch, {"OTTERSCALE_API_URL": least["api_url"], "OTTERSCALE_SCOPE": "demo"})
    assert resolved(monkeypatch, rules.injected(TYPES["otterscale"], least)[0]) == plain
    full = {
        **least,
        "ca_bundle": "PEM",
        "skip_tls_verification": True,
        "timeout": "7",
        "retries": "0",
        "api_token": "t",
    }
    assert resolved(monkeypatch, rules.injected(TYPES["otterscale"], full)[0]) == {
        **plain,
        **{"ca_path": "/runner/env/tmpca", "validate_certs": False, "timeout": 7.0, "retries": 0, "api_token": "t"},
    }


def resolved(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        validated = ArgumentSpecValidator(connection.CONNECTION_SPEC).validate({})
    assert not validated.error_messages
    return dict(validated.validated_parameters)


def test_awx_accepts_a_credential() -> None:
    assert rules.credential_errors(TYPES["otterscale"], GOOD_CREDENTIAL) == []
    assert rules.launch_error(TYPES["otterscale"], GOOD_CREDENTIAL) is None


@pytest.mark.parametrize("template", job_templates(), ids=lambda template: template["name"])
def test_awx_accepts_the_surveys_and_they_work(template: dict[str, Any]) -> None:
    assert rules.survey_errors(survey(template["survey"])) == []
    assert list(unsafe_survey_errors(template)) == []


def test_what_runs_alone_needs_no_answer() -> None:
    templates = {template["name"]: template for template in job_templates()}
    alone = [template for template in templates.values() if template.get("schedule")]
    alone += [templates[node["job_template"]] for node in workflow()["nodes"]]
    assert len(alone) >= 3
    for template in alone:
        assert rules.launch_errors(survey(template["survey"]), {}) == []


def test_awx_accepts_the_notification() -> None:
    assert rules.notification_errors({"notification_configuration": WEBHOOK, "messages": messages()}) == []
    assert set(messages()) == set(rules.MESSAGES), "each key, or awx.awx changes it on every run"


@pytest.mark.parametrize("event", ["success", "error"])
def test_the_webhook_gets_an_object_whatever_is_in_the_job(event: str) -> None:
    outcome = {"changed": 1, "changed_resources": ['bucket "quoted"\n{{ 7 * 7 }}'], "check_mode": True}
    told = {"otterscale_provision": outcome, "otterscale_report": 'https://reports.example.com/"a"'}
    for name, artifacts in itertools.product(('a "name"', "back\\slash"), ({}, told)):
        sent = rules.sent_body(rules.rendered_message(messages()[event]["body"], name=name, artifacts=artifacts))
        assert sent["template"] == name and sent["result"] == artifacts.get("otterscale_provision", {})
        assert sent["report"] == artifacts.get("otterscale_report", "")


def test_awx_accepts_what_job_templates_run() -> None:
    for template in job_templates():
        assert rules.playbook_errors(template["playbook"], PROJECT) == []
        assert (
            rules.schedule_errors(template.get("schedule", "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1"))
            == []
        )
    assert {template["job_type"] for template in job_templates()} == {"run", "check"}
    assert [template for template in job_templates() if template.get("schedule") and template["job_type"] == "check"]


def test_the_workflow_leads_from_each_node_to_nodes_below_it() -> None:
    """The role makes the last node first."""
    nodes = workflow()["nodes"]
    names = [node["identifier"] for node in nodes]
    assert {node["job_template"] for node in nodes} <= {template["name"] for template in job_templates()}
    for number, node in enumerate(nodes):
        for follower in (*node.get("always", ()), *node.get("success", ()), *node.get("failure", ())):
            assert follower in names[number + 1 :]
