"""Generation whose tokens are constrained: Python says between an engine's steps which may come next."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fastseq._core import native
from fastseq.models.answer import Answer
from fastseq.models.constraints import Guide, constraint
from fastseq.models.engine import Engine
from fastseq.models.search import Search, reporting
from fastseq.text import Batch

if TYPE_CHECKING:
    from fastseq.models.language_model import LanguageModel

ROWS = 64  # sequences at once at most


def generate(model: LanguageModel, prompts: Batch, search: Search, tokenized: float) -> list[Any]:
    """As `LanguageModel.generate` of prompts, of a search with a constraint."""
    count, each = len(prompts), search.samples
    rows = max(min(ROWS, count * each), 1)
    beginnings = [] if search.prompt_cache is None else [search.prompt_cache]
    with model.engine(max_batch=rows, threads=search.threads, beginnings=beginnings) as engine:
        answers: list[Answer] = []
        try:
            with reporting(search.progress, count, "text") as told:
                for request in _requests(model, prompts, search):
                    answers.append(_begun(engine, model, request, search, tokenized))
                for done, answer in enumerate(answers):
                    answer.result()
                    if told is not None:
                        told((done + 1) // each)
        except BaseException as error:
            for answer in answers:
                answer.request.cancel()
            error.results = _together(answers, search)  # type: ignore[attr-defined]
            raise
    return _together(answers, search)


def _begun(
    engine: Engine, model: LanguageModel, request: native.Request, search: Search, tokenized: float
) -> Answer:
    alone = dataclasses.replace(search, num_return=1)
    rule = Guide(request, constraint(model.decoder, search))
    answer = Answer(request, alone, model.decoder, tokenized, engine._work.drop, rule)
    engine._work.put(answer, None)
    return answer


def _together(answers: list[Answer], search: Search) -> list[Any]:
    made = [answer.result() for answer in answers if answer.exception() is None]
    if search.num_return == 1:
        return made
    return [made[at : at + search.samples] for at in range(0, len(made), search.samples)]


def _requests(model: LanguageModel, prompts: Batch, search: Search) -> list[native.Request]:
    """One a sample of each text."""
    decoder = model.decoder
    limits = decoder.limit(search.max_new_tokens)
    asked = search.native(decoder, limits, 1, None, len(prompts), constrained=True)
    rows = [ids for ids in prompts for _ in range(search.samples)]
    made = []
    for at, ids in enumerate(rows):
        mine = {name: asked[name][at : at + 1] for name in ("seeds", "streams")}
        mine["max_new_tokens"] = int(limits if isinstance(limits, int) else asked["max_new_tokens"][at])
        made.append(native.Request(decoder.graph, ids, **{**asked, **mine}))
    return made
