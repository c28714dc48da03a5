# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Errors: what a user is told, and the details that a server attaches to them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._errors import (
    CODES,
    ApiError,
    bad_option,
    checked,
)
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import decode_details
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from hypothesis import given
from hypothesis import strategies as st

VIOLATION = BadRequest.FieldViolation(field="ports[0]", description="is taken")
VIOLATED = {"field": "ports[0]", "description": "is taken"}
INFO = ErrorInfo(reason="QUOTA", domain="otterscale.io", metadata={"limit": "5"})


def packed(message: Any) -> str:
    return base64.b64encode(message.SerializeToString()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (BadRequest(field_violations=[VIOLATION]), {"field_violations": [VIOLATED]}),
        (INFO, {"reason": "QUOTA", "domain": "otterscale.io", "metadata": {"limit": "5"}}),
        (RetryInfo(retry_delay=Duration(seconds=3)), {"retry_delay": "3s"}),
        (RetryInfo(), {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "type.googleapis.com/"])
def test_a_known_detail_is_readable(prefix: str, message: Any, value: dict[str, Any]) -> None:
    type_name = prefix + message.DESCRIPTOR.full_name
    assert decode_details([{"type": type_name, "value": packed(message)}]) == [{"type": type_name, "value": value}]


@given(st.text("abc", max_size=8))
def test_every_length_of_padding_is_decoded(reason: str) -> None:
    (detail,) = decode_details([{"type": "google.rpc.ErrorInfo", "value": packed(ErrorInfo(reason=reason))}])
    assert detail["value"] == ({"reason": reason} if reason else {})


@pytest.mark.parametrize(
    "detail",
    [
        {"type": "acme.v1.Oops", "value": packed(INFO)},
        {"type": "google.rpc.Oops", "value": packed(INFO)},
        {"type": "google.rpc.ErrorInfo", "value": "###"},
        {"type": "google.rpc.ErrorInfo", "value": "A"},
        {"type": "google.rpc.ErrorInfo", "value": "é"},
        {"type": "google.rpc.ErrorInfo", "value": base64.b64encode(b"\xff\xff").decode()},
        {"type": "google.rpc.DESCRIPTOR", "value": ""},
        {"type": "google.rpc.__name__", "value": ""},
        {"type": "google.rpc.", "value": ""},
    ],
)
def test_an_unknown_or_broken_detail_is_passed_on_as_it_came(detail: dict[str, Any]) -> None:
    assert decode_details([detail]) == [detail]
    assert decode_details([{**detail, "debug": {"a": 1}}]) == [{**detail, "debug": {"a": 1}}]


def test_the_value_decides_and_what_a_server_says_of_it_is_only_shown() -> None:
    lie = {"reason": "NONE"}
    raw = {"type": "google.rpc.ErrorInfo", "value": packed(ErrorInfo(reason="QUOTA")), "debug": lie, "frob": "nitz"}
    assert decode_details([raw]) == [{"type": "google.rpc.ErrorInfo", "value": {"reason": "QUOTA"}, "debug": lie}]
    padded = base64.b64encode(ErrorInfo(reason="QUOTAS").SerializeToString()).decode()
    assert padded.endswith("=")
    (detail,) = decode_details([{**raw, "value": padded, "debug": None}])
    assert detail == {"type": "google.rpc.ErrorInfo", "value": {"reason": "QUOTAS"}}


@pytest.mark.parametrize("value", [None, 5, ["x"], {"x": 1}])
def test_a_value_of_another_type_is_none(value: Any) -> None:
    assert decode_details([{"type": "x.Y", "value": value}]) == [{"type": "x.Y", "value": ""}]


@pytest.mark.parametrize("raw", [None, {}, "text", 5, [], [None, "x", 5, [], {}, {"value": "x"}, {"type": 5}]])
def test_what_is_no_detail_is_left_out(raw: Any) -> None:
    assert decode_details(raw) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)
kinds = st.sampled_from(["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.Help", "x.Y", "google.rpc.x", ""])


@given(st.lists(st.fixed_dictionaries({}, optional={"type": kinds | json_values, "value": json_values | st.text()})))
def test_no_details_of_a_server_break_the_report(raw: list[Any]) -> None:
    json.dumps(decode_details(raw))


# The error type


@pytest.mark.parametrize("code", CODES)
def test_every_code_comes_with_advice(code: str) -> None:
    error = ApiError(code, "it broke")
    assert error.code == code and error.message == "it broke"
    assert error.advice == CODES[code].advice and error.advice.endswith(".")
    assert ApiError(code, "x", advice="Do it.").advice == "Do it."


def test_a_write_is_repeated_only_after_codes_that_may_pass() -> None:
    assert {code for code, meaning in CODES.items() if meaning.read_again} == {
        "unavailable", "deadline_exceeded", "resource_exhausted",
    }  # fmt: skip
    assert {code for code, meaning in CODES.items() if meaning.write_again} == {
        "unavailable", "deadline_exceeded", "resource_exhausted", "aborted",
    }  # fmt: skip


def test_there_is_a_meaning_for_each_code_of_connect_and_for_a_bad_task() -> None:
    assert set(CODES) == {
        *("client", "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists"),
        *("permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range"),
        *("unimplemented", "internal", "unavailable", "data_loss", "unauthenticated"),
    }


def test_a_reading_may_lead_to_another_plan_only_after_codes_that_leave_something_open() -> None:
    assert {code for code, meaning in CODES.items() if meaning.replan} == {
        *("unknown", "deadline_exceeded", "not_found", "already_exists", "resource_exhausted", "aborted"),
        *("internal", "unavailable", "data_loss"),
    }


def test_an_error_says_what_it_is_and_knows_nothing_that_it_was_not_told() -> None:
    error = ApiError("unavailable", "gone away")
    assert str(error) == "unavailable: gone away"
    assert (error.rpc, error.http_status, error.details, error.metadata) == (None, None, [], {})
    assert (error.sent, error.retry_after, error.final) == (False, None, False)
    told = ApiError("unavailable", "x", metadata={"zone": "b"}, sent=True, retry_after=5.0, final=True)
    assert (told.metadata, told.sent, told.retry_after, told.final) == ({"zone": "b"}, True, 5.0, True)


def test_a_code_that_connect_does_not_know_is_unknown() -> None:
    assert ApiError("teapot", "short and stout").code == "unknown"


def test_the_error_of_a_result_has_the_documented_fields_and_is_json() -> None:
    error = ApiError("unknown", "no", rpc="ListBuckets", http_status=500, details=({"type": "x", "value": {}},))
    assert json.loads(json.dumps(error.as_dict())) == {
        "code": "unknown",
        "rpc": "ListBuckets",
        "http_status": 500,
        "message": "no",
        "details": [{"type": "x", "value": {}}],
    }


def test_a_bad_option_is_named_with_its_value_and_rule() -> None:
    error = bad_option("size", "ten", "must be a quantity")
    assert error.code == "client" and not error.sent
    assert error.message == "option 'size' is 'ten': must be a quantity"
    assert "'owner' is not given" in bad_option("owner", None, "needed").message


def test_a_rule_passes_its_value_on_or_names_the_option() -> None:
    assert checked("port", "5", int) == 5
    with pytest.raises(ApiError, match=r"option 'port' is 'x': .*") as caught:
        checked("port", "x", int)
    assert caught.value.code == "client"
