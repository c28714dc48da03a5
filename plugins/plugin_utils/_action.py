# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The action door: the same work as the module's, inside the controller's process where a task allows it.

A module costs a Python process, an archive and its imports for each item of a loop. Ansible imports an action plugin
once, before it forks the worker that runs the whole loop, and so the items share a session and what they read.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Collection, Mapping
from os.path import abspath, expanduser
from typing import Any

from ansible import constants as C
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._errors import ApiError
from ..module_utils._task import Connection, Context, Params, Task, hide_entries

try:
    from ansible.module_utils.common.json import Direction, get_module_encoder

    # How ansible-core writes the arguments of a module.
    _MODULE_JSON: dict[str, Any] = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}
except ImportError:  # before ansible-core 2.19
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _MODULE_JSON = {"cls": AnsibleJSONEncoder, "vault_to_text": True}

PROGRESS_SECONDS = 3.0
MAX_DEPTH = 100  # Ansible goes through arguments by functions that call themselves, several for each level.

# The callbacks of ansible-core that write to stdout line by line; another one may write a single document.
_LINE_CALLBACKS = {
    f"{namespace}{name}"
    for namespace in ("", "ansible.builtin.", "ansible.legacy.")
    for name in ("default", "minimal", "oneline")
}

display = Display()

# What the tasks of this process share. A worker runs all items of one task, and no other task.
_SHARED: dict[tuple[Any, ...], Connection] = {}


class TaskAction(ActionBase):  # type: ignore[misc]
    """The action plugin of a module. (`_task` is ActionBase's own: the task as the playbook has it.)"""

    _supports_async = True  # by handing over

    task: Task

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of the task. Raises what ActionBase does."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            arguments = _as_module_gets_them(self._task.args)
        except ApiError as error:
            message = f"{error.message}. {error.advice}"
            result = {"changed": False, "failed": True, "msg": message, "error": error.as_dict()}
        else:
            if self._may_run_here(variables):
                result = self._run_here(arguments, variables)
            else:
                result = self._run_module(task_vars)
        return _censored(result) if self._task.no_log else result

    def _run_module(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
        if not self._task.async_val:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _may_run_here(self, variables: Mapping[str, Any]) -> bool:
        """Whether nothing about the task asks for another process than this one."""
        return (
            bool(self._connection.transport == "local")
            and self._connection.become is None
            and not self._task.async_val
            and not any(self._task.environment or ())
            and not any(self.task.system.libraries.values())
            and bool(boolean(self._templar.template(variables.get("otterscale_in_process", True))))
            and not self._asks_for_another_python(variables)
        )

    def _asks_for_another_python(self, variables: Mapping[str, Any]) -> bool:
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        asked = str(self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)))
        if asked == sys.executable or asked.startswith("auto"):
            return False
        return abspath(shutil.which(expanduser(asked)) or asked) != abspath(sys.executable)

    def _run_here(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        system = self.task.system
        validated = ArgumentSpecValidator(self.task.argument_spec).validate(arguments)
        params = validated.validated_parameters
        values: dict[str, Any]
        if validated.error_messages:
            message = validated.errors.msg
            if isinstance(validated.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({self._task.action}) module: {message}"
            values = {"failed": True, "msg": system.hide(message)}
        else:
            notify = self._show_progress() if params.get("wait_progress") and not self._task.no_log else None
            context = Context(self._task.check_mode, self._shared_connection, notify)
            result = self.task.run(params, context, with_diff=self._task.diff)
            values = result.values
            if result.failed:
                values["failed"] = True
            if result.warnings:
                values["warnings"] = result.warnings
        if validated._deprecations:
            values["deprecations"] = validated._deprecations
        if _shows_invocation(variables):
            values["invocation"] = {"module_args": system.show(params)}
        return _masked(values, validated._no_log_values)

    def _shared_connection(self, params: Params) -> Connection:
        system = self.task.system
        key = (self._task._uuid, *(params[option] for option in system.options))
        if key not in _SHARED:
            _SHARED[key] = system.connect(params)
        return _SHARED[key]

    def _show_progress(self) -> Any:
        shown = -PROGRESS_SECONDS
        to_stderr = C.config.get_config_value("DEFAULT_STDOUT_CALLBACK") not in _LINE_CALLBACKS

        def notify(line: str) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= PROGRESS_SECONDS:
                shown = now
                display.display(f"{self._task.action}: {line}", stderr=to_stderr)

        return notify


def _as_module_gets_them(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON leaves them. Raises a `client` ApiError that names the option it cannot hold."""
    try:
        return _through_json(arguments)
    except ValueError:
        for option, value in arguments.items():
            try:
                _through_json({option: value})
            except ValueError as error:
                # Without the value, which may be a secret.
                raise ApiError("client", f"option '{option}' {error}") from None
        raise


def _through_json(arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(arguments, **_MODULE_JSON))
        too_deep = _depth(plain) > MAX_DEPTH
    except (TypeError, ValueError) as error:
        raise ValueError(f"holds a value that JSON cannot represent ({error}): write it as text, with quotes") from None
    except RecursionError:
        too_deep = True
    if too_deep:
        raise ValueError(f"is nested more than {MAX_DEPTH} deep")
    return plain


def _depth(value: Any) -> int:
    """How many objects and lists there are around what is innermost, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _masked(values: dict[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """The result without what must not be shown, as that of a module.

    Nearly always there is nothing to hide, and one look at all of it is much cheaper than one at each text.
    """
    text = (json.dumps(values, ensure_ascii=False, default=str) + "None").lower()  # as old cores read null
    if any(json.dumps(secret, ensure_ascii=False)[1:-1].lower() in text for secret in secrets):
        values = remove_values(values, secrets)
    return values


def _censored(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a task with `no_log`. Ansible hides it, but since 2.19 it shows the message of a failure."""
    hide_entries(result)
    for failed in (result, *result.get("results", ())):
        if error := failed.get("error"):
            failed.pop("exception", None)  # made of the message
            what = f"{error['rpc'] or 'the task'} failed [{error['code']}]"
            failed["msg"] = f"{what}; 'no_log' hides the rest. A registered result has it in 'error'."
    return result


def _shows_invocation(variables: Mapping[str, Any]) -> bool:
    """Whether results have the arguments in them, as those of modules have; before ansible-core 2.21 always."""
    if "INJECT_INVOCATION" not in C.config.get_configuration_definitions():
        return True
    return bool(C.config.get_config_value("INJECT_INVOCATION", variables=variables))
