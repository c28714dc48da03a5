#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_datavolume_info
short_description: Read data volumes on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Returns all data volumes of a namespace, or one of them, as M(otterscale.core.otterscale_datavolume) returns a data
    volume.
  - The task sends two calls that read, as some versions of OtterScale list bootable data volumes apart from the others,
    and OtterScale 1.x data volumes apart from their claims.
options:
  name:
    description:
      - Name of the data volume. If there is none of this name, the result is an empty list.
      - If not given, the task returns all data volumes of the namespace.
    type: str
  namespace:
    description:
      - Kubernetes namespace of the data volumes.
    type: str
    required: true
notes:
  - Before 1.x, OtterScale lists only data volumes that have a persistent volume claim, in some versions only those that
    it created. A data volume that is not listed is not in the result.
  - With OtterScale 1.x, the result has all data volumes of the namespace but those that are being deleted.
seealso:
  - module: otterscale.core.otterscale_datavolume
extends_documentation_fragment:
  - otterscale.core.attributes.info
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
"""

EXAMPLES = r"""
- name: Read all data volumes of a namespace
  otterscale.core.otterscale_datavolume_info:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
  register: found

- name: Fail if an import has failed
  ansible.builtin.assert:
    that: found.datavolumes | selectattr('phase', 'eq', 'Failed') | length == 0

- name: Wait until a data volume is ready
  otterscale.core.otterscale_datavolume_info:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: debian-12
  register: image
  until: image.datavolumes | selectattr('phase', 'eq', 'Succeeded') | length == 1
  retries: 60
  delay: 10
"""

RETURN = r"""
# BEGIN generated: returns of otterscale_datavolume
datavolumes:
  description: What was found, in the order in which the server lists it. Empty if there is nothing.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the volume.
      type: str
      returned: always
    namespace:
      description: Namespace of the volume.
      type: str
      returned: always
    source:
      description:
        - Where the content comes from. V(null) if it is of another kind than C(source) can name,
          or is not known any more.
      type: dict
      returned: always
      sample:
        type: http_url
        data: https://images.example.com/debian-12.qcow2
    boot_image:
      description: Whether virtual machines can boot from the volume. V(null) if the volume does
        not tell.
      type: bool
      returned: always
    phase:
      description: Phase of the import. Empty right after the creation.
      type: str
      returned: always
      sample: ImportInProgress
    progress:
      description: Progress of the import.
      type: str
      returned: always
      sample: 42.50%
    size_bytes:
      description: Size that the volume was created with, in bytes. It stays the same when the
        volume is extended.
      type: int
      returned: always
      sample: 10737418240
    capacity_bytes:
      description: Capacity of the claim, in bytes, often more than requested. V(null) without
        a claim.
      type: int
      returned: always
      sample: 21474836480
    persistent_volume_claim:
      description: The claim behind the volume, V(null) without one.
      type: dict
      returned: always
    last_condition:
      description: The newest condition of the volume, V(null) without one.
      type: dict
      returned: always
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
      sample: ListDataVolumes
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
from ..module_utils._otterscale.datavolume import INFO


def main() -> None:
    run(INFO)


if __name__ == "__main__":
    main()
