# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The `details` of a Connect error: protobuf messages in unpadded base64."""

from __future__ import annotations

import base64
import binascii
from typing import Any


def decode_details(raw: object) -> list[dict[str, Any]]:
    """Error details as {"type", "value"}: value is the decoded message where the type is known, else as it came.

    raw: the `details` of an error body; anything in it that is no detail is left out. What a server adds as "debug" is
    there to be looked at, and stays beside them.
    """
    details = []
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, dict) and isinstance(item.get("type"), str):
            value = item["value"] if isinstance(item.get("value"), str) else ""
            decoded = _decode(item["type"], value)
            debug = {"debug": item["debug"]} if item.get("debug") is not None else {}
            details.append({"type": item["type"], "value": value if decoded is None else decoded, **debug})
    return details


def _decode(type_name: str, value: str) -> dict[str, Any] | None:
    """google.rpc.* messages, if googleapis-common-protos is there: imported only for an error that has details."""
    name = type_name.rpartition("/")[2]
    if not name.startswith("google.rpc."):
        return None
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from google.rpc import error_details_pb2
    except ImportError:
        return None
    message_type: Any = getattr(error_details_pb2, name[len("google.rpc.") :], None)
    if not hasattr(message_type, "FromString"):
        return None
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        decoded: dict[str, Any] = MessageToDict(message_type.FromString(raw), preserving_proto_field_name=True)
    except (DecodeError, binascii.Error, ValueError):
        return None
    return decoded
