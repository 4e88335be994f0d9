"""Decoding ids that come one after another: text is given as soon as it is certain."""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from fastseq.lazy import np

if TYPE_CHECKING:
    from fastseq.text.bpe import BpeTokenizer
    from fastseq.text.pipeline import PipelineTokenizer
    from fastseq.text.rules import RuleTokenizer
    from fastseq.text.sentencepiece import SentencePieceTokenizer
    from fastseq.text.tokenizer import Ids

_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6  # fs_piece_type of csrc/text/sentencepiece/pieces.h
_SPACE = "\u2581"


class DecodeStream(ABC):
    """The text of ids that come one after another.

    stream = tokenizer.decode_stream()
    for id in ids:
        print(stream.add(id), end="")
    print(stream.end())

    What it gives, put together, is what `decode` gives of all ids. It never gives half a character.
    """

    def add(self, ids: int | Ids) -> str:
        """What is now certain: whole characters only, so often nothing."""
        if isinstance(ids, np.ndarray):
            return self._add(ids.tolist())
        return self._add([int(ids)] if isinstance(ids, (int, np.integer)) else list(ids))

    @abstractmethod
    def _add(self, ids: list[int]) -> str: ...

    @abstractmethod
    def end(self) -> str:
        """What is left, an unfinished character as U+FFFD; the stream may be used again."""


class ByteStream(DecodeStream):
    """Of tokens that are bytes."""

    def __init__(self, tokenizer: BpeTokenizer, skip_special_tokens: bool) -> None:
        self._tokenizer, self._skip = tokenizer, skip_special_tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def _add(self, ids: list[int]) -> str:
        return self._decoder.decode(self._tokenizer.decode_bytes(ids, skip_special_tokens=self._skip))

    def end(self) -> str:
        rest = self._decoder.decode(b"", True)
        self._decoder.reset()
        return rest


class TokenStream(DecodeStream):
    """Of tokens that are texts with something between them."""

    def __init__(self, tokenizer: RuleTokenizer, skip_special_tokens: bool) -> None:
        self._tokenizer, self._skip = tokenizer, skip_special_tokens
        self._begun = False

    def _add(self, ids: list[int]) -> str:
        special = set(self._tokenizer.vocabulary.native.special_ids) if self._skip else set()
        kept = [id for id in ids if id not in special]
        if not kept:
            self._tokenizer.decode(ids)  # an id that is none is an error all the same
            return ""
        text = self._tokenizer.decode(ids, skip_special_tokens=self._skip)
        before, self._begun = self._begun, True
        return self._tokenizer.join + text if before else text

    def end(self) -> str:
        self._begun = False
        return ""


class PieceStream(DecodeStream):
    """Of pieces of SentencePiece, of which some are bytes."""

    def __init__(self, tokenizer: SentencePieceTokenizer) -> None:
        self._tokenizer = tokenizer
        rules = tokenizer.settings.normalizer
        self._strips = rules.add_dummy_prefix or rules.remove_extra_whitespaces
        self._strips_all = rules.remove_extra_whitespaces
        self._whole = bool(tokenizer.settings.denormalizer.precompiled_charsmap)
        self._begin()

    def _begin(self) -> None:
        self._bytes = bytearray()  # of pieces in a row that are no character yet
        self._at_start = True
        self._held: list[int] = []

    def _add(self, ids: list[int]) -> str:
        if self._whole:  # rules for decoded text may reach across any two pieces
            self._tokenizer.decode(ids)
            self._held += ids
            return ""
        return "".join([self._piece(id) for id in ids])

    def end(self) -> str:
        rest = self._tokenizer.decode(self._held) if self._whole else "\ufffd" * len(self._bytes)
        self._begin()
        return rest

    def _piece(self, id: int) -> str:
        piece, kind = self._tokenizer.piece_and_type(id)
        if kind == _BYTE:
            self._bytes.append(int(piece[3:5], 16))
            text = self._characters()
            self._at_start = self._at_start and not text
            return text
        before = "\ufffd" * len(self._bytes)
        self._bytes.clear()
        self._at_start = self._at_start and not before
        if kind == _CONTROL:
            return before
        text = self._tokenizer.settings.unk_surface if kind == _UNKNOWN else self._text(piece)
        self._at_start = self._at_start and not text
        return before + text

    def _text(self, piece: str) -> str:
        """Of a piece that stands for itself."""
        if self._at_start and self._strips and piece.startswith(_SPACE):
            piece = piece[1:]
            self._at_start = self._strips_all
        return piece.replace(_SPACE, " ")

    def _characters(self) -> str:
        """Takes the characters out of the bytes; those that can begin none are a U+FFFD each."""
        found = ""
        while self._bytes:
            try:
                found += self._bytes.decode()
                self._bytes.clear()
            except UnicodeDecodeError as error:
                found += self._bytes[: error.start].decode()
                del self._bytes[: error.start]
                if error.reason == "unexpected end of data":
                    break
                found += "\ufffd"
                del self._bytes[0]
        return found


class WindowStream(DecodeStream):
    """Of tokens whose text depends on their neighbours: the last are decoded again with those that come."""

    def __init__(self, tokenizer: PipelineTokenizer, skip_special_tokens: bool) -> None:
        self._tokenizer, self._skip = tokenizer, skip_special_tokens
        self._begin()

    def _begin(self) -> None:
        self._ids: list[int] = []
        self._given = ""  # the text of the ids up to the last call that gave some
        self._read = 0  # how many they are

    def _add(self, ids: list[int]) -> str:
        self._ids += ids
        text = self._text(self._ids)
        if text.endswith("\ufffd") or not text.startswith(self._given):
            return ""
        new = text[len(self._given) :]
        if new:  # ids before those just given no longer change what follows
            self._ids = self._ids[self._read :]
            self._read = len(self._ids)
            self._given = self._text(self._ids)
        return new

    def end(self) -> str:
        rest = self._text(self._ids)[len(self._given) :]
        self._begin()
        return rest

    def _text(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=self._skip)
