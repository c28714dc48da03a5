# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""Compile the .proto files into `_gen/plain` and `_gen/prefixed`, one tree for each spelling of the enums.

    python emulator/compile.py

It does nothing when the result is up to date. The server calls it too when it finds nothing to import.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROTO = HERE / "proto"
GENERATED = HERE / "_gen"
STAMP = GENERATED / "stamp"
VARIANTS = ("plain", "prefixed")
PLUGINS = ("protoc-gen-py", "protoc-gen-connectrpc")


def sources_digest() -> str:
    """One digest over the names and the contents of all .proto files."""
    digest = hashlib.sha256()
    for path in sorted(PROTO.rglob("*.proto")):
        digest.update(str(path.relative_to(PROTO)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_current() -> bool:
    """Cheap enough for every start of the server: compares the sources, not the tools."""
    try:
        return STAMP.read_text(encoding="utf-8").split("\n")[0] == sources_digest()
    except FileNotFoundError:
        return False


def compile_protos() -> bool:
    """Bring `_gen` up to date; returns whether there was anything to do."""
    stamp = "\n".join([sources_digest(), *(f"{name} {metadata.version(name)}" for name in PLUGINS), ""])
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == stamp:
        return False
    GENERATED.mkdir(exist_ok=True)
    with (GENERATED / "lock").open("w", encoding="utf-8") as lock:
        _exclusive(lock.fileno())  # two test runs may start at once
        if STAMP.exists() and STAMP.read_text(encoding="utf-8") == stamp:
            return False
        STAMP.unlink(missing_ok=True)
        for variant in VARIANTS:
            _compile_variant(variant)
        STAMP.write_text(stamp, encoding="utf-8")
    return True


def _exclusive(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # no such lock on this system: a race costs a second compilation, nothing more
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _compile_variant(variant: str) -> None:
    target = GENERATED / variant
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    roots = [PROTO / "common", PROTO / variant]
    files = sorted(str(path.relative_to(root)) for root in roots for path in root.rglob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{root}" for root in roots)]
    for plugin in PLUGINS:
        command += [f"--plugin={plugin}={_find(plugin)}", f"--{plugin.removeprefix('protoc-gen-')}_out={target}"]
    subprocess.run([*command, *files], check=True)


def _find(plugin: str) -> str:
    beside = shutil.which(plugin, path=sysconfig.get_path("scripts"))
    found = beside or shutil.which(plugin)
    if found is None:
        raise SystemExit(f"{plugin} is not installed: pip install -r {HERE / 'requirements.txt'}")
    return found


if __name__ == "__main__":
    print("compiled the protos" if compile_protos() else "the compiled protos are up to date")
