# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Buckets."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.otterscale.core.plugins.module_utils._engine.resource import Presence, Seen
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import TASK, Bucket, BucketState
from ansible_collections.otterscale.core.plugins.module_utils._values.acl import Grant
from hypothesis import strategies as st

from tests.kinds.kind import OTTERSCALE, Calls, Emulated, Kind, Options, Shown, Thing, options, states
from tests.unit.server_model import Server

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
# What each canned ACL gives to whom besides the owner.
ACLS = {
    "private": set[tuple[str, str]](),
    "public_read": {(ALL_USERS, "READ")},
    "public_read_write": {(ALL_USERS, "READ"), (ALL_USERS, "WRITE")},
    "authenticated_read": {("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "READ")},
}
POLICIES = tuple(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": [action], "Resource": ["arn:aws:s3:::data/*"]}],
    }
    for action in ("s3:GetObject", "s3:PutObject")
)
# The first of them in another spelling.
RESPELLED = {
    "Version": "2012-10-17",
    "Statement": {
        **{"Effect": "Allow", "Principal": {"AWS": ["*"]}},
        **{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"},
    },
}
EXAMPLE = {"name": "data", "state": "present", "owner": "alice", "policy": POLICIES[0], "acl": "private"}

desired = options(
    name=st.sampled_from(["data", "data", "data", "data", "unreadable"]),
    state=states,
    owner=st.sampled_from(["alice", "alice", "bob", "bob", "nobody", None]),
    policy=st.sampled_from([None, None, None, {}, *POLICIES, *POLICIES]),
    acl=st.sampled_from([None, *ACLS]),
)


def granted(owner: str, acl: str) -> frozenset[Grant]:
    others = {Grant("Group", permission, uri=uri) for uri, permission in ACLS[acl]}
    return frozenset({Grant("CanonicalUser", "FULL_CONTROL", id=owner), *others})


grants = st.builds(granted, st.sampled_from(["alice", "bob"]), st.sampled_from(list(ACLS)))
owners = st.sampled_from(["alice", "bob"])
read = st.builds(BucketState, owners, st.sampled_from([{}, *POLICIES, RESPELLED]), grants)
unread = st.builds(BucketState, owners, st.sampled_from([None, POLICIES[0]]), st.none())


def same(value: Any) -> Any:
    """A list of one as that one, and a principal that is anybody as that."""
    if isinstance(value, (list, tuple)):
        return same(value[0]) if len(value) == 1 else [same(item) for item in value]
    if not isinstance(value, dict):
        return value
    return "*" if value in ({"AWS": "*"}, {"AWS": ["*"]}) else {key: same(item) for key, item in value.items()}


# On the embedded server


def thing(**members: Any) -> Thing:
    return {"kind": "bucket", "name": "data", "owner": "alice", **members}


def shared(id: str) -> list[dict[str, str]]:
    """The grants of public_read."""
    own = {"type": "CanonicalUser", "id": id, "permission": "FULL_CONTROL"}
    return [own, {"type": "Group", "uri": ALL_USERS, "permission": "READ"}]


THINGS = (
    thing(),
    thing(owner="bob", grants=shared("bob")),
    thing(used_objects=3),
    thing(grants=shared("alice")[1:]),
    thing(policy=json.dumps(POLICIES[0]), unreadable=True),
    thing(owner="bob", grants=shared("bob"), unreadable=True),
    thing(name="other"),
)


def fulfils(wanted: Options, found: Thing, seen: bool) -> bool:
    owner = wanted.get("owner") in (None, found["owner"])
    policy = "policy" not in wanted or same(wanted["policy"]) == same(json.loads(found["policy"] or "{}"))
    given = {(grant["uri"] or grant["id"], grant["permission"]) for grant in found["grants"]}
    acl = "acl" not in wanted or given == {(found["owner"], "FULL_CONTROL"), *ACLS[wanted["acl"]]}
    return owner and policy and acl


BUCKET = Kind(
    module="otterscale_bucket",
    type=Bucket,
    task=TASK,
    connection=OTTERSCALE,
    title="bucket data",
    key={"scope": "lab", "bucketName": "data"},
    calls=Calls("ListBuckets", "CreateBucket", "UpdateBucket", "DeleteBucket"),
    shown=Shown("owner and acl differ", "{name: downloads, owner: alice, acl: public_read}"),
    example=EXAMPLE,
    another={**EXAMPLE, "owner": "bob", "policy": POLICIES[1], "acl": "public_read"},
    desired=desired,
    readings=(read | unread).map(lambda state: Seen(Presence.PRESENT, state)) | st.just(Seen(Presence.ABSENT)),
    model=Server,
    in_parts=True,
    same=same,
    emulated=Emulated(
        attribute="buckets",
        there=thing(owner="bob"),
        things=THINGS,
        removal={"kind": "bucket", "name": "data", "remove": True},
        fulfils=fulfils,
    ),
)
