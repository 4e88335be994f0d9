"""Language models of one shape: a table, layers of attention and feed-forward, a norm, a head.

What the families of Hugging Face folders and of GGUF files share: a `Network` says what a family's
configuration comes to, `Names` where its weights are, and `taken` brings both together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError, UnsupportedError
from fastseq.formats.tensor import REAL, BlockTensor, Tensor
from fastseq.models.blocks import Block, Embedding, FeedForward, Linear, Norm, Position, SelfAttention, Shape

LAYERS_MAX = 498  # two blocks each, of the thousand that a spec may have
Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Network:
    """The blocks of a language model, without their widths and weights.

    Attributes:
        layers: options of each layer's `SelfAttention` and `FeedForward`.
        last: options of the norm before the head; None: there is none.
        table: options of the `Embedding`; position: of the `Position` behind it.
        head: options of the `Linear` at the end. tied: it has the table's weights.
        inner: width of the table and of the head, where matrices lead from and to it.
        made: tensors that no file holds.
    """

    vocabulary: int
    width: int
    layers: tuple[tuple[Options, Options], ...]
    last: Options | None
    table: Options = field(default_factory=dict)
    position: Options | None = None
    head: Options = field(default_factory=lambda: {"bias": False})
    tied: bool = False
    inner: int | None = None
    made: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def blocks(self) -> tuple[Block, ...]:
        """The spec's; their weights are ``table``, ``layers.3.attention`` and so on."""
        width, inner = self.width, self.inner or self.width
        made: list[Block] = [Embedding("table", self.vocabulary, inner, **self.table)]
        if self.inner is not None:
            made.append(Linear("inwards", inner, width, bias=False))
        if self.position is not None:
            made.append(Position(width, weights="position", **self.position))
        for i, (attention, feed_forward) in enumerate(self.layers):
            made.append(SelfAttention(f"layers.{i}.attention", width, causal=True, **attention))
            made.append(FeedForward(f"layers.{i}.feed_forward", width, **feed_forward))
        if self.last is not None:
            made.append(Norm("last", width, **self.last))
        if self.inner is not None:
            made.append(Linear("outwards", width, inner, bias=False))
        head = "table" if self.tied else "head"
        return (*made, Linear(head, inner, self.vocabulary, **self.head))


Stems = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a file calls the weights: stems, ``.weight`` and ``.bias`` left out, to those of `Network`.

    Attributes:
        top: outside of the layers; layer: in one, behind `at` with the layer's number. A tuple of ours are
            the rows of one tensor, one under the other.
        head: of the head, where it is not tied.
        prefixes: what stands before all but the head; the first that fits.
        transposed: the layers' matrices are (in, out).
        change: what becomes of a tensor, by our name of its first part, before it is cut.
        ignored: whether a tensor of this name may be left over.
    """

    top: Mapping[str, Stems]
    layer: Mapping[str, Stems]
    at: str = "layers.{}."
    head: str = "lm_head"
    prefixes: tuple[str, ...] = ("",)
    transposed: bool = False
    change: Callable[[str, Tensor], Tensor] | None = None
    ignored: Callable[[str], Any] = lambda name: False

    def stems(self, prefix: str, layers: int, tied: bool) -> dict[str, tuple[str, ...]]:
        """All of them, of theirs to ours."""
        found = {prefix + theirs: _tuple(ours) for theirs, ours in self.top.items()}
        for i in range(layers):
            at = prefix + self.at.format(i)
            for theirs, ours in self.layer.items():
                found[at + theirs] = tuple(f"layers.{i}.{one}" for one in _tuple(ours))
        if not tied:
            found[self.head] = ("head",)
        return found


def _tuple(stems: Stems) -> tuple[str, ...]:
    return (stems,) if isinstance(stems, str) else stems


def taken(network: Network, names: Names, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that the blocks ask for, of those of a file.

    Raises `FormatError` naming the file's tensor, where one is absent, of another shape than the blocks ask
    for, or of none of them.
    """
    wanted = {name: shape for block in network.blocks() for name, shape in block.shapes().items()}
    wanted = {name: shape for name, shape in wanted.items() if name not in network.made}
    table = next(theirs for theirs, ours in names.top.items() if ours == "table")
    prefix = next((p for p in names.prefixes if f"{p}{table}.weight" in found), names.prefixes[0])
    rest = dict(found)
    made = {name: Tensor("float32", array) for name, array in network.made.items()}
    for theirs, ours in names.stems(prefix, len(network.layers), network.tied).items():
        for part in (".weight", ".bias"):
            shapes = {one + part: wanted[one + part] for one in ours if one + part in wanted}
            if shapes:
                transposed = names.transposed and ours[0].startswith("layers.")
                tensor = _fitting(theirs + part, rest.pop(theirs + part, None), shapes, transposed)
                made |= _cut(tensor, shapes, names.change)
    _refuse_rest(rest, network, names)
    return made


def _refuse_rest(rest: Mapping[str, Tensor], network: Network, names: Names) -> None:
    for name in rest:
        if not names.ignored(name) and not (network.tied and name == f"{names.head}.weight"):
            raise FormatError(
                "a tensor that the configuration has no place for",
                where=f"tensor {name!r:.100}",
                expected="only the model's tensors",
                found=str(rest[name].shape),
            )


def _fitting(name: str, tensor: Tensor | None, shapes: Mapping[str, Shape], transposed: bool) -> Tensor:
    """The tensor, which holds those shapes one under the other; `transposed` is undone."""
    first = next(iter(shapes.values()))
    whole = (sum(shape[0] for shape in shapes.values()), *first[1:])
    turned = transposed and len(whole) == 2
    expected = whole[::-1] if turned else whole
    where = f"tensor {name!r:.100}"
    if tensor is None:
        raise FormatError("missing tensor", where=where, expected=str(expected), found="none of that name")
    if tuple(tensor.shape) != expected:
        raise FormatError(
            "the shape contradicts the configuration",
            where=where,
            expected=str(expected),
            found=str(tuple(tensor.shape)),
        )
    if isinstance(tensor, BlockTensor):
        return tensor
    if tensor.dtype not in REAL:
        raise UnsupportedError(
            "weights of another type", where=where, expected=", ".join(REAL), found=tensor.dtype
        )
    return Tensor(tensor.dtype, np.ascontiguousarray(tensor.array.T)) if turned else tensor


def _cut(
    tensor: Tensor, shapes: Mapping[str, Shape], change: Callable[[str, Tensor], Tensor] | None
) -> dict[str, Tensor]:
    """Its rows, shared out."""
    name = next(iter(shapes))
    if change is not None and not isinstance(tensor, BlockTensor):
        tensor = change(name, tensor)
    if len(shapes) == 1:
        return {name: tensor}
    made, at = {}, 0
    for name, shape in shapes.items():
        made[name] = tensor.rows(at, at + shape[0])
        at += shape[0]
    return made
