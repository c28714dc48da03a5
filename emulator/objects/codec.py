# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Answers of ResourceService as JSON, which is all that it is asked for here.

An object travels as a Struct, but that is a plain JSON object again on the wire: what the handlers return is that, so
that a list of thousands costs no more than writing it. The numbers of a Struct are doubles; those that are whole have
no fraction.
"""

from __future__ import annotations

import json
from typing import Any

from connectrpc.codec import Codec, proto_json_codec

_EXPONENT_FROM = 1e21


class ObjectJson(Codec):
    def __init__(self) -> None:
        self._json = proto_json_codec()

    def name(self) -> str:
        return self._json.name()

    def encode(self, message: Any) -> bytes:
        if not isinstance(message, dict):
            return self._json.encode(message)
        return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()

    def decode(self, data: bytes | bytearray, message_class: Any) -> Any:
        return self._json.decode(data, message_class)


def as_double(text: str) -> float | int:
    """A number of a JSON text after its way through a Struct."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _EXPONENT_FROM else number
