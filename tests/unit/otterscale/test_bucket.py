# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Buckets: an update carries owner, policy and ACL in full, and what it would destroy is refused instead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import (
    Presence,
    Refusal,
    Seen,
    Step,
    Verb,
)
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import (
    Bucket,
    BucketState,
)
from ansible_collections.otterscale.core.plugins.module_utils._values.acl import (
    CANNED_ACLS,
    Grant,
    grants_from_acl,
)
from hypothesis import given

from tests.kinds.bucket import BUCKET
from tests.unit.given import Given
from tests.unit.given import sent as as_sent

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"}]}
RESPELLED = {
    "Version": "2012-10-17",
    "Statement": {"Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Effect": "Allow"},
}
OTHER = {**POLICY, "Statement": []}
KEY = {"scope": "lab", "bucketName": "data"}
STATE = BucketState("alice", POLICY, frozenset(grants_from_acl("alice", "public_read")), 5, 1)
CUSTOM_STATE = replace(STATE, grants=STATE.grants | {Grant("CanonicalUser", "READ", id="bob")})
PRESENT = Seen(Presence.PRESENT, STATE)
ABSENT: Seen[BucketState] = Seen(Presence.ABSENT)
bucket = Given(BUCKET, {"name": "data"})
refused = bucket.refused


def sent(resource: Bucket, seen: Seen[BucketState]) -> list[tuple[str, dict[str, Any]]]:
    """The writes, with policies as data."""
    return [
        (rpc, {**request, "policy": json.loads(request["policy"])} if "policy" in request else request)
        for rpc, request in as_sent(resource, seen)
    ]


# Options


@pytest.mark.parametrize("name", ["ab", "Data", "a..b", "10.0.0.1", "a" * 64, "a_b", "-ab"])
def test_a_bad_name_is_refused(name: str) -> None:
    assert refused(name=name).startswith(f"option 'name' is {name!r}: must be an S3 bucket name")


@pytest.mark.parametrize("policy", ["[]", "x", '"x"', "null", "{"])
def test_a_policy_that_is_no_json_object_is_refused(policy: str) -> None:
    assert refused(policy=policy).startswith(f"option 'policy' is {policy!r}: must be a JSON object")


@pytest.mark.parametrize(
    "policy",
    [
        '{"Statement":' + "[" * 51 + "]" * 51 + "}",
        '{"a": 1e400}',
        '{"a": "\\ud83d"}',
        '{"a": 1, "a": 2}',
        '{"Statement": {"Condition": {"null": {}}}}',
    ],
)
def test_a_policy_that_could_not_be_read_back_is_refused(policy: str) -> None:
    assert refused(policy=policy).startswith(f"option 'policy' is {policy!r}: ")


@pytest.mark.parametrize("owner", ["", "  "])
def test_an_empty_owner_is_refused(owner: str) -> None:
    assert refused(owner=owner).startswith(f"option 'owner' is {owner!r}: ")


# Reading

LISTED = {
    "name": "data",
    "owner": "alice",
    "policy": json.dumps(RESPELLED),
    "grants": [
        {"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers", "permission": "READ"},
        {"type": "CanonicalUser", "id": "alice", "permission": "FULL_CONTROL"},
    ],
    "usedBytes": "5",
    "usedObjects": "1",
    "createdAt": "2026-01-01T02:00:00+02:00",
}


def test_a_bucket_is_found_in_the_list_with_one_call() -> None:
    calls: list[Any] = []

    def read(procedure: str, request: Any) -> dict[str, Any]:
        calls.append((procedure, request))
        return {"buckets": [{"name": "data2"}, LISTED]}

    state = bucket().observe(read).state
    assert state is not None and calls == [("otterscale.storage.v1.StorageService/ListBuckets", {"scope": "lab"})]
    shown = bucket().as_result(state)
    assert (shown["acl"], shown["owner"], shown["used_bytes"], shown["used_objects"]) == ("public_read", "alice", 5, 1)
    assert shown["policy"] == RESPELLED and len(shown["grants"]) == 2
    assert bucket().as_result(replace(state, policy={}))["policy"] is None


def test_a_bucket_is_shown_with_all_that_the_server_tells() -> None:
    everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    state = bucket().observe(lambda *_call: {"buckets": [LISTED]}).state
    assert state is not None and bucket().as_result(state) == {
        **{"name": "data", "owner": "alice", "policy": RESPELLED, "acl": "public_read"},
        "grants": [
            {"type": "CanonicalUser", "id": "alice", "name": "", "uri": "", "permission": "FULL_CONTROL"},
            {"type": "Group", "id": "", "name": "", "uri": everybody, "permission": "READ"},
        ],
        **{"used_bytes": 5, "used_objects": 1, "created_at": "2026-01-01T00:00:00Z"},
    }
    named = {"type": "CanonicalUser", "id": "alice", "name": "Alice", "permission": "FULL_CONTROL"}
    bare = bucket().observe(lambda *_call: {"buckets": [{"name": "data", "owner": "alice", "grants": [named]}]}).state
    assert bare is not None and bucket().as_result(bare) == {
        **{"name": "data", "owner": "alice", "policy": None, "acl": "private", "grants": [{**named, "uri": ""}]},
        **{"used_bytes": 0, "used_objects": 0, "created_at": None},
    }


@pytest.mark.parametrize("answer", [{}, {"buckets": [{"name": "data2"}]}])
def test_the_list_is_complete_so_a_bucket_that_is_not_in_it_is_absent(answer: dict[str, Any]) -> None:
    assert bucket().observe(lambda *_call: answer) == ABSENT


@pytest.mark.parametrize(
    "fields",
    [{"grants": {}}, {"usedBytes": []}, {"owner": 5}, {"policy": {}}, {"policy": "<xml>"}, {"policy": '{"a": 1e400}'}],
)
def test_an_answer_that_makes_no_sense_names_the_field(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"'{next(iter(fields))}'"):
        bucket().observe(lambda *_call: {"buckets": [{"name": "data", **fields}]})


@pytest.mark.parametrize(("depth", "refused"), [(50, False), (51, True)])
def test_a_policy_of_fifty_lists_in_each_other_is_just_not_too_deep(depth: int, refused: bool) -> None:
    policy = '{"Statement":' + "[" * depth + "]" * depth + "}"

    def observe() -> Seen[BucketState]:
        return bucket().observe(lambda *_call: {"buckets": [{"name": "data", "policy": policy}]})

    if refused:
        with pytest.raises(ValueError, match="'policy' is nested more than 50 deep"):
            observe()
    else:
        assert observe().presence is Presence.PRESENT


# Plans


def test_a_missing_bucket_is_created_private_unless_asked_otherwise() -> None:
    assert sent(bucket(owner="alice"), ABSENT) == [("CreateBucket", {**KEY, "owner": "alice", "acl": 0})]
    request = {**KEY, "owner": "alice", "acl": 3, "policy": POLICY}
    assert sent(bucket(owner="alice", acl="authenticated_read", policy=POLICY), ABSENT) == [("CreateBucket", request)]


def test_creating_needs_an_owner() -> None:
    with pytest.raises(ApiError, match=r"option 'owner' is not given") as caught:
        bucket().plan(ABSENT)
    assert caught.value.code == "client"


@pytest.mark.parametrize(
    "options", [{}, {"owner": "alice"}, {"policy": POLICY}, {"policy": RESPELLED}, {"acl": "public_read"}]
)
def test_a_bucket_that_is_as_wanted_is_left_alone(options: dict[str, Any]) -> None:
    assert sent(bucket(**options), PRESENT) == []


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"owner": "bob"}, {"owner": "bob"}),
        ({"policy": OTHER}, {"policy": OTHER}),
        ({"acl": "private"}, {"acl": 0}),
        ({"acl": "public_read_write", "owner": "bob"}, {"acl": 2, "owner": "bob"}),
    ],
)
def test_an_update_carries_what_the_task_leaves_out(options: dict[str, Any], changed: dict[str, Any]) -> None:
    full = {**KEY, "owner": "alice", "policy": POLICY, "acl": 1, **changed}
    assert sent(bucket(**options), PRESENT) == [("UpdateBucket", full)]
    (step,) = bucket(**options).plan(PRESENT).steps
    assert step.reason == {"acl": "acl differs", "aclowner": "owner and acl differ"}.get(
        "".join(options), f"{next(iter(options))} differs"
    )


def test_a_bucket_without_policy_is_updated_without_one() -> None:
    seen = Seen(Presence.PRESENT, replace(STATE, policy={}))
    assert sent(bucket(acl="private", policy={}), seen) == [("UpdateBucket", {**KEY, "owner": "alice", "acl": 0})]
    assert sent(bucket(policy=""), seen) == []


@pytest.mark.parametrize("policy", [{}, ""])
def test_removing_a_policy_is_refused_since_the_api_cannot(policy: Any) -> None:
    with pytest.raises(ApiError, match=r"option 'policy' is {}.*cannot remove") as caught:
        bucket(policy=policy).plan(PRESENT)
    assert caught.value.code == "client"


@pytest.mark.parametrize("options", [{"owner": "bob"}, {"policy": OTHER}])
def test_a_custom_acl_is_not_replaced_in_passing(options: dict[str, Any]) -> None:
    custom = Seen(Presence.PRESENT, CUSTOM_STATE)
    with pytest.raises(ApiError, match=r"option 'acl' is not given.*custom") as caught:
        bucket(**options).plan(custom)
    assert caught.value.code == "client" and next(iter(options)) in caught.value.message
    ((_rpc, request),) = sent(bucket(**options, acl="private"), custom)
    assert request["acl"] == 0
    assert sent(bucket(owner="alice", policy=RESPELLED), custom) == []


UNREAD = Seen(Presence.PRESENT, BucketState("alice", None, None))


@pytest.mark.parametrize(
    ("policy", "read"), [({}, {"policy": None}), ({"policy": json.dumps(POLICY)}, {"policy": POLICY})]
)
def test_an_acl_without_a_grant_could_not_be_read_nor_perhaps_the_policy_beside_it(policy: Any, read: Any) -> None:
    """It was taken for a custom ACL, and replaced where the task named one."""
    state = bucket().observe(lambda *_call: {"buckets": [{"name": "data", "owner": "alice", **policy}]}).state
    assert state is not None and (state.acl, state.policy) == (None, read["policy"])
    shown = bucket().as_result(state)
    assert (shown["acl"], shown["grants"], shown["policy"]) == (None, [], read["policy"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"acl": "private"}, "unknown whether 'acl' must change"),
        ({"acl": "public_read", "owner": "bob"}, "unknown whether 'acl' must change"),
        ({"acl": "private", "policy": POLICY}, "unknown whether 'policy' and 'acl' must change"),
        ({"policy": POLICY, "owner": "alice"}, "unknown whether 'policy' must change"),
        ({"policy": {}}, "unknown whether 'policy' must change"),
        ({"owner": "bob"}, "changing owner would replace it"),
    ],
)
def test_what_must_know_an_acl_that_could_not_be_read_fails(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ApiError, match="the server could not read the bucket's ACL.*" + said) as caught:
        bucket(**options).plan(UNREAD)
    assert (caught.value.code, caught.value.rpc) == ("failed_precondition", None)
    assert "Run again" in caught.value.advice and "log" in caught.value.advice


def test_what_need_not_know_an_acl_that_could_not_be_read_is_not_hindered() -> None:
    assert sent(bucket(), UNREAD) == sent(bucket(owner="alice"), UNREAD) == []
    assert sent(bucket(state="absent", acl="private"), UNREAD) == [("DeleteBucket", KEY)]
    with_policy = Seen(Presence.PRESENT, replace(STATE, grants=None))
    assert sent(bucket(owner="alice", policy=RESPELLED), with_policy) == []
    with pytest.raises(ApiError, match="changing policy would replace it"):
        bucket(policy=OTHER).plan(with_policy)


@given(BUCKET.desired, BUCKET.readings)
def test_a_write_repeats_all_that_it_would_change_otherwise(options: Any, seen: Seen[BucketState]) -> None:
    wanted = BUCKET.resource(options)
    try:
        steps = wanted.plan(seen).steps
    except ApiError:
        return
    for step in steps if not wanted.absent else ():
        state = wanted.predict(seen)
        assert state is not None and step.request["owner"] == state.owner
        assert CANNED_ACLS[step.request["acl"]] == state.acl
        assert json.loads(step.request.get("policy", "{}")) == state.policy


# Refusals of the server

S3 = "operation error S3: {}, https response error StatusCode: {}, RequestID: tx0, HostID: , {}: "


@pytest.mark.parametrize(
    ("verb", "code", "message", "refusal"),
    [
        (Verb.CREATE, "unknown", S3.format("CreateBucket", 409, "BucketAlreadyExists"), Refusal.EXISTS),
        (Verb.CREATE, "unknown", S3.format("CreateBucket", 409, "BucketAlreadyOwnedByYou"), Refusal.EXISTS),
        (Verb.CREATE, "unknown", "NoSuchUser", Refusal.FINAL),
        (Verb.CREATE, "invalid_argument", "InvalidBucketName", Refusal.FINAL),
        (Verb.CREATE, "unknown", S3.format("GetBucketPolicy", 404, "NoSuchBucketPolicy"), None),
        (Verb.UPDATE, "unknown", "NoSuchUser", Refusal.FINAL),
        (Verb.UPDATE, "unknown", S3.format("PutBucketPolicy", 400, "MalformedPolicy"), Refusal.FINAL),
        (Verb.UPDATE, "unknown", S3.format("GetBucketPolicy", 404, "NoSuchBucketPolicy"), None),
        (Verb.UPDATE, "not_found", S3.format("GetBucketPolicy", 404, "NoSuchBucketPolicy"), None),
        (Verb.UPDATE, "unknown", 'bucket "data" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'bucket "data" not found', Refusal.MISSING),
        (Verb.DELETE, "unknown", 'bucket "data2" not found', None),
        (Verb.DELETE, "unknown", S3.format("DeleteBucket", 404, "NoSuchBucket"), Refusal.MISSING),
        (Verb.DELETE, "unknown", S3.format("DeleteBucket", 409, "BucketNotEmpty"), Refusal.FINAL),
    ],
)
def test_a_plain_error_is_understood(verb: Verb, code: str, message: str, refusal: Refusal | None) -> None:
    error = ApiError(code, message, sent=True)
    usual = error.advice
    assert bucket().refusal(Step(verb, "x/X", {}, ""), error) is refusal
    assert (error.advice != usual) == (refusal is Refusal.FINAL)


def test_an_answer_tells_the_whole_bucket_only_with_its_grants() -> None:
    step = Step(Verb.CREATE, "x/CreateBucket", {}, "")
    assert bucket().state_in(step, {"name": "data", "owner": "alice"}, ABSENT) is None
    state = bucket().state_in(step, LISTED, ABSENT)
    assert state is not None and state.acl == "public_read"


def test_a_diff_names_the_bucket_and_what_the_task_gives() -> None:
    given = {"owner": "alice", "policy": POLICY, "acl": "public_read"}
    assert bucket().diff_before(STATE) == bucket().diff_after() == {"name": "data"}
    assert bucket(**given).diff_after() == {"name": "data", **given}
    assert bucket(owner="bob", policy=OTHER, acl="private").diff_before(STATE) == {"name": "data", **given}


def test_a_new_bucket_is_predicted_private_and_without_policy_unless_asked_otherwise() -> None:
    state = bucket(owner="alice").predict(ABSENT)
    assert state == BucketState("alice", {}, frozenset(grants_from_acl("alice", "private")))
    assert state.acl == "private"
    assert (state.used_bytes, state.used_objects, state.created_at) == (None, None, None)
