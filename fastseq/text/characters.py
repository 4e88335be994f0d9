"""A token a character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastseq._core import native
from fastseq.text.tokenizer import Tokenizer, check_options, token_ids, unknown_rule
from fastseq.text.vocabulary import Vocabulary

_OPTIONS: dict[str, type | tuple[type, ...]] = {
    "lowercase": bool,
    "keep": str,
    "prepend": list,
    "append": list,
    "unknown": str,
    "join": str,
}


class CharTokenizer(Tokenizer):
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
        self.vocabulary = vocabulary
        self.lowercase, self.keep, self.join = lowercase, keep, join
        self.prepend, self.append = tuple(prepend), tuple(append)
        self.unknown = unknown_rule(unknown, vocabulary)
        self._encoder = native.TextEncoder(
            vocabulary.native,
            split="characters",
            lowercase=lowercase,
            keep=keep,
            unknown=self.unknown,
            unknown_id=vocabulary.unknown_id,
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
            "lowercase": self.lowercase,
            "keep": self.keep,
            "prepend": list(self.prepend),
            "append": list(self.append),
            "unknown": self.unknown,
            "join": self.join,
        }

    @classmethod
    def _from_options(cls, vocabulary: Vocabulary, options: Mapping[str, Any]) -> CharTokenizer:
        check_options(options, _OPTIONS)
        return cls(vocabulary, **options)
