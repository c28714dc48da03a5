# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Many resources in one task: what the task tells of each and of all, and what comes before what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from graphlib import CycleError
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._engine import many
from ansible_collections.otterscale.core.plugins.module_utils._engine.many import Entry, Pool, Summary, in_order
from ansible_collections.otterscale.core.plugins.module_utils._engine.outcome import Outcome
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError, Reason
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.bucket import Bucket
from ansible_collections.otterscale.core.plugins.module_utils._otterscale.vm_service import VMService

CREATED = [{"rpc": "CreateBucket", "reason": "it does not exist"}]


def bucket(name: str, outcome: Outcome | None = None, **options: Any) -> Entry:
    return Entry(Bucket, {"name": name, "state": "present"}, outcome=outcome, **options)


def service(name: str, outcome: Outcome | None = None, state: str = "present") -> Entry:
    return Entry(VMService, {"namespace": "vms", "name": name, "state": state}, outcome=outcome)


def changed(kind: str = "bucket", **more: Any) -> Outcome:
    return Outcome(kind, changed=True, operations=CREATED, before={}, after={"name": "x"}, **more)


def failed(message: str, **more: Any) -> Outcome:
    return Outcome("bucket", error=ApiError("internal", message), msg=f"{message}!", **more)


def told(*entries: Entry, with_diff: bool = True, **options: Any) -> dict[str, Any]:
    summary = Summary(list(entries), **options)
    summary.add_up()
    return summary.as_result(with_diff=with_diff)


# What is told


def test_each_entry_is_told_of_with_its_labels_and_without_a_diff() -> None:
    entries = [service("web", Outcome("vm_service", resource={"name": "web"})), bucket("data", changed()), bucket("x")]
    result = told(*entries)
    assert result["results"] == [
        {
            **{"kind": "vm_service", "namespace": "vms", "name": "web", "changed": False, "failed": False},
            **{"skipped": False, "operations": [], "vm_service": {"name": "web"}},
            "declared": {"namespace": "vms", "name": "web"},
        },
        {
            **{"kind": "bucket", "name": "data", "changed": True, "failed": False, "skipped": False},
            **{"operations": CREATED, "bucket": None, "declared": {"name": "data"}},
        },
        {
            **{"kind": "bucket", "name": "x", "changed": False, "failed": False, "skipped": True},
            "declared": {"name": "x"},
        },
    ]
    assert [entry.title for entry in entries[:2]] == ["VM service vms/web", "bucket data"]


def test_what_was_removed_is_told_of_beside_all_else() -> None:
    result = told(bucket("old", changed(), removal=True), bucket("data", Outcome("bucket")))
    assert result["removals"] == [{"kind": "bucket", "name": "old"}]
    assert [entry["name"] for entry in result["results"]] == ["old", "data"]


def test_an_entry_is_absent_if_it_is_declared_so_or_is_to_be_removed() -> None:
    removal = Entry(Bucket, {"namespace": None, "name": "old"}, removal=True)
    assert removal.absent and service("web", state="absent").absent and not service("web").absent
    assert removal.declared() == {"name": "old", "state": "absent"}


def test_the_counts_add_up() -> None:
    unchanged = [bucket(f"same-{number}", Outcome("bucket")) for number in range(5)]
    half_done = failed("no", changed=True, operations=[{"rpc": "DeleteBucket", "reason": "it exists"}])
    not_begun = [bucket(f"late-{number}") for number in range(3)]
    result = told(*unchanged, bucket("a", changed()), bucket("b", changed()), bucket("bad", half_done), *not_begun)
    assert result["summary"] == {"unchanged": 5, "changed": 2, "failed": 1, "skipped": 3}
    rpcs = [operation["rpc"] for operation in result["operations"]]
    assert result["changed"] and rpcs == ["CreateBucket", "CreateBucket", "DeleteBucket"]
    assert not any(entry.failed for entry in not_begun)
    assert not told(bucket("data", Outcome("bucket")))["changed"] and not told()["changed"]
    assert told()["summary"] == {"unchanged": 0, "changed": 0, "failed": 0, "skipped": 0}


def test_the_first_error_is_the_error_and_every_message_is_told() -> None:
    result = told(bucket("a", Outcome("bucket")), bucket("b", failed("no")), bucket("c", failed("never")), bucket("d"))
    assert result["msg"] == "2 of 4 resources failed:\nno!\nnever!" and result["error"]["message"] == "no"
    assert [entry["failed"] for entry in result["results"]] == [False, True, True, False]
    assert result["results"][1]["msg"] == "no!" and "diff" not in result
    assert set(told(bucket("a", Outcome("bucket")))) == {
        *("changed", "operations", "results", "removals", "summary", "diff")
    }


def not_tried() -> Outcome:
    error = ApiError("unavailable", "not tried", reason=Reason.NOT_TRIED)
    return Outcome("bucket", error=error, msg="not tried!")


def test_what_was_tried_says_more_than_what_was_not() -> None:
    result = told(bucket("a", not_tried()), bucket("b", failed("no")), bucket("c", not_tried()))
    assert result["error"]["message"] == "no"
    count = "2 were not tried, since the server could not be reached."
    assert result["msg"].splitlines() == ["3 of 3 resources failed:", "no!", count]
    assert told(bucket("a", not_tried()), bucket("b", not_tried()))["error"]["message"] == "not tried"


def test_a_result_may_hold_what_is_not_as_it_was_alone() -> None:
    entries = [bucket("same", Outcome("bucket")), bucket("new", changed()), bucket("bad", failed("no")), bucket("late")]
    assert [entry["name"] for entry in told(*entries, results="changed")["results"]] == ["new", "bad", "late"]
    assert told(*entries, results="none")["results"] == []


@pytest.mark.parametrize(("results", "operations"), [(None, 7), ("all", 7), ("changed", 7), ("none", 0)])
def test_a_result_has_the_operations_of_the_entries_that_it_has_and_counts_all(results: str, operations: int) -> None:
    half_done = failed("no", changed=True, operations=CREATED)
    new = [bucket(f"new-{number}", changed()) for number in range(6)]
    result = told(bucket("same", Outcome("bucket")), bucket("bad", half_done), *new, results=results)
    assert result["operations"] == CREATED * operations and result["changed"]
    assert result["summary"] == {"unchanged": 1, "changed": 6, "failed": 1, "skipped": 0}


def test_the_result_of_thousands_of_changes_can_be_small() -> None:
    """AWX drops one of more than 700,000 characters."""
    result = told(*(bucket(f"new-{number}", changed()) for number in range(10_000)), results="none", with_diff=False)
    assert result["changed"] and result["summary"]["changed"] == 10_000 and len(str(result)) < 200


def test_a_declaration_that_fails_as_a_whole_has_failed_for_each_entry() -> None:
    error = ApiError("client", "declared more than once: bucket a")
    result = told(bucket("a"), bucket("a"), error=error, msg="Declared more than once.", begun=False)
    assert result["summary"] == {"unchanged": 0, "changed": 0, "failed": 2, "skipped": 0}
    assert [(entry["failed"], entry["skipped"]) for entry in result["results"]] == [(True, False)] * 2
    assert (result["msg"], result["error"]["code"]) == ("Declared more than once.", "client")


def test_the_diff_is_of_what_changes_alone_and_only_where_it_is_asked_for() -> None:
    entries = [bucket("a", Outcome("bucket")), service("web", changed("vm_service")), bucket("skipped")]
    assert told(*entries)["diff"] == [
        {
            **{"before_header": "vm_service vms/web", "after_header": "vm_service vms/web"},
            **{"before": {}, "after": {"name": "x"}},
        }
    ]
    assert "diff" not in told(*entries, with_diff=False)


def test_a_failure_does_not_hide_the_diff_of_what_changes() -> None:
    half_done = failed("no", changed=True, operations=CREATED)
    result = told(bucket("bad", half_done), bucket("a", changed()))
    assert [part["before_header"] for part in result["diff"]] == ["bucket a"] and "error" in result


def test_a_warning_is_given_once_and_after_those_of_the_declaration() -> None:
    entries = [bucket(name, Outcome("bucket", warnings=["hm", name])) for name in ("a", "b")]
    summary = Summary([*entries, bucket("skipped")], warnings=["the connection is old"])
    summary.add_up()
    assert summary.warnings == ["the connection is old", "hm", "a", "b"] and summary.error is None


# What comes before what


def batches(needs: dict[str, set[str]]) -> list[set[str]]:
    entries = [bucket(name, needs={f"bucket {other}" for other in others}) for name, others in needs.items()]
    return [{entry.params["name"] for entry in batch} for batch in in_order(entries)]


def test_an_entry_comes_after_all_that_it_needs_of_what_is_there() -> None:
    assert batches({"c": {"b"}, "b": {"a", "elsewhere"}, "a": set(), "d": {"a"}}) == [{"a"}, {"b", "d"}, {"c"}]
    with pytest.raises(CycleError):
        batches({"a": {"b"}, "b": {"a"}})


# Several at once


def for_each(entries: list[Entry], work: Callable[[Entry], None], *, at_once: int) -> None:
    with Pool(at_once) as pool:
        pool.for_each(entries, work)


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_the_work_is_done_once_for_each_entry(at_once: int) -> None:
    done: list[str] = []
    entries = [bucket(str(number)) for number in range(20)]
    for_each(entries, lambda entry: done.append(entry.key), at_once=at_once)
    assert sorted(done) == sorted(entry.key for entry in entries)
    for_each([], lambda entry: done.append("never"), at_once=at_once)
    assert len(done) == 20


def test_all_entries_are_worked_on_at_once_where_they_are_few() -> None:
    together = threading.Barrier(3)
    for_each([bucket(str(number)) for number in range(3)], lambda entry: together.wait(timeout=30), at_once=8)


@pytest.mark.parametrize(
    ("room", "at_once", "workers"),
    [
        *((0, 8, 1), (1, 8, 1), (2, 8, 1), (4, 8, 1), (5, 8, 2), (7, 8, 2), (8, 8, 3), (22, 8, 7), (23, 8, 8)),
        *((99, 8, 8), (5, 2, 2), (99, 2, 2), (99, 1, 1), (99, 50, 20)),
    ],
)
def test_so_many_work_at_once_that_there_is_room_for_the_threads_of_their_calls(
    room: int, at_once: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call needs a thread of its own, while that of the call before may still be there."""
    alive: set[threading.Thread] = set()

    class Limited(threading.Thread):
        def start(self) -> None:
            if len(alive) >= room:
                raise RuntimeError("can't start new thread")
            alive.add(self)
            super().start()

        def run(self) -> None:
            try:
                super().run()
            finally:
                alive.remove(self)

    looked, found = threading.Event(), list[int]()

    def work(_entry: Entry) -> None:
        if threading.current_thread() is threading.main_thread():
            found.append(1 + len(alive))
            looked.set()
        assert looked.wait(timeout=30)

    monkeypatch.setattr(many, "threading", SimpleNamespace(Thread=Limited, Event=threading.Event))
    for_each([bucket(str(number)) for number in range(20)], work, at_once=at_once)
    assert found[0] == workers


def test_what_goes_wrong_in_another_thread_is_raised_in_the_calling_one() -> None:
    begun = threading.Event()

    def work(_entry: Entry) -> None:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            raise KeyError("a mistake of ours")
        assert begun.wait(timeout=30)

    with pytest.raises(KeyError, match="a mistake of ours"):
        for_each([bucket(str(number)) for number in range(4)], work, at_once=2)


def test_nothing_is_begun_after_the_calling_thread_was_interrupted() -> None:
    """The others end what they have begun, for which nobody waits."""
    begun: list[str] = []
    met, interrupted = threading.Barrier(2), threading.Event()
    others: list[threading.Thread] = []

    def work(entry: Entry) -> None:
        begun.append(entry.key)
        is_other = threading.current_thread() is not threading.main_thread()
        others.extend([threading.current_thread()] if is_other else [])
        met.wait(timeout=30)
        if not is_other:
            raise KeyboardInterrupt
        interrupted.wait(timeout=30)

    with pytest.raises(KeyboardInterrupt):
        for_each([bucket(str(number)) for number in range(9)], work, at_once=2)
    interrupted.set()
    (other,) = others
    other.join(timeout=30)
    assert not other.is_alive() and len(begun) == 2 and other.daemon
