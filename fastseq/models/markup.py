"""HTML through a translation: tags stay as they were written, inline ones where their words went.

The markup is cut at block tags, line breaks and what is not to be translated; each stretch of text between is
a document of its own. Within it an inline element covers source tokens, and by the alignment those of the
translation; one that no word of the translation comes from goes around the word whose source is nearest. An
element without text (an image) goes before what followed it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html import escape, unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

from fastseq.models.base import Texts, listed
from fastseq.models.results import Translation
from fastseq.models.search import Search
from fastseq.text import SentenceSplitter

if TYPE_CHECKING:
    from fastseq.models.seq2seq import Seq2Seq

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite del dfn em font i img ins label mark q rp rt ruby s small span strike "
    "strong sub sup time tt u wbr".split()
)
VOID = frozenset("img wbr".split())
UNTOUCHED = frozenset("script style code kbd samp var math svg textarea noscript template".split())


class Element(NamedTuple):
    """An inline one, of source characters begin to end: the same for an empty one. `depth`: how many open."""

    begin: int
    end: int
    opening: str
    closing: str
    depth: int = 0


class Stretch(NamedTuple):
    """What stands as it is, and then text with its inline elements, outer ones first."""

    before: str
    text: str
    elements: list[Element]


class _Parser(HTMLParser):
    """Cuts markup into stretches."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.stretches: list[Stretch] = []
        self._before: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._marks: list[tuple[int, str, str, bool]] = []  # place, name, tag, whether it opens
        self._untouched: list[str] = []  # open elements whose content is none of ours

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        if self._untouched:
            if tag == self._untouched[0]:
                self._untouched.append(tag)
            self._as_is(written)
        elif tag in UNTOUCHED or ("translate", "no") in attrs:
            self._as_is(written)
            if tag not in VOID:
                self._untouched.append(tag)
        elif tag in INLINE:
            self._marks.append((self._length, tag, written, True))
        else:
            self._as_is(written)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID and not self._untouched:
            self.handle_starttag(tag, attrs)
        else:
            self._as_is(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        written = f"</{tag}>"
        if self._untouched:
            if tag == self._untouched[0]:
                self._untouched.pop()
            self._as_is(written)
        elif tag in INLINE:
            self._marks.append((self._length, tag, written, False))
        else:
            self._as_is(written)

    def handle_data(self, data: str) -> None:
        self._say(data, data)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._as_is(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._as_is(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self._as_is(f"<![{data}]>")

    def handle_pi(self, data: str) -> None:
        self._as_is(f"<?{data}>")

    def flush(self) -> None:
        """What there is becomes a stretch; tags without their partner cut it."""
        text, at, before = "".join(self._text), 0, "".join(self._before)
        opened: list[tuple[int, int]] = []  # index of a mark, of its element
        elements: list[Element | None] = []
        lone: list[int] = []
        for index, (place, name, written, opens) in enumerate(self._marks):
            if opens:
                elements.append(Element(place, place if name in VOID else -1, written, "", len(opened)))
                if name not in VOID:
                    opened.append((index, len(elements) - 1))
            elif opened and self._marks[opened[-1][0]][1] == name:
                where = opened.pop()[1]
                one = elements[where]
                assert one is not None
                elements[where] = one._replace(end=place, closing=written)
            else:
                lone.append(index)
        for index, where in opened:
            lone.append(index)
            elements[where] = None
        kept = [one for one in elements if one is not None]
        for index in sorted(lone):
            place = self._marks[index][0]
            before = self._stretch(before, text, at, place, kept) + self._marks[index][2]
            at = place
        self._before = [self._stretch(before, text, at, len(text), kept)]
        self._text, self._marks, self._length = [], [], 0

    def _stretch(self, before: str, text: str, begin: int, end: int, elements: list[Element]) -> str:
        """Adds one where there is text; what then still stands before the next."""
        within = [
            one._replace(begin=max(one.begin, begin) - begin, end=min(one.end, end) - begin)
            for one in elements
            if (one.begin < end and one.end > begin)
            or begin <= one.begin == one.end < end + (end == len(text))
        ]
        if end == begin and not within:
            return before
        self.stretches.append(Stretch(before, text[begin:end], within))
        return ""

    def _as_is(self, written: str) -> None:
        if self._text or self._marks:
            self.flush()
        self._before.append(written)

    def _reference(self, written: str) -> None:
        self._say(unescape(written), written)

    def _say(self, text: str, written: str) -> None:
        if self._untouched:
            self._as_is(written)
            return
        self._text.append(text)
        self._length += len(text)

    def ended(self) -> str:
        """Closes; what stands behind the last stretch."""
        self.close()
        self.flush()
        return "".join(self._before)


def translated_html(model: Seq2Seq, texts: Texts, splitter: SentenceSplitter, search: Search) -> Any:
    """HTML documents; see `Seq2Seq.translate`."""
    from fastseq.models.documents import Translations

    many, alone = listed(texts)
    parsed = []
    for text in many:
        parser = _Parser()
        parser.feed(text)
        parsed.append((parser, parser.ended()))
    stretches = [one for parser, _ in parsed for one in parser.stretches]
    work = Translations(model, splitter, dataclasses.replace(search, align=True))
    done = work.each([one.text for one in stretches], sum(len(one.text) for one in stretches))
    results = []
    for parser, behind in parsed:
        written = [one.before + placed(one, next(done)) for one in parser.stretches]
        results.append("".join([*written, behind]))
    return results[0] if alone else results


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
