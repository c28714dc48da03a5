# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Faults: rules that make single calls go wrong, for tests of what a client does then.

A rule is a JSON object:

    rpc      name of an RPC, "GetKubernetes" (a GET of the Kubernetes view), "read", "write" or "*" (default "*")
    skip     let so many matching calls pass first (default 0)
    count    then come true so many times (default 1)
    when     "before": the call is not carried out; "after": it is, and then the fault comes (default "before")
    kind     error     answers the Connect error `code` with `message`, or what a REST API has for it
             close     closes the connection without an answer
             delay     waits `seconds`, then goes on as if nothing had been (the client's deadline holds meanwhile)
             answer    answers `status`, `headers` and `body` (`repeat` times, `seconds` apart) instead;
                       a body of bytes goes into `data` (base64)
             raw       writes the bytes of `data` (base64) to the connection and closes it
             truncate  sends half of the true answer and closes the connection (always "after")
             drip      sends the true answer a byte at a time, `seconds` apart (always "after")
             restart   restarts the whole server, which needs --state to keep its data
             put       places what `body` says, as /_emulator/put does, then goes on as if nothing had been: somebody
                       else comes in between a client's read and its write

The rules that are still to come true are part of the state: they survive a restart.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field, fields
from typing import Any, cast

from .journal import is_write
from .world import World

KINDS = ("error", "close", "delay", "answer", "raw", "truncate", "drip", "restart", "put")
# These change the true answer, so there has to be one.
ALWAYS_AFTER = ("truncate", "drip")


@dataclass
class Rule:
    kind: str
    rpc: str = "*"
    skip: int = 0
    count: int = 1
    when: str = "before"
    code: str = "unavailable"
    message: str = "injected fault"
    seconds: float = 0.0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    repeat: int = 1
    data: str = ""

    def check(self, world: World) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind!r}; there are {', '.join(KINDS)}")
        if self.when not in ("before", "after"):
            raise ValueError("when is before or after")
        if self.kind == "restart" and not world.keeps_state:
            raise ValueError("a restart would lose the data: start the server with --state")
        if self.kind in ALWAYS_AFTER:
            self.when = "after"

    def matches(self, rpc: str) -> bool:
        return self.rpc in ("*", rpc, "write" if is_write(rpc) else "read")


def parse(world: World, data: Any) -> list[dict[str, Any]]:
    """Check the rules of a request; ValueError says what is wrong."""
    rules = []
    known = {item.name for item in fields(Rule)}
    for item in data:
        if unknown := sorted(set(item) - known):
            raise ValueError(f"a fault rule has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if "kind" not in item:
            raise ValueError("a fault rule needs a kind")
        rule = Rule(**item)
        rule.check(world)
        rules.append(dict(vars(rule)))
    return rules


def take(world: World, rpc: str) -> Rule | None:
    """The fault that comes true for this call, if any; its count goes down."""
    for data in world.faults:
        rule = Rule(**data)
        if not rule.matches(rpc):
            continue
        remaining = list(world.faults)
        if rule.skip > 0:
            data["skip"] -= 1
            world.set_faults(remaining)
            continue
        data["count"] -= 1
        world.set_faults([other for other in remaining if other["count"] > 0])
        return rule
    return None


@dataclass
class Answer:
    """An answer on its way out, complete."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def deliver(override: dict[str, Any], answer: Answer, send: Any) -> None:
    """Give the client what the fault says instead of the answer (`override` is the rule)."""
    kind = override["kind"]
    if kind == "close":
        await _abort(send)
    elif kind == "raw":
        transport = _transport(send)
        transport.write(base64.b64decode(override["data"]))
        transport.close()
        await _gone(send)
    elif kind == "truncate":
        await _start(send, answer.status, [*_without_length(answer.headers), _length(len(answer.body))])
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
        _transport(send).close()
        await _gone(send)
    elif kind == "drip":
        await _start(send, answer.status, [*_without_length(answer.headers), _length(len(answer.body))])
        for offset in range(len(answer.body)):
            if send.__self__.disconnected:
                return
            await send({"type": "http.response.body", "body": answer.body[offset : offset + 1], "more_body": True})
            await asyncio.sleep(override["seconds"])
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    elif kind == "answer":
        await _replace(override, send)


async def _replace(override: dict[str, Any], send: Any) -> None:
    headers = {"content-type": "application/json", **{k.lower(): v for k, v in override["headers"].items()}}
    await _start(send, override["status"], [(k.encode(), v.encode("latin-1")) for k, v in headers.items()])
    body = base64.b64decode(override["data"]) if override["data"] else override["body"].encode()
    sent = len(body) * override["repeat"]
    for _dummy in range(override["repeat"]):
        if send.__self__.disconnected:
            return
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if override["seconds"]:
            await asyncio.sleep(override["seconds"])
    if int(headers.get("content-length", sent)) > sent:  # a lie: let the client wait for what never comes
        _transport(send).close()
        await _gone(send)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_json(send: Any, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
    """No value is an answer without a body."""
    body = b"" if value is None else json.dumps(value).encode() + b"\n"
    more = [(name.lower().encode(), text.encode("latin-1")) for name, text in (headers or {}).items()]
    await _start(send, status, [(b"content-type", b"application/json"), *more, _length(len(body))])
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _start(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


def _length(size: int) -> tuple[bytes, bytes]:
    return b"content-length", str(size).encode()


def _without_length(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [item for item in headers if item[0].lower() != b"content-length"]


def _transport(send: Any) -> asyncio.Transport:
    """The connection itself. ASGI has no word for closing it, so reach through uvicorn's bound `send`."""
    return cast(asyncio.Transport, send.__self__.transport)


async def _abort(send: Any) -> None:
    _transport(send).abort()
    await _gone(send)


async def _gone(send: Any) -> None:
    """Let uvicorn notice that the connection is closed, so that it does not complain about a missing answer."""
    for _dummy in range(200):
        if send.__self__.disconnected:
            return
        await asyncio.sleep(0.01)
    _transport(send).abort()  # over TLS the other side may not answer our goodbye
