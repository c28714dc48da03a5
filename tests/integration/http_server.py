# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A server on 127.0.0.1 that does what no proper server does: bytes in, bytes out, and it keeps what it got.

At the end of the file: the clients that are sent against it.
"""

from __future__ import annotations

import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.connect import Client

TOKEN = "connect-token-that-must-not-leak"
STORAGE = "otterscale.storage.v1.StorageService"
LIST, CREATE = f"{STORAGE}/ListBuckets", f"{STORAGE}/CreateBucket"
SCOPE = {"scope": "demo"}
GONE = (BrokenPipeError, ConnectionResetError)


@dataclass(frozen=True)
class Request:
    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Wire:
    """What a script writes to. pause() is False as soon as the server stops."""

    send: Callable[[bytes], object]
    pause: Callable[[float], bool]


# Bytes go out as they are and the connection stays; a function writes what it likes, then the connection is closed.
Script = bytes | Callable[[Wire], None]


def reply(
    body: bytes = b"{}", status: int = 200, content_type: str = "application/json", **headers: str | int | None
) -> bytes:
    """An answer with its true Content-Length, unless another one is given (None: without any)."""
    values = {"Content-Type": content_type, "Content-Length": len(body)}
    values.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"{name}: {value}" for name, value in values.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode("latin-1") + body


def stream(*parts: bytes | Iterable[bytes], every: float = 0.0) -> Script:
    """Part after part; a part that is not bytes goes out item by item, `every` seconds apart. Then hang up."""

    def script(wire: Wire) -> None:
        for part in parts:
            for item in [part] if isinstance(part, bytes) else part:
                wire.send(item)
                if every and not isinstance(part, bytes) and not wire.pause(every):
                    return

    return script


def drip(data: bytes) -> Iterable[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def gzip_bomb(mebibytes: int) -> Iterator[bytes]:
    """A gzip stream of zeros without an end."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    block = deflate.compress(bytes(1024 * 1024)) + deflate.flush(zlib.Z_FULL_FLUSH)
    for _number in range(mebibytes):
        yield block


def silence(wire: Wire) -> None:
    wire.pause(60)


def hang_up(wire: Wire) -> None:
    """Close without an answer: whether the request had an effect, nobody knows."""


class _Handler(socketserver.StreamRequestHandler):
    server: HttpServer

    def handle(self) -> None:
        with self.server.lock:
            self.server.connections += 1
            self.server.open += 1
            number = self.server.connections
        try:
            while (request := self._read(number)) is not None:
                script = self.server.next_script(request)
                if isinstance(script, bytes):
                    self.wfile.write(script)
                    continue
                script(Wire(self.wfile.write, lambda seconds: not self.server.stopped.wait(seconds)))
                return
        except GONE:
            pass

    def _read(self, number: int) -> Request | None:
        line = self.rfile.readline().decode("latin-1").strip()
        if not line:
            return None
        headers = {}
        while header := self.rfile.readline().decode("latin-1").strip():
            name, _colon, value = header.partition(": ")
            assert name not in headers, f"{name} came twice"
            headers[name] = value
        return Request(number, line, headers, self.rfile.read(int(headers.get("Content-Length", 0))))


class HttpServer(socketserver.ThreadingTCPServer):
    """Answers each request with the next of its scripts, the last one again and again.

    requests: what it got. connections: how many there were. open: how many there are now.
    listening: whether it accepts connections yet; until listen() they are refused, on a port that is reserved.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *scripts: Script, listening: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.server_bind()
        self.netloc = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.netloc}"
        self.requests: list[Request] = []
        self.connections = 0
        self.open = 0
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self._scripts = list(scripts)
        self._listening = False
        if listening:
            self.listen()

    def listen(self) -> None:
        self.server_activate()
        self._listening = True
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def next_script(self, request: Request) -> Script:
        with self.lock:
            self.requests.append(request)
            return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.lock:
            self.open -= 1

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.stopped.set()
        if self._listening:
            self.shutdown()
        self.server_close()


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Look again and again until it is true, for so long at most."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.005)
    return True


Serve = Callable[..., HttpServer]


class Patient(Client):
    """A client that counts how often it failed, and never waits before it tries again."""

    failures = 0

    def pause(self, tries: int, error: ApiError) -> float:
        self.failures += 1
        return 0.0


def client(url: str, **options: Any) -> Client:
    return Client(url, **{"token": TOKEN, "retries": 0, "timeout": 20.0, "backoff": 0.01, **options})


def failure(url: str, procedure: str = LIST, request: dict[str, Any] | None = None, **options: Any) -> ApiError:
    return caught(lambda: client(url, **options).call(procedure, request or SCOPE))


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return texts([*value.keys(), *value.values()])
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]


def caught(action: Callable[[], object], token: str = TOKEN) -> ApiError:
    """The error of a call, which names its RPC and never shows the token, not even its beginning."""
    with pytest.raises(ApiError) as info:
        action()
    error = info.value
    shown = [str(error), repr(error), *texts([error.as_dict(), error.metadata, error.advice])]
    assert not [text for text in shown if token[:16] in text]
    assert error.rpc in ("ListBuckets", "CreateBucket")
    return error
