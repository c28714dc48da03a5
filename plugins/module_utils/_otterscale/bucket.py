# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Object-storage buckets: owner, policy and ACL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.index import Index, view
from .._engine.resource import Plan, Presence, Read, Refusal, Resource, Seen, Step, Verb
from .._errors import ApiError, OtherApi, bad_option, checked
from .._task import info_task_for, task_for
from .._values.acl import (
    CANNED_ACLS,
    CUSTOM,
    Grant,
    acl_from_grants,
    grants_from_acl,
)
from .._values.iam_policy import (
    Policy,
    parse_declared_policy,
    parse_policy,
    same_policy,
)
from .._values.message import Message
from .._values.names import s3_bucket_name
from .connection import OTTERSCALE

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "owner": {"type": "str"},
    "policy": {"type": "json"},
    "acl": {"type": "str", "choices": list(CANNED_ACLS)},
}

_SERVICE = "otterscale.storage.v1.StorageService"
_LIST = f"{_SERVICE}/ListBuckets"

# Texts of S3 and RGW that mean that the same request can never succeed, and what to do.
_HOPELESS = {
    "NoSuchUser": "The owner {owner!r} does not exist: create that object-storage user first, or name another.",
    "MalformedPolicy": "The server does not accept the 'policy' {policy}: check elements, principals and resources.",
    "BucketNotEmpty": "Remove all objects (and object versions) from the bucket {name!r} first.",
    "InvalidBucketName": "The server does not accept the name {name!r}: choose one that follows S3's rules.",
}
_MAX_SHOWN_POLICY = 200  # a longer one is not cut, for its beginning says little and may end anywhere


@dataclass(frozen=True)
class BucketState:
    """A bucket as the server has it; policy {} means no policy. None is what the server could not read."""

    owner: str
    policy: Policy | None
    grants: frozenset[Grant] | None
    used_bytes: int | None = field(default=None, compare=False)
    used_objects: int | None = field(default=None, compare=False)
    created_at: str | None = field(default=None, compare=False)

    @property
    def acl(self) -> str | None:
        return acl_from_grants(self.owner, self.grants or ())


@dataclass(frozen=True)
class Bucket(Resource[BucketState]):
    """The desired state; None is an option that the user did not give, policy {} is an empty one."""

    scope: str
    name: str
    absent: bool = False
    owner: str | None = None
    policy: Policy | None = None
    acl: str | None = None

    kind = "bucket"
    noun = "bucket"
    options = ARGUMENT_SPEC
    namespace = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Bucket:
        """Check the options of a task. Raises a `client` ApiError."""
        if params["owner"] is not None and not params["owner"].strip():
            raise bad_option("owner", params["owner"], "must not be empty")
        return cls(
            scope=params["scope"],
            name=checked("name", params["name"], s3_bucket_name),
            absent=params["state"] == "absent",
            owner=params["owner"],
            policy=None if params["policy"] is None else checked("policy", params["policy"], parse_declared_policy),
            acl=params["acl"],
        )

    @classmethod
    def to_remove(cls, scope: str, namespace: str | None, name: str) -> Bucket:
        return cls(scope, name, absent=True)

    def list_all(self, read: Read) -> list[dict[str, Any]]:
        """All buckets; the list is complete, and the only way to read one."""
        return Message(read(_LIST, {"scope": self.scope})).raw_objects("buckets")

    def read_listed(self, message: Mapping[str, Any]) -> BucketState:
        return _read_bucket(message)

    def observe(self, read: Read) -> Seen[BucketState]:
        bucket = view(read(_LIST, {"scope": self.scope}), _by_name).find(self.name)
        return Seen(Presence.ABSENT) if bucket is None else Seen(Presence.PRESENT, self.read_listed(bucket))

    def otherwise(self, error: OtherApi) -> None:
        raise ApiError(
            "client",
            "OtterScale 1.x has no object storage in its API, and so no buckets",
            advice="Manage buckets with a module for S3, such as amazon.aws.s3_bucket with 'endpoint_url'.",
        ) from None

    def plan(self, seen: Seen[BucketState]) -> Plan:
        if self.absent:
            return self.delete(seen, f"{_SERVICE}/DeleteBucket", visible_within=10.0, synchronous=True)
        if seen.state is None:
            return Plan((self._create(),))
        differing = self._differing(seen.state)
        if not differing:
            return Plan()
        return Plan((self._update(seen.state, differing),))

    def _differing(self, state: BucketState) -> list[str]:
        """The options whose values differ. Raises for what the API cannot do."""
        differing = []
        if self.owner is not None and self.owner != state.owner:
            differing.append("owner")
        named = {"policy": (self.policy, state.policy), "acl": (self.acl, state.acl)}
        if unread := [f"'{option}'" for option, (wanted, now) in named.items() if wanted is not None and now is None]:
            raise _unread(f"so it is unknown whether {' and '.join(unread)} must change")
        if self.policy is not None and state.policy is not None and not same_policy(self.policy, state.policy):
            if not self.policy:
                raise bad_option(
                    "policy", self.policy, "the bucket has one, and OtterScale's API cannot remove it: name another"
                )
            differing.append("policy")
        if self.acl is not None and self.acl != state.acl:
            differing.append("acl")
        return differing

    def _create(self) -> Step:
        if self.owner is None:
            raise bad_option("owner", None, f"needed to create bucket {self.name}")
        request = self._request(self.owner, self.policy or {}, self.acl or CANNED_ACLS[0])
        return Step(Verb.CREATE, f"{_SERVICE}/CreateBucket", request, "it does not exist", target=self)

    def _update(self, state: BucketState, differing: list[str]) -> Step:
        """All three in full: the API links the owner again and sets the ACL with every update."""
        changing = " and ".join(differing)
        reason = f"{changing} differ{'s' * (len(differing) == 1)}"
        owner = self.owner or state.owner
        policy = self.policy or state.policy
        acl = self.acl or state.acl
        if acl is None:
            raise _unread(f"and changing {changing} would replace it")
        if acl == CUSTOM:
            raise bad_option(
                "acl",
                None,
                f"the bucket has a custom ACL, which changing {changing} would replace: "
                "name the 'acl' that it should have",
            )
        target = replace(self, owner=owner, policy=policy or None, acl=acl)
        # No policy means to leave it.
        carries_over = self.owner is None or self.acl is None or bool(policy and not self.policy)
        request = self._request(owner, policy, acl)
        return Step(Verb.UPDATE, f"{_SERVICE}/UpdateBucket", request, reason, carries_over=carries_over, target=target)

    def _request(self, owner: str, policy: Policy | None, acl: str) -> dict[str, Any]:
        # The ACL goes as a number: a server takes a name that it does not know for PRIVATE.
        request = {**self.key(), "owner": owner, "acl": CANNED_ACLS.index(acl)}
        return {**request, "policy": json.dumps(policy)} if policy else request

    def key(self) -> dict[str, Any]:
        return {"scope": self.scope, "bucketName": self.name}

    def state_in(self, step: Step, answer: Mapping[str, Any], before: Seen[BucketState]) -> BucketState | None:
        # An answer without grants does not show the ACL, so it is not the whole bucket.
        return _read_bucket(answer) if answer.get("grants") else None

    def refusal(self, step: Step, error: ApiError) -> Refusal | None:
        for text, advice in _HOPELESS.items():
            if text in error.message:
                owner, policy = step.request.get("owner", ""), step.request.get("policy", "")
                policy = policy if len(policy) <= _MAX_SHOWN_POLICY else f"of {len(policy)} characters"
                error.advice = advice.format(name=self.name, owner=owner, policy=policy)
                return Refusal.FINAL
        if step.verb is Verb.CREATE:
            exists = error.code == "already_exists" or "BucketAlready" in error.message
            return Refusal.EXISTS if exists else None
        if "NoSuchBucketPolicy" in error.message:
            return None  # said after all the work was done, in proper generations with the code not_found
        missing = error.code == "not_found" or f'bucket "{self.name}" not found' in error.message
        return Refusal.MISSING if missing or "NoSuchBucket:" in error.message else None

    def predict(self, seen: Seen[BucketState]) -> BucketState | None:
        if self.absent:
            return None
        now = seen.state or BucketState("", {}, None)
        owner, acl = self.owner or now.owner, self.acl or now.acl or CANNED_ACLS[0]
        grants = frozenset(grants_from_acl(owner, acl))
        return replace(now, owner=owner, policy=self.policy or now.policy, grants=grants)

    def desired(self) -> dict[str, Any]:
        return {"owner": self.owner, "policy": self.policy, "acl": self.acl}

    def present(self, state: BucketState) -> dict[str, Any]:
        return {"owner": state.owner, "policy": state.policy, "acl": state.acl}

    def as_result(self, state: BucketState) -> dict[str, Any]:
        return {
            "name": self.name,
            "owner": state.owner,
            "policy": state.policy or None,
            "acl": state.acl,
            "grants": [
                {"type": g.type, "id": g.id, "name": g.name, "uri": g.uri, "permission": g.permission}
                for g in sorted(state.grants or (), key=lambda grant: (grant.uri, grant.permission, grant.id))
            ],
            "used_bytes": state.used_bytes,
            "used_objects": state.used_objects,
            "created_at": state.created_at,
        }


def _by_name(answer: Mapping[str, Any]) -> Index:
    return Index(Message(answer).raw_objects("buckets"))


def _read_policy(text: str) -> Policy:
    try:
        return parse_policy(text)
    except ValueError as error:
        raise ValueError(f"'policy' {error}") from None


def _unread(consequence: str) -> ApiError:
    """Why a task that must know the ACL, or the policy beside it, cannot be carried out."""
    return ApiError(
        "failed_precondition",
        f"the server could not read the bucket's ACL (it shows no grants, not even the owner's), {consequence}",
        advice="Run again; if that does not help, look at the server's log for why it cannot read policy and ACL.",
    )


def _read_bucket(answer: Mapping[str, Any]) -> BucketState:
    message = Message(answer)
    policy = _read_policy(message.string("policy"))
    grants = frozenset(
        Grant(
            type=grant.string("type"),
            permission=grant.string("permission"),
            id=grant.string("id"),
            name=grant.string("name"),
            uri=grant.string("uri"),
        )
        for grant in message.objects("grants")
    )
    return BucketState(
        owner=message.string("owner"),
        # A server that swallows the error of one reading may have swallowed that of the other.
        policy=policy if policy or grants else None,
        grants=grants or None,
        used_bytes=message.integer("usedBytes"),
        used_objects=message.integer("usedObjects"),
        created_at=message.time("createdAt"),
    )


TASK = task_for(Bucket, OTTERSCALE)
INFO = info_task_for(Bucket, OTTERSCALE)
