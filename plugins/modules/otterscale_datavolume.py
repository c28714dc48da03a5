#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_datavolume
short_description: Manage data volumes on OtterScale
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Creates, extends and deletes data volumes, the disks of virtual machines.
  - The task is compared with the existing volume, and a write is sent only if they differ.
options:
  name:
    description:
      - Name of the volume, a DNS-1123 subdomain.
    type: str
    required: true
  namespace:
    description:
      - Kubernetes namespace of the volume.
    type: str
    required: true
  state:
    description:
      - Whether the volume should exist.
      - V(absent) deletes the volume with all its data.
    type: str
    choices: [present, absent]
    default: present
  source:
    description:
      - Where the content of the volume comes from. Required to create the volume.
      - It cannot be changed afterwards. A task that names another one fails without sending anything.
    type: dict
    suboptions:
      type:
        description:
          - Kind of the source.
        type: str
        required: true
        choices: [blank_image, http_url, existing_persistent_volume_claim]
      data:
        description:
          - The URL of an image for V(http_url), the name of a claim for V(existing_persistent_volume_claim).
          - Must not be given for V(blank_image).
          - A password in the URL is shown as C(***) in results, diffs and messages, and sent and compared as it is.
          - Ansible itself prints the item of a loop, including the password. Set C(label) in C(loop_control) to avoid
            that.
        type: str
  size:
    description:
      - Size as a Kubernetes quantity, such as V(10Gi), or in bytes. Required to create the volume.
      - It is compared with the capacity of the volume's claim, which is often larger than requested, because of the
        overhead of a file system and because storage rounds up. A volume that has O(size), or up to 15 percent and 1
        GiB more, is left alone.
      - A volume that has less is extended. If it has more, the task fails without sending anything, because a volume
        can only grow.
    type: str
  boot_image:
    description:
      - Whether virtual machines can boot from the volume. V(false) for a new volume if not given.
      - It cannot be changed afterwards. A task that names the other value fails without sending anything.
      - With OtterScale 1.x this is a label of the volume and nothing else. It is not compared with a volume that does
        not have the label, such as one that was created in a dashboard.
    type: bool
  storage_class:
    description:
      - Name of the storage class of the volume. If not given, a new volume gets the default class of the cluster.
      - It cannot be changed afterwards. A task that names another one fails without sending anything.
      - For OtterScale 1.x only. A task for an older server fails without sending a write.
    type: str
  access_modes:
    description:
      - Access modes of the volume's claim. If not given, CDI chooses for a new volume what suits the storage class.
      - They cannot be changed afterwards. A task that names other ones, in whatever order, fails without sending
        anything.
      - For OtterScale 1.x only. A task for an older server fails without sending a write.
    type: list
    elements: str
    choices: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod]
  get_unlisted:
    description:
      - Whether to read a volume that the server does not list with GetDataVolume, so that it can be compared or its
        absence proven. OtterScale 1.x lists all volumes.
      - Off by default, because this call crashes the whole server in some versions of OtterScale. Use it only if you
        know that yours is not one of them.
    type: bool
    default: false
attributes:
  idempotent:
    support: full
notes:
  - Before OtterScale 1.x, the server lists only volumes that OtterScale created and whose claim exists. A volume that
    exists without being listed counts as present. The task reports no change and warns that it could not be compared.
  - O(state=absent) for a volume that is not listed sends one delete to make sure. It reports C(changed) only if there
    was something to delete. In check mode it sends nothing, predicts no change and warns.
  - An import that cannot succeed may be retried forever, so O(wait=true) ends after O(wait_timeout) at the latest.
  - With OtterScale 1.x, a volume is a DataVolume of C(cdi.kubevirt.io/v1beta1) that has a PersistentVolumeClaim of
    its name. It is extended by its claim, which must be bound, and whose storage class must allow expansion. With
    O(wait=true) the task waits until the capacity has grown. If a wait fails, the message has the newest
    warnings among the events of both objects.
  - With OtterScale 1.x, a volume in the phase C(WaitForFirstConsumer) or C(PendingPopulation) is not waited for. Its
    storage class binds it only when a virtual machine uses it, and it gets its content only then. With O(wait=true)
    the task succeeds and warns.
  - With OtterScale 1.x, a volume that has another kind of source than O(source) can name is present. A task that
    names a source reports no change and warns that the volume could not be compared.
  - With OtterScale 1.x, CDI may be configured to delete a DataVolume after the import. The volume is present for as
    long as its claim is. Its source is not known any more, so a task that names one warns that it could not be
    compared.
  - With OtterScale 1.x, a volume that is being deleted counts as absent. O(state=absent) with O(wait=true) waits
    until both objects are gone. A task that is to create the volume again before that fails, and names the
    finalizers.
seealso:
  - module: otterscale.core.otterscale_vm_service
extends_documentation_fragment:
  - otterscale.core.attributes
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
  - otterscale.core.kubernetes
  - otterscale.core.wait
"""

EXAMPLES = r"""
- name: Import a boot image and wait until it is ready
  otterscale.core.otterscale_datavolume:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: debian-12
    boot_image: true
    size: 10Gi
    source:
      type: http_url
      data: https://images.example.com/debian-12.qcow2
    wait: true

- name: Ensure an empty disk of this size exists, or extend a smaller one
  otterscale.core.otterscale_datavolume:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: data
    size: 200Gi
    source:
      type: blank_image

- name: Ensure a disk exists that a virtual machine can take along to another node (OtterScale 1.x)
  otterscale.core.otterscale_datavolume:
    api_url: https://otterscale.example.com/api
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: shared
    size: 50Gi
    storage_class: ceph-rbd
    access_modes: [ReadWriteMany]
    source:
      type: blank_image

- name: Delete a volume with its data
  otterscale.core.otterscale_datavolume:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    namespace: shop
    name: old-data
    state: absent
    wait: true
"""

RETURN = r"""
datavolume:
  description: The volume, V(null) if it is absent. In check mode, what only the server can know is empty or V(null).
  returned: always
  type: dict
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
        - Where the content comes from. V(null) if it is of another kind than C(source) can name, or is not known any
          more.
      type: dict
      returned: always
      sample: {type: http_url, data: "https://images.example.com/debian-12.qcow2"}
    boot_image:
      description: Whether virtual machines can boot from the volume. V(null) if the volume does not tell.
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
      description: Size that the volume was created with, in bytes. It stays the same when the volume is extended.
      type: int
      returned: always
      sample: 10737418240
    capacity_bytes:
      description: Capacity of the claim, in bytes, often more than requested. V(null) without a claim.
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
      sample: "2026-01-31T12:00:00Z"
phases:
  description:
    - The phases of the volume that were observed while the task waited for it, in order. Empty in check mode.
  returned: when O(wait=true)
  type: list
  elements: dict
  contains:
    phase:
      description: The phase.
      type: str
      returned: always
      sample: ImportInProgress
    progress:
      description: The last progress that was observed in this phase.
      type: str
      returned: always
      sample: 42.00%
    seconds:
      description: Seconds from the beginning of the wait until the phase was first observed.
      type: float
      returned: always
      sample: 5.1
# BEGIN generated: returns
declared:
  description:
    - The options that the task names, without those of the connection, secrets, what repeats a default, and what only
      says how the task is to be done, such as C(wait). A password in a URL is C(***).
  returned: unless an argument was refused
  type: dict
  sample: {namespace: shop, name: web-data, size: 20Gi}
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
      sample: ExtendDataVolume
    reason:
      description: Why the write was needed.
      type: str
      returned: always
      sample: its size is 10737418240 bytes, not 21474836480
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
      sample: ExtendDataVolume
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
from ..module_utils._otterscale.datavolume import TASK


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
