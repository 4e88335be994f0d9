"""Marian's recurrent models (type s2s): a decoder that looks at its encoder between two cells of a step.

Names and formulas are those of marian's models/s2s.h, rnn/cells.h and rnn/attention.h. A layer has a cell,
and behind it transitions, which take the state alone (enc-cell-depth and the like).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastseq.formats.marian_bin import Item
from fastseq.formats.marian_parts import LAYERS_MAX, Options, Parts
from fastseq.formats.tensor import numpy_tensor
from fastseq.models.blocks import Block, Bridge, Conditional, Embedding, Linear, Rnn
from fastseq.models.blocks.cells import TRANSITIONS_MAX

EPSILON = 1e-9
STACKS = {"bidirectional": "apart", "alternating": "alternating", "bi-unidirectional": "joined"}
Array = NDArray[np.float32]


class Recurrent(Parts):
    """Blocks and tensors of a file's items."""

    def __init__(self, items: Mapping[str, Item], options: Options, where: str) -> None:
        super().__init__(items, options, where)
        self.refuse_others({"output-omit-bias": "false", "lemma-dim-emb": "0"})
        self.cell: Any = self.choice("dec-cell", ("gru", "lstm"))
        self.choice("enc-cell", (self.cell,))
        self.hidden = self.integer("dim-rnn", 2**20)
        self.norm = self.choice("layer-normalization", ("false", "true")) == "true"
        self.skip = self.choice("skip", ("false", "true")) == "true"
        source, target, head = self.tables("decoder_ff_logit_l2")
        self.encoder = (Embedding(source, self.source, self.width), *self._encoder())
        self.decoder = (
            self._bridge(),
            Embedding(target, self.target, self.width, blank=True),
            self._conditional(),
            Linear(head, self.width, self.target),
        )

    @property
    def _common(self) -> dict[str, Any]:
        return {"skip": self.skip, "gate_norm": EPSILON if self.norm else 0.0}

    def _depth(self, key: str, default: str, least: int = 1) -> int:
        """Cells of a layer, `least` of which are no transitions: how many are."""
        depth = self.integer(key, TRANSITIONS_MAX + least, default)
        if depth < least:
            self.choice(key, (str(least),))
        return depth - least

    def _encoder(self) -> list[Block]:
        kind = self.choice("enc-type", tuple(STACKS))
        layers = self.integer("enc-depth", LAYERS_MAX)
        more = self._depth("enc-cell-depth", "1")
        lower = 1 if kind == "bi-unidirectional" else layers
        stacks: Any = STACKS[kind] if lower > 1 else "joined"
        both = Rnn(
            "encoder.rnn",
            self.cell,
            self.width,
            self.hidden,
            layers=lower,
            bidirectional=True,
            stacks=stacks,
            transitions=more,
            **self._common,
        )
        for layer in range(lower):
            for end, name in (("", "encoder_bi"), ("_reverse", "encoder_bi_r")):
                for i in range(more + 1):
                    which = f"_l{layer + 1}" if layer else ""
                    which += f"_cell{i + 1}" if layer or i else ""
                    inputs = 0 if i else self.hidden if layer else self.width
                    self._cell(f"encoder.rnn@l{layer}{end}{_then(i)}", name + which, inputs)
        if lower == layers:
            return [both]
        upper = Rnn(
            "encoder.above",
            self.cell,
            2 * self.hidden,
            self.hidden,
            layers=layers - 1,
            transitions=more,
            **self._common,
        )
        for layer in range(layers - 1):
            for i in range(more + 1):
                inputs = 0 if i else self.hidden if layer else 2 * self.hidden
                self._cell(f"encoder.above@l{layer}{_then(i)}", f"encoder_l{layer + 2}_cell{i + 1}", inputs)
        return [both, upper]

    @property
    def _memory(self) -> int:
        """Columns of the encoder's rows."""
        above = self.options.get("enc-type") == "bi-unidirectional" and self.options.get("enc-depth") != "1"
        return self.hidden if above else 2 * self.hidden

    def _bridge(self) -> Bridge:
        self._dense("bridge", "decoder_ff_state", "", self._memory, self.hidden)
        norm = EPSILON if self.norm else 0.0
        return Bridge("mean", "bridge", self._memory, self.hidden, norm)

    def _conditional(self) -> Conditional:
        base = self._depth("dec-cell-base-depth", "2", least=2)
        more = self._depth("dec-cell-high-depth", "1")
        layers = self.integer("dec-depth", LAYERS_MAX, "1")
        block = Conditional(
            "decoder",
            self.cell,
            self.width,
            self.hidden,
            self._memory,
            self._memory,
            self.width,
            layers=layers,
            first_transitions=base,
            transitions=more if layers > 1 else 0,
            **self._common,
        )
        self._cell("decoder@l0", "decoder_cell1", self.width)
        for i in range(base + 1):
            self._cell(
                f"decoder@second{_then(i)}", f"decoder_cell{i + 2}", 0 if i else self._memory, final=True
            )
        for layer in range(1, layers):
            for i in range(more + 1):
                inputs = 0 if i else self.hidden
                self._cell(f"decoder@l{layer}{_then(i)}", f"decoder_l{layer + 1}_cell{i + 1}", inputs)
        self._look()
        parts = (("state", "1", self.hidden), ("input", "0", self.width), ("context", "2", self._memory))
        for part, number, width in parts:
            self._dense(f"decoder.output.{part}", "decoder_ff_logit_l1", number, width, self.width)
        return block

    def _look(self) -> None:
        wide = self._memory
        self.matrix("decoder.query.weight", "decoder_W_comb_att", wide, self.hidden)
        self.matrix("decoder.key.weight", "decoder_Wc_att", wide, wide)
        score = self.item("decoder_U_att", (wide, 1)).floats.reshape(1, -1)
        self.add("decoder.score.weight", score, "decoder_U_att")
        self.vector("decoder.query.bias", "decoder_b_att", wide)
        if self.norm:
            self.tensors["decoder.key.bias"] = self.tensors["decoder.query.bias"]
            self.add("decoder.query.bias", np.zeros(wide, np.float32), "decoder_b_att")
            self.vector("decoder.key.gain", "decoder_att_gamma1", wide)
            self.vector("decoder.query.gain", "decoder_att_gamma2", wide)

    def _dense(self, to: str, name: str, number: str, inputs: int, outputs: int) -> None:
        self.matrix(f"{to}.weight", f"{name}_W{number}", outputs, inputs)
        self.vector(f"{to}.bias", f"{name}_b{number}", outputs)
        if self.norm:
            self.vector(f"{to}.gain", f"{name}_gamma{number}", outputs)

    def _cell(self, to: str, name: str, inputs: int, final: bool = False) -> None:
        """One cell's tensors. `to` is the block's prefix and the place of the cell in it.

        A GRU's bias of the new state stands outside the reset gate, in a decoder's `final` cells inside.
        """
        prefix, place = to.split("@")
        halves = ("", "x") if self.cell == "gru" else ("",)
        states = [self.hidden * n for n in ((2, 1) if self.cell == "gru" else (4,))]
        for side, letter, rows in (("ih", "W", inputs), ("hh", "U", self.hidden)):
            if not rows:
                continue
            parts = [
                self.item(f"{name}_{letter}{half}", (rows, size)).floats
                for half, size in zip(halves, states, strict=True)
            ]
            joined = np.ascontiguousarray(self._gates(parts, 1).T)
            self.add(f"{prefix}.weight_{side}_{place}", joined, f"{name}_{letter}")
            if self.norm:
                gain = self.item(f"{name}_gamma{1 if letter == 'W' else 2}", (1, sum(states))).floats
                self.add(f"{prefix}.norm_{side}_{place}", self._gates([gain], 1)[0], f"{name}_gamma")
        biases = [
            self.item(f"{name}_b{half}", (1, size)).floats for half, size in zip(halves, states, strict=True)
        ]
        outside = self._gates(biases, 1)[0].copy()
        inside = np.zeros_like(outside)
        if final and self.cell == "gru":
            inside[2 * self.hidden :] = outside[2 * self.hidden :]
            outside[2 * self.hidden :] = 0
        self.add(f"{prefix}.bias_ih_{place}", outside, f"{name}_b")
        self.add(f"{prefix}.bias_hh_{place}", inside, f"{name}_b")

    def _gates(self, parts: Sequence[Array], axis: int) -> Array:
        """Gates side by side in the order of our cells: marian's LSTM has the forget gate first."""
        joined: Array = np.concatenate(parts, axis)
        if self.cell == "gru":
            return joined
        forget, take, *others = np.split(joined, 4, axis)
        return np.concatenate([take, forget, *others], axis)

    def add(self, to: str, array: Array, name: str) -> None:
        """A tensor of numbers, all finite."""
        self.tensors[to] = numpy_tensor(array)
        self.tensors[to].check_finite(f"{self.where}: {name}")


def _then(i: int) -> str:
    """The end of the name of a layer's i-th cell."""
    return f"_t{i}" if i else ""
