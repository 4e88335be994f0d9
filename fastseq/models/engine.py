"""An engine: one model at work on the prompts of many callers, which join and leave between steps."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, BusyError, ClosedError
from fastseq.models.answer import Answer, telling
from fastseq.models.constraints import Guide, constraint
from fastseq.models.prompt_cache import PromptCache
from fastseq.models.results import Generation
from fastseq.models.sampling import whole
from fastseq.models.search import Search

if TYPE_CHECKING:
    from fastseq.models.language_model import LanguageModel

DEFAULTS = Search()
OTHERS = "beam_size num_return align threads batch_tokens progress prompt_cache".split()  # of whole calls


class Engine:
    """Continues prompts for many callers at once; made by `LanguageModel.engine`.

    Up to `max_batch` sequences are under way together; a new one joins at the next step, and long prompts go
    in block by block, so that nobody waits for them. Each of `threads` threads has its share of the
    sequences. A prompt that begins as another one under way, or as one of the `prompt_cache` tokens kept of
    sequences that ended, is computed from where they part. An answer has the bits it has alone.

    with model.engine(max_batch=16) as engine:
        answer = engine.submit("Once upon a time")
        for piece in answer:
            print(piece, end="")

    After a fork the child has none of its threads: it opens an engine of its own.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        max_batch: int = 32,
        max_tokens: int | None = None,
        max_waiting: int = 1024,
        prompt_cache: int = 8192,
        beginnings: Sequence[PromptCache] = (),
        threads: int | None = None,
    ) -> None:
        model._open()
        whole(max_batch, 1, 4096, "max_batch")
        whole(1 if max_tokens is None else max_tokens, 1, 2**62, "max_tokens")
        whole(max_waiting, 1, 2**31 - 1, "max_waiting")
        whole(prompt_cache, 0, 2**31 - 1, "prompt_cache")
        threads = model._threads(threads) or native.get_num_threads()
        threads = max(1, min(threads, max_batch))
        self._model, graph, rows = model, model.decoder.graph, -(-max_batch // threads)
        kept = []
        for given in beginnings:
            if not isinstance(given, PromptCache):
                raise ArgumentTypeError(
                    "not a prompt cache",
                    where="beginnings",
                    expected="what LanguageModel.prompt_cache gives",
                    found=type(given).__name__,
                )
            kept.append(given.native)
        room = prompt_cache // threads
        lanes = [native.Lane(graph, rows, kept=room, beginnings=kept) for _ in range(threads)]
        self._work = _Work(lanes, rows, max_tokens, max_waiting)
        self._closing = weakref.finalize(self, self._work.close)  # also as the interpreter ends

    def submit(self, prompt: Any, *, timeout: float | None = None, **options: Any) -> Answer:
        """Queues a prompt (str, ids or messages) from any thread; its `Answer` is a future and an iterator.

        Where `max_waiting` prompts wait already it waits for room: for ever, or `timeout` seconds (0: not at
        all), after which it raises `BusyError`. Options: those of `generate` for one text and one answer;
        a `deadline` counts from now.
        """
        answer = self._answer(prompt, options)
        self._work.put(answer, timeout)
        return answer

    async def generate(self, prompt: Any, **options: Any) -> Generation:
        """The `Generation` of a prompt. Waits for room, too, without holding up the event loop.

        Cancelling the task stops the work.
        """
        import asyncio

        answer = self._answer(prompt, options)
        loop = asyncio.get_running_loop()
        while True:
            room = asyncio.Event()
            self._work.when_there_is_room(telling(loop, room))
            try:
                self._work.put(answer, 0)
                break
            except BusyError:
                await room.wait()
        return await asyncio.wrap_future(answer)

    def close(self, *, finish: bool = False) -> None:
        """Ends the engine's threads, and waits for that.

        finish: once all that was submitted is done; otherwise what is not raises `ClosedError`.
        """
        self._closing.detach()
        self._work.close(finish)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        """At the end of a `with` that raised nothing what was submitted is finished."""
        self.close(finish=kind is None)

    def _answer(self, prompt: Any, options: dict[str, Any]) -> Answer:
        begun, model = time.perf_counter(), self._model
        batch = model.prompt(prompt, options)
        search = Search.of(options)
        if refused := [name for name in OTHERS if getattr(search, name) != getattr(DEFAULTS, name)]:
            raise ArgumentError("not an option of one answer", where=refused[0])
        tokenized = time.perf_counter() - begun
        limit = model.decoder.limit(search.max_new_tokens)
        if np.ndim(limit):
            raise ArgumentError("not one number", where="max_new_tokens", found=repr(limit)[:60])
        asked = search.native(model.decoder, limit, 1, None, 1, constrained=True)
        request = native.Request(model.decoder.graph, batch.ids, **asked)
        rule = Guide(request, constraint(model.decoder, search)) if search.constraints else None
        return Answer(request, search, model.decoder, tokenized, self._work.drop, rule)


class _Work:
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

    def __init__(self, work: _Work, changed: threading.Condition) -> None:
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

    def __init__(self, work: _Work, lane: native.Lane) -> None:
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
