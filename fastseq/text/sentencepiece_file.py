"""Writing SentencePiece's file: a ModelProto of protobuf with what an encoder needs, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_VARINT, _BYTES, _FLOAT = 0, 2, 5


class Piece(NamedTuple):
    """A piece; its place is its id."""

    text: str
    score: float
    type: int
    """1 normal, 2 unknown, 3 control, 4 defined by the user, 5 unused, 6 a byte."""


@dataclass(frozen=True)
class Rules:
    """How a text is prepared, by the names of the file's fields."""

    precompiled_charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True


@dataclass(frozen=True)
class Settings:
    """What a model says besides its pieces, by the names of the file's fields."""

    unigram: bool
    byte_fallback: bool = False
    treat_whitespace_as_suffix: bool = False
    unk_surface: str = " \u2047 "
    bos_piece: str = "<s>"
    eos_piece: str = "</s>"
    pad_piece: str = "<pad>"
    normalizer: Rules = Rules()
    denormalizer: Rules = field(default=Rules())

    @classmethod
    def of(cls, settings: Mapping[str, object], **more: str) -> Settings:
        """Those that the native encoder tells."""
        rules = {name: Rules(**settings[name]) for name in ("normalizer", "denormalizer")}  # type: ignore[arg-type]
        return cls(**{**settings, **rules, **more})  # type: ignore[arg-type]


def model_bytes(pieces: Iterable[Piece], settings: Settings) -> bytes:
    """The file of a model."""
    parts = [_message(1, _piece(piece)) for piece in pieces]
    trainer = b"".join(
        [
            _number(3, 1 if settings.unigram else 2),
            _number(24, settings.treat_whitespace_as_suffix),
            _number(35, settings.byte_fallback),
            _message(44, settings.unk_surface.encode()),
            _message(46, settings.bos_piece.encode()),
            _message(47, settings.eos_piece.encode()),
            _message(48, settings.pad_piece.encode()),
        ]
    )
    parts += [_message(2, trainer), _message(3, _rules(settings.normalizer))]
    if settings.denormalizer.precompiled_charsmap:
        parts.append(_message(5, _rules(settings.denormalizer)))
    return b"".join(parts)


def _piece(piece: Piece) -> bytes:
    made = _message(1, piece.text.encode()) + _key(2, _FLOAT) + struct.pack("<f", piece.score)
    return made if piece.type == 1 else made + _number(3, piece.type)


def _rules(rules: Rules) -> bytes:
    return (
        _message(2, rules.precompiled_charsmap)
        + _number(3, rules.add_dummy_prefix)
        + _number(4, rules.remove_extra_whitespaces)
        + _number(5, rules.escape_whitespaces)
    )


def _key(field_number: int, wire: int) -> bytes:
    return _varint(field_number << 3 | wire)


def _number(field_number: int, value: int) -> bytes:
    return _key(field_number, _VARINT) + _varint(int(value))


def _message(field_number: int, content: bytes) -> bytes:
    return _key(field_number, _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
