# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The module door: AnsibleModule in, exit_json or fail_json out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.otterscale.core.plugins.module_utils._errors import OtterScaleError
from ansible_collections.otterscale.core.plugins.module_utils._http import REQUESTS_IMPORT_ERROR
from ansible_collections.otterscale.core.plugins.module_utils._options import (
    CONNECTION_SPEC,
    connect,
    plain_http_warnings,
)
from ansible_collections.otterscale.core.plugins.module_utils._reconcile import Outcome, Resource, reconcile


class ResourceType(Protocol):
    """A resource class: made from the options of a task."""

    kind: str

    def from_params(self, params: Mapping[str, Any]) -> Resource[Any]:
        """Check the options of a task. Raises a `client` OtterScaleError."""


def converge(resource_type: ResourceType, params: Mapping[str, Any], *, check: bool) -> Outcome:
    """From the options of a task to its outcome; bad options are a failed outcome too."""
    try:
        client = connect(params)
        resource = resource_type.from_params(params)
    except OtterScaleError as error:
        name = "/".join(filter(None, (params.get("namespace"), params["name"])))
        message = f"{resource_type.kind} {name}: {error.message.rstrip(' .')}. {error.advice}"
        return Outcome(resource_type.kind, error=error, msg=message)
    outcome = reconcile(resource, client, check=check, retries=params["retries"])
    outcome.warnings[:0] = plain_http_warnings(params)
    return outcome


def run(resource_type: ResourceType, argument_spec: Mapping[str, Any]) -> None:
    """The main() of a module."""
    module = AnsibleModule(argument_spec={**CONNECTION_SPEC, **argument_spec}, supports_check_mode=True)
    if REQUESTS_IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("requests"), exception=str(REQUESTS_IMPORT_ERROR))
    outcome = converge(resource_type, module.params, check=module.check_mode)
    for warning in outcome.warnings:
        module.warn(warning)
    result = outcome.as_result(with_diff=module._diff)
    if outcome.error is None:
        module.exit_json(**result)
    module.fail_json(**result)
