"""Translation of documents: their sentences through a model, everything between them as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.models.base import Texts, listed
from fastseq.models.results import FinishReason, Generation, Pair, Timings, Translation, ended_together
from fastseq.models.runs import runs
from fastseq.models.search import Search, reporting
from fastseq.text import Batch, SentenceSplitter, Tokenizer
from fastseq.text.tokenizer import Unit
from fastseq.text.wrapping import wrapped

if TYPE_CHECKING:
    from fastseq.models.seq2seq import Seq2Seq


class Part(NamedTuple):
    """A sentence of a document, or a piece of one, and the whitespace before it from `after` on."""

    text: str
    after: int
    begin: int
    end: int
    last: bool  # of the document; what is behind it goes with it
    spans: Any = None  # (T, 2): its tokens' in the sentence, where they were asked for

    @property
    def sentence(self) -> str:
        return self.text[self.begin : self.end]


Done = tuple[Part, Generation]


def translate(
    model: Seq2Seq,
    texts: Texts,
    *,
    details: bool = False,
    html: bool = False,
    language: str | None = None,
    stream: bool = False,
    **options: Any,
) -> Any:
    """See `Seq2Seq.translate`."""
    search = Search.of(options)
    if search.num_return != 1:
        raise ArgumentError("a document has one translation", where="num_return", expected="1; see generate")
    for name in ("seed", "max_new_tokens"):
        if np.ndim(getattr(search, name) or 0):
            raise ArgumentError("one for all sentences of all documents", where=name, expected="a number")
    if language is not None and not isinstance(language, str):
        raise ArgumentTypeError(
            "not a language", where="language", expected="a code, like en", found=f"{language!r:.60}"
        )
    model._open()
    splitter = SentenceSplitter(language or (model.spec.translation.source if model.spec.translation else ""))
    if html:
        from fastseq.models.markup import translated_html

        if details:
            raise ArgumentError("not of HTML", where="details", expected="html or details")
        return translated_html(model, texts, splitter, search, stream)
    if stream:
        return _streamed(model, texts, splitter, search, details)
    many, alone = listed(texts)
    results: list[Any] = []
    done = Translations(model, splitter, search).each(many, sum(map(len, many)))
    try:
        for made in done:
            results.append(made if details else made.text)
    except BaseException as error:
        if hasattr(error, "results"):
            rest = error.results
            error.results = [*results, *(rest if details else [one.text for one in rest])]
        raise
    return results[0] if alone else results


def _streamed(
    model: Seq2Seq, texts: Texts, splitter: SentenceSplitter, search: Search, details: bool
) -> Iterator[Any]:
    work = Translations(model, splitter, search)
    if isinstance(texts, str) and not details:
        for part, one in work.parts([texts], len(texts)):
            rest = part.text[part.end :] if part.last else ""
            yield part.text[part.after : part.begin] + one.text + rest
        return
    for made in work.each([texts] if isinstance(texts, str) else texts, 0):
        yield made if details else made.text


class Translations:
    """The work of one call."""

    def __init__(self, model: Seq2Seq, splitter: SentenceSplitter, search: Search) -> None:
        self.model, self.splitter, self.search = model, splitter, search
        self.longest = model.spec.translation.longest if model.spec.translation else 2**31

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.search.left is not None and self.search.left <= 0

    def each(self, texts: Iterable[str], total: int) -> Iterator[Translation]:
        """A translation a text, in order. An exception's `results` are those that it held back."""
        done: list[Done] = []
        try:
            for part, one in self.parts(texts, total):
                done.append((part, one))
                if part.last:
                    yield self.together(done)
                    done = []
        except BaseException as error:
            if hasattr(error, "results"):
                error.results = self.of_parts([*done, *error.results])
            raise

    def of_parts(self, done: list[Done]) -> list[Translation]:
        ends = [i + 1 for i, (part, _) in enumerate(done) if part.last or i + 1 == len(done)]
        return [self.together(done[a:b]) for a, b in zip([0, *ends], ends, strict=False)]

    def parts(self, texts: Iterable[str], total: int) -> Iterator[Done]:
        """The parts of texts, one after another, with what the model makes of them."""
        moved = 0
        with reporting(self.search.progress, total, "char") as told:
            for run in runs(self.cut(texts)):
                size = sum(part.end - part.after for part in run)

                def tell(done: int, count: int, before: int = moved, size: int = size) -> None:
                    if told is not None:
                        told(before + size * done // max(count, 1))

                search = dataclasses.replace(self.search, progress=tell if told else None)
                yield from self.run(run, search)
                moved += size

    def cut(self, texts: Iterable[str]) -> Iterator[Part]:
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                listed([text] if index == 0 else ["", text])  # says what is wrong
            after, found = 0, None
            for begin, end in () if self.late else self.splitter.each(text):
                if found is not None:
                    yield found
                if self.late:
                    break
                found = Part(text, after, begin, end, False)
                after = end
            if self.late:  # nothing more of this text
                yield Part(text, len(text), len(text), len(text), True)
            else:
                yield (
                    Part(text, 0, len(text), len(text), True) if found is None else found._replace(last=True)
                )

    def run(self, parts: list[Part], search: Search) -> list[Done]:
        if self.late:
            return [(part, _nothing("deadline")) for part in parts]
        tokenizer, threads = self.model.tokenizer, self.model._threads(search.threads)
        unit: Unit | None = "characters" if search.align else None
        kept = [part for part in parts if part.end > part.begin]
        batch = tokenizer.encode_batch([part.sentence for part in kept], threads=threads, spans=unit)
        if (batch.lengths > self.longest).any():
            kept = self.wrap(kept, batch, tokenizer)
            batch = tokenizer.encode_batch([part.sentence for part in kept], threads=threads, spans=unit)
        finish = _places(parts, kept, batch if search.align else None)
        return self.model._found(batch, None, search, 0.0, finish)

    def wrap(self, parts: list[Part], batch: Batch, tokenizer: Tokenizer) -> list[Part]:
        """Parts of at most `longest` tokens."""
        result: list[Part] = []
        for part, length in zip(parts, batch.lengths.tolist(), strict=True):
            if length <= self.longest:
                result.append(part)
                continue
            spans = tokenizer.encode_batch([part.sentence], spans="characters").spans
            assert spans is not None
            after = part.after
            for begin, end in wrapped(part.sentence, spans[:, 0].tolist(), self.longest):
                piece = part._replace(after=after, begin=part.begin + begin, end=part.begin + end)
                result.append(piece._replace(last=False))
                after = part.begin + end
            result[-1] = result[-1]._replace(last=part.last)
        return result

    def together(self, done: list[Done]) -> Translation:
        """The parts of one document."""
        texts: list[str] = []
        sentences: list[Pair] = []
        tokens: list[Pair] = []
        at = 0
        for part, one in done:
            gap = part.text[part.after : part.begin]
            at += len(gap)
            if part.end > part.begin:
                sentences.append(Pair((part.begin, part.end), (at, at + len(one.text))))
            if one.alignment is not None and part.spans is not None:
                tokens += token_pairs(self.model.target_tokenizer, part, one, at)
            texts += [gap, one.text]
            at += len(one.text)
        last = done[-1][0]
        return Translation(
            text="".join([*texts, last.text[last.end :] if last.last else ""]),
            sentences=tuple(sentences),
            tokens=tuple(tokens) if self.search.align else None,
            score=sum(one.score for _, one in done),
            finish_reason=ended_together(one.finish_reason for _, one in done),
        )


def _places(parts: list[Part], kept: list[Part], batch: Batch | None) -> Any:
    """Makes of the results of the parts kept those of all: a text without sentences is whitespace."""
    empty = [part for part in parts if part.end == part.begin]

    def finish(results: list[Generation]) -> list[Done]:
        filled = kept
        if batch is not None and batch.spans is not None:
            bounds = batch.offsets.tolist()
            filled = [
                part._replace(spans=batch.spans[a:b])
                for part, a, b in zip(kept, bounds, bounds[1:], strict=False)
            ]
        done = list(zip(filled, results, strict=True))
        if not empty:
            return done
        rest, merged = iter(done), []
        for part in parts:
            if part.end == part.begin:
                merged.append((part, _nothing("stop")))
                continue
            for one in rest:  # the pieces of a sentence that was wrapped
                merged.append(one)
                if one[0].end == part.end:
                    break
        return merged

    return finish


def _nothing(reason: FinishReason) -> Generation:
    return Generation("", np.empty(0, np.int32), np.empty(0, np.float32), 0.0, reason, Timings(0.0, 0.0, 0.0))


def token_pairs(tokenizer: Tokenizer, part: Part, one: Generation, at: int) -> Iterator[Pair]:
    """Where each token of an output, which begins at `at`, comes from in the document."""
    stream = tokenizer.decode_stream()
    assert one.alignment is not None
    for index, source in zip(one.ids.tolist(), one.alignment.tolist(), strict=True):
        text = stream.add(index)
        begin, end = part.spans[source].tolist() if 0 <= source < len(part.spans) else (0, 0)
        yield Pair((part.begin + begin, part.begin + end), (at, at + len(text)))
        at += len(text)
