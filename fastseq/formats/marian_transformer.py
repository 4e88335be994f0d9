"""Marian's transformers, whose decoders may be of SSRU cells.

Names and formulas are those of marian's models/transformer.h; a decoder of SSRU cells (Kim et al. 2019) is
that of Bergamot's students. What stands around a block is spelled in letters: n is a norm, a adds the block's
input, d is dropout, which is of training alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastseq.errors import UnsupportedError
from fastseq.formats.marian_bin import Item
from fastseq.formats.marian_parts import LAYERS_MAX, Options, Parts
from fastseq.formats.tensor import numpy_tensor
from fastseq.models.blocks import (
    Block,
    CrossAttention,
    Embedding,
    FeedForward,
    Linear,
    Norm,
    Position,
    Rnn,
    SelfAttention,
)
from fastseq.models.blocks.rows import DEPTH_MAX

EPSILON = 1e-6
ACTIVATIONS = {"relu": "relu", "swish": "silu"}


class Transformer(Parts):
    """Blocks and tensors of a file's items."""

    def __init__(self, items: Mapping[str, Item], options: Options, where: str) -> None:
        super().__init__(items, options, where)
        self._check_kind()
        self.heads = self.integer("transformer-heads", self.width)
        self.around = self._around()
        self.top = self.choice("transformer-postprocess-top", ("", "n")) == "n"
        self.recurrent = self.choice("transformer-decoder-autoreg", ("rnn", "self-attention")) == "rnn"
        self.activation = ACTIVATIONS[self.choice("transformer-ffn-activation", tuple(ACTIVATIONS))]
        tables = self.tables("decoder_ff_logit_out")
        self.encoder = self._encoder(tables[0], self.source)
        self.decoder = self._decoder(tables[1], tables[2], self.target)

    def _check_kind(self) -> None:
        wanted = {
            "transformer-no-projection": "false",
            "transformer-train-position-embeddings": "false",
            "transformer-rnn-projection": "false",
            "output-omit-bias": "false",
            "lemma-dim-emb": "0",
        }
        if self.options.get("transformer-decoder-autoreg", "rnn") == "rnn":
            wanted["dec-cell"] = "ssru"
        self.refuse_others(wanted)
        if self.options.get("transformer-tied-layers", []) != []:
            raise UnsupportedError("not supported", where=f"{self.where}: transformer-tied-layers")
        self.choice("transformer-postprocess-emb", ("",))

    def _around(self) -> dict[str, Any]:
        """What stands around every block, from the two process strings."""
        before = self.choice("transformer-preprocess", ("", "n")) == "n"
        self.choice("transformer-postprocess", ("a",) if before else ("an",))
        place = "before" if before else "after"
        return {"residual": True, "norm": "layer", "norm_place": place, "epsilon": EPSILON}

    def _encoder(self, table: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=False)
        for i in range(1, self.integer("enc-depth", LAYERS_MAX) + 1):
            blocks.append(self._self_attention(f"encoder.{i}.attention", f"encoder_l{i}_self", causal=False))
            blocks.append(self._feed_forward(f"encoder.{i}.feed_forward", f"encoder_l{i}_ffn"))
        return (*blocks, *self._top("encoder"))

    def _decoder(self, table: str, head: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=True)
        for i in range(1, self.integer("dec-depth", LAYERS_MAX) + 1):
            to, name = f"decoder.{i}", f"decoder_l{i}"
            if self.recurrent:
                blocks.append(self._recurrent(f"{to}.rnn", f"{name}_rnn"))
            else:
                blocks.append(self._self_attention(f"{to}.self_attention", f"{name}_self", causal=True))
            self._attention(f"{to}.attention", f"{name}_context")
            blocks.append(
                CrossAttention(f"{to}.attention", self.width, self.width, self.heads, **self.around)
            )
            blocks.append(self._feed_forward(f"{to}.feed_forward", f"{name}_ffn"))
        return (*blocks, *self._top("decoder"), Linear(head, self.width, vocabulary))

    def _self_attention(self, to: str, name: str, causal: bool) -> Block:
        self._attention(to, name)
        return SelfAttention(to, self.width, self.heads, causal=causal, **self.around)

    def _top(self, part: str) -> list[Block]:
        """The norm of a whole stack, which one of norms before its blocks needs."""
        if not self.top:
            return []
        self._norm(f"{part}.top", f"{part}_top_ln", "")
        return [Norm(f"{part}.top", self.width, norm="layer", epsilon=EPSILON)]

    def _embedded(self, table: str, vocabulary: int, blank: bool) -> list[Block]:
        return [
            Embedding(table, vocabulary, self.width, math.sqrt(self.width), blank),
            Position(self.width, "sinusoidal", self.width / 2 - 1),
        ]

    def _attention(self, to: str, name: str) -> None:
        for part, letter in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            self.matrix(f"{to}.{part}.weight", f"{name}_W{letter}", self.width, self.width)
            self.vector(f"{to}.{part}.bias", f"{name}_b{letter}", self.width)
        self._norm(to, f"{name}_Wo_ln")

    def _feed_forward(self, to: str, name: str) -> Block:
        decoder = name.startswith("decoder")
        inner = self.integer(self._key("dim-ffn", decoder), 2**20)
        depth = self.integer(self._key("ffn-depth", decoder), DEPTH_MAX, "2")
        sizes = [self.width, *[inner] * (depth - 1), self.width]
        places = ["up", *(f"inner.{i}" for i in range(1, depth - 1)), "down"]
        for i, place in enumerate(places, 1):
            self.matrix(f"{to}.{place}.weight", f"{name}_W{i}", sizes[i], sizes[i - 1])
            self.vector(f"{to}.{place}.bias", f"{name}_b{i}", sizes[i])
        self._norm(to, f"{name}_ffn_ln")
        activation: Any = self.activation
        return FeedForward(to, self.width, inner, activation, depth=depth, **self.around)

    def _key(self, key: str, decoder: bool) -> str:
        """The option of the decoder's own where it is not 0, as it is where both parts have the encoder's."""
        own = f"transformer-decoder-{key}"
        return own if decoder and self.options.get(own, "0") != "0" else f"transformer-{key}"

    def _recurrent(self, to: str, name: str) -> Block:
        """One matrix for the forget gate and the candidate, whose input is the same."""
        self.matrix(f"{to}.forget", f"{name}_Wf", self.width, self.width)
        self.matrix(f"{to}.fresh", f"{name}_W", self.width, self.width)
        both = [
            {part: self.tensors.pop(f"{to}.{one}{part}", None) for part in _PARTS}
            for one in ("forget", "fresh")
        ]
        weight = f"{to}.weight_ih_l0"
        for part in _PARTS:
            pair = [one[part] for one in both]
            if pair[0] is None or pair[1] is None:
                continue
            if part == ".multiplier":
                if pair[0].array[0] != pair[1].array[0]:
                    raise UnsupportedError(
                        "gates that take one input by different multipliers", where=f"{self.where}: {name}_W"
                    )
                self.tensors[weight + part] = pair[0]
            else:
                self.tensors[weight + part] = numpy_tensor(np.concatenate([one.array for one in pair if one]))
        self.vector(f"{to}.forget", f"{name}_bf", self.width)
        bias = self.tensors.pop(f"{to}.forget").array
        self.tensors[f"{to}.bias_ih_l0"] = numpy_tensor(np.concatenate([bias, np.zeros_like(bias)]))
        self._norm(to, f"{name}_ffn_ln")
        return Rnn(to, "ssru", self.width, self.width, **self.around)

    def _norm(self, to: str, name: str, end: str | None = None) -> None:
        """Norms before a block have names that end so."""
        if end is None:
            end = "_pre" if self.around["norm_place"] == "before" else ""
        self.vector(f"{to}.norm.weight", f"{name}_scale{end}", self.width)
        self.vector(f"{to}.norm.bias", f"{name}_bias{end}", self.width)


_PARTS = ("", ".scale", ".multiplier")
