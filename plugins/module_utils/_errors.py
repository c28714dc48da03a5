# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The one error type, and what each Connect code means for a retry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class CodeMeaning(NamedTuple):
    """What a caller may do after a call ended with a code.

    read_again: a read may be repeated as it is, with backoff.
    write_again: once a fresh reading shows that a write is still missing, it may be sent again.
    replan: a fresh reading may lead to another plan, which may then be followed.
    advice: what the user can do, a full sentence.
    """

    advice: str
    read_again: bool = False
    write_again: bool = False
    replan: bool = False


# The canonical codes in Connect's spelling. "client" is ours: a failure found before any call.
CODES: Mapping[str, CodeMeaning] = {
    "client": CodeMeaning("Correct the task and run it again."),
    "canceled": CodeMeaning("The call was canceled on its way; run the task again."),
    "unknown": CodeMeaning("The server passed on a backend error; its text says what to mend.", replan=True),
    "invalid_argument": CodeMeaning("Correct the value that the message names."),
    "deadline_exceeded": CodeMeaning(
        "The server did not answer in time; check its load or raise 'timeout'.",
        read_again=True,
        write_again=True,
        replan=True,
    ),
    "not_found": CodeMeaning("Check 'scope', 'namespace' and the names of what this task refers to.", replan=True),
    "already_exists": CodeMeaning("Something else holds this name; choose another or look who made it.", replan=True),
    "permission_denied": CodeMeaning("The token is valid but lacks the right; ask for access to this scope."),
    "resource_exhausted": CodeMeaning(
        "The server is over a limit or quota; run again later.", read_again=True, write_again=True, replan=True
    ),
    "failed_precondition": CodeMeaning("Bring the system into the state that the message asks for, then run again."),
    "aborted": CodeMeaning("Somebody else changed it at the same time; run again.", write_again=True, replan=True),
    "out_of_range": CodeMeaning("Correct the value that the message names."),
    "unimplemented": CodeMeaning(
        "The feature is switched off on this server, or 'api_url' (with its path prefix) is not an OtterScale API."
    ),
    "internal": CodeMeaning("The server, or a proxy before it, is broken; look at its log.", replan=True),
    "unavailable": CodeMeaning(
        "Check 'api_url', the network, proxies and that the server runs.",
        read_again=True,
        write_again=True,
        replan=True,
    ),
    "data_loss": CodeMeaning("The server reports lost data; look at its log before anything else.", replan=True),
    "unauthenticated": CodeMeaning("Check 'api_token' (or OTTERSCALE_API_TOKEN): it is missing, wrong or expired."),
}

# For answers that carry no usable Connect error; anything else is "unknown".
# Source: https://connectrpc.com/docs/protocol#http-to-error-code
CODE_BY_HTTP_STATUS: Mapping[int, str] = {
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


class ApiError(Exception):
    """A failed call, or (code "client") a failure found before any call.

    code: one of CODES. message: what happened, printable and without any secret.
    rpc: short name of the call, such as "ListBuckets". http_status: of the answer, if there was one.
    details: the decoded error details of the answer. metadata: its trailer-* headers, names without the prefix.
    sent: whether the request may have reached the server.
    retry_after: seconds that the server asked to wait. advice: what to do, where that is known better than by the code.
    final: trying again cannot help, whatever the code says (a bad certificate, an answer that is too large).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        rpc: str | None = None,
        http_status: int | None = None,
        details: Sequence[Mapping[str, Any]] = (),
        metadata: Mapping[str, str] | None = None,
        sent: bool = False,
        retry_after: float | None = None,
        advice: str | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(f"{code}: {printable(message)}")
        self.code = code if code in CODES else "unknown"
        self.message = printable(message)
        self.rpc = rpc
        self.http_status = http_status
        self.details = [dict(detail) for detail in details]
        self.metadata = dict(metadata or {})
        self.sent = sent
        self.retry_after = retry_after
        self.advice = advice or CODES[self.code].advice
        self.final = final

    def __copy__(self) -> ApiError:
        again = ApiError(self.code, self.message)
        again.__dict__.update(self.__dict__)
        return again

    @property
    def meaning(self) -> CodeMeaning:
        return CODES[self.code]

    def as_dict(self) -> dict[str, Any]:
        """The `error` of a failed task."""
        return {
            "code": self.code,
            "rpc": self.rpc,
            "http_status": self.http_status,
            "message": self.message,
            "details": self.details,
        }


def printable(text: str) -> str:
    """The text in one line, without what could steer a terminal; one that has nothing of that as it is."""
    return text if text.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in text).split())


def bad_option(option: str, value: object, why: str) -> ApiError:
    """A `client` error that names an option, its value, and the rule that the value breaks."""
    given = "is not given" if value is None else f"is {value!r}"
    return ApiError("client", f"option '{option}' {given}: {why}")


def checked(option: str, value: Any, rule: Callable[[Any], T]) -> T:
    """What `rule` makes of the value; its ValueError becomes a `client` error that names the option."""
    try:
        return rule(value)
    except ValueError as error:
        raise bad_option(option, value, str(error)) from None
