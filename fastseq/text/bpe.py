"""Byte-level byte-pair encoding: the vocabularies of GPT, Llama, Qwen, DeepSeek and many others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FastseqError, FormatError, UnsupportedError
from fastseq.files import mapped, write_whole
from fastseq.lazy import np
from fastseq.text import lengths
from fastseq.text.added import AddedToken, AddedTokens
from fastseq.text.pairs import Part, pair_of
from fastseq.text.tokenizer import Errors, Ids, Tokenizer, check_errors

if TYPE_CHECKING:
    from fastseq.text.regexes import Pattern
    from fastseq.text.streams import DecodeStream


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

    def __init__(
        self,
        encoder: native.BpeEncoder,
        added: Sequence[AddedToken] = (),
        normalizer: Mapping[str, Any] | None = None,
        pair: Sequence[Part] = (),
    ) -> None:
        self._native, self._normalizer, self.pair = encoder, normalizer, pair
        self._added = AddedTokens(added)

    def __len__(self) -> int:
        """How many ids there are, added tokens among them."""
        ids, added = self._native.ids(), [token.id for token in self._added.tokens]
        there = np.zeros(1 + max(ids.max(initial=-1), *added, -1), np.bool_)
        there[ids] = there[added] = True
        return int(there.sum())

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The text of each token; bytes that are a part of a character show as U+FFFD."""
        ids = self.encode(text, add_special_tokens=add_special_tokens)
        return [self.token(id).decode("utf-8", "replace") for id in ids]

    # ids to text

    def token_id(self, token: str | bytes) -> int | None:
        """The id of a token by its text or its bytes, added ones first; None when there is none."""
        if not isinstance(token, (str, bytes)):
            raise ArgumentTypeError(
                "not a token", where="token", expected="str or bytes", found=type(token).__name__
            )
        spelling = token.encode("utf-8", "surrogatepass") if isinstance(token, str) else token
        for added in self._added.tokens:
            if added.text.encode() == spelling:
                return added.id
        found = self._native.token_id(spelling)
        return found if found >= 0 else None

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

    def decode(self, ids: Ids, *, skip_special_tokens: bool = True, errors: Errors = "replace") -> str:
        """See `Tokenizer.decode`."""
        if errors != "replace":
            check_errors(errors)
        return self._native.decode_text(ids, skip_special_tokens, errors)

    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come and never gives half a character."""
        from fastseq.text.streams import ByteStream

        return ByteStream(self, skip_special_tokens)

    # storing

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        more: dict[str, Any] = {"pair": list(self.pair)} if self.pair else {}
        if self._native.normalizer is not None:
            more["normalizer"] = self._normalizer
        pattern, space, prepend, append = self._native.cutting()
        return {
            "kind": "bpe",
            "vocabulary": vocabulary,
            "pattern": pattern if isinstance(pattern, str) else pattern.to_config(),
            "prefix_space": space,
            "prepend": prepend,
            "append": append,
            "added": [token.to_config() for token in self._added.tokens],
            **more,
            **lengths.to_config(self.truncation, self.padding),
        }

    def save(self, folder: str | Path, name: str = "vocab.bpe") -> dict[str, Any]:
        """Writes the vocabulary as NAME.bpe in the folder and gives the entry for config.json."""
        path = Path(folder, name).with_suffix(".bpe")
        write_whole(path, [self._native.save()])
        return self.to_config(path.name)


def from_config(path: Path, options: dict[str, Any]) -> BpeTokenizer:
    """The tokenizer of an entry of config.json and its file (csrc/text/bpe/bpe_saved.h)."""
    pattern = _pattern(options.pop("pattern", "whole"))
    space = take(options, "prefix_space", bool, False)
    around = [take(options, name, list, []) for name in ("prepend", "append")]
    if not all(type(id) is int and 0 <= id < 2**24 for ids in around for id in ids):
        raise FormatError("not ids", where="prepend or append", expected="integers below 16777216")
    rules = lengths.from_config(options)
    normalizer = take(options, "normalizer", dict, {})
    pair = pair_of(take(options, "pair", list, []))
    added = [AddedToken.from_config(entry) for entry in take(options, "added", list, [])]
    if options:
        raise FormatError("unknown key", where=f"{min(options)!r:.60}")
    data = mapped(path)
    try:
        encoder = native.BpeEncoder(
            pattern=pattern,
            saved=data,
            markers=[(token.text, token.id, token.flags) for token in added],
            prefix_space=space,
            prepend=around[0],
            append=around[1],
            normalizer=_normalizer(normalizer),
        )
    except FastseqError as error:
        raise error.within(str(path)) from None
    made = BpeTokenizer(encoder, added, normalizer, pair)
    made.set_lengths(*rules)
    return made


def _normalizer(entry: Mapping[str, Any]) -> native.Normalizer | None:
    if not entry:
        return None
    from fastseq.text import normalizers

    return normalizers.from_json(entry)


def _pattern(entry: Any) -> str | Pattern:
    """The scanner of that name, or {"onig" or "fancy": a regular expression}, {"onig": several in a row}."""
    from fastseq.text.regexes import Chain, Isolated, Pattern

    if isinstance(entry, dict) and len(entry) == 1:
        [(engine, source)] = entry.items()
        if engine == "fancy" and isinstance(source, str):
            return Pattern(source, "fancy")
        if engine == "onig" and isinstance(source, str):
            return Isolated(source)
        if (
            engine == "onig"
            and isinstance(source, list)
            and source
            and all(isinstance(x, str) for x in source)
        ):
            return Chain(source)
    if isinstance(entry, str) and entry in native.SCAN_RULES:
        return entry
    raise UnsupportedError(
        "no such scanner", where="pattern", expected=", ".join(native.SCAN_RULES), found=f"{entry!r:.60}"
    )


def take(options: dict[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    """An option, taken out; `FormatError` when it is of another type."""
    value = options.pop(name, otherwise)
    if not isinstance(value, kind):
        raise FormatError("wrong type", where=name, expected=kind.__name__, found=f"{value!r:.60}")
    return value


def from_ranks(ranks: bytes, pattern: str | Pattern, special_tokens: Mapping[str, int]) -> BpeTokenizer:
    """The tokenizer of a file of ranks; `pattern` is the name of a scanner, or stands for one."""
    if not isinstance(special_tokens, Mapping) or not all(type(id) is int for id in special_tokens.values()):
        raise ArgumentTypeError(
            "not tokens and their ids",
            where="special_tokens",
            expected='{"<|end|>": 50000, ...}',
            found=f"{special_tokens!r:.60}",
        )
    added = [AddedToken(text, id) for text, id in special_tokens.items()]
    markers = [(token.text, token.id, token.flags) for token in added]
    return BpeTokenizer(native.BpeEncoder(pattern=pattern, ranks=ranks, markers=markers), added)
