"""Weights rounded to int4 and int8 while a model is made.

Language models have a scale a group of 32 weights: blocks of ggml's types Q4_0 and Q8_0, which the engine
multiplies as it does those of a GGUF file. Other models have one a row, which the engine makes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fastseq.errors import UnsupportedError
from fastseq.models.blocks import Embedding, FeedForward, Linear, Norm, Position, SelfAttention
from fastseq.models.spec import ModelSpec, tensor_role
from fastseq.models.weights import GROUP, Q4_0, Q8_0, BlockMatrix, RoundedMatrix, Weight

TYPES = {"int4": Q4_0, "int8": Q8_0}
BLOCKS = (Embedding, FeedForward, Linear, Norm, Position, SelfAttention)  # that take matrices in groups
SCALE, MULTIPLIER = ".scale", ".multiplier"  # of int8 matrices, behind their names
Weights = Mapping[str, Weight]


def held(spec: ModelSpec, weights: Weights, dtype: str) -> tuple[str, dict[str, Weight]]:
    """How the engine is to hold matrices, and the weights for that.

    Raises `UnsupportedError` for a model that has no int4.
    """
    if dtype in TYPES and in_groups(spec, weights, dtype):
        return "blocks", rounded(spec, weights, TYPES[dtype])
    if dtype == "int4":
        raise UnsupportedError(
            "no int4 for such a model", where="dtype", expected="a language model without recurrent layers"
        )
    return dtype, {name: _widened(weight) for name, weight in weights.items()}


def in_groups(spec: ModelSpec, weights: Weights, dtype: str) -> bool:
    """Whether groups get scales. int8: only where all rows are whole groups, none rounded already."""
    if spec.task != "language_model" or not all(isinstance(block, BLOCKS) for block in spec.decoder):
        return False
    matrices = [w for name, w in weights.items() if tensor_role(spec, name, w.ndim) == "matrix"]
    if dtype == "int4":
        return True
    return all(isinstance(w, BlockMatrix) or (w.dtype != np.int8 and _whole(w)) for w in matrices)


def rounded(spec: ModelSpec, weights: Weights, type: int) -> dict[str, Weight]:
    """Matrices and the embedding's table in blocks of a type.

    What is no whole number of groups, positions and vectors stay what they are.
    """
    tables = {name for b in spec.decoder if isinstance(b, Embedding) for name in b.shapes()}
    chosen = {
        name
        for name, weight in weights.items()
        if weight.ndim == 2
        and _whole(weight)
        and not (isinstance(weight, BlockMatrix) and weight.type == type)
        and (name in tables or tensor_role(spec, name, 2) == "matrix")
    }
    made: dict[str, Weight] = {}
    for name, weight in weights.items():
        if name in chosen:
            scale = weights.get(name + SCALE)
            made[name] = RoundedMatrix(name, type, weight, scale if isinstance(scale, np.ndarray) else None)
        elif name.removesuffix(SCALE).removesuffix(MULTIPLIER) not in chosen:
            made[name] = _widened(weight)
    return made


def _whole(weight: Weight) -> bool:
    return weight.shape[1] % GROUP == 0


def _widened(weight: Weight) -> Weight:
    if isinstance(weight, BlockMatrix) or weight.dtype != np.float16:
        return weight
    return weight.astype(np.float32)
