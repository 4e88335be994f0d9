"""Encodings by name."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple

from fastseq.compat.tiktoken.core import Encoding
from fastseq.compat.tiktoken.load import WHERE, cached, check, folders
from fastseq.errors import ArgumentError
from fastseq.files import regular_size
from fastseq.text.bpe import from_ranks
from fastseq.text.patterns import IN_TIKTOKEN
from fastseq.text.tiktoken_file import ENCODINGS as KNOWN

_ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


class _File(NamedTuple):
    """A published file of ranks."""

    name: str
    sha256: str


_R50K = _File("r50k_base", "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930")
_P50K = _File("p50k_base", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069")
_CL100K = _File("cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7")
_O200K = _File("o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d")
_FILES = {
    "gpt2": _R50K,
    "r50k_base": _R50K,
    "p50k_base": _P50K,
    "p50k_edit": _P50K,
    "cl100k_base": _CL100K,
    "o200k_base": _O200K,
    "o200k_harmony": _O200K,
}

ENCODINGS: dict[str, Encoding] = {}
"""Those loaded so far."""

_lock = threading.Lock()


def list_encoding_names() -> list[str]:
    """The encodings that are known."""
    return list(_FILES)


def get_encoding(encoding_name: str, *, path: str | os.PathLike[str] | None = None) -> Encoding:
    """The encoding of that name, loaded once.

    Its file of ranks is looked for where tiktoken keeps it: in the folder that TIKTOKEN_CACHE_DIR (or
    DATA_GYM_CACHE_DIR) names, else in data-gym-cache of the folder for temporary files, under the hash that
    tiktoken gives it, or as NAME.tiktoken. `path` names the file itself. Nothing is downloaded.

    Raises `ValueError` for an unknown name, and when there is no such file or it is not the published one.
    """
    if not isinstance(encoding_name, str):
        raise ValueError(f"Expected a string in get_encoding, got {type(encoding_name)}")
    with _lock:
        if encoding_name not in ENCODINGS:
            ENCODINGS[encoding_name] = _load(encoding_name, path)
        return ENCODINGS[encoding_name]


def _load(name: str, path: str | os.PathLike[str] | None) -> Encoding:
    if name not in _FILES:
        raise ArgumentError(
            "unknown encoding", where="encoding_name", expected=", ".join(_FILES), found=repr(name)
        )
    file, known = _FILES[name], KNOWN[name]
    places = [Path(path)] if path is not None else list(cached(_ADDRESS.format(file.name)))
    place = next((place for place in places if place.exists()), None)
    if place is None:
        raise ArgumentError(
            "no file of this encoding", where=name, expected=WHERE, found=", ".join(map(str, folders()))
        )
    regular_size(place)
    ranks = place.read_bytes()
    check(place, ranks, file.sha256)
    pattern = next(regex for regex, scanner in _published() if scanner == known.pattern)
    return Encoding.of_tokenizer(name, pattern, from_ranks(ranks, known.pattern, known.special_tokens))


def _published() -> list[tuple[str, str]]:
    """Regular expressions and their scanners, tiktoken's own spelling of one before others."""
    return sorted(IN_TIKTOKEN.items(), key=lambda item: "++" not in item[0])
