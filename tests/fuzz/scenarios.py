# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""What fuzzing consists of: things on a server, tasks one after the other, and the faults that each of them meets.

All of it prints as Python, so that a scenario that was found can be pasted into test_found.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.kinds import EMULATED, KINDS, emulated
from tests.kinds.datavolume import PASSWORD
from tests.kinds.kind import GI

# Every code that an error may carry.
CODES = (
    "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists", "permission_denied",
    "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal", "unavailable",
    "data_loss", "unauthenticated",
)  # fmt: skip
# Backend texts as the servers with plain errors pass them on.
TEXTS = (
    "injected fault",
    "context deadline exceeded",
    "etcdserver: request timed out",
    'Operation cannot be fulfilled on services "web": the object has been modified',
    "operation error S3: PutBucketAcl, https response error StatusCode: 503, SlowDown: ",
)
# Answers that no client can take for true.
BROKEN: tuple[Mapping[str, Any], ...] = (
    {"headers": {"content-type": "text/html"}, "body": "<html><h1>Log in</h1></html>"},
    {"status": 502, "headers": {"content-type": "text/html"}, "body": "<html>Bad Gateway</html>"},
    {"status": 503, "headers": {"retry-after": "86400"}, "body": "busy"},
    {"status": 429, "headers": {"retry-after": "0"}, "body": "slow down"},
    {"status": 302, "headers": {"location": "http://127.0.0.1:1/login"}},
    {"status": 500, "body": '{"code": "surely not", "message": 5}'},
    {"body": ""},
    {"body": "[]"},
    {"body": '"ok"'},
    {"body": '{"buckets": '},
    {"body": '{"buckets": 5, "dataVolumes": "x", "virtualMachines": {}, "grants": 7, "source": [], "ports": "80"}'},
    {"headers": {"content-encoding": "gzip"}, "body": "no gzip"},
    {"headers": {"content-length": "100000"}, "body": "{}"},
)
# Secrets, which nothing that a task says may hold in any spelling: the token, and the password of a source's URL.
TOKEN = 'fuzz "token" of\\somebody & that must <not> leak'
# What a server or a proxy says that repeats the request's headers, and would like to steer a terminal.
SAID = f"Bearer {TOKEN} \x1b[31m\x9b2J"


def _echo(owner: Any, source: Any, machine: Any, text: Any) -> str:
    grants = [{"type": "CanonicalUser", "id": owner, "permission": "FULL_CONTROL"}]
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "80", "nodePort": 30080}]
    condition = {"type": text, "reason": text, "message": text}
    bucket = {"name": "data", "owner": owner, "policy": json.dumps({"Id": text}), "grants": grants, "createdAt": text}
    volume = {"name": "root", "source": source, "phase": text, "progress": text, "lastCondition": condition}
    volume.update(sizeBytes=GI, bootImage=False, createdAt=text)
    services = [{"name": name, "type": text, "clusterIp": text, "ports": ports} for name in ("web", "api")]
    lists = {"buckets": [bucket], "dataVolumes": [volume], "virtualMachines": [{"name": machine, "services": services}]}
    return json.dumps({**bucket, **volume, **services[0], **lists})


# Makes sense as a bucket, and as nothing else.
ECHOED_BUCKET: Mapping[str, Any] = {"body": _echo("alice", {"type": SAID}, [SAID], {SAID: [SAID]})}
ECHOES: tuple[Mapping[str, Any], ...] = (
    {"body": _echo({SAID: [SAID]}, SAID, {SAID: SAID}, "x")},
    ECHOED_BUCKET,
    {"status": 500, "body": json.dumps({"code": "internal", "message": SAID, "details": [{"type": SAID, "x": SAID}]})},
    {"status": 401, "body": json.dumps({"message": f"{'x' * 480}{SAID}"})},
    {"status": 502, "headers": {"content-type": "text/html"}, "body": f"<html>{'x' * 180}<p>{SAID}"},
    {"status": 302, "headers": {"location": f"https://me:{PASSWORD}@127.0.0.1:1/"}},
)
# Well-formed untruths: nothing that the client could know gives them away, where the lists do not.
LIES: tuple[Mapping[str, Any], ...] = (
    {"body": "{}"},
    {"body": '{"name": "data"}'},
    {"body": '{"unheard": [1, 2, 3]}'},
    {"body": _echo(SAID, {"type": 1, "data": f"https://me:{PASSWORD}@images.test/{SAID}"}, SAID, SAID)},
)


def _status(details: str) -> str:
    return f'{{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "details": {details}}}'


# The same for a GET of Kubernetes, whose answers carry what they are about: without that nothing is proven.
KUBERNETES_BROKEN: tuple[Mapping[str, Any], ...] = (
    {"status": 404, "headers": {"content-type": "text/html"}, "body": "<html><h1>Not Found</h1></html>"},
    {"status": 404, "body": '{"detail": "Not Found"}'},
    {"status": 404, "body": _status("{}")},
    {"status": 404, "body": _status('{"name": "other", "kind": "services"}')},
    {"status": 404, "body": _status('{"name": "web", "kind": "virtualmachines"}')},
    {"status": 403, "body": '{"kind": "Status", "apiVersion": "v1", "reason": "Forbidden"}'},
    {"body": "null"},
    {"body": '{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "other"}}'},
    {"body": '{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}}'},
)
KUBERNETES_LIES: tuple[Mapping[str, Any], ...] = (
    {"status": 404, "body": _status('{"name": "web", "kind": "services"}')},
    {"status": 404, "body": _status('{"name": "root", "kind": "persistentvolumeclaims"}')},
    {"status": 404, "body": _status('{"name": "root", "group": "cdi.kubevirt.io", "kind": "datavolumes"}')},
)
GARBAGE = ("AAECAwQ=", "SFRUUC8xLjEgMjAwIE9LDQoNCg==", "SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogLTUNCg0Ke30=")


@dataclass(frozen=True)
class Task:
    """One task that a playbook runs.

    options: of the module; kubeconfig is true for one of the server's Kubernetes view. faults: rules of the emulator.
    retries: of the task.
    colleague: what somebody else puts on the server (or takes away) after our read number `after`, counted from 1.
    In a loop, another item has read before: it asked `age` seconds ago, was answered after `took` of them, and then
    somebody did `since`.
    """

    options: Mapping[str, Any]
    faults: tuple[Mapping[str, Any], ...] = ()
    retries: int = 2
    colleague: Mapping[str, Any] | None = None
    after: int = 1
    took: float = 0.0
    age: float = 0.0
    since: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Scenario:
    """things: what is put on the server before the first task. in_loop: each task finds readings of another item."""

    kind: str
    tasks: tuple[Task, ...]
    things: tuple[Mapping[str, Any], ...] = field(default=())
    in_loop: bool = False


# Faults


def _merged(*parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


# Where a fault strikes. Mostly a write, or a read after it: a first look that fails ends a run before it began.
PLACES: tuple[Mapping[str, Any], ...] = (
    *({"rpc": "write"}, {"rpc": "write", "skip": 1}, {"rpc": "write", "count": 2}, {"rpc": "write", "count": 4}),
    *({"rpc": "read", "skip": skip} for skip in (1, 1, 2, 3)),
    *({"rpc": "read"}, {"rpc": "read", "skip": 1, "count": 3}, {"rpc": "*", "skip": 1}),
    {"rpc": "*", "skip": 2, "count": 3},
)


def _rules(kinds: st.SearchStrategy[Mapping[str, Any]]) -> st.SearchStrategy[Mapping[str, Any]]:
    when = st.sampled_from([{"when": "after"}, {"when": "before"}])
    return st.builds(_merged, st.sampled_from(PLACES), when, kinds)


errors = st.builds(
    lambda code, message: {"kind": "error", "code": code, "message": message},
    st.sampled_from(CODES),
    st.sampled_from(TEXTS),
)
answers = st.sampled_from([{"kind": "answer", **answer} for answer in BROKEN])
echoes = st.sampled_from([{"kind": "answer", **answer} for answer in (*ECHOES, LIES[-1])])
lies = st.sampled_from([{"kind": "answer", **answer} for answer in LIES])
raw = st.sampled_from([{"kind": "raw", "data": data} for data in GARBAGE])
lost = st.sampled_from([{"kind": "close"}, {"kind": "close"}, {"kind": "truncate"}])
quick = _rules(errors | errors | lost | answers | raw | lies | echoes)
# Each of these costs half a second or more, so they are rare.
slow = _rules(
    st.sampled_from([{"kind": "drip", "seconds": 0.05}, {"kind": "delay", "seconds": 5.0}, {"kind": "restart"}])
).map(lambda rule: {key: value for key, value in rule.items() if key != "count"})


of_kubernetes = st.builds(
    lambda place, kind: {"rpc": "GetKubernetes", "kind": "answer", **place, **kind},
    st.sampled_from([{}, {}, {"skip": 1}, {"count": 4}]),
    st.sampled_from([*KUBERNETES_BROKEN, *KUBERNETES_BROKEN, *LIES, *KUBERNETES_LIES]),
)


@st.composite
def schedules(draw: st.DrawFn, kubernetes: bool) -> tuple[Mapping[str, Any], ...]:
    """No to four faults; kubernetes: whether it is asked too."""
    faults = quick | of_kubernetes if kubernetes else quick
    drawn = [draw(faults) for _number in range(draw(st.sampled_from([1, 0, 1, 2, 2, 3, 4])))]
    if len(drawn) < 4 and draw(st.integers(0, 24)) == 24:
        drawn.insert(draw(st.integers(0, len(drawn))), draw(slow))
    return tuple(drawn)


# How long the reading of another item took, and how old it is when a task begins. Ten seconds is the limit for what is
# as it should be; for what is carried over it is two, or four times what the reading took.
AGES = (
    *((0.0, 0.0), (0.0, 1.0), (0.0, 3.0), (0.0, 8.0), (0.0, 13.0)),
    *((1.0, 3.0), (1.0, 5.0), (8.0, 13.0), (9.0, 13.0), (9.0, 18.0)),
)


@st.composite
def scenarios(draw: st.DrawFn, kinds: Collection[str] = tuple(EMULATED)) -> Scenario:
    """kinds: of what resources."""
    name, in_loop = draw(st.sampled_from(list(kinds))), draw(st.booleans())
    kind, server = KINDS[name], emulated(name)
    asks = bool(server.unlisted) and draw(st.booleans())
    things = draw(st.lists(st.sampled_from(server.unlisted if asks else server.things), min_size=int(asks), max_size=2))
    tasks = []
    for _number in range(draw(st.integers(1, 3))):
        meddles = draw(st.integers(0, 5)) == 5
        took, age = draw(st.sampled_from(AGES)) if in_loop else (0.0, 0.0)
        options = draw(kind.desired)
        tasks.append(
            Task(
                options={**options, "kubeconfig": True} if asks else options,
                faults=draw(schedules(asks)),
                retries=draw(st.integers(0, 3)),
                colleague=draw(st.sampled_from([*server.things, server.removal])) if meddles else None,
                after=draw(st.integers(1, 3)) if meddles else 1,
                took=took,
                age=age,
                since=draw(st.sampled_from([None, *server.things, server.removal])) if age else None,
            )
        )
    return Scenario(name, tuple(tasks), tuple(things), in_loop)
