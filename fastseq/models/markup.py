"""HTML through a translation: tags stay as they were written, inline ones where their words went.

The markup is cut at block tags, line breaks and what is not to be translated; each stretch of text between is
a document of its own. Within it an inline element covers source tokens, and by the alignment those of the
translation; one that no word of the translation comes from goes around the word whose source is nearest. An
element without text (an image) goes before what followed it.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from fastseq.models.base import Texts, listed
from fastseq.models.markup_cuts import Element, Parser, Stretch, parsed
from fastseq.models.results import Translation
from fastseq.models.search import Search
from fastseq.text import SentenceSplitter

if TYPE_CHECKING:
    from fastseq.models.documents import Translations
    from fastseq.models.seq2seq import Seq2Seq


Piece = tuple[str, bool]  # of a document, and whether that ends with it


def translated_html(
    model: Seq2Seq, texts: Texts, splitter: SentenceSplitter, search: Search, stream: bool
) -> Any:
    """HTML documents; see `Seq2Seq.translate`."""
    from fastseq.models.documents import Translations

    work = Translations(model, splitter, dataclasses.replace(search, align=True))
    if stream:
        return _streamed(work, texts)
    many, alone = listed(texts)
    pages = [parsed(text) for text in many]
    total = sum(len(one.text) for page in pages for one in page.stretches)
    pieces: list[Piece] = []
    try:
        pieces.extend(_pieces(work, pages, total))
    except BaseException as error:
        if hasattr(error, "results"):
            error.results = _together([*pieces, *error.results])
        raise
    results = _together(pieces)
    return results[0] if alone else results


def _together(pieces: Iterable[Piece]) -> list[str]:
    results, ended = [], True
    for piece, last in pieces:
        if ended:
            results.append("")
        results[-1] += piece
        ended = last
    return results


def _streamed(work: Translations, texts: Texts) -> Iterator[str]:
    """Pieces of one document, or documents."""
    alone, written = isinstance(texts, str), ""
    source = [texts] if isinstance(texts, str) else texts
    for piece, last in _pieces(work, map(parsed, source), 0):
        written += piece
        if written if alone else last:
            yield written
            written = ""


def _pieces(work: Translations, pages: Iterable[Parser], total: int) -> Iterator[Piece]:
    """Documents a stretch at a time. An exception's `results` are the pieces of what it held back."""
    waiting: deque[Stretch | str] = deque()  # a str: what stands behind a document's last stretch

    def texts() -> Iterator[str]:
        for page in pages:
            waiting.extend(page.stretches)
            waiting.append(page.behind)
            yield from (one.text for one in page.stretches)

    def written(made: Translation) -> Iterator[Piece]:
        while isinstance(one := waiting.popleft(), str):
            yield one, True
        yield one.before + placed(one, made), False

    try:
        for made in work.each(texts(), total):
            yield from written(made)
    except BaseException as error:
        if hasattr(error, "results"):
            error.results = [piece for made in error.results for piece in written(made)]
        raise
    yield from ((behind, True) for behind in waiting if isinstance(behind, str))


def placed(stretch: Stretch, made: Translation) -> str:
    """The translation with the elements where the alignment puts them: every one at least once."""
    blank = [not stretch.text[one.begin : one.end].strip() for one in stretch.elements]
    spread = [one for one, empty in zip(stretch.elements, blank, strict=True) if not empty]
    empty = [one for one, empty in zip(stretch.elements, blank, strict=True) if empty]
    words = list(_words(stretch.text, made))
    around = _around(spread, [source for *_, source in words])
    writer = _Writer()
    if not words:
        writer.within(spread)
    at = 0
    for (text, begin, end, source), elements in zip(words, around, strict=True):
        writer.say(made.text[at:begin])
        if source is not None:
            writer.say_markup(_nested([one for one in empty if one.begin <= source]))
            empty = [one for one in empty if one.begin > source]
        if elements is not None:
            writer.within(elements)
        writer.say(text)
        at = end
    if words:
        writer.within([])
    writer.say(made.text[at:])
    writer.within([])
    writer.say_markup(_nested(empty))
    return "".join(writer.parts)


def _around(spread: list[Element], sources: list[int | None]) -> list[list[Element] | None]:
    """The elements around each word, outer ones first; None: those of the word before it."""
    chosen = [
        None if source is None else [one.begin <= source < one.end for one in spread] for source in sources
    ]
    known = [i for i, one in enumerate(chosen) if one is not None]
    if not known:  # nothing says where words come from: all of it is in every element
        return [list(spread) for _ in sources]
    for index, one in enumerate(spread):  # outer ones first, so that those around this one have words by now
        if any(chosen[i][index] for i in known):  # type: ignore[index]
            continue
        outer = [j for j in range(index) if spread[j].begin <= one.begin and one.end <= spread[j].end]
        within = [i for i in known if all(chosen[i][j] for j in outer)]  # type: ignore[index]
        nearest = min(within or known, key=lambda i: _distance(one, sources[i] or 0))
        chosen[nearest][index] = True  # type: ignore[index]
        for j in outer:
            chosen[nearest][j] = True  # type: ignore[index]
    return [
        None if flags is None else [one for one, flag in zip(spread, flags, strict=True) if flag]
        for flags in chosen
    ]


def _distance(one: Element, source: int) -> int:
    return max(one.begin - source, source - one.end + 1, 0)


def _nested(elements: list[Element]) -> str:
    """Elements without text, one behind the other or inside the other."""
    written: list[str] = []
    open_: list[Element] = []
    for one in elements:
        while open_ and open_[-1].depth >= one.depth:
            written.append(open_.pop().closing)
        written.append(one.opening)
        open_.append(one)
    return "".join([*written, *(one.closing for one in reversed(open_))])


def _words(text: str, made: Translation) -> Iterator[tuple[str, int, int, int | None]]:
    """Words and marks of a translation, begin, end, and the source's character that each comes from."""
    begin, source, letters = 0, None, False
    end = 0
    for pair in made.tokens or ():
        said = made.text[slice(*pair.target)]
        bare = said.strip()
        goes_on = (
            pair.target[0] == end and bool(bare) and said[:1] == bare[:1] and bare[0].isalnum() and letters
        )
        if not goes_on:
            if end > begin:
                yield made.text[begin:end], begin, end, source
            begin = pair.target[0] + (len(said) - len(said.lstrip()))
            source = _first_character(text, pair.source)
        end = pair.target[1]
        letters = bool(bare) and bare[-1].isalnum()
    if end > begin:
        yield made.text[begin:end], begin, end, source


def _first_character(text: str, span: tuple[int, int]) -> int | None:
    return next((i for i in range(*span) if not text[i].isspace()), None)


class _Writer:
    """Text and the tags around it; a tag changes only where the elements do."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._open: list[Element] = []

    def say(self, text: str) -> None:
        self.parts.append(escape(text, quote=False))

    def say_markup(self, markup: str) -> None:
        if markup:
            self.parts.append(markup)

    def within(self, elements: list[Element]) -> None:
        """Closes and opens until these are open; spaces at the end stay outside of what closes."""
        same = 0
        while same < min(len(elements), len(self._open)) and elements[same] is self._open[same]:
            same += 1
        space = ""
        if len(self._open) > same and self.parts and not self.parts[-1].strip():
            space = self.parts.pop()
        self.parts += [one.closing for one in reversed(self._open[same:])]
        self.parts.append(space)
        self.parts += [one.opening for one in elements[same:]]
        self._open = list(elements)
