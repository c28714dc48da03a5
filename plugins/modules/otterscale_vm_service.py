#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_vm_service
short_description: Manage services of virtual machines on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Creates, updates and deletes a service that makes ports of a virtual machine reachable through node ports.
  - The task is compared with the existing service, and a write is sent only if they differ.
options:
  name:
    description:
      - Name of the service, a DNS-1035 label.
    type: str
    required: true
  namespace:
    description:
      - Kubernetes namespace of the service and its virtual machine.
    type: str
    required: true
  state:
    description:
      - Whether the service should exist.
    type: str
    choices: [present, absent]
    default: present
  virtual_machine:
    description:
      - Name of the virtual machine behind the service. Required to create the service.
      - It cannot be changed afterwards. A task that names another one fails without sending anything.
    type: str
  ports:
    description:
      - All ports of the service. Required to create the service.
      - A service keeps its ports if the option is not given. If it is given, ports that are not in it are removed.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the port, a DNS-1123 label. Required if there are several ports.
        type: str
      port:
        description:
          - Port of the service, from 1 to 65535.
        type: int
        required: true
      target_port:
        description:
          - Number or name of the port of the virtual machine. Defaults to O(ports[].port).
        type: str
      node_port:
        description:
          - Port on every node, from 30000 to 32767.
          - If not given, an existing port keeps its node port, and the server allocates one for a new port. Ports are
            matched by their name, or else by protocol and number.
        type: int
      protocol:
        description:
          - Protocol of the port.
        type: str
        choices: [TCP, UDP, SCTP]
        default: TCP
attributes:
  idempotent:
    support: partial
    details:
      - Without O(kubeconfig), a service that a server of 2025 does not list is updated on every run, with a warning.
notes:
  - OtterScale has no call that reads one service, and some versions of it do not list all of them. If a service exists
    without being listed, its ports are set with an update, and the task reports C(changed) and warns. Set O(kubeconfig)
    to have such a service compared instead.
  - O(state=absent) for a service that is not listed sends one delete to make sure. It reports C(changed) only if there
    was something to delete. In check mode it sends nothing, predicts no change and warns.
  - The API deletes and updates any Kubernetes service of that name, even one that OtterScale did not create.
  - OtterScale 1.x reads a service by its name, so none of the above holds there. A service that selects no virtual
    machine is left alone, and the task fails. To create a service, its virtual machine must exist.
seealso:
  - module: otterscale.core.otterscale_datavolume
extends_documentation_fragment:
  - otterscale.core.attributes
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
  - otterscale.core.kubernetes
"""

EXAMPLES = r"""
- name: Ensure the web server is reachable
  otterscale.core.otterscale_vm_service:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: web
    virtual_machine: web
    ports:
      - name: http
        port: 80
        target_port: "8080"
      - name: ssh
        port: 22
        node_port: 30022

- name: Delete a service
  otterscale.core.otterscale_vm_service:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: old-web
    state: absent
"""

RETURN = r"""
vm_service:
  description: The service, V(null) if it is absent. In check mode, what only the server can know is V(null).
  returned: always
  type: dict
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
      sample: [{name: http, port: 80, target_port: "8080", protocol: TCP, node_port: 31234}]
    created_at:
      description: Time of creation in UTC, RFC 3339.
      type: str
      returned: always
      sample: "2026-01-31T12:00:00Z"
# BEGIN generated: returns
declared:
  description:
    - The options that the task names, without those of the connection, secrets, what repeats a default, and what only
      says how the task is to be done, such as C(wait). A password in a URL is C(***).
  returned: unless an argument was refused
  type: dict
  sample: {namespace: shop, name: web, ports: [{port: 80}]}
server:
  description: What the task was about, C(url) and C(scope). The URL is V(null) if it was refused.
  returned: unless an argument was refused
  type: dict
  sample: {url: "https://otterscale.example.com", scope: production}
operations:
  description:
    - The writes that were sent and took effect, in order; in check mode those that would be sent.
    - Empty when nothing changed.
  returned: always
  type: list
  elements: dict
  contains:
    rpc:
      description: Name of the RPC.
      type: str
      returned: always
      sample: UpdateVirtualMachineService
    reason:
      description: Why the write was needed.
      type: str
      returned: always
      sample: the ports differ
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
      sample: UpdateVirtualMachineService
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
from ..module_utils._otterscale.vm_service import TASK


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
