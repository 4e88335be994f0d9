"""What each token adds to a text, in bytes: for texts that are looked for across the borders of tokens."""

from __future__ import annotations

from fastseq._core import native
from fastseq.lazy import np
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.pipeline import PipelineTokenizer
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.tokenizer import Tokenizer

_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6  # fs_piece_type of csrc/text/sentencepiece/pieces.h


def token_bytes(tokenizer: Tokenizer, count: int) -> list[bytes] | None:
    """Of the tokens 0 to `count` - 1; none of control tokens, and of ids that are no token.

    None for tokenizers whose texts are not their tokens' bytes one behind the other.
    """
    if isinstance(tokenizer, BpeTokenizer):
        special = set(tokenizer.special_tokens.values())
        return [b"" if id in special else tokenizer.token_or_none(id) or b"" for id in range(count)]
    if isinstance(tokenizer, SentencePieceTokenizer):
        return [_of_piece(tokenizer, id) for id in range(count)]
    if isinstance(tokenizer, PipelineTokenizer) and tokenizer.model in ("BPE", "Unigram"):
        return _behind_another(tokenizer, count)
    return None


def strings(items: list[bytes]) -> native.Strings:
    """As the engine takes them."""
    offsets = np.zeros(len(items) + 1, np.int64)
    np.cumsum([len(item) for item in items], out=offsets[1:])
    return native.Strings(np.frombuffer(b"".join(items), np.uint8), offsets)


def token_name(tokenizer: Tokenizer, id: int) -> str:
    """A token as text, for people; bytes that are a part of a character show as U+FFFD."""
    if isinstance(tokenizer, BpeTokenizer):
        return (tokenizer.token_or_none(id) or b"").decode("utf-8", "replace")
    if isinstance(tokenizer, SentencePieceTokenizer):
        return tokenizer.piece(id) if id < len(tokenizer) else ""
    if isinstance(tokenizer, PipelineTokenizer):
        return tokenizer.token_or_none(id) or ""
    return tokenizer.vocabulary.tokens([id])[0]


def _of_piece(tokenizer: SentencePieceTokenizer, id: int) -> bytes:
    if id >= len(tokenizer):
        return b""
    piece, kind = tokenizer.piece_and_type(id)
    if kind == _CONTROL:
        return b""
    if kind == _BYTE:
        return bytes([int(piece[3:5], 16)])
    text = tokenizer.settings.unk_surface if kind == _UNKNOWN else piece.replace("\u2581", " ")
    return text.encode()


def _behind_another(tokenizer: PipelineTokenizer, count: int) -> list[bytes]:
    """By decoding each behind a token of one letter, where nothing is taken from its beginning."""
    anchor = next((id for id in map(tokenizer.token_id, "aeionxAX01") if id is not None), None)
    if anchor is None:
        return [b""] * count
    before = tokenizer.decode([anchor])
    special = set(tokenizer.special_tokens.values())
    made = []
    for id in range(count):
        token = tokenizer.token_or_none(id)
        if token is None or id in special:
            made.append(b"")
        elif len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
            made.append(bytes([int(token[3:5], 16)]))
        else:
            made.append(tokenizer.decode([anchor, id])[len(before) :].encode())
    return made
