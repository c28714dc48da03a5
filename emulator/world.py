# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""All the state of the server: scopes, their seed, and the file that keeps them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

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
        self.scopes: dict[str, Scope] = {}
        # What the REST APIs beside OtterScale keep, by the names of API_STATES.
        self.apis: dict[str, Any] = {}
        # Fault rules that are still to come true survive a restart together with the data: see faults.py.
        self.faults: list[dict[str, Any]] = []
        self._load()
        self._saved = self._document()
        self._write()

    def scope(self, name: str) -> Scope:
        if name not in self.scopes:
            raise BackendError("not_found", f'scope "{name}" not found')
        return self.scopes[name]

    def dump(self) -> dict[str, Any]:
        return {name: to_json(scope) for name, scope in self.scopes.items()}

    def dump_apis(self) -> dict[str, Any]:
        return {name: to_json(state) for name, state in self.apis.items()}

    def _document(self) -> dict[str, Any]:
        return {"scopes": self.dump(), "apis": self.dump_apis()}

    def commit(self) -> bool:
        """Write the file if the data changed since the last commit; returns whether it did."""
        current = self._document()
        if current == self._saved:
            return False
        self._saved = current
        self._write()
        return True

    def settle(self) -> None:
        """What happens by itself, apart from any call: copies begin once their source is there."""
        began = [volumes.settle(scope) for scope in self.scopes.values()]  # a list, so that no scope is left out
        if any(began):
            self.commit()

    def reset(self) -> None:
        self.scopes = {name: seed() for name in self._names}
        self.apis = {name: cls() for name, cls in API_STATES.items()}
        self.faults.clear()
        self.commit()
        self._write()

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        self.faults[:] = rules
        self._write()

    @property
    def keeps_state(self) -> bool:
        return self._file is not None

    def _load(self) -> None:
        self.apis = {name: cls() for name, cls in API_STATES.items()}
        if self._file is not None and self._file.exists() and self._file.stat().st_size:
            document = json.loads(self._file.read_text(encoding="utf-8"))
            self.scopes = {name: from_json(Scope, data) for name, data in document["scopes"].items()}
            self.apis |= {name: from_json(API_STATES[name], data) for name, data in document.get("apis", {}).items()}
            self.faults = document.get("faults", [])
        for name in self._names:
            if name not in self.scopes:
                self.scopes[name] = seed()

    def _write(self) -> None:
        """Atomically: a reader, or a server that starts after a crash, sees the old file or the new one."""
        if self._file is None:
            return
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        document = {**self._saved, "faults": self.faults}
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self._file)
