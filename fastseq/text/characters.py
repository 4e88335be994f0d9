"""A token a character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from fastseq.text.rules import RuleTokenizer
from fastseq.text.vocabulary import Vocabulary


class CharTokenizer(RuleTokenizer):
    """Each character (code point) of a text is a token.

        letters = CharTokenizer(Vocabulary.from_tokens([*"abc", "</s>"]), append=["</s>"])
        letters.encode("cab")  # [2, 0, 1, 3]

    Arguments:
        vocabulary: the tokens, of one character but for the special ones.
        lowercase: look up the lower-case text (`str.lower()`).
        keep: which characters stay, besides white space: "all", "letters", "alphanumeric" (with the marks on
            them), "ascii_letters" or "ascii_alphanumeric"; chosen after lower-casing.
        prepend, append: tokens put around every text.
        unknown: characters that the vocabulary lacks are mapped to its unknown token ("map"), left out
            ("drop"), or raise `UnknownTokenError` ("error"). None: "map" if there is one, else "error".
        join: what stands between tokens in decoded text.
    """

    kind = "character"
    option_types: ClassVar = {
        "lowercase": bool,
        "keep": str,
        "prepend": list,
        "append": list,
        "unknown": str,
        "join": str,
    }

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        lowercase: bool = False,
        keep: str = "all",
        prepend: Sequence[str] = (),
        append: Sequence[str] = (),
        unknown: Literal["map", "drop", "error"] | None = None,
        join: str = "",
    ) -> None:
        super().__init__(
            vocabulary,
            split="characters",
            punctuation="separate",
            lowercase=lowercase,
            keep=keep,
            prepend=prepend,
            append=append,
            unknown=unknown,
            allow_special=False,
            join=join,
        )
