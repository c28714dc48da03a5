# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Status reports: from what tasks ended with to the body that is sent."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._apigee.outcomes import TaskEnd, outcomes_of
from ansible_collections.otterscale.core.plugins.module_utils._apigee.report import (
    UPDATE_CODES,
    Outcome,
    body_of,
    check_resources,
    is_older,
    now,
    report_time,
    resources_of,
)
from ansible_collections.otterscale.core.plugins.module_utils._apigee.sinks import open_sink
from ansible_collections.otterscale.core.plugins.module_utils._errors import CODES, ApiError
from hypothesis import given
from hypothesis import strategies as st

SERVER = {"url": "https://otterscale.test", "scope": "demo"}
TIME = "2026-01-31T12:00:00Z"

# From outcomes to a body

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2))
ERRORS = st.sampled_from(
    [{"type": f"{rpc}.{code}", "code": code, "message": rpc} for rpc in "ab" for code in ("UNKNOWN", "ABORTED")]
)
OUTCOMES = st.lists(
    st.builds(
        lambda host, server, name, declared, error: Outcome(host, server, name, declared, error is None, error),
        st.sampled_from(["h1", "h2", "h3"]),
        st.sampled_from(["https://a.test", "https://b.test"]),
        st.sampled_from(["scopes/demo/buckets/one", "scopes/demo/buckets/two"]),
        st.none() | st.dictionaries(st.sampled_from(["name", "size", "policy"]), JSON, max_size=2),
        st.none() | ERRORS,
    ),
    max_size=12,
)


@given(OUTCOMES)
def test_a_body_counts_every_host_once_and_says_what_it_declared_last(outcomes: list[Outcome]) -> None:
    resources = body_of(resources_of(outcomes), TIME)["resources"]
    first_seen = dict.fromkeys((outcome.server, outcome.resource) for outcome in outcomes)
    assert [resource["resource"] for resource in resources] == [name for _server, name in first_seen]
    assert len({resource["uid"] for resource in resources}) == len(resources)
    check_resources([_as_validated(resource) for resource in resources_of(outcomes)])
    for (server, name), resource in zip(first_seen, resources, strict=True):
        assert uuid.UUID(resource["uid"]).version == 5
        last = {o.host: o for o in outcomes if (o.server, o.resource) == (server, name)}
        assert resource["totalReplicas"] == len(last)
        assert sum(revision["replicas"] for revision in resource["revisions"]) == sum(o.reached for o in last.values())
        specs = [revision.get("jsonSpec") for revision in resource["revisions"]]
        assert len(set(specs)) == len(specs)
        assert set(specs) == {o.json_spec for o in last.values()}
        for revision in resource["revisions"]:
            mine = [o for o in last.values() if o.json_spec == revision.get("jsonSpec")]
            assert revision["replicas"] == sum(o.reached for o in mine)
            assert all(error in [o.error for o in mine] for error in revision["errors"])
            assert len(revision["errors"]) == len({json.dumps(o.error) for o in mine if o.error})
            assert ("revisionId" in revision) == ("jsonSpec" in revision)
            if "jsonSpec" in revision:
                assert revision["revisionId"] == hashlib.sha256(revision["jsonSpec"].encode()).hexdigest()[:16]
                assert (
                    json.dumps(json.loads(revision["jsonSpec"]), sort_keys=True, separators=(",", ":"))
                    == (revision["jsonSpec"])
                )


def _as_validated(resource: dict[str, Any]) -> dict[str, Any]:
    """As the module has it, with None for what is not given."""
    revisions = [{"json_spec": None, **revision} for revision in resource["revisions"]]
    return {**resource, "revisions": revisions}


def test_the_order_of_what_is_declared_makes_no_revision() -> None:
    one, other = {"name": "x", "owner": "a"}, {"owner": "a", "name": "x"}
    outcomes = [Outcome(host, "s", "r", spec, True) for host, spec in (("h1", one), ("h2", other))]
    (resource,) = resources_of(outcomes)
    assert [revision["replicas"] for revision in resource["revisions"]] == [2]


def test_a_body_leaves_out_what_is_not_given() -> None:
    resources = [{"resource": "r", "uid": None, "total_replicas": 0, "revisions": [{"json_spec": None, "errors": []}]}]
    assert body_of(resources, TIME) == {
        "reportTime": TIME,
        "resources": [{"resource": "r", "totalReplicas": 0, "revisions": [{"errors": []}]}],
    }
    assert body_of([], TIME, "i") == {"instanceUid": "i", "reportTime": TIME, "resources": []}


def test_every_code_of_ours_has_a_code_there() -> None:
    assert set(UPDATE_CODES) == {"OK", "CANCELLED", *(code.upper() for code in CODES)} - {"CLIENT", "CANCELED"}


# From the end of a task to outcomes


def end(module: str, result: Mapping[str, Any], arguments: Mapping[str, Any] | None = None, **ended: bool) -> TaskEnd:
    return TaskEnd("here", module, result, arguments or {}, **ended)


def failure(code: str = "unavailable", rpc: str | None = "ListBuckets") -> dict[str, Any]:
    return {"msg": f"it is {code}", "error": {"code": code, "rpc": rpc, "message": "m"}}


def only(task: TaskEnd, **environment: str) -> Outcome:
    (outcome,) = outcomes_of(task, environment)
    return outcome


def test_results_say_what_they_are_about() -> None:
    declared = {"name": "web", "namespace": "default"}
    outcome = only(end("otterscale_vm_service", {"declared": declared, "server": SERVER, "changed": True}))
    assert outcome == Outcome("here", SERVER["url"], "scopes/demo/namespaces/default/vm_services/web", declared, True)
    edge = {"declared": {"name": "web"}, "server": {"url": "https://ief.test", "project_id": "p1"}, "changed": False}
    assert only(end("ief_service", edge)).resource == "projects/p1/services/web"
    by_id = {**edge, "declared": {"service_id": "77", "state": "absent"}, "ief_service": None}
    assert only(end("ief_service", by_id)).resource == "projects/p1/services/77"
    assert only(end("ief_service", {**by_id, "ief_service": {"name": "web"}})).resource == "projects/p1/services/web"


@pytest.mark.parametrize(
    ("code", "rpc", "told"),
    [
        ("client", None, ("client", "INVALID_ARGUMENT")),
        ("canceled", "CreateBucket", ("CreateBucket.canceled", "CANCELLED")),
        ("not_found", "UpdateBucket", ("UpdateBucket.not_found", "NOT_FOUND")),
    ],
)
def test_failures_have_the_codes_of_grpc(code: str, rpc: str | None, told: tuple[str, str]) -> None:
    result = {"declared": {"name": "one"}, "server": SERVER, "changed": True, **failure(code, rpc)}
    outcome = only(end("otterscale_bucket", result))
    assert not outcome.reached
    assert outcome.error == {"type": told[0], "code": told[1], "message": f"it is {code}"}


def test_each_resource_of_a_declaration_counts() -> None:
    def entry(name: str, **result: Any) -> dict[str, Any]:
        told = {"kind": "bucket", "name": name, "declared": {"name": name}, "changed": False, "failed": False}
        return {**told, "skipped": False, **result}

    failed = entry("two", failed=True, **failure("aborted"))
    entries = [entry("one", changed=True), failed, entry("three", skipped=True)]
    result = {"server": SERVER, "changed": True, "results": entries, **failure()}
    outcomes = outcomes_of(end("otterscale_resources", result), {})
    assert [(o.resource[-3:], o.reached, o.error and o.error["message"]) for o in outcomes] == [
        ("one", True, None),
        ("two", False, "it is aborted"),
        ("ree", False, None),
    ]
    not_begun = [entry("one", failed=True), entry("two", failed=True)]
    as_a_whole = {**result, "results": not_begun, **failure("client", None)}
    outcomes = outcomes_of(end("otterscale_resources", as_a_whole), {})
    refused = {"type": "client", "code": "INVALID_ARGUMENT", "message": "it is client"}
    assert [outcome.error for outcome in outcomes] == [refused, refused]


def test_in_check_mode_a_change_is_not_reached() -> None:
    result = {"declared": {"name": "one"}, "server": SERVER, "changed": True}
    assert not only(end("otterscale_bucket", result, check=True)).reached
    assert only(end("otterscale_bucket", {**result, "changed": False}, check=True)).reached
    hidden = end("otterscale_bucket", {"changed": True}, {"name": "one"}, hidden=True)
    assert only(hidden).reached and not only(hidden._replace(check=True)).reached


ARGUMENTS = {"name": "one", "api_url": "https://otterscale.test/", "scope": "demo", "owner": "alice"}


def test_what_no_result_tells_is_told_by_the_arguments() -> None:
    known = ("here", SERVER["url"], "scopes/demo/buckets/one", None)
    told = {
        "unreachable": ({"msg": "no route"}, ("unreachable.unavailable", "UNAVAILABLE", "no route")),
        "refused": ({"msg": "no such option"}, ("client", "INVALID_ARGUMENT", "no such option")),
        "late": (
            {"msg": "timed out", "timedout": {"period": 1}},
            ("timeout.deadline_exceeded", "DEADLINE_EXCEEDED", "timed out"),
        ),
        "broken": ({"msg": "MODULE FAILURE", "rc": 1}, ("module.unknown", "UNKNOWN", "MODULE FAILURE")),
    }
    for name, (result, (type_, code, message)) in told.items():
        how = "unreachable" if name == "unreachable" else "failed"
        outcome = only(end("otterscale_bucket", result, ARGUMENTS, **{how: True}))
        assert outcome == Outcome(*known, False, {"type": type_, "code": code, "message": message})
    environment = {"OTTERSCALE_API_URL": "https://otterscale.test", "OTTERSCALE_SCOPE": "demo"}
    short = {"name": "one", "scope": "", "api_url": None}
    assert only(end("otterscale_bucket", {}, short, hidden=True), **environment) == Outcome(*known, True)
    assert only(end("otterscale_bucket", {}, {**short, "cluster": "demo"}, hidden=True)).resource == known[2]
    failed = only(end("otterscale_bucket", {"msg": "secret"}, ARGUMENTS, hidden=True, failed=True))
    assert failed == Outcome(*known, False, {"type": "no_log.unknown", "code": "UNKNOWN"})
    unreached = only(end("otterscale_bucket", {"msg": "secret"}, ARGUMENTS, hidden=True, unreachable=True))
    assert unreached == Outcome(*known, False, {"type": "unreachable.unavailable", "code": "UNAVAILABLE"})
    edge = {"service_id": "77", "endpoint": "https://me:secret@ief.test", "project_id": "p1"}
    outcome = only(end("ief_service", {}, edge, failed=True))
    assert (outcome.server, outcome.resource) == ("", "projects/p1/services/77")
    many = {**ARGUMENTS, "buckets": [{"name": "two"}], "datavolumes": ["odd", {"name": "disk", "namespace": "x"}]}
    outcomes = outcomes_of(end("otterscale_resources", {}, many, hidden=True), {})
    assert [o.resource for o in outcomes] == ["scopes/demo/buckets/two", "scopes/demo/namespaces/x/datavolumes/disk"]


@pytest.mark.parametrize(
    "task",
    [
        end("apigee_instance_status", {"changed": True}, ARGUMENTS),
        end("apigee_instance_status", {}, ARGUMENTS, failed=True),
        end("otterscale_bucket_info", {"server": SERVER, "buckets": []}, ARGUMENTS),
        end("otterscale_bucket_info", {"msg": "refused"}, ARGUMENTS, failed=True),
        end("otterscale_bucket", {"started": 1, "ansible_job_id": "1"}, ARGUMENTS),
        end("otterscale_bucket", {"msg": "undefined"}, {**ARGUMENTS, "name": "{{ nothing }}"}, failed=True),
        end("otterscale_bucket", {"msg": "no name"}, {"scope": "demo"}, failed=True),
    ],
)
def test_what_manages_nothing_is_not_reported(task: TaskEnd) -> None:
    assert outcomes_of(task, {}) == []


# Times


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31t23:00:00.123456789-01:30", "2026-02-01T00:30:00.123456789Z"),
        ("2026-01-31 12:00:00+00:00", "2026-01-31T12:00:00Z"),
    ],
)
def test_times_are_sent_in_utc(text: str, utc: str) -> None:
    assert report_time(text) == utc


@pytest.mark.parametrize("text", ["", "now", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31T12:00:00.0123456789Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time|digits"):
        report_time(text)


def test_times_compare_as_times() -> None:
    second = "2026-01-31T12:00:00"
    times = [f"{second}Z", f"{second}.05Z", f"{second}.5Z", "2026-01-31T12:00:01Z", now()]
    for earlier, later in pairwise(times):
        assert is_older(earlier, later) and not is_older(later, earlier)
    assert not is_older(times[0], "2026-01-31T12:00:00.000Z") and not is_older("2026-01-31T12:00:00.0Z", times[0])


# Sinks

OPTIONS = {
    **dict.fromkeys(("url", "path", "instance", "instance_uid", "access_token", "service_account_file", "spool")),
    "timeout": 10.0,
}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sink": "apigee", "instance": "organizations/o/instances/i"}, "option 'access_token' is not given"),
        ({"sink": "apigee", "instance": "nightly", "access_token": "x"}, "must be of the form organizations/"),
        ({"sink": "apigee", "access_token": "x"}, "option 'instance' is not given"),
        ({"sink": "http"}, "option 'url' is not given"),
        ({"sink": "http", "url": "ftp://x.test"}, "option 'url' is 'ftp://x.test'"),
        ({"sink": "http", "url": "http://me:pw@x.test"}, "option 'url' must not carry credentials"),
        ({"sink": "http", "url": "https://x.test", "access_token": "\n x \n y"}, "no HTTP header can carry"),
        ({"sink": "file"}, "option 'path' is not given"),
        ({"sink": "file", "path": "/x", "timeout": 0.0}, "option 'timeout' is 0.0: must be above zero"),
        ({"sink": "file", "path": "/x", "timeout": 86_401.0}, "option 'timeout' is 86401.0"),
    ],
)
def test_options_of_a_sink_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError, match=re.escape(message)) as info:
        open_sink({**OPTIONS, **options})
    assert info.value.code == "client"


def test_sinks_are_told_apart_by_where_reports_go() -> None:
    apigee = {"sink": "apigee", "instance": "organizations/o/instances/i", "access_token": "x"}
    sinks = [
        open_sink({**OPTIONS, **options})
        for options in (
            apigee,
            {**apigee, "instance": "organizations/o/instances/j"},
            {**apigee, "url": "http://apigee.test/"},
            {"sink": "http", "url": "https://x.test/a?key=secret"},
            {"sink": "http", "url": "https://x.test/a?key=other"},
            {"sink": "http", "url": "https://x.test/a?key=other", "instance": "i"},
            {"sink": "file", "path": "/a"},
        )
    ]
    assert len({sink.key for sink in sinks}) == len(sinks)
    assert not [sink.name for sink in sinks if "secret" in sink.name]
    assert sinks[0].name == "https://apigee.googleapis.com/organizations/o/instances/i"
    assert [bool(sink.warnings) for sink in sinks] == [False, False, True, False, False, False, False]


def test_a_line_begins_where_a_line_begins(tmp_path: Path) -> None:
    file = tmp_path / "reports"
    sink = open_sink({**OPTIONS, "sink": "file", "path": str(file)})
    sink.send({"a": 1})
    file.write_text(file.read_text() + '{"half')
    sink.send({"b": 2})
    sink.send({"c": 3})
    assert file.read_text() == '{"a":1}\n{"half\n{"b":2}\n{"c":3}\n'
