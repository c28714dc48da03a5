# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations

from ..module_utils._otterscale.datavolume import INFO
from ..plugin_utils._action import TaskAction


class ActionModule(TaskAction):
    task = INFO
