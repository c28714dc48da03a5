# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Break the code line by line and see whether a test notices.

`python tools/mutants TREE [NAME...]` works in TREE, a copy of the checkout which it overwrites (`make mutants`).
For each mutant of plugins/module_utils/NAME.py it runs stage after stage of STAGES, until a test fails. A stage that
takes several times as long as usual counts as failed: in time of the processor, as other work makes it wait, too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from equivalent import EQUIVALENT
from mutations import Mutant, Mutator

UTILS = Path(__file__).resolve().parents[2] / "plugins/module_utils"
HOUSE = "tests/unit/test_house.py::test_the_role_takes_exactly_the_options_of_the_module"
INTEGRATION = ("connect", "clear_errors", "oidc", "readings", "declarations", "kubernetes", "v1")
WIRE, CLEAR, OIDC, READ, DECLARE, CLUSTER, V1 = (f"tests/integration/test_{n}.py" for n in INTEGRATION)
EDGE = "tests/integration/test_ief.py"
INSTANCE, CALLBACK = (f"tests/integration/test_{name}.py" for name in ("apigee_instance_status", "status_report"))
REPORT, SPOOL = (f"tests/unit/apigee/test_{name}.py" for name in ("report", "spool"))
FOUND, FAULTS = (f"tests/fuzz/test_{name}.py" for name in ("found", "faults"))


def unit(room: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/{room}/test_{name}.py" for name in names)


ENGINE = unit("engine", "reconcile", "glance", "other_api", "reconcile_faults")
CONTRACT = "tests/unit/test_contract.py"
# The files that hold a kind of resource, each with unit tests of its own.
KINDS = sorted(
    path.relative_to(UTILS).with_suffix("").as_posix()
    for path in UTILS.glob("_*/*.py")
    if re.search(r"^class .*Resource\[", path.read_text(encoding="utf-8"), re.MULTILINE)
)
OWN = {name: unit(*name.removeprefix("_").split("/")) for name in KINDS}
BUCKET, VM_SERVICE, DATAVOLUME = ((*OWN[f"_otterscale/{n}"], CONTRACT) for n in ("bucket", "vm_service", "datavolume"))
OBJECTS = unit("otterscale", "vm_service_objects")
OWN["_otterscale/vm_service"] += OBJECTS
OWN["_otterscale/datavolume"] += unit("otterscale", "datavolume_objects")
# The floors below a resource are judged by its tests, too.
BELOW = {
    f"_otterscale/{folder}/{name}": OWN[f"_otterscale/{name}"]
    for folder in ("model", "messages", "objects")
    for name in ("datavolume", "vm_service")
}
RESOURCES = (*(test for tests in OWN.values() for test in tests), *unit("otterscale", "options"), CONTRACT)
# The tests that matter for a file, the quick ones first; a survivor has survived them all.
STAGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "_engine/reconcile": (ENGINE, unit("engine", "window"), RESOURCES),
    "_engine/resource": (ENGINE, unit("engine", "window", "declared", "evidence"), RESOURCES),
    "_engine/evidence": (unit("engine", "evidence"), ENGINE),
    "_engine/wait": (ENGINE, RESOURCES),
    "_engine/outcome": (
        ("tests/unit/test_task.py", *ENGINE, *unit("engine", "many")),
        unit("otterscale", "options"),
        (CLEAR,),
    ),
    "_engine/many": (unit("engine", "many", "circuit"), unit("otterscale", "declaration")),
    "_engine/reads": (unit("engine", "glance", "window", "circuit", "other_api"), (READ,)),
    "_engine/index": (unit("engine", "index"), RESOURCES),
    "_engine/circuit": (unit("engine", "circuit"),),
    "_engine/declared": (unit("engine", "declared"),),
    "_engine/inform": (unit("engine", "inform"),),
    "_task": ((*unit("engine", "glance", "window", "other_api"), "tests/unit/test_task.py"),),
    "_otterscale/declaration": (unit("otterscale", "declaration"), (DECLARE, HOUSE)),
    "_otterscale/inventory": (unit("otterscale", "inventory"),),
    "_otterscale/connect": (unit("otterscale", "connect", "options"), (WIRE,), (CLEAR,), (OIDC,)),
    "_http/client": (unit("otterscale", "connect"), (WIRE,), (OIDC,)),
    "_options": (unit("otterscale", "options"), (CLEAR,), (OIDC,)),
    "_http/failures": (unit("otterscale", "connect"), (WIRE,), (CLEAR,), (OIDC,)),
    "_http/text": (unit("otterscale", "connect"), (WIRE,), (CLEAR,), (OIDC,)),
    "_http/url": (unit("http", "url"), unit("otterscale", "options")),
    "_http/exchange": (unit("otterscale", "connect"), (WIRE,), (CLEAR,), (OIDC,)),
    **{f"_otterscale/objects/{name}": ((CLUSTER,),) for name in ("cluster", "kubeconfig")},
    "_otterscale/objects/reader": (OBJECTS, (CLUSTER,)),
    "_otterscale/objects/resource_service": (OBJECTS, (V1,)),
    "_otterscale/objects/machine": ((V1,),),
    "_otterscale/server": (unit("otterscale", "options"), (V1,)),
    "_errors": (unit("otterscale", "error_details", "connect"), ENGINE, RESOURCES, (WIRE,), (CLEAR,)),
    **{name: ((*own, CONTRACT, HOUSE), ENGINE, (DECLARE,), (FOUND,), (FAULTS,)) for name, own in (OWN | BELOW).items()},
    "_ief/service": (OWN["_ief/service"], (CONTRACT,), (EDGE,), ENGINE),
    "_ief/client": ((EDGE,), unit("ief", "connection")),
    "_ief/connection": (unit("ief", "connection"), (EDGE,)),
    "_values/acl": (unit("values", "acl"), BUCKET),
    "_values/iam_policy": (unit("values", "iam_policy"), BUCKET),
    "_values/names": (unit("values", "names"), RESOURCES),
    "_values/ports": (unit("values", "ports"), VM_SERVICE),
    "_values/quantity": (unit("values", "quantity"), DATAVOLUME),
    "_values/message": (unit("values", "wire"), RESOURCES),
    "_otterscale/connection": (unit("otterscale", "options"), (CLEAR,), (OIDC,)),
    "_otterscale/oidc": (unit("otterscale", "options"), (OIDC,)),
    "_apigee/report": ((REPORT,), (INSTANCE,)),
    "_apigee/outcomes": ((REPORT,), (CALLBACK,)),
    "_apigee/sinks": ((REPORT,), (CALLBACK,)),
    "_apigee/spool": ((SPOOL,), (CALLBACK,)),
    "_apigee/files": ((SPOOL,),),
    "_apigee/delivery": ((SPOOL,), (CALLBACK,)),
    "_apigee/instance_status": ((INSTANCE,),),
    "_apigee/connection": ((INSTANCE,), (CALLBACK,)),
    "_apigee/service_account": ((INSTANCE,),),
}
# What every test process needs, imported once; nothing of the collection.
LIBRARIES = (
    *("pytest", "hypothesis.strategies", "yaml", "requests", "trustme", "authlib", "flask"),
    *("google.protobuf.json_format", "google.rpc.error_details_pb2", "ansible.module_utils.basic"),
)
# A stage may compute so many times as long as it usually takes, and so many seconds more.
PATIENCE, LEAST_SECONDS = 4, 5.0
# And it may wait for so many times as long as it may compute.
WAITING = 3
MEMORY = 4 * 1024**3


class Quick:
    """Hypothesis with the same examples in every run, and without the search for the simplest that fails."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutants", settings(), derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
        )
        settings.load_profile("mutants")


@dataclass
class Tally:
    mutants: int = 0
    killed: int = 0
    equivalent: int = 0
    survivors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def row(self, name: str) -> str:
        decided = self.mutants - self.equivalent
        score = 100 * self.killed / decided if decided else 100.0
        numbers = (self.mutants, self.killed, self.equivalent, len(self.survivors), round(self.seconds))
        return f"{name:26}" + "".join(f"{number:12}" for number in numbers) + f"{score:10.1f} %"


def passes(stage: tuple[str, ...], seconds: float, log: Path | None = None) -> bool:
    """Whether the tests of a stage pass, in a process of their own that ends with all that it has started.

    seconds: how long it may compute.
    """
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
        output = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        import pytest

        os._exit(int(pytest.main(["-x", "-q", *stage], plugins=[Quick()])))
    ends, ended, status = time.monotonic() + WAITING * seconds, 0, 1
    while not ended and time.monotonic() < ends:
        time.sleep(0.01)
        ended, status = os.waitpid(child, os.WNOHANG)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if not ended:
        os.waitpid(child, 0)
    return bool(ended) and status == 0


def usual_seconds(tree: Path, name: str) -> list[float]:
    """How long the stages of a file take as it is, on which they must pass."""
    found = []
    for stage in STAGES[name]:
        started = time.monotonic()
        log = tree / ".dev/mutants.log"
        if not passes(stage, 600, log):
            sys.exit(f"the tests fail before anything is broken:\n{log.read_text()}")
        found.append(time.monotonic() - started)
    return found


def survives(name: str, usual: list[float]) -> bool:
    return all(
        passes(stage, PATIENCE * seconds + LEAST_SECONDS) for stage, seconds in zip(STAGES[name], usual, strict=True)
    )


def check(tree: Path, name: str, every: int, known: dict[str, str]) -> Tally:
    """Try the mutants of one file, and leave it as it was."""
    file = tree / f"plugins/module_utils/{name}.py"
    source = file.read_text(encoding="utf-8")
    usual = usual_seconds(tree, name)
    for cached in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        cached.unlink()
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    tally, met = Tally(), Counter[str]()
    try:
        for mutant in Mutator(source).mutants()[::every]:
            file.write_text(mutant.source, encoding="utf-8")
            judge(mutant, survives(name, usual), name, tally, known)
            met[mutant.key] += 1
    finally:
        file.write_text(source, encoding="utf-8")
    for key in known.keys() - met.keys() if every == 1 else ():
        print(f"  no such mutant any more, take it out of equivalent.py: {key}")
    return tally


def judge(mutant: Mutant, survived: bool, name: str, tally: Tally, known: dict[str, str]) -> None:
    tally.mutants += 1
    if not survived:
        tally.killed += 1
        if mutant.key in known:
            print(f"  killed, so take it out of equivalent.py: {mutant.key}", flush=True)
    elif mutant.key in known:
        tally.equivalent += 1
    else:
        tally.survivors.append(mutant.key)
        print(f"  {name}.py:{mutant.line}: {mutant.key}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, help="a copy of the checkout, below ansible_collections")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(STAGES)}; all of them if none is given"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try only every N-th mutant")
    options = parser.parse_args()
    tree = options.tree.resolve()
    if (tree / ".git").exists():
        parser.error(f"{tree} is a checkout, not a copy")
    os.chdir(tree)
    (tree / ".dev").mkdir(exist_ok=True)
    os.environ["PYTHONPATH"] = str(tree.parents[2])
    os.environ.update(OTTERSCALE_FUZZ_EXAMPLES="40", OTTERSCALE_FUZZ_SEED="20261121")
    sys.path.insert(0, str(tree.parents[2]))
    for library in LIBRARIES:
        importlib.import_module(library)
    tallies = {}
    for name in options.names or STAGES:
        print(f"{name}, survivors:", flush=True)
        started = time.monotonic()
        tallies[name] = check(tree, name, options.every, EQUIVALENT.get(name, {}))
        tallies[name].seconds = time.monotonic() - started
    titles = ("mutants", "killed", "equivalent", "survivors", "seconds")
    print(f"\n{'file':26}" + "".join(f"{title:>12}" for title in titles) + f"{'score':>12}")
    for name, tally in tallies.items():
        print(tally.row(name))
    if options.every > 1:
        print(f"every mutant number n * {options.every} only")
    return 0


if __name__ == "__main__":
    sys.exit(main())
