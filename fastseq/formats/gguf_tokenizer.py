"""The tokenizer of a GGUF file, from its metadata: byte-pair encoding of both kinds, Unigram, WordPiece."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq._core.native import CountedStrings
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.formats import gguf
from fastseq.formats.gguf_cuts import BEGINS, cut_of
from fastseq.text import tokenizer_json
from fastseq.text.added import AddedToken
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.sentencepiece_file import Piece, Rules, Settings, model_bytes
from fastseq.text.tokenizer import Tokenizer

_KEY = "tokenizer.ggml."
_NORMAL, _UNKNOWN, _CONTROL, _DEFINED, _UNUSED, _BYTE = range(1, 7)
_TOKENS_MAX = 2**24
_SPACE = "\u2581"


def load(path: Path) -> Tokenizer:
    """The tokenizer of a file. See `Tokenizer.load`."""
    metadata = gguf.read(path).metadata
    try:
        return from_metadata(metadata)
    except FastseqError as error:
        raise error.within(str(path)) from None


def from_metadata(metadata: dict[str, Any]) -> Tokenizer:
    """The same of what `gguf.read` gives."""
    made = {"gpt2": _byte_level, "llama": _scored, "t5": _scored, "bert": _wordpiece}
    fields = _Fields(metadata)
    kind = fields.get("model", str, "")
    if kind not in made:
        raise UnsupportedError(
            "no tokenizer that is supported",
            where=_KEY + "model",
            expected=", ".join(made),
            found=f"{kind!r:.60}",
        )
    return made[kind](fields)


class _Fields:
    """The entries of the tokenizer, their kinds checked."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        self._metadata = metadata
        tokens = self.get("tokens", CountedStrings, None)
        if not tokens or len(tokens) > _TOKENS_MAX or tokens.texts < len(tokens):
            raise FormatError(
                "no vocabulary", where=_KEY + "tokens", expected=f"1 to {_TOKENS_MAX} strings in UTF-8"
            )
        self.spellings: CountedStrings = tokens
        types = self.get("token_type", np.ndarray, None)
        if types is None:
            types = np.full(len(tokens), _NORMAL, np.int32)
        if (
            len(types) != len(tokens)
            or types.dtype.kind not in "iu"
            or types.min() < 1
            or types.max() > _BYTE
        ):
            raise FormatError(
                "not the types of the tokens",
                where=_KEY + "token_type",
                expected=f"{len(tokens)} from 1 to 6",
            )
        self.kinds: NDArray[np.integer[Any]] = types

    @cached_property
    def tokens(self) -> list[str]:
        """All spellings as objects."""
        return [str(token) for token in self.spellings]

    @cached_property
    def types(self) -> list[int]:
        return list(map(int, self.kinds))

    def get(self, name: str, kind: type, otherwise: Any) -> Any:
        """An entry, or `otherwise` when there is none."""
        value = self._metadata.get(_KEY + name)
        if value is None:
            return otherwise
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise FormatError(
                "wrong type", where=_KEY + name, expected=kind.__name__, found=type(value).__name__
            )
        return value

    def id(self, name: str) -> int:
        """Of a token that has a part to play; -1: none."""
        id: int = self.get(f"{name}_token_id", int, -1)
        if id == 2**32 - 1:  # how some writers say none
            return -1
        if id >= len(self.spellings):
            raise FormatError(
                "no such token",
                where=f"{_KEY}{name}_token_id",
                expected=f"below {len(self.spellings)}",
                found=str(id),
            )
        return id

    def around(self, begins: bool, ends: bool) -> tuple[list[int], list[int]]:
        """Ids before and behind a text; whether there are any when the file does not say it."""
        begins, ends = self.get("add_bos_token", bool, begins), self.get("add_eos_token", bool, ends)
        return [self.needed("bos")] if begins else [], [self.needed("eos")] if ends else []

    def needed(self, *names: str) -> int:
        """The id of the first of these tokens that there is."""
        found = next((id for id in map(self.id, names) if id >= 0), -1)
        if found < 0:
            raise FormatError("not told", where=f"{_KEY}{names[0]}_token_id", expected="an id")
        return found


def _byte_level(fields: _Fields) -> BpeTokenizer:
    pre = fields.get("pre", str, "default")
    pattern = cut_of(pre, _KEY + "pre")
    lines = fields.get("merges", CountedStrings, CountedStrings(b"", 0, 0))
    merges, place = lines.halves()
    place = min(place, lines.texts)
    if place < len(lines):
        raise FormatError(
            "not a merge",
            where=f"{_KEY}merges[{place}]",
            expected="two tokens",
            found=f"{lines[place]!r:.60}",
        )
    kinds = fields.kinds
    added = [
        AddedToken(str(token), id, special=bool(kinds[id] == _CONTROL))
        for id in np.flatnonzero((kinds == _CONTROL) | (kinds == _DEFINED)).tolist()
        if (token := fields.spellings[id])
    ]
    # control tokens are no text, so they are none of the vocabulary
    ids = np.flatnonzero(kinds != _CONTROL).astype(np.int32)
    prepend, append = fields.around(pre in BEGINS, False)
    encoder = native.BpeEncoder(
        pattern=pattern,
        tokens=fields.spellings.chosen(ids),
        ids=ids,
        merges=merges,
        ignore_merges=pre in BEGINS,
        markers=[(token.text, token.id, token.flags) for token in added],
        prefix_space=fields.get("add_space_prefix", bool, False),
        prepend=prepend,
        append=append,
    )
    return BpeTokenizer(encoder, added)


def _scored(fields: _Fields) -> SentencePieceTokenizer:
    """SentencePiece's models, whose file is written and loaded again: of merges "llama", of Unigram "t5"."""
    unigram = fields.get("model", str, "") == "t5"
    scores = fields.get("scores", np.ndarray, None)
    if (
        scores is None
        or len(scores) != len(fields.tokens)
        or not np.isfinite(scores.astype(np.float64)).all()
    ):
        raise FormatError(
            "not the scores of the tokens", where=_KEY + "scores", expected=f"{len(fields.tokens)} numbers"
        )
    charsmap = fields.get("precompiled_charsmap", np.ndarray, np.empty(0, np.uint8))
    if charsmap.dtype.itemsize != 1:
        raise FormatError("not bytes", where=_KEY + "precompiled_charsmap", found=str(charsmap.dtype))
    bos, eos, pad = (fields.tokens[id] if id >= 0 else "" for id in map(fields.id, ("bos", "eos", "padding")))
    pieces = map(Piece, fields.tokens, scores.astype(np.float64).tolist(), fields.types)
    settings = Settings(
        unigram=unigram,
        byte_fallback=_BYTE in fields.types,
        normalizer=Rules(
            precompiled_charsmap=charsmap.tobytes(),
            add_dummy_prefix=fields.get("add_space_prefix", bool, True),
            remove_extra_whitespaces=fields.get("remove_extra_whitespaces", bool, False),
        ),
        bos_piece=bos,
        eos_piece=eos,
        pad_piece=pad,
    )
    prepend, append = fields.around(not unigram, unigram)
    encoder = native.SentencePieceEncoder(model_bytes(pieces, settings))
    return SentencePieceTokenizer(encoder, add_bos=bool(prepend), add_eos=bool(append))


def _wordpiece(fields: _Fields) -> Tokenizer:
    """BERT's: pieces that begin a word are written with U+2581 before them, others without."""
    unknown = fields.tokens[fields.needed("unknown")]
    first, last = (fields.needed(*names) for names in (("cls", "bos"), ("seperator", "eos")))
    vocab: dict[str, int] = {}
    for id, (token, kind) in enumerate(zip(fields.tokens, fields.types, strict=True)):
        if token.startswith(_SPACE):
            token = token[1:]
        elif kind == _NORMAL and not (token.startswith("[") and token.endswith("]")):
            token = "##" + token
        vocab.setdefault(token, id)
    special = {id: fields.tokens[id] for id in (first, last)}
    content = {
        "added_tokens": [
            {"id": id, "content": token, "special": True, "normalized": False}
            for id, (token, kind) in enumerate(zip(fields.tokens, fields.types, strict=True))
            if kind == _CONTROL and token
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": True,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece",
            "vocab": vocab,
            "unk_token": unknown,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": special[first], "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": special[last], "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {
                token: {"id": token, "ids": [id], "tokens": [token]} for id, token in special.items()
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    }
    return tokenizer_json.from_json(content)
