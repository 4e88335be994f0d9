"""How outputs are searched for: the options that every generating model has."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.models.results import I32
from fastseq.models.sampling import Sampling, whole
from fastseq.progress import progress_bar
from fastseq.text.pieces import strings

if TYPE_CHECKING:
    from fastseq.models.parts import Decoder
    from fastseq.models.prompt_cache import PromptCache

Progress = Callable[[int, int], object]  # called with what is done and what there is to do
Told = Callable[[int], object] | None  # called with what is done
BEAM_MAX = 1024
DRAFT_MAX = 8


@dataclass(frozen=True)
class Search(Sampling):
    """Options of a call.

    Those of `fastseq.models.sampling.Sampling`, and:

    Attributes:
        max_new_tokens: the longest output, in tokens; one number, or one a text (a piece, where the model
            cuts texts into pieces). The model's own limit where it is left out.
        beam_size: hypotheses that are followed at once; 1 is greedy search, the likeliest token each time.
        num_return: how many of them come back, best first: with more than 1, a list a text. With chance
            (`temperature` ...) and without beams, how many samples of each text.
        length_penalty: alpha in score / length^alpha, by which hypotheses rank; the length is that of the
            output with the token that ended it. 0 favours short outputs, 1 (Marian's usual) ranks by
            the mean.
        stop: texts that end an output besides the model's own stop tokens, wherever the borders of tokens
            are: the output's text ends before them, its ids with the token that completes one. Names of
            special tokens are those tokens, as all names are where the vocabulary is one of words.
        choices: the output is one of these texts.
        regex: the output matches this regular expression as a whole. It needs llguidance.
        json_schema: the output is JSON of this schema, a dict or JSON itself, without spaces. It needs
            llguidance. Of these three a call has one at most, and only a language model without beams.
        return_scores: False leaves `token_logprobs` empty and `score` 0.
        draft: most tokens that are guessed ahead where a text repeats itself; those that are what would have
            been chosen come out of one pass through the model. It changes nothing but the time; 0: none.
        prompt_cache: what a language model's prompts begin with, computed before
            (`LanguageModel.prompt_cache`).
        align: note which token of the source each token of an output comes from, by the decoder's attention.
        threads: of this call.
        batch_tokens: source tokens that a thread takes at once; what a run holds in memory grows with it.
        deadline: seconds after which the work stops with what is done; `finish_reason` then
            says ``deadline``.
        progress: True for a bar on standard error (it needs tqdm), or something to call now and then with
            what is done and what there is to do: texts, or characters of documents.
    """

    max_new_tokens: int | I32 | Sequence[int] | None = None
    beam_size: int = 1
    num_return: int = 1
    length_penalty: float = 1.0
    stop: str | Iterable[str] | None = None
    choices: Iterable[str] | None = None
    regex: str | None = None
    json_schema: Any = None
    return_scores: bool = True
    draft: int = 0
    prompt_cache: PromptCache | None = None
    align: bool = False
    threads: int | None = None
    batch_tokens: int | None = None
    deadline: float | None = None
    progress: Progress | bool | None = None
    begun: float = field(default_factory=time.monotonic, repr=False)  # what the deadline counts from

    def __post_init__(self) -> None:
        for name in ("stop", "banned", "forced", "choices"):  # iterables may be gone through but once
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                object.__setattr__(self, name, _all_of(value, name))
        self._check_kinds()
        self.check_sampling()
        if len(self.constraints) > 1 or (self.constraints and self.beam_size > 1):
            raise ArgumentError("not with one another, nor with beams", where=self.constraints[0])
        whole(self.beam_size, 1, BEAM_MAX, "beam_size")
        if not self.sampled and self.beam_size == 1 and self.num_return != 1:
            raise ArgumentError(
                "a search for the likeliest token alone finds one output",
                where="num_return",
                expected="1, or with it beam_size or temperature",
                found=repr(self.num_return)[:60],
            )
        whole(self.num_return, 1, BEAM_MAX if self.sampled else self.beam_size, "num_return")
        refused = self.of_chance() if self.beam_size > 1 else []
        if refused:
            raise ArgumentError("not with beams", where=refused[0], expected="beam_size 1")
        whole(self.draft, 0, DRAFT_MAX, "draft")
        if self.batch_tokens is not None:
            whole(self.batch_tokens, 1, 2**31 - 1, "batch_tokens")
        for name, value in (("length_penalty", self.length_penalty), ("deadline", self.deadline)):
            if value is not None and not (isinstance(value, numbers.Real) and math.isfinite(value)):
                raise ArgumentError("not a number", where=name, expected="a number", found=repr(value)[:60])

    @classmethod
    def of(cls, options: dict[str, Any], **more: Any) -> Search:
        """The options of a call. Raises `ArgumentTypeError` for a name that is none of them."""
        for name in options:
            if name not in OPTIONS:
                raise ArgumentTypeError(
                    "no such option", where=name, expected=_like(name), found=f"{options[name]!r:.60}"
                )
        return cls(**more, **options)

    def _check_kinds(self) -> None:
        for stop in (self.stop or ()) if not isinstance(self.stop, str) else ():
            if not isinstance(stop, str):
                raise ArgumentTypeError(
                    "not a text", where="stop", expected="str or a list of str", found=f"{stop!r:.60}"
                )
        if self.regex is not None and not isinstance(self.regex, str):
            raise ArgumentTypeError(
                "not a pattern", where="regex", expected="str", found=f"{self.regex!r:.60}"
            )
        if self.prompt_cache is not None and not hasattr(self.prompt_cache, "native"):
            raise ArgumentTypeError(
                "not a prompt cache",
                where="prompt_cache",
                expected="what LanguageModel.prompt_cache gives",
                found=type(self.prompt_cache).__name__,
            )

    @property
    def left(self) -> float | None:
        """Seconds until the deadline."""
        return None if self.deadline is None else self.begun + self.deadline - time.monotonic()

    @property
    def constraints(self) -> list[str]:
        """Names of what the output has to be."""
        return [name for name in ("choices", "regex", "json_schema") if getattr(self, name) is not None]

    @property
    def sampled(self) -> bool:
        """Whether chance has a part."""
        return self.beam_size == 1 and self.heat > 0

    @property
    def samples(self) -> int:
        """How often each text goes through the engine."""
        return self.num_return if self.sampled else 1

    def native(
        self,
        decoder: Decoder,
        limits: Any,
        threads: int | None,
        told: Told,
        count: int,
        constrained: bool = False,
    ) -> dict[str, Any]:
        """The engine's arguments for `count` texts, each of them `samples` times in a row."""
        if self.constraints and not constrained:
            raise ArgumentError("only of language models", where=self.constraints[0])
        if np.ndim(limits) and len(limits) != count:
            raise ArgumentError(
                "as many as texts", where="max_new_tokens", expected=str(count), found=str(len(limits))
            )
        stop, stop_texts = decoder.stops(self.stop)
        texts = {"stop_text": strings(stop_texts), "pieces": decoder.pieces} if stop_texts else {}
        return {
            **self.engine(decoder, count, self.samples),
            **texts,
            "stop": stop,
            "never": decoder.never,
            "max_new_tokens": np.repeat(limits, self.samples) if np.ndim(limits) else limits,
            "beam": int(self.beam_size),
            "results": int(self.num_return // self.samples),
            "length_penalty": self.length_penalty,
            "draft": 0 if self.constraints else self.draft,
            "beginning": None if self.prompt_cache is None else self.prompt_cache.native,
            "aligned": self.align,
            "threads": threads,
            "batch_tokens": self.batch_tokens,
            "deadline": self.left,
            "progress": told,
        }


OPTIONS = [name for name in Search.__dataclass_fields__ if name != "begun"]


def _like(name: str) -> str:
    """The option that was probably meant, or all there are."""
    from difflib import get_close_matches

    usual = {"max_tokens": "max_new_tokens", "max_length": "max_new_tokens", "num_beams": "beam_size"}
    meant = [usual[name]] if name in usual else get_close_matches(name, OPTIONS, 1)
    return meant[0] if meant else ", ".join(sorted(OPTIONS))


def _all_of(values: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(values, Iterable):
        raise ArgumentTypeError("not a list", where=where, expected="a list", found=f"{values!r:.60}")
    return tuple(values)


@contextmanager
def reporting(progress: Progress | bool | None, total: int, unit: str) -> Iterator[Told]:
    """What to call with the amount done so far; None where nobody wants to know."""
    if not callable(progress):
        if not progress:
            yield None
            return
        with progress_bar(True, total=total, unit=unit) as moved:
            last = 0

            def show(done: int) -> None:
                nonlocal last
                moved(done - last)
                last = done

            yield show
            show(total)
        return
    told: Progress = progress
    yield lambda done: told(done, total)
