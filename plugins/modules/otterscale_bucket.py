#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_bucket
short_description: Manage object-storage buckets on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Creates, updates and deletes buckets with their owner, policy and ACL.
  - The task is compared with the existing bucket, and a write is sent only if they differ. Policies are compared by
    meaning.
options:
  name:
    description:
      - Name of the bucket, following S3's naming rules.
    type: str
    required: true
  state:
    description:
      - Whether the bucket should exist.
      - A bucket that holds objects cannot be deleted.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Object-storage user that owns the bucket. Required to create the bucket.
      - A bucket keeps its owner if the option is not given.
    type: str
  policy:
    description:
      - Bucket policy, as a dictionary or as JSON text.
      - The condition operator C(Null) must be quoted in YAML, which reads it as null otherwise.
      - A policy that could not be read back is refused, such as one with the same name twice in an object, the number
        C(1e400), or more than 50 levels.
      - A bucket keeps its policy if the option is not given.
      - The API cannot remove a policy, so a task with an empty policy fails if the bucket has one.
    type: json
  acl:
    description:
      - Canned ACL. V(private) for a new bucket if not given.
      - A bucket keeps its ACL if the option is not given. The API cannot keep a custom ACL when owner or policy change,
        so such a task fails without sending anything, unless it sets an ACL.
    type: str
    choices: [private, public_read, public_read_write, authenticated_read]
notes:
  - The API of OtterScale 1.x has no object storage. The task fails there before any write is sent.
  - Some servers do not report that they could not read the ACL of a bucket. They then show no grants, and often no
    policy. RV(bucket.acl) is V(null) for such a bucket. A task that sets O(acl), or has something to change, fails
    without sending anything. A task that finds the owner as it should be, or deletes the bucket, does not need the ACL.
seealso:
  - name: Bucket policies
    description: Elements of a policy.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
extends_documentation_fragment:
  - otterscale.core.attributes
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
"""

EXAMPLES = r"""
- name: Ensure a public bucket exists
  otterscale.core.otterscale_bucket:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    name: downloads
    owner: alice
    acl: public_read

- name: Ensure a bucket with a policy exists
  otterscale.core.otterscale_bucket:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    name: reports
    owner: alice
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {AWS: ["arn:aws:iam:::user/bob"]}
          Action: ["s3:GetObject"]
          Resource: ["arn:aws:s3:::reports/*"]

- name: Delete an empty bucket
  otterscale.core.otterscale_bucket:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    name: old-reports
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket, V(null) if it is absent. In check mode, what only the server can know is V(null).
  returned: always
  type: dict
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
      sample: [{type: CanonicalUser, id: alice, name: Alice, uri: "", permission: FULL_CONTROL}]
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
      sample: "2026-01-31T12:00:00Z"
# BEGIN generated: returns
declared:
  description:
    - The options that the task names, without those of the connection, secrets, what repeats a default, and what only
      says how the task is to be done, such as C(wait). A password in a URL is C(***).
  returned: unless an argument was refused
  type: dict
  sample: {name: downloads, owner: alice, acl: public_read}
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
      sample: UpdateBucket
    reason:
      description: Why the write was needed.
      type: str
      returned: always
      sample: owner and acl differ
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
      sample: UpdateBucket
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
from ..module_utils._otterscale.bucket import TASK


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
