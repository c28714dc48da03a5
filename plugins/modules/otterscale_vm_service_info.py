#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_vm_service_info
short_description: Read VM services on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Returns all services of virtual machines in a namespace, or one of them, as M(otterscale.core.otterscale_vm_service)
    returns a service.
  - The task sends one call that reads.
options:
  name:
    description:
      - Name of the VM service. If there is none of this name, the result is an empty list.
      - If not given, the task returns all VM services of the namespace.
    type: str
  namespace:
    description:
      - Kubernetes namespace of the VM services and their virtual machines.
    type: str
    required: true
notes:
  - Depending on its version, OtterScale lists all VM services, only those that are named like their virtual machine, or
    none. A VM service that is not listed is not in the result.
  - OtterScale 1.x lists those with the label C(otterscale.com/virtual-machine.name), which it and this collection set.
seealso:
  - module: otterscale.core.otterscale_vm_service
extends_documentation_fragment:
  - otterscale.core.attributes.info
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
"""

EXAMPLES = r"""
- name: Read all VM services of a namespace
  otterscale.core.otterscale_vm_service_info:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
  register: found

- name: Show the node ports of the web server
  ansible.builtin.debug:
    msg: "{{ found.vm_services | selectattr('virtual_machine', 'eq', 'web') | map(attribute='ports') | flatten
      | map(attribute='node_port') }}"
"""

RETURN = r"""
# BEGIN generated: returns of otterscale_vm_service
vm_services:
  description: What was found, in the order in which the server lists it. Empty if there is nothing.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the service.
      type: str
      returned: always
    namespace:
      description: Namespace of the service.
      type: str
      returned: always
    virtual_machine:
      description: Virtual machine behind the service.
      type: str
      returned: always
    type:
      description: Type of the Kubernetes service.
      type: str
      returned: always
      sample: NodePort
    cluster_ip:
      description: Address of the service inside the cluster.
      type: str
      returned: always
      sample: 10.96.12.7
    ports:
      description: Ports of the service.
      type: list
      elements: dict
      returned: always
      sample:
        - name: http
          port: 80
          target_port: '8080'
          protocol: TCP
          node_port: 31234
    created_at:
      description: Time of creation in UTC, RFC 3339.
      type: str
      returned: always
      sample: '2026-01-31T12:00:00Z'
server:
  description: What the task was about, C(url) and C(scope). The URL is V(null) if it was refused.
  returned: unless an argument was refused
  type: dict
  sample: {url: "https://otterscale.example.com", scope: production}
error:
  description: Why the task failed, for playbooks and programs. RV(ignore:msg) says it in words, with what to do.
  returned: failure
  type: dict
  contains:
    code:
      description: Code of the Connect protocol, or V(client) for a failure that was found before a write was sent.
      type: str
      returned: always
      sample: unavailable
    rpc:
      description:
        - Name of the RPC that failed, V(null) if the failure has nothing to do with a call.
        - A read of the Kubernetes API is V(Kubernetes GET); requests to an identity provider are V(oidc discovery) and
          V(oidc token).
      type: str
      returned: always
      sample: ListVirtualMachines
    http_status:
      description: HTTP status of the answer, V(null) if there was no answer.
      type: int
      returned: always
      sample: 503
    message:
      description: The message of the server, or of a proxy in front of it.
      type: str
      returned: always
    details:
      description: Error details of the server, each with C(type), the decoded C(value), and C(debug) if it was sent.
      type: list
      elements: dict
      returned: always
# END generated
"""

from ..module_utils._module import run
from ..module_utils._otterscale.vm_service import INFO


def main() -> None:
    run(INFO)


if __name__ == "__main__":
    main()
