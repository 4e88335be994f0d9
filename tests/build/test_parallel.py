"""Threads as the package uses them: counts, many callers at once, fork, Ctrl-C, and quiet afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from tests.build.processes import output_of

VALUES = np.arange(1000, dtype=np.int64)
TOTAL = int(VALUES.sum())
SERIAL = native.build_info()["openmp"].startswith("none")
LIBGOMP = not SERIAL and native.build_info()["compiler"].startswith("GCC")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("grain", [1, 7, 2000])
def test_sum_is_exact(threads: int, grain: int) -> None:
    total, items, _ = native.probe_parallel_sum(VALUES, threads=threads, grain=grain)
    assert total == TOTAL
    assert sum(items) == len(VALUES)
    assert len(items) <= (1 if SERIAL else threads)


def test_work_is_shared() -> None:
    """Two workers on 20 ms of work: a loaded machine may need a few tries to start the second in time."""
    shares = [len(native.probe_parallel_sum(VALUES[:100], threads=2, spin_us=200)[1]) for _ in range(20)]
    assert max(shares) == (1 if SERIAL else 2)


def test_nothing_to_sum() -> None:
    assert native.probe_parallel_sum(VALUES[:0], threads=2) == (0, [], False)


def test_nested_loops_stay_on_their_thread() -> None:
    assert native.probe_parallel_sum(VALUES, threads=4, grain=50, nested=True)[::2] == (TOTAL, False)


def test_bad_thread_count() -> None:
    with pytest.raises(
        errors.ArgumentError, match=r"threads: bad thread count \(expected 0 to 4096, found -1\)"
    ):
        native.probe_parallel_sum(VALUES, threads=-1)


def test_many_python_threads_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(native.probe_parallel_sum, VALUES, threads=1 + i % 3, grain=10) for i in range(200)
        ]
    assert {call.result()[0] for call in calls} == {TOTAL}


def test_the_gil_is_released() -> None:
    """While a native call runs for half a second, Python counts on in another thread."""
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    counter = threading.Thread(target=tick)
    counter.start()
    before = ticks
    native.probe_parallel_sum(VALUES[:500], threads=1, spin_us=1000)
    during = ticks - before
    done.set()
    counter.join()
    assert during > 20


# ---- counts ----

COUNT = "from fastseq._core import native; print(native.get_num_threads())"


def test_automatic_count_is_the_affinity() -> None:
    if hasattr(os, "sched_setaffinity"):
        pinned = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); {COUNT}"
        assert output_of(pinned, OMP_NUM_THREADS=None) == "1"
        assert int(output_of(COUNT, OMP_NUM_THREADS=None)) <= len(os.sched_getaffinity(0))
    assert int(output_of(COUNT, OMP_NUM_THREADS=None)) >= 1


@pytest.mark.skipif(not LIBGOMP or not hasattr(os, "sched_setaffinity"), reason="only libgomp asks again")
def test_affinity_is_asked_again() -> None:
    pinned = f"{COUNT}; import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); {COUNT}"
    assert output_of(pinned, OMP_NUM_THREADS=None).splitlines()[1] == "1"


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("5,2", 5), ("4000", 1024)])
def test_environment_says_more_than_affinity(value: str, expected: int) -> None:
    assert int(output_of(COUNT, OMP_NUM_THREADS=value)) == (1 if SERIAL else expected)


# LLVM's runtime, built with assertions as Debian builds it, aborts any program at the values left out.
@pytest.mark.parametrize("value", ["", "0", "-2", "many"] if LIBGOMP or SERIAL else ["0"])
def test_senseless_environment_is_automatic(value: str) -> None:
    assert output_of(COUNT, OMP_NUM_THREADS=value) == output_of(COUNT, OMP_NUM_THREADS=None)


def test_set_num_threads_says_more_than_the_environment() -> None:
    code = """
        from fastseq._core import native
        counts = []
        for asked in (5, 0, 2):
            native.set_num_threads(asked)
            counts.append(native.get_num_threads())
        print(counts)
    """
    assert output_of(code, OMP_NUM_THREADS="3") == ("[1, 1, 1]" if SERIAL else "[5, 3, 2]")


def test_the_argument_says_most() -> None:
    code = """
        import numpy as np
        from fastseq._core import native
        native.set_num_threads(1)
        values = np.ones(100, np.int64)
        print(max(len(native.probe_parallel_sum(values, threads=2, spin_us=200)[1]) for _ in range(20)),
              max(len(native.probe_parallel_sum(values, spin_us=200)[1]) for _ in range(5)))
    """
    assert output_of(code, OMP_NUM_THREADS="1") == ("1 1" if SERIAL else "2 1")


# ---- fork ----

SUM = """
import os, signal, sys, threading
import numpy as np
from fastseq._core import native
values = np.arange(1000, dtype=np.int64)
def work():
    assert native.probe_parallel_sum(values, threads=3, grain=10, spin_us=5)[0] == 499500
def in_child(job):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        job()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


@needs_fork
def test_a_forked_child_works_after_its_parent_did() -> None:
    print(output_of(SUM + "for _ in range(20): work(); in_child(work); work()"))


@needs_fork
def test_a_child_of_a_child_works() -> None:
    output_of(SUM + "work(); in_child(lambda: (work(), in_child(lambda: (work(), in_child(work), work()))))")


@needs_fork
def test_threads_of_a_forked_child_work() -> None:
    code = """
def threads():
    started = [threading.Thread(target=work) for _ in range(6)]
    [t.start() for t in started]
    [t.join() for t in started]
threads(); work(); in_child(lambda: (threads(), work()))
"""
    output_of(SUM + code)


@needs_fork
def test_fork_while_another_thread_works() -> None:
    """The child loses that thread in the middle of its region, and does not mind."""
    code = """
busy = threading.Thread(target=lambda: native.probe_parallel_sum(values, threads=2, spin_us=1500))
busy.start()
for _ in range(10): in_child(work)
busy.join()
work()
"""
    output_of(SUM + code)


@needs_fork
def test_multiprocessing_fork_pool() -> None:
    code = """
import multiprocessing
work()
with multiprocessing.get_context("fork").Pool(3) as pool:
    pool.starmap(work, [()] * 12)
work()
"""
    output_of(SUM + code)


# ---- Ctrl-C ----


def interrupted_after(threads: int) -> float:
    """Seconds from the signal to the exception, of a native call that would take 20 s."""
    sent = [0.0]

    def send() -> None:
        sent[0] = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.1, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        native.probe_parallel_sum(np.ones(20000 * threads, np.int64), threads=threads, spin_us=1000)
    delay = time.perf_counter() - sent[0]
    timer.join()
    return delay


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_stops_a_long_call(threads: int) -> None:
    assert min(interrupted_after(threads) for _ in range(3)) < 0.1


def test_a_handler_that_raises_gives_its_own_exception() -> None:
    def handler(number: int, frame: object) -> None:
        raise LookupError("from the handler")

    before = signal.signal(signal.SIGINT, handler)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(LookupError, match="from the handler"):
            native.probe_parallel_sum(np.ones(20000, np.int64), threads=2, spin_us=1000)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_returns_lets_the_work_end() -> None:
    calls = []
    before = signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert native.probe_parallel_sum(np.ones(500, np.int64), threads=2, spin_us=1000)[0] == 500
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT]


@needs_fork
def test_ctrl_c_stops_a_forked_child() -> None:
    code = """
def long():
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        native.probe_parallel_sum(np.ones(60000, np.int64), threads=2, spin_us=1000)
    except KeyboardInterrupt:
        os._exit(0)
    os._exit(1)
work(); in_child(long)
"""
    output_of(SUM + code)


# ---- afterwards ----


def test_no_thread_is_left_spinning() -> None:
    """Half a second after the work, the process uses no more CPU time."""
    code = """
        import time
        import numpy as np
        from fastseq._core import native
        native.probe_parallel_sum(np.ones(100, np.int64), threads=4, spin_us=100)
        time.sleep(0.5)
        before = time.process_time()
        time.sleep(0.5)
        print(time.process_time() - before)
    """
    assert float(output_of(code)) < 0.1
