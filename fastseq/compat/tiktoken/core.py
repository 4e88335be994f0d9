"""`Encoding`, as tiktoken has it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import index
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastseq.compat.tiktoken.merging import merged
from fastseq.compat.tiktoken.unstable import Unstable
from fastseq.errors import ArgumentError
from fastseq.text.batch import Batch
from fastseq.text.bpe import BpeTokenizer, from_ranks
from fastseq.text.regexes import Pattern
from fastseq.text.tiktoken_file import scanner_of

Special = Literal["all"] | Collection[str]

_SIMPLE = re.compile(r"<[^<>]*>")  # two such spellings neither hold nor overlap one another


class Encoding:
    """Byte-pair encoding by ranks. See `tiktoken.Encoding`, whose methods these are."""

    _empty: int | None = None
    """The id of a token of no bytes, which some files have."""

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        explicit_n_vocab: int | None = None,
    ) -> None:
        tokenizer = _tokenizer(mergeable_ranks, scanner_of(pat_str), special_tokens)
        self._set(name, pat_str, tokenizer, special_tokens)
        self._empty = mergeable_ranks.get(b"")
        self.__dict__["_mergeable_ranks"] = mergeable_ranks
        if explicit_n_vocab and explicit_n_vocab != len(mergeable_ranks) + len(special_tokens):
            raise ArgumentError(
                "wrong number of tokens",
                where="explicit_n_vocab",
                expected=str(len(mergeable_ranks) + len(special_tokens)),
                found=str(explicit_n_vocab),
            )

    @classmethod
    def of_tokenizer(cls, name: str, pat_str: str, tokenizer: BpeTokenizer) -> Encoding:
        """The face of a tokenizer that was loaded from ranks."""
        made = cls.__new__(cls)
        made._set(name, pat_str, tokenizer, tokenizer.special_tokens)
        return made

    def _set(
        self, name: str, pat_str: str, tokenizer: BpeTokenizer, special_tokens: Mapping[str, int]
    ) -> None:
        self.name, self._pat_str, self._tokenizer = name, pat_str, tokenizer
        self._special_tokens = dict(special_tokens)
        self.special_tokens_set = set(self._special_tokens)
        self._special_ids = set(self._special_tokens.values())
        self.max_token_value = max(tokenizer.max_id, *self._special_ids, 0)
        self._apart = all(_SIMPLE.fullmatch(token) for token in self._special_tokens)

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.name, self._pat_str, self._mergeable_ranks, self._special_tokens)

    # text to ids

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text, in which nothing is a special token."""
        try:
            return self._tokenizer.encode(text)
        except ArgumentError:
            return self._tokenizer.encode(_without_surrogates(text))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Special = frozenset(),
        disallowed_special: Special = "all",
    ) -> list[int]:
        """The ids of a text; `ValueError` where it spells a special token that is disallowed."""
        allowed, disallowed = self._chosen(allowed_special, disallowed_special)
        self._refuse([text], disallowed)
        native = disallowed & self.special_tokens_set if self._apart else frozenset()
        try:
            return self._tokenizer.encode(text, allowed_special=allowed, disallowed_special=native)
        except ArgumentError:
            _raise_disallowed([text], disallowed)
            text = _without_surrogates(text)
            return self._tokenizer.encode(text, allowed_special=allowed)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Special = frozenset(),
        disallowed_special: Special = "all",
    ) -> NDArray[np.uint32]:
        """The ids of a text as an array."""
        ids = self._batch([text], None, allowed_special, disallowed_special).ids
        return ids.view(np.uint32)

    def encode_ordinary_batch(self, text: Iterable[str], *, num_threads: int = 8) -> list[list[int]]:
        """The ids of many texts, in which nothing is a special token."""
        return self._batch(text, num_threads, frozenset(), frozenset()).tolist()

    def encode_batch(
        self,
        text: Iterable[str],
        *,
        num_threads: int = 8,
        allowed_special: Special = frozenset(),
        disallowed_special: Special = "all",
    ) -> list[list[int]]:
        """The ids of many texts."""
        return self._batch(text, num_threads, allowed_special, disallowed_special).tolist()

    def _batch(
        self, texts: Iterable[str], threads: int | None, allowed: Special, disallowed: Special
    ) -> Batch:
        chosen, refused = self._chosen(allowed, disallowed)
        texts = list(texts)
        self._refuse(texts, refused)
        native = refused & self.special_tokens_set if self._apart else frozenset()
        try:
            return self._tokenizer.encode_batch(
                texts, threads=threads, allowed_special=chosen, disallowed_special=native
            )
        except ArgumentError:
            _raise_disallowed(texts, refused)
            texts = [_without_surrogates(text) for text in texts]
            return self._tokenizer.encode_batch(texts, threads=threads, allowed_special=chosen)

    def _chosen(self, allowed: Special, disallowed: Special) -> tuple[frozenset[str], frozenset[str]]:
        every = self.special_tokens_set
        chosen = frozenset(every if allowed == "all" else allowed)
        return chosen & every, frozenset(every - chosen if disallowed == "all" else disallowed)

    def _refuse(self, texts: list[str], disallowed: frozenset[str]) -> None:
        """Looks for those that the tokenizer does not look for itself while it encodes."""
        unseen = disallowed - self.special_tokens_set if self._apart else disallowed
        if unseen:
            _raise_disallowed(texts, disallowed)

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """The id of one token, special ones too; `KeyError` when it is none."""
        token = text_or_bytes.encode() if isinstance(text_or_bytes, str) else text_or_bytes
        found = self._mergeable_ranks.get(token)
        if found is None:
            found = self._special_tokens.get(token.decode("utf-8", "replace"))
        if found is None:
            raise KeyError(token)
        return found

    def _encode_single_piece(self, text_or_bytes: str | bytes) -> list[int]:
        """The ids of a text that is not cut."""
        try:
            return self._uncut.encode(text_or_bytes)
        except ArgumentError:  # no text
            bytes_ = (
                text_or_bytes
                if isinstance(text_or_bytes, bytes)
                else _without_surrogates(text_or_bytes).encode()
            )
            return merged(bytes_, self._mergeable_ranks)

    def _encode_bytes(self, text: bytes) -> list[int]:
        """The ids of bytes; what is no UTF-8 is a piece with the last one before it."""
        try:
            return self.encode_ordinary(text.decode())
        except UnicodeDecodeError as error:
            ids = self.encode_ordinary(text[: error.start].decode())
            stable = ids[: len(ids) - self._unstable.last_of(ids, set())]
            return stable + self._encode_single_piece(text[len(self.decode_bytes(stable)) :])

    def encode_with_unstable(
        self,
        text: str,
        *,
        allowed_special: Special = frozenset(),
        disallowed_special: Special = "all",
    ) -> tuple[list[int], list[list[int]]]:
        """The ids that stay whatever follows the text, and what may come behind them if more does."""
        ids = self.encode(text, allowed_special=allowed_special, disallowed_special=disallowed_special)
        last = self._unstable.last_of(ids, self._special_ids)
        stable = ids[: len(ids) - last]
        return stable, self._unstable.completions(self.decode_bytes(ids[len(stable) :])) if last else []

    # ids to text

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """The bytes of ids; `KeyError` for one that is none."""
        if self._empty is not None:
            tokens = [token for token in tokens if token != self._empty]
        try:
            return self._tokenizer.decode_bytes(tokens)
        except ArgumentError as error:
            raise KeyError(f"Invalid token for decoding: {error}") from None

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """The text of ids."""
        return self.decode_bytes(tokens).decode("utf-8", errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of one token; `KeyError` when it is none."""
        token = index(token)
        found = b"" if token == self._empty else self._tokenizer.token_or_none(token)
        if found is None:
            raise KeyError(token)
        return found

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of each id."""
        return [self.decode_single_token_bytes(token) for token in tokens]

    def decode_with_offsets(self, tokens: Sequence[int]) -> tuple[str, list[int]]:
        """The text of ids, and where each begins in it; `UnicodeDecodeError` when it is not UTF-8."""
        pieces = self.decode_tokens_bytes(tokens)
        offsets, characters = [], 0
        for piece in pieces:
            offsets.append(max(0, characters - (0x80 <= piece[0] < 0xC0)))
            characters += sum(not 0x80 <= byte < 0xC0 for byte in piece)
        return b"".join(pieces).decode(), offsets

    def decode_batch(
        self, batch: Iterable[Sequence[int]], *, errors: str = "replace", num_threads: int = 8
    ) -> list[str]:
        """The texts of many lists of ids."""
        return [self.decode(tokens, errors) for tokens in batch]

    def decode_bytes_batch(self, batch: Iterable[Sequence[int]], *, num_threads: int = 8) -> list[bytes]:
        """The bytes of many lists of ids."""
        return [self.decode_bytes(tokens) for tokens in batch]

    # about it

    def token_byte_values(self) -> list[bytes]:
        """The bytes of all tokens but the special ones, sorted."""
        return sorted(self._mergeable_ranks)

    @property
    def eot_token(self) -> int:
        """The id of the token that ends a text."""
        return self._special_tokens["<|endoftext|>"]

    def is_special_token(self, token: int) -> bool:
        """Whether the id is a special token's."""
        return token in self._special_ids

    @property
    def n_vocab(self) -> int:
        """One more than the largest id."""
        return self.max_token_value + 1

    @cached_property
    def _mergeable_ranks(self) -> Mapping[bytes, int]:
        return {bytes(self._tokenizer.token(id)): id for id in self._tokenizer.ranked_ids()}

    @cached_property
    def _unstable(self) -> Unstable:
        return Unstable(
            self._tokenizer, self._encode_single_piece, self._mergeable_ranks, self._tokenizer.decode_bytes
        )

    @cached_property
    def _uncut(self) -> BpeTokenizer:
        return _tokenizer(self._mergeable_ranks, "whole", {})


def _tokenizer(
    ranks: Mapping[bytes, int], scanner: str | Pattern, special_tokens: Mapping[str, int]
) -> BpeTokenizer:
    lines = (b"%s %d\n" % (b64encode(token), rank) for token, rank in ranks.items() if token)
    return from_ranks(b"".join(lines), scanner, special_tokens)


def _restored(
    name: str, pat_str: str, ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]
) -> Encoding:
    return Encoding(name, pat_str=pat_str, mergeable_ranks=ranks, special_tokens=special_tokens)


def _without_surrogates(text: str) -> str:
    """Pairs put together, and those alone replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _raise_disallowed(texts: list[str], disallowed: frozenset[str]) -> None:
    """`ValueError` for the first disallowed token that a text spells, if any does."""
    if not disallowed:
        return
    any_of_them = re.compile("|".join(map(re.escape, disallowed)))
    for text in texts:
        if found := any_of_them.search(text):
            token = found.group()
            raise ValueError(
                f"Encountered text corresponding to disallowed special token {token!r}.\n"
                "If you want this text to be encoded as a special token, "
                f"pass it to `allowed_special`, e.g. `allowed_special={{{token!r}, ...}}`.\n"
                "If you want this text to be encoded as normal text, disable the check for this token "
                f"by passing `disallowed_special=(enc.special_tokens_set - {{{token!r}}})`.\n"
                "To disable this check for all special tokens, pass `disallowed_special=()`.\n"
            )
