"""Tokenizers that cut a text by a rule and look the pieces up whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError
from fastseq.text.batch import Batch
from fastseq.text.streams import DecodeStream, TokenStream
from fastseq.text.tokenizer import Errors, Ids, Tokenizer
from fastseq.text.vocabulary import Vocabulary


class RuleTokenizer(Tokenizer):
    """What `CharTokenizer` and `WordTokenizer` have in common; they say what the options mean.

    Each option is an attribute of the same name, and a key of the configuration. A token that the vocabulary
    lacks is treated as `unknown` says. Special tokens are added by position only (`prepend`, `append`): text
    that spells one is unknown text, unless the tokenizer was made with `allow_special=True`.
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
        self._native: native.TextEncoder = native.TextEncoder(
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

    def __len__(self) -> int:
        return len(self.vocabulary)

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The pieces of the text as they are looked up, one an id; unknown ones as the text has them."""
        return self._native.pieces([text], bare=not add_special_tokens)[0]

    def decode(self, ids: Ids, *, skip_special_tokens: bool = True, errors: Errors = "replace") -> str:
        """The tokens of ids, `join` between them; they are texts, so `errors` changes nothing."""
        return self.vocabulary.native.join(ids, self.join, skip_special_tokens)

    def decode_batch(
        self, batch: Batch | Iterable[Ids], *, skip_special_tokens: bool = True, errors: Errors = "replace"
    ) -> list[str]:
        """The texts of many lists of ids, in one native call."""
        if not isinstance(batch, Batch):
            batch = Batch.from_lists(batch)
        return self.vocabulary.native.join_batch(batch.ids, batch.offsets, self.join, skip_special_tokens)

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        options = {name: getattr(self, name) for name in self.option_types}
        return {"kind": self.kind, "vocabulary": vocabulary, **options}

    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come."""
        return TokenStream(self, skip_special_tokens)

    @classmethod
    def from_config_of(cls, path: Path, options: Mapping[str, Any]) -> Tokenizer:
        """The tokenizer of a configuration's options and the file of its vocabulary."""
        return cls.from_options(Vocabulary.load(path), options)

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
