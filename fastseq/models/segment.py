"""Cutting a text into the pieces a model works on, and putting their results together again.

For ``words`` the rules are, in order:

1. letters are lower-cased when the tokenizer does so;
2. characters of the spec's `replace` become what it says (digits their names, ``&`` and, say), and letters
   with marks are composed (NFC);
3. with `fold`, a letter that the vocabulary lacks loses its accents and its typographic form (NFKD);
4. words are the longest runs of letters, with single `inner` characters between letters; so a hyphen or a
   digit that is neither replaced nor `inner` parts words, and is itself dropped, like punctuation;
5. letters that the vocabulary still lacks are dropped; a word of none other is dropped with them.

Equal words of a call are run once: a result never depends on the rest of the batch, so this changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from fastseq.models.spec import SegmentSpec

_DIGITS = "zero one two three four five six seven eight nine".split()

ENGLISH = SegmentSpec(
    split="words",
    join="  ",
    inner="'",
    replace={
        **{str(digit): f" {name} " for digit, name in enumerate(_DIGITS)},
        "&": " and ",
        "+": " plus ",
        "%": " percent ",
        "@": " at ",
        "\u2019": "'",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
    },
)


class Segmenter:
    """The pieces of texts, by a spec's rules.

    Args:
        spec: the rules.
        letters: the characters of the vocabulary; None: every letter is known.
        lowercase: whether the tokenizer does not tell case apart.

    """

    def __init__(self, spec: SegmentSpec, letters: Iterable[str] | None, lowercase: bool) -> None:
        self.join, self.fold, self.lowercase = spec.join, spec.fold, lowercase
        self.letters = None if letters is None else frozenset(letters)
        self._replace = str.maketrans(spec.replace)
        self._whole_words = not any(char.isascii() and char.isalpha() for char in spec.replace)
        inner = f"(?:[{re.escape(spec.inner)}][^\\W\\d_]+)*" if spec.inner else ""
        self._word = re.compile(f"[^\\W\\d_]+{inner}")

    def __call__(self, text: str) -> list[str]:
        """The words of a text, as the tokenizer is to see them."""
        if self.lowercase:
            text = text.lower()
        if self._whole_words and text.isascii() and text.isalpha() and self._known(text):
            return [text]  # one plain word, as most texts of a word list are
        text = text.translate(self._replace)
        if not text.isascii():
            text = self._composed(text)
        words = self._word.findall(text)
        if self.letters is None:
            return words
        kept = [
            word if self._known(word) else "".join(filter(self.letters.__contains__, word)) for word in words
        ]
        return [word for word in kept if word]

    def _known(self, word: str) -> bool:
        return self.letters is None or self.letters.issuperset(word)

    def _composed(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if not self.fold or self.letters is None:
            return text
        return "".join(char if char in self.letters or char.isascii() else _plain(char) for char in text)


def _plain(char: str) -> str:
    """A character without accents and typographic form."""
    return "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))


def distinct(cut: Segmenter, texts: Iterable[str]) -> tuple[list[str], list[list[int]]]:
    """Each piece once, in order of appearance, and for each text the numbers of its pieces."""
    numbers: dict[str, int] = {}
    placed = [[numbers.setdefault(piece, len(numbers)) for piece in cut(text)] for text in texts]
    return list(numbers), placed
