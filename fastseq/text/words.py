"""A token a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from fastseq.errors import ArgumentError
from fastseq.text.rules import RuleTokenizer
from fastseq.text.vocabulary import Vocabulary

_SPLITS = ("words", "whitespace", "space", "none")


class WordTokenizer(RuleTokenizer):
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
    option_types: ClassVar = {
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
        super().__init__(
            vocabulary,
            split=split,
            punctuation=punctuation,
            lowercase=lowercase,
            keep=keep,
            prepend=prepend,
            append=append,
            unknown=unknown,
            allow_special=allow_special,
            join=join,
        )
