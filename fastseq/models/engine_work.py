"""An engine's threads, and the queue that they take prompts from."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

from fastseq._core import native
from fastseq.errors import ArgumentError, BusyError, ClosedError
from fastseq.models.answer import Answer


class Work:
    """What an engine's threads share: the queue, and how much is under way.

    The threads hold this and not the engine, so that an engine that nobody has any more can be closed.
    """

    def __init__(self, lanes: list[native.Lane], rows: int, max_tokens: int | None, max_waiting: int) -> None:
        self.max_tokens, self.max_waiting, self.rows = max_tokens, max_waiting, rows
        self.process = os.getpid()
        lock = threading.RLock()  # garbage that is collected while it is held may close an engine
        self.changed = threading.Condition(lock)  # something to do, or nothing ever again
        self.room = threading.Condition(lock)
        self.waiting: deque[Answer] = deque()
        self.under_way = 0
        self.tokens = 0  # that those under way may hold
        self.closed = self.stopped = False
        self.tell: list[Callable[[], object]] = []
        self.deadlines = _Deadlines(self, threading.Condition(lock))
        self.lanes = [_Lane(self, lane) for lane in lanes]
        for lane in self.lanes:
            lane.thread.start()

    def put(self, answer: Answer, timeout: float | None) -> None:
        self._check()
        if self.max_tokens is not None and answer.request.size > self.max_tokens:
            raise ArgumentError(
                "more tokens than the engine may hold",
                where="prompt and max_new_tokens",
                expected=f"{self.max_tokens} at most",
                found=str(answer.request.size),
            )
        with self.room:
            if not self.room.wait_for(lambda: self.closed or len(self.waiting) < self.max_waiting, timeout):
                raise BusyError(
                    "no room for another prompt",
                    where="engine",
                    expected=f"{self.max_waiting} waiting at most",
                )
            self._check()
            self.waiting.append(answer)
            if answer.search.deadline is not None:
                self.deadlines.look()
            self._wake()

    def when_there_is_room(self, tell: Callable[[], object]) -> None:
        """Calls `tell` once when prompts leave the queue, or at once where there is room."""
        with self.room:
            if not self.closed and len(self.waiting) >= self.max_waiting:
                self.tell.append(tell)
                return
        tell()

    def drop(self, answer: Answer) -> None:
        """Takes a cancelled answer out of the queue, or has its thread look."""
        if os.getpid() != self.process:
            return
        answer.request.cancel()
        with self.room:
            if answer in self.waiting:
                self.waiting.remove(answer)
                self._told()
            elif answer.lane is not None:
                answer.lane.native.wake()

    def take(self, lane: _Lane) -> None:
        """Answers that wait join a lane: its share of them, as far as there is room. The lock is held."""
        share = min(self.rows, -(-(self.under_way + len(self.waiting)) // len(self.lanes)))
        while self.waiting and len(lane.answers) < share:
            answer = self.waiting[0]
            if self.max_tokens is not None and self.tokens + answer.request.size > self.max_tokens:
                break
            self.waiting.popleft()
            self.tokens += answer.request.size
            self.under_way += 1
            lane.add(answer)
            self._told()

    def gone(self, answers: list[Answer]) -> None:
        """They have left their lane; the lock is held."""
        self.under_way -= len(answers)
        self.tokens -= sum(answer.request.size for answer in answers)
        if self.waiting or self.closed:
            self.changed.notify_all()

    def close(self, finish: bool = False) -> None:
        """finish: what was submitted is done first."""
        if os.getpid() != self.process:
            return
        with self.room:
            self.closed = True
            self.stopped |= not finish
            left = [] if finish else list(self.waiting)
            if not finish:
                self.waiting.clear()
            self.changed.notify_all()
            self.room.notify_all()
            self.deadlines.changed.notify_all()
            self._told()
        for lane in self.lanes:
            lane.native.wake()
        for answer in left:
            answer.fail(_closed())
        for lane in self.lanes:
            if lane.thread is not threading.current_thread():
                lane.thread.join()

    def _check(self) -> None:
        if os.getpid() != self.process:
            raise ClosedError("the engine stayed in the process that forked: open one here", where="engine")
        if self.closed:
            raise _closed()

    def _wake(self) -> None:
        """A lane that sleeps takes what is new; where all are at work each looks after its step."""
        if any(lane.sleeps for lane in self.lanes):
            self.changed.notify()
            return
        for lane in self.lanes:
            if len(lane.answers) < self.rows:
                lane.native.wake()

    def _told(self) -> None:
        self.room.notify_all()
        told, self.tell = self.tell, []
        for tell in told:
            tell()


class _Deadlines:
    """Ends answers that wait for their turn beyond their deadline; a thread while some wait that have one."""

    def __init__(self, work: Work, changed: threading.Condition) -> None:
        self.work, self.changed = work, changed
        self.thread: threading.Thread | None = None

    def look(self) -> None:
        """There is another one; the lock is held."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.run, name="fastseq-engine-deadlines", daemon=True)
            self.thread.start()
        self.changed.notify_all()

    def run(self) -> None:
        while True:
            with self.changed:
                waiting = [(left, one) for one in self.work.waiting if (left := one.search.left) is not None]
                late = [answer for left, answer in waiting if left <= 0]
                for answer in late:
                    self.work.waiting.remove(answer)
                if late:
                    self.work._told()
                elif not waiting:
                    self.thread = None
                    return
                else:
                    self.changed.wait(min(min(left for left, _ in waiting), threading.TIMEOUT_MAX))
            for answer in late:
                answer.request.expire()
                answer.finish()


class _Lane:
    """A thread with its sequences."""

    def __init__(self, work: Work, lane: native.Lane) -> None:
        self.work, self.native = work, lane
        self.answers: dict[native.Request, Answer] = {}
        self.sleeps = False
        self.thread = threading.Thread(target=self.run, name="fastseq-engine", daemon=True)

    def add(self, answer: Answer) -> None:
        self.answers[answer.request] = answer
        answer.lane = self
        self.native.add(answer.request)

    def run(self) -> None:
        while self.wait():
            over, failure = self.native.work()
            done = [self.answers.pop(request) for request in over]
            if done:
                with self.work.changed:
                    self.work.gone(done)
            for answer in done:
                self.end(answer, failure)
            for answer in [*self.answers.values()]:
                answer.guide()
                answer.news()

    def wait(self) -> bool:
        """Until there is something to do; False when there never will be."""
        work = self.work
        with work.changed:
            work.take(self)
            while not self.answers:
                if work.closed and not work.waiting:
                    return False
                self.sleeps = True
                work.changed.wait()
                self.sleeps = False
                work.take(self)
            if work.stopped:
                for request in self.answers:
                    request.cancel()
        return True

    def end(self, answer: Answer, failure: Exception | None) -> None:
        if failure is not None and answer.request.ended == "interrupted":
            answer.fail(failure)
        elif self.work.stopped and answer.request.ended == "cancelled":
            answer.fail(_closed())
        else:
            answer.finish()


def _closed() -> ClosedError:
    return ClosedError("the engine is closed", where="engine")
