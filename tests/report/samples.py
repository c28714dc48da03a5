# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Results of otterscale_resources, and pages made of them, for tests with and without a browser."""

from __future__ import annotations

from typing import Any

from ansible_collections.otterscale.core.plugins.filter.html_report import FilterModule

html_report: Any = FilterModule().filters()["html_report"]

TIME = "2026-01-31T02:00:07Z"
# A text of a server that wants to be more than that: markup, the end of every place it may stand in, a template.
HOSTILE = (
    "\"'></pre></td></title></style><script>document.title='broken'</script>"
    "<img src=x onerror=\"document.title='broken'\">&amp;{{ 6*7 }}"
)
LONG = "y" * 3000
REVERSED = "safe\u202egnp.exe"


def entry(
    kind: str, name: str, outcome: str = "unchanged", namespace: str | None = None, **more: Any
) -> dict[str, Any]:
    flags = {flag: flag == outcome for flag in ("changed", "failed", "skipped")}
    return {"kind": kind, "name": name, **({"namespace": namespace} if namespace else {}), **flags, **more}


def difference(key: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {"before_header": key, "after_header": key, "before": before, "after": after}


def operation(rpc: str, reason: str) -> dict[str, Any]:
    return {"operations": [{"rpc": rpc, "reason": reason}]}


def failed(
    kind: str, name: str, message: str, advice: str, namespace: str | None = None, **error: Any
) -> dict[str, Any]:
    told = {"code": "client", "rpc": None, "http_status": None, "message": message, "details": [], **error}
    title = f"{kind.replace('datavolume', 'data volume')} {namespace + '/' if namespace else ''}{name}"
    call = f" present: {told['rpc']} failed [{told['code']}, HTTP {told['http_status']}]" if told["rpc"] else ""
    return entry(kind, name, "failed", namespace, msg=f"{title}{call}: {message}. {advice}", error=told)


def result(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("unchanged", "changed", "failed", "skipped"), 0)
    for one in entries:
        counts[next((flag for flag in ("failed", "skipped", "changed") if one[flag]), "unchanged")] += 1
    server = {"url": "https://otterscale.example.com", "scope": "production"}
    return {"results": list(entries), "summary": counts, "server": server, "failed": counts["failed"] > 0, **more}


def policy(*actions: str, sid: str = "PartnersRead") -> dict[str, Any]:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam:::user/partner"]},
        "Action": list(actions),
        "Resource": ["arn:aws:s3:::shop-reports/*"],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def night() -> dict[str, Any]:
    """A night in which something of everything happened."""
    unchanged = [entry("bucket", f"assets-{number:02}") for number in range(1, 10)]
    unchanged += [entry("vm_service", name, namespace="shop") for name in ("web", "search", "mail")]
    missing = {"name": "cache", "namespace": "shop", "size": 20 * 1024**3, "source": {"type": "blank_image"}}
    return result(
        entry("datavolume", "cache", "changed", "shop", **operation("CreateDataVolume", "it does not exist")),
        failed(
            "datavolume",
            "db-data",
            "it has 42949672960 bytes, and 'size' asks for 21474836480: a volume can only grow",
            "Correct the task and run it again.",
            namespace="shop",
        ),
        entry("vm_service", "db", "changed", "shop", **operation("UpdateVirtualMachineService", "the ports differ")),
        entry("bucket", "shop-reports", "changed", **operation("UpdateBucket", "owner and policy differ")),
        entry("bucket", "old-logs", "changed", **operation("DeleteBucket", "it exists")),
        failed(
            "bucket",
            "invoices",
            "the token may not change buckets of finance",
            "Give the user of the token the rights that this call needs.",
            **{"code": "permission_denied", "rpc": "UpdateBucket", "http_status": 403},
        ),
        *unchanged,
        diff=[
            difference("datavolume shop/cache", {}, missing),
            difference(
                "vm_service shop/db",
                {"ports": [{"name": "postgres", "port": 5432, "node_port": 30432, "protocol": "TCP"}]},
                {"ports": [{"name": "postgres", "port": 5432, "node_port": 31432, "protocol": "TCP"}]},
            ),
            difference(
                "bucket shop-reports",
                {"owner": "mallory", "policy": policy("s3:GetObject", "s3:PutObject")},
                {"owner": "alice", "policy": policy("s3:GetObject", "s3:ListBucket")},
            ),
            difference("bucket old-logs", {"owner": "alice", "acl": "private"}, {}),
        ],
        warnings=["VM service shop/mail: the server does not list it, so that it could not be compared."],
    )


def hostile() -> dict[str, Any]:
    """Every place for a text of a server has one that is hostile."""
    return result(
        entry("bucket", HOSTILE, "changed", **operation(HOSTILE, HOSTILE)),
        failed(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, code=HOSTILE, rpc=HOSTILE, http_status=500),
        failed("bucket", "second", HOSTILE, HOSTILE, code=HOSTILE, rpc=HOSTILE, http_status=500),
        entry("bucket", HOSTILE, "skipped"),
        entry("bucket", HOSTILE + REVERSED),
        diff=[difference(f"bucket {HOSTILE}", {HOSTILE: HOSTILE, "x": LONG}, {HOSTILE: policy(HOSTILE, sid=HOSTILE)})],
        warnings=[HOSTILE],
        server={"url": HOSTILE, "scope": HOSTILE},
    )


def many(number: int) -> dict[str, Any]:
    """So many of each outcome."""
    reason = {"code": "unavailable", "rpc": "ListBuckets", "http_status": 503}
    return result(
        *(entry("bucket", f"same-{n}") for n in range(number)),
        *(entry("bucket", f"other-{n}", "changed") for n in range(number)),
        *(failed("bucket", f"bad-{n}", f"no {n}", "Look.") for n in range(number)),
        *(failed("bucket", f"away-{n}", "the server is away", "Wait.", **reason) for n in range(number)),
        diff=[difference(f"bucket other-{n}", {"owner": "a"}, {"owner": "b", "acl": "private"}) for n in range(number)],
    )
