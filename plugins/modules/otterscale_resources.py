#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: otterscale_resources
short_description: Manage many data volumes, VM services and buckets on OtterScale in one task
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Creates, updates and deletes many resources in one task. Each list of the server is read once, all resources are
    planned first, and the changes are then made, several resources at a time.
  - Data volumes come first, a copy after the volume that it copies, then VM services, then buckets, then removals.
    Kinds that are not given are left alone.
  - A volume is deleted only after all copies of it are complete. The task waits for such a copy for up to its
    O(datavolumes[].wait_timeout), even without O(datavolumes[].wait). If the copy fails, its source is kept and
    counts as failed.
  - Volumes that are copies of one another in a circle are refused.
options:
  datavolumes:
    description:
      - Data volumes, each with the options of M(otterscale.core.otterscale_datavolume).
    type: list
    elements: dict
    suboptions:
      # BEGIN generated: options of otterscale_datavolume
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
              - A password in the URL is shown as C(***) in results, diffs and messages, and sent and
                compared as it is.
              - Ansible itself prints the item of a loop, including the password. Set C(label) in C(loop_control)
                to avoid that.
            type: str
      size:
        description:
          - Size as a Kubernetes quantity, such as V(10Gi), or in bytes. Required to create the volume.
          - It is compared with the capacity of the volume's claim, which is often larger than requested,
            because of the overhead of a file system and because storage rounds up. A volume that has
            O(datavolumes[].size), or up to 15 percent and 1 GiB more, is left alone.
          - A volume that has less is extended. If it has more, the task fails without sending anything,
            because a volume can only grow.
        type: str
      boot_image:
        description:
          - Whether virtual machines can boot from the volume. V(false) for a new volume if not given.
          - It cannot be changed afterwards. A task that names the other value fails without sending
            anything.
          - With OtterScale 1.x this is a label of the volume and nothing else. It is not compared with
            a volume that does not have the label, such as one that was created in a dashboard.
        type: bool
      storage_class:
        description:
          - Name of the storage class of the volume. If not given, a new volume gets the default class
            of the cluster.
          - It cannot be changed afterwards. A task that names another one fails without sending anything.
          - For OtterScale 1.x only. A task for an older server fails without sending a write.
        type: str
      access_modes:
        description:
          - Access modes of the volume's claim. If not given, CDI chooses for a new volume what suits
            the storage class.
          - They cannot be changed afterwards. A task that names other ones, in whatever order, fails
            without sending anything.
          - For OtterScale 1.x only. A task for an older server fails without sending a write.
        type: list
        elements: str
        choices: [ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod]
      get_unlisted:
        description:
          - Whether to read a volume that the server does not list with GetDataVolume, so that it can
            be compared or its absence proven. OtterScale 1.x lists all volumes.
          - Off by default, because this call crashes the whole server in some versions of OtterScale.
            Use it only if you know that yours is not one of them.
        type: bool
        default: false
      kubeconfig:
        description:
          - Path of a kubeconfig file for the Kubernetes cluster behind O(scope).
          - With this option, a resource that OtterScale does not list is read from the Kubernetes API,
            so that it can be compared or its absence proven. Nothing is ever written to Kubernetes.
          - Only an answer of the Kubernetes API about that very resource counts. Any other answer,
            such as the page of a proxy, or that of a cluster which does not serve such resources, fails
            the task.
          - O(timeout) limits each of these reads, including an exec plugin that the kubeconfig runs.
            The output of such a plugin is not shown, because it may contain secrets.
          - Requires the Python library C(kubernetes). Without this option, Kubernetes is not read.
        type: path
      context:
        description:
          - Context of the O(datavolumes[].kubeconfig) file to use. If not given, its current context
            is used.
        type: str
      wait:
        description:
          - Whether to wait until the resource is ready, or gone with O(datavolumes[].state=absent).
          - Check mode does not wait.
        type: bool
        default: false
      wait_timeout:
        description:
          - Seconds to wait, at most 2592000 (30 days). The task fails when the time is over.
        type: float
        default: 600
      wait_sleep:
        description:
          - Seconds between two checks, at most 2592000.
        type: float
        default: 5
      # END generated
  vm_services:
    description:
      - VM services, each with the options of M(otterscale.core.otterscale_vm_service).
    type: list
    elements: dict
    suboptions:
      # BEGIN generated: options of otterscale_vm_service
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
          - A service keeps its ports if the option is not given. If it is given, ports that are not
            in it are removed.
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
              - Number or name of the port of the virtual machine. Defaults to O(vm_services[].ports[].port).
            type: str
          node_port:
            description:
              - Port on every node, from 30000 to 32767.
              - If not given, an existing port keeps its node port, and the server allocates one for
                a new port. Ports are matched by their name, or else by protocol and number.
            type: int
          protocol:
            description:
              - Protocol of the port.
            type: str
            choices: [TCP, UDP, SCTP]
            default: TCP
      kubeconfig:
        description:
          - Path of a kubeconfig file for the Kubernetes cluster behind O(scope).
          - With this option, a resource that OtterScale does not list is read from the Kubernetes API,
            so that it can be compared or its absence proven. Nothing is ever written to Kubernetes.
          - Only an answer of the Kubernetes API about that very resource counts. Any other answer,
            such as the page of a proxy, or that of a cluster which does not serve such resources, fails
            the task.
          - O(timeout) limits each of these reads, including an exec plugin that the kubeconfig runs.
            The output of such a plugin is not shown, because it may contain secrets.
          - Requires the Python library C(kubernetes). Without this option, Kubernetes is not read.
        type: path
      context:
        description:
          - Context of the O(vm_services[].kubeconfig) file to use. If not given, its current context
            is used.
        type: str
      # END generated
  buckets:
    description:
      - Buckets, each with the options of M(otterscale.core.otterscale_bucket).
    type: list
    elements: dict
    suboptions:
      # BEGIN generated: options of otterscale_bucket
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
          - A policy that could not be read back is refused, such as one with the same name twice in
            an object, the number C(1e400), or more than 50 levels.
          - A bucket keeps its policy if the option is not given.
          - The API cannot remove a policy, so a task with an empty policy fails if the bucket has one.
        type: json
      acl:
        description:
          - Canned ACL. V(private) for a new bucket if not given.
          - A bucket keeps its ACL if the option is not given. The API cannot keep a custom ACL when
            owner or policy change, so such a task fails without sending anything, unless it sets an
            ACL.
        type: str
        choices: [private, public_read, public_read_write, authenticated_read]
      # END generated
  state:
    description:
      - V(present) creates and updates what is declared.
      - V(overridden) also removes resources that the server lists and that are not declared, buckets in the whole
        scope, data volumes and VM services in O(namespaces). It removes only kinds that are given; an empty list
        removes all resources of its kind.
      - What the server does not list is never removed. If it lists a resource without a name, nothing is removed.
      - Of the data volumes of OtterScale 1.x, only those with the label C(otterscale.com/data-volume.boot-image) are
        removed. Those of a dashboard do not have it.
    type: str
    choices: [present, overridden]
    default: present
  namespaces:
    description:
      - Namespaces in which O(state=overridden) looks for data volumes and VM services that are not declared, each a
        DNS-1123 label.
    type: list
    elements: str
  confirm_removal:
    description:
      - Maximum number of resources that O(state=overridden) may remove. If there are more, the task fails without
        sending anything. Resources that are declared with V(absent) do not count.
      - In check mode without this option, RV(removals) lists them all.
    type: int
  max_parallel:
    description:
      - Number of resources that are changed at the same time, at most 256.
    type: int
    default: 8
  any_errors_fatal:
    description:
      - Whether to start nothing more after a resource has failed. What was not started is C(skipped) in RV(results).
      - A resource that cannot be planned fails before anything is sent.
    type: bool
    default: false
  results:
    description:
      - Which resources RV(results) contains, V(all) of them, V(none), or V(changed), which are those that were changed,
        have failed, or were skipped. RV(operations) contains the writes of these resources.
      - If not given, V(all) for up to 1,000 resources and V(changed) for more. AWX drops a result of more than 700,000
        characters.
      - RV(summary) always counts all of them.
    type: str
    choices: [all, changed, none]
  wait_progress:
    description:
      - Whether to show phase and progress while the task waits, and how many resources are done if that takes more than
        three seconds, at most one line every few seconds.
      - Only a task that runs in the controller's process can show progress.
      - The lines go to standard output if the stdout callback is C(default), C(minimal) or C(oneline), and to standard
        error with any other, because such a callback may write a single document.
    type: bool
    default: true
attributes:
  idempotent:
    support: partial
    details:
      - VM services that the server does not list are set on every run, with a warning.
seealso:
  - module: otterscale.core.otterscale_bucket
  - module: otterscale.core.otterscale_datavolume
  - module: otterscale.core.otterscale_vm_service
extends_documentation_fragment:
  - otterscale.core.attributes
  - otterscale.core.attributes.actiongroup
  - otterscale.core.connection
"""

EXAMPLES = r"""
- name: Ensure a disk, a service and a bucket exist
  otterscale.core.otterscale_resources:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    datavolumes:
      - namespace: shop
        name: web-data
        size: 20Gi
        source:
          type: blank_image
    vm_services:
      - namespace: shop
        name: web
        virtual_machine: web-1
        ports:
          - port: 80
            target_port: "8080"
    buckets:
      - name: downloads
        owner: alice
        acl: public_read

- name: Ensure exactly these buckets exist, and remove up to three others
  otterscale.core.otterscale_resources:
    api_url: https://otterscale.example.com
    api_token: "{{ otterscale_token }}"
    scope: production
    state: overridden
    confirm_removal: 3
    buckets: "{{ buckets }}"
"""

RETURN = r"""
results:
  description:
    - The outcome of each resource, in the order of the declaration. Removed resources that are not declared come last.
    - Not all of them for more than 1,000 resources, see O(results).
    - Each contains what its own module returns, except the diff.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the resource, V(datavolume), V(vm_service) or V(bucket).
      type: str
      returned: always
      sample: bucket
    namespace:
      description: Namespace of the resource.
      type: str
      returned: for data volumes and VM services
    name:
      description: Name of the resource.
      type: str
      returned: always
    declared:
      description: What the declaration names of it. What is removed because it is not declared has its name and
        C(state).
      type: dict
      returned: always
      sample: {name: downloads, owner: alice, acl: public_read}
    changed:
      description: Whether it was changed.
      type: bool
      returned: always
    failed:
      description:
        - Whether it failed. C(msg) and C(error) then say why.
        - If the task could not start, all resources count as failed, and RV(ignore:msg) and RV(error) of the task say
          why.
      type: bool
      returned: always
    skipped:
      description: Whether it was not started, because another one had failed and O(any_errors_fatal=true).
      type: bool
      returned: always
removals:
  description: What O(state=overridden) removes, or would remove, each with C(kind), C(namespace) and C(name).
  returned: always
  type: list
  elements: dict
summary:
  description: How many resources are V(unchanged), V(changed), V(failed) and V(skipped).
  returned: always
  type: dict
  sample: {unchanged: 12, changed: 2, failed: 0, skipped: 0}
# BEGIN generated: returns
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
from ..module_utils._otterscale.declaration import TASK


def main() -> None:
    run(TASK)


if __name__ == "__main__":
    main()
