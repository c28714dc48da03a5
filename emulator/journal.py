# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The journal: every call that reached the server, for tests to read.

It is kept in memory and, with --journal, in a file of JSON lines, so that it survives a crash and a restart.
"""

from __future__ import annotations

import gzip
import json
import zlib
from bisect import bisect_right
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

# The RPC that the current task serves. It ties the HTTP side of a call to its handler.
current: ContextVar[Call] = ContextVar("current")


# How the names of calls that change nothing begin. A login changes nothing that anybody declares.
READS = ("List", "Get", "Describe", "Discovery", "Schema", "Check", "CreateToken")


def is_write(rpc: str) -> bool:
    return not rpc.startswith(READS)


@dataclass
class Call:
    seq: int
    rpc: str
    service: str
    http_version: str
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    # "ok", a Connect code, "lost" (the client got no proper answer) or "pending".
    code: str = "pending"
    # Whether the state really changed, whatever the answer was.
    effect: bool = False
    # The kind of the fault that was injected, if any, and what the HTTP side does about it: see faults.py.
    fault: str | None = None
    override: dict[str, Any] | None = None

    def public(self) -> dict[str, Any]:
        request = self._request()
        return {
            "seq": self.seq,
            "rpc": self.rpc,
            "service": self.service,
            "scope": request.get("scope", request.get("cluster", "")) if isinstance(request, dict) else "",
            "request": request,
            "write": is_write(self.rpc),
            "code": self.code,
            "effect": self.effect,
            "fault": self.fault,
            "headers": self.headers,
            "http_version": self.http_version,
        }

    def _request(self) -> Any:
        """The request as the client wrote it; None where it was not read, text where it is not JSON."""
        if not self.body:
            return None
        try:
            raw = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else bytes(self.body)
            text = raw.decode("utf-8", "replace")
        except (OSError, EOFError, zlib.error):
            return repr(bytes(self.body[:200]))
        try:
            return json.loads(text)
        except ValueError:
            return text


class Journal:
    def __init__(self, file: Path | None) -> None:
        self._calls: list[Call | dict[str, Any]] = []
        self._next = 1
        self._file: TextIO | None = None
        if file is not None:
            self._load(file)
            self._file = file.open("a", encoding="utf-8")

    def begin(self, path: str, http_version: str, headers: dict[str, str], *, rpc: str = "") -> Call:
        """rpc: the name of the call where its path is not that of an RPC."""
        service, _dummy, rpc = ("", "", rpc) if rpc else path.rpartition("/")
        call = Call(self._next, rpc, service.strip("/") or path.strip("/"), http_version, headers)
        self._next += 1
        self._calls.append(call)
        current.set(call)
        return call

    def end(self, call: Call, code: str) -> None:
        """Called once a call, before the last byte of the answer leaves: whoever has the answer can read the entry."""
        if call.code != "pending":
            return
        call.code = code
        if self._file is not None:
            self._file.write(json.dumps(call.public()) + "\n")
            self._file.flush()

    def died(self, why: str) -> None:
        """The process is about to die in the current call: the client gets no answer."""
        call = current.get()
        call.fault = why
        self.end(call, "lost")

    def since(self, seq: int) -> dict[str, Any]:
        later = self._calls[bisect_right(self._calls, seq, key=_seq) :]
        return {"next": self._next - 1, "calls": [call if isinstance(call, dict) else call.public() for call in later]}

    def clear(self) -> None:
        """Forget the calls. The numbers go on, so that a `since` of before stays right."""
        self._calls.clear()
        if self._file is not None:
            self._file.truncate(0)

    def _load(self, file: Path) -> None:
        if file.exists():
            self._calls += [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
        self._next = max(map(_seq, self._calls), default=0) + 1


def _seq(call: Call | dict[str, Any]) -> int:
    return int(call["seq"]) if isinstance(call, dict) else call.seq
