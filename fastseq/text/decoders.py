"""The `decoder` of a tokenizer.json: from tokens to text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from fastseq.errors import FormatError, UnsupportedError
from fastseq.text.byte_letters import BYTE_OF
from fastseq.text.json_values import Json, an_object, one_of, option, refuse, steps_of

Step = Callable[[list[str]], list[str]]
"""Tokens in, tokens out; what comes out of the last step is joined."""

_CLEAN = (
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
)


def decoder_of(entry: Any, errors: str = "replace") -> Step:
    """What joins tokens to a text, which is the one token given.

    Bytes that are not UTF-8 become U+FFFD, or with "strict" a `UnicodeDecodeError`.
    """
    if entry is None:
        return lambda tokens: [" ".join(tokens)]
    steps = [_step(step, where, errors) for where, step in steps_of(entry, "decoder", "decoders")]

    def decode(tokens: list[str]) -> list[str]:
        for step in steps:
            tokens = step(tokens)
        return ["".join(tokens)]

    return decode


def _step(step: Json, where: str, errors: str) -> Step:
    kind = step.get("type")
    makers: dict[str, Callable[[Json, str], Step]] = {
        "ByteLevel": lambda step, where: partial(_bytes_of_alphabet, errors),
        "ByteFallback": lambda step, where: partial(_byte_pieces, errors),
        "Fuse": lambda step, where: lambda tokens: ["".join(tokens)],
        "Metaspace": _metaspace,
        "WordPiece": _wordpiece,
        "BPEDecoder": _bpe,
        "Replace": _replace,
        "Strip": _strip,
        "CTC": _ctc,
    }
    if not isinstance(kind, str) or kind not in makers:
        refuse(step, where)
    return makers[kind](step, where)


def _bytes_of_alphabet(errors: str, tokens: list[str]) -> list[str]:
    """A token with another character stands for its own UTF-8."""
    parts = []
    for token in tokens:
        try:
            parts.append(bytes([BYTE_OF[c] for c in token]))
        except KeyError:
            parts.append(token.encode())
    return [b"".join(parts).decode("utf-8", errors)]


_BYTE_PIECE = re.compile("<0x([0-9A-Fa-f]{2}|\\+[0-9A-Fa-f])>", re.ASCII)


def _byte_pieces(errors: str, tokens: list[str]) -> list[str]:
    """Pieces of bytes in a row are a text, or a U+FFFD each."""
    out: list[str] = []
    row = bytearray()

    def flush() -> None:
        try:
            out.append(row.decode()) if row else None
        except UnicodeDecodeError:
            if errors == "strict":
                raise
            out.extend("\ufffd" * len(row))
        row.clear()

    for token in tokens:
        if piece := _BYTE_PIECE.fullmatch(token):
            row.append(int(piece[1], 16))
        else:
            flush()
            out.append(token)
    flush()
    return out


def _metaspace(step: Json, where: str) -> Step:
    space = option(step, "replacement", str, "\u2581", where)
    older = option(step, "add_prefix_space", bool, True, where)
    schemes = {"always": "", "first": "", "never": " "}
    leading = one_of(step, "prepend_scheme", schemes, "always" if older else "never", where)

    def decode(tokens: list[str]) -> list[str]:
        first = [token.replace(space, leading) for token in tokens[:1]]
        return first + [token.replace(space, " ") for token in tokens[1:]]

    return decode


def _wordpiece(step: Json, where: str) -> Step:
    prefix = option(step, "prefix", str, "##", where)
    cleanup = option(step, "cleanup", bool, True, where)

    def spaced(place: int, token: str) -> str:
        if not place:
            return token
        return token[len(prefix) :] if token.startswith(prefix) else f" {token}"

    def decode(tokens: list[str]) -> list[str]:
        made = [spaced(place, token) for place, token in enumerate(tokens)]
        return [_cleaned(token) for token in made] if cleanup else made

    return decode


def _cleaned(text: str) -> str:
    for dirty, clean in _CLEAN:
        text = text.replace(dirty, clean)
    return text


def _bpe(step: Json, where: str) -> Step:
    suffix = option(step, "suffix", str, "</w>", where)

    def decode(tokens: list[str]) -> list[str]:
        return [token.replace(suffix, " ") for token in tokens[:-1]] + [
            token.replace(suffix, "") for token in tokens[-1:]
        ]

    return decode


def _replace(step: Json, where: str) -> Step:
    pattern = an_object(step.get("pattern"), f"{where}.pattern")
    content = option(step, "content", str, "", where)
    text = pattern.get("String")
    if not isinstance(text, str):
        raise UnsupportedError(
            "not supported", where=f"{where}.pattern", expected="String", found=f"{pattern!r:.60}"
        )
    if not text:
        return lambda tokens: tokens
    return lambda tokens: [token.replace(text, content) for token in tokens]


def _strip(step: Json, where: str) -> Step:
    content = option(step, "content", str, " ", where)
    start, stop = option(step, "start", int, 0, where), option(step, "stop", int, 0, where)
    if len(content) != 1 or start < 0 or stop < 0:
        raise FormatError(
            "not a character and two counts", where=where, found=f"{content!r:.20}, {start}, {stop}"
        )

    def stripped(token: str) -> str:
        begin = 0
        while begin < min(start, len(token)) and token[begin] == content:
            begin += 1
        end = len(token)
        while end > max(len(token) - stop, begin) and token[end - 1] == content:
            end -= 1
        return token[begin:end]

    return lambda tokens: [stripped(token) for token in tokens]


def _ctc(step: Json, where: str) -> Step:
    pad = option(step, "pad_token", str, "<pad>", where)
    delimiter = option(step, "word_delimiter_token", str, "|", where)
    cleanup = option(step, "cleanup", bool, True, where)

    def decode(tokens: list[str]) -> list[str]:
        once = [token for i, token in enumerate(tokens) if not i or token != tokens[i - 1]]
        made = [token.replace(pad, "") if pad else token for token in once]
        if cleanup:
            made = [_cleaned(token).replace(delimiter, " ") for token in made]
        return [token for token in made if token]

    return decode
