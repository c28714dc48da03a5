# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The lanes: one way of going through N resources that are all as they should be, each a playbook of playbooks/."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EMPTY, DEBUG = "empty play", "ansible.builtin.debug"
IN_PROCESS, ORDINARY = "otterscale_bucket, in process", "otterscale_bucket, ordinary module"
URI, URI_ONCE, URI_CALL = "uri playbook", "uri playbook, lists once", "uri, one call"
S3, KUBERNETES = "amazon.aws.s3_bucket", "kubernetes.core.k8s"
RESOURCES = "otterscale_resources"
EMPTY_MIXED, RESOURCES_MIXED = "empty play, mixed", "otterscale_resources, mixed"


@dataclass(frozen=True)
class Lane:
    name: str
    playbook: str
    variables: dict[str, Any] = field(default_factory=dict)
    # Slow lanes go through large N once, see bench.py. Fast ones run several times in a repetition: their loops take
    # about as long as Ansible's start, and so what the machine does besides weighs more.
    slow: bool = False
    # Buckets, volumes and services together, in one number, instead of N buckets.
    mixed: bool = False
    # A file of the collection without which there is no such lane.
    needs: str = ""


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
    Lane(EMPTY_MIXED, "empty", mixed=True),
    Lane(RESOURCES_MIXED, "resources", mixed=True, needs="plugins/modules/otterscale_resources.py"),
)


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
    """What a run of a lane goes through, as variables of its playbook: of mixed ones 40 % buckets and 30 % each."""
    if not lane.mixed:
        return {"buckets": buckets(size), "datavolumes": [], "vm_services": []}
    others = size * 3 // 10
    return {
        "buckets": buckets(size - 2 * others),
        "datavolumes": volumes(others),
        "vm_services": services(others),
    }


def scope(lane: Lane, size: int) -> str:
    """The embedded server has a scope for each number of resources, which holds these and no others."""
    return f"mixed-{size}" if lane.mixed else f"buckets-{size}"
