# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Every result says what its task declared, and of which server, whatever became of it and whichever way it went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.process import Emulator

from .playbook import MODULE
from .test_in_process import BUCKET, RESOURCES, VOLUME, play

TOKEN = "declared-token-that-must-not-leak"
URL = "https://me:hunter2@images.test/a.img"


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Emulator]]:
    with Emulator(token=TOKEN) as here, Emulator(token=TOKEN) as module:
        yield {"plain": here, "plain" + MODULE: module}


def test_results_say_what_was_declared(both: dict[str, Emulator], tmp_path: Path) -> None:
    volume = {"name": "disk", "namespace": "default", "source": {"type": "http_url", "data": URL}, "size": "1Gi"}
    shown = {**volume, "source": {"type": "http_url", "data": URL.replace("hunter2", "***")}}
    whole = {"buckets": [{"name": "one", "acl": "private"}, {"name": "Bad_Name"}], "datavolumes": [volume]}
    for emulator in both.values():
        emulator.put("bucket", name="stray", owner="alice")
    tasks = [
        {BUCKET: {"name": "one", "owner": "alice", "retries": 2}},
        {BUCKET: {"name": "one", "state": "absent"}, "check_mode": True},
        {BUCKET: {"name": "two", "owner": "nobody"}},  # refused by the server
        {BUCKET: {"name": "Bad_Name"}},  # refused before any call
        {BUCKET: {"name": "one", "timeout": -1}},  # without a connection
        {BUCKET: {"name": "one", "api_url": "http://me:hunter2@127.0.0.1"}},
        {BUCKET: {"name": "one", "acl": "custom"}},  # without options
        {VOLUME: {**volume, "wait": False}},
        {RESOURCES: whole},
        {RESOURCES: {"buckets": [{"name": "one"}], "state": "overridden", "confirm_removal": 2}},
        {RESOURCES: {"buckets": [{"name": "one"}, {"name": "one"}]}},  # fails as a whole
    ]
    run = play(tmp_path, both, *({**task, "ignore_errors": True, "diff": False} for task in tasks))
    for host, emulator in both.items():
        results = [result.values for result in run.of(host)]
        assert len(results) == len(tasks)
        told = [result.get("declared") for result in results[:8]]
        assert told == [
            {"name": "one", "owner": "alice"},
            {"name": "one", "state": "absent"},
            {"name": "two", "owner": "nobody"},
            {"name": "Bad_Name"},
            {"name": "one"},
            {"name": "one"},
            None,
            shown,
        ]
        of_many = [[entry["declared"] for entry in result["results"]] for result in results[8:]]
        assert of_many[0] == [shown, {"name": "one", "acl": "private"}, {"name": "Bad_Name"}]
        removed = [{"name": name, "state": "absent"} for name in ("stray", "two")]  # a refused owner leaves a bucket
        assert sorted(of_many[1], key=str) == [{"name": "one"}, *removed]
        assert of_many[2] == [{"name": "one"}, {"name": "one"}]
        server = {"url": emulator.url, "scope": "demo"}
        refused = {5: {**server, "url": None}, 6: None}
        assert [result.get("server") for result in results] == [refused.get(n, server) for n in range(len(tasks))]
    assert "hunter2" not in run.output.replace(str(tmp_path), "") and TOKEN not in run.output
