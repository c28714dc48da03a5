# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Write every result of a playbook run to the file $OTTERSCALE_RESULTS, one JSON object a line."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: otterscale_results
type: notification
short_description: Results as JSON lines, for the integration tests
description:
  - Results as JSON lines, for the integration tests.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "otterscale_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result, failed=False):
        task = result._task
        if task.loop and "results" in result._result:
            return  # its items were written one by one
        line = {
            "host": result._host.get_name(),
            "task": task.get_name(),
            "action": task.action,
            # Ansible takes "failed" out of a result before it shows it to callbacks.
            "result": {**result._result, "failed": failed},
        }
        with open(os.environ["OTTERSCALE_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._write(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, failed=True)

    def v2_runner_item_on_ok(self, result):
        self._write(result)

    def v2_runner_item_on_failed(self, result):
        self._write(result, failed=True)
