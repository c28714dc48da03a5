# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file for the Kubernetes cluster behind O(scope).
      - With it, a resource that OtterScale does not list is read from the Kubernetes API, so that it can be compared,
        and its absence be proven. Nothing is ever written there.
      - Only an answer of the Kubernetes API about that very resource counts. Any other one, such as the page of a proxy
        or of a cluster without such resources, fails the task.
      - O(timeout) bounds each of these reads, with the exec plugin that the file may name. What such a plugin prints is
        not shown, since it may hold secrets.
      - Needs the Python library C(kubernetes). Without this option, Kubernetes is not asked.
    type: path
  context:
    description:
      - Context of the O(kubeconfig) file, its current one if not given.
    type: str
"""
