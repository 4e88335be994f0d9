"""What the engine decoded, as results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastseq._core import native
from fastseq.models.results import FinishReason, Generation, Timings, TopLogprobs
from fastseq.models.search import Search
from fastseq.text import Batch


@contextmanager
def leaving(results: Callable[[native.Decoded], list[Any]]) -> Iterator[None]:
    """An exception that stops the work has what is done as its `results`."""
    try:
        yield
    except BaseException as error:
        if hasattr(error, "decoded"):
            error.results = results(error.__dict__.pop("decoded"))  # type: ignore[attr-defined]
        raise


def before(text: str, ends: Sequence[str]) -> str:
    """The text up to the first of `ends` that it holds."""
    return text[: min((place for place in map(text.find, ends) if place >= 0), default=len(text))]


def repeated(batch: Batch, times: int) -> Batch:
    """Each sequence so many times in a row."""
    if times == 1:
        return batch
    rows = [row for row in batch for _ in range(times)]
    offsets = np.cumsum([0, *map(len, rows)])
    return Batch(np.concatenate([*rows, np.empty(0, np.int32)]), offsets)


def generations(
    decoded: native.Decoded, texts: Sequence[str], timings: Timings, search: Search, since: int | None = None
) -> list[Any]:
    """What the engine decoded: an object a text, or with `num_return` a list of them.

    since: by `native.clock`, when the call began; None leaves the texts' own timings out.
    """
    bounds, stops = decoded.offsets.tolist(), decoded.stop_logprobs.tolist()
    reasons: list[FinishReason | None] = ["length", "stop", "deadline" if decoded.late else "interrupted"]
    reasons += [None, "interrupted", "deadline"]  # none where hypotheses are fewer than were asked for
    results: list[Generation | None] = []
    stopped, empty = 2, slice(0, 0)
    aligned = None if decoded.aligned is None else decoded.aligned[empty]
    why: FinishReason = "deadline" if decoded.late else "interrupted"
    untouched = Generation("", decoded.ids[empty], decoded.logprobs[empty], 0.0, why, timings, (), aligned)
    shared = (
        since is None and decoded.others is None
    )  # of thousands of texts, most: one object for all of those
    for i, (text, ended) in enumerate(zip(texts, decoded.ended.tolist(), strict=True)):
        span = slice(bounds[i], bounds[i + 1])
        if shared and ended == stopped and span.start == span.stop:
            results.append(untouched)
            continue
        logprobs, score = decoded.logprobs[:0], 0.0
        if search.return_scores:
            logprobs = decoded.logprobs[span]
            score = float(logprobs.sum(dtype=np.float64)) + stops[i]
        aligned = None if decoded.aligned is None else decoded.aligned[span]
        reason = reasons[ended]
        if reason is None:
            results.append(None)
            continue
        ids, top = decoded.ids[span], None
        if decoded.others is not None and decoded.other_logprobs is not None:
            top = TopLogprobs(decoded.others[span], decoded.other_logprobs[span])
        times = timings
        if since is not None:
            times = timings.of_text(decoded.times[i * len(decoded.times) // len(texts)], since, len(ids))
        results.append(Generation(text, ids, logprobs, score, reason, times, (), aligned, top))
    if search.num_return == 1:
        return results
    each = search.num_return
    return [
        [one for one in results[first : first + each] if one is not None]
        for first in range(0, len(results), each)
    ]
