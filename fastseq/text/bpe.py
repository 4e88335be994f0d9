"""Byte-level byte-pair encoding: the vocabularies of GPT, Llama, Qwen, DeepSeek and many others."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from fastseq.text.batch import Batch
from fastseq.text.tokenizer import Ids, Tokenizer, Unit

Allowed = Literal["all"] | Collection[str]

# fs_marker.flags and fs_marker_mode of csrc/text/markers.h
_SPECIAL, _LSTRIP, _RSTRIP, _WORD = 1, 2, 4, 8
_TEXT, _TOKEN, _ERROR = 0, 1, 2


class AddedToken(NamedTuple):
    """A token that is found in a text as it is spelled, before anything else is done to it."""

    text: str
    id: int
    special: bool = True
    """A control token: found only where the caller allows it, left out by `decode` when asked."""
    lstrip: bool = False
    """Takes the white space before it."""
    rstrip: bool = False
    """Takes the white space behind it."""
    single_word: bool = False
    """Only where no letter, number or connector touches it."""

    @property
    def flags(self) -> int:
        return (
            self.special * _SPECIAL | self.lstrip * _LSTRIP | self.rstrip * _RSTRIP | self.single_word * _WORD
        )


class BpeTokenizer(Tokenizer):
    """Byte-pair encoding over UTF-8 bytes.

        tokenizer = fastseq.Tokenizer.load("cl100k_base.tiktoken")
        tokenizer.encode("hello world")                               # [15339, 1917]
        tokenizer.encode("<|endoftext|>", allowed_special="all")      # [100257]
        tokenizer.decode([15339, 1917])

    Texts are `str`, or `bytes` of valid UTF-8. A text that spells a special token is plain text, unless
    `allowed_special` ("all", or the tokens) makes it one; `disallowed_special` makes it an `ArgumentError`
    that names the place. Added tokens that are not special are always found.

    `Tokenizer.load` makes them; the arguments are what it has read.
    """

    kind = "bpe"

    def __init__(self, encoder: native.BpeEncoder, added: Sequence[AddedToken] = ()) -> None:
        self._native = encoder
        self.added = list(added)
        self._special = {token.text for token in added if token.special}
        self._plain_modes: bytes | None = None
        if len(self._special) < len(added):
            self._plain_modes = self._modes((), ())

    @property
    def special_tokens(self) -> dict[str, int]:
        """Special tokens and their ids."""
        return {token.text: token.id for token in self.added if token.special}

    def __len__(self) -> int:
        """How many ids there are, added tokens among them."""
        return len({*self._native.ids().tolist(), *(token.id for token in self.added)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} tokens)"

    # text to ids

    def encode(
        self,
        text: str | bytes,
        *,
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
    ) -> list[int]:
        """The ids of one text."""
        if allowed_special or disallowed_special:
            modes: bytes | None = self._modes(allowed_special, disallowed_special)
        else:
            modes = self._plain_modes
        return self._native.encode_one(text, bare=not add_special_tokens, modes=modes)

    def encode_batch(
        self,
        texts: Iterable[str | bytes],
        *,
        threads: int | None = None,
        add_special_tokens: bool = True,
        spans: Unit | None = None,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
    ) -> Batch:
        """The ids of many texts, in one native call; with `spans`, where in its text each token is.

        A token that is a part of a character has the place of the whole character.
        """
        modes = self._modes(allowed_special, disallowed_special)
        return Batch(
            *self._native.encode(
                texts, threads=threads, bare=not add_special_tokens, spans=spans, modes=modes
            )
        )

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The text of each token; bytes that are a part of a character show as U+FFFD."""
        ids = self.encode(text, add_special_tokens=add_special_tokens)
        return [self.token(id).decode("utf-8", "replace") for id in ids]

    def offsets(
        self,
        text: str | bytes,
        *,
        unit: Unit = "characters",
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
    ) -> list[tuple[int, int]]:
        """Where each id of `encode` comes from: `text[begin:end]`."""
        batch = self.encode_batch(
            [text], spans=unit, add_special_tokens=add_special_tokens, allowed_special=allowed_special
        )
        assert batch.spans is not None
        return [(begin, end) for begin, end in batch.spans.tolist()]

    def count(
        self,
        text: str | bytes | Iterable[str | bytes],
        *,
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
        threads: int | None = None,
    ) -> int:
        """How many ids the text has, or all of the texts together, without keeping them."""
        texts = [text] if isinstance(text, (str, bytes)) else text
        modes = self._modes(allowed_special, disallowed_special)
        return int(
            self._native.counts(texts, threads=threads, bare=not add_special_tokens, modes=modes).sum()
        )

    def _modes(self, allowed: Allowed, disallowed: Allowed) -> bytes:
        """What becomes of each added token in a text."""
        allowed = self._chosen(allowed, self._special, "allowed_special")
        disallowed = self._chosen(disallowed, self._special - allowed, "disallowed_special")
        return bytes(
            _ERROR
            if token.text in disallowed
            else _TOKEN
            if not token.special or token.text in allowed
            else _TEXT
            for token in self.added
        )

    def _chosen(self, names: Allowed, everything: set[str], where: str) -> set[str]:
        if isinstance(names, str):
            if names != "all":
                raise ArgumentTypeError(
                    "not a set of tokens", where=where, expected='"all" or a set of tokens', found=repr(names)
                )
            return everything
        chosen = set(names)
        if unknown := chosen - self._special:
            raise ArgumentError(
                "not a special token",
                where=where,
                expected=", ".join(sorted(self._special))[:200] or "none, as there are none",
                found=repr(min(unknown)),
            )
        return chosen

    # ids to text

    def token(self, id: int) -> bytes:
        """The bytes of one token; `ArgumentError` when there is none of that id."""
        token = self._native.token(id)
        if token is None:
            raise ArgumentError(
                "id not in the vocabulary", where="id", expected="an id of it", found=repr(id)
            )
        return token

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


def from_ranks(ranks: bytes, pattern: str, special_tokens: Mapping[str, int]) -> BpeTokenizer:
    """The tokenizer of a file of ranks; `pattern` names a scanner."""
    added = [AddedToken(text, id) for text, id in special_tokens.items()]
    markers = [(token.text, token.id, token.flags) for token in added]
    return BpeTokenizer(native.BpeEncoder(pattern=pattern, ranks=ranks, markers=markers), added)
