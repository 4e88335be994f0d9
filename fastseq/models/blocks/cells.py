"""Recurrent cells: their gates, and the tensors of a layer."""

from __future__ import annotations

from typing import Protocol

from fastseq.errors import FormatError
from fastseq.models.blocks.sublayer import Shape
from fastseq.models.plain import in_range

LAYERS_MAX = 1000
TRANSITIONS_MAX = 16  # of a layer
GATES = {"tanh": 1, "relu": 1, "gru": 3, "lstm": 4, "ssru": 2}


class Deep(Protocol):
    """What recurrent blocks have in common."""

    @property
    def weights(self) -> str: ...
    @property
    def cell(self) -> str: ...
    @property
    def hidden(self) -> int: ...
    @property
    def transitions(self) -> int: ...
    @property
    def gate_norm(self) -> float: ...


def check_deep(block: Deep) -> None:
    in_range(block.transitions + 1, "transitions", TRANSITIONS_MAX + 1)
    if not 0 <= block.gate_norm < 1:
        raise FormatError(
            "out of range", where="gate_norm", expected="0 or more, below 1", found=str(block.gate_norm)
        )


def cell_shapes(block: Deep, place: str, columns: int, transitions: int, bias: bool) -> dict[str, Shape]:
    """Tensors of one cell with an input of so many columns, and of the transitions behind it."""
    rows, states = GATES[block.cell] * block.hidden, () if block.cell == "ssru" else ("hh",)
    shapes: dict[str, Shape] = {}
    for i in range(transitions + 1):
        at_cell = f"{place}_t{i}" if i else place
        inputs = () if i else ("ih",)
        for side in (*inputs, *states):
            width = columns if side == "ih" else block.hidden
            shapes[f"{block.weights}.weight_{side}_{at_cell}"] = (rows, width)
            if block.gate_norm:
                shapes[f"{block.weights}.norm_{side}_{at_cell}"] = (rows,)
        for side in ("ih", *states) if bias else ():
            shapes[f"{block.weights}.bias_{side}_{at_cell}"] = (rows,)
    return shapes
