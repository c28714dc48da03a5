# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: otterscale
short_description: Virtual machines on OtterScale as inventory hosts
version_added: 0.1.0
author:
  - The otterscale.core authors (@otterscale)
description:
  - Adds a host for every virtual machine of a scope, or of some of its namespaces, whether it runs or not.
  - A host is named C(NAME.NAMESPACE) after its virtual machine. The variable C(otterscale_vm) holds the virtual
    machine, and C(ansible_host) its first IP address, if it has one.
  - Reads YAML files with names that end with C(otterscale.yml) or C(otterscale.yaml).
options:
  plugin:
    description:
      - Marks the file as one for this plugin.
    type: str
    required: true
    choices: [otterscale.core.otterscale]
  namespaces:
    description:
      - Kubernetes namespaces to take virtual machines from. Each of them is read with one call, and with OtterScale 1.x
        with three.
      - If not given, the virtual machines of all namespaces are read in the same way.
    type: list
    elements: str
  filters:
    description:
      - Jinja2 conditions, without braces. A virtual machine becomes a host if all of them are true.
      - They can use C(otterscale_vm), C(ansible_host) and C(inventory_hostname).
      - A condition that cannot be evaluated is an error, whatever O(strict) says.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - otterscale.core.connection.inventory
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - A text from the server never becomes a template, neither as it is nor as the result of O(compose).
  - Values in the file are not templates, except for the expressions in O(filters), O(compose), O(groups) and
    O(keyed_groups). Keep the token in the environment or in Ansible Vault.
  - The cache is kept for each file, O(api_url), O(scope) and O(namespaces). It holds what the server answered; all
    other options apply to it anew.
seealso:
  - module: otterscale.core.otterscale_vm_service_info
"""

EXAMPLES = r"""
# production.otterscale.yml: all virtual machines of a scope. The token is in OTTERSCALE_API_TOKEN.
plugin: otterscale.core.otterscale
api_url: https://otterscale.example.com
scope: production

---
# shop.otterscale.yml: the running ones of two namespaces, in groups, with a cache
plugin: otterscale.core.otterscale
api_url: https://otterscale.example.com
scope: production
namespaces: [shop, shop-staging]
filters:
  - otterscale_vm.status == 'Running'
  - ansible_host is defined
compose:
  node: otterscale_vm.hostname
  memory_gib: otterscale_vm.instance_type.memory_bytes // 1024 ** 3
groups:
  web: otterscale_vm.name is match('web')
keyed_groups:
  # namespace_shop, namespace_shop_staging
  - key: otterscale_vm.namespace
    prefix: namespace
  # instance_type_small, ...
  - key: otterscale_vm.instance_type.name
    prefix: instance_type
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible/otterscale
cache_timeout: 600
"""

from ..module_utils._otterscale.inventory import INVENTORY
from ..plugin_utils._inventory import HostInventory


class InventoryModule(HostInventory):
    NAME = "otterscale.core.otterscale"

    source = INVENTORY
    endings = ("otterscale.yml", "otterscale.yaml")
