# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The same writes as a lane, and nothing else, by a pool of threads: `python floor.py URL TOKEN create|update|delete`

The buckets come as JSON on standard input. Prints the seconds that the writes took, and the peak in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

THREADS = 8
ACLS = ("private", "public_read")
SERVICE = "otterscale.storage.v1.StorageService"


def main(url: str, token: str, change: str) -> None:
    own = threading.local()
    procedure = f"{url}/{SERVICE}/{change.capitalize()}Bucket"

    def open_session() -> None:
        own.session = requests.Session()
        own.session.headers["Authorization"] = f"Bearer {token}"

    def write(bucket: dict[str, Any]) -> None:
        request = {"scope": "demo", "bucketName": bucket["name"]}
        if change != "delete":
            request |= {"owner": bucket["owner"], "acl": ACLS.index(bucket["acl"])}
        response = own.session.post(procedure, json=request, timeout=30)
        response.raise_for_status()

    buckets = json.load(sys.stdin)
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS, initializer=open_session) as pool:
        list(pool.map(write, buckets))
    print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
