# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The command line, and the life of the process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from . import compile as compiler
from . import generation as generations
from .journal import Journal
from .world import World


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    knobs = "; ".join(f"{name}={'|'.join(values)}" for name, values in generations.knobs().items())
    parser = argparse.ArgumentParser(prog="emulator", description="An OtterScale server on this machine.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=int, default=8299, help="0 is any free port (default %(default)s)")
    add("--prefix", default="", help="path prefix of all URLs, as behind a proxy (default none)")
    add("--token", default="demo-token", help="the bearer token that every call needs (default %(default)s)")
    add("--scope", action="append", metavar="NAME", help="a known scope; repeatable (default demo)")
    add("--state", type=Path, metavar="FILE", help="keep the data in this file")
    add("--journal", type=Path, metavar="FILE", help="keep the journal in this file")
    add(
        "--generation",
        default=generations.DEFAULT,
        metavar="NAME",
        help=f"behave like this one of {', '.join(generations.PRESETS)} (default %(default)s)",
    )
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=f"change one knob: {knobs}")
    add("--disable", action="append", default=[], choices=("instance", "storage"), help="switch a feature off")
    add(
        "--import-seconds",
        type=float,
        default=3.0,
        metavar="S",
        help="how long an import over http takes; 0 is at once (default %(default)s)",
    )
    add(
        "--deletion-seconds",
        type=float,
        default=0.0,
        metavar="S",
        help="how long OtterScale 1.x takes to delete volumes and claims (default %(default)s)",
    )
    add("--tls-cert", metavar="FILE", help="serve https with this certificate")
    add("--tls-key", metavar="FILE", help="and its key")
    add("--stop-with-stdin", action="store_true", help="stop when standard input ends, that is with the parent")
    options = parser.parse_args(arguments)
    options.scope = options.scope or ["demo"]
    try:
        options.generation = generations.parse(options.generation, options.set)
    except ValueError as error:
        parser.error(str(error))
    return options


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    if not compiler.is_current():
        compiler.compile_protos()
    # The generation decides which spelling of the enums is imported as `otterscale`.
    sys.path.insert(0, str(compiler.GENERATED / options.generation.enums))
    listener = _listen(options.host, options.port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options, listener))
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named: without it every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port}: {error.strerror}")
    return listener


async def _serve(options: argparse.Namespace, listener: socket.socket) -> None:
    import uvicorn  # here, so that --help and mistakes in the arguments answer at once

    from .app import App

    port = listener.getsockname()[1]
    scheme = "https" if options.tls_cert else "http"
    app = App(
        World(options.scope, options.state),
        options.generation,
        Journal(options.journal),
        token=options.token,
        disabled=frozenset(options.disable),
        import_seconds=options.import_seconds,
        deletion_seconds=options.deletion_seconds,
        prefix=options.prefix,
        restart=lambda: _restart(port),
    )
    # httptools and uvloop are left out on purpose: whatever else is installed, the server behaves the same.
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
        backlog=2048,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )
    server = uvicorn.Server(config)
    # uvicorn stops on these signals and then raises them again for whoever started it: nobody needs that here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if server.started:
        url = f"{scheme}://{options.host}:{port}{options.prefix.rstrip('/')}"
        print(
            f"OtterScale emulator ready: {url} (generation {options.generation.name}, "
            f"scopes {','.join(options.scope)}, token {options.token})",
            flush=True,
        )
        if options.stop_with_stdin:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _on_stdin, server)
    await task


def _on_stdin(server: Any) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        server.should_exit = True
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())


def _restart(port: int) -> None:
    """Become a new server on the same port, in the same process. All connections break, as in a real restart."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--port", str(port)])
