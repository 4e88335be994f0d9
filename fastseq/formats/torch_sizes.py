"""Sizes that a spec leaves out, read from the tensors of a state dict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastseq.errors import FormatError
from fastseq.formats.tensor import Tensor
from fastseq.models.blocks import GATES

Shapes = Mapping[str, tuple[int, ...]]


def with_sizes(blocks: list[Any], part: str, tensors: Mapping[str, Tensor]) -> list[Any]:
    """The entries of ``encoder`` or ``decoder`` with their sizes filled in; what is given stays as it is."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    filled = []
    for index, block in enumerate(blocks):
        kind = block.get("block") if isinstance(block, dict) else None
        find = _FINDERS.get(kind) if isinstance(kind, str) else None
        if find is None or not isinstance(block.get("weights"), str):
            filled.append(block)  # the spec's own check says what is wrong with it
            continue
        try:
            found = find(block, shapes)
        except FormatError as error:
            place = f"{part}[{index}]"
            raise FormatError(error.what, where=place, expected=error.expected, found=error.found) from None
        filled.append({**found, **block})
    return filled


def _shape(shapes: Shapes, name: str, rank: int = 2) -> tuple[int, ...]:
    shape = shapes.get(name)
    if shape is None:
        near = [other for other in shapes if other.split(".")[0] == name.split(".")[0]] or list(shapes)
        raise FormatError(
            f"the checkpoint has no tensor {name!r}", expected=name, found=", ".join(near)[:200]
        )
    if len(shape) != rank:
        raise FormatError(
            f"tensor {name!r} has another rank", expected=f"{rank} dimensions", found=str(shape)
        )
    return shape


def _embedding(block: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    vocabulary, width = _shape(shapes, f"{block['weights']}.weight")
    return {"vocabulary": vocabulary, "width": width}


def _linear(block: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    outputs, inputs = _shape(shapes, f"{block['weights']}.weight")
    return {"input": inputs, "output": outputs, "bias": f"{block['weights']}.bias" in shapes}


def _bridge(block: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    outputs, inputs = _shape(shapes, f"{block['weights']}.weight")
    return {"input": inputs, "output": outputs}


def _rnn(block: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    prefix = block["weights"]
    rows, hidden = _shape(shapes, f"{prefix}.weight_hh_l0")
    if f"{prefix}.weight_hr_l0" in shapes:
        raise FormatError("an LSTM with a projection is not supported", found=f"{prefix}.weight_hr_l0")
    numbers = [
        int(match[1])
        for name in shapes
        if (match := re.fullmatch(re.escape(prefix) + r"\.weight_hh_l(\d+)", name))
    ]
    found = {
        "input": _shape(shapes, f"{prefix}.weight_ih_l0")[1],
        "hidden": hidden,
        "layers": max(numbers) + 1,
        "bidirectional": f"{prefix}.weight_hh_l0_reverse" in shapes,
        "bias": f"{prefix}.bias_ih_l0" in shapes,
    }
    gates = rows // hidden if hidden and rows % hidden == 0 else 0
    fitting = [cell for cell, count in GATES.items() if count == gates]
    cell = block.get("cell", fitting[0] if len(fitting) == 1 else None)
    if cell is None or GATES.get(cell, gates) != gates:
        raise FormatError(
            f"tensor '{prefix}.weight_hh_l0' does not say the cell" if cell is None else "another cell",
            expected=", ".join(fitting) or "rows of 1, 3 or 4 times the hidden width",
            found=f"cell {cell}, {rows} rows for a hidden width of {hidden}",
        )
    return {"cell": cell, **found}


def _attention(block: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    prefix, score = block["weights"], block.get("score")
    outputs, joined = _shape(shapes, f"{prefix}.output.weight")
    found: dict[str, Any] = {"output": outputs, "bias": f"{prefix}.output.bias" in shapes}
    if score == "general":
        found["memory"], found["query"] = _shape(shapes, f"{prefix}.query.weight")
    elif score == "additive":
        found["inner"], found["query"] = _shape(shapes, f"{prefix}.query.weight")
        found["memory"] = _shape(shapes, f"{prefix}.key.weight")[1]
    else:
        found["query"] = found["memory"] = joined // 2
    return found


_FINDERS = {
    "embedding": _embedding,
    "linear": _linear,
    "bridge": _bridge,
    "rnn": _rnn,
    "attention": _attention,
}
