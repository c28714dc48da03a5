# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Connection options of IEF: a bad one is found before any call, named with its value, and never shows a secret."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._ief.connection import CONNECTION_SPEC, IEF, connect

GOOD = {"endpoint": "https://ief.example/prefix/", "project_id": "e78acc02d9d141eda5ca8e88fa35f6f8"}
GOOD["auth_token"] = "t0ken"
LOGIN = {
    **{"auth_token": None, "iam_endpoint": "https://iam.example", "iam_user": "edge"},
    **{"iam_password": "pässword", "iam_domain": "demo"},
}


def params(**options: Any) -> dict[str, Any]:
    given = {name: value for name, value in {**GOOD, **options}.items() if value is not None}
    validated = ArgumentSpecValidator(CONNECTION_SPEC).validate(given)
    assert not validated.error_messages
    return dict(validated.validated_parameters)


def refused(**options: Any) -> str:
    with pytest.raises(ApiError) as caught:
        connect(params(**options))
    assert caught.value.code == "client" and not caught.value.sent
    return caught.value.message


def test_every_option_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {name: spec["fallback"][1] for name, spec in CONNECTION_SPEC.items()}
    assert found == {name: [f"IEF_{name.upper()}"] for name in CONNECTION_SPEC}
    monkeypatch.setenv("IEF_PROJECT_ID", "from-there")
    monkeypatch.setenv("IEF_INSTANCE_ID", " ")
    assert params(project_id=None)["project_id"] == "from-there"
    assert params()["instance_id"] is None


def test_secrets_are_not_logged() -> None:
    assert {name for name, spec in CONNECTION_SPEC.items() if spec.get("no_log")} == {"auth_token", "iam_password"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("endpoint", "ief.example", "must be an http:// or https:// URL with a host"),
        ("iam_endpoint", "ftp://iam.example", "must be an http:// or https:// URL with a host"),
        ("project_id", "", "must be an id"),
        ("project_id", "../other", "must be an id"),
        ("instance_id", "a b", "must be an id"),
        ("timeout", 0, "must be above zero"),
        ("retries", -1, "must not be negative"),
    ],
)
def test_a_bad_option_is_named_with_its_value(option: str, value: Any, words: str) -> None:
    message = refused(**{**LOGIN, option: value})
    assert message.startswith(f"option '{option}' is {value!r}") or option == "timeout"
    assert words in message


@pytest.mark.parametrize("option", ["endpoint", "iam_endpoint"])
def test_a_url_with_a_password_is_refused_without_showing_it(option: str) -> None:
    message = refused(**{**LOGIN, option: "https://me:geheim@ief.example"})
    assert message.startswith(f"option '{option}' must not carry credentials: give '") and "geheim" not in message
    shown = IEF.show(params(**{**LOGIN, option: "https://me:geheim@ief.example"}))
    assert "geheim" not in shown[option] and shown["iam_user"] == "edge"


def test_a_token_that_no_header_can_carry_is_refused_without_showing_it() -> None:
    assert refused(auth_token="tök\nen") == "option 'auth_token' holds a character that no HTTP header can carry"


def test_without_a_token_there_must_be_a_login() -> None:
    assert refused(auth_token=None).startswith("option 'auth_token' is not given: every call needs a token")
    for option in LOGIN:
        if option != "auth_token":
            message = refused(**{**LOGIN, option: None})
            assert message.startswith(f"option '{option}' is not given: needed to get a token with 'iam_")
            assert "pässword" not in message and f", '{option}'" not in message
            assert refused(**{**LOGIN, option: ""}) == message


def test_a_token_comes_before_a_login() -> None:
    connection = connect(params(**{**LOGIN, "auth_token": " t0ken ", "iam_user": None}))
    assert connection.hide("the token t0ken") == "the token ********"


def test_a_login_hides_its_password() -> None:
    hide = connect(params(**LOGIN)).hide
    assert hide({"msg": "pässword, p\\u00e4ssword"}) == {"msg": "********, ********"}


def test_secrets_over_plain_http_make_it_warn() -> None:
    assert connect(params()).warnings == ()
    (warning,) = connect(params(endpoint="http://ief.example")).warnings
    assert warning.startswith("'endpoint' is plain http to ief.example: ") and "the token" in warning
    (warning,) = connect(params(**{**LOGIN, "iam_endpoint": "http://iam.example"})).warnings
    assert warning.startswith("'iam_endpoint' is plain http to iam.example: ") and "the password" in warning
