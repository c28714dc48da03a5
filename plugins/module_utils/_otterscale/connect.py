# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A client for the Connect protocol: unary calls, JSON over HTTP/1.1, on top of requests.

Protocol: https://connectrpc.com/docs/protocol (unary requests and responses, error codes, HTTP-to-code mapping).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import (
    CODE_BY_HTTP_STATUS,
    CODES,
    ApiError,
    Reason,
)
from .._http.client import Answer, HttpClient, redirection, retry_after
from .._http.exchange import json_object
from .._http.secrets import Secrets
from .._http.text import excerpt
from .._options import transport_advice

if TYPE_CHECKING:
    import requests

COMPRESS_FROM_BYTES = 1024


def advice_for(url_option: str) -> Mapping[Reason | str, str]:
    """What to do after a failure, by its reason or code. url_option: where the URL comes from that was called."""
    return {
        **transport_advice(url_option, "an OtterScale API"),
        "not_found": "Check 'scope', 'namespace' and the names of what this task refers to.",
        "permission_denied": "The token is valid but lacks the permission; ask for access to this scope.",
        "unimplemented": (
            f"The feature is switched off on this server, or '{url_option}' (with its path prefix) is not an "
            "OtterScale API."
        ),
        "unauthenticated": "Check 'api_token' (or OTTERSCALE_API_TOKEN): it is missing, wrong or expired.",
    }


ADVICE = advice_for("api_url")


class Client(HttpClient):
    """Calls RPCs of one server, each a procedure "package.Service/Rpc". The timeout is sent to the server too.

    compress: gzip requests of COMPRESS_FROM_BYTES and more (off: not every server accepts it).
    """

    advice = ADVICE
    fresh_token_refused = (
        "The server refuses even a fresh token: check that it trusts this identity provider, and the audience that it "
        "gives to 'oidc_client_id'."
    )

    def __init__(self, base_url: str, *, compress: bool = False, **keywords: Any) -> None:
        super().__init__(base_url, **keywords)
        self._compress = compress

    def _attempt(self, procedure: str, request: Mapping[str, Any], token: str | None) -> Answer:
        body = json.dumps(request, separators=(",", ":")).encode()
        headers = {
            "Connect-Protocol-Version": "1",
            "Connect-Timeout-Ms": str(min(max(1, int(self._timeout * 1000)), 9_999_999_999)),
            "Content-Type": "application/json",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self._compress and len(body) >= COMPRESS_FROM_BYTES:
            body = _gzip(body)
            headers["Content-Encoding"] = "gzip"
        rpc, url = procedure.rpartition("/")[2], f"{self._base_url}/{procedure}"
        return self._exchange(rpc, url, partial(_decode, secrets=self.secrets), headers=headers, body=body)


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(body) + compressor.flush()


def _decode(response: requests.Response, body: bytes, secrets: Secrets | None = None) -> Answer:
    metadata = {
        name.lower()[len("trailer-") :]: value
        for name, value in response.headers.items()
        if name.lower().startswith("trailer-")
    }
    status = response.status_code
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    shown = partial(excerpt, body, content_type, secrets)
    if status != 200:
        raise _answered_error(response, body, metadata, shown)
    if content_type != "application/json":
        # Another codec comes from a server that does not speak our protocol, anything else not from an API server.
        raise ApiError(
            "internal" if content_type.startswith("application/") else "unknown",
            f"the answer {f'is {content_type}' if content_type else 'has no Content-Type'}, not JSON: {shown()}",
            http_status=status,
            sent=True,
            advice="Check 'api_url': a web page or a proxy answers there, not an OtterScale API.",
        )
    try:
        return Answer(json_object(body), metadata)
    except ValueError as error:
        message = f"the answer is unusable: {error}: {shown()}"
        raise ApiError("internal", message, http_status=status, sent=True) from None


def _answered_error(
    response: requests.Response, body: bytes, metadata: dict[str, str], shown: Callable[[], str]
) -> ApiError:
    """What an answer other than 200 means. A code that is missing or unknown comes from the HTTP status."""
    status = response.status_code
    code = CODE_BY_HTTP_STATUS.get(status, "unknown")
    try:
        error = json_object(body)
    except ValueError:
        error = {}
    said = error.get("message")
    message = said if isinstance(said, str) else ""
    advice = None
    if isinstance(error.get("code"), str) and error["code"] in CODES and error["code"] != "client":
        code = error["code"]
        message = message or "(the server gave no message)"
        if code == "unimplemented" and "disabled" in message:
            advice = "This feature is switched off on the server; ask its administrator to enable it."
        elif unknown := re.fullmatch('scope "(.*)" not found', message, re.DOTALL):
            advice = f"Check 'scope': this server has no scope {unknown[1]!r}."
    elif elsewhere := redirection(response):
        message = elsewhere
        advice = "Set 'api_url' to where the API really is; a login page means that a proxy wants you to sign in."
    elif not message:
        message = f"a proxy or web server answered, not OtterScale: {shown()}"
    return ApiError(
        code,
        message,
        http_status=status,
        details=decode_details(error.get("details")),
        metadata=metadata,
        sent=True,
        retry_after=retry_after(response.headers),
        advice=advice,
    )


# The details of an error: protobuf messages in unpadded base64


def decode_details(raw: object) -> list[dict[str, Any]]:
    """Error details as {"type", "value"}: value is the decoded message where the type is known, else as it came.

    raw: the `details` of an error body; anything in it that is not a detail is left out. What a server adds as "debug"
    is for people to read, and stays beside them.
    """
    details = []
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, dict) and isinstance(item.get("type"), str):
            value = item["value"] if isinstance(item.get("value"), str) else ""
            decoded = _decode_detail(item["type"], value)
            debug = {"debug": item["debug"]} if item.get("debug") is not None else {}
            details.append({"type": item["type"], "value": value if decoded is None else decoded, **debug})
    return details


def _decode_detail(type_name: str, value: str) -> dict[str, Any] | None:
    """google.rpc.* messages, if googleapis-common-protos is installed: imported only for an error that has details."""
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
