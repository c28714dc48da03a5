# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""ACLs: the server shows grants, the user names canned ACLs, and each of those is recognised whatever the order."""

from __future__ import annotations

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.acl import (
    CANNED_ACLS,
    CUSTOM,
    Grant,
    acl_from_grants,
    grants_from_acl,
)
from hypothesis import given
from hypothesis import strategies as st

GROUPS = "http://acs.amazonaws.com/groups/global/"
OWNER = Grant("CanonicalUser", "FULL_CONTROL", id="alice", name="Alice")
ALL_READ = Grant("Group", "READ", uri=f"{GROUPS}AllUsers")
ALL_WRITE = Grant("Group", "WRITE", uri=f"{GROUPS}AllUsers")
AUTHENTICATED_READ = Grant("Group", "READ", uri=f"{GROUPS}AuthenticatedUsers")

owners = st.text("abcdefg$", max_size=5)  # empty where the server does not tell
canned = st.sampled_from(CANNED_ACLS)


@given(owners, canned, st.randoms(use_true_random=False))
def test_a_canned_acl_is_recognised_in_any_order_of_its_grants(owner: str, acl: str, random: object) -> None:
    grants = list(grants_from_acl(owner, acl))
    random.shuffle(grants)  # type: ignore[attr-defined]
    assert acl_from_grants(owner, grants) == acl
    assert acl_from_grants(owner, grants + grants[:1]) == acl


@pytest.mark.parametrize(
    ("acl", "groups"),
    [
        ("private", []),
        ("public_read", [ALL_READ]),
        ("public_read_write", [ALL_WRITE, ALL_READ]),
        ("authenticated_read", [AUTHENTICATED_READ]),
    ],
)
def test_the_grants_of_s3_are_the_acl_of_the_user(acl: str, groups: list[Grant]) -> None:
    assert acl_from_grants("alice", [*groups, OWNER]) == acl
    assert {(grant.type, grant.permission, grant.uri) for grant in grants_from_acl("alice", acl)} == {
        ("CanonicalUser", "FULL_CONTROL", ""),
        *((grant.type, grant.permission, grant.uri) for grant in groups),
    }


def test_numbers_on_the_wire_follow_the_order_of_the_names() -> None:
    assert CANNED_ACLS == ("private", "public_read", "public_read_write", "authenticated_read")


def test_the_spelling_of_a_permission_does_not_matter() -> None:
    assert acl_from_grants("alice", [OWNER._replace(permission="full_control")]) == "private"
    assert acl_from_grants("alice", [OWNER, ALL_READ._replace(permission="Read")]) == "public_read"


@pytest.mark.parametrize(
    "grants",
    [
        [ALL_READ],
        [OWNER._replace(id="bob")],
        [OWNER._replace(permission="READ")],
        [OWNER, OWNER._replace(permission="READ")],
        [OWNER, OWNER._replace(id="bob")],
        [OWNER, Grant("CanonicalUser", "READ", id="bob")],
        [OWNER, Grant("AmazonCustomerByEmail", "READ")],
        [OWNER, ALL_WRITE],
        [OWNER, ALL_READ, AUTHENTICATED_READ],
        [OWNER, ALL_READ._replace(permission="READ_ACP")],
        [OWNER, ALL_READ._replace(permission="FULL_CONTROL")],
        [OWNER, AUTHENTICATED_READ._replace(permission="WRITE")],
        [OWNER, ALL_READ._replace(uri="http://acs.amazonaws.com/groups/s3/LogDelivery")],
        [OWNER, ALL_READ._replace(id="bob")],
    ],
)
def test_any_other_grants_are_a_custom_acl(grants: list[Grant]) -> None:
    assert acl_from_grants("alice", grants) == CUSTOM == "custom"


@given(owners)
def test_no_grants_at_all_are_no_acl(owner: str) -> None:
    """Every ACL has a grant for the owner, so this one could not be read."""
    assert acl_from_grants(owner, []) is None


@given(canned, st.sampled_from(["READ_ACP", "WRITE_ACP", "FULL_CONTROL"]), owners)
def test_one_grant_more_makes_it_custom(acl: str, permission: str, other: str) -> None:
    extra = Grant("CanonicalUser", permission, id=f"not-{other}")
    assert acl_from_grants(other, [*grants_from_acl(other, acl), extra]) == CUSTOM
