# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What each hostile answer costs a task: a Markdown table of outcome, time and peak memory.

`make hostile` runs it (only on Linux). Each row is a process of its own that runs one task, with a timeout of two
seconds and no retries. The exit status is 1 if a row breaks a promise.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.http_server import HttpServer, Script, drip, hang_up, reply, silence, stream

TOKEN = "hostile-token-that-must-not-leak"
MIB = 1024 * 1024
TIMEOUT = 2.0
# What a task may need: above the process before the call (an answer of 64 MiB is read and decoded), and of time (its
# timeout, what a busy machine adds, and the calls after a read that seemed to succeed).
MOST_MIB, MOST_SECONDS = 400, 3 * TIMEOUT + 4
Task = tuple[str, dict[str, Any]]  # the kind of resource, and the options
BUCKET = ("bucket", {"name": "data", "owner": "alice"})
VOLUME = ("datavolume", {"name": "root", "namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi"})
SERVICE = ("vm_service", {"name": "web", "namespace": "default", "virtual_machine": "web", "ports": [{"port": 80}]})


def megabytes(count: int, item: bytes = b" " * MIB) -> Iterator[bytes]:
    return (item for _number in range(count))


def bomb(size: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(chunk) for chunk in megabytes(size, b"\0" * MIB)) + squeeze.flush()


def buckets(**members: Any) -> bytes:
    grants = [{"type": "CanonicalUser", "id": "alice", "permission": "FULL_CONTROL"}]
    return reply(json.dumps({"buckets": [{"name": "data", "owner": "alice", "grants": grants, **members}]}).encode())


def volumes(**members: Any) -> bytes:
    known = {"name": "root", "source": {"type": "BLANK_IMAGE"}, "sizeBytes": "1073741824"}
    return reply(json.dumps({"dataVolumes": [{**known, **members}]}).encode())


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + closing * depth


def hostile(elsewhere: str) -> dict[str, tuple[Script, Task]]:
    """Answers by name, each with the task that gets it."""
    head = reply(b"", Content_Length=None, Transfer_Encoding="chunked")
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    unread = reply(b"{}", Content_Length=None)
    deep = nested(900, '{"a":', "}").replace(":}", ":1}")
    return {
        "truncated body": (stream(reply(b'{"buckets": [', Content_Length=500)), BUCKET),
        "wrong content type": (reply(content_type="text/plain"), BUCKET),
        "200 with HTML": (reply(b"<html>log in</html>", content_type="text/html"), BUCKET),
        "HTML that says that it is JSON": (reply(b"<html>log in</html>"), BUCKET),
        "200 with an array": (reply(b"[]"), BUCKET),
        "200 with a string": (reply(b'"ok"'), BUCKET),
        "200 and empty": (reply(b""), BUCKET),
        "not UTF-8": (reply(b'{"buckets": "\xff\xfe"}'), BUCKET),
        "`sizeBytes` that is no number": (volumes(sizeBytes="plenty"), VOLUME),
        "`sizeBytes` of a million digits": (volumes(sizeBytes="9" * 1_000_000), VOLUME),
        "`null` for a list": (reply(b'{"buckets": null}'), BUCKET),
        "a list of strings": (reply(b'{"buckets": ["data"]}'), BUCKET),
        "an object for a list": (reply(b'{"virtualMachines": {}}'), SERVICE),
        "an unknown enum": (volumes(source={"type": "TELEPATHY"}), VOLUME),
        "an enum number out of range": (volumes(source={"type": 99}), VOLUME),
        "nested 100,000 deep": (reply(nested(100_000, '{"buckets":[', "]}").encode()), BUCKET),
        "a policy nested 900 deep": (buckets(policy=deep), ("bucket", {**BUCKET[1], "policy": {"Statement": []}})),
        "a policy nested 100,000 deep": (buckets(policy=nested(100_000, "[", "]")), BUCKET),
        "100 MB, announced": (stream(reply(b"", Content_Length=100 * MIB), megabytes(100)), BUCKET),
        "100 MB, in chunks": (stream(head, megabytes(100, chunk)), BUCKET),
        "100 MB error message": (
            stream(reply(b"", 500, Content_Length=100 * MIB), [b'{"message": "'], megabytes(100, b"x" * MIB)),
            BUCKET,
        ),
        "60 MB of JSON": (reply(b'{"buckets": [' + b"{}," * (20 * MIB - 100) + b"{}]}"), BUCKET),
        "gzip bomb of 10 GiB": (reply(bomb(10 * 1024), Content_Encoding="gzip"), BUCKET),
        "gzip bomb in an error": (reply(bomb(1024), 500, Content_Encoding="gzip"), BUCKET),
        "gzip that is none": (reply(b"no gzip at all", Content_Encoding="gzip"), BUCKET),
        "endless slow body": (stream(reply(b"", Content_Length=10**9), drip(b" " * 1000), every=0.05), BUCKET),
        "endless fast body": (stream(head, megabytes(10**6, chunk)), BUCKET),
        "endless slow head": (stream(drip(reply(b"{}" + b" " * 1000)), every=0.05), BUCKET),
        "100,000 headers": (reply(**{f"X-Flood-{number}": "x" for number in range(100_000)}), BUCKET),
        "a header of 100 MB": (stream(b"HTTP/1.1 200 OK\r\nX-Flood: ", megabytes(100, b"x" * MIB)), BUCKET),
        "endless 100 Continue": (stream(megabytes(10**6, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)), BUCKET),
        "redirect to another host": (reply(b"", 307, Location=f"{elsewhere}/"), BUCKET),
        "Content-Length too long": (stream(reply(Content_Length=10**6)), BUCKET),
        "Content-Length too short": (reply(b'{"buckets": []}', Content_Length=5), BUCKET),
        "Content-Length negative": (stream(reply(Content_Length=-5)), BUCKET),
        "Content-Length no number": (stream(reply(b"[]", Content_Length="many")), BUCKET),
        "no Content-Length, no end": (stream(unread, [b" "] * 1000, every=0.05), BUCKET),
        "a token that is sent back": (reply(f'{{"code": "internal", "message": "{TOKEN}"}}'.encode(), 500), BUCKET),
        "silence": (silence, BUCKET),
        "connection closed": (hang_up, BUCKET),
    }


def child(url: str, kind: str, options: dict[str, Any]) -> None:
    """One task in this process; what it cost goes to standard output."""
    from ansible_collections.otterscale.core.plugins.module_utils._task import Context

    from tests.kinds import KINDS

    task = KINDS[kind].task
    params = KINDS[kind].params(options, api_url=url, api_token=TOKEN, scope="demo", timeout=TIMEOUT, retries=0)
    before, started = peak(), time.monotonic()
    outcome = task.work(params, Context(False, task.system.connect))
    result = outcome.as_result(with_diff=True)
    seconds, most = time.monotonic() - started, peak()
    print(json.dumps([result, seconds, most - before, most]))


def peak() -> float:
    """MiB that this process has had at most. (Not ru_maxrss, which begins with what the parent has.)"""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def main() -> int:
    broken = 0
    print("| answer | outcome | seconds | MiB more | peak MiB | what the task says |\n|---|---|---:|---:|---:|---|")
    with HttpServer(reply()) as elsewhere:
        for name, (script, task) in hostile(elsewhere.url).items():
            with HttpServer(script) as server:
                command = [sys.executable, "-m", "tests.fuzz.hostile", server.url, json.dumps(task)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode or done.stderr:
                broken += 1
                print(f"| {name} | **ended with {done.returncode}** | | | | {done.stderr.strip().splitlines()[-1:]} |")
                continue
            result, seconds, more, most = json.loads(done.stdout)
            code = result["error"]["code"] if "error" in result else "**ok**"
            kept = code != "**ok**" and TOKEN not in done.stdout and more < MOST_MIB and seconds < MOST_SECONDS
            broken += not kept
            said = " ".join(result.get("msg", "").replace("|", "/").split())[:110]
            print(
                f"| {name} | {code}{'' if kept else ' **broken**'} | {seconds:.2f} | {more:.0f} | {most:.0f} | {said} |"
            )
        if elsewhere.requests:
            broken += 1
            print("\n**The other host got a request.**")
    return 1 if broken else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], *json.loads(sys.argv[2]))
    else:
        sys.exit(main())
