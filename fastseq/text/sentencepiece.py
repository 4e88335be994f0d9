"""SentencePiece models (.model, .spm): Unigram and byte-pair encoding by score."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from fastseq._core import native
from fastseq.errors import ArgumentError, FastseqError, FormatError
from fastseq.files import regular_size, write_whole
from fastseq.text import lengths
from fastseq.text.sentencepiece_file import Piece, Settings, model_bytes
from fastseq.text.streams import DecodeStream, PieceStream
from fastseq.text.tokenizer import Errors, Ids, Tokenizer, check_errors

_BYTES_MAX = 2**28
_OPTIONS = {"add_bos": bool, "add_eos": bool, "metaspace": str}
_METASPACES = ("", "first", "always")
_UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 2, 3, 4, 6  # fs_piece_type of csrc/text/sentencepiece/pieces.h


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model: the ids, the normalization and the decoded text of `sentencepiece`.

        tokenizer = fastseq.Tokenizer.load("vocab.spm")
        tokenizer.encode("Hello world.")
        tokenizer.normalize("Hello  world.")   # '▁Hello▁world.'

    Text that spells a control piece (`</s>`) is text, but for `encode_special`. Nothing is put around a text
    unless `add_bos` or `add_eos` asks for it. The space that is put before a text has an empty place; in
    `encode_special` it comes again behind control pieces. `metaspace`: there it is put as transformers does,
    never before another space, ``first``: at the beginning alone, ``always``: behind the user's pieces too.

    `Tokenizer.load` makes them.
    """

    kind = "sentencepiece"
    _native: native.SentencePieceEncoder

    def __init__(
        self,
        encoder: native.SentencePieceEncoder,
        *,
        add_bos: bool = False,
        add_eos: bool = False,
        metaspace: str = "",
    ) -> None:
        if metaspace not in _METASPACES:
            raise ArgumentError(
                "no such rule", where="metaspace", expected=f"{_METASPACES}", found=f"{metaspace!r:.60}"
            )
        self._native, self.metaspace = encoder, metaspace
        self.unk_id, self.bos_id, self.eos_id, self.pad_id = encoder.special()
        for name, asked, id in (("add_bos", add_bos, self.bos_id), ("add_eos", add_eos, self.eos_id)):
            if asked and id < 0:
                raise ArgumentError("the model has no such piece", where=name)
        self.add_bos, self.add_eos = add_bos, add_eos
        encoder.around([self.bos_id] if add_bos else [], [self.eos_id] if add_eos else [])

    def __len__(self) -> int:
        """How many pieces there are."""
        return len(self._native)

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The pieces, as the model spells them."""
        return [self.piece(id) for id in self.encode(text, add_special_tokens=add_special_tokens)]

    def encode_special(self, text: str) -> list[int]:
        """The ids of a text in which control pieces that it spells are those; no others are put around it."""
        apart = self._apart
        if not apart:
            return self.encode(text, add_special_tokens=False)
        ids: list[int] = []
        pattern = "|".join(map(re.escape, sorted(apart, key=len, reverse=True)))
        for place, part in enumerate(re.split(f"({pattern})", text)):
            if part in apart:
                ids.append(apart[part])
            elif part:
                bare = (place > 0 and self.metaspace == "first") or part.startswith(" ")
                encoder = self._unprefixed if self.metaspace and bare else self
                ids += encoder.encode(part, add_special_tokens=False)
        return ids

    @cached_property
    def _apart(self) -> dict[str, int]:
        """Pieces that are looked for in conversations first, by their spelling."""
        kinds = (_UNKNOWN, _CONTROL, _USER_DEFINED) if self.metaspace else (_UNKNOWN, _CONTROL)
        known = ((id, *self.piece_and_type(id)) for id in range(len(self)))
        return {text: id for id, text, kind in known if text and kind in kinds}

    @cached_property
    def _unprefixed(self) -> SentencePieceTokenizer:
        """The same without the space that is put before a text."""
        normalizer = replace(self.settings.normalizer, add_dummy_prefix=False)
        pieces = (Piece(*self._piece(id)) for id in range(len(self)))
        data = model_bytes(pieces, replace(self.settings, normalizer=normalizer))
        return SentencePieceTokenizer(native.SentencePieceEncoder(data))

    def normalize(self, text: str | bytes) -> str:
        """The text as the model sees it, its spaces written as U+2581."""
        return self._native.normalize(text)

    # ids to text

    def piece(self, id: int) -> str:
        """A piece as the model spells it; `ArgumentError` when there is none of that id."""
        return self._piece(id)[0]

    def token_id(self, token: str) -> int | None:
        """The id of a piece by its spelling; None when there is none."""
        special = [id for id in (self.unk_id, self.bos_id, self.eos_id, self.pad_id) if id >= 0]
        found = next((id for id in special if self.piece(id) == token), self._native.token_id(token))
        return found if found >= 0 else None

    def score(self, id: int) -> float:
        """A piece's score: for Unigram the logarithm of its probability."""
        return self._piece(id)[1]

    def is_control(self, id: int) -> bool:
        """Whether the piece stands for no text."""
        return self._piece(id)[2] == _CONTROL

    def _piece(self, id: int) -> tuple[str, float, int]:
        piece = self._native.piece(id)
        if piece is None:
            raise ArgumentError(
                "id not in the vocabulary", where="id", expected=f"0 to {len(self) - 1}", found=repr(id)
            )
        return piece

    def decode(self, ids: Ids, *, skip_special_tokens: bool = True, errors: Errors = "replace") -> str:
        """See `Tokenizer.decode`. Control pieces stand for no text, whatever `skip_special_tokens` says."""
        text = self._native.decode(ids)
        if check_errors(errors) == "strict" and "\ufffd" in text:
            self._refuse_bytes(ids)
        return text

    def _refuse_bytes(self, ids: Ids) -> None:
        """`UnicodeDecodeError` for pieces of bytes in a row that are not UTF-8."""
        row = bytearray()
        for id in native.as_ids(ids).tolist():
            piece, kind = self.piece_and_type(id)
            if kind == _BYTE:
                row.append(int(piece[3:5], 16))
            else:
                row.decode()
                row.clear()
        row.decode()

    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come and never gives half a character."""
        return PieceStream(self)

    def piece_and_type(self, id: int) -> tuple[str, int]:
        """A piece, and its type as the file numbers it (`sentencepiece_file.Piece.type`)."""
        text, _, kind = self._piece(id)
        return text, kind

    # storing

    @cached_property
    def settings(self) -> Settings:
        """What the model says besides its pieces."""
        names = {"bos_piece": self.bos_id, "eos_piece": self.eos_id, "pad_piece": self.pad_id}
        pieces = {name: self.piece(id) if id >= 0 else "" for name, id in names.items()}
        return Settings.of(self._native.settings(), **pieces)

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        around = {"add_bos": self.add_bos, "add_eos": self.add_eos}
        rules: dict[str, Any] = {"metaspace": self.metaspace} if self.metaspace else {}
        rules |= lengths.to_config(self.truncation, self.padding)
        return {"kind": self.kind, "vocabulary": vocabulary, **around, **rules}

    def save(self, folder: str | Path, name: str = "vocab.spm") -> dict[str, Any]:
        """Writes a model file with what an encoder needs, NAME.spm, and gives the entry for config.json."""
        path = Path(folder, name).with_suffix(".spm")
        pieces = (Piece(*self._piece(id)) for id in range(len(self)))
        write_whole(path, [model_bytes(pieces, self.settings)])
        return self.to_config(path.name)


def from_config(path: Path, options: dict[str, Any]) -> SentencePieceTokenizer:
    """The tokenizer of an entry of config.json."""
    rules = lengths.from_config(options)
    for name, value in options.items():
        if name not in _OPTIONS:
            raise FormatError("unknown key", where=f"{name!r:.60}", expected=", ".join(_OPTIONS))
        if not isinstance(value, _OPTIONS[name]):
            kind = "true or false" if _OPTIONS[name] is bool else "a string"
            raise FormatError("wrong type", where=name, expected=kind, found=f"{value!r:.60}")
    made = load(path, **options)
    made.set_lengths(*rules)
    return made


def load(path: Path, **options: Any) -> SentencePieceTokenizer:
    """The tokenizer of a model file. See `Tokenizer.load`; options are those of the tokenizer."""
    size = regular_size(path)
    if size > _BYTES_MAX:
        raise ArgumentError(
            "too large for a model of pieces",
            where=str(path),
            expected=f"at most {_BYTES_MAX} bytes",
            found=str(size),
        )
    try:
        return SentencePieceTokenizer(native.SentencePieceEncoder(path.read_bytes()), **options)
    except OSError as error:
        raise ArgumentError("cannot be read", where=str(path), found=error.strerror or str(error)) from None
    except FastseqError as error:
        raise error.within(str(path)) from None
