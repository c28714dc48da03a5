# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The architecture, held by tests: which file may import which, and what a module must bring along."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.otterscale.core."
MODULES = {path.stem: path for path in sorted((PLUGINS / "modules").glob("*.py"))}
TASKS = {name: f"module_utils/_otterscale/{name.removeprefix('otterscale_')}" for name in MODULES}
TASKS["otterscale_resources"] = "module_utils/_otterscale/declaration"

# Who may import whom inside the collection: doors, then engine and resources, then client and reader, then errors.
# A value helper is what has no name here.
NAMED_ROOMS = {
    "module_utils/_module": "door",
    "module_utils/_task": "converge",
    "module_utils/_engine/reads": "readings",
    "module_utils/_engine/resource": "engine",
    "module_utils/_otterscale/connection": "options",
    "module_utils/_engine/reconcile": "engine",
    "module_utils/_otterscale/connect": "client",
    "module_utils/_http/exchange": "http",
    "module_utils/_http/secrets": "http",
    "module_utils/_http/url": "helper",
    "module_utils/_http/oidc": "tokens",
    "module_utils/_otterscale/cluster": "reader",
    "module_utils/_errors": "errors",
    "module_utils/_otterscale/error_details": "errors",
    **dict.fromkeys(TASKS.values(), "resource"),
    "module_utils/_otterscale/declaration": "declaration",
}
MAY_IMPORT = {
    "module": {"door", "declaration", "resource"},
    "action": {"controller door", "declaration", "resource"},
    "controller door": {"converge", "readings", "http", "options", "errors"},
    "door": {"converge", "readings", "http", "options"},
    "declaration": {"converge", "readings", "engine", "options", "resource", "helper", "errors"},
    "converge": {"readings", "engine", "options", "http", "errors"},
    "readings": {"client", "errors"},
    "options": {"client", "http", "tokens", "helper", "errors"},
    "engine": {"engine", "errors"},
    "tokens": {"http", "errors"},
    "client": {"http", "errors"},
    "http": {"http", "helper", "errors"},
    "reader": {"http", "helper", "errors"},
    "resource": {"engine", "reader", "helper", "errors"},
    "helper": set(),
    "errors": set(),
    "documentation": set(),
}


def room(name: str) -> str:
    """The room of a file that is named by its path below plugins/, without its suffix."""
    folder = name.partition("/")[0]
    folders = {
        "modules": "module", "action": "action", "plugin_utils": "controller door", "doc_fragments": "documentation",
    }  # fmt: skip
    return folders.get(folder) or NAMED_ROOMS.get(name, "helper")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def plugin_files() -> dict[str, Path]:
    return {path.relative_to(PLUGINS).with_suffix("").as_posix(): path for path in sorted(PLUGINS.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, also inside functions, with relative imports made absolute."""
    package = COLLECTION + ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(filter(None, [*package.split(".")[: 1 - node.level or None], base]))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_plugins(path: Path) -> Iterator[str]:
    """The plugin files that a file imports, named as plugin_files names them."""
    known = plugin_files()
    for name in imported(path):
        if name.startswith(f"{COLLECTION}plugins."):
            below = name.removeprefix(f"{COLLECTION}plugins.").split(".")
            found = [name for name in ("/".join(below), "/".join(below[:-1])) if name in known]
            assert found, f"{path.relative_to(ROOT)} imports {name}, which is no file of the collection"
            yield found[0]


def words(path: Path) -> set[str]:
    """Every identifier in a file's code; its texts do not count."""
    found: set[str] = set()
    for node in ast.walk(parse(path)):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                found.add(word)
    return found


def documentation(path: Path, variable: str = "DOCUMENTATION") -> dict:
    """A documentation text of a module or of a documentation fragment, as data."""
    for node in ast.walk(parse(path)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=text)) if name == variable:
                return yaml.safe_load(text)
    raise AssertionError(f"{path.relative_to(ROOT)} has no {variable}")


def code_lines(path: Path) -> int:
    """Lines of code without documentation, comments and blank lines."""
    source = path.read_text(encoding="utf-8").splitlines()
    documented: set[int] = set()
    for node in parse(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="DOCUMENTATION" | "EXAMPLES" | "RETURN")]):
                documented.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code = (line.strip() for number, line in enumerate(source, 1) if number not in documented)
    return sum(1 for line in code if line and not line.startswith("#"))


def test_there_is_a_house() -> None:
    """An empty glob would make every other test here pass."""
    assert len(MODULES) >= 3
    assert set(NAMED_ROOMS) <= set(plugin_files()), "a room of the architecture has no file"


def test_imports_run_one_way() -> None:
    wrong = [
        f"{name} ({room(name)}) imports {other} ({room(other)})"
        for name, path in plugin_files().items()
        for other in imported_plugins(path)
        if room(other) not in MAY_IMPORT[room(name)]
    ]
    assert not wrong


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_its_own_resource_and_the_door(module: str) -> None:
    own = TASKS[module]
    assert set(imported_plugins(MODULES[module])) == {own, "module_utils/_module"}


@pytest.mark.parametrize("word", ["AnsibleModule", "exit_json", "fail_json"])
def test_only_doors_speak_ansible(word: str) -> None:
    doors = {"door", "controller door", "action"}
    wrong = [name for name, path in plugin_files().items() if room(name) not in doors and word in words(path)]
    assert not wrong, f"{word} outside the doors"


def test_the_emulator_knows_nothing_of_the_plugins() -> None:
    files = [path for path in sorted((ROOT / "tests/emulator").rglob("*.py")) if "_gen" not in path.parts]
    assert files
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        if "plugins" in name.split(".")
    ]
    assert not wrong


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_mostly_documentation(module: str) -> None:
    assert code_lines(MODULES[module]) < 40


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_an_integration_target(module: str) -> None:
    assert (ROOT / "tests/integration/targets" / module).is_dir()


def test_every_module_is_in_the_action_group() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["otterscale"]) == sorted(MODULES)


@pytest.mark.parametrize("attribute", ["check_mode", "diff_mode"])
@pytest.mark.parametrize("module", MODULES)
def test_a_module_documents_its_modes(module: str, attribute: str) -> None:
    docs = documentation(MODULES[module])
    said = dict(docs.get("attributes", {}).get(attribute, {}))
    own = [name for name in docs.get("extends_documentation_fragment", []) if name.startswith("otterscale.core.")]
    for fragment in own:
        file, _dot, variable = fragment.removeprefix("otterscale.core.").partition(".")
        shared = documentation(PLUGINS / f"doc_fragments/{file}.py", variable.upper() or "DOCUMENTATION")
        said = {**shared.get("attributes", {}).get(attribute, {}), **said}
    assert said.get("support") == "full"
    assert said.get("description")


@pytest.mark.parametrize("kind", ["datavolumes", "vm_services", "buckets"])
def test_the_role_takes_exactly_the_options_of_the_module(kind: str) -> None:
    resources = importlib.import_module(f"{COLLECTION}plugins.module_utils._otterscale.declaration")
    specs = yaml.safe_load((ROOT / "roles/provision/meta/argument_specs.yml").read_text(encoding="utf-8"))
    role = specs["argument_specs"]["main"]["options"][f"otterscale_{kind}"]["options"]
    assert essence(role) == essence(resources.ARGUMENT_SPEC[kind]["options"])


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_an_action_plugin_that_does_the_same(module: str) -> None:
    action = PLUGINS / "action" / MODULES[module].name
    own = TASKS[module]
    assert set(imported_plugins(action)) == {own, "plugin_utils/_action"}


def essence(options: dict[str, Any]) -> dict[str, Any]:
    """What an argument spec demands, without its documentation."""
    kept = ("type", "elements", "choices", "default", "required")
    return {
        name: {**{key: spec[key] for key in kept if key in spec}, "options": essence(spec.get("options", {}))}
        for name, spec in options.items()
    }


def test_every_file_says_its_licence() -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    # Texts of licences, and what tools write without comments.
    exempt = {"COPYING", "CHANGELOG.rst", "changelogs/changelog.yaml", "LICENSES/GPL-3.0-or-later.txt"}
    files = [ROOT / name for name in names if name and name not in exempt and not name.endswith(".json")]
    files = [path for path in files if path.is_file()]
    assert len(files) > 20
    # In pieces, or the licence checker would take them for this file's own.
    wanted = ("SPDX-" + "License-Identifier: GPL-3.0-or-later", "SPDX-" + "FileCopyrightText: 20")
    heads = {path: path.read_text(encoding="utf-8")[:500] for path in files}
    wrong = [str(path.relative_to(ROOT)) for path, head in heads.items() if not all(text in head for text in wanted)]
    assert not wrong
