# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Write all results of a run to stdout as one JSON document, as some stdout callbacks do."""

from __future__ import annotations

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: otterscale_document
type: stdout
short_description: Results as one JSON document, for the integration tests
description:
  - Results as one JSON document, for the integration tests.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "otterscale_document"

    def __init__(self):
        super().__init__()
        self._results = []

    def v2_runner_on_ok(self, result):
        self._results.append(result._result)

    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps(self._results, default=str))
