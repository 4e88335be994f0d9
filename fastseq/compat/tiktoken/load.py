"""Files of ranks, as tiktoken finds them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

from fastseq.errors import ArgumentError, FormatError
from fastseq.files import regular_size


def load_tiktoken_bpe(tiktoken_bpe_file: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """Token to rank of a local file, or of an address that is in the cache."""
    if "://" in tiktoken_bpe_file:
        path = next((path for path in cached(tiktoken_bpe_file) if path.exists()), None)
        if path is None:
            raise ArgumentError("not in the cache of tiktoken", where=tiktoken_bpe_file, expected=WHERE)
    else:
        path = Path(tiktoken_bpe_file)
    regular_size(path)
    data = path.read_bytes()
    check(path, data, expected_hash)
    ranks = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line:
            try:
                token, rank = line.split()
                ranks[b64decode(token)] = int(rank)
            except ValueError as error:
                raise FormatError("not a token and its rank", where=f"{path}: line {number}") from error
    return ranks


WHERE = "the file in the folder that TIKTOKEN_CACHE_DIR names, under tiktoken's name for it or its own"


def folders() -> list[Path]:
    """Where tiktoken keeps what it has loaded."""
    for name in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if os.environ.get(name):
            return [Path(os.environ[name])]
    return [Path(tempfile.gettempdir()) / "data-gym-cache"]


def cached(address: str) -> Iterator[Path]:
    """The places of a file: by the hash of its address, which is tiktoken's way, or by its name."""
    key = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    for folder in folders():
        yield folder / key
        yield folder / address.rsplit("/", 1)[-1]


def check(path: Path, data: bytes, expected_hash: str | None) -> None:
    """That a file is the one that was published."""
    found = hashlib.sha256(data).hexdigest()
    if expected_hash is not None and found != expected_hash:
        raise ArgumentError(
            "another file than the published one", where=str(path), expected=expected_hash, found=found
        )
