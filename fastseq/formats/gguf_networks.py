"""Networks from the metadata of a GGUF file: what several architectures have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError
from fastseq.formats import gguf_rotary
from fastseq.formats.fields import Fields
from fastseq.formats.gguf_tensors import GgufTensor
from fastseq.formats.network import LAYERS_MAX, Network

Found = Mapping[str, GgufTensor]


class Metadata(Fields):
    """The keys of the architecture, without its name before them; and what the table of tokens says."""

    def __init__(self, metadata: Mapping[str, Any], found: Found) -> None:
        self.architecture = str(metadata.get("general.architecture"))
        begin = f"{self.architecture}."
        super().__init__(
            {key.removeprefix(begin): value for key, value in metadata.items() if key.startswith(begin)},
            begin,
        )

        table = found.get("token_embd.weight")
        if table is None or len(table.shape) != 2:
            raise FormatError("missing tensor", where="token_embd.weight", expected="two dimensions")
        self.vocabulary, columns = table.shape
        self.width = self.whole("embedding_length", columns)

    def real(self, key: str, absent: float | None = None, least: float = 0.0) -> float:
        return float(
            str(np.float32(super().real(key, absent, least)))
        )  # as short as the file's number says it


def kin(
    fields: Metadata,
    found: Found,
    *,
    turning: Mapping[str, Any] | None = None,
    turned: Sequence[bool] | None = None,
    seen: Sequence[int] | None = None,
    local: Mapping[str, Any] | None = None,
    factors: str = "rope_freqs",
    place: str = "before",
    normed: str = "rms",
    activation: str = "silu",
    attention: Mapping[str, Any] | None = None,
    table: Mapping[str, Any] | None = None,
    head: Mapping[str, Any] | None = None,
    base: float = 10000.0,
) -> Network:
    """Llama and its kin. `local`: how layers with a window turn, where it is another way."""
    epsilon = fields.real("attention.layer_norm_rms_epsilon")
    norm = {"norm": "rms", "epsilon": epsilon}
    around: dict[str, Any] = {"residual": True, "norm_place": place, **norm}
    heads = _heads(fields, found)
    rope = gguf_rotary.described(fields, heads["head_width"], f"{factors}.weight" in found, base)
    turns = {**rope.options, **(turning or {})}
    made = {
        **heads,
        **around,
        **(attention or {}),
        "query_key_norm": normed if "blk.0.attn_q_norm.weight" in found else "none",
    }
    feed_forward = {
        "inner": fields.whole("feed_forward_length"),
        "activation": activation,
        "bias": "blk.0.ffn_down.bias" in found,
        "gated": True,
        **around,
    }
    layers = []
    for i in range(layer_count(fields)):
        window = seen[i] if seen else 0
        turn = local if local is not None and window else turns
        layers.append(
            ({**made, **(turn if turned is None or turned[i] else {}), "window": window}, feed_forward)
        )
    return _network(
        fields, found, tuple(layers), norm, rope.made, {"longest": rope.longest, **(table or {})}, head
    )


def layer_normed(
    fields: Metadata,
    found: Found,
    activation: str,
    *,
    position: Mapping[str, Any] | None = None,
    parallel: bool = False,
) -> Network:
    """GPT-2 and GPT-NeoX: with biases, and with rotary positions where there are no others."""
    norm = {"norm": "layer", "epsilon": fields.real("attention.layer_norm_epsilon")}
    around = {"residual": True, "norm_place": "before", **norm}
    attention = {**_heads(fields, found), **around}
    made: Mapping[str, NDArray[np.float32]] = {}
    table: dict[str, Any] = {}
    if position is None:
        rope = gguf_rotary.described(fields, attention["head_width"], "rope_freqs.weight" in found)
        attention |= rope.options
        made, table = rope.made, {"longest": rope.longest}
    feed_forward = {
        "inner": fields.whole("feed_forward_length"),
        "activation": activation,
        "bias": "blk.0.ffn_down.bias" in found,
        "parallel": parallel,
        **around,
    }
    layers = ((attention, feed_forward),) * layer_count(fields)
    return _network(fields, found, layers, norm, made, table, position=position)


def _network(
    fields: Metadata,
    found: Found,
    layers: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...],
    norm: Mapping[str, Any],
    made: Mapping[str, NDArray[np.float32]],
    table: Mapping[str, Any],
    head: Mapping[str, Any] | None = None,
    position: Mapping[str, Any] | None = None,
) -> Network:
    return Network(
        vocabulary=fields.vocabulary,
        width=fields.width,
        layers=layers,
        last=norm,
        table=table,
        position=position,
        head={"bias": False} if head is None else head,
        tied="output.weight" not in found,
        made=made,
    )


def _heads(fields: Metadata, found: Found) -> dict[str, Any]:
    heads = fields.whole("attention.head_count", most=fields.width)
    each = fields.whole("attention.key_length", max(fields.width // heads, 1))
    if fields.whole("attention.value_length", each) != each:
        raise fields.unsupported("attention.value_length", f"that of the keys, {each}")
    return {
        "heads": heads,
        "key_heads": fields.whole("attention.head_count_kv", heads, heads),
        "head_width": each,
        "bias": any(f"blk.0.attn_{name}.bias" in found for name in ("q", "qkv")),
        "output_bias": "blk.0.attn_output.bias" in found,
    }


def layer_count(fields: Metadata) -> int:
    return fields.whole("block_count", most=LAYERS_MAX)


def window(fields: Metadata) -> int:
    """Of all layers; 0: none."""
    return fields.whole("attention.sliding_window", 0, least=0)


def slides(fields: Metadata, every: int, layers: int) -> list[bool]:
    """Whether each layer has a window: all but one of so many, or as the file lists it."""
    pattern = fields.values.get("attention.sliding_window_pattern")
    if isinstance(pattern, np.ndarray):
        if len(pattern) != layers:
            raise fields.wrong("attention.sliding_window_pattern", f"{layers} of true or false")
        return [bool(one) for one in pattern.tolist()]
    every = fields.whole("attention.sliding_window_pattern", every)
    return [(i + 1) % every != 0 for i in range(layers)]
