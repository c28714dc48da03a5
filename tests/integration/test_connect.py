# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The Connect client over real connections: to the emulator, and to servers that do what no proper server does."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import time
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._http import client as _client
from google.rpc.error_details_pb2 import ErrorInfo

from emulator.process import Emulator
from tests.integration.http_server import (
    CREATE,
    LIST,
    SCOPE,
    TOKEN,
    Patient,
    Script,
    Serve,
    caught,
    client,
    drip,
    failure,
    gzip_bomb,
    hang_up,
    reply,
    silence,
    stream,
    until,
)

MIB = 1024 * 1024
ARGUMENTS = ("--prefix", "/otter/api")


# What goes out


def test_a_request_has_exactly_the_headers_of_the_contract(serve: Serve, environment: Any, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login intruder password from-netrc\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve(reply())
    for token, timeout in ((TOKEN, 2.5), (None, 1e7)):
        caller = client(server.url + "/some/prefix/", token=token, timeout=timeout)
        for _number in range(2):
            assert caller.call(LIST, SCOPE).message == {}
            request = server.requests.pop()
            assert request.line == f"POST /some/prefix/{LIST} HTTP/1.1"
            assert request.body == b'{"scope":"demo"}'
            assert request.headers.pop("Host") == server.netloc
            assert request.headers.pop("User-Agent") == "otterscale.core"
            assert request.headers == {
                "Accept-Encoding": "gzip",
                "Connect-Protocol-Version": "1",
                "Connect-Timeout-Ms": "2500" if timeout == 2.5 else "9999999999",
                "Content-Length": "16",
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            }


def test_a_client_that_is_told_nothing_else_is_patient_and_does_not_compress(serve: Serve) -> None:
    server = serve(reply(b"{}", 503))
    caller = Patient(server.url)
    caught(lambda: caller.read(LIST, {**SCOPE, "pad": "x" * 5000}))
    assert len(server.requests) == 5 and caller.failures == 5
    headers = server.requests[0].headers
    assert headers["Connect-Timeout-Ms"] == "30000" and "Content-Encoding" not in headers


def test_cookies_are_not_kept(serve: Serve) -> None:
    server = serve(reply(Set_Cookie="session=1; Path=/"))
    caller = client(server.url)
    caller.call(LIST, SCOPE)
    caller.call(LIST, SCOPE)
    assert server.requests[0].headers == server.requests[1].headers


def test_the_emulator_is_reached_below_its_prefix_over_one_connection(emulator: Emulator) -> None:
    mark = emulator.journal()["next"]
    caller = client(emulator.url, timeout=2.5)
    assert caller.call(LIST, SCOPE).message == caller.read(LIST, SCOPE) == {}
    first, second = emulator.journal(mark)["calls"]
    assert (first["code"], first["request"], first["http_version"]) == ("ok", SCOPE, "1.1")
    assert first["headers"]["connect-timeout-ms"] == "2500" and first["headers"]["authorization"] == "Bearer (hidden)"
    assert len(first["headers"]) == 8 and first["headers"] == second["headers"]


def test_calls_share_a_connection_until_it_is_closed(serve: Serve) -> None:
    server = serve(reply(), reply(), stream(reply()), reply())
    caller = client(server.url)
    for connection, still_open in ((1, 1), (1, 1), (1, 0), (2, 1)):  # the third answer ends it, unannounced
        caller.call(LIST, SCOPE)
        assert server.requests[-1].connection == connection
        assert until(lambda still_open=still_open: server.open == still_open)
    caller.close()
    assert until(lambda: server.open == 0)


def test_an_error_does_not_cost_the_connection(serve: Serve) -> None:
    server = serve(reply(b'{"code": "not_found"}', 404), reply())
    caller = client(server.url)
    caught(lambda: caller.call(LIST, SCOPE))
    caller.call(LIST, SCOPE)
    assert server.connections == 1


def test_large_requests_are_compressed_only_if_asked_for(serve: Serve, emulator: Emulator) -> None:
    frame = len('{"scope":"demo","pad":""}')
    server = serve(reply())
    for compress, size, encoding in ((True, 1023, None), (True, 1024, "gzip"), (False, 5000, None)):
        request = {**SCOPE, "pad": "x" * (size - frame)}
        client(server.url, compress=compress).call(LIST, request)
        got = server.requests[-1]
        assert got.headers.get("Content-Encoding") == encoding
        assert json.loads(gzip.decompress(got.body) if encoding else got.body) == request
        assert len(got.body) < 100 if encoding else len(got.body) == size
        mark = emulator.journal()["next"]
        client(emulator.url, compress=compress).call(LIST, request)
        (call,) = emulator.journal(mark)["calls"]
        assert (call["code"], call["headers"].get("content-encoding")) == ("ok", encoding)


# What comes back


def test_an_answer_may_be_compressed_and_in_chunks(serve: Serve) -> None:
    message = {"buckets": [{"name": "a" * 5000}]}
    packed = gzip.compress(json.dumps(message).encode())
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:20], packed[20:])) + b"0\r\n\r\n"
    head = reply(Content_Encoding="GZIP", Content_Length=None, Transfer_Encoding="chunked").removesuffix(b"{}")
    server = serve(reply(packed, Content_Encoding="gzip", Trailer_Cost="5"), head + chunked)
    answer = client(server.url).call(LIST, SCOPE)
    assert (answer.message, answer.metadata) == (message, {"cost": "5"})
    assert client(server.url).call(LIST, SCOPE).message == message


def test_an_error_is_decoded_with_its_details_and_trailers(serve: Serve) -> None:
    info = base64.b64encode(ErrorInfo(reason="QUOTA").SerializeToString()).decode().rstrip("=")
    details = [{"type": "google.rpc.ErrorInfo", "value": info}, {"type": "acme.v1.Oops", "value": "CgNhYmM"}]
    body = {"code": "resource_exhausted", "message": "no room", "details": details}
    error = failure(serve(reply(json.dumps(body).encode(), 404, Trailer_Zone="b", Retry_After=7)).url)
    assert (error.code, error.message, error.http_status) == ("resource_exhausted", "no room", 404)
    assert error.details == [
        {"type": "google.rpc.ErrorInfo", "value": {"reason": "QUOTA"}},
        {"type": "acme.v1.Oops", "value": "CgNhYmM"},
    ]
    assert (error.metadata, error.retry_after, error.sent) == ({"zone": "b"}, 7.0, True)


def test_the_status_counts_only_where_there_is_no_connect_error(serve: Serve) -> None:
    table = {
        400: "internal", 401: "unauthenticated", 403: "permission_denied", 404: "unimplemented", 429: "unavailable",
        502: "unavailable", 503: "unavailable", 504: "unavailable", 409: "unknown", 418: "unknown", 500: "unknown",
    }  # fmt: skip
    for status, code in table.items():
        page, spoken = reply(b"<html>Oh</html>", status, "text/html"), reply(b'{"code": "aborted"}', status)
        caller = client(serve(page, spoken).url)
        error = caught(lambda caller=caller: caller.call(LIST, SCOPE))
        assert (error.code, error.http_status) == (code, status) and error.message.endswith(": Oh")
        assert caught(lambda caller=caller: caller.call(LIST, SCOPE)).code == "aborted"


BROKEN: dict[str, tuple[Script, str, str]] = {
    "web page": (reply(b"<html>Welcome</html>", content_type="text/html"), "unknown", "text/html"),
    "array": (reply(b"[]"), "internal", "object"),
    "string": (reply(b'"text"'), "internal", "object"),
    "NaN": (reply(b'{"a": NaN}'), "internal", "NaN"),
    "deep": (reply(b'{"a":' * 100_000), "internal", "nested too deeply"),
    "half": (reply(b'{"a": "b'), "internal", "not valid JSON"),
    "half a surrogate": (reply(b'{"a": "\\ud800"}'), "internal", "unusable"),
    "too long": (reply(b'{"a": 1}', Content_Length=3), "internal", "not valid JSON"),
    "negative length": (reply(b'{"a": 1}', Content_Length=-8), "internal", "no number of bytes"),
    "no length": (reply(b'{"a": 1}', Content_Length="\xb2"), "internal", "no number of bytes"),
    "too short": (stream(reply(b'{"a": 1}', Content_Length=100)), "unavailable", ""),
    "nothing": (hang_up, "unavailable", "lost the connection"),
    "ssh": (stream(b"SSH-2.0-OpenSSH_9.2\r\n"), "unavailable", ""),
    "many headers": (reply(**{f"X{number}": "y" for number in range(200)}), "unavailable", ""),
    "long header": (reply(X="y" * 100_000), "unavailable", ""),
    "no gzip": (reply(b"plain", Content_Encoding="gzip"), "internal", "gzip"),
    "half a gzip": (reply(gzip.compress(os.urandom(9000))[:5000], Content_Encoding="gzip"), "unavailable", "gzip"),
    "brotli": (reply(Content_Encoding="br"), "internal", "'br'"),
    "no seconds": (reply(b"{}", 503, Retry_After="\xb2"), "unavailable", "not OtterScale"),
}


@pytest.mark.parametrize(("answer", "code", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_a_clear_error_and_the_next_call_works(
    serve: Serve, answer: Script, code: str, words: str
) -> None:
    server = serve(answer, reply(b'{"ok": true}'))
    caller = client(server.url)
    error = caught(lambda: caller.call(LIST, SCOPE))
    assert error.code == code and words in error.message
    assert error.sent
    assert len(error.message) < 500 and error.message.isprintable()
    assert caller.call(LIST, SCOPE).message == {"ok": True}


@pytest.mark.parametrize("kind", ["bomb", "flood"])
def test_an_answer_above_64_mib_is_refused_in_bounded_memory(serve: Serve, kind: str) -> None:
    head = reply(b"", Content_Encoding="gzip" if kind == "bomb" else None, Content_Length=None)
    server = serve(stream(head, gzip_bomb(1000) if kind == "bomb" else (bytes(MIB) for _number in range(1000))))
    tracemalloc.start()
    try:
        error = caught(lambda: client(server.url, retries=4).read(LIST, SCOPE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (error.code, error.final, error.http_status) == ("resource_exhausted", True, 200)
    assert "larger than 64 MiB" in error.message and len(server.requests) == 1
    assert peak < 300 * MIB


def test_an_answer_of_64_mib_is_just_small_enough(serve: Serve) -> None:
    text = "x" * (64 * MIB - len('{"a":""}'))
    body = b'{"a":"%s"}' % text.encode()
    server = serve(reply(body), reply(body + b" "))
    assert client(server.url).call(LIST, SCOPE).message == {"a": text}
    assert failure(server.url).code == "resource_exhausted"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Serve, status: int) -> None:
    target = serve(reply())
    error = failure(serve(reply(b"", status, Location=f"{target.url}/login?t={TOKEN}")).url)
    assert error.http_status == status and f"{target.url}/login" in error.message
    assert "redirect" in error.message and "'api_url'" in error.advice
    assert target.connections == 0


@pytest.mark.parametrize("token", [TOKEN, "eyJ" + "0123456789abcdef" * 80, 'quo"ted\\token-of-somebody'])
def test_a_server_that_echoes_the_token_does_not_make_us_show_it(serve: Serve, token: str) -> None:
    line = f"Authorization: Bearer {token}"
    details = [{"type": line, "value": line, "debug": {line: [line]}}]
    spoken = json.dumps({"code": "internal", "message": f"you sent {line}", "details": details}).encode()
    page = f"<html>{line}</html>".encode()
    server = serve(
        reply(spoken, 500, Trailer_Request=line),
        reply(page, 502, "text/html"),
        reply(page, 200, "text/html"),
        reply(page),
        reply(b"", 302, Location=f"/?{line}"),
        reply(Content_Encoding=line),
        stream(line.encode() + b"\r\n"),
    )
    caller = client(server.url, token=token)
    assert token not in repr(caller) + str(caller)
    for _number in range(7):
        caught(lambda: caller.call(LIST, SCOPE), token)
    assert len(server.requests) == 7


# Deadlines


@pytest.mark.parametrize(
    "script",
    [
        stream(drip(reply(b"{}" + b" " * 500)), every=0.05),
        stream(reply(b"", Content_Length=500), drip(b" " * 500), every=0.05),
        stream(reply(b"", Transfer_Encoding="chunked", Content_Length=None), [b"1\r\n \r\n"] * 500, every=0.05),
        silence,
    ],
    ids=["head", "body", "chunks", "silence"],
)
def test_the_deadline_holds_for_the_whole_call(serve: Serve, script: Script) -> None:
    started = time.monotonic()
    error = failure(serve(script).url, timeout=0.5)
    assert 0.4 < time.monotonic() - started < 3.5
    assert (error.code, error.sent, error.final) == ("deadline_exceeded", True, False)


def test_after_the_deadline_the_connection_is_given_up(serve: Serve) -> None:
    head = reply(b"", Transfer_Encoding="chunked", Content_Length=None)
    server = serve(stream(head, [b"1\r\n \r\n"] * 500, every=0.05))
    assert failure(server.url, timeout=0.3).code == "deadline_exceeded"
    assert until(lambda: server.open == 0)


def test_a_host_that_drops_packets_was_never_reached(serve: Serve) -> None:
    """As a firewall does: here it is a queue of connections that is full."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _number in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        error = failure(f"http://127.0.0.1:{full.getsockname()[1]}", timeout=0.5)
    assert (error.code, error.sent) == ("unavailable", False) and "cannot connect" in error.message


# Where nothing answers


def test_a_refused_connection_and_an_unknown_host_are_told_apart(serve: Serve) -> None:
    refused = failure(serve(listening=False).url)
    unknown = failure("http://no-such-host.invalid")
    assert "Connection refused" in refused.message and "Connection refused" not in unknown.message
    for error in (refused, unknown):
        assert (error.code, error.sent, error.http_status) == ("unavailable", False, None)
        assert error.message.startswith("cannot connect to http://") and "'api_url'" in error.advice


# Trying again


def test_a_read_is_repeated_until_it_succeeds(emulator: Emulator) -> None:
    mark = emulator.journal()["next"]
    emulator.add_faults(
        {"rpc": "read", "kind": "error", "code": "unavailable", "count": 2}, {"rpc": "read", "kind": "close"}
    )
    assert client(emulator.url, retries=3).read(LIST, SCOPE) == {}
    assert [call["code"] for call in emulator.journal(mark)["calls"]] == ["unavailable", "unavailable", "lost", "ok"]


@pytest.mark.parametrize("code", ["not_found", "internal", "unauthenticated", "invalid_argument"])
def test_a_read_that_cannot_succeed_is_not_repeated(serve: Serve, code: str) -> None:
    server = serve(reply(json.dumps({"code": code}).encode(), 503))
    assert caught(lambda: client(server.url, retries=4).read(LIST, SCOPE)).code == code
    assert len(server.requests) == 1


@pytest.mark.parametrize(("retry_after", "tries"), [(40, 2), (41, 1)])
def test_all_tries_together_have_the_time_of_that_many_calls(
    serve: Serve, environment: Any, retry_after: int, tries: int
) -> None:
    """As the client sees it, sleeping takes the time that it should, and nothing else takes any."""
    slept: list[float] = []
    environment.setattr(_client, "time", SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append))
    server = serve(reply(b"", 503, Retry_After=retry_after), reply())
    caller = client(server.url, retries=1, timeout=20.0)
    if tries == 2:
        assert caller.read(LIST, SCOPE) == {}
    else:
        caught(lambda: caller.read(LIST, SCOPE))
    assert len(server.requests) == tries and slept == [40.0] * (tries - 1)


def test_the_pauses_are_told_how_many_tries_there_were(serve: Serve) -> None:
    class Noting(Patient):
        def pause(self, tries: int, error: ApiError) -> float:
            noted.append(tries)
            return super().pause(tries, error)

    noted: list[int] = []
    caught(lambda: Noting(serve(hang_up).url, retries=3).read(LIST, SCOPE))
    assert noted == [0, 1, 2, 3]


def test_retries_are_counted(serve: Serve) -> None:
    server = serve(hang_up)
    for retries in (0, 1, 3):
        caught(lambda retries=retries: client(server.url, retries=retries).read(LIST, SCOPE))
        assert len(server.requests) == retries + 1
        server.requests.clear()


def test_a_write_whose_answer_was_lost_is_not_repeated(emulator: Emulator, serve: Serve) -> None:
    mark = emulator.journal()["next"]
    emulator.add_faults({"rpc": "CreateBucket", "kind": "close", "when": "after"})
    bucket = {**SCOPE, "bucketName": "photos", "owner": "alice"}
    error = caught(lambda: client(emulator.url, retries=4).write(CREATE, bucket))
    assert (error.code, error.sent) == ("unavailable", True)
    assert [call["effect"] for call in emulator.journal(mark)["calls"]] == [True]
    for script in (hang_up, reply(b"", 503), stream(b"HTTP/1.1 200 OK\r\n"), stream(reply(Content_Length=9))):
        server = serve(script)
        assert caught(lambda url=server.url: client(url, retries=4).write(CREATE, bucket)).sent
        assert len(server.requests) == 1


def test_a_write_that_was_refused_a_connection_is_repeated(serve: Serve) -> None:
    server = serve(reply(b'{"name": "photos"}'), listening=False)

    class Late(Patient):
        def pause(self, tries: int, error: ApiError) -> float:
            if tries == 1:
                server.listen()
            return super().pause(tries, error)

    caller = Late(server.url, retries=2)
    assert caller.write(CREATE, SCOPE) == {"name": "photos"}
    assert caller.failures == 2 and len(server.requests) == 1


def test_retry_after_is_respected_within_the_time_that_all_tries_have(serve: Serve) -> None:
    busy = serve(reply(b"", 503, Retry_After=1), reply())
    started = time.monotonic()
    assert client(busy.url, retries=1).read(LIST, SCOPE) == {}
    assert time.monotonic() - started >= 1 and len(busy.requests) == 2
    closed = serve(reply(b"", 503, Retry_After=3600))
    started = time.monotonic()
    error = caught(lambda: client(closed.url, retries=4).read(LIST, SCOPE))
    assert error.retry_after == 3600 and time.monotonic() - started < 2
    assert len(closed.requests) == 1
