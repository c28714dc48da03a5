# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Make a home directory for `ansible-test sanity --requirements`: `sanity_home.py DIRECTORY`.

ansible-test builds a virtual environment for each of its tests. It starts each with a download of get-pip.py, and
hands pip nothing of the environment but HOME and PATH. So this home holds a get-pip.py that needs no download, since
Python brings a pip along, and a pip.conf with the settings that pip has here, be it by variables or by files.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

GET_PIP = """\
import subprocess
import sys

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments]).returncode)
"""


def pip_settings(cache: Path) -> RawConfigParser:
    """Pip's settings by files and variables, with the variables winning."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    settings = RawConfigParser()
    settings.read_dict({"global": {"cache-dir": str(cache)}})
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        name, _equals, value = line.partition("=")
        section, _dot, key = name.replace(":env:", "global").partition(".")
        settings.read_dict({section: {key: ast.literal_eval(value)}})
    return settings


def main(home: Path) -> None:
    python = SimpleNamespace(version=f"{sys.version_info.major}.{sys.version_info.minor}")
    version = get_venv_packages(python)["pip"]
    script = home / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)
    config = home / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    with config.open("w") as file:
        pip_settings(home / ".cache/pip").write(file)


main(Path(sys.argv[1]))
