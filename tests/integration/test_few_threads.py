# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A declaration on a system that gives few threads, or none: what can be done is done, and each entry is told of."""

from __future__ import annotations

import json
from typing import Any

from emulator.process import Emulator
from tests.integration.processes import run_python

TOKEN = "few-threads-token"
BUCKETS = 24

# Leaves room for so many threads, each of which asks for much of the address space, then runs a declaration.
DECLARE = """
import json, resource, sys, threading
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.otterscale.core.plugins.module_utils._task import Context
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.declaration import TASK

stack = 1 << 32
threading.stack_size(stack)
room = int((int(sys.argv[1]) + 0.5) * stack)
resource.setrlimit(resource.RLIMIT_AS, (room, room))
validated = ArgumentSpecValidator(TASK.argument_spec).validate(json.load(sys.stdin))
summary = TASK.work(validated.validated_parameters, Context(False, TASK.system.connect))
print(json.dumps(summary.as_result(with_diff=False)))
"""


def declare(emulator: Emulator, threads: int) -> dict[str, Any]:
    buckets = [{"name": f"bucket-{number}", "owner": "alice"} for number in range(BUCKETS)]
    options = {"api_url": emulator.url, "api_token": TOKEN, "scope": "demo", "retries": 0, "buckets": buckets}
    done = run_python("-c", DECLARE, str(threads), seconds=60, text=json.dumps(options))
    return dict(json.loads(done.stdout))


def test_a_declaration_makes_do_with_the_threads_there_are() -> None:
    with Emulator(token=TOKEN) as emulator:
        for threads in (0, 2, 3, 5, 9, 14, 40):
            emulator.reset()
            result = declare(emulator, threads)
            assert len(result["results"]) == BUCKETS
            outcomes = result["summary"]
            if threads:
                assert outcomes["changed"] == BUCKETS, (threads, outcomes, result.get("msg"))
            else:
                assert outcomes["failed"] == BUCKETS and "cannot begin the call" in result["results"][0]["msg"]
                assert result["error"]["code"] == "unavailable"
