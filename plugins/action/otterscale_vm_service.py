# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations

from ..module_utils._otterscale.vm_service import ARGUMENT_SPEC, VMService
from ..plugin_utils._action import ReconcileAction


class ActionModule(ReconcileAction):
    resource_type, argument_spec = VMService, ARGUMENT_SPEC
