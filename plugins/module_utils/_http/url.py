# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""URLs: whether one can be used, and how it may be shown: with *** in place of a password, else byte for byte.

Source: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
"""

from __future__ import annotations

import re
from functools import lru_cache

try:
    import requests
    from urllib3.exceptions import HTTPError
    from urllib3.util import parse_url
except ImportError:  # the door reports it
    pass

_URL = re.compile(r"(\s*[a-z][a-z0-9+.-]*://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"<>`]+", re.IGNORECASE)
# An unquoted slash in a password makes what comes before it look like a host with an invalid port.
_HALF_A_PASSWORD = re.compile(r"([^:\[]*:(?![0-9]*$).*)?", re.DOTALL)


def shown_url(url: str) -> str:
    """The URL without its password. A user name stays, also one that is a token."""
    parts = _URL.fullmatch(url)
    if parts is None or "@" not in url:
        return url
    scheme, authority, rest = parts.groups()
    userinfo, at, host = authority.rpartition("@")
    if not at:
        if not _HALF_A_PASSWORD.fullmatch(authority):
            return url
        (userinfo, _at, host), rest = (authority + rest).rpartition("@"), ""
    user, _colon, password = userinfo.partition(":")
    return f"{scheme}{user}:***@{host}{rest}" if password else url


def shown_urls(text: str) -> str:
    """The text without the passwords of URLs that it is or quotes."""
    if "://" not in text or "@" not in text:
        return text
    return _IN_TEXT.sub(lambda found: shown_url(found[0]), shown_url(text))


@lru_cache
def usable_url(url: str) -> str:
    """The URL, if requests and urllib3 can use it. Raises ValueError with the reason."""
    try:
        prepared = requests.Request("POST", url).prepare().url or ""
        host = parse_url(prepared).host or ""
        host.strip("[]").encode("idna")  # as urllib3 does when it connects
    except UnicodeError:
        raise ValueError("its host has a part that is empty or longer than 63 characters") from None
    except (requests.exceptions.RequestException, HTTPError) as error:
        raise ValueError(f"it cannot be used: {error}") from None
    if "%" in host and not host.startswith("["):  # where an address of IPv6 names an interface
        raise ValueError("its host contains a character that is not allowed in a host name")
    return url
