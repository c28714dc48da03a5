# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The architecture, held by tests: which file may import which, and what a module must bring along."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kinds import KINDS
from tools import generate_docs

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
NAME = "otterscale.core"
COLLECTION = f"ansible_collections.{NAME}."
MODULES = {path.stem: path for path in sorted((PLUGINS / "modules").glob("*.py"))}
DOORS = {"module_utils/_module", "plugin_utils/_action", "plugin_utils/_inventory"}
ENTRANCES = {"modules", "action", "inventory", "callback"}
SHARED = {"_task", "_options", "_engine", "_http", "_values", "_errors"}

DECLARATION = importlib.import_module(f"{COLLECTION}plugins.module_utils._otterscale.declaration")

# Which room may import which, besides itself. A room is a folder, or a file that lies beside the folders.
MAY_IMPORT = {
    "doors": {"_task", "_errors"},
    "_task": {"_engine", "_errors"},
    "_options": {"_http", "_errors"},
    "_engine": {"_errors"},
    "_http": {"_errors"},
    "_values": set(),
    "_errors": set(),
    "doc_fragments": set(),
    "filter": {"plugin_utils"},
    "plugin_utils": {"_errors"},
}
# The floors of a system, from the top: files, and folders with all that is in them. A file that is not named is a
# resource. Each imports only what is below it; only in a folder may one file import another.
FLOORS = {
    "_otterscale": (
        ("declaration", "inventory"),
        ("a resource",),
        ("messages/",),
        ("objects/",),
        ("model/",),
        ("connection",),
        ("server", "oidc"),
        ("connect",),
    ),
    "_ief": (("a resource",), ("connection",), ("client",)),
    "_apigee": (
        ("a resource", "delivery"),
        ("spool",),
        ("sinks", "outcomes"),
        ("connection", "report"),
        ("service_account", "files"),
    ),
}


def room(name: str) -> str:
    """The room of a file that is named by its path below plugins/, without its suffix."""
    if name in DOORS:
        return "doors"
    top, *inner = name.split("/")
    return inner[0] if top == "module_utils" else top


def systems() -> set[str]:
    rooms = {room(name) for name in plugin_files()}
    return rooms - SHARED - ENTRANCES - set(MAY_IMPORT)


def arrows() -> set[tuple[str, str]]:
    """Which room imports which."""
    return {
        (room(name), room(other))
        for name, path in plugin_files().items()
        for other in imported_plugins(path)
        if room(name) != room(other)
    }


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


def has_resource(path: Path) -> bool:
    """Whether a file holds a kind of resource."""
    classes = [node for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef)]
    return any(ast.unparse(base).startswith("Resource[") for node in classes for base in node.bases)


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
    assert len(MODULES) >= 3 and systems() == set(FLOORS)
    assert set(MAY_IMPORT) | SHARED <= {room(name) for name in plugin_files()}, "a room of the architecture is empty"


def test_imports_run_one_way() -> None:
    allowed = {
        **MAY_IMPORT,
        **dict.fromkeys(systems(), SHARED),
        **{entrance: {"doors", *systems()} for entrance in ENTRANCES},
    }
    assert not [f"{one} imports {other}" for one, other in sorted(arrows()) if other not in allowed[one]]


def test_an_entrance_leads_into_one_system() -> None:
    for name, path in plugin_files().items():
        if room(name) in ENTRANCES:
            entered = {room(other) for other in imported_plugins(path)} - {"doors"}
            assert len(entered) <= 1, f"{name} imports {sorted(entered)}"


@pytest.mark.parametrize("system", FLOORS)
def test_inside_a_system_imports_run_down(system: str) -> None:
    floors = {file: number for number, names in enumerate(FLOORS[system]) for file in names}

    def floor(name: str) -> int:
        *folder, file = name.split("/")[2:]
        return floors[f"{folder[0]}/"] if folder else floors.get(file, floors["a resource"])

    def may_import(name: str, other: str) -> bool:
        same_folder = name.rpartition("/")[0] == other.rpartition("/")[0] and name.count("/") > 2
        return same_folder or floor(other) > floor(name)

    inside = {name: path for name, path in plugin_files().items() if room(name) == system}
    wrong = [
        f"{name} imports {other}"
        for name, path in inside.items()
        for other in imported_plugins(path)
        if room(other) == system and not may_import(name, other)
    ]
    assert not wrong


def test_a_model_names_no_call() -> None:
    """What is on the floor of a model is pure: it makes no writes, and reads no messages."""
    files = [path for name, path in plugin_files().items() if "/model/" in name]
    assert files and not [path.name for path in files if {"Verb", "Message"} & words(path)]


def test_no_imports_go_in_a_circle() -> None:
    files = plugin_files()
    graph = {name: set(imported_plugins(path)) - {name} for name, path in files.items()}
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("word", ["AnsibleModule", "exit_json", "fail_json"])
def test_only_doors_speak_ansible(word: str) -> None:
    wrong = [name for name, path in plugin_files().items() if name not in DOORS and word in words(path)]
    assert not wrong, f"{word} outside the doors"


def test_the_emulator_knows_nothing_of_the_plugins() -> None:
    files = [path for path in sorted((ROOT / "emulator").rglob("*.py")) if "_gen" not in path.parts]
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
    """An _info module is part of that of its resource.

    A module that reports instead of managing something, so that no four runs of it would agree, has tests of its own.
    """
    tests = ROOT / "tests/integration"
    target = tests / "targets" / module.removesuffix("_info")
    own = tests / f"test_{module}.py"
    playbooks = [own] if own.is_file() else target.glob("*.yml")
    assert any(f"otterscale.core.{module}" in path.read_text(encoding="utf-8") for path in playbooks)


def test_every_module_is_in_the_action_group_of_its_system() -> None:
    groups: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        (system,) = {room(name) for name in imported_plugins(path)} - {"doors"}
        groups.setdefault(system.removeprefix("_"), []).append(module)
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert {name: sorted(modules) for name, modules in runtime["action_groups"].items()} == groups


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
    assert said.get("support") == ("N/A" if module.endswith("_info") and attribute == "diff_mode" else "full")
    assert said.get("description")


def test_general_tests_know_every_resource() -> None:
    """What concerns them all is tested with the entries of tests/kinds."""
    resources = {name for name, path in plugin_files().items() if room(name) in systems() and has_resource(path)}
    known = {kind.type.__module__.removeprefix(f"{COLLECTION}plugins.").replace(".", "/") for kind in KINDS.values()}
    assert resources == known


@pytest.mark.parametrize("kind", DECLARATION.KINDS)
def test_the_role_takes_exactly_the_options_of_the_module(kind: str) -> None:
    specs = yaml.safe_load((ROOT / "roles/provision/meta/argument_specs.yml").read_text(encoding="utf-8"))
    role = specs["argument_specs"]["main"]["options"][f"otterscale_{kind}"]["options"]
    assert essence(role) == essence(DECLARATION.ARGUMENT_SPEC[kind]["options"])


@pytest.mark.parametrize("kind", DECLARATION.KINDS)
def test_what_can_be_declared_is_documented(kind: str) -> None:
    documented = documentation(MODULES["otterscale_resources"])["options"][kind]["suboptions"]
    assert set(documented) == set(DECLARATION.ARGUMENT_SPEC[kind]["options"])


@pytest.mark.parametrize("kind", DECLARATION.KINDS)
def test_the_role_hands_over_what_can_be_declared(kind: str) -> None:
    tasks, defaults = (
        yaml.safe_load((ROOT / f"roles/provision/{folder}/main.yml").read_text(encoding="utf-8"))
        for folder in ("tasks", "defaults")
    )
    (given,) = (task[f"{NAME}.otterscale_resources"] for task in tasks if f"{NAME}.otterscale_resources" in task)
    assert f"otterscale_{kind}" in given[kind]
    assert defaults[f"otterscale_{kind}"] == []


def test_what_is_generated_is_fresh() -> None:
    stale = [path for path, text in generate_docs.generated() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `make docs`"


def test_the_role_does_not_log_what_the_modules_do_not_log() -> None:
    connection = importlib.import_module(f"{COLLECTION}plugins.module_utils._otterscale.connection")
    secrets = {name for name, option in connection.CONNECTION_SPEC.items() if option.get("no_log")}
    assert set(generate_docs.SECRETS) == secrets


def test_the_inventory_plugin_documents_the_environment_that_its_options_have() -> None:
    connection = importlib.import_module(f"{COLLECTION}plugins.module_utils._otterscale.connection")
    documented = documentation(PLUGINS / "doc_fragments/connection.py", "INVENTORY")["options"]
    found = {name: [variable["name"] for variable in option["env"]] for name, option in documented.items()}
    assert found == {name: option["fallback"][1] for name, option in connection.CONNECTION_SPEC.items()}


def test_the_inventory_plugin_documents_its_own_options() -> None:
    inventory = importlib.import_module(f"{COLLECTION}plugins.module_utils._otterscale.inventory")
    documented = documentation(PLUGINS / "inventory/otterscale.py")["options"]
    assert essence({name: documented[name] for name in inventory.ARGUMENT_SPEC}) == essence(inventory.ARGUMENT_SPEC)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_and_its_action_plugin_do_the_same_task(module: str) -> None:
    """Each leads through its own door to one file of one system."""
    entered = []
    action = PLUGINS / f"action/{module}.py"
    for path, door in ((MODULES[module], "module_utils/_module"), (action, "plugin_utils/_action")):
        found = set(imported_plugins(path))
        assert door in found
        entered.append(found - {door})
    assert entered[0] == entered[1] and len(entered[0]) == 1


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
    without = (".json", ".png")
    files = [ROOT / name for name in names if name and name not in exempt and not name.endswith(without)]
    files = [path for path in files if path.is_file()]
    assert len(files) > 20
    # In pieces, or the licence checker would take them for this file's own.
    wanted = ("SPDX-" + "License-Identifier: GPL-3.0-or-later", "SPDX-" + "FileCopyrightText: 20")
    heads = {path: path.read_text(encoding="utf-8")[:500] for path in files}
    wrong = [str(path.relative_to(ROOT)) for path, head in heads.items() if not all(text in head for text in wanted)]
    assert not wrong
