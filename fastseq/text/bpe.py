"""Byte-level byte-pair encoding: the vocabularies of GPT, Llama, Qwen, DeepSeek and many others."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from fastseq._core import native
from fastseq.errors import ArgumentError, UnsupportedError
from fastseq.text.added import AddedToken, AddedTokens
from fastseq.text.batch import Batch
from fastseq.text.regexes import Pattern
from fastseq.text.tokenizer import Ids, Tokenizer


class BpeTokenizer(Tokenizer):
    """Byte-pair encoding over UTF-8 bytes.

        tokenizer = fastseq.Tokenizer.load("cl100k_base.tiktoken")
        tokenizer.encode("hello world")                               # [15339, 1917]
        tokenizer.encode("<|endoftext|>", allowed_special="all")      # [100257]
        tokenizer.decode([15339, 1917])

    `Tokenizer.load` makes them; the arguments are what it has read.
    """

    kind = "bpe"

    _native: native.BpeEncoder

    def __init__(self, encoder: native.BpeEncoder, added: Sequence[AddedToken] = ()) -> None:
        self._native = encoder
        self._added = AddedTokens(added)

    def __len__(self) -> int:
        """How many ids there are, added tokens among them."""
        return len({*self._native.ids().tolist(), *(token.id for token in self._added.tokens)})

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The text of each token; bytes that are a part of a character show as U+FFFD."""
        ids = self.encode(text, add_special_tokens=add_special_tokens)
        return [self.token(id).decode("utf-8", "replace") for id in ids]

    # ids to text

    def token(self, id: int) -> bytes:
        """The bytes of one token; `ArgumentError` when there is none of that id."""
        token = self._native.token(id)
        if token is None:
            raise ArgumentError(
                "id not in the vocabulary", where="id", expected="an id of it", found=repr(id)
            )
        return token

    def token_or_none(self, id: int) -> bytes | None:
        """The bytes of one token; None when there is none of that id."""
        return self._native.token(id)

    def ranked_ids(self) -> list[int]:
        """The ids of the vocabulary without added tokens, in the order of its file."""
        ids: list[int] = self._native.ids().tolist()
        return ids

    @property
    def max_id(self) -> int:
        """The largest id of the vocabulary, added tokens apart."""
        return int(self._native.ids().max())

    def decode_bytes(self, ids: Ids, *, skip_special_tokens: bool = False) -> bytes:
        """The bytes of ids."""
        return self._native.decode(ids, skip_special_tokens)

    def decode(
        self,
        ids: Ids,
        *,
        skip_special_tokens: bool = True,
        errors: Literal["replace", "strict"] = "replace",
    ) -> str:
        """The text of ids.

        Bytes that are not UTF-8 become U+FFFD, or raise `UnicodeDecodeError` with
        `errors="strict"`. An id out of the vocabulary raises `ArgumentError` naming its place.
        """
        return self._native.decode(ids, skip_special_tokens).decode("utf-8", errors)

    def decode_batch(
        self,
        batch: Batch | Iterable[Ids],
        *,
        skip_special_tokens: bool = True,
        errors: Literal["replace", "strict"] = "replace",
    ) -> list[str]:
        """The texts of many lists of ids."""
        return [self.decode(ids, skip_special_tokens=skip_special_tokens, errors=errors) for ids in batch]

    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come and never gives half a character."""
        return DecodeStream(self, skip_special_tokens)

    # storing

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        raise UnsupportedError("cannot be stored in a native folder yet", where=type(self).__name__)

    def save(self, folder: str | Path, name: str = "vocab.json") -> dict[str, Any]:
        return self.to_config(name)


class DecodeStream:
    """The text of ids that come one after another.

    stream = tokenizer.decode_stream()
    for id in ids:
        print(stream.add(id), end="")
    print(stream.end())
    """

    def __init__(self, tokenizer: BpeTokenizer, skip_special_tokens: bool) -> None:
        self._tokenizer, self._skip = tokenizer, skip_special_tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, ids: int | Ids) -> str:
        """What is now certain: whole characters only, so often nothing."""
        some = [ids] if isinstance(ids, int) else ids
        return self._decoder.decode(self._tokenizer.decode_bytes(some, skip_special_tokens=self._skip))

    def end(self) -> str:
        """What is left, an unfinished character as U+FFFD; the stream may be used again."""
        rest = self._decoder.decode(b"", True)
        self._decoder.reset()
        return rest


def from_ranks(ranks: bytes, pattern: str | Pattern, special_tokens: Mapping[str, int]) -> BpeTokenizer:
    """The tokenizer of a file of ranks; `pattern` is the name of a scanner, or stands for one."""
    added = [AddedToken(text, id) for text, id in special_tokens.items()]
    markers = [(token.text, token.id, token.flags) for token in added]
    return BpeTokenizer(native.BpeEncoder(pattern=pattern, ranks=ranks, markers=markers), added)
