# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Mutants that no test can kill, since they change nothing that anybody could notice, and why.

Such a mutant is run like any other. It counts as equivalent only while it survives; one that is killed, or that is
not made any more, is reported, and its line here is to go.
"""

from __future__ import annotations

CHECKED = "it was checked before that this is given; only the type checker does not see it"
IN_ORDER = "the requests of one resource are all made by the same lines, so their keys come in the same order"
NO_WORKER_MORE = "room for one or two threads more is not enough for another worker"

UNKNOWN = "a code that Connect does not have becomes `unknown`"
NOT_READ = "only which verb it is counts; its text is for people who debug"

CLOSE = "no two readings of a clock are that close"
FALSE = "nobody looks at more than whether it is true"
NOT_OPEN = "it counts only once a circuit is open, which sets it"
LOOKED = "only when, or how often, it looks how many threads there is room for"

EQUIVALENT: dict[str, dict[str, str]] = {
    "_engine/reconcile": {
        "_Reconciliation.__init__: self.last_read: str | None = None -> pass": (
            "a resource reads before it judges what it read"
        ),
        "_Reconciliation.account: esolved.verb is step.verb and refusal: self.done.append(se -> "
        "esolved.verb is step.verb: self.done.append(se": CHECKED,
        "_Reconciliation.failed: if self.unresolved and self.seen and (self.seen != self.first -> "
        "if self.unresolved and (self.seen != self.first": "a write is only open after something was seen",
    },
    "_engine/resource": {
        "Step: synchronous: bool = False -> synchronous: bool = True": "only a deletion looks at it, and each says it",
        "Verb: CREATE = 'create' -> CREATE = 'createX'": NOT_READ,
        "Verb: UPDATE = 'update' -> UPDATE = 'updateX'": NOT_READ,
        "Verb: DELETE = 'delete' -> DELETE = 'deleteX'": NOT_READ,
        "Step.key: (self.request, sort_keys=True) -> (self.request, sort_keys=False)": IN_ORDER,
        "Resource.reports: return '' -> return None": FALSE,
    },
    "_engine/reads": {
        "SharedReads.read: dumps(request, sort_keys=True) -> dumps(request, sort_keys=False)": IN_ORDER,
        "Reader.accepts: ng and time.monotonic() > answer.young_until: -> "
        "ng and time.monotonic() >= answer.young_until:": CLOSE,
        "Reader.will_do: return now <= self.young_until -> return now < self.young_until": CLOSE,
        "Reader.will_do: NY or now - self.oldest <= KEEP_SECONDS -> NY or now - self.oldest < KEEP_SECONDS": CLOSE,
        "Reader.accepts: return False -> return None": FALSE,
        "Reader.will_do: return False -> return None": FALSE,
    },
    "_engine/circuit": {
        "Circuit.__init__: self._probe_at = 0.0 -> pass": NOT_OPEN,
        "Circuit.__init__: self._probe_at = 0.0 -> self._probe_at = 1.0": NOT_OPEN,
    },
    "_engine/many": {
        "Pool.for_each: f._threads, len(entries) - 1) -> f._threads, len(entries) + 1)": "some find nothing to do",
        "Pool._grow: threads > self._threads and self._most is None: -> "
        "threads > self._threads or self._most is None:": LOOKED,
        "Pool._grow: if threads > self._threads and self._most is None: s -> if self._most is None: s": LOOKED,
        "Pool._grow: f threads > self._threads and self._most is None: self._most = _worke -> "
        "f threads > self._threads: self._most = _worke": LOOKED,
        "Pool._grow: if threads > self._threads and self._ -> if threads >= self._threads and self._": LOOKED,
        "_workers: ads(most * _THREADS_EACH - 1) + 1) // _THREADS_EACH -> "
        "ads(most * _THREADS_EACH + 1) + 1) // _THREADS_EACH": NO_WORKER_MORE,
        "_room_for_threads: while len(threads) < wanted: thread = thr -> "
        "while len(threads) <= wanted: thread = thr": NO_WORKER_MORE,
        "_room_for_threads: rget=enough.wait, daemon=True) -> rget=enough.wait, daemon=False)": (
            "whatever happens, they are told to end"
        ),
    },
    "_otterscale/connect": {
        "Client.pause: off * 2.0 ** min(tries, 30)) -> off * 2.0 ** min(tries, 31))": "it is bounded long before",
        "Client._attempt: Timeout-Ms': str(min(max(1, int(self._timeout * 100 -> "
        "Timeout-Ms': str(min(max(2, int(self._timeout * 100": "no call is over in a millisecond",
        "_decode: lication/') else 'unknown', f\"the answer {(f'is {c -> "
        "lication/') else 'unknownX', f\"the answer {(f'is {c": UNKNOWN,
        "_answered_error: ATUS.get(status, 'unknown') -> ATUS.get(status, 'unknownX')": UNKNOWN,
    },
    "_otterscale/bucket": {
        "Bucket._create: t(self.owner, self.policy or {}, self.acl or CANNED_ACLS -> "
        "t(self.owner, self.policy, self.acl or CANNED_ACLS": "a policy that is None is left out like an empty one",
    },
    "_otterscale/model/vm_service": {
        "VMServiceState: ld(default=None, compare=False) -> ld(default=None, compare=True)": (
            "the creation time of one and the same service does not change"
        ),
        "WantedVMService.predict: rtual_machine, self.ports or (), 'NodePort') -> "
        "rtual_machine, self.ports, 'NodePort')": CHECKED,
        "WantedVMService.predict: eep_node_ports(self.ports or (), seen.state.ports)) -> "
        "eep_node_ports(self.ports, seen.state.ports))": "without ports there is nothing to predict",
    },
    "_otterscale/messages/vm_service": {
        "VMServiceMessages.create: ports = _request(wanted.ports or ()) -> ports = _request(wanted.ports)": CHECKED,
    },
    "_values/ports": {
        "parse_ports: p(options, ports, strict=True): if port.port not -> "
        "p(options, ports, strict=False): if port.port not": "each option makes one port",
    },
    "_values/message": {
        "Message.integer: <= 20 and value.lstrip('-').isdecimal(): retur -> "
        "<= 20 and value.lstrip('-X').isdecimal(): retur": "int() refuses it then, with the same result",
    },
    "_values/quantity": {
        "parse_quantity: er) * _FACTORS.get(suffix or '', Decimal(1)) * Decimal(1 -> "
        "er) * _FACTORS.get(suffix, Decimal(1)) * Decimal(1": "None is not a key either; only the type checker minds",
    },
}
