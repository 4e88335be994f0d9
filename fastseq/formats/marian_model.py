"""The blocks and tensors of a Marian model: transformers, whose decoders may be of SSRU cells.

Names and formulas are those of marian's models/transformer.h; a decoder of SSRU cells (Kim et al. 2019) is
that of Bergamot's students. What stands around a block is spelled in letters: n is a norm, a adds the block's
input, d is dropout, which is of training alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastseq.errors import FormatError, UnsupportedError
from fastseq.formats import yaml_lines
from fastseq.formats.marian_bin import INT8, INTGEMM8, Item
from fastseq.formats.tensor import Tensor, numpy_tensor
from fastseq.models.blocks import (
    DEPTH_MAX,
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

OPTIONS = "special:model.yml"
YAML_BYTES_MAX = 1 << 20
EPSILON = 1e-6
LAYERS_MAX = 1000
ACTIVATIONS = {"relu": "relu", "swish": "silu"}

Tensors = dict[str, Tensor]


class Model:
    """Blocks and tensors of a file's items."""

    def __init__(self, items: Mapping[str, Item], where: str) -> None:
        self.items, self.where, self.tensors = items, where, Tensors()
        if OPTIONS not in items or items[OPTIONS].kind != INT8 or len(items[OPTIONS].data) > YAML_BYTES_MAX:
            raise UnsupportedError("no options in the model", where=where, expected=OPTIONS)
        text = bytes(items[OPTIONS].data).rstrip(b"\0").decode("utf-8", "replace")
        self.options = yaml_lines.parse(text.split("\0")[0], f"{where}: {OPTIONS}")
        self._check_kind()
        self.width = self._integer("dim-emb", 2**20)
        self.heads = self._integer("transformer-heads", self.width)
        self.around = self._around()
        self.top = self._choice("transformer-postprocess-top", ("", "n")) == "n"
        self.recurrent = self._choice("transformer-decoder-autoreg", ("rnn", "self-attention")) == "rnn"
        self.activation = ACTIVATIONS[self._choice("transformer-ffn-activation", tuple(ACTIVATIONS))]
        sizes = self.options.get("dim-vocabs")
        if not isinstance(sizes, list) or len(sizes) != 2 or not all(one.isdecimal() for one in sizes):
            raise FormatError(
                "bad sizes of vocabularies", where=f"{where}: dim-vocabs", found=f"{sizes!r:.60}"
            )
        source, target = map(int, sizes)
        tables = self._tables(source, target)
        self.encoder = self._encoder(tables[0], source)
        self.decoder = self._decoder(tables[1], tables[2], target)

    def _check_kind(self) -> None:
        """Refuses, by its name, what is not run."""
        for key, wanted in (
            ("type", "transformer"),
            ("dec-cell", "ssru"),
            ("transformer-no-projection", "false"),
            ("transformer-train-position-embeddings", "false"),
            ("transformer-rnn-projection", "false"),
            ("output-omit-bias", "false"),
            ("lemma-dim-emb", "0"),
        ):
            if key == "dec-cell" and self.options.get("transformer-decoder-autoreg", "rnn") != "rnn":
                continue
            found = self.options.get(key, wanted)
            if found != wanted:
                raise UnsupportedError(
                    "not supported", where=f"{self.where}: {key}", expected=wanted or '""', found=str(found)
                )
        if self.options.get("transformer-tied-layers", []) != []:
            raise UnsupportedError("not supported", where=f"{self.where}: transformer-tied-layers")
        self._choice("transformer-postprocess-emb", ("",))

    def _choice(self, key: str, known: tuple[str, ...]) -> str:
        """One of the known values; of process strings, what is left without dropout."""
        found = self.options.get(key, known[0])
        value = found if not isinstance(found, str) or "process" not in key else found.replace("d", "")
        if not isinstance(value, str) or value not in known:
            raise UnsupportedError(
                "not supported",
                where=f"{self.where}: {key}",
                expected=", ".join(known) or '""',
                found=f"{found!r:.60}",
            )
        return value

    def _around(self) -> dict[str, Any]:
        """What stands around every block, from the two process strings."""
        before = self._choice("transformer-preprocess", ("", "n")) == "n"
        self._choice("transformer-postprocess", ("a",) if before else ("an",))
        place = "before" if before else "after"
        return {"residual": True, "norm": "layer", "norm_place": place, "epsilon": EPSILON}

    def _integer(self, key: str, most: int, default: str | None = None) -> int:
        value = self.options.get(key, default)
        if not isinstance(value, str) or not value.isdecimal() or not 1 <= int(value) <= most:
            raise FormatError(
                "bad size", where=f"{self.where}: {key}", expected=f"1 to {most}", found=f"{value!r:.60}"
            )
        return int(value)

    def _tables(self, source: int, target: int) -> tuple[str, str, str]:
        """Names of the tensors of both embeddings and of the head."""
        if "Wemb" in self.items:
            if source != target:
                raise FormatError(
                    "one table for two vocabularies",
                    where=f"{self.where}: dim-vocabs",
                    found=f"{source}, {target}",
                )
            self._table("embedding", "Wemb", target)
            names = ("embedding", "embedding")
        else:
            self._table("encoder.embedding", "encoder_Wemb", source)
            self._table("decoder.embedding", "decoder_Wemb", target)
            names = ("encoder.embedding", "decoder.embedding")
        head = self._head(names[1], target)
        self._vector(f"{head}.bias", "decoder_ff_logit_out_b", target)
        return (*names, head)

    def _head(self, table: str, target: int) -> str:
        """The head's own matrix where there is one, as rows or as columns; else the decoder's table."""
        for name, shape in (
            ("decoder_ff_logit_out_Wt", (target, self.width)),
            ("decoder_ff_logit_out_W", (self.width, target)),
        ):
            if name not in self.items:
                continue
            rows = self._item(name, shape).floats
            tensor = numpy_tensor(rows if name.endswith("t") else np.ascontiguousarray(rows.T))
            tensor.check_finite(f"{self.where}: {name}")
            self.tensors["head.weight"] = tensor
            return "head"
        return table

    def _encoder(self, table: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=False)
        for i in range(1, self._integer("enc-depth", LAYERS_MAX) + 1):
            blocks.append(self._self_attention(f"encoder.{i}.attention", f"encoder_l{i}_self", causal=False))
            blocks.append(self._feed_forward(f"encoder.{i}.feed_forward", f"encoder_l{i}_ffn"))
        return (*blocks, *self._top("encoder"))

    def _decoder(self, table: str, head: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=True)
        for i in range(1, self._integer("dec-depth", LAYERS_MAX) + 1):
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
            self._matrix(f"{to}.{part}.weight", f"{name}_W{letter}", self.width, self.width)
            self._vector(f"{to}.{part}.bias", f"{name}_b{letter}", self.width)
        self._norm(to, f"{name}_Wo_ln")

    def _feed_forward(self, to: str, name: str) -> Block:
        decoder = name.startswith("decoder")
        inner = self._integer(self._key("dim-ffn", decoder), 2**20)
        depth = self._integer(self._key("ffn-depth", decoder), DEPTH_MAX, "2")
        sizes = [self.width, *[inner] * (depth - 1), self.width]
        places = ["up", *(f"inner.{i}" for i in range(1, depth - 1)), "down"]
        for i, place in enumerate(places, 1):
            self._matrix(f"{to}.{place}.weight", f"{name}_W{i}", sizes[i], sizes[i - 1])
            self._vector(f"{to}.{place}.bias", f"{name}_b{i}", sizes[i])
        self._norm(to, f"{name}_ffn_ln")
        activation: Any = self.activation
        return FeedForward(to, self.width, inner, activation, depth=depth, **self.around)

    def _key(self, key: str, decoder: bool) -> str:
        """The option of the decoder's own where it is not 0, as it is where both parts have the encoder's."""
        own = f"transformer-decoder-{key}"
        return own if decoder and self.options.get(own, "0") != "0" else f"transformer-{key}"

    def _recurrent(self, to: str, name: str) -> Block:
        """One matrix for the forget gate and the candidate, whose input is the same."""
        self._matrix(f"{to}.forget", f"{name}_Wf", self.width, self.width)
        self._matrix(f"{to}.fresh", f"{name}_W", self.width, self.width)
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
        self._vector(f"{to}.forget", f"{name}_bf", self.width)
        bias = self.tensors.pop(f"{to}.forget").array
        self.tensors[f"{to}.bias_ih_l0"] = numpy_tensor(np.concatenate([bias, np.zeros_like(bias)]))
        self._norm(to, f"{name}_ffn_ln")
        return Rnn(to, "ssru", self.width, self.width, **self.around)

    # tensors

    def _item(self, name: str, shape: tuple[int, ...]) -> Item:
        item = self.items.get(name)
        if item is None:
            raise FormatError("missing array", where=f"{self.where}: {name}", expected=str(shape))
        if item.shape != shape:
            raise FormatError(
                "the shape contradicts the options",
                where=item.place,
                expected=str(shape),
                found=str(item.shape),
            )
        return item

    def _vector(self, to: str, name: str, size: int) -> None:
        tensor = numpy_tensor(self._item(name, (1, size)).floats.reshape(-1))
        tensor.check_finite(f"{self.where}: {name}")
        self.tensors[to] = tensor

    def _norm(self, to: str, name: str, end: str | None = None) -> None:
        """Norms before a block have names that end so."""
        if end is None:
            end = "_pre" if self.around["norm_place"] == "before" else ""
        self._vector(f"{to}.norm.weight", f"{name}_scale{end}", self.width)
        self._vector(f"{to}.norm.bias", f"{name}_bias{end}", self.width)

    def _matrix(self, to: str, name: str, outputs: int, inputs: int) -> None:
        """(outputs, inputs); the file's shape is (inputs, outputs), its int8 bytes lie the other way."""
        item = self._item(name, (inputs, outputs))
        if item.kind == INTGEMM8:
            self._bytes(to, item, outputs, inputs, self._multiplier(f"{name}_QuantMultA"))
        else:
            self.tensors[to] = numpy_tensor(np.ascontiguousarray(item.floats.T))
            self.tensors[to].check_finite(item.place)

    def _table(self, to: str, name: str, rows: int) -> None:
        """An embedding's, and the head's matrix, whose input has the multiplier of nobody's name."""
        item = self._item(name, (rows, self.width))
        if item.kind == INTGEMM8:
            self._bytes(f"{to}.weight", item, rows, self.width, self._multiplier("none_QuantMultA"))
        else:
            self.tensors[f"{to}.weight"] = numpy_tensor(item.floats)
            self.tensors[f"{to}.weight"].check_finite(item.place)

    def _bytes(self, to: str, item: Item, rows: int, columns: int, multiplier: float | None) -> None:
        self.tensors[to] = Tensor("int8", item.bytes_as(rows, columns))
        self.tensors[to + ".scale"] = numpy_tensor(np.full(rows, item.scale, np.float32))
        if multiplier is not None:
            self.tensors[to + ".multiplier"] = numpy_tensor(np.array([multiplier], np.float32))

    def _multiplier(self, name: str) -> float | None:
        """What turns a product's input into 8 bits; None: each row's own."""
        item = self.items.get(name)
        if item is None:
            return None
        value = float(item.floats.reshape(-1)[0])
        if not 0 < value < math.inf:
            raise FormatError(
                "bad multiplier", where=item.place, expected="a number above 0", found=str(value)
            )
        return value


_PARTS = ("", ".scale", ".multiplier")
