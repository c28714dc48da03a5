# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Tasks that run out of the time that the keyword `timeout` gives them: the play goes on, and ends, without them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from emulator.process import Emulator
from tests.integration.playbook import MODULE
from tests.integration.test_in_process import BUCKET, RESOURCES, play

WAIT_SECONDS = 90.0


def test_a_task_ends_with_its_time(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
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
    slow = {BUCKET: {"name": "after", "state": "absent", "retries": 0}, "timeout": 1, "ignore_errors": True}
    # Servers of its own: Ansible does not end a module whose time is over, and its calls are not for other tests.
    with Emulator("--import-seconds", "0", token="t") as here, Emulator("--import-seconds", "0", token="t") as module:
        both = {"plain": here, "plain" + MODULE: module}
        for emulator in both.values():
            emulator.add_faults({"rpc": "DeleteBucket", "kind": "delay", "seconds": 30})
        began = time.monotonic()
        run = play(tmp_path, both, declared, after, slow)
        assert time.monotonic() - began < WAIT_SECONDS / 2
        for host in both:
            timed_out, made, kept = run.of(host)
            assert timed_out.values["failed"] and "results" not in timed_out.values
            assert made.values["changed"]
            assert kept.values["failed"] and not kept.values["changed"]
            # No more than were at work when its time was over.
            assert [call["rpc"] for call in run.writes(host)][:4] == ["CreateDataVolume"] * 3 + ["CreateBucket"]
        assert run.of("plain")[2].values["msg"] == run.of("plain" + MODULE)[2].values["msg"]
