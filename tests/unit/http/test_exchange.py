# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""A call is bounded by a thread of its own, and a thread serves one call after the other."""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from collections.abc import Callable

import pytest
from ansible_collections.otterscale.core.plugins.module_utils._errors import ApiError
from ansible_collections.otterscale.core.plugins.module_utils._http.exchange import within

SECONDS = 10.0  # nothing here takes so long


def thread_of_a_call() -> int:
    return within(SECONDS, lambda _ends: threading.get_ident())


def test_one_call_after_the_other_needs_one_thread() -> None:
    first = thread_of_a_call()
    assert first != threading.get_ident()
    assert {thread_of_a_call() for _number in range(5)} == {first}


def test_a_failed_call_leaves_its_thread_to_the_next() -> None:
    first = thread_of_a_call()

    def fail(_ends: float) -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        within(SECONDS, fail)
    assert thread_of_a_call() == first


def test_calls_at_the_same_time_have_threads_of_their_own() -> None:
    inner = within(SECONDS, lambda _ends: (threading.get_ident(), thread_of_a_call()))
    assert inner[0] != inner[1]


def test_nobody_waits_for_a_thread_whose_call_ran_out_of_time() -> None:
    goes_on = threading.Event()
    stuck: list[threading.Thread] = []

    def hang(_ends: float) -> None:
        stuck.append(threading.current_thread())
        goes_on.wait()

    with pytest.raises(ApiError) as failed:
        within(0.05, hang)
    assert failed.value.code == "deadline_exceeded" and failed.value.sent
    (thread,) = stuck
    assert thread_of_a_call() != thread.ident
    goes_on.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_an_interrupted_call_is_left_alone_too(request: pytest.FixtureRequest) -> None:
    """As Ansible's `timeout` of a task interrupts it, wherever it is: by a signal whose handler raises."""
    goes_on = threading.Event()
    stuck: list[threading.Thread] = []

    class OutOfTime(Exception):
        pass

    def hang(_ends: float) -> None:
        stuck.append(threading.current_thread())
        goes_on.wait()

    def interrupt(main: int) -> None:
        wait_until(lambda: bool(stuck))
        signal.pthread_kill(main, signal.SIGALRM)

    def out_of_time(*_signal: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, out_of_time)
    request.addfinalizer(lambda: signal.signal(signal.SIGALRM, before))
    threading.Thread(target=interrupt, args=(threading.get_ident(),), daemon=True).start()
    with pytest.raises(OutOfTime):
        within(SECONDS, hang)
    (thread,) = stuck
    assert thread_of_a_call() != thread.ident
    goes_on.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_what_a_call_brought_does_not_stay_in_memory() -> None:
    class Answer:
        pass

    def call() -> weakref.ref[Answer]:
        return weakref.ref(within(SECONDS, lambda _ends: Answer()))

    brought = call()
    wait_until(lambda: brought() is None)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # Ansible forks its workers as well
def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    thread_of_a_call()
    child = os.fork()
    if not child:
        try:
            os._exit(0 if within(SECONDS / 2, lambda _ends: "answered") == "answered" else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)
