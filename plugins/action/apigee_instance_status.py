# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations

from ..module_utils._apigee.instance_status import TASK
from ..plugin_utils._action import TaskAction


class ActionModule(TaskAction):
    task = TASK
