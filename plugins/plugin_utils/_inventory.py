# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The inventory door: options and cache in, hosts, groups and variables out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._errors import printable
from ..module_utils._task import Inventory

# What marks a text in which nothing could be a template, and one in which something could.
_harmless: Any
_hostile: Any
try:
    from ansible.template import trust_as_template

    _harmless, _hostile = trust_as_template, str
except ImportError:  # before ansible-core 2.19
    from ansible.utils.unsafe_proxy import wrap_var

    _harmless, _hostile = str, wrap_var

# What makes a text a template. The last one is a header that may give the others another form.
_TEMPLATE = re.compile(r"\{\{|\{%|\{#|#jinja2:")


class HostInventory(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """The inventory plugin of a system. endings: of the names of its files. (`source` is none of Ansible's names.)"""

    source: Inventory
    endings: tuple[str, ...]

    def verify_file(self, path: str) -> bool:
        return path.endswith(self.endings) and bool(super().verify_file(path))

    def set_options(
        self, task_keys: Any = None, var_options: Any = None, direct: Mapping[str, Any] | None = None
    ) -> None:
        """Take the options of the source as modules do, environment included.

        For Ansible an empty variable is a value, one that would switch the check of certificates off.
        """
        given = {name: value for name, value in (direct or {}).items() if value is not None}
        if unknown := sorted(map(str, given.keys() - _names(self.option_definitions))):
            raise AnsibleParserError(f"unsupported option {', '.join(map(repr, unknown))}: check the spelling")
        spec = self.source.argument_spec
        own = given.keys() & _names(spec)
        checked = ArgumentSpecValidator(spec).validate({name: _deciphered(given[name]) for name in own})
        if checked.error_messages:
            raise AnsibleParserError(str(self.source.system.hide(checked.errors.msg)))
        self._params = {name: checked.validated_parameters[name] for name in spec}
        super().set_options(task_keys, var_options, given)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        found = self._cached(path) if cache and self.get_option("cache") else None
        if found is None:
            found = self._find()
            if self.get_option("cache"):
                self._cache[self._cache_key(path)] = found
        hosts = {host: {"inventory_hostname": host, **plain(variables)} for host, variables in found.items()}
        # Which hosts there are is clear before the first is added: Ansible keeps what was added before a failure.
        for host, variables in [item for item in hosts.items() if self._passes(*item)]:
            self._add(host, variables)

    def _find(self) -> dict[str, dict[str, Any]]:
        for library, missing in self.source.system.libraries.items():
            if missing is not None:
                raise AnsibleParserError(missing_required_lib(library))
        found = self.source.read(self._params)
        for warning in found.warnings:
            self.display.warning(warning)
        if found.failure:
            raise AnsibleParserError(found.failure)
        return found.variables

    # The cache

    def _cached(self, path: str) -> dict[str, dict[str, Any]] | None:
        """What the cache has of the same server, and for the same options; None if it has nothing."""
        found = self._cache.get(self._cache_key(path))
        return found if isinstance(found, dict) else None

    def _cache_key(self, path: str) -> str:
        about = json.dumps([self._params[option] for option in self.source.about])
        return f"{self.get_cache_key(path)}_{hashlib.sha256(about.encode()).hexdigest()[:12]}"

    # What becomes of a host

    def _passes(self, host: str, variables: Mapping[str, Any]) -> bool:
        """Whether it meets all filters. A filter that fails leaves open what the user wants: that is no host less."""
        for condition in self.get_option("filters"):
            try:
                if not self._is_true(condition, variables):
                    return False
            except Exception as error:  # whatever a template can raise
                message = f"the filter {str(condition)!r} fails for host {host}: {error}"
                raise AnsibleParserError(printable(message)) from None
        return True

    def _is_true(self, condition: Any, variables: Mapping[str, Any]) -> bool:
        self.templar.available_variables = variables
        if hasattr(self.templar, "evaluate_conditional"):  # since ansible-core 2.19
            return bool(self.templar.evaluate_conditional(condition))
        return bool(boolean(self.templar.template(f"{{% if {condition} %}}true{{% else %}}false{{% endif %}}")))

    def _add(self, host: str, variables: Mapping[str, Any]) -> None:
        self.inventory.add_host(host)
        for name, value in variables.items():
            if name != "inventory_hostname":  # Ansible's own, which it has here only while the host is not added yet
                self.inventory.set_variable(host, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _compose(self, *arguments: Any, **keywords: Any) -> Any:
        """What an expression makes of a text of the server is its text still."""
        return plain(super()._compose(*arguments, **keywords))


def _names(options: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {*options, *(alias for option in options.values() for alias in option.get("aliases", ()))}


def _deciphered(value: Any) -> Any:
    """A value of the file. What is of none of these types comes from a vault."""
    return value if isinstance(value, (str, int, float, list, dict)) else str(value)


def plain(value: Any) -> Any:
    """JSON whose texts are no templates, for every ansible-core and for what AWX keeps of an inventory.

    Before ansible-core 2.19, all texts are templates but those that are marked as unsafe; since then, none but those
    that are marked as trusted. In both, ansible-inventory writes a text that is no template as an object, which AWX
    keeps like that. So a text in which nothing could be a template is given as one that may be.
    """
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if not isinstance(value, str):
        return value
    text = str.__str__(value)  # without any mark
    return _hostile(text) if _TEMPLATE.search(text) else _harmless(text)
