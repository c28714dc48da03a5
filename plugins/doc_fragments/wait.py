# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the resource is ready, or gone with O(state=absent).
      - Check mode does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait, at most 2592000 (30 days). The task fails when the time is over.
    type: float
    default: 600
  wait_sleep:
    description:
      - Seconds between two checks, at most 2592000.
    type: float
    default: 5
  wait_progress:
    description:
      - Whether to show phase and progress while the task waits, at most one line every few seconds.
      - Only a task that runs in the controller's process can show progress.
      - The lines go to standard output if the stdout callback is C(default), C(minimal) or C(oneline), and to standard
        error with any other, because such a callback may write a single document.
    type: bool
    default: true
"""
