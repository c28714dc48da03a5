# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Buckets and their users: a RADOS gateway behind its S3 and its administration API.

Create and Update are several steps without a way back, and each step may be the last: whatever came before it stays.

The word `unreadable` in the name of a new bucket makes it one whose policy and ACL OtterScale cannot read.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from .errors import BackendError, rgw, s3
from .model import SYSTEM_USER, Bucket, Grant, Key, Scope, User

PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE, AUTHENTICATED_READ = range(4)
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
# What each canned ACL grants besides the owner's FULL_CONTROL.
CANNED = {
    PRIVATE: [],
    PUBLIC_READ: [(ALL_USERS, "READ")],
    PUBLIC_READ_WRITE: [(ALL_USERS, "READ"), (ALL_USERS, "WRITE")],
    AUTHENTICATED_READ: [(AUTHENTICATED_USERS, "READ")],
}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def create(scope: Scope, name: str, owner: str, policy: str, acl: int, policy_required: bool) -> Bucket:
    _check_name(name)
    if name in scope.buckets:
        raise s3("already_exists", "CreateBucket", 409, "BucketAlreadyExists")
    # From here on the bucket exists, whatever happens. It begins as the system user's.
    bucket = Bucket(name, grants=_grants(scope, SYSTEM_USER, PRIVATE), unreadable="unreadable" in name)
    scope.buckets[name] = bucket
    if owner:
        _link(scope, bucket, owner)
    return _configure(scope, bucket, policy, acl, policy_required)


def update(scope: Scope, name: str, owner: str, policy: str, acl: int, policy_required: bool) -> Bucket:
    """It always links the owner and always sets the ACL: an ACL that the request leaves out is PRIVATE."""
    bucket = get(scope, name)
    _link(scope, bucket, owner)
    return _configure(scope, bucket, policy, acl, policy_required)


def delete(scope: Scope, name: str) -> None:
    if get(scope, name).used_objects:
        raise s3("failed_precondition", "DeleteBucket", 409, "BucketNotEmpty")
    del scope.buckets[name]


def get(scope: Scope, name: str) -> Bucket:
    if name not in scope.buckets:
        raise BackendError("not_found", f'bucket "{name}" not found')
    return scope.buckets[name]


def _link(scope: Scope, bucket: Bucket, owner: str) -> None:
    if not owner:
        raise BackendError("invalid_argument", "missing user ID")
    _user(scope, owner)
    bucket.owner = owner


def _configure(scope: Scope, bucket: Bucket, policy: str, acl: int, policy_required: bool) -> Bucket:
    """The steps that Create and Update share: the policy, the ACL, and a look at the result."""
    if policy:  # an empty one means "leave it": there is no way to remove a policy
        bucket.policy = _parse_policy(policy)
    bucket.grants = _grants(scope, bucket.owner, acl)
    if policy_required and not bucket.policy:
        raise s3("not_found", "GetBucketPolicy", 404, "NoSuchBucketPolicy")
    return bucket


def _grants(scope: Scope, owner: str, acl: int) -> list[Grant]:
    shown = scope.users[owner].name if owner in scope.users else ""
    grants = [Grant("CanonicalUser", id=owner, name=shown, permission="FULL_CONTROL")]
    # A number that no ACL has is as good as none: S3 falls back to private.
    return [Grant("Group", uri=uri, permission=what) for uri, what in CANNED.get(acl, [])] + grants


def _check_name(name: str) -> None:
    try:
        ipaddress.IPv4Address(name)
        is_address = True
    except ValueError:
        is_address = False
    if is_address or ".." in name or not _NAME.fullmatch(name):
        raise s3("invalid_argument", "CreateBucket", 400, "InvalidBucketName")


def _parse_policy(text: str) -> str:
    """Check a policy and store it as the gateway understood it: the same meaning, not the same bytes."""
    malformed = s3("invalid_argument", "PutBucketPolicy", 400, "MalformedPolicy")
    try:
        policy = json.loads(text)
    except ValueError:
        raise malformed from None
    if not isinstance(policy, dict):
        raise malformed
    statements = policy.get("Statement")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise malformed
    return json.dumps(_scalars(policy), sort_keys=True, separators=(", ", ":"))


def _scalars(value: Any, key: str = "") -> Any:
    """IAM reads `"x"` and `["x"]` alike; print the short form, so that nobody relies on the text."""
    if isinstance(value, dict):
        return {name: _scalars(item, name) for name, item in value.items()}
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], str) and key in ("Action", "Resource", "AWS"):
            return value[0]
        return [_scalars(item) for item in value]
    return value


def create_user(scope: Scope, user: User) -> User:
    if not user.id:
        raise BackendError("invalid_argument", "missing user ID")
    if user.id in scope.users:
        raise rgw("already_exists", "UserAlreadyExists")
    user.keys = [Key(f"{user.id.upper()}-KEY-1", f"{user.id}-secret-1")]
    scope.users[user.id] = user
    return user


def update_user(scope: Scope, user_id: str, name: str, suspended: bool) -> User:
    user = _user(scope, user_id)
    user.name = name or user.name
    user.suspended = suspended
    return user


def delete_user(scope: Scope, user_id: str) -> None:
    _user(scope, user_id)
    if any(bucket.owner == user_id for bucket in scope.buckets.values()):
        raise rgw("failed_precondition", "BucketAlreadyExists")
    del scope.users[user_id]


def create_key(scope: Scope, user_id: str) -> Key:
    user = _user(scope, user_id)
    numbers = [int(key.access_key.rpartition("-")[2]) for key in user.keys] or [0]
    number = max(numbers) + 1
    key = Key(f"{user_id.upper()}-KEY-{number}", f"{user_id}-secret-{number}")
    user.keys.append(key)
    return key


def delete_key(scope: Scope, user_id: str, access_key: str) -> None:
    user = _user(scope, user_id)
    remaining = [key for key in user.keys if key.access_key != access_key]
    if len(remaining) == len(user.keys):
        raise rgw("not_found", "InvalidAccessKeyId")
    user.keys = remaining


def _user(scope: Scope, user_id: str) -> User:
    if user_id not in scope.users:
        raise rgw("not_found", "NoSuchUser")
    return scope.users[user_id]
