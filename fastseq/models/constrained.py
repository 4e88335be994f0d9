"""Generation whose tokens are constrained: between steps, Python says which tokens may come next."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from fastseq._core import native
from fastseq.models.constraints import Constraint, constraint
from fastseq.models.parts import generations
from fastseq.models.results import Timings
from fastseq.models.search import Search, reporting
from fastseq.text import Batch

if TYPE_CHECKING:
    from fastseq.models.parts import Decoder

ROWS = 64  # sequences at once at most


class Guide:
    """One answer in the making, and what it has to be."""

    def __init__(self, request: native.Request, rule: Constraint) -> None:
        self.request, self.rule, self.seen = request, rule, 0
        request.watch(True)
        request.mask(rule.mask())

    def go_on(self) -> None:
        """Takes the tokens that have come, and says what may come next."""
        new = self.request.ids(self.seen)
        self.seen += len(new)
        for token in new.tolist():
            self.rule.take(token)
        if len(new):
            self.request.mask(self.rule.mask())


def generate(decoder: Decoder, prompts: Batch, search: Search, tokenized: float) -> list[Any]:
    """As `LanguageModel.generate` of prompts, of a search with a constraint."""
    begun = native.clock()
    count, each = len(prompts), search.samples
    rows = [Guide(request, constraint(decoder, search)) for request in _requests(decoder, prompts, search)]
    lane = native.Lane(decoder.graph, min(ROWS, max(len(rows), 1)))

    def results() -> list[Any]:
        alone = dataclasses.replace(search, num_return=1)
        made = [_result(decoder, row.request, alone, tokenized, begun) for row in rows]
        return made if search.num_return == 1 else [made[i * each : (i + 1) * each] for i in range(count)]

    for row in rows:
        lane.add(row.request)
    try:
        with reporting(search.progress, count, "text") as told:
            while len(lane):
                _go_on(lane, rows)
                if told is not None:
                    told((len(rows) - len(lane)) // each)
    except BaseException as error:
        for row in rows:
            row.request.cancel()
        while len(lane):
            lane.work()
        error.results = results()  # type: ignore[attr-defined]
        raise
    return results()


def _go_on(lane: native.Lane, rows: list[Guide]) -> None:
    _, failure = lane.work()
    if failure is not None:
        raise failure
    for row in rows:
        row.go_on()


def _requests(decoder: Decoder, prompts: Batch, search: Search) -> list[native.Request]:
    """One a sample of each text."""
    asked = search.native(
        decoder, decoder.limit(search.max_new_tokens), 1, None, len(prompts), constrained=True
    )
    limits = np.broadcast_to(asked["max_new_tokens"], (len(prompts) * search.samples,))
    made = []
    for i, ids in enumerate(prompts):
        for j in range(search.samples):
            at = i * search.samples + j
            seed = {"seeds": asked["seeds"][at : at + 1], "streams": asked["streams"][at : at + 1]}
            made.append(
                native.Request(
                    decoder.graph, ids, **{**asked, **seed, "max_new_tokens": int(limits[at]), "draft": 0}
                )
            )
    return made


def _result(decoder: Decoder, request: native.Request, search: Search, tokenized: float, since: int) -> Any:
    decoded, run = request.result(), (native.clock() - since) / 1e9
    begun = time.perf_counter()
    texts = decoder.texts(decoded, search)
    return generations(decoded, texts, Timings(tokenized, run, time.perf_counter() - begun), search, since)[0]
