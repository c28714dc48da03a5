# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Access tokens for a service account of Google, by its key file.

google-auth signs the assertion; the exchange is ours, so that its time, size and redirects are bounded.
https://developers.google.com/identity/protocols/oauth2/service-account#httprest and https://www.rfc-editor.org/rfc/rfc7523
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .._errors import CODE_BY_REST_STATUS, ApiError, bad_option
from .._http.client import USER_AGENT, Tokens
from .._http.exchange import exchange, json_object, open_session
from .._http.text import excerpt, scrub
from .._http.url import usable_url

if TYPE_CHECKING:
    from requests import Response

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME_SECONDS = 3600
_OPTION = "service_account_file"
_ADVICE = f"Check '{_OPTION}', that its key has not been deleted, and the clock of the host that runs the task."


class ServiceAccount(Tokens):
    """Tokens for the account of a key file. Raises a `client` ApiError for another file, or without google-auth.

    timeout: seconds for one token. verify: as requests takes it.
    """

    def __init__(self, path: str, timeout: float, verify: bool | str | None) -> None:
        try:
            from google.auth import crypt, jwt
        except ImportError:
            needs = f"option '{_OPTION}' needs the Python library 'google-auth'"
            raise ApiError("client", f"{needs}, which is missing on the host that runs the task") from None
        key = _read_key(path)
        super().__init__(key["private_key"])
        try:
            self._signer: Any = crypt.RSASigner.from_service_account_info(key)
        except Exception:  # whichever library signs has its own; none of them may show the key
            raise bad_option(_OPTION, path, "the private key in the file cannot be used") from None
        self._encode: Any = jwt.encode
        self._email, self._url = key["client_email"], key["token_uri"]
        self._timeout, self._verify = timeout, verify

    def _fetch(self) -> str:
        now = int(time.time())
        claims = {"iss": self._email, "scope": SCOPE, "aud": self._url, "iat": now, "exp": now + LIFETIME_SECONDS}
        assertion = self._encode(self._signer, claims).decode()
        form = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": USER_AGENT,
        }
        try:
            with open_session() as session:
                return exchange(
                    session, self._url, self._decode,
                    seconds=self._timeout, verify=self._verify, headers=headers, body=form,
                )  # fmt: skip
        except ApiError as error:
            error.rpc = "service account token"
            error.advise({error.code: _ADVICE})
            scrub(error, *self.secrets, assertion)
            raise

    def _decode(self, response: Response, body: bytes) -> str:
        status, content_type = response.status_code, response.headers.get("Content-Type", "")
        try:
            found = json_object(body)
        except ValueError:
            found = {}
        if status != 200:
            refusal = [str(found[name]) for name in ("error", "error_description") if found.get(name)]
            message = ": ".join(refusal) or excerpt(body, content_type, self.secrets)
            code = CODE_BY_REST_STATUS.get(status, "unknown")
            raise ApiError("unauthenticated" if code == "invalid_argument" else code, message, http_status=status)
        token = found.get("access_token")
        if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):
            # Without what came, which may be half a token.
            raise ApiError("failed_precondition", "the answer has no access token", http_status=status)
        return token


def _read_key(path: str) -> dict[str, str]:
    """The members of a key file that are needed. Raises a `client` ApiError that shows nothing of it."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise bad_option(_OPTION, path, f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise bad_option(_OPTION, path, "the file is not valid JSON") from None
    names = ("client_email", "private_key", "private_key_id", "token_uri")
    missing = [name for name in names if not (isinstance(found, dict) and isinstance(found.get(name), str))]
    if missing:
        raise bad_option(_OPTION, path, f"the file is not a service account key: it has no {', '.join(missing)}")
    try:
        usable_url(found["token_uri"])
        if not found["token_uri"].startswith(("https://", "http://")):
            raise ValueError("it must be an http:// or https:// URL")
    except ValueError as error:
        raise bad_option(_OPTION, path, f"token_uri in the file is not valid: {error}") from None
    return {name: found[name] for name in names}
