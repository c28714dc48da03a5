# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Connection options: a bad one is found before any call, named with its value, and never shows a secret."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import TASK
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connection import (
    CONNECTION_SPEC,
    OTTERSCALE,
    connect,
)
from ansible_collections.otterscale.core.plugins.module_utils._task import Context
from hypothesis import given
from hypothesis import strategies as st

GOOD = {
    "api_url": "https://otter.example/api",
    "api_token": "s3cret-token",
    "scope": "lab",
    "server_api": "auto",
    "validate_certs": True,
    "ca_path": None,
    "timeout": 30.0,
    "retries": 4,
    "oidc_issuer_url": None,
    "oidc_token_url": None,
    "oidc_client_id": None,
    "oidc_client_secret": None,
    "oidc_username": None,
    "oidc_password": None,
}


def refused(**options: Any) -> str:
    with pytest.raises(ApiError) as caught:
        connect({**GOOD, **options})
    assert caught.value.code == "client" and not caught.value.sent
    return caught.value.message


def test_every_option_may_come_from_the_environment() -> None:
    found = {name: spec["fallback"][1] for name, spec in CONNECTION_SPEC.items()}
    assert found == {name: [f"OTTERSCALE_{name.upper()}"] for name in GOOD}


@pytest.mark.parametrize("empty", ["", " ", None])
def test_an_empty_environment_variable_counts_as_not_set(empty: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in CONNECTION_SPEC.values():
        (variable,) = spec["fallback"][1]
        if empty is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, empty)
    validated = ArgumentSpecValidator(CONNECTION_SPEC).validate({"api_url": "http://h", "scope": "lab"})
    assert not validated.error_messages
    assert validated.validated_parameters == {
        **{name: spec.get("default") for name, spec in CONNECTION_SPEC.items()},
        **{"api_url": "http://h", "scope": "lab"},
    }
    missing = ArgumentSpecValidator(CONNECTION_SPEC).validate({}).error_messages
    assert missing == ["missing required arguments: api_url, scope"]


def test_an_environment_variable_that_is_set_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTTERSCALE_API_URL", "http://h")
    monkeypatch.setenv("OTTERSCALE_SCOPE", "lab")
    monkeypatch.setenv("OTTERSCALE_RETRIES", "0")
    monkeypatch.setenv("OTTERSCALE_VALIDATE_CERTS", "no")
    params = ArgumentSpecValidator(CONNECTION_SPEC).validate({"scope": "other"}).validated_parameters
    used = [params[name] for name in ("api_url", "scope", "retries", "validate_certs")]
    assert used == ["http://h", "other", 0, False]


@pytest.mark.parametrize(
    "url",
    [
        "http://h", "https://h:8299", "http://h/prefix/", "HTTPS://h", "http://[::1]:8299/a", " http://h ",
        "http://a_b.", "http://bücher.example", "http://[fe80::1%eth0]:8299", "http://[fe80::1%25eth0]",
        "http://h/api@v1", "http://h/a b",
    ],
)  # fmt: skip
def test_an_http_url_is_accepted(url: str) -> None:
    assert isinstance(connect({**GOOD, "api_url": url}).reads.client, Client)


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "otter.example", "otter.example:8299", "//otter.example", "ftp://h", "file:///etc", "http://", "http:///p",
        "http://h?x=1", "http://h/#x", "http://h:0", "http://h:65536", "http://h:x", "http://[::1", "http://a..b",
        "http://%00", "http://a%20b", "http://a b", "http://a\tb", "http://a\x1bb", "http://" + 70 * "x", "http://*.a",
        "http://" + 80 * "ü", "http://[::g]", "http://a<b",
    ],
)  # fmt: skip
def test_what_is_no_http_url_is_refused(url: str) -> None:
    assert refused(api_url=url).startswith(f"option 'api_url' is {url!r}: ")


@pytest.mark.parametrize(
    "url",
    [
        "https://admin:hunter2@otter.example", "ftp://admin:hunter2@h", "http://admin:hunter2@h:x", "//admin:hunter2@",
        "http://admin:hunter2@h?x=1", "http://admin:hunter2@h#x", "http://admin:hunter2@a..b", "admin:hunter2@h:8299",
        "http://admin:hun/ter2@h", "http:/admin:hunter2@h", "//admin:hunter2@h", "http:///admin:hunter2@h", "hunter2@h",
        "http://hunter2@h", "ht tp://admin:hunter2@h", "http:// admin:hunter2@h", "http://admin:hunter2@[::1",
        "@hunter2@",
    ],
)  # fmt: skip
@pytest.mark.parametrize("option", ["api_url", "oidc_issuer_url", "oidc_token_url"])
def test_credentials_in_a_url_are_refused_without_showing_them(url: str, option: str) -> None:
    oidc = {"api_token": None, "oidc_client_id": "me", "oidc_client_secret": "x"} if option != "api_url" else {}
    message = refused(**{**oidc, option: url})
    instead = "'api_token'" if option == "api_url" else "the other oidc_* options"
    assert message == f"option '{option}' must not carry credentials: give {instead}"
    shown = OTTERSCALE.show({**GOOD, option: url})[option]
    assert "***" in shown and "hun" not in shown
    assert "ter2" not in shown


def test_what_carries_no_credentials_is_shown_as_it_is() -> None:
    for url in ("http://h/api@v1", "http://[::1]:80/a@b", "https://h", "ftp://h", " ", "https://h:80?a@b"):
        assert OTTERSCALE.show({**GOOD, "api_url": url}) == {**GOOD, "api_url": url}


@pytest.mark.parametrize("value", [0.0, -1.0, 86401.0, 1e7, float("inf"), float("nan")])
def test_a_timeout_that_never_or_always_ends_is_refused(value: float) -> None:
    assert refused(timeout=value).startswith(f"option 'timeout' is {value!r}: ")


def test_other_bad_options_are_refused_with_their_value() -> None:
    assert refused(retries=-1) == "option 'retries' is -1: must not be negative"
    assert refused(retries=101) == "option 'retries' is 101: must be at most 100"
    connect({**GOOD, "retries": 100, "timeout": 86400.0})
    assert refused(scope=" ").startswith("option 'scope' is ' ': ")
    assert refused(ca_path="/no/such/bundle").startswith("option 'ca_path' is '/no/such/bundle': ")


def test_a_missing_ca_bundle_is_no_matter_where_certificates_are_not_checked() -> None:
    connect({**GOOD, "ca_path": "/no/such/bundle", "validate_certs": False})


@pytest.mark.parametrize("token", ["s3cret\ntoken", "s3cret-tökén", "s3cret\x00", "s3cret\r\nX-Evil: 1"])
def test_a_token_that_fits_no_header_is_refused_without_showing_it(token: str) -> None:
    message = refused(api_token=token)
    assert "api_token" in message and "s3cret" not in message


def test_a_client_never_shows_its_token() -> None:
    client = connect(GOOD).reads.client
    assert repr(client) == "ServerClient('https://otter.example/api')"
    assert repr(Client("http://h/X//")) == "Client('http://h/X')", "slashes at the end, and nothing else, are left out"
    assert "s3cret" not in repr(client) + str(client)


@given(st.integers(0, 2000), st.none() | st.floats(0, 60))
def test_pauses_are_bounded_and_respect_what_the_server_asks_for(tries: int, retry_after: float | None) -> None:
    pause = Client("http://h").pause(tries, ApiError("unavailable", "busy", retry_after=retry_after))
    assert (retry_after or 0) <= pause <= max(min(8.0, 0.5 * 2.0 ** min(tries, 10)), retry_after or 0)


@pytest.mark.parametrize(
    ("tries", "ceiling"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (2000, 8.0)]
)
def test_pauses_are_spread_over_a_range_that_doubles_up_to_eight_seconds(tries: int, ceiling: float) -> None:
    client, busy = Client("http://h"), ApiError("unavailable", "busy")
    pauses = [client.pause(tries, busy) for _number in range(300)]
    assert 0 <= min(pauses) < 0.1 * ceiling and 0.9 * ceiling < max(pauses) <= ceiling


@pytest.mark.parametrize(
    "options",
    [{"api_url": "otter.example"}, {"name": "Not_A_Bucket"}, {"policy": "[]"}, {"owner": " "}],
)
def test_a_bad_option_fails_the_task_before_any_call(options: dict[str, Any]) -> None:
    bucket = {"name": "data", "state": "present", "owner": "alice", "policy": None, "acl": None}
    outcome = TASK.work({**GOOD, **bucket, **options}, Context(False, connect))
    result = outcome.as_result(with_diff=True)
    ((option, value),) = options.items()
    assert f"'{option}' is {value!r}" in result["msg"] and result["msg"].endswith("run it again.")
    assert result["error"]["code"] == "client" and result["error"]["rpc"] is None
    assert (result["changed"], result["bucket"], result["operations"]) == (False, None, [])
