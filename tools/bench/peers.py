# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Serve the peers' API on a free port of this machine until standard input ends: `python peers.py s3|kubernetes`.

The first line of output is the URL. POST /_bench/asked answers how often each HTTP method was used since the last time.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from tools.bench.kube_stub import KubernetesStub

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Counting:
    """An application, and a count of what it was asked."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._asked: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/_bench/asked":
            asked, self._asked = self._asked, Counter()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(asked).encode()]
        self._asked[environ["REQUEST_METHOD"]] += 1
        return self._application(environ, start_response)


# An answer goes out in two writes. Without this the second would wait 40 ms for the client to confirm the first, and
# that would be counted as time of the client.
class S3Handler(MotoRequestHandler):
    disable_nagle_algorithm = True


class KubernetesHandler(WSGIRequestHandler):
    disable_nagle_algorithm = True


def main() -> None:
    if sys.argv[1] == "s3":
        application, handler = DomainDispatcherApplication(create_backend_app), S3Handler
    else:
        application, handler = KubernetesStub(), KubernetesHandler
    server = make_server("127.0.0.1", 0, Counting(application), threaded=True, request_handler=handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
