# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""All the state of the server: scopes, their seed, and the file that keeps them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from . import volumes
from .errors import BackendError
from .model import (
    API_STATES,
    SYSTEM_USER,
    InstanceType,
    Key,
    Scope,
    User,
    VirtualMachine,
    from_json,
    key_of,
    to_json,
)


def seed() -> Scope:
    """What a newcomer finds at the first start."""
    scope = Scope()
    for number, name in enumerate(("web", "db"), start=1):
        machine = VirtualMachine("default", name, instance_type="small", ip_address=f"10.244.0.{10 + number}")
        scope.virtual_machines[key_of("default", name)] = machine
    scope.instance_types["/small"] = InstanceType("", "small", 1, 2 << 30, cluster_wide=True)
    scope.instance_types["/large"] = InstanceType("", "large", 4, 8 << 30, cluster_wide=True)
    scope.users[SYSTEM_USER] = User(SYSTEM_USER, "OtterScale's own user")
    for user in ("alice", "bob"):
        scope.users[user] = User(user, user.capitalize(), keys=[Key(f"{user.upper()}-KEY-1", f"{user}-secret-1")])
    return scope


class World:
    """The scopes by name. Everything runs on one event loop and no handler awaits while it works, so nothing here
    needs a lock: a call is atomic."""

    def __init__(self, names: list[str], file: Path | None) -> None:
        self._names = names
        self._file = file
        self._log: TextIO | None = None
        self.scopes: dict[str, Scope] = {}
        # What the REST APIs beside OtterScale keep, by the names of API_STATES.
        self.apis: dict[str, Any] = {}
        # Fault rules that are still to come true survive a restart together with the data: see faults.py.
        self.faults: list[dict[str, Any]] = []
        # What acts on the objects of OtterScale 1.x by itself, and says whether it did.
        self.controllers: list[Callable[[], bool]] = []
        self._load()
        self._keep_all()

    def scope(self, name: str) -> Scope:
        if name not in self.scopes:
            raise BackendError("not_found", f'scope "{name}" not found')
        return self.scopes[name]

    def dump(self) -> dict[str, Any]:
        return {name: to_json(scope) for name, scope in self.scopes.items()}

    def dump_apis(self) -> dict[str, Any]:
        return {name: to_json(state) for name, state in self.apis.items()}

    def commit(self) -> bool:
        """Keep what changed since the last commit; returns whether anything did."""
        line: dict[str, Any] = {}
        if changes := list(self._changes()):
            line["changes"] = changes
        if (apis := self.dump_apis()) != self._saved_apis:
            line["apis"] = self._saved_apis = apis
        if line:
            self._append(line)
        return bool(line)

    def _changes(self) -> Iterator[tuple[str, str, str, Any]]:
        """Scope, table, key and object, None where it is gone, of what is another one than was saved."""
        for name, scope in self.scopes.items():
            for title, table in scope.tables().items():
                saved, touched = self._saved[name][title], table.touched
                for key in sorted(touched):
                    current = to_json(table[key]) if key in table else None
                    if current != saved.get(key):
                        _place(saved, key, current)
                        yield name, title, key, current
                touched.clear()

    def settle(self) -> None:
        """What happens by itself, apart from any call: copies begin once their source exists."""
        began = [volumes.settle(scope) for scope in self.scopes.values()]  # a list, so that no scope is left out
        if any([*began, *(act() for act in self.controllers)]):
            self.commit()

    def reset(self) -> None:
        self.scopes = {name: seed() for name in self._names}
        self.apis = {name: cls() for name, cls in API_STATES.items()}
        self.faults.clear()
        self._keep_all()

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        self.faults[:] = rules
        self._append({"faults": self.faults})

    @property
    def keeps_state(self) -> bool:
        return self._file is not None

    # The file: all that there was at its first line, and a line for each change since

    def _load(self) -> None:
        self.apis = {name: cls() for name, cls in API_STATES.items()}
        if self._file is not None and self._file.exists() and self._file.stat().st_size:
            whole, *lines = self._file.read_text(encoding="utf-8").splitlines()
            document = json.loads(whole)
            for line in lines:
                with suppress(ValueError):  # only the last one can be cut off, of a call that nobody had an answer to
                    later = json.loads(line)
                    document["faults"] = later.get("faults", document["faults"])
                    document["apis"] = later.get("apis", document["apis"])
                    for name, title, key, value in later.get("changes", ()):
                        _place(document["scopes"][name][title], key, value)
            self.scopes = {name: from_json(Scope, data) for name, data in document["scopes"].items()}
            self.apis |= {name: from_json(API_STATES[name], data) for name, data in document["apis"].items()}
            self.faults = document["faults"]
        for name in self._names:
            if name not in self.scopes:
                self.scopes[name] = seed()

    def _keep_all(self) -> None:
        """Begin the file anew, atomically: a server that starts after a crash sees the old one or the new one."""
        self._saved, self._saved_apis = self.dump(), self.dump_apis()
        for scope in self.scopes.values():
            for table in scope.tables().values():
                table.touched.clear()
        if self._file is None:
            return
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        document = {"scopes": self._saved, "apis": self._saved_apis, "faults": self.faults}
        temporary.write_text(json.dumps(document) + "\n", encoding="utf-8")
        temporary.replace(self._file)
        if self._log is not None:
            self._log.close()
        self._log = self._file.open("a", encoding="utf-8")

    def _append(self, line: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()


def _place(table: dict[str, Any], key: str, value: Any) -> None:
    """None: nowhere."""
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
