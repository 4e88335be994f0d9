"""The torch modules: each choice runs, rows stand alone, steps agree with teacher forcing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fastseq.train.modules import Seq2Seq
from fastseq.train.networks import Seq2SeqConfig

pytestmark = pytest.mark.torch

BASE: dict[str, Any] = {
    "source_vocab": 9,
    "target_vocab": 11,
    "cell": "lstm",
    "source_embedding": 3,
    "target_embedding": 4,
    "encoder_hidden": 5,
    "decoder_hidden": 10,
    "encoder_layers": 2,
    "bidirectional": True,
    "bridge": "concat",
    "attention": "dot",
}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"cell": "gru", "attention": "general", "decoder_layers": 2},
    {"cell": "tanh", "attention": "additive", "attention_output": 6},
    {"input_feeding": True, "attention_output": 6},
    {"cell": "gru", "input_feeding": True, "decoder_layers": 2},
    {"bridge": "linear", "decoder_hidden": 7, "attention": "general"},
    {"bridge": "zero", "attention": "none"},
    {"bidirectional": False, "bridge": "copy", "encoder_hidden": 10},
]


def network(change: dict[str, Any]) -> Seq2Seq:
    torch.manual_seed(0)
    return Seq2Seq(Seq2SeqConfig(**{**BASE, **change})).eval()


@pytest.mark.parametrize("change", VARIANTS, ids=str)
def test_a_row_does_not_see_its_neighbours_padding(change: dict[str, Any]) -> None:
    model = network(change)
    source, inputs = torch.randint(1, 9, (2, 6)), torch.randint(1, 11, (2, 4))
    together = model(source, torch.tensor([6, 3]), inputs)
    alone = model(source[1:, :3], torch.tensor([3]), inputs[1:])
    torch.testing.assert_close(together[1:], alone)


@pytest.mark.parametrize("change", VARIANTS, ids=str)
def test_greedy_is_the_argmax_of_teacher_forcing(change: dict[str, Any]) -> None:
    model = network(change)
    source, lengths = torch.randint(1, 9, (3, 5)), torch.tensor([5, 5, 2])
    with torch.no_grad():
        said = model.greedy(source, lengths, bos=2, eos=3, limit=7)
        inputs = torch.cat([torch.full((3, 1), 2), said[:, :-1]], 1)
        again = model(source, lengths, inputs).argmax(-1)
    for row, wanted in zip(said.tolist(), again.tolist(), strict=True):
        end = row.index(3) + 1 if 3 in row else len(row)
        assert row[:end] == wanted[:end]
        assert set(row[end:]) <= {3}


def test_names_are_those_of_the_native_format() -> None:
    names = set(network({"attention": "additive", "bridge": "linear"}).state_dict())
    assert {
        "encoder.embedding.weight",
        "encoder.rnn.weight_ih_l0",
        "encoder.rnn.weight_hh_l1_reverse",
        "bridge.weight",
        "decoder.embedding.weight",
        "decoder.rnn.bias_hh_l0",
        "decoder.attention.query.weight",
        "decoder.attention.query.bias",
        "decoder.attention.key.weight",
        "decoder.attention.score.weight",
        "decoder.attention.output.bias",
        "decoder.head.weight",
    } <= names
    assert "decoder.attention.key.bias" not in names
