#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_bucket_info
short_description: Read buckets on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Returns all buckets of a scope, or one of them, as M(otterscale.core.otterscale_bucket) returns a bucket.
  - The task sends one call that reads. OtterScale answers it by reading policy and ACL of every bucket of the scope.
options:
  name:
    description:
      - Name of the bucket. If there is none of this name, the result is an empty list.
      - If not given, the task returns all buckets of the scope.
    type: str
notes:
  - The API of OtterScale 1.x has no object storage. The task fails there before any write is sent.
seealso:
  - module: otterscale.core.otterscale_bucket
extends_documentation_fragment:
  - otterscale.core.attributes.info
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
"""

EXAMPLES = r"""
- name: Read all buckets of the scope
  otterscale.core.otterscale_bucket_info:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
  register: found

- name: Show the buckets that everybody can read
  ansible.builtin.debug:
    msg: "{{ found.buckets | selectattr('acl', 'in', ['public_read', 'public_read_write']) | map(attribute='name') }}"

- name: Read one bucket
  otterscale.core.otterscale_bucket_info:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    name: downloads
"""

RETURN = r"""
# BEGIN generated: returns of otterscale_bucket
buckets:
  description: What was found, in the order in which the server lists it. Empty if there is nothing.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      returned: always
    owner:
      description: Object-storage user that owns the bucket.
      type: str
      returned: always
    policy:
      description: The policy, V(null) if there is none or if the server could not read it.
      type: dict
      returned: always
    acl:
      description:
        - The canned ACL that the grants correspond to, V(custom) if they match none.
        - V(null) if the server could not read it.
      type: str
      returned: always
      sample: public_read
    grants:
      description: The grants of the bucket.
      type: list
      elements: dict
      returned: always
      sample:
        - type: CanonicalUser
          id: alice
          name: Alice
          uri: ''
          permission: FULL_CONTROL
    used_bytes:
      description: Size of all objects, in bytes.
      type: int
      returned: always
    used_objects:
      description: Number of objects.
      type: int
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
      sample: ListBuckets
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
from ..module_utils._otterscale.bucket import INFO


def main() -> None:
    run(INFO)


if __name__ == "__main__":
    main()
