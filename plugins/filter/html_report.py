# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: html_report
short_description: A web page that shows what a declaration changed, or would change
version_added: 0.2.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Makes a page of what M(otterscale.core.otterscale_resources) returned; how many resources are as declared, what
    differs, before and after side by side, what failed and what to do, and the warnings.
  - The page is one HTML text. It needs no script and loads nothing, is light or dark as the reader prefers, and can be
    read on a phone and printed.
  - The role P(otterscale.core.provision#role) writes such a page to a file with C(otterscale_provision_report).
  - The totals count all resources. With details it shows at most 500 of them that differ and 500 reasons of failures,
    and it names at most 2,000 that are as declared.
notes:
  - Before and after are shown only if the task ran in diff mode. What is as declared is named only if the task lists
    it, see O(otterscale.core.otterscale_resources#module:results).
  - The page holds what the result holds, also of a task with C(no_log).
positional: _input
options:
  _input:
    description: The result of the task, as C(register) keeps it.
    type: dict
    required: true
  check_mode:
    description: Whether the task ran in check mode, so that the page speaks of what would be changed.
    type: bool
    default: false
  time:
    description: When the task ran, as the page shows it, such as C(2026-01-31T02:00:00Z).
    type: str
    default: ""
  about:
    description: What else the page says of the run at its beginning, as labels and texts.
    type: dict
    default: {}
seealso:
  - module: otterscale.core.otterscale_resources
"""

EXAMPLES = r"""
- name: Find out what differs from the declaration
  otterscale.core.otterscale_resources:
    buckets: "{{ buckets }}"
  check_mode: true
  diff: true
  register: drift

- name: Write a page about it
  ansible.builtin.copy:
    content: "{{ drift | otterscale.core.html_report(check_mode=true) }}"
    dest: /srv/reports/drift.html
    mode: "0644"
  check_mode: false
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._html_report import page


def html_report(result: Any, check_mode: bool = False, time: str = "", about: Mapping[str, Any] | None = None) -> str:
    if not isinstance(result, Mapping) or not ("results" in result or result.get("failed")):
        raise AnsibleFilterError("html_report needs the result of otterscale_resources, as 'register' keeps it")
    return page(result, check_mode=check_mode, time=time, about=about)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"html_report": html_report}
