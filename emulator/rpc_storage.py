# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""StorageService: from messages to the domain and back."""

from __future__ import annotations

from otterscale.storage.v1 import storage_pb as pb
from otterscale.storage.v1.storage_connect import StorageService
from protobuf.wkt import Empty, Timestamp

from . import buckets, model
from .context import Context
from .generation import Generation
from .world import World


class Storage(StorageService):
    def __init__(self, world: World, generation: Generation) -> None:
        self._world = world
        self._policy_required = generation.bucket_policy_required == "true"

    async def list_buckets(self, request: pb.ListBucketsRequest, ctx: Context) -> pb.ListBucketsResponse:
        scope = self._world.scope(request.scope)
        return pb.ListBucketsResponse(buckets=[_bucket(bucket) for _name, bucket in sorted(scope.buckets.items())])

    async def create_bucket(self, request: pb.CreateBucketRequest, ctx: Context) -> pb.Bucket:
        scope = self._world.scope(request.scope)
        arguments = (request.bucket_name, request.owner, request.policy, int(request.acl))
        return _bucket(buckets.create(scope, *arguments, self._policy_required))

    async def update_bucket(self, request: pb.UpdateBucketRequest, ctx: Context) -> pb.Bucket:
        scope = self._world.scope(request.scope)
        arguments = (request.bucket_name, request.owner, request.policy, int(request.acl))
        return _bucket(buckets.update(scope, *arguments, self._policy_required))

    async def delete_bucket(self, request: pb.DeleteBucketRequest, ctx: Context) -> Empty:
        buckets.delete(self._world.scope(request.scope), request.bucket_name)
        return Empty()

    async def list_users(self, request: pb.ListUsersRequest, ctx: Context) -> pb.ListUsersResponse:
        users = self._world.scope(request.scope).users
        return pb.ListUsersResponse(users=[_user(user) for _name, user in sorted(users.items())])

    async def create_user(self, request: pb.CreateUserRequest, ctx: Context) -> pb.User:
        user = model.User(request.user_id, request.user_name, request.suspended)
        return _user(buckets.create_user(self._world.scope(request.scope), user))

    async def update_user(self, request: pb.UpdateUserRequest, ctx: Context) -> pb.User:
        scope = self._world.scope(request.scope)
        return _user(buckets.update_user(scope, request.user_id, request.user_name, request.suspended))

    async def delete_user(self, request: pb.DeleteUserRequest, ctx: Context) -> Empty:
        buckets.delete_user(self._world.scope(request.scope), request.user_id)
        return Empty()

    async def create_user_key(self, request: pb.CreateUserKeyRequest, ctx: Context) -> pb.User.Key:
        key = buckets.create_key(self._world.scope(request.scope), request.user_id)
        # The only time that a secret key is shown.
        return pb.User.Key(access_key=key.access_key, secret_key=key.secret_key)

    async def delete_user_key(self, request: pb.DeleteUserKeyRequest, ctx: Context) -> Empty:
        buckets.delete_key(self._world.scope(request.scope), request.user_id, request.access_key)
        return Empty()


def _bucket(bucket: model.Bucket) -> pb.Bucket:
    """A bucket without a policy has no `policy`; the counters are always there.

    Errors of the S3 calls that read policy and ACL are swallowed, as one build does.
    """
    return pb.Bucket(
        name=bucket.name,
        owner=bucket.owner,
        policy=None if bucket.unreadable else bucket.policy or None,
        grants=[] if bucket.unreadable else [_grant(grant) for grant in bucket.grants],
        used_bytes=bucket.used_bytes,
        used_objects=bucket.used_objects,
        created_at=Timestamp.from_seconds(bucket.created_at),
    )


def _grant(grant: model.Grant) -> pb.Bucket.Grant:
    return pb.Bucket.Grant(
        type=grant.type,
        id=grant.id or None,
        name=grant.name or None,
        uri=grant.uri or None,
        permission=grant.permission,
    )


def _user(user: model.User) -> pb.User:
    keys = [pb.User.Key(access_key=key.access_key) for key in user.keys]
    return pb.User(id=user.id, name=user.name, suspended=user.suspended, keys=keys)
