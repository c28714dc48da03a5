# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Where the reports of plays go: to Apigee, to any URL that takes the same body, or into a file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .._errors import ApiError, bad_option, checked
from .._http.exchange import REQUESTS_IMPORT_ERROR
from .._options import MAX_TIMEOUT_SECONDS, http_url, plain_http_warnings
from .connection import ENDPOINT, Client, Webhook, report_status, token_of
from .report import check_instance

SINKS = ("apigee", "http", "file")


class Sink(Protocol):
    """name: what messages call it, without secrets. key: tells it from others; of each, reports arrive in order."""

    name: str
    key: str
    warnings: tuple[str, ...]

    def send(self, report: Mapping[str, Any]) -> None:
        """Raises an ApiError."""


class HttpSink:
    """Sends to a URL, once: what was not delivered is kept, and sent again another time."""

    def __init__(self, client: Client, name: str, procedure: str = "", warnings: tuple[str, ...] = ()) -> None:
        self.name = name
        self.key = name
        self.warnings = warnings
        self._client = client
        self._procedure = procedure

    def send(self, report: Mapping[str, Any]) -> None:
        self._client.write(self._procedure, report)


class FileSink:
    """Adds a line to a file, which only its owner may read if it is new."""

    warnings: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.key = f"file {path.absolute()}"
        self._path = path

    def send(self, report: Mapping[str, Any]) -> None:
        line = json.dumps(report, separators=(",", ":")).encode() + b"\n"
        try:
            with open(os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not _ends_a_line(file):
                    line = b"\n" + line  # of a process that was killed, or a full disk
                if file.write(line) != len(line):
                    raise OSError(None, "only a part of the line was written")
        except OSError as error:
            raise ApiError("unavailable", f"cannot write to {self._path}: {error.strerror}") from None


def _ends_a_line(file: Any) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def open_sink(options: Mapping[str, Any]) -> Sink:
    """The sink that the options of the callback describe. Raises a `client` ApiError."""
    sink = options["sink"]
    if not 0 < options["timeout"] <= MAX_TIMEOUT_SECONDS:
        raise bad_option("timeout", options["timeout"], f"must be above zero and at most {MAX_TIMEOUT_SECONDS}")
    if sink == "file":
        if not options["path"]:
            raise bad_option("path", None, "needed for the sink file")
        return FileSink(Path(options["path"]))
    if REQUESTS_IMPORT_ERROR is not None:
        raise ApiError("client", f"sink '{sink}' needs the Python library 'requests', which is missing here")
    token = token_of(options, {"timeout": options["timeout"], "validate_certs": True, "ca_path": None})
    if sink == "http":
        return _webhook(options, token)
    if not options["instance"]:
        raise bad_option("instance", None, "needed for the sink apigee")
    if token is None:
        raise bad_option("access_token", None, "the sink apigee needs a token: set it, or 'service_account_file'")
    instance = checked("instance", options["instance"], check_instance)
    endpoint = http_url("url", options["url"] or ENDPOINT, instead="'access_token'")
    client = Client(endpoint, token=token, timeout=options["timeout"], retries=0)
    warnings = plain_http_warnings({"url": (endpoint, "the token")})
    return HttpSink(client, f"{endpoint.rstrip('/')}/{instance}", report_status(instance), warnings)


def _webhook(options: Mapping[str, Any], token: Any) -> Sink:
    if not options["url"]:
        raise bad_option("url", None, "needed for the sink http")
    url = http_url("url", options["url"], instead="'access_token'", query=True)
    sink = HttpSink(Webhook(url, token=token, timeout=options["timeout"], retries=0), url.partition("?")[0])
    sink.key = url if not options["instance"] else f"{url} {options['instance']}"
    sink.warnings = plain_http_warnings({"url": (url, "the token")}) if token else ()
    return sink
