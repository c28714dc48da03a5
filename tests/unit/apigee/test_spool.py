# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""The spool: what waits, in which order it goes, what is dropped, and what is left alone."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._apigee.delivery import Delivery
from ansible_collections.otterscale.core.plugins.module_utils._apigee.files import write_atomically
from ansible_collections.otterscale.core.plugins.module_utils._apigee.report import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._apigee.spool import Spool
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from hypothesis import given, settings
from hypothesis import strategies as st


class FakeSink:
    """Takes reports, or fails with the next of its errors. during: called while a report is being sent."""

    warnings = ()

    def __init__(self, key: str = "sink", *errors: ApiError | None, during: Callable[[], None] | None = None) -> None:
        self.name = self.key = key
        self.errors = list(errors)
        self.during = during
        self.sent: list[dict[str, Any]] = []

    def send(self, report: Mapping[str, Any]) -> None:
        if self.during:
            self.during()
        if self.errors and (error := self.errors.pop(0)):
            raise error
        self.sent.append(dict(report))


def answered(status: int) -> ApiError:
    return ApiError("unknown", "injected", http_status=status, sent=True)


LOST = ApiError("unavailable", "no answer", sent=True)
NO_TOKEN = ApiError("unauthenticated", "invalid_grant", http_status=400)


def report(number: int) -> Callable[[str], dict[str, Any]]:
    return lambda report_time: {"reportTime": report_time, "number": number}


def deliver(folder: Path, sink: FakeSink, number: int, seconds: float = 60.0) -> list[str]:
    return Spool(folder, sink).deliver(report(number), time.monotonic() + seconds)


def waiting(folder: Path) -> list[int]:
    return [json.loads(path.read_text())["number"] for path in sorted(folder.glob("2*.json"))]


def numbers(sink: FakeSink) -> list[int]:
    return [sent["number"] for sent in sink.sent]


def test_what_is_taken_is_gone(tmp_path: Path) -> None:
    folder, sink = tmp_path / "a/spool", FakeSink()
    assert deliver(folder, sink, 1) == [] and numbers(sink) == [1] and waiting(folder) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


LATER = (302, 401, 403, 407, 408, 409, 425, 429, 499, 500, 503)


@pytest.mark.parametrize("error", [LOST, NO_TOKEN, *map(answered, LATER)])
def test_what_may_be_taken_later_waits_and_goes_first(tmp_path: Path, error: ApiError) -> None:
    (told,) = deliver(tmp_path / "spool", FakeSink("sink", error), 1)
    assert told.endswith("for the next run: 1.") and error.message in told
    assert waiting(tmp_path / "spool") == [1]
    sink = FakeSink()
    assert deliver(tmp_path / "spool", sink, 2) == [] and numbers(sink) == [1, 2]


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_what_is_refused_is_dropped_and_holds_nothing_up(tmp_path: Path, status: int) -> None:
    deliver(tmp_path / "spool", FakeSink("sink", LOST), 1)
    sink = FakeSink("sink", answered(status))
    (told,) = deliver(tmp_path / "spool", sink, 2)
    assert "dropped" in told and str(status) in told and numbers(sink) == [2]
    assert waiting(tmp_path / "spool") == []


def test_a_report_of_another_sink_is_no_business_of_this_one(tmp_path: Path) -> None:
    deliver(tmp_path / "spool", FakeSink("one", LOST), 1)
    other = FakeSink("other")
    assert deliver(tmp_path / "spool", other, 2) == [] and numbers(other) == [2]
    assert waiting(tmp_path / "spool") == [1]


def test_foreign_and_broken_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    deliver(folder, FakeSink("sink", LOST), 1)
    (name,) = [path.name for path in folder.glob("2*.json")]
    key = name.split(".")[2]
    strange = {
        "notes.txt": "x",
        "report.json": "{}",
        f"20200101T000000.000000Z.{key}.json": '{"half',
        f"20200101T000001.000000Z.{key}.json": "[]",
        f"20200101T000002.000000Z.{key}.json.bak": "{}",
        f"yesterday.{key}.json": "{}",
    }
    for file, text in strange.items():
        (folder / file).write_text(text)
    (folder / f"20200101T000003.000000Z.{key}.json").mkdir()
    sink = FakeSink()
    assert deliver(folder, sink, 2) == [] and numbers(sink) == [1, 2]
    left = [path for path in folder.glob("[!.]*") if path.is_file()]
    assert {path.name: path.read_text() for path in left} == strange


def test_it_holds_so_many_reports_and_none_for_longer_than_a_week(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    deliver(folder, FakeSink("sink", LOST), 0)
    (first,) = folder.glob("2*.json")
    key = first.name.split(".")[2]
    first.unlink()

    def put(number: int, **ago: float) -> None:
        stamp = (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y%m%dT%H%M%S.%fZ")
        (folder / f"{stamp}.{key}.json").write_text(json.dumps({"number": number}))

    put(1, days=7, seconds=1)
    put(2, days=6, hours=23)
    (told,) = [text for text in deliver(folder, FakeSink("sink", LOST), 3) if "Removed" in text]
    assert told.endswith("none older than 7 days: 1.") and waiting(folder) == [2, 3]
    for number in range(4, 102):
        put(number, seconds=1000 - number)
    told_again = deliver(folder, FakeSink("sink", LOST), 1000)[0]
    assert told_again.startswith("Removed unsent") and told_again.endswith(": 1.")
    assert waiting(folder) == [*range(4, 102), 3, 1000]


def test_when_the_time_is_over_the_rest_waits(tmp_path: Path) -> None:
    (told,) = deliver(tmp_path / "spool", FakeSink(), 1, seconds=-1.0)
    assert told.endswith("for the next run: 1.") and waiting(tmp_path / "spool") == [1]


def test_one_process_sends_at_a_time_and_for_the_others_too(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    second, sink = FakeSink(), FakeSink()
    told: list[list[str]] = []

    def meanwhile() -> None:
        sink.during = None
        told.append(deliver(folder, second, 2))

    sink.during = meanwhile
    assert deliver(folder, sink, 1) == [] and told == [[]]
    assert numbers(sink) == [1, 2] and second.sent == [] and waiting(folder) == []


def test_no_report_is_overtaken_while_it_is_put_down(tmp_path: Path) -> None:
    folder, sink = tmp_path / "spool", FakeSink()
    other = threading.Thread(target=deliver, args=(folder, sink, 2))

    def slow(report_time: str) -> dict[str, Any]:
        other.start()
        other.join(0.3)  # what it would take to overtake
        return report(1)(report_time)

    Spool(folder, sink).deliver(slow, time.monotonic() + 60)
    other.join()
    assert numbers(sink) == [1, 2]


def test_no_report_follows_a_newer_one_whoever_sends_it(tmp_path: Path) -> None:
    """Several at once, as several processes; locks of one process are as good, since each opens the files anew."""
    sent: list[str] = []
    lock = threading.Lock()

    class Shared(FakeSink):
        def send(self, report: Mapping[str, Any]) -> None:
            with lock:
                if report["number"] % 3 == 0 and report["number"] not in failed:
                    failed.add(report["number"])
                    raise LOST
                sent.append(report["reportTime"])

    failed: set[int] = set()

    def plays(first: int) -> None:
        for number in range(first, first + 8):
            deliver(tmp_path / "spool", Shared(), number)

    threads = [threading.Thread(target=plays, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later = 0
    while waiting(tmp_path / "spool"):  # each time at least one report less, since none fails twice
        later += 1
        deliver(tmp_path / "spool", Shared(), 1)
    assert len(sent) == 24 + later and sent == sorted(sent)


@settings(max_examples=20)  # each writes several files to the disk
@given(st.lists(st.sampled_from(["taken", "later", "refused"]), max_size=8))
def test_nothing_is_lost_and_the_order_is_kept(tmp_path_factory: pytest.TempPathFactory, fates: list[str]) -> None:
    folder = tmp_path_factory.mktemp("spool")
    folder.chmod(0o700)
    sent, dropped = [], 0
    for number, fate in enumerate(fates):
        error = {"taken": None, "later": LOST, "refused": answered(400)}[fate]
        sink = FakeSink("sink", error)
        dropped += sum("dropped" in text for text in deliver(folder, sink, number))
        sent += numbers(sink)
    last = FakeSink()
    assert deliver(folder, last, len(fates)) == []
    sent += numbers(last)
    assert sent == sorted(set(sent)) and len(sent) + dropped == len(fates) + 1


def test_a_folder_that_everybody_may_write_to_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    folder.chmod(0o1777)
    with pytest.raises(OSError, match="everybody may write to it"):
        deliver(folder, FakeSink(), 1)
    assert list(folder.iterdir()) == []


def test_a_spool_that_cannot_be_used_lets_no_newer_report_pass(tmp_path: Path) -> None:
    folder, file = tmp_path / "spool", tmp_path / "later/reports"
    options = {"sink": "file", "path": str(file), "spool": str(folder), "timeout": 60.0, "instance_uid": None}
    lock = folder / ".lock"

    def report_of(name: str) -> list[str]:
        return Delivery(options).report([Outcome("here", "", name, None, True)])

    def arrived() -> list[str]:
        return [json.loads(line)["resources"][0]["resource"] for line in file.read_text().splitlines()]

    lock.mkdir(parents=True)
    assert "cannot be used" in report_of("zero")[0]  # and there is no folder for the file either
    lock.rmdir()
    assert report_of("one")[0].endswith("for the next run: 1.")
    file.parent.mkdir()
    lock.unlink()
    lock.mkdir()
    assert report_of("two")[1] == "The report is lost, since older ones wait there."
    lock.rmdir()
    assert report_of("three") == [] and arrived() == ["one", "three"]
    lock.unlink()
    lock.mkdir()
    (told,) = report_of("four")
    assert "cannot be used: Is a directory" in told and arrived() == ["one", "three", "four"]


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state"
    write_atomically(file, "before")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, "after")
    assert file.read_text() == "before" and [path.name for path in tmp_path.iterdir()] == ["state"]
