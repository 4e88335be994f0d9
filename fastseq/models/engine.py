"""An engine: one model at work on the prompts of many callers, which join and leave between steps."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, BusyError
from fastseq.models.answer import Answer, telling
from fastseq.models.constraints import Guide, constraint
from fastseq.models.engine_work import Work
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
        self._work = Work(lanes, rows, max_tokens, max_waiting)
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
