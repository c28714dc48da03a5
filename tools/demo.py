# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Start the embedded OtterScale, run the quickstart playbook twice, and show that the second run only reads.

GENERATION in the environment chooses the server's generation. OtterScale 1.x has no buckets, so there the playbook goes
without them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emulator.process import Emulator  # noqa: E402

# What the playbook is told on a server that has no object storage.
WITHOUT_BUCKETS = ("--extra-vars", '{"otterscale_buckets": []}')
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def play(playbook: str, emulator: Emulator, arguments: tuple[str, ...]) -> Counter[str]:
    """Run a playbook before the user's eyes and return the numbers of its recap, summed over all hosts.

    The recap counts a task once, however many resources it goes through; "resources" counts each that was changed.
    """
    environment = {
        **os.environ,
        "ANSIBLE_FORCE_COLOR": str(sys.stdout.isatty()),
        "OTTERSCALE_API_URL": emulator.url,
        "OTTERSCALE_API_TOKEN": emulator.token,
        "OTTERSCALE_SCOPE": "demo",
    }
    command = ["ansible-playbook", "--diff", *arguments, playbook]
    output = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            output.append(COLOR.sub("", line))
    recap = "".join(output).rpartition("PLAY RECAP")[2]
    # The role's summary has a line for each resource; the recap counts tasks.
    numbers = Counter(resources=sum(line.lstrip().startswith('"changed: ') for line in output))
    for name, number in re.findall(r"\b([a-z]+)=(\d+)", recap):
        numbers[name] += int(number)
    if process.returncode:
        sys.exit(f"demo: ansible-playbook ended with exit code {process.returncode}")
    if not numbers["ok"] or numbers["failed"] or numbers["unreachable"]:
        sys.exit(f"demo: the playbook did not go through: {dict(numbers)}")
    return numbers


def tally(calls: list[dict[str, Any]]) -> str:
    """How often each RPC was called, such as `ListBuckets 2, GetService 1`."""
    numbers = Counter(str(call["rpc"]) for call in calls)
    return ", ".join(f"{rpc} {number}" for rpc, number in sorted(numbers.items())) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--playbook", default=str(ROOT / "playbooks/quickstart.yml"), help="default: %(default)s")
    playbook = parser.parse_args().playbook
    generation = os.environ.get("GENERATION")
    with Emulator(*(("--generation", generation) if generation else ())) as emulator:
        print(f"the embedded OtterScale is ready: {emulator.url}", flush=True)
        arguments = WITHOUT_BUCKETS if emulator.state()["generation"]["api"] == "resource_v1" else ()
        first = play(playbook, emulator, arguments)
        seen = emulator.journal()["next"]
        second = play(playbook, emulator, arguments)
        calls = emulator.journal(since=seen)["calls"]
    writes = [call for call in calls if call["write"]]
    reads = [call for call in calls if not call["write"]]
    print(f"second run, reads: {len(reads)} ({tally(reads)})")
    print(f"second run, writes: {len(writes)} ({tally(writes)})")
    print(f"quickstart: first run changed={first['resources']}, second run changed={second['resources']}")
    if not first["changed"]:
        sys.exit("demo: the first run changed nothing")
    if second["changed"] or second["resources"] or writes or not reads:
        sys.exit("demo: the second run should have read, and changed nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
