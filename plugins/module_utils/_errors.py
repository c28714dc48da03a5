# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The one error type, and what each code means for users and for a retry. It names no option of any module."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class CodeMeaning(NamedTuple):
    """What a code means, and what may be done after a call ended with it.

    meaning, advice: for users, in full sentences. A system may know better advice, see ApiError.advise().
    read_again: a read may be repeated as it is, with backoff.
    write_again: once a fresh reading shows that a write is still missing, it may be sent again.
    replan: a fresh reading may lead to another plan, which may then be followed.
    """

    meaning: str
    advice: str
    read_again: bool = False
    write_again: bool = False
    replan: bool = False


# The canonical codes in Connect's spelling. "client" is ours: a failure found before any call.
CODES: Mapping[str, CodeMeaning] = {
    "client": CodeMeaning(
        "An option is missing or invalid, or the API cannot do what the task asks for. Found before a write was sent.",
        "Correct the task and run it again.",
    ),
    "canceled": CodeMeaning(
        "The call was canceled on its way.", "The call was canceled on its way; run the task again."
    ),
    "unknown": CodeMeaning(
        "The server passed on an error of its backend, or something that is not the API answered.",
        "The server passed on a backend error; see its message for the cause.",
        replan=True,
    ),
    "invalid_argument": CodeMeaning("The server does not accept a value.", "Correct the value that the message names."),
    "deadline_exceeded": CodeMeaning(
        "The answer was not complete in time, or a wait did not end in time.",
        "The server did not answer in time; check its load.",
        read_again=True,
        write_again=True,
        replan=True,
    ),
    "not_found": CodeMeaning(
        "Something that the task refers to does not exist.",
        "Check the names of what this task refers to.",
        replan=True,
    ),
    "already_exists": CodeMeaning(
        "Something else has the name.",
        "Something else has this name; choose another, or find out who created it.",
        replan=True,
    ),
    "permission_denied": CodeMeaning(
        "The credentials are valid, but do not grant the permission.",
        "The credentials are valid but lack the permission; ask for access.",
    ),
    "resource_exhausted": CodeMeaning(
        "A limit or quota is reached, or the answer is larger than 64 MiB.",
        "The server is over a limit or quota; run the task again later.",
        read_again=True,
        write_again=True,
        replan=True,
    ),
    "failed_precondition": CodeMeaning(
        "The system is not in the state that the call needs, or the import of a data volume failed.",
        "Bring the system into the state that the message asks for, then run the task again.",
    ),
    "aborted": CodeMeaning(
        "Another client changed the resource at the same time.",
        "Another client changed it at the same time; run the task again.",
        write_again=True,
        replan=True,
    ),
    "out_of_range": CodeMeaning("The server does not accept a value.", "Correct the value that the message names."),
    "unimplemented": CodeMeaning(
        "The feature is switched off on the server, or another server answered.",
        "Ask the administrator to enable the feature, and check the URL of the API.",
    ),
    "internal": CodeMeaning(
        "The server or a proxy is broken, or the server did not do what it accepted.",
        "The server, or a proxy in front of it, is broken; check its log.",
        replan=True,
    ),
    "unavailable": CodeMeaning(
        "There is no connection, the certificate is not trusted, or a proxy does not reach the server.",
        "Check the URL of the API, the network, proxies and that the server runs.",
        read_again=True,
        write_again=True,
        replan=True,
    ),
    "data_loss": CodeMeaning(
        "The server reports lost data.",
        "The server reports lost data; check its log before anything else.",
        replan=True,
    ),
    "unauthenticated": CodeMeaning(
        "The credentials are missing, wrong or expired. The server does not say which.",
        "Check the credentials: they are missing, wrong or expired.",
    ),
}


class Reason(enum.Enum):
    """Why an exchange failed, where its code alone does not say what to do."""

    TOO_LARGE = "the answer is too large"
    BAD_CA_BUNDLE = "the CA bundle cannot be used"
    UNTRUSTED = "the certificate is not trusted"
    TLS_FAILED = "the two sides do not agree on TLS"
    LOST = "the connection was lost"
    UNREACHABLE = "there was no connection"
    NOT_TRIED = "there was none a moment ago, so that it was not tried"


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

# The same for REST APIs that have no codes of their own; anything else is "unknown".
# Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
CODE_BY_REST_STATUS: Mapping[int, str] = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    409: "aborted",
    429: "resource_exhausted",
    499: "canceled",
    500: "internal",
    501: "unimplemented",
    502: "unavailable",
    503: "unavailable",
    504: "deadline_exceeded",
}


class ApiError(Exception):
    """A failed call, or (code "client") a failure found before any call.

    code: one of CODES. message: what happened, printable and without any secret.
    rpc: short name of the call, such as "ListBuckets". http_status: of the answer, if there was one.
    details: the decoded error details of the answer. metadata: its trailer-* headers, names without the prefix.
    sent: whether the request may have reached the server.
    retry_after: seconds that the server asked to wait. reason: of a failed exchange, where there is one.
    advice: what to do, where that is known better than by code and reason.
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
        reason: Reason | None = None,
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
        self.reason = reason
        self.advice = advice or CODES[self.code].advice
        self.final = final
        self._advised = advice is not None

    def __copy__(self) -> ApiError:
        again = type(self).__new__(type(self), *self.args)
        again.__dict__.update(self.__dict__)
        return again

    def advise(self, advice: Mapping[Reason | str, str]) -> None:
        """Take the advice of a system by reason or code, unless there is better advice already."""
        if not self._advised:
            by_code = advice.get(self.code, self.advice)
            self.advice = advice.get(self.reason, by_code) if self.reason else by_code

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


class OtherApi(ApiError):
    """The server has another API than the one that was called, or less of it; that stays so while it is connected."""


def printable(text: str) -> str:
    """The text in one line, without control characters; a text without any is returned as it is."""
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
