# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""JSON as Go writes it: the numbers of a Struct are doubles, and those that are whole have no fraction."""

from __future__ import annotations

import json
from typing import Any

from connectrpc.codec import Codec, proto_binary_codec, proto_json_codec

_EXPONENT_FROM = 1e21


class GoJson(Codec):
    def __init__(self) -> None:
        self._json = proto_json_codec()

    def name(self) -> str:
        return self._json.name()

    def encode(self, message: Any) -> bytes:
        value = json.loads(self._json.encode(message), parse_float=whole)
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    def decode(self, data: bytes | bytearray, message_class: Any) -> Any:
        return self._json.decode(data, message_class)


def whole(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _EXPONENT_FROM else number


CODECS = (proto_binary_codec(), GoJson())
