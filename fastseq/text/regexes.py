r"""Regular expressions that have no scanner, through the optional package `regex`: slower, and exact.

Files are written for two engines, and each reads some of the same text in a way of its own; what `regex`
would read in a third way is rewritten here, or refused:

- Oniguruma, for tokenizer.json: ``$`` and ``^`` are ends of lines; ``{1,3}+`` repeats what is repeated;
  ``\w`` and ``[[:punct:]]`` hold other characters; ``\h`` is a digit of base 16; ``\Z`` is before a newline
  that ends the text, too; the dot matches newlines under ``(?m)``.
- fancy-regex, for tiktoken: ``$`` is the end of the text alone; ``{1,3}+`` is possessive.

Classes of characters are of the Unicode version that `regex` has, so code points that are younger than the
library that made the tokens may be cut in another way. Oniguruma, ignoring case, takes some characters for
two (the sharp s for "ss"), `regex` does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from fastseq.errors import FormatError, MissingExtraError, UnsupportedError
from fastseq.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Engine = Literal["onig", "fancy"]

SECONDS = 10.0
"""That a text may take, and 20 microseconds a character more: some patterns never come to an end."""


class Pattern:
    """The matches of a regular expression in texts.

    Raises `MissingExtraError` without the package `regex`, `FormatError` for what is no regular expression,
    and `UnsupportedError` for what `regex` would read in another way.
    """

    def __init__(self, pattern: str, engine: Engine, where: str = "pattern") -> None:
        self.source, self.engine = pattern, engine
        as_regex = rewritten(pattern, engine, where)
        try:
            import regex
        except ImportError:
            raise MissingExtraError(
                "no scanner for this pattern, which the package regex would match",
                where=where,
                expected="pip install 'fastseq-cpu[regex]'",
                found=f"{pattern!r:.100}",
            ) from None
        flags = regex.MULTILINE if engine == "onig" else 0
        try:
            self._compiled: Any = regex.compile(as_regex, flags | regex.VERSION0)
        except (regex.error, OverflowError, RecursionError, KeyError, IndexError) as error:
            raise FormatError(
                "not a regular expression", where=where, expected=str(error), found=f"{pattern!r:.100}"
            ) from None

    def to_config(self) -> dict[str, str | list[str]]:
        """Its entry in config.json."""
        return {self.engine: self.source}

    def __call__(self, text: str) -> NDArray[np.int32]:
        """Where matches begin and end, in characters (n, 2)."""
        found = self._compiled.finditer(text, timeout=SECONDS + 2e-5 * len(text))
        places = np.array([place for match in found for place in match.span()], np.int32).reshape(-1, 2)
        return self._with_empty(text) if (places[:, 0] == places[:, 1]).any() else places

    def _with_empty(self, text: str) -> NDArray[np.int32]:
        """The same with empty ones: the engines go on behind them, and give none right behind a match."""
        places: list[tuple[int, int]] = []
        at, last = 0, -1
        while at <= len(text) and (match := self._compiled.search(text, at, timeout=SECONDS)) is not None:
            begin, end = match.span()
            at = end + (begin == end)
            if begin < end or end != last:
                places.append((begin, end))
                last = end
        return np.array(places, np.int32)


class Isolated(Pattern):
    """What a Split of tokenizer.json isolates: the matches, and what lies between two of them."""

    def __init__(self, pattern: str, where: str = "pattern") -> None:
        super().__init__(pattern, "onig", where)

    def __call__(self, text: str) -> NDArray[np.int32]:
        """Where pieces begin and end, in characters (n, 2)."""
        borders = np.concatenate(([0], super().__call__(text).ravel(), [len(text)]))
        pieces = np.stack((borders[:-1], borders[1:]), axis=1).astype(np.int32)
        return pieces[pieces[:, 0] < pieces[:, 1]]


class Chain(Pattern):
    """What several Splits isolate, each in the pieces of the one before."""

    def __init__(self, patterns: Sequence[str], where: str = "pattern") -> None:
        super().__init__(patterns[0], "onig", where)
        self._steps = [Isolated(pattern, where) for pattern in patterns]

    def to_config(self) -> dict[str, str | list[str]]:
        """Its entry in config.json."""
        return {"onig": [step.source for step in self._steps]}

    def __call__(self, text: str) -> NDArray[np.int32]:
        """Where pieces begin and end, in characters (n, 2)."""
        pieces = np.array([[0, len(text)]], np.int32)
        for step in self._steps:
            inner = [step(text[begin:end]) + begin for begin, end in pieces.tolist()]
            pieces = np.concatenate(inner) if inner else pieces
        return pieces


_PART = re.compile(
    r"\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\[\^?\]?|\(\?[^:)=!<>]*[:)]?|\{(?:\d+(?:,\d*)?|,\d+)\}\+?|.", re.DOTALL
)
_REFUSED = {
    "onig": {r"\h", r"\H", r"\Z", r"\K", r"\y", r"\Y", r"\N", r"\O", r"\b", r"\B"},
    "fancy": {r"\h", r"\H", r"\Z", r"\K", r"\G", r"\e"},
}
_ONIG_WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"
_ONIG_WORD_ALONE = _ONIG_WORD + r"\xb2\xb3\xb9\xbc-\xbe"  # so it is in that engine
_IN_CLASS = {
    r"\w": _ONIG_WORD,
    "[:word:]": _ONIG_WORD,
    "[:alnum:]": r"\p{Alphabetic}\p{Nd}",
    "[:digit:]": r"\p{Nd}",
    "[:punct:]": r"\p{P}\p{S}",
}
"""Oniguruma's classes in the words of `regex`."""
_CLASS_PART = re.compile(r"\\[pP]\{[^}]*\}|\\.|\[:\^?\w+:\]|&&|.", re.DOTALL)


def rewritten(pattern: str, engine: Engine, where: str = "pattern") -> str:
    """The pattern as `regex` must have it to match what the engine matches."""
    out: list[str] = []
    starts: list[int] = []  # where in `out` the groups that are open begin
    atom = 0  # where in `out` the last thing that can be repeated begins
    at = 0
    while at < len(pattern):
        part = _PART.match(pattern, at)
        assert part is not None
        text, at = part[0], part.end()
        if text in _REFUSED[engine]:
            _refuse(pattern, text, where)
        if text.startswith("["):
            text, at = _class(pattern, part.start(), engine, where)
        if engine == "onig" and text in (r"\w", r"\W"):
            text = f"[{'^' * (text[1] == 'W')}{_ONIG_WORD_ALONE}]"
        if text.startswith("("):
            if re.match(r"\(\?[a-z-]*[mxRaud]", text) or (text.endswith(")") and part.start()):
                _refuse(pattern, text, where)
            if not text.endswith(")"):
                starts.append(len(out))
        elif text == ")":
            atom = starts.pop() if starts else 0
        elif text.startswith("{") and text != "{":
            if engine == "onig" and text.endswith("+"):
                out[atom:] = ["(?:", *out[atom:], text[:-1], ")"]
                text = "+"
        elif text not in ("*", "+", "?", "|"):
            atom = len(out)
        if text == "$" and engine == "fancy":
            text = r"\Z"
        out.append(r"\Z" if text == r"\z" else text)
    return "".join(out)


def _class(pattern: str, begin: int, engine: Engine, where: str) -> tuple[str, int]:
    """The class that begins there, rewritten, and where it ends. Classes within it are refused."""
    at = begin + 1 + pattern.startswith("^", begin + 1)
    out = [pattern[begin:at]]
    while (part := _CLASS_PART.match(pattern, at)) is not None:
        text, at = part[0], part.end()
        if text == "]" and len(out) > 1:
            return "".join([*out, text]), at
        if (
            text in ("[", "&&")
            or text.startswith("[:^")
            or (engine == "onig" and text in (r"\W", r"\h", r"\H"))
        ):
            _refuse(pattern, text, where)
        out.append(_IN_CLASS.get(text, text) if engine == "onig" else text)
    raise FormatError("not a regular expression", where=where, expected="]", found=f"{pattern!r:.100}")


def _refuse(pattern: str, part: str, where: str) -> None:
    raise UnsupportedError(
        f"{part!r:.40} in a regular expression is not supported", where=where, found=f"{pattern!r:.100}"
    )
