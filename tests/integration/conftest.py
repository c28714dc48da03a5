# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What the integration tests share: one emulator for each server generation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.process import Emulator
from tests.integration.http_server import HttpServer, Script, Serve
from tests.integration.playbook import COMPARED, MODULE

# What the playbooks know of a server, as host variables.
GENERATIONS = {
    "v1.4": {"api": "resource_v1", "errors": "mapped", "services": "all", "claims": "exact"},
    "plain": {"api": "instance_v1", "errors": "plain", "services": "own_name", "claims": "filesystem"},
    "blind": {"api": "instance_v1", "errors": "plain", "services": "none", "claims": "filesystem_gib"},
    "mapped": {"api": "instance_v1", "errors": "mapped", "services": "all", "claims": "exact"},
}
TARGETS = Path(__file__).resolve().parent / "targets"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")
TOKEN = "integration-token-that-must-not-leak"


def chosen(variable: str, everything: list[str]) -> list[str]:
    """What an environment variable narrows the tests down to; nothing given is everything."""
    names = os.environ.get(variable, "").split()
    if unknown := set(names) - set(everything):
        raise pytest.UsageError(f"{variable} names {', '.join(unknown)}; there is {', '.join(everything)}")
    return names or everything


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What the environment of whoever runs the tests must not change is taken out of it."""
    ours = [name for name in os.environ if name.startswith(("OTTERSCALE_", "OAUTHLIB_"))]
    for name in (*ours, *VARIABLES, *map(str.lower, VARIABLES)):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an HttpServer that ends with the test."""
    with ExitStack() as stack:

        def start(*scripts: Script, listening: bool = True) -> HttpServer:
            return stack.enter_context(HttpServer(*scripts, listening=listening))

        yield start


def only_on(target: str) -> list[str]:
    """The generations that a target is for; nothing is all of them."""
    play = yaml.safe_load(min((TARGETS / target).glob("[0-9]*.yml")).read_text())[0]
    generations: list[str] = play.get("vars", {}).get("generations", [])
    return generations


@pytest.fixture(scope="module")
def started_both(started: Emulator, arguments: tuple[str, ...], token: str) -> Iterator[dict[str, Emulator]]:
    """The server of a file for the tasks in the controller's process, and one more for those that run as modules."""
    with Emulator(*arguments, token=token) as module:
        yield {"plain": started, "plain" + MODULE: module}


@pytest.fixture
def both(started_both: dict[str, Emulator]) -> dict[str, Emulator]:
    """The same, with nothing but their seed data and without faults."""
    for emulator in started_both.values():
        emulator.reset()
    return started_both


@pytest.fixture
def emulators(target: str) -> Iterator[dict[str, Emulator]]:
    """A fresh server of each generation, by the name of its host; imports over http take a second.

    With AS_MODULES one more is for the tasks as modules: each target takes them to another generation.
    """
    only = only_on(target)
    generations = [name for name in chosen("GENERATION", list(GENERATIONS)) if not only or name in only] or only
    like_it = sorted(path.name for path in TARGETS.iterdir() if only_on(path.name) == only_on(target))
    as_modules = generations[like_it.index(target) % len(generations)] + MODULE
    with ExitStack() as stack:
        yield {
            host: stack.enter_context(
                Emulator("--generation", host.removesuffix(MODULE), "--import-seconds", "1", token=TOKEN)
            )
            for host in (*generations, *([as_modules] if os.environ.get("AS_MODULES") else []))
        }


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if COMPARED:
        compared = f"{COMPARED['results']} results of {COMPARED['runs']} runs"
        terminalreporter.write_line(f"the same in the controller's process and as modules: {compared}")
