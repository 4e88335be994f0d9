"""The blocks of a model as plain data: each a frozen dataclass, checked when it is made.

They are the entries of ``encoder`` and ``decoder`` in config.json (docs/native-format.md). Letters:
V vocabulary, E embedding width, H hidden width, D memory width, G gates of a cell.
"""

from __future__ import annotations

from typing import Any

from fastseq.errors import FormatError
from fastseq.models.blocks.attention import CrossAttention, SelfAttention
from fastseq.models.blocks.cells import GATES, LAYERS_MAX
from fastseq.models.blocks.conditional import Conditional
from fastseq.models.blocks.recurrent import Attention, Bridge, Rnn
from fastseq.models.blocks.rows import DEPTH_MAX, Embedding, FeedForward, Linear, Norm, Pool, Position
from fastseq.models.blocks.sublayer import Activation, Shape, Sublayer
from fastseq.models.plain import joined, read, shown

__all__ = [
    "BLOCKS",
    "DEPTH_MAX",
    "GATES",
    "LAYERS_MAX",
    "Activation",
    "Attention",
    "Block",
    "Bridge",
    "Conditional",
    "CrossAttention",
    "Embedding",
    "FeedForward",
    "Linear",
    "Norm",
    "Pool",
    "Position",
    "Rnn",
    "SelfAttention",
    "Shape",
    "Sublayer",
    "block_dict",
    "read_block",
]

Block = (
    Embedding
    | Position
    | Norm
    | Rnn
    | SelfAttention
    | CrossAttention
    | FeedForward
    | Attention
    | Conditional
    | Linear
    | Pool
    | Bridge
)
BLOCKS: dict[str, type[Block]] = {
    cls.kind_of_block: cls
    for cls in (
        Embedding,
        Position,
        Norm,
        Rnn,
        SelfAttention,
        CrossAttention,
        FeedForward,
        Attention,
        Conditional,
        Linear,
        Pool,
        Bridge,
    )
}


def read_block(values: object, path: str) -> Block:
    """One entry of ``encoder`` or ``decoder``."""
    if not isinstance(values, dict):
        raise FormatError("not an object", where=path, expected="a block", found=shown(values))
    kind = values.get("block")
    if not isinstance(kind, str) or kind not in BLOCKS:
        raise FormatError(
            "unknown block", where=joined(path, "block"), expected=", ".join(BLOCKS), found=shown(kind)
        )
    return read(BLOCKS[kind], values, path, skip=("block",))


def block_dict(block: Block) -> dict[str, Any]:
    """A block as JSON has it, and as the engine takes it."""
    return {"block": block.kind_of_block, **block.to_dict()}
