"""A token a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.text.tokenizer import Tokenizer, check_options, token_ids, unknown_rule
from fastseq.text.vocabulary import Vocabulary

_SPLITS = ("words", "whitespace", "space", "none")
_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "split": str,
    "punctuation": str,
    "lowercase": bool,
    "keep": str,
    "prepend": list,
    "append": list,
    "unknown": str,
    "allow_special": bool,
    "join": str,
}


class WordTokenizer(Tokenizer):
    """Each word of a text is a token.

        words = WordTokenizer(Vocabulary.from_tokens(["<unk>", "can't", "stop", "!"], unknown="<unk>"))
        words.tokenize("Can't stop!")  # ["Can't", "stop", "!"]
        words.encode("Can't stop!")    # [0, 2, 3]

    Arguments:
        vocabulary: the tokens.
        split: "words": by the word boundaries of Unicode (UAX #29); scripts written without spaces are cut at
            every ideograph, hiragana or, without a dictionary, letter. "whitespace": as `str.split()`.
            "space": at U+0020 alone, runs of it taken as one. "none": the whole text is one token.
        punctuation: with "words", whether segments without a letter, number or connector ("_") are tokens
            ("separate") or are left out ("drop"). White space and control characters always are.
        lowercase: look up the lower-case text (`str.lower()`).
        keep: which characters stay, besides white space: "all", "letters", "alphanumeric" (with the marks on
            them), "ascii_letters" or "ascii_alphanumeric"; chosen after lower-casing, before splitting.
        prepend, append: tokens put around every text.
        unknown: words that the vocabulary lacks are mapped to its unknown token ("map"), left out ("drop"),
            or raise `UnknownTokenError` ("error"). None: "map" if there is one, else "error".
        allow_special: a word spelled like a special token is that token; only for text that is trusted.
        join: what stands between tokens in decoded text.
    """

    kind = "word"

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        split: Literal["words", "whitespace", "space", "none"] = "words",
        punctuation: Literal["separate", "drop"] = "separate",
        lowercase: bool = False,
        keep: str = "all",
        prepend: Sequence[str] = (),
        append: Sequence[str] = (),
        unknown: Literal["map", "drop", "error"] | None = None,
        allow_special: bool = False,
        join: str = " ",
    ) -> None:
        if split not in _SPLITS:
            raise ArgumentError(
                "unknown choice", where="split", expected=", ".join(_SPLITS), found=repr(split)
            )
        if punctuation not in ("separate", "drop"):
            raise ArgumentError(
                "unknown choice", where="punctuation", expected="separate, drop", found=repr(punctuation)
            )
        self.vocabulary = vocabulary
        self.split, self.punctuation, self.allow_special = split, punctuation, allow_special
        self.lowercase, self.keep, self.join = lowercase, keep, join
        self.prepend, self.append = tuple(prepend), tuple(append)
        self.unknown = unknown_rule(unknown, vocabulary)
        self._encoder = native.TextEncoder(
            vocabulary.native,
            split=split,
            punctuation=punctuation == "separate",
            lowercase=lowercase,
            keep=keep,
            unknown=self.unknown,
            unknown_id=vocabulary.unknown_id,
            allow_special=allow_special,
            prepend=token_ids(vocabulary, prepend, "prepend"),
            append=token_ids(vocabulary, append, "append"),
        )

    @property
    def _join(self) -> str:
        return self.join

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        return {
            "kind": self.kind,
            "vocabulary": vocabulary,
            "split": self.split,
            "punctuation": self.punctuation,
            "lowercase": self.lowercase,
            "keep": self.keep,
            "prepend": list(self.prepend),
            "append": list(self.append),
            "unknown": self.unknown,
            "allow_special": self.allow_special,
            "join": self.join,
        }

    @classmethod
    def _from_options(cls, vocabulary: Vocabulary, options: Mapping[str, Any]) -> WordTokenizer:
        check_options(options, _OPTIONS)
        return cls(vocabulary, **options)
