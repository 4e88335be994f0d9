"""Whether the blocks of a model fit each other: the width of a row, followed from block to block."""

from __future__ import annotations

from fastseq.errors import FormatError
from fastseq.models.blocks import (
    Attention,
    Block,
    Bridge,
    Conditional,
    CrossAttention,
    Embedding,
    FeedForward,
    Linear,
    Norm,
    Pool,
    Position,
    Rnn,
    SelfAttention,
)
from fastseq.models.plain import at


def last_rnn(blocks: tuple[Block, ...]) -> Rnn | None:
    """The recurrent block whose final state counts."""
    return next((block for block in reversed(blocks) if isinstance(block, Rnn)), None)


def _started(blocks: tuple[Block, ...]) -> Rnn | Conditional | None:
    """The recurrent block that a bridge starts."""
    return next((block for block in blocks if isinstance(block, (Rnn, Conditional))), None)


Memory = tuple[int, Rnn | None]  # width of a row, and the block that leaves the final state


def follow(blocks: tuple[Block, ...], part: str, memory: Memory | None) -> Memory:
    """Follows the width of a row through the blocks; `memory` is the encoder's, for a decoder."""
    walk = _Walk(memory, decoder=part == "decoder")
    for index, block in enumerate(blocks):
        try:
            walk.step(block, blocks)
        except FormatError as error:
            raise at(error, f"{part}[{index}]") from None
    if part == "decoder":
        _check_vocabulary(blocks)
    return walk.width, last_rnn(blocks)


class _Walk:
    """The width of a row from block to block, and the rules about which block may follow."""

    def __init__(self, memory: Memory | None, decoder: bool) -> None:
        self.memory, self.decoder = memory, decoder
        self.width = 0  # nothing yet: the next block takes ids
        self.pooled = False

    def step(self, block: Block, blocks: tuple[Block, ...]) -> None:
        if isinstance(block, Bridge):
            self._bridge(block, blocks)
            return
        if isinstance(block, Embedding) != (self.width == 0):
            raise FormatError("blocks start with one embedding", where="block", found=block.kind_of_block)
        if isinstance(block, Embedding):
            self.width = block.width
        elif isinstance(block, Pool):
            if self.decoder or self.pooled:
                raise FormatError("one pool, in an encoder", where="block", found="pool")
            self.pooled = True
        elif isinstance(block, Rnn):
            self._rnn(block, blocks)
        elif isinstance(block, Attention):
            self._attention(block)
        elif isinstance(block, Conditional):
            self._remembers(block.memory)
            self._joins(block.input, "input")
            self.width = block.output
        elif isinstance(block, (Position, Norm, SelfAttention, CrossAttention, FeedForward)):
            self._rows(block, blocks)
        else:
            self._joins(block.input, "input")
            self.width = block.output

    def _rows(
        self, block: Position | Norm | SelfAttention | CrossAttention | FeedForward, blocks: tuple[Block, ...]
    ) -> None:
        """Blocks that leave rows as wide as they are."""
        if self.pooled:
            raise FormatError("behind a pool there are no rows", where="block", found=block.kind_of_block)
        self._joins(block.width, "width")
        before = blocks[next(i for i, one in enumerate(blocks) if one is block) - 1]
        if isinstance(block, Position) and not isinstance(before, (Embedding, Linear)):
            raise FormatError("positions are added to an embedding", where="block", found="position")
        if block.parallel and not (
            block.residual
            and isinstance(before, (Norm, SelfAttention, CrossAttention, FeedForward))
            and before.residual
            and not before.parallel
        ):
            raise FormatError(
                "a parallel block follows one that it shares its rows with",
                where="parallel",
                expected="residual connections around both",
                found="others",
            )
        if isinstance(block, CrossAttention):
            self._remembers(block.memory)
        if isinstance(block, SelfAttention) and self.decoder and not block.causal:
            raise FormatError("a decoder does not look ahead", where="causal", expected="true", found="false")

    def _remembers(self, width: int) -> None:
        if self.memory is None or self.memory[0] == 0:
            raise FormatError("attention needs an encoder", where="block", found="attention")
        if width != self.memory[0]:
            raise FormatError(
                "not the width of the encoder", where="memory", expected=str(self.memory[0]), found=str(width)
            )

    def _joins(self, found: int, key: str) -> None:
        if found != self.width:
            raise FormatError(
                "not the width of the block before", where=key, expected=str(self.width), found=str(found)
            )

    def _rnn(self, block: Rnn, blocks: tuple[Block, ...]) -> None:
        if self.pooled or (self.decoder and block.bidirectional):
            raise FormatError("no recurrent block may stand here", where="block", found="rnn")
        if self.decoder:
            fed = next((b for b in blocks if isinstance(b, Attention) and b.input_feeding), None)
            self.width += fed.output if fed else 0
        self._joins(block.input, "input")
        if block.residual and block.input != block.width:
            raise FormatError(
                "a residual connection needs one width",
                where="residual",
                expected=str(block.width),
                found=str(block.input),
            )
        self.width = block.width

    def _attention(self, block: Attention) -> None:
        self._remembers(block.memory)
        self._joins(block.query, "query")
        self.width = block.output

    def _bridge(self, block: Bridge, blocks: tuple[Block, ...]) -> None:
        start, cell = self.memory[1] if self.memory else None, _started(blocks)
        if self.width or not self.decoder or (start is None and block.kind not in ("zero", "mean")):
            raise FormatError("a bridge is a decoder's first block", where="block", found="bridge")
        if cell is None or block.kind == "zero":
            return
        if block.projects:
            rows = self.memory[0] if self.memory else 0
            width = start.width if start is not None and block.kind == "linear" else rows
            for key, wanted, found in (("input", width, block.input), ("output", cell.hidden, block.output)):
                if found != wanted:
                    raise FormatError(
                        "not the width of the final state", where=key, expected=str(wanted), found=str(found)
                    )
            return
        if start is None:
            return
        if block.kind == "copy" and start.bidirectional:
            raise FormatError(
                "two directions need to be put together", where="kind", expected="concat", found="copy"
            )
        if start.width != cell.hidden or start.layers < cell.layers:
            raise FormatError(
                "the encoder's final state does not fit the decoder",
                where="kind",
                expected=f"{cell.hidden} wide, at least {cell.layers} layers",
                found=f"{start.width} wide, {start.layers} layers",
            )


def _check_vocabulary(blocks: tuple[Block, ...]) -> None:
    """What a decoder gives out, it must be able to take in."""
    first = next((block for block in blocks if isinstance(block, Embedding)), None)
    last = blocks[-1]
    if first is None or not isinstance(last, Linear) or last.output != first.vocabulary:
        raise FormatError(
            "a decoder ends in a linear block over its own vocabulary",
            where=f"decoder[{len(blocks) - 1}]",
            expected=f"a linear block with {first.vocabulary if first else 'its'} outputs",
            found=f"{last.output} outputs" if isinstance(last, Linear) else last.kind_of_block,
        )
