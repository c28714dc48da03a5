# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: status_report
type: notification
short_description: Report what became of declared resources to a control plane
version_added: 0.2.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Sends one report for each play, in the form in which runtime instances of Apigee report their status. It says of
    each resource that tasks of this collection managed what was declared, on how many hosts that was reached, and why
    not on the others.
  - A play without such resources sends nothing. Tasks of other collections, modules that only read, and
    M(otterscale.core.apigee_instance_status) are not reported.
  - Nothing that happens here fails a play or delays its end by more than O(timeout). What goes wrong is one warning at
    the end of the run.
requirements:
  - enabled in the configuration, with C(callbacks_enabled)
  - requests >= 2.28, unless O(sink=file)
  - google-auth (only with O(service_account_file))
options:
  sink:
    description:
      - Where reports go.
      - V(apigee) is the API of Apigee. V(http) is any URL that takes the same body by POST. V(file) is a file that gets
        one line of JSON for each report.
    type: str
    choices: [apigee, http, file]
    default: apigee
    ini: [{section: callback_status_report, key: sink}]
    env: [{name: STATUS_REPORT_SINK}]
  url:
    description:
      - The URL for O(sink=http), with C(http) or C(https).
      - For O(sink=apigee) the endpoint, by default C(https://apigee.googleapis.com).
      - Certificates are checked with the CA bundle of E(REQUESTS_CA_BUNDLE), or that of the Python library C(requests).
    type: str
    ini: [{section: callback_status_report, key: url}]
    env: [{name: STATUS_REPORT_URL}]
  path:
    description:
      - The file for O(sink=file). Its folder must exist.
    type: path
    ini: [{section: callback_status_report, key: path}]
    env: [{name: STATUS_REPORT_PATH}]
  instance:
    description:
      - The instance that O(sink=apigee) reports for, such as C(organizations/acme/instances/nightly).
    type: str
    ini: [{section: callback_status_report, key: instance}]
    env: [{name: STATUS_REPORT_INSTANCE}]
  instance_uid:
    description:
      - A unique ID of the instance, which tells it from others of the same name. Left out of reports if not given.
    type: str
    ini: [{section: callback_status_report, key: instance_uid}]
    env: [{name: STATUS_REPORT_INSTANCE_UID}]
  access_token:
    description:
      - Bearer token. O(sink=apigee) needs one, or O(service_account_file). An environment variable is a better place
        for it than a file.
    type: str
    ini: [{section: callback_status_report, key: access_token}]
    env: [{name: STATUS_REPORT_ACCESS_TOKEN}]
  service_account_file:
    description:
      - Path of the JSON key file of a Google service account, whose tokens are fetched if O(access_token) is not given.
    type: path
    ini: [{section: callback_status_report, key: service_account_file}]
    env: [{name: STATUS_REPORT_SERVICE_ACCOUNT_FILE}]
  spool:
    description:
      - A folder that keeps what could not be delivered. It is made, for its owner only, if it does not exist. One that
        everybody may write to is not used.
      - Its reports are sent before the next one, the oldest first, so that of one instance none follows a newer one. It
        holds at most 100 reports, and none for longer than 7 days.
      - A report that is refused with status 400 or 404 is dropped. After 401, 403, 429, 5xx and without an answer it is
        kept.
      - Without this option, what cannot be delivered is lost.
    type: path
    ini: [{section: callback_status_report, key: spool}]
    env: [{name: STATUS_REPORT_SPOOL}]
  timeout:
    description:
      - Seconds that the end of a play may be delayed at most.
    type: float
    default: 10
    ini: [{section: callback_status_report, key: timeout}]
    env: [{name: STATUS_REPORT_TIMEOUT}]
  report_check_mode:
    description:
      - Whether tasks in check mode are reported. What a real run would change then counts as not reached.
    type: bool
    default: false
    ini: [{section: callback_status_report, key: report_check_mode}]
    env: [{name: STATUS_REPORT_CHECK_MODE}]
notes:
  - An environment variable that is empty counts as not set.
  - A task with C(no_log) is reported without what it declared and without messages.
seealso:
  - module: otterscale.core.apigee_instance_status
"""

import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

from ..module_utils._apigee.delivery import Delivery
from ..module_utils._apigee.outcomes import TaskEnd, outcomes_of
from ..module_utils._apigee.report import Outcome

COLLECTION = "otterscale.core."
ENVIRONMENT = "STATUS_REPORT_"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "otterscale.core.status_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._delivery: Delivery | None = None
        self._report_check_mode = False
        self._play = ""
        self._outcomes: list[Outcome] = []
        self._problems: dict[str, None] = {}

    def set_options(self, *args: Any, **keywords: Any) -> None:
        for name in [name for name, value in os.environ.items() if name.startswith(ENVIRONMENT) and not value.strip()]:
            del os.environ[name]  # AWX sets every variable of a credential, and Ansible would take "" for a value
        super().set_options(*args, **keywords)
        names = ("sink", "url", "path", "instance", "instance_uid", "access_token", "service_account_file", "spool")
        self._delivery = Delivery({name: self.get_option(name) for name in (*names, "timeout")})
        self._report_check_mode = self.get_option("report_check_mode")

    # A play with `serial` starts once for each of its batches.

    def v2_playbook_on_play_start(self, play: Any) -> None:
        if play._uuid != self._play:
            self._end_play()
            self._play = play._uuid

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._end_play()
        if self._problems:
            self._display.warning(f"status_report: {' '.join(self._problems)}")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._on_task(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._on_task(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._on_task(result, unreachable=True)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._note(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._note(result, failed=True)

    def _on_task(self, result: Any, **ended: bool) -> None:
        if not result._task.loop:  # whose items have been noted one by one
            self._note(result, **ended)

    def _note(self, result: Any, **ended: bool) -> None:
        """Keep what became of the resources. It fails no play, whatever it meets."""
        try:
            task = result._task
            action = str(task.action)
            if not action.startswith(COLLECTION):
                action = str(getattr(task, "resolved_action", None) or action)
            if not action.startswith(COLLECTION):
                return
            fields: Mapping[str, Any] = result._task_fields
            if fields.get("check_mode") and not self._report_check_mode:
                return
            values: Mapping[str, Any] = result._result
            end = TaskEnd(
                host=result._host.get_name(),
                module=action.removeprefix(COLLECTION),
                result=values,
                arguments=fields.get("args") or {},
                unreachable=ended.get("unreachable", False) or bool(values.get("unreachable")),
                failed=ended.get("failed", False),
                hidden="censored" in values,
                check=bool(fields.get("check_mode")),
            )
            self._outcomes += outcomes_of(end, os.environ)
        except Exception as error:
            self._problems[f"A task could not be reported ({type(error).__name__})."] = None

    def _end_play(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes or self._delivery is None:
            return
        try:
            self._problems.update(dict.fromkeys(self._delivery.report(outcomes)))
        except Exception as error:
            self._problems[f"A play could not be reported ({type(error).__name__})."] = None
