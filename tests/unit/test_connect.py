# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Answers of servers and proxies: what each becomes for the user. Pure decoding; the wire is for integration tests."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from ansible_collections.otterscale.core.plugins.module_utils import _connect
from ansible_collections.otterscale.core.plugins.module_utils._errors import MEANINGS, OtterScaleError
from hypothesis import given
from hypothesis import strategies as st

JSON = "application/json"


def decode(status: int, body: bytes | dict[str, Any], content_type: str = JSON, **headers: str) -> _connect.Answer:
    response = requests.Response()
    response.status_code = status
    response.headers["Content-Type"] = content_type
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return _connect._decode(response, body if isinstance(body, bytes) else json.dumps(body).encode())


def failure(*args: Any, **headers: str) -> OtterScaleError:
    with pytest.raises(OtterScaleError) as caught:
        decode(*args, **headers)
    assert caught.value.sent, "an answer came, so the request arrived"
    return caught.value


def test_an_answer_is_its_message_and_its_trailers() -> None:
    answer = decode(200, {"buckets": []}, "application/json; charset=utf-8", Trailer_Cost="5", Other="x")
    assert answer.message == {"buckets": []} and answer.metadata == {"cost": "5"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "internal"), (401, "unauthenticated"), (403, "permission_denied"), (404, "unimplemented"),
        (429, "unavailable"), (502, "unavailable"), (503, "unavailable"), (504, "unavailable"),
        (409, "unknown"), (418, "unknown"), (500, "unknown"), (302, "unknown"), (204, "unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "body", [b"<html>Bad</html>", b"", b"[]", b'{"message": "x"}', b'{"code": 5}', b'{"code": []}', b'{"code": "x"}']
)
def test_the_status_decides_only_where_there_is_no_connect_error(status: int, code: str, body: bytes) -> None:
    error = failure(status, body, "text/html")
    assert (error.code, error.http_status) == (code, status)


@pytest.mark.parametrize("code", [code for code in MEANINGS if code != "client"])
@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_the_code_decides_wherever_there_is_one(status: int, code: str) -> None:
    error = failure(status, {"code": code, "message": "no"}, Trailer_Zone="b", Retry_After="7")
    assert (error.code, error.message, error.metadata, error.retry_after) == (code, "no", {"zone": "b"}, 7.0)


def test_a_server_cannot_claim_that_the_task_is_wrong() -> None:
    assert failure(500, {"code": "client", "message": "x"}).code == "unknown"


def test_a_web_page_instead_of_an_api_points_to_the_url() -> None:
    error = failure(200, b"<html>\n<h1>Welcome\x00</h1>", "text/html")
    assert "text/html" in error.message and "<html> <h1>Welcome </h1>" in error.message and "'api_url'" in error.advice


def test_an_answer_without_a_content_type_is_said_to_have_none() -> None:
    error = failure(200, b"{}", "")
    assert error.code == "unknown" and "has no Content-Type, not JSON: {}" in error.message


@pytest.mark.parametrize("status", [300, 302, 399])
def test_a_redirect_names_its_target(status: int) -> None:
    error = failure(status, b"", "text/html", Location="https://login.example/\n")
    assert f"HTTP {status} redirects to https://login.example/; redirects are not followed" == error.message
    assert "sign in" in error.advice and "'api_url'" in error.advice
    assert "redirects to (no Location)" in failure(status, b"", "text/html").message


@pytest.mark.parametrize("status", [299, 400])
def test_what_is_no_redirect_is_not_called_one(status: int) -> None:
    error = failure(status, b"Oh", "text/html", Location="https://login.example/")
    assert error.message == "a proxy or web server answered, not OtterScale: Oh" and "sign in" not in error.advice


@pytest.mark.parametrize("body", [{"code": "aborted"}, {"code": "aborted", "message": ""}])
def test_an_error_without_a_text_says_that(body: dict[str, str]) -> None:
    assert failure(409, body).message == "(the server gave no message)"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('scope "lab" not found', True),
        ('scope "lab" is full', False),
        ('bucket "data" not found', False),
    ],
)
def test_an_unknown_scope_is_called_that(message: str, said: bool) -> None:
    advice = failure(404, {"code": "not_found", "message": message}).advice
    assert ("none of that name" in advice) is said


@pytest.mark.parametrize("seconds", ["", "-1", "1.5", "1e3", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1234567890"])
def test_only_a_number_of_seconds_is_a_time_to_wait(seconds: str) -> None:
    assert failure(503, {"code": "unavailable"}, Retry_After=seconds).retry_after is None


def test_a_disabled_feature_is_called_that() -> None:
    disabled = failure(501, {"code": "unimplemented", "message": "feature storage is disabled"})
    assert "switched off" in disabled.advice and "api_url" not in disabled.advice
    assert "api_url" in failure(501, {"code": "unimplemented", "message": "no such method"}).advice
    assert "administrator" not in failure(500, {"code": "internal", "message": "disabled"}).advice
    assert "api_url" in failure(404, b"404 page not found", "text/plain").advice


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a": NaN}',
        b"\xff",
        b'{"a": "\\ud800"}',
        b"[" * 200_000,
        b'{"a":[' + b"{}," * 10**6 + b"{}]}",
    ],
)
def test_an_unusable_answer_is_internal_and_never_a_traceback(body: bytes) -> None:
    error = failure(200, body)
    assert error.code == "internal" and "unusable" in error.message


@given(st.binary(max_size=40), st.integers(200, 599), st.sampled_from([JSON, "text/html", ""]))
def test_any_answer_is_an_answer_or_an_error(body: bytes, status: int, content_type: str) -> None:
    try:
        assert isinstance(decode(status, body, content_type).message, dict)
    except OtterScaleError as error:
        assert len(error.message) < 500 and error.message.isprintable()
