# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Canned ACLs of S3 and the grants they stand for.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

# In the order of their numbers in otterscale.storage.v1.
CANNED_ACLS = ("private", "public_read", "public_read_write", "authenticated_read")
CUSTOM = "custom"

_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_GROUP_GRANTS: dict[str, frozenset[tuple[str, str]]] = {
    "private": frozenset(),
    "public_read": frozenset({(_ALL_USERS, "READ")}),
    "public_read_write": frozenset({(_ALL_USERS, "READ"), (_ALL_USERS, "WRITE")}),
    "authenticated_read": frozenset({(_AUTHENTICATED_USERS, "READ")}),
}


class Grant(NamedTuple):
    """One grant: type is CanonicalUser (with id and name) or Group (with uri)."""

    type: str
    permission: str
    id: str = ""
    name: str = ""
    uri: str = ""


def acl_from_grants(owner: str, grants: Collection[Grant]) -> str | None:
    """The canned ACL that the grants amount to, in any order, or "custom".

    None where there are no grants: every ACL has one for the owner, so this one could not be read.
    """
    if not grants:
        return None
    owners = {_normal(grant.permission) for grant in grants if _is_owner(grant, owner)}
    others = [grant for grant in grants if not _is_owner(grant, owner)]
    if owners != {"FULL_CONTROL"} or any(grant.id for grant in others):
        return CUSTOM
    groups = frozenset((grant.uri, _normal(grant.permission)) for grant in others)
    return next((acl for acl, expected in _GROUP_GRANTS.items() if expected == groups), CUSTOM)


def grants_from_acl(owner: str, acl: str) -> tuple[Grant, ...]:
    """The grants of a bucket of `owner` after a canned ACL was set."""
    groups = (Grant("Group", permission, uri=uri) for uri, permission in sorted(_GROUP_GRANTS[acl]))
    return (Grant("CanonicalUser", "FULL_CONTROL", id=owner), *groups)


def _is_owner(grant: Grant, owner: str) -> bool:
    return not grant.uri and grant.id == owner


def _normal(permission: str) -> str:
    return permission.upper()
