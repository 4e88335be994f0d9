"""HTML cut into stretches of text, with the inline elements that each has."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple

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


class Parser(HTMLParser):
    """Cuts markup into stretches; `behind`: what stands behind the last one."""

    behind = ""

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

    def end(self) -> None:
        self.close()
        self.flush()
        self.behind = "".join(self._before)


def parsed(text: str) -> Parser:
    """All of a document's stretches."""
    parser = Parser()
    parser.feed(text)
    parser.end()
    return parser
