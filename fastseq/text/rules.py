"""Tokenizers that cut a text by a rule and look the pieces up whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError
from fastseq.text.tokenizer import Tokenizer
from fastseq.text.vocabulary import Vocabulary


class RuleTokenizer(Tokenizer):
    """What `CharTokenizer` and `WordTokenizer` have in common; they say what the options mean.

    Each option is an attribute of the same name, and a key of the configuration.
    """

    option_types: ClassVar[Mapping[str, type]]
    """Those that the class takes, and of which type each is in a configuration."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        split: str,
        punctuation: str,
        lowercase: bool,
        keep: str,
        prepend: Sequence[str],
        append: Sequence[str],
        unknown: str | None,
        allow_special: bool,
        join: str,
    ) -> None:
        if punctuation not in ("separate", "drop"):
            raise ArgumentError(
                "unknown choice", where="punctuation", expected="separate, drop", found=repr(punctuation)
            )
        self.vocabulary = vocabulary
        self.split, self.punctuation = split, punctuation
        self.lowercase, self.keep = lowercase, keep
        self.prepend, self.append = list(prepend), list(append)
        self.unknown = unknown or ("error" if vocabulary.unknown is None else "map")
        self.allow_special, self.join = allow_special, join
        self._encoder = native.TextEncoder(
            vocabulary.native,
            split=split,
            punctuation=punctuation == "separate",
            lowercase=lowercase,
            keep=keep,
            unknown=self.unknown,
            unknown_id=vocabulary.unknown_id,
            allow_special=allow_special,
            prepend=_ids(vocabulary, prepend, "prepend"),
            append=_ids(vocabulary, append, "append"),
        )

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        options = {name: getattr(self, name) for name in self.option_types}
        return {"kind": self.kind, "vocabulary": vocabulary, **options}

    @classmethod
    def from_options(cls, vocabulary: Vocabulary, options: Mapping[str, Any]) -> Tokenizer:
        """The tokenizer of a configuration's options; `FormatError` for one unknown or of the wrong type."""
        for name, value in options.items():
            wanted = cls.option_types.get(name)
            if wanted is None:
                raise FormatError("unknown key", where=f"{name!r:.60}", expected=", ".join(cls.option_types))
            tokens = value if isinstance(value, list) else []
            if not isinstance(value, wanted) or not all(isinstance(token, str) for token in tokens):
                raise FormatError("wrong type", where=name, expected=wanted.__name__, found=f"{value!r:.60}")
        return cls(vocabulary, **options)


def _ids(vocabulary: Vocabulary, tokens: Sequence[str], name: str) -> list[int]:
    """The ids of tokens given by name."""
    if isinstance(tokens, str):
        raise ArgumentTypeError("not a list", where=name, expected="a list of tokens", found="str")
    ids = [vocabulary.id(token, -1) for token in tokens]
    if -1 in ids:
        absent = tokens[ids.index(-1)]
        raise ArgumentError("token not in the vocabulary", where=name, found=f"{absent!r:.100}")
    return ids
