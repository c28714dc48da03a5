# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The module door: AnsibleModule in, exit_json or fail_json out."""

from __future__ import annotations

import gc
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._task import Context, Task, hide_entries


def run(task: Task) -> None:
    """The main() of a module."""
    gc.freeze()  # What was imported lasts as long as the process; collecting it at its end would cost 8 % of a run.
    module = _Module(task)
    for library, missing in task.system.libraries.items():
        if missing is not None:
            module.fail_json(msg=missing_required_lib(library), exception=str(missing))
    context = Context(module.check_mode, task.system.connect)
    result = task.run(module.params, context, with_diff=module._diff)
    for warning in result.warnings:
        module.warn(warning)
    if module.no_log:
        hide_entries(result.values)
    if result.failed:
        module.fail_json(**result.values)
    module.exit_json(**result.values)


class _Module(AnsibleModule):  # type: ignore[misc]
    """A module whose results show no password of a URL: AnsibleModule adds its params to them."""

    params: dict[str, Any]

    def __init__(self, task: Task) -> None:
        self._system = task.system
        super().__init__(argument_spec=task.argument_spec, supports_check_mode=True)

    def exit_json(self, **kwargs: Any) -> None:
        self.params = self._system.show(self.params)
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        self.params = self._system.show(self.params)  # also where they have just been refused
        super().fail_json(msg=self._system.hide(msg), **kwargs)
