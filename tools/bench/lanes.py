# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The lanes: one way of going through N resources, each a playbook of playbooks/.

There are three groups, each with N of its own: loops over buckets that are all as they should be, declarations of
resources that are, and what changes every one of N buckets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EMPTY, DEBUG = "empty play", "ansible.builtin.debug"
IN_PROCESS, ORDINARY = "otterscale_bucket, in process", "otterscale_bucket, ordinary module"
URI, URI_ONCE, URI_CALL = "uri playbook", "uri playbook, lists once", "uri, one call"
S3, KUBERNETES = "amazon.aws.s3_bucket", "kubernetes.core.k8s"
RESOURCES = "otterscale_resources"
EMPTY_DECLARED, FACT, DECLARED = "empty play, declared", "set_fact, declared", "otterscale_resources, declared"
EMPTY_CHANGES = "empty play, changes"
CHANGES = ("create", "update", "delete")
LOOPS_GROUP, DECLARED_GROUP, CHANGES_GROUP = "loops", "declared", "changes"


def changing(how: str, change: str) -> str:
    """The name of a lane. how: RESOURCES, IN_PROCESS or FLOOR."""
    return f"{how}: {change}"


# The same writes by threads that do nothing else.
FLOOR = "writes alone"


@dataclass(frozen=True)
class Lane:
    name: str
    playbook: str
    variables: dict[str, Any] = field(default_factory=dict)
    # Slow lanes go through large N once, see bench.py. Fast ones run several times in a repetition: their loops take
    # about as long as Ansible's start, and so what the machine does besides weighs more.
    slow: bool = False
    group: str = LOOPS_GROUP
    # What it does to each bucket, one of CHANGES, in the group of that name.
    change: str = ""
    # A file of the collection without which there is no such lane.
    needs: str = ""


MAX_SERVICES = 2000

LANES = (
    Lane(EMPTY, "empty"),
    Lane(DEBUG, "debug"),
    Lane(IN_PROCESS, "bucket"),
    Lane(ORDINARY, "bucket", {"otterscale_in_process": False}, slow=True),
    Lane(URI, "uri", slow=True),
    Lane(URI_ONCE, "uri_once"),
    Lane(URI_CALL, "uri_call", slow=True),
    Lane(S3, "s3_bucket", slow=True),
    Lane(KUBERNETES, "k8s", slow=True),
    Lane(RESOURCES, "resources", needs="plugins/modules/otterscale_resources.py"),
    Lane(EMPTY_DECLARED, "empty", group=DECLARED_GROUP),
    Lane(FACT, "fact", group=DECLARED_GROUP),
    Lane(DECLARED, "resources", group=DECLARED_GROUP, needs="plugins/modules/otterscale_resources.py"),
    Lane(EMPTY_CHANGES, "empty", group=CHANGES_GROUP),
    *(
        Lane(changing(how, change), playbook, group=CHANGES_GROUP, change=change)
        for change in CHANGES
        for how, playbook in (
            (FLOOR, ""),
            (RESOURCES, "resources"),
            (IN_PROCESS, "bucket_absent" if change == "delete" else "bucket"),
        )
    ),
)
GROUPS = {lane.name: lane.group for lane in LANES}


def buckets(number: int) -> list[dict[str, Any]]:
    """As a task has them."""
    acls = ("private", "public_read")
    return [{"name": f"bench-{index:04}", "owner": "alice", "acl": acls[index % 2]} for index in range(number)]


def volumes(number: int) -> list[dict[str, Any]]:
    common = {"namespace": "default", "source": {"type": "blank_image"}, "size": "1Gi"}
    return [{"name": f"volume-{index:04}", **common} for index in range(number)]


def services(number: int) -> list[dict[str, Any]]:
    """Ten for each virtual machine."""
    common = {"namespace": "default", "ports": [{"port": 80, "target_port": "8080"}]}
    return [
        {"name": f"service-{index:04}", "virtual_machine": f"machine-{index // 10:03}", **common}
        for index in range(number)
    ]


def resources(lane: Lane, size: int) -> dict[str, list[dict[str, Any]]]:
    """What a run of a lane goes through, as variables of its playbook.

    Of what is declared 30 % are volumes and 30 % services, as long as there are node ports for them.
    """
    if lane.group == DECLARED_GROUP:
        others = size * 3 // 10
        exposed = min(others, MAX_SERVICES)
        declared = {"datavolumes": volumes(others), "vm_services": services(exposed)}
        return {"buckets": buckets(size - others - exposed), **declared}
    found = buckets(size)
    if lane.change == "update":
        found = [{**bucket, "owner": "bob"} for bucket in found]
    elif lane.change == "delete":
        found = [{"name": bucket["name"], "state": "absent"} for bucket in found]
    return {"buckets": found, "datavolumes": [], "vm_services": []}


def scope(lane: Lane, size: int) -> str:
    """The embedded server has a scope for each number of resources, which holds these and no others."""
    return "demo" if lane.group == CHANGES_GROUP else f"{lane.group}-{size}"
