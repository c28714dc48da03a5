# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations

from ..module_utils._otterscale.declaration import ARGUMENT_SPEC, converge_all
from ..plugin_utils._action import ReconcileAction


class ActionModule(ReconcileAction):
    work, argument_spec = staticmethod(converge_all), ARGUMENT_SPEC
