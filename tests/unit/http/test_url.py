# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""URLs are shown without their passwords, and as they are where they have none."""

from __future__ import annotations

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._http.url import shown_url, shown_urls
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hunter2@host/a.img", "https://user:***@host/a.img"),
        ("HTTPS://User:hunter2@Host:8443/a?b=c#d", "HTTPS://User:***@Host:8443/a?b=c#d"),
        ("https://:hunter2@host", "https://:***@host"),
        ("https://user:hun@ter:2@host/", "https://user:***@host/"),
        ("https://user:hun%40ter%3A2%2F@host/", "https://user:***@host/"),
        ("https://user:hun/ter2@host/a", "https://user:***@host/a"),
        ("https://user:hun?ter#2@host/a", "https://user:***@host/a"),
        ("https:///user:hunter2@host/a", "https:///user:***@host/a"),
        ("https://user:hunter2@[fe80::1%25eth0]:8443/a@b:c", "https://user:***@[fe80::1%25eth0]:8443/a@b:c"),
        ("ftp://user:hunter 2'@host/a", "ftp://user:***@host/a"),
        (" https://user:hunter2@host ", " https://user:***@host "),
        ("https://user:***@host/", "https://user:***@host/"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown_urls(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "", "https://host/a", "https://host:8443/a@b", "https://host:/a@b:c", "https://[::1]:80/a@b", "https://[::1]/a:b@c",
        "https://ghp_token@host/a:b", "https://user:@host/", "https://host/?mail=me:you@example.org", "golden-image",
        "me:hunter2@host", "mailto:me@example.org", "https://host/#a:b@c", "//user@host",
    ],
)  # fmt: skip
def test_what_has_no_password_is_shown_as_it_is(url: str) -> None:
    assert shown_url(url) == shown_urls(url) == url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('Get "https://u:hunter2@h/a": no host', 'Get "https://u:***@h/a": no host'),
        ("{'data': 'https://u:hunter2@h/a'}, ftp://u:hunter2@h", "{'data': 'https://u:***@h/a'}, ftp://u:***@h"),
        ("https://h/ redirects to https://u:hunter2@h/", "https://h/ redirects to https://u:***@h/"),
        ("see https://host/a and write to me:you@example.org", "see https://host/a and write to me:you@example.org"),
    ],
)
def test_a_text_that_quotes_urls_is_shown_without_their_passwords(text: str, shown: str) -> None:
    assert shown_urls(text) == shown


@given(st.text(), st.text(alphabet="ab:@/?#[]%. \n", min_size=1))
def test_hiding_twice_is_hiding_once(text: str, url: str) -> None:
    for value in (text, f"https://{url}", f"{text}://{url}"):
        assert shown_urls(shown_urls(value)) == shown_urls(value)
        assert shown_url(shown_url(value)) == shown_url(value)
