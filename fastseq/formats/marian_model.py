"""The blocks and tensors of a Marian model, by its type."""

from __future__ import annotations

from collections.abc import Mapping

from fastseq.errors import UnsupportedError
from fastseq.formats.marian_bin import Item
from fastseq.formats.marian_parts import read_options
from fastseq.formats.marian_recurrent import Recurrent
from fastseq.formats.marian_transformer import Transformer

TYPES: dict[str, type[Transformer] | type[Recurrent]] = {"transformer": Transformer, "s2s": Recurrent}


def read(items: Mapping[str, Item], where: str) -> Transformer | Recurrent:
    """A model of a file's items. UnsupportedError names the option that is not run."""
    options = read_options(items, where)
    kind = options.get("type", "transformer")
    if not isinstance(kind, str) or kind not in TYPES:
        raise UnsupportedError(
            "not supported", where=f"{where}: type", expected=", ".join(TYPES), found=f"{kind!r:.60}"
        )
    return TYPES[kind](items, options, where)
