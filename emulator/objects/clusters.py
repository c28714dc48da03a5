# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""The clusters of the server: which agents are connected, and what is behind them."""

from __future__ import annotations

import time

from ..errors import BackendError
from ..model import Link, Platform
from ..world import World
from . import seed
from .store import Settings, Store


class Clusters:
    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._stores = {name: Store(world, name, settings) for name in world.scopes}
        self._agent_version = settings.agent_version
        self._started = time.time()
        self._first_start = not self.platform.clusters
        self.settle()
        world.controllers.append(self.settle)

    @property
    def platform(self) -> Platform:
        platform: Platform = self._world.apis["platform"]
        return platform

    def link(self, name: str) -> Link:
        return self.platform.clusters[name]

    def store(self, name: str) -> Store:
        """What is behind the agent; a BackendError where no agent answers."""
        if name not in self._stores or (state := self._connection(name)) == "gone":
            raise BackendError("not_found", f"cluster {name} not registered")
        if state == "refused":
            path = f"dial tcp 127.41.0.{len(name)}:16598: connect: connection refused"
            raise BackendError("internal", f'Get "http://127.41.0.{len(name)}:16598/api/v1": {path}')
        return self._stores[name]

    def behind(self, name: str) -> Store:
        """The same without asking the agent: for what happens behind the server's back."""
        self._world.scope(name)
        return self._stores[name]

    def links(self) -> list[Link]:
        """A cluster whose agent is gone stays listed for as long as the server tries to reach it."""
        return [self.link(name) for name in sorted(self._stores) if self._connection(name) != "gone"]

    def _connection(self, name: str) -> str:
        """online, refused or gone."""
        link, now = self.link(name), time.time()
        if not self._first_start and now < self._started + link.relink_seconds:
            return "gone"
        if link.offline_since is None:
            return "online"
        # A server that was started after the agent went has never seen it.
        refused = now < link.offline_since + link.refused_seconds and link.offline_since > self._started
        return "refused" if refused else "gone"

    def settle(self) -> bool:
        changes = []
        for name, store in self._stores.items():
            link = self.platform.clusters.setdefault(name, Link(name, self._agent_version))
            if link.online is (link.offline_since is not None):
                link.offline_since = None if link.online else time.time()
                changes.append(True)
            if not store.table:
                seed.plant(self._world.scope(name), store)
            changes.append(store.settle())
        return any(changes)
