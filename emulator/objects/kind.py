# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

"""What a kind of Kubernetes object is: its names, and what its API server and its controller do with one.

The base class is a kind that takes whatever it is given. The rooms of kinds/ override what theirs does more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ..model import Object
from . import errors

if TYPE_CHECKING:
    from .store import Store

Manifest = dict[str, Any]
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_LABEL = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_QUALIFIED = re.compile(r"(?:[a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TYPES: dict[str, type] = {
    **{f"metadata.{member}": str for member in ("name", "namespace", "generateName", "uid", "resourceVersion")},
    **{f"metadata.{member}": dict for member in ("labels", "annotations")},
    **{"metadata.finalizers": list, "metadata.ownerReferences": list, "spec": dict},
}
_JSON = {dict: "object", list: "array", str: "string", bool: "bool"}


class Kind:
    kind: ClassVar[str]
    resource: ClassVar[str]  # the plural of the path
    version: ClassVar[str] = "v1"
    group: ClassVar[str] = ""
    namespaced: ClassVar[bool] = True
    short_names: ClassVar[tuple[str, ...]] = ()
    subresources: ClassVar[tuple[str, ...]] = ()
    # Members that are read here, and what they have to be.
    types: ClassVar[dict[str, type]] = {}

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def custom(self) -> bool:
        """Whether it is defined by a CustomResourceDefinition."""
        return "." in self.group and not self.group.endswith(".k8s.io")

    @property
    def title(self) -> str:
        """As texts of errors name its resource."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def invalid(self, name: str, field: str, problem: str) -> errors.Status:
        return errors.invalid(f"{self.kind}.{self.group}" if self.group else self.kind, name, field, problem)

    def check_name(self, name: str) -> None:
        if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
            problem = (
                f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
                "characters, '-' or '.', and must start and end with an alphanumeric character"
            )
            raise self.invalid(name, "metadata.name", problem)

    def check_metadata(self, name: str, metadata: Manifest) -> None:
        """Labels and annotations; raises a Status."""
        for member in ("labels", "annotations"):
            for key, value in (metadata.get(member) or {}).items():
                if not isinstance(value, str):
                    problem = f"json: cannot unmarshal {value!r} into Go struct field ObjectMeta.metadata.{member}"
                    raise errors.bad_request(f"{problem} of type string")
                if not _QUALIFIED.fullmatch(key):
                    raise self.invalid(name, f"metadata.{member}", f'Invalid value: "{key}": name part must be valid')
                if member == "labels" and not _LABEL.fullmatch(value):
                    problem = "must be no more than 63 characters" if len(value) > 63 else "a valid label is needed"
                    raise self.invalid(name, "metadata.labels", f'Invalid value: "{value}": {problem}')

    def check_types(self, manifest: Manifest) -> None:
        """What cannot be decoded; raises a Status."""
        for path, wanted in {**_TYPES, **self.types}.items():
            value: Any = manifest
            for step in path.split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None and not isinstance(value, wanted):
                problem = f"json: cannot unmarshal {_JSON.get(type(value), 'number')} into Go struct field"
                raise errors.bad_request(f"{problem} {self.kind}.{path} of type {_JSON[wanted]}")
        for owner in manifest["metadata"].get("ownerReferences", ()):
            if not isinstance(owner, dict) or not isinstance(owner.get("uid"), str):
                problem = "Required value: uid must not be empty"
                raise self.invalid(str(manifest["metadata"].get("name")), "metadata.ownerReferences.uid", problem)

    def complete(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        """Fill in what the API server fills in, before anything is checked; old: None for a new one."""

    def check(self, store: Store, new: Manifest, old: Manifest | None) -> None:
        """Raises a Status for what is refused."""

    def settle(self, store: Store, key: str, item: Object) -> bool:
        """What its controller does by now; returns whether there is more to come without anybody's doing."""
        return False
