# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Answers of servers and proxies: what each becomes for the user. Pure decoding; the wire is for integration tests."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from ansible_collections.otterscale.core.plugins.module_utils._errors import CODES, ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale import connect as _connect
from hypothesis import given
from hypothesis import strategies as st

JSON = "application/json"


def decode(status: int, body: bytes | dict[str, Any], content_type: str = JSON, **headers: str) -> _connect.Answer:
    response = requests.Response()
    response.status_code = status
    response.headers["Content-Type"] = content_type
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return _connect._decode(response, body if isinstance(body, bytes) else json.dumps(body).encode())


def failure(*args: Any, **headers: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        decode(*args, **headers)
    assert caught.value.sent, "an answer came, so the request arrived"
    caught.value.advise(_connect.ADVICE)
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
    "body",
    [b"<b>Bad</b>", b"", b"[]", b"null", b"5", b'{"message": "x"}', b'{"code": 5}', b'{"code": []}', b'{"code": "x"}'],
)
def test_the_status_decides_only_where_there_is_no_connect_error(status: int, code: str, body: bytes) -> None:
    error = failure(status, body, "text/html")
    assert (error.code, error.http_status) == (code, status)


@pytest.mark.parametrize("code", [code for code in CODES if code != "client"])
@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_the_code_decides_wherever_there_is_one(status: int, code: str) -> None:
    error = failure(status, {"code": code, "message": "no"}, Trailer_Zone="b", Retry_After="7")
    assert (error.code, error.message, error.metadata, error.retry_after) == (code, "no", {"zone": "b"}, 7.0)


def test_a_server_cannot_claim_that_the_task_is_wrong() -> None:
    assert failure(500, {"code": "client", "message": "x"}).code == "unknown"


def test_a_web_page_instead_of_an_api_points_to_the_url() -> None:
    error = failure(200, b"<html>\n<h1>Welcome\x00</h1>", "text/html")
    assert error.message == "the answer is text/html, not JSON: Welcome" and "'api_url'" in error.advice


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
    assert ("no scope 'lab'" in advice) is said


@pytest.mark.parametrize(
    "seconds", ["", "-1", "1.5", "1e3", "soon", "1234567890", "Wed, 21 Oct 2015", "Wed, 32 Oct 2015 07:28:00 GMT"]
)
def test_what_is_neither_seconds_nor_a_date_is_no_time_to_wait(seconds: str) -> None:
    assert failure(503, {"code": "unavailable"}, Retry_After=seconds).retry_after is None


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 30.0),
        ("Wed Oct 21 07:28:00 2015", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
    ],
)
def test_a_date_to_wait_for_is_one_of_the_servers_clock(date: str, seconds: float) -> None:
    answered = {"Retry_After": date, "Date": "Wed, 21 Oct 2015 07:27:30 GMT"}
    assert failure(503, {"code": "unavailable"}, **answered).retry_after == seconds


@pytest.mark.parametrize("clock", [{}, {"Date": "noon"}])
def test_without_a_clock_of_the_server_our_own_counts(clock: dict[str, str]) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    asked = failure(503, {"code": "unavailable"}, Retry_After=date, **clock).retry_after
    assert asked is not None and 3500 < asked <= 3600


@pytest.mark.parametrize("code", [{}, {"code": None}, {"code": 5}, {"code": ["x"]}, {"code": "teapot"}])
@pytest.mark.parametrize(("status", "named"), [(401, "unauthenticated"), (429, "unavailable"), (500, "unknown")])
def test_an_error_without_a_code_keeps_its_message(code: dict[str, Any], status: int, named: str) -> None:
    """As in the "Connect Error and End-Stream" cases of https://github.com/connectrpc/conformance."""
    error = failure(status, {**code, "message": "oops", "details": [{"type": "x.Y", "value": "AA"}], "more": 1})
    assert (error.code, error.message, error.details) == (named, "oops", [{"type": "x.Y", "value": "AA"}])


@pytest.mark.parametrize("message", [None, 5, ["oops"], {"oops": 1}, True])
def test_a_message_of_another_type_is_none(message: Any) -> None:
    error = failure(422, {"code": "out_of_range", "message": message, "details": None})
    assert (error.code, error.message, error.details) == ("out_of_range", "(the server gave no message)", [])


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("application/proto", "internal"), ("application/grpc", "internal"), ("application/connect+json", "internal"),
        ("Application/JSON; charset=utf-8", None), ("image/jpeg", "unknown"), ("text/json", "unknown"),
    ],
)  # fmt: skip
def test_another_codec_is_a_broken_server_and_another_type_is_none(content_type: str, code: str | None) -> None:
    if code is None:
        assert decode(200, b"{}", content_type).message == {}
    else:
        assert failure(200, b"{}", content_type).code == code


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (
            b"<!DOCTYPE html><html><head><title>502</title><style>h1 { color: red }</style></head><body>\n"
            b"<!-- squid --><h1>Bad\nGateway</h1><p>caf&eacute; &lt;x&gt;</p>"
            b"<script>alert('<p>')</script></body></html>",
            "text/html; charset=utf-8",
            "502 Bad Gateway caf\u00e9 <x>",
        ),
        (b" <Error><Code>NoSuchKey</Code></Error>", "application/xml", "NoSuchKey"),
        (b"5 < 6 & 7 > 6", "text/plain", "5 < 6 & 7 > 6"),
        (b"<p>cut <b off", "", "cut"),
        (b"<script>never ends", "text/html", "(empty)"),
    ],
)
def test_a_web_page_is_shown_as_a_reader_sees_it(body: bytes, content_type: str, text: str) -> None:
    message = failure(502, body, content_type).message
    assert message == f"a proxy or web server answered, not OtterScale: {text}"


def test_a_long_text_is_shown_to_200_characters_and_no_secret_is_cut() -> None:
    secrets = _connect.Secrets("secret-in-the-middle")
    response = requests.Response()
    response.status_code = 502
    for body in (f"{'x' * 190}secret-in-the-middle", f"{'<br>' * 16 * 1024}"[:-8] + "secret-in-the-middle", "y" * 300):
        with pytest.raises(ApiError) as caught:
            _connect._decode(response, body.encode(), secrets)
        text = caught.value.message.partition(": ")[2]
        assert len(text) <= 203 and "secret" not in text


@pytest.mark.parametrize("part", ["<", "<!", "<!--", "<script>", "<style>a</style>", "<a b=", "&#", "&#1", "<a '", "1"])
def test_no_page_takes_long(part: str) -> None:
    started = time.monotonic()
    for body in (part * (64 * 1024 // len(part)), f"<b>&#{part * (64 * 1024 // len(part))};"):
        assert failure(502, body.encode(), "text/html").message
    assert time.monotonic() - started < 2


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
    except ApiError as error:
        assert len(error.message) < 500 and error.message.isprintable()
