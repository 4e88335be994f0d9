"""SentencePiece models (.model, .spm): Unigram and byte-pair encoding by score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastseq._core import native
from fastseq.errors import ArgumentError, FastseqError, UnsupportedError
from fastseq.files import regular_size
from fastseq.text.tokenizer import Ids, Tokenizer

_BYTES_MAX = 2**28
_CONTROL = 3  # fs_piece_type of csrc/text/pieces.h


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model: the ids, the normalization and the decoded text of `sentencepiece`.

        tokenizer = fastseq.Tokenizer.load("vocab.spm")
        tokenizer.encode("Hello world.")
        tokenizer.normalize("Hello  world.")   # '▁Hello▁world.'

    Text that spells a control piece (`</s>`) is text. Nothing is put around a text unless `add_bos` or
    `add_eos` asks for it. The space that is put before a text has an empty place.

    `Tokenizer.load` makes them.
    """

    kind = "sentencepiece"
    _native: native.SentencePieceEncoder

    def __init__(
        self, encoder: native.SentencePieceEncoder, *, add_bos: bool = False, add_eos: bool = False
    ) -> None:
        self._native = encoder
        self.unk_id, self.bos_id, self.eos_id, self.pad_id = encoder.special()
        for name, asked, id in (("add_bos", add_bos, self.bos_id), ("add_eos", add_eos, self.eos_id)):
            if asked and id < 0:
                raise ArgumentError("the model has no such piece", where=name)
        encoder.around([self.bos_id] if add_bos else [], [self.eos_id] if add_eos else [])

    def __len__(self) -> int:
        """How many pieces there are."""
        return len(self._native)

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The pieces, as the model spells them."""
        return [self.piece(id) for id in self.encode(text, add_special_tokens=add_special_tokens)]

    def normalize(self, text: str | bytes) -> str:
        """The text as the model sees it, its spaces written as U+2581."""
        return self._native.normalize(text)

    # ids to text

    def piece(self, id: int) -> str:
        """A piece as the model spells it; `ArgumentError` when there is none of that id."""
        return self._piece(id)[0]

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

    def decode(self, ids: Ids, *, skip_special_tokens: bool = True) -> str:
        """The text of ids. An id out of the vocabulary raises `ArgumentError` naming its place.

        Control pieces stand for no text, whatever `skip_special_tokens` says.
        """
        return self._native.decode(ids)

    # storing

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        raise UnsupportedError("cannot be stored in a native folder yet", where=type(self).__name__)

    def save(self, folder: str | Path, name: str = "vocab.spm") -> dict[str, Any]:
        return self.to_config(name)


def load(path: Path) -> SentencePieceTokenizer:
    """The tokenizer of a model file. See `Tokenizer.load`."""
    size = regular_size(path)
    if size > _BYTES_MAX:
        raise ArgumentError(
            "too large for a model of pieces",
            where=str(path),
            expected=f"at most {_BYTES_MAX} bytes",
            found=str(size),
        )
    try:
        return SentencePieceTokenizer(native.SentencePieceEncoder(path.read_bytes()))
    except OSError as error:
        raise ArgumentError("cannot be read", where=str(path), found=error.strerror or str(error)) from None
    except FastseqError as error:
        raise error.within(str(path)) from None
