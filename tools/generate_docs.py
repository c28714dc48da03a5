# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Write what documentation has to repeat: `make docs`.

Ansible's documentation fragments reach neither RETURN nor suboptions nor the argument specs of roles. What these share
with other places is written between two markers, `BEGIN generated: NAME` and `END generated`, from its one source:

- `returns`: what every module returns, from OPERATIONS and ERROR below, with samples from tests/kinds/;
- `returns of MODULE`: what the _info module of a resource returns, from what its module returns;
- `options of MODULE`: the options of a module as suboptions of another one or of a role, from its DOCUMENTATION;
- `connection`: the connection options as variables of a role, from their documentation fragment;
- `environment`: the same fragment for plugins, which document the environment variables of their options;
- `error codes`: what each code means and what to do, from module_utils/_errors.py and OtterScale's client.

With --check it writes nothing, and names the files that it would change.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.kinds.kind import Kind

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.otterscale.core"
# Where generated sections may stand.
PLACES = (
    *("plugins/modules/*.py", "plugins/doc_fragments/*.py"),
    *("roles/*/meta/argument_specs.yml", "docs/docsite/rst/*.rst"),
)
SECTION = re.compile(
    r"^(?P<indent> *)(?P<mark>#|\.\.) BEGIN generated: (?P<name>.+)\n(?:.*\n)*?(?P=indent)(?P=mark) END generated\n",
    re.MULTILINE,
)
WIDTH = 92  # of a text before it is indented; a word may go beyond it

DECLARED = """\
declared:
  description:
    - The options that the task names, without those of the connection, secrets, what repeats a default, and what only
      says how the task is to be done, such as C(wait). A password in a URL is C(***).
  returned: unless an argument was refused
  type: dict
  sample: {declared}
"""
SERVER = """\
server:
  description: What the task was about, {server}. The URL is V(null) if it was refused.
  returned: unless an argument was refused
  type: dict
  sample: {where}
"""
OPERATIONS = """\
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
      sample: {rpc}
    reason:
      description: Why the write was needed.
      type: str
      returned: always
      sample: {reason}
"""
ERROR = """\
error:
  description: Why the task failed, for playbooks and programs. RV(ignore:msg) says it in words, with what to do.
  returned: failure
  type: dict
  contains:
    code:
      description: {code}, or V(client) for a failure that was found before a write was sent.
      type: str
      returned: always
      sample: unavailable
    rpc:
      description:
        - Name of the RPC that failed, V(null) if the failure has nothing to do with a call.
        - {calls}
      type: str
      returned: always
      sample: {rpc}
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
      description: {details}
      type: list
      elements: dict
      returned: always
"""
# What RETURNS says of the system whose modules' names begin so.
WORDS = {
    "otterscale": {
        "server": "C(url) and C(scope)",
        "where": '{url: "https://otterscale.example.com", scope: production}',
        "code": "Code of the Connect protocol",
        "calls": """\
A read of the Kubernetes API is V(Kubernetes GET); requests to an identity provider are V(oidc discovery) and
          V(oidc token).""",
        "details": """\
Error details of the server, each with C(type), the decoded C(value), and C(debug) if it was sent.""",
    },
    "ief": {
        "server": "C(url) and C(project_id)",
        "where": '{url: "https://ief2.cn-north-4.myhuaweicloud.com", project_id: 0c1f2e3d4b5a69788796a5b4c3d2e1f0}',
        "code": "Canonical code",
        "calls": "Reads are V(ListServices) and V(GetService); a request to IAM for a token is V(CreateToken).",
        "details": "The code of the vendor, as C(error_code), if the answer has one.",
    },
}
# Connection options that must not be logged; documentation fragments do not say so, and roles do.
SECRETS = ("api_token", "oidc_client_secret", "oidc_password")


class Dumper(yaml.SafeDumper):
    """Block style with indented lists, as the rest of the documentation; lists of choices in one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


class Choices(list[str]):
    pass


Dumper.add_representer(
    Choices, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)


def main(arguments: list[str]) -> int:
    stale = [path for path, text in generated() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(path.relative_to(ROOT))
    if "--check" in arguments:
        return 1 if stale else 0
    for path, text in generated():
        path.write_text(text, encoding="utf-8")
    return 0


def generated() -> Iterator[tuple[Path, str]]:
    """Each file that holds generated sections, with its text as it should be."""
    for pattern in PLACES:
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if SECTION.search(text):
                yield path, SECTION.sub(lambda found, path=path: section(path, found), text)


def section(path: Path, found: re.Match[str]) -> str:
    kind, _of, of = found["name"].partition(" of ")
    makers: dict[str, Callable[[], str]] = {
        "returns": lambda: information(of) if of else returns(path.stem),
        "options": lambda: options(of, path),
        "connection": connection,
        "environment": environment,
        "error codes": error_codes,
    }
    body = textwrap.indent(makers[kind](), found["indent"])
    begin = f"{found['indent']}{found['mark']} BEGIN generated: {found['name']}\n"
    return f"{begin}{body}{found['indent']}{found['mark']} END generated\n"


def returns(module: str) -> str:
    several = module == "otterscale_resources"  # it has what is declared for each resource
    kind = kinds()["otterscale_bucket" if several else module]
    own = "" if several else DECLARED.format(declared=kind.shown.declared)
    words = {"rpc": kind.calls.update, "reason": kind.shown.reason, **WORDS[module.partition("_")[0]]}
    return own + (SERVER + OPERATIONS + ERROR).format(**words)


def information(module: str) -> str:
    """What the _info module of a resource returns: a list of what its module returns one of."""
    kind = module.removeprefix("otterscale_")
    found = {
        "description": "What was found, in the order in which the server lists it. Empty if there is nothing.",
        "returned": "success",
        "type": "list",
        "elements": "dict",
        "contains": documentation(PLUGINS / f"modules/{module}.py", "RETURN")[kind]["contains"],
    }
    words = {"rpc": kinds()[module].calls.list, **WORDS[module.partition("_")[0]]}
    return dump({f"{kind}s": found}) + (SERVER + ERROR).format(**words)


def options(module: str, path: Path) -> str:
    """The options of a module, apart from those that only its own kind of task has, below an option `prefix[]`."""
    own = documentation(PLUGINS / f"modules/{module}.py", "DOCUMENTATION")
    merged: dict[str, Any] = dict(own["options"])
    for name in own["extends_documentation_fragment"]:
        fragment, _dot, variable = name.removeprefix("otterscale.core.").partition(".")
        if fragment not in ("attributes", "connection"):
            shared = documentation(PLUGINS / f"doc_fragments/{fragment}.py", variable.upper() or "DOCUMENTATION")
            merged.update(shared.get("options", {}))
    merged.pop("wait_progress", None)
    if path.suffix == ".yml":
        return dump(restated(merged, lambda reference: f"C({reference})", suboptions="options"))
    prefix = f"{module.removeprefix('otterscale_')}s[]."

    def refer(reference: str) -> str:
        option = re.split(r"[\[.=]", reference)[0]
        return f"O({prefix if option in merged else ''}{reference})"

    return dump(restated(merged, refer))


def connection() -> str:
    """The connection options as variables of a role, which leaves defaults to the module."""
    shared = documentation(PLUGINS / "doc_fragments/connection.py", "DOCUMENTATION")["options"]
    variables: dict[str, Any] = {}
    for name, option in restated(shared, lambda reference: f"C(otterscale_{reference})").items():
        variables[f"otterscale_{name}"] = {key: option[key] for key in ("description", "type")}
        if name in SECRETS:
            variables[f"otterscale_{name}"]["no_log"] = True
    return dump(variables)


def environment() -> str:
    """The documentation fragment of the connection with the environment variable of each option."""
    shared = documentation(PLUGINS / "doc_fragments/connection.py", "DOCUMENTATION")
    for name, option in shared["options"].items():
        option["env"] = [{"name": f"OTTERSCALE_{name.upper()}"}]
        option.pop("choices", None)  # Ansible would hold them against an empty variable, which counts as not set
    return dump(shared)


def restated(options: dict[str, Any], refer: Callable[[str], str], suboptions: str = "suboptions") -> dict[str, Any]:
    """Options as another place documents them. refer: what O(...) becomes. suboptions: their key there."""

    def rewrite(text: str) -> str:
        return re.sub(r"O\(([^)]*)\)", lambda found: refer(found[1]), text)

    found = {}
    for name, option in options.items():
        entry = dict(option)
        description = entry["description"]
        entry["description"] = rewrite(description) if isinstance(description, str) else list(map(rewrite, description))
        if "choices" in entry:
            entry["choices"] = Choices(entry["choices"])
        if "suboptions" in entry:
            entry[suboptions] = restated(entry.pop("suboptions"), refer, suboptions)
        found[name] = entry
    return found


def error_codes() -> str:
    """A table in reStructuredText."""
    advice = connect().ADVICE
    lines = ["", ".. list-table::", "  :header-rows: 1", "  :widths: 20 40 40", ""]
    lines += ["  * - Code", "    - Meaning", "    - What to do"]
    for code, meaning in connect().CODES.items():
        what_to_do = re.sub("'([a-z_]+)'", r"``\1``", advice.get(code, meaning.advice))
        lines += [f"  * - ``{code}``", f"    - {meaning.meaning}", f"    - {what_to_do}"]
    return "\n".join(lines) + "\n\n"


@cache
def kinds() -> dict[str, Kind]:
    """What the tests know of each kind of resource, by its module."""
    sys.path[:0] = [str(ROOT), str(ROOT / ".dev/collections")]
    known = importlib.import_module("tests.kinds").KINDS
    return {kind.module: kind for kind in known.values() if not kind.other_api}


def connect() -> Any:
    """The client of OtterScale, by the name that Ansible has for it."""
    sys.path.insert(0, str(ROOT / ".dev/collections"))
    return importlib.import_module(f"{COLLECTION}.plugins.module_utils._otterscale.connect")


def documentation(path: Path, variable: str) -> dict[str, Any]:
    """A text of documentation in a Python file, as data."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=text)) if name == variable:
                found: dict[str, Any] = yaml.safe_load(text)
                return found
    raise ValueError(f"{path} has no {variable}")


def dump(data: dict[str, Any]) -> str:
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
