"""Small recurrent Marian models (type s2s) with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.formats import marian_files as files

WIDTH, HIDDEN = 12, 16


class Form(NamedTuple):
    """Options, named as Marian names them."""

    cell: str = "gru"
    enc_type: str = "bidirectional"
    enc_depth: int = 1
    enc_cell_depth: int = 1
    dec_depth: int = 1
    dec_cell_base_depth: int = 2
    dec_cell_high_depth: int = 1
    norm: bool = False
    skip: bool = False
    tied: bool = True

    @property
    def options(self) -> str:
        pieces = len(files.PIECES)
        return f"""\
type: s2s
dim-emb: {WIDTH}
dim-rnn: {HIDDEN}
dim-vocabs:
  - {pieces}
  - {pieces}
enc-cell: {self.cell}
enc-cell-depth: {self.enc_cell_depth}
enc-depth: {self.enc_depth}
enc-type: {self.enc_type}
dec-cell: {self.cell}
dec-cell-base-depth: {self.dec_cell_base_depth}
dec-cell-high-depth: {self.dec_cell_high_depth}
dec-depth: {self.dec_depth}
layer-normalization: {str(self.norm).lower()}
skip: {str(self.skip).lower()}
tied-embeddings-all: {str(self.tied).lower()}
"""


def weights(form: Form, seed: int = 3) -> dict[str, np.ndarray]:
    """Arrays by Marian's names."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    pieces = len(files.PIECES)
    sizes = [2 * HIDDEN, HIDDEN] if form.cell == "gru" else [4 * HIDDEN]

    def add(name: str, rows: int, columns: int, spread: float = 1.5) -> None:
        arrays[name] = rng.standard_normal((rows, columns)) * spread / np.sqrt(rows)

    def gain(name: str, columns: int) -> None:
        if form.norm:
            arrays[name] = 1 + rng.standard_normal((1, columns)) * 0.2

    def cell(name: str, inputs: int) -> None:
        for end, size in zip(("", "x"), sizes, strict=False):
            if inputs:
                add(f"{name}_W{end}", inputs, size)
            add(f"{name}_U{end}", HIDDEN, size)
            add(f"{name}_b{end}", 1, size, 0.4)
        if inputs:
            gain(f"{name}_gamma1", sum(sizes))
        gain(f"{name}_gamma2", sum(sizes))

    def dense(name: str, number: str, inputs: int, outputs: int) -> None:
        add(f"{name}_W{number}", inputs, outputs)
        add(f"{name}_b{number}", 1, outputs, 0.4)
        gain(f"{name}_gamma{number}", outputs)

    lower = 1 if form.enc_type == "bi-unidirectional" else form.enc_depth
    for prefix in ("encoder_bi", "encoder_bi_r"):
        for layer in range(1, lower + 1):
            for j in range(1, form.enc_cell_depth + 1):
                name = (
                    prefix + (f"_l{layer}" if layer > 1 else "") + (f"_cell{j}" if layer > 1 or j > 1 else "")
                )
                cell(name, 0 if j > 1 else HIDDEN if layer > 1 else WIDTH)
    for layer in range(lower + 1, form.enc_depth + 1):
        for j in range(1, form.enc_cell_depth + 1):
            cell(f"encoder_l{layer}_cell{j}", 0 if j > 1 else HIDDEN if layer > 2 else 2 * HIDDEN)
    memory = HIDDEN if lower < form.enc_depth else 2 * HIDDEN
    for i in range(1, form.dec_cell_base_depth + 1):
        cell(f"decoder_cell{i}", {1: WIDTH, 2: memory}.get(i, 0))
    for layer in range(2, form.dec_depth + 1):
        for j in range(1, form.dec_cell_high_depth + 1):
            cell(f"decoder_l{layer}_cell{j}", HIDDEN if j == 1 else 0)
    add("decoder_W_comb_att", HIDDEN, memory)
    add("decoder_Wc_att", memory, memory)
    add("decoder_U_att", memory, 1, 4.0)
    add("decoder_b_att", 1, memory, 0.4)
    gain("decoder_att_gamma1", memory)
    gain("decoder_att_gamma2", memory)
    dense("decoder_ff_state", "", memory, HIDDEN)
    for number, inputs in enumerate((WIDTH, HIDDEN, memory)):
        dense("decoder_ff_logit_l1", str(number), inputs, WIDTH)
    for name in ["Wemb"] if form.tied else ["encoder_Wemb", "decoder_Wemb", "decoder_ff_logit_l2_Wt"]:
        arrays[name] = rng.standard_normal((pieces, WIDTH))
    add("decoder_ff_logit_l2_b", 1, pieces, 0.3)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def write(folder: Path, form: Form, zipped: bool = False) -> dict[str, np.ndarray]:
    """A whole folder; gives the weights."""
    arrays = weights(form)
    folder.mkdir(exist_ok=True)
    if zipped:
        text = np.frombuffer(form.options.encode() + b"\0", np.int8)
        np.savez(folder / "model.npz", **arrays, **{"special:model.yml": text})
    else:
        (folder / "model.bin").write_bytes(files.container(files.items(arrays, False, form.options)))
    (folder / "vocab.spm").write_bytes(files.vocabulary())
    return arrays
