# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Names: what Kubernetes and S3 accept is accepted, what they refuse is refused before any call."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._values.names import (
    dns_1035_label,
    dns_1123_label,
    dns_1123_subdomain,
    s3_bucket_name,
    service_name,
)

Rule = Callable[[str], str]
EVERYWHERE_WRONG = ["", " ", "-a", "a-", "A", "aB", "a_b", "a b", "a/b", "ä", "a\n", "a\nb", "é1"]

ACCEPTED: list[tuple[Rule, list[str]]] = [
    (dns_1035_label, ["a", "web", "web-1", "a--b", "a" * 63, "a" + "-" * 61 + "9"]),
    (dns_1123_label, ["a", "0", "1-2", "web", "0" * 63, "a--b"]),
    (dns_1123_subdomain, ["a", "0", "a.b", "disk-1.v2.example", "a" * 253, ".".join("a" * 127)]),
    (service_name, ["a", "http", "http-2", "0a", "a" * 15, "1-a"]),
    (s3_bucket_name, ["abc", "a.b", "0-0", "my.bucket-1", "a" * 63, "1.2.3", "1.2.3.4.5", "1.2.3.a", "a--b"]),
]
REFUSED: list[tuple[Rule, list[str]]] = [
    (dns_1035_label, [*EVERYWHERE_WRONG, "1a", "a.b", "a" * 64]),
    (dns_1123_label, [*EVERYWHERE_WRONG, "a.b", "0" * 64]),
    (dns_1123_subdomain, [*EVERYWHERE_WRONG, ".a", "a.", "a..b", "a.-b", "a-.b", "a" * 254]),
    (service_name, [*EVERYWHERE_WRONG, "80", "a--b", "a" * 16, "0", "65536", "a.b"]),
    (
        s3_bucket_name,
        [*EVERYWHERE_WRONG, "ab", "a" * 64, "a..b", ".ab", "ab.", "-ab", "ab-", "1.2.3.4", "192.168.5.4", "a_bc"],
    ),
]


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in ACCEPTED for name in names])
def test_a_valid_name_is_taken_as_it_is(rule: Rule, name: str) -> None:
    assert rule(name) == name


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule, names in REFUSED for name in names])
def test_an_invalid_name_is_refused_with_the_rule(rule: Rule, name: str) -> None:
    with pytest.raises(ValueError, match=r"^must be .*(letter|digit)"):
        rule(name)
