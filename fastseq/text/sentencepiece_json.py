"""A SentencePiece model as tokenizer.json, for the tokenizers library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastseq.errors import UnsupportedError
from fastseq.text.added import AddedToken
from fastseq.text.sentencepiece_file import Piece, Settings

SPACE = "\u2581"
_UNKNOWN, _CONTROL, _DEFINED = 2, 3, 4


def content(pieces: Sequence[Piece], settings: Settings) -> dict[str, Any]:
    """The content of tokenizer.json; `UnsupportedError` for what it cannot say."""
    rules = settings.normalizer
    if settings.treat_whitespace_as_suffix or rules.precompiled_charsmap:
        raise UnsupportedError("not supported", where="tokenizer.json", found="a character map, or suffixes")
    metaspace = {
        "type": "Metaspace",
        "replacement": SPACE,
        "prepend_scheme": "always" if rules.add_dummy_prefix else "never",
        "split": True,
    }
    steps: list[dict[str, Any]] = []
    cuts: list[dict[str, Any]] = [metaspace]
    if rules.remove_extra_whitespaces and rules.add_dummy_prefix:
        cuts = [_spaces_out(), metaspace]  # each word then gets a space before it
    elif rules.remove_extra_whitespaces:
        steps = [_replace("^ +| +$", ""), _replace(" {2,}", " ")]
    decoders: list[dict[str, Any]] = [metaspace]
    if settings.byte_fallback:
        decoders = [{"type": "ByteFallback"}, metaspace]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _added(id, piece)
            for id, piece in enumerate(pieces)
            if piece.type in (_UNKNOWN, _CONTROL, _DEFINED)
        ],
        "normalizer": {"type": "Sequence", "normalizers": steps} if steps else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": cuts},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": _unigram(pieces, settings) if settings.unigram else _merges(pieces, settings),
    }


def _spaces_out() -> dict[str, Any]:
    return {"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": False}


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _added(id: int, piece: Piece) -> dict[str, Any]:
    return AddedToken(piece.text, id, special=piece.type != _DEFINED).to_json()


def _unigram(pieces: Sequence[Piece], settings: Settings) -> dict[str, Any]:
    return {
        "type": "Unigram",
        "unk_id": next(id for id, piece in enumerate(pieces) if piece.type == _UNKNOWN),
        "vocab": [[piece.text, piece.score] for piece in pieces],
        "byte_fallback": settings.byte_fallback,
    }


def _merges(pieces: Sequence[Piece], settings: Settings) -> dict[str, Any]:
    """Every way to make a piece of two others is a merge, those of the best piece first."""
    ids = {piece.text: id for id, piece in enumerate(pieces)}
    merges: list[list[str]] = []
    for piece in sorted((piece for piece in pieces if piece.type == 1), key=lambda piece: -piece.score):
        halves = ((piece.text[:at], piece.text[at:]) for at in range(1, len(piece.text)))
        made = [half for half in halves if half[0] in ids and half[1] in ids]
        merges += [list(half) for half in sorted(made, key=lambda half: (ids[half[0]], ids[half[1]]))]
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": next(piece.text for piece in pieces if piece.type == _UNKNOWN),
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": settings.byte_fallback,
        "ignore_merges": False,
        "vocab": ids,
        "merges": merges,
    }
