# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The module door: AnsibleModule in, exit_json or fail_json out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._engine.reads import Readings
from ._http.exchange import REQUESTS_IMPORT_ERROR
from ._http.secrets import Secrets
from ._otterscale.connection import CONNECTION_SPEC, shown_params
from ._task import (
    Mode,
    Report,
    ResourceType,
    converge,
    hide_entries,
    open_readings,
    shown,
)


def run(resource_type: ResourceType, argument_spec: Mapping[str, Any]) -> None:
    """The main() of a module for one resource."""
    run_with(lambda params, mode: converge(resource_type, params, mode), argument_spec)


def run_with(work: Callable[[Mapping[str, Any], Mode], Report], argument_spec: Mapping[str, Any]) -> None:
    """The main() of a module that does `work`."""
    gc.freeze()  # What was imported lasts as long as the process; collecting it at its end would cost 8 % of a run.
    module = _Module(argument_spec={**CONNECTION_SPEC, **argument_spec}, supports_check_mode=True)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    secrets = Secrets()

    def readings(params: Mapping[str, Any]) -> Readings:
        nonlocal secrets
        opened = open_readings(params)
        secrets = opened.client.secrets
        return opened

    report = work(module.params, Mode(check=module.check_mode, readings=readings))
    result, warnings = shown(report, secrets, with_diff=module._diff)
    for warning in warnings:
        module.warn(warning)
    if module.no_log:
        hide_entries(result)
    if report.error is None:
        module.exit_json(**result)
    module.fail_json(**result)


class _Module(AnsibleModule):  # type: ignore[misc]
    """A module whose results show no password of a URL: AnsibleModule adds its params to them."""

    params: dict[str, Any]

    def exit_json(self, **kwargs: Any) -> None:
        self.params = shown_params(self.params)
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        self.params = shown_params(self.params)  # also where they have just been refused
        super().fail_json(msg=Secrets().hide(msg), **kwargs)
