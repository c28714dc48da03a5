# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file for the Kubernetes cluster behind O(scope).
      - With this option, a resource that OtterScale does not list is read from the Kubernetes API, so that it can be
        compared or its absence proven. Nothing is ever written to Kubernetes.
      - Only an answer of the Kubernetes API about that very resource counts. Any other answer, such as the page of a
        proxy, or that of a cluster which does not serve such resources, fails the task.
      - O(timeout) limits each of these reads, including an exec plugin that the kubeconfig runs. The output of such a
        plugin is not shown, because it may contain secrets.
      - Requires the Python library C(kubernetes). Without this option, Kubernetes is not read.
    type: path
  context:
    description:
      - Context of the O(kubeconfig) file to use. If not given, its current context is used.
    type: str
"""
