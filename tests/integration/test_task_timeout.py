# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A declaration whose task runs out of its time while it waits: the play goes on, and ends, without it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from emulator.process import Emulator
from tests.integration.playbook import MODULE
from tests.integration.test_in_process import BUCKET, RESOURCES, play

WAIT_SECONDS = 90.0


def test_a_declaration_that_waits_ends_with_the_time_of_its_task(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    """With one fork, whatever comes next needs the process of the task that is over."""
    environment.setenv("ANSIBLE_FORKS", "1")
    source = {"type": "http_url", "data": "https://images.test/stuck.img"}
    waited = {"wait": True, "wait_timeout": WAIT_SECONDS, "wait_sleep": 0.2}
    volumes = [
        {"name": f"disk-{number}", "namespace": "default", "source": source, "size": "1Gi", **waited}
        for number in range(6)
    ]
    declared = {RESOURCES: {"datavolumes": volumes, "max_parallel": 3}, "timeout": 2, "ignore_errors": True}
    after = {BUCKET: {"name": "after", "owner": "alice"}}
    with Emulator("--import-seconds", "0", token="t") as here, Emulator("--import-seconds", "0", token="t") as module:
        began = time.monotonic()
        run = play(tmp_path, {"plain": here, "plain" + MODULE: module}, declared, after)
        assert time.monotonic() - began < WAIT_SECONDS / 2
        for host in ("plain", "plain" + MODULE):
            timed_out, made = run.of(host)
            assert timed_out.values["failed"] and "results" not in timed_out.values
            assert made.values["changed"]
            # No more than were at work when its time was over.
            assert [call["rpc"] for call in run.writes(host)] == ["CreateDataVolume"] * 3 + ["CreateBucket"]
