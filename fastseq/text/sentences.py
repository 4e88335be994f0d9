# ruff: noqa: RUF001 -- marks of many scripts
"""Sentences of a text, found by rules: where a full stop, or another mark of an end, ends one.

A line break ends a sentence, and so does a tab. Otherwise one ends behind marks of an end (``.``, ``!``,
``?`` and those of other scripts), with the quotes and brackets that close behind them, where whitespace
follows and then something other than a small letter. Full-width marks need no whitespace. A full stop does
not count behind

- an abbreviation of the language that goes on (``Mr.``), or goes on before a number (``No. 5``);
- one letter, as of a name (``J. Smith``), and letters with full stops between (``e.g.``, ``U.S.``), these
  unless a word follows that usually begins a sentence;
- the number or Roman numeral that a line begins with (``1. First``), and an ordinal where the language writes
  them so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fastseq.text.sentence_data import LANGUAGES, OTHER

_CLOSERS = "\"'”’»›)]}」』）】》〉"
_OPENERS = "\"'“‘„‚«‹([{「『（【《〈¿¡—–*•-"
_LINE = re.compile(r"[^\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = f"[{re.escape(_CLOSERS)}]*"
_END = re.compile(rf"[.!?…‥؟۔।॥։።។]+{_CLOSING}(?=\s)|[。！？．｡‼⁇⁈⁉]+[.!?…。！？]*{_CLOSING}")
_SPACE = re.compile(r"\s*")
_OPENING = re.compile(f"[{re.escape(_OPENERS)}\\s]*")
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"(?:\w\.)+\w")
_ROMAN = re.compile(r"[IVXLC]+")
_FULL_WIDTH = frozenset("。！？．｡‼⁇⁈⁉")


class SentenceSplitter:
    """Cuts texts of a language (``en``, ``pt-BR`` ...) into sentences; of any other by the general rules.

    >>> SentenceSplitter("en").split("Mr. Smith paid $3.50.  Why? Nobody knows.")
    ['Mr. Smith paid $3.50.', 'Why?', 'Nobody knows.']
    """

    def __init__(self, language: str = "en") -> None:
        self.language = re.split("[-_]", language.lower())[0]
        self._known = LANGUAGES.get(self.language, OTHER)

    def split(self, text: str) -> list[str]:
        """The sentences, without the whitespace around them."""
        return [text[begin:end] for begin, end in self.spans(text)]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each sentence begins and ends, in characters; all else is whitespace."""
        return list(self.each(text))

    def each(self, text: str) -> Iterator[tuple[int, int]]:
        """As `spans`, one at a time."""
        for line in _LINE.finditer(text):
            yield from self._of_line(text, *line.span())

    def _of_line(self, text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
        while end > begin and text[end - 1].isspace():
            end -= 1
        while begin < end and text[begin].isspace():
            begin += 1
        for mark in _END.finditer(text, begin, end):
            after = _SPACE.match(text, mark.end(), end).end()  # type: ignore[union-attr]
            if after < end and mark.end() > begin and self._ends(text, begin, mark, after, end):
                yield begin, mark.end()
                begin = after
        if begin < end:
            yield begin, end

    def _ends(self, text: str, begin: int, mark: re.Match[str], after: int, end: int) -> bool:
        """Whether the sentence from `begin` on ends with this mark; what follows is at `after`."""
        at = mark.start()
        if text[at] in _FULL_WIDTH:
            if text[at] == "．" and text[at - 1 : at].isdigit() and text[after].isdigit():
                return False
            quoted = text[mark.end() - 1] in "」』" and after == mark.end()
            return not (quoted and "\u3041" <= text[after] <= "\u309f")  # 「...。」と goes on
        follows = _OPENING.match(text, after, end).end()  # type: ignore[union-attr]
        if follows < end and text[follows].islower():
            return False
        return mark.group().rstrip(_CLOSERS) != "." or self._stops(text, begin, at, follows)

    def _stops(self, text: str, begin: int, at: int, follows: int) -> bool:
        """Whether the single full stop at `at` ends the sentence."""
        start = max(text.rfind(" ", begin, at), text.rfind("\u00a0", begin, at), begin - 1) + 1
        word = text[start:at].lstrip(_OPENERS)
        low = word.lower()
        number = text[follows : follows + 1].isdigit()
        if low in self._known.before_names or (number and low in self._known.before_numbers):
            return False
        if len(word) == 1 and word.isupper():
            said = text[begin:start].split()
            return word == "I" and self.language == "en" and bool(said) and said[-1].islower()
        if _LETTERS.fullmatch(word):
            following = _WORD.match(text, follows)
            return low in ("a.m", "p.m") or (
                not word.islower()
                and following is not None
                and following.group().lower() in self._known.starters
            )
        if start == begin and (word.isdigit() or _ROMAN.fullmatch(word)):
            return False
        if not (self._known.ordinals and word.isdigit() and len(word) <= 2):
            return True
        before = text[begin:start].split()[-1:]  # "Abb. 3." is no ordinal
        return before != [] and before[0].rstrip(".").lower() in self._known.before_numbers
