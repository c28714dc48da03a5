# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - Only calls that read are sent. RV(ignore:diff.after) is what a real run reports.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details:
      - The diff contains the options that the task sets, and nothing that the server fills in.
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - With a local connection, the action plugin does the work in the controller's process, where the items of a loop
        share an HTTP session and the lists that they read.
      - A task with C(become), C(async), C(environment), another connection or another C(ansible_python_interpreter), or
        with the variable C(otterscale_in_process) set to V(false), runs as an ordinary module, with the same results.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - The module only reads. It does the same in check mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details:
      - The module changes nothing.
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - With a local connection the work is done in the process of the controller, where the items of a loop share a
        session and what they read.
      - A task with C(become), C(async), C(environment), another connection or another C(ansible_python_interpreter), or
        with the variable C(otterscale_in_process) set to V(false), runs as an ordinary module, with the same results.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/otterscale.core.otterscale) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - otterscale.core.otterscale
"""

    ACTIONGROUP_IEF = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/otterscale.core.ief) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - otterscale.core.ief
"""
