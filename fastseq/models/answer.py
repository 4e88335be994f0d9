"""What becomes of a prompt that was submitted: a future, and an iterator of text."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from fastseq._core import native
from fastseq.models.outputs import before, generations
from fastseq.models.parts import Decoder
from fastseq.models.results import Generation, Timings
from fastseq.text.streams import DecodeStream

if TYPE_CHECKING:
    import asyncio

    from fastseq.models.constraints import Guide
    from fastseq.models.search import Search


class Answer(Future[Generation]):
    """The answer to a prompt, in the making.

    A `concurrent.futures.Future`: `result(timeout)`, `done()`, `add_done_callback`, `asyncio.wrap_future`;
    but `cancel()` also stops what has begun. And an iterator, sync and async, of the text as it comes, in
    pieces that never split a character; leaving the loop early, or closing the iterator, cancels.
    """

    def __init__(
        self,
        request: native.Request,
        search: Search,
        decoder: Decoder,
        tokenized: float,
        drop: Callable[[Answer], object],
        rule: Guide | None = None,
    ) -> None:
        super().__init__()
        self.request, self.search, self._rule = request, search, rule
        self.lane: Any = None
        self._decoder, self._drop = decoder, drop
        self._tokenized, self._since = tokenized, native.clock()
        self._listeners: list[Callable[[], object]] = []
        self._ending, self._told = threading.Lock(), False

    def cancel(self) -> bool:
        """Stops the work before its next token; False when it is done already.

        `result` then raises `CancelledError`.
        """
        if not super().cancel():  # no lock is held: what is called back may wait for the engine's threads
            return False
        with self._ending:
            told, self._told = self._told, True
        if told:
            return True
        self.set_running_or_notify_cancel()  # whoever waits is told
        self._drop(self)
        self.news()
        return True

    def running(self) -> bool:
        return self.lane is not None and not self.done()

    def __iter__(self) -> Iterator[str]:
        """The pieces so far, and those to come."""
        event = threading.Event()
        with self._listening(event.set):
            pieces, done = self._pieces(), False
            while not done:
                event.clear()
                done = self.done()
                if piece := pieces.next(done):
                    yield piece
                if not done:
                    event.wait()
        self.result()  # raises what went wrong

    async def __aiter__(self) -> AsyncIterator[str]:
        import asyncio  # when it is used: a third of what fastseq takes to import

        loop, event = asyncio.get_running_loop(), asyncio.Event()

        with self._listening(telling(loop, event)):
            pieces, done = self._pieces(), False
            while not done:
                event.clear()
                done = self.done()
                if piece := pieces.next(done):
                    yield piece
                if not done:
                    await event.wait()
        self.result()

    def news(self) -> None:
        """There may be a new token."""
        for listener in [*self._listeners]:
            listener()

    def guide(self) -> None:
        """Says what may come next, where not everything may; its lane's thread calls it between passes."""
        if self._rule is None or self.done():
            return
        try:
            self._rule.go_on()
        except Exception as error:
            self.fail(error)
            self._drop(self)

    def finish(self) -> None:
        """The sequence has ended."""
        try:
            made = self._generation()
        except Exception as error:
            self.fail(error)
            return
        self._settle(lambda: self.set_result(made))

    def fail(self, error: Exception) -> None:
        self._settle(lambda: self.set_exception(error))

    def _settle(self, settle: Callable[[], object]) -> None:
        with suppress(InvalidStateError):  # it was cancelled
            settle()
        self.news()

    def _pieces(self) -> _Pieces:
        return _Pieces(self.request, self._decoder.stream(), self._decoder.stop_texts(self.search.stop))

    @contextmanager
    def _listening(self, listener: Callable[[], object]) -> Iterator[None]:
        """Cancels when it is left before the end."""
        self._listeners.append(listener)
        self.request.watch(True)
        try:
            yield
        finally:
            self._listeners.remove(listener)
            self.request.watch(bool(self._listeners or self._rule))
            if not self._listeners and not self.done():
                self.cancel()

    def _generation(self) -> Generation:
        decoded, run = self.request.result(), (native.clock() - self._since) / 1e9
        begun = time.perf_counter()
        texts = self._decoder.texts(decoded, self.search)
        times = Timings(self._tokenized, run, time.perf_counter() - begun)
        made: Generation = generations(decoded, texts, times, self.search, self._since)[0]
        return made


def telling(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> Callable[[], None]:
    """What sets the event from any thread."""

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(event.set)

    return tell


class _Pieces:
    """The text of an answer as far as it is certain.

    Where texts end it, what may turn out to be the beginning of one is held back.
    """

    def __init__(self, request: native.Request, stream: DecodeStream, ends: list[str]) -> None:
        self.request, self.stream, self.ends = request, stream, ends
        self.held = max(map(len, ends), default=1) - 1
        self.seen, self.rest, self.over = 0, "", False

    def next(self, done: bool) -> str:
        """What is new; all that is left, when `done`."""
        ids = self.request.ids(self.seen)
        self.seen += len(ids)
        self.rest += self.stream.add(ids) if len(ids) else ""
        if done:
            self.rest += self.stream.end()
        if self.over:
            return ""
        text = before(self.rest, self.ends)
        self.over = len(text) < len(self.rest)
        certain = len(text) if self.over or done else max(len(text) - self.held, 0)
        self.rest = self.rest[certain:]
        return text[:certain]
