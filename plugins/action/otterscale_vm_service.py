# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations

from ansible_collections.otterscale.core.plugins.module_utils._vm_service import ARGUMENT_SPEC, VMService
from ansible_collections.otterscale.core.plugins.plugin_utils._action import ReconcileAction


class ActionModule(ReconcileAction):
    resource_type, argument_spec = VMService, ARGUMENT_SPEC
