# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Texts from outside, as messages may show them: without markup, without secrets, and short."""

from __future__ import annotations

import html
import re

from .._errors import ApiError, printable
from .secrets import Secrets

MAX_MESSAGE_CHARACTERS = 500
MAX_EXCERPT_CHARACTERS = 200
_EXCERPT_BYTES = 64 * 1024
_MARKUP = re.compile(r"<!--|<(?:(script|style)\b|[a-z/!?])", re.IGNORECASE)


def excerpt(body: bytes, content_type: str = "", secrets: Secrets | None = None) -> str:
    """The beginning of a body that should have been something else, without markup.

    It is shortened where the secrets are known, so that none of them is cut and then shown in part.
    """
    text = body[:_EXCERPT_BYTES].decode("utf-8", "replace")
    if secrets is not None:
        text = secrets.hide(text if len(body) <= _EXCERPT_BYTES else text[: -secrets.longest or None])
    if "html" in content_type.lower() or text.lstrip().startswith("<"):
        text = _without_markup(text)
    text = printable(" ".join(text.split()))
    if secrets is not None:
        text = shortened(secrets.hide(text), MAX_EXCERPT_CHARACTERS)
    return text or "(empty)"


def shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}..."


def _without_markup(page: str) -> str:
    """The text of a web page, as a reader sees it. (For hostile ones html.parser takes minutes.)"""
    texts, at = [], 0
    while found := _MARKUP.search(page, at):
        texts.append(page[at : found.start()])
        # The content of a script or a style sheet is not text.
        until = "-->" if found[0] == "<!--" else f"(?=</{found[1]})" if found[1] else ">"
        end = re.compile(until, re.IGNORECASE).search(page, found.end())
        at = end.end() if end else len(page)
    try:
        return html.unescape(" ".join([*texts, page[at:]]))
    except ValueError:  # a numeric character reference with more digits than an integer may have
        return " ".join([*texts, page[at:]])


def scrub(error: ApiError, *secrets: str) -> None:
    """Take secrets out of what a server (or a proxy that echoes requests) wrote, and shorten the message."""
    hide = Secrets(*secrets).hide
    error.message = shortened(hide(error.message), MAX_MESSAGE_CHARACTERS)
    error.details, error.metadata = hide(error.details), hide(error.metadata)
    error.args = (f"{error.code}: {error.message}",)
