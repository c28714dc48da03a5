# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Run the emulator from a test: only the standard library, so any Python can import it.

with Emulator("--generation", "plain") as otterscale:
    ...otterscale.url, otterscale.token...
    assert not [call for call in otterscale.journal()["calls"] if call["write"]]
"""

from __future__ import annotations

import http.client
import json
import queue
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
_READY = re.compile(r"OtterScale emulator ready: (\S+)")


# The services by the short names that tests give them.
SERVICES = {
    "storage": "otterscale.storage.v1.StorageService",
    "instance": "otterscale.instance.v1.InstanceService",
    "resource": "otterscale.resource.v1.ResourceService",
    "link": "otterscale.link.v1.LinkService",
    "health": "grpc.health.v1.Health",
}


class EmulatorError(Exception):
    """The server did not start, or refused a control call; the text has what it said."""


class Emulator:
    """A server of its own on a free port. It keeps its state over restart() and crashes, and never outlives us."""

    def __init__(
        self, *arguments: str, python: str = sys.executable, token: str = "demo-token", start_timeout: float = 30.0
    ) -> None:
        self.token = token
        self.url = ""
        self._arguments = list(arguments)
        self._python = python
        self._start_timeout = start_timeout
        self._directory = Path(tempfile.mkdtemp(prefix="otterscale-emulator-"))
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Emulator:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start, and wait for the start line. The port of an earlier start is kept."""
        port = str(urlsplit(self.url).port or 0)
        command = [self._python, str(HERE), "--stop-with-stdin", "--port", port, "--token", self.token]
        command += ["--state", str(self._directory / "state.json"), "--journal", str(self._directory / "journal")]
        with (self._directory / "stderr").open("a", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(
                command + self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
            )
        self._lines = queue.Queue()
        threading.Thread(target=_read_lines, args=(self._process, self._lines), daemon=True).start()
        self.url = self._wait_for_url()

    def wait_until_restarted(self) -> None:
        """After a `restart` fault: wait for the next start line."""
        self._wait_for_url()

    def stop(self) -> int:
        """Stop the process and return its exit status. The data stays for the next start()."""
        process = self._process
        if process is None:
            return 0
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None
        return process.returncode

    def restart(self) -> None:
        """Start again on the same port with the same data: after stop(), after a crash, or just so."""
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def wait_for_exit(self, timeout: float = 10.0) -> int:
        """Wait until the process has died by itself."""
        if self._process is None:
            return 0
        return self._process.wait(timeout=timeout)

    def stderr(self) -> str:
        return (self._directory / "stderr").read_text(encoding="utf-8")

    # The control endpoints

    def journal(self, since: int = 0) -> dict[str, Any]:
        """{"next": N, "calls": [...]}: give N as the next `since`."""
        return self._control("GET", f"journal?since={since}")

    def state(self) -> dict[str, Any]:
        return self._control("GET", "state")

    def put(self, kind: str, /, remove: bool = False, scope: str = "", **members: Any) -> dict[str, Any]:
        """Place or change an object behind OtterScale's back: put("bucket", name="b", used_objects=3)."""
        body = {"kind": kind, "object": members, "remove": remove, "scope": scope}
        return dict(self._control("POST", "put", body)["object"] or {})

    def put_all(self, kind: str, objects: list[dict[str, Any]], scope: str = "") -> None:
        """Place many of one kind by one call."""
        self._control("POST", "put", [{"kind": kind, "object": item, "scope": scope} for item in objects])

    def reset(self, journal: bool = False) -> None:
        """Back to the seed data, without faults; `journal` empties the journal too."""
        self._control("POST", "reset", {"journal": journal})

    def add_faults(self, *rules: dict[str, Any]) -> None:
        self._control("POST", "faults", {"rules": list(rules)})

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def _control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = self._send(method, f"/_emulator/{path}", body)
        if status != 200:
            raise EmulatorError(f"{method} {path}: HTTP {status}: {answer}")
        return dict(answer)

    def call(self, service: str, rpc: str, /, **request: Any) -> tuple[int, Any]:
        """One RPC by hand, for a test's preparations: call("storage", "ListBuckets", scope="demo")."""
        return self._send("POST", f"/{SERVICES[service]}/{rpc}", request)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One call of a REST API by hand: send("GET", "/v2/p/edgemgr/services")."""
        return self._send(method, path, body, {"X-Auth-Token": self.token, **headers})

    def _send(self, method: str, path: str, body: Any, more: dict[str, str] | None = None) -> tuple[int, Any]:
        """One exchange, without any proxy. http.client, because urllib's openers take 20 ms each to build."""
        connection, prefix = _connect(self.url)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(more or {})}
        try:
            connection.request(method, prefix + path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    def _wait_for_url(self) -> str:
        while True:
            try:
                line = self._lines.get(timeout=self._start_timeout)
            except queue.Empty:
                raise EmulatorError(f"no start line within {self._start_timeout} s\n{self.stderr()}") from None
            if line is None:
                raise EmulatorError(f"the emulator ended before it was ready\n{self.stderr()}")
            if match := _READY.match(line):
                return match[1]


def _read_lines(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Keep reading, so that the server never blocks on a full pipe; None at its end."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the server of this URL, and the path prefix of the URL."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=30), parts.path
    # A test server has a certificate of its own: the control calls ask for no proof.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(parts.netloc, timeout=30, context=context), parts.path
