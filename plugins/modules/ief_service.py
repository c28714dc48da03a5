#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ief_service
short_description: Manage edge services on Huawei Cloud IEF
version_added: 0.2.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Creates, updates and deletes a service of Intelligent EdgeFabric (IEF), which makes ports of applications reachable
    on edge nodes.
  - The task is compared with the service that exists, and only if something differs the service is replaced. What the
    task does not name stays as it is.
options:
  name:
    description:
      - Name of the service, at most 64 lowercase letters, digits and hyphens. It begins with a letter and ends with a
        letter or a digit.
      - Either this option or O(service_id) is needed. With both, the service of that ID is given the name.
      - Names are compared exactly. Where several services have the name, the task fails and tells their IDs.
    type: str
  service_id:
    description:
      - ID of the service.
      - A service that does not exist is an error for O(state=present), since IDs are given by IEF.
    type: str
  state:
    description:
      - Whether the service shall exist.
    type: str
    choices: [present, absent]
    default: present
  labels:
    description:
      - All labels of the service. An empty dictionary removes them.
      - Values are text, so V("1") needs its quotes.
    type: dict
  selector:
    description:
      - The labels of the applications that the service leads to. Needed to create the service.
      - Values are text, so V("1") needs its quotes.
    type: dict
  service_type:
    description:
      - Type of the service, such as V(NodePort). An empty one is the default of IEF.
    type: str
  cluster_ip:
    description:
      - Virtual address of the service, or V(None) for a service without one. An empty one is the default of IEF.
    type: str
  ports:
    description:
      - All ports of the service. Needed to create the service.
      - A service keeps its ports if the option is not given. If it is given, ports that it does not hold are removed.
      - The suboptions are those of M(otterscale.core.otterscale_vm_service), so one list can serve both.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the port, V(tcp-) or V(http-) and a suffix of lowercase letters, digits and hyphens. By the first
            part IEF knows how to route.
          - V(tcp-) and the number of the port if not given. A port of another protocol than V(TCP) needs a name.
        type: str
      port:
        description:
          - Port of the service, from 1 to 65535.
        type: int
        required: true
      target_port:
        description:
          - Number of the port of the application, from 1 to 65535. Equal to O(ports[].port) if not given.
        type: str
      node_port:
        description:
          - Port on every node, from 30000 to 32767, for O(service_type=NodePort).
          - If not given, a port that exists keeps its node port. A port is known by its name, else by its protocol and
            number.
        type: int
      protocol:
        description:
          - Protocol of the port.
        type: str
        choices: [TCP, UDP, SCTP]
        default: TCP
notes:
  - IEF does not promise that names are unique. A service whose creation is not answered in time is therefore not
    created a second time. The task looks for it, and fails if it is not there.
  - IEF leaves empty members out of its answers. An option that is empty, and a member that is not there, are the same.
seealso:
  - module: otterscale.core.otterscale_vm_service
  - name: Updating a Service
    description: The call of IEF behind this module.
    link: https://support.huaweicloud.com/intl/en-us/api-ief/
extends_documentation_fragment:
  - otterscale.core.attributes
  - otterscale.core.attributes.actiongroup_ief
  - otterscale.core.ief_connection
"""

EXAMPLES = r"""
- name: Make the web server reachable at the edge
  otterscale.core.ief_service:
    endpoint: https://ief2.ap-southeast-3.myhuaweicloud.com
    project_id: "{{ ief_project_id }}"
    instance_id: "{{ ief_instance_id }}"
    iam_endpoint: https://iam.ap-southeast-3.myhuaweicloud.com
    iam_user: automation
    iam_password: "{{ ief_password }}"
    iam_domain: example
    name: web
    selector:
      app: web
    ports:
      - name: http-web
        port: 80
        target_port: "8080"

- name: Give a service another name, and take its labels away
  otterscale.core.ief_service:
    endpoint: https://ief2.ap-southeast-3.myhuaweicloud.com
    project_id: "{{ ief_project_id }}"
    instance_id: "{{ ief_instance_id }}"
    auth_token: "{{ ief_token }}"
    service_id: 81acf9ff-de6d-4736-8d1a-f43bb058e79d
    name: web-old
    labels: {}

- name: Remove a service
  otterscale.core.ief_service:
    endpoint: https://ief2.ap-southeast-3.myhuaweicloud.com
    project_id: "{{ ief_project_id }}"
    instance_id: "{{ ief_instance_id }}"
    auth_token: "{{ ief_token }}"
    name: web-old
    state: absent
"""

RETURN = r"""
ief_service:
  description: The service, none if it is absent. In check mode, what only the server can know is none.
  returned: always
  type: dict
  contains:
    id:
      description: ID of the service.
      type: str
      returned: always
      sample: 81acf9ff-de6d-4736-8d1a-f43bb058e79d
    name:
      description: Name of the service.
      type: str
      returned: always
    project_id:
      description: Project of the service.
      type: str
      returned: always
      sample: e78acc02d9d141eda5ca8e88fa35f6f8
    labels:
      description: Labels of the service.
      type: dict
      returned: always
    selector:
      description: Labels of the applications that the service leads to.
      type: dict
      returned: always
      sample: {app: web}
    type:
      description: Type of the service, none if it has the default.
      type: str
      returned: always
      sample: NodePort
    cluster_ip:
      description: Virtual address of the service, none if IEF tells none. A service without one has V("None").
      type: str
      returned: always
      sample: "None"
    ports:
      description: Ports of the service.
      type: list
      elements: dict
      returned: always
      sample: [{name: http-web, port: 80, target_port: "8080", protocol: TCP, node_port: null}]
    created_at:
      description: Time of creation in UTC, RFC 3339.
      type: str
      returned: always
      sample: "2020-07-08T01:23:25.845332209Z"
    updated_at:
      description: Time of the last update in UTC, RFC 3339.
      type: str
      returned: always
      sample: "2020-07-08T01:23:25.845332209Z"
# BEGIN generated: returns
declared:
  description:
    - The options that the task names, without those of the connection, secrets, what repeats a default, and what only
      says how the task is to be done, such as C(wait). A password in a URL is C(***).
  returned: unless an argument was refused
  type: dict
  sample: {name: web, ports: [{name: http-0, port: 80}]}
server:
  description: What the task was about, C(url) and C(project_id). The URL is V(null) if it was refused.
  returned: unless an argument was refused
  type: dict
  sample: {url: "https://ief2.cn-north-4.myhuaweicloud.com", project_id: 0c1f2e3d4b5a69788796a5b4c3d2e1f0}
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
      sample: UpdateService
    reason:
      description: Why the write was needed.
      type: str
      returned: always
      sample: ports differ
error:
  description: Why the task failed, for playbooks and programs. RV(ignore:msg) says it in words, with what to do.
  returned: failure
  type: dict
  contains:
    code:
      description: Canonical code, or V(client) for a failure that was found before a write was sent.
      type: str
      returned: always
      sample: unavailable
    rpc:
      description:
        - Name of the RPC that failed, V(null) if the failure has nothing to do with a call.
        - Reads are V(ListServices) and V(GetService); a request to IAM for a token is V(CreateToken).
      type: str
      returned: always
      sample: UpdateService
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
      description: The code of the vendor, as C(error_code), if the answer has one.
      type: list
      elements: dict
      returned: always
# END generated
"""

from ..module_utils._ief.service import TASK
from ..module_utils._module import run


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
