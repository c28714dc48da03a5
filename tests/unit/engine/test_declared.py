# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What results say that a task declared: what it named, one form for one meaning, nothing of the connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._engine.declared import declared
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connection import CONNECTION_SPEC, OTTERSCALE
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.datavolume import DataVolume
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService

CONNECTION = {"api_url": "http://127.0.0.1", "api_token": "secret", "scope": "demo", "retries": 3}


def named(resource: Any, **options: Any) -> dict[str, Any]:
    validated = ArgumentSpecValidator({**CONNECTION_SPEC, **resource.options}).validate({**CONNECTION, **options})
    assert not validated.error_messages
    return dict(resource.declared(validated.validated_parameters))


def test_it_is_what_the_task_names() -> None:
    assert named(Bucket, name="data", owner="alice") == {"name": "data", "owner": "alice"}
    assert named(Bucket, name="data", state="present") == {"name": "data"}
    assert named(Bucket, name="data", state="absent") == {"name": "data", "state": "absent"}
    volume = {"name": "disk", "namespace": "default", "boot_image": False, "source": {"type": "blank_image"}}
    how = {"wait": True, "wait_timeout": 5, "wait_sleep": 1, "wait_progress": False, "get_unlisted": True}
    assert named(DataVolume, **volume, **how, kubeconfig="/tmp/x", context="y") == volume


def test_the_spelling_of_a_task_makes_no_difference() -> None:
    service = {"name": "web", "namespace": "default"}
    port = {"name": "http", "port": 80, "target_port": "8080"}
    spelled = {"name": "http", "port": "80", "target_port": 8080, "protocol": "TCP", "node_port": None}
    assert named(VMService, **service, ports=[spelled]) == {**service, "ports": [port]}
    assert named(VMService, **service, ports=[]) == {**service, "ports": []}
    policy = {"Version": "2012-10-17", "Statement": []}
    for written in (policy, json.dumps(policy), json.dumps(policy, indent=4)):
        assert named(Bucket, name="data", policy=written)["policy"] == policy


@pytest.mark.parametrize("text", ["{", "[1e400]", "[" * 101 + "]" * 101, "[1, [], {" + '"a": {' * 99 + "}" * 100 + "]"])
def test_json_that_results_cannot_hold_stays_a_text(text: str) -> None:
    assert named(Bucket, name="data", policy=text)["policy"] == text
    assert named(Bucket, name="data", policy="[" * 100_000)["policy"] == "[" * 100_000
    deep = "[" * 100 + "]" * 100
    assert named(Bucket, name="data", policy=deep)["policy"] == json.loads(deep)


def test_secrets_are_left_out_wherever_they_are() -> None:
    inner = {"user": {"type": "str"}, "password": {"type": "str", "no_log": True}}
    spec = {"key": {"type": "str", "no_log": True}, "login": {"type": "dict", "options": inner}}
    params = {"key": "a", "login": {"user": "b", "password": "c"}}
    assert declared(spec, params) == {"login": {"user": "b"}}


@pytest.mark.parametrize(
    ("api_url", "shown"),
    [
        ("https://otterscale.test/api/", "https://otterscale.test/api"),
        ("https://me:secret@otterscale.test", None),
        ("ftp://otterscale.test", None),
    ],
)
def test_the_server_is_named_without_secrets(api_url: str, shown: str | None) -> None:
    assert OTTERSCALE.server({"api_url": api_url, "scope": "demo"}) == {"url": shown, "scope": "demo"}
