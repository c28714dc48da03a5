# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The servers that the lanes ask, with all that they are asked for in place, and a count of the calls."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from emulator.process import Emulator
from tools.bench import lanes

GROUPS = "http://acs.amazonaws.com/groups/global/"


class Peer:
    """A server of peers.py in a process of its own, which ends with this one."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("peers.py")), kind]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the {kind} server did not start: {' '.join(command)} says why")

    def close(self) -> None:
        self._process.communicate()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {response.status}: {text[:500]!r}")
        return json.loads(text) if text.startswith(b"{") else None


class Servers:
    """All of them. None is asked by two lanes at a time, so what was asked since the last look is one lane's."""

    def __init__(self, sizes: list[int], declared: list[int]) -> None:
        self._sizes, self._declared = sizes, declared
        self._stack = ExitStack()
        self._seen: dict[str, int] = {}

    def __enter__(self) -> Servers:
        with ExitStack() as stack:
            sizes = {lanes.LOOPS_GROUP: self._sizes, lanes.DECLARED_GROUP: self._declared}
            scopes = [f"--scope={group}-{size}" for group, known in sizes.items() for size in known]
            self.emulator = stack.enter_context(Emulator(*scopes))
            self.changing = stack.enter_context(Emulator())
            self.s3 = stack.enter_context(closing(Peer("s3")))
            self.kubernetes = stack.enter_context(closing(Peer("kubernetes")))
            self._fill()
            self.asked()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def asked(self) -> Counter[str]:
        """What the servers were asked since the last look: names of RPCs, or methods of HTTP."""
        calls: Counter[str] = Counter()
        for emulator in (self.emulator, self.changing):
            journal = emulator.journal(since=self._seen.get(emulator.url, 0))
            self._seen[emulator.url] = journal["next"]
            calls.update(str(call["rpc"]) for call in journal["calls"])
        for peer in (self.s3, self.kubernetes):
            calls.update(peer.send("POST", "/_bench/asked"))
        return calls

    def of(self, lane: lanes.Lane) -> Emulator:
        return self.changing if lane.group == lanes.CHANGES_GROUP else self.emulator

    def place(self, lane: lanes.Lane, size: int) -> None:
        """Have in place what the lane is to change; the others find what they always find."""
        if lane.change:
            self.changing.reset()
            if lane.change != "create":
                self._put_buckets(self.changing, "demo", lanes.buckets(size))

    def _fill(self) -> None:
        for size in self._sizes:
            self._put_buckets(self.emulator, f"{lanes.LOOPS_GROUP}-{size}", lanes.buckets(size))
        for bucket in lanes.buckets(max(self._sizes)):
            self.s3.send("PUT", f"/{bucket['name']}")
            configuration = {"owner": bucket["owner"], "acl": bucket["acl"]}
            document = {"metadata": {"name": bucket["name"], "namespace": "default"}, "data": configuration}
            self.kubernetes.send("POST", "/api/v1/namespaces/default/configmaps", document)
        for size in self._declared:
            self._put_declared(size)

    def _put_declared(self, size: int) -> None:
        lane = lanes.Lane("", "", group=lanes.DECLARED_GROUP)
        wanted, scope = lanes.resources(lane, size), lanes.scope(lane, size)
        self._put_buckets(self.emulator, scope, wanted["buckets"])
        common = {"namespace": "default", "size_bytes": 1 << 30, "managed": True}
        volumes = [{"name": volume["name"], **common} for volume in wanted["datavolumes"]]
        self.emulator.put_all("data_volume", volumes, scope)
        machines = sorted({service["virtual_machine"] for service in wanted["vm_services"]})
        shown = [{"namespace": "default", "name": name} for name in machines]
        self.emulator.put_all("virtual_machine", shown, scope)
        services = []
        for number, service in enumerate(wanted["vm_services"]):
            port = {"port": 80, "target_port": "8080", "node_port": 30000 + number}
            labels = {"otterscale.com/virtual-machine.name": service["virtual_machine"]}
            place = {"namespace": service["namespace"], "name": service["name"]}
            services.append({"labels": labels, "ports": [port], **place})
        self.emulator.put_all("service", services, scope)

    def _put_buckets(self, emulator: Emulator, scope: str, buckets: list[dict[str, Any]]) -> None:
        readers = [{"type": "Group", "uri": f"{GROUPS}AllUsers", "permission": "READ"}]
        objects = []
        for bucket in buckets:
            owner = {"type": "CanonicalUser", "id": bucket["owner"], "permission": "FULL_CONTROL"}
            grants = [*(readers if bucket["acl"] == "public_read" else []), owner]
            objects.append({"name": bucket["name"], "owner": bucket["owner"], "grants": grants})
        emulator.put_all("bucket", objects, scope)
