"""Networks as native blocks: the bundled recipe's, and combinations that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from fastseq.errors import FormatError
from fastseq.models.spec import ModelSpec, tensor_shapes
from fastseq.train import load_recipe
from fastseq.train.networks import Seq2SeqConfig, config_of, spec_of

LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz'-."]
PHONEMES = ["<pad>", "<unk>", "<s>", "</s>", *(f"P{number}" for number in range(69))]
VOCABULARIES = {"source": LETTERS, "target": PHONEMES}


def test_the_bundled_model_fits_in_two_megabytes() -> None:
    spec = spec_of(load_recipe("phonemes-en"), VOCABULARIES)
    weights = 0
    for shape in tensor_shapes(spec).values():
        size = 1
        for length in shape:
            size *= length
        weights += size
    assert weights < 1_900_000  # int8: a byte a weight
    assert spec.segment is not None
    assert ModelSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "transformer"}, r"model\.cell"),
        ({"bridge": "plank"}, r"model\.bridge"),
        ({"attention": "hard"}, r"model\.attention"),
        ({"attention": "general", "decoder_hidden": 99}, r"decoder\[0\]"),
        ({"bridge": "zero", "decoder_hidden": 99}, "equal widths"),
        ({"attention": "none", "input_feeding": True}, "need attention"),
        ({"decoder_layers": 3}, "does not fit"),
        ({"heads": 8}, r"model\.heads: unknown key"),
    ],
)
def test_impossible_networks_are_refused(change: dict[str, Any], message: str) -> None:
    recipe = load_recipe("phonemes-en")
    recipe.model.update(change)
    with pytest.raises(FormatError, match=message):
        spec_of(recipe, VOCABULARIES)


def test_every_choice_has_native_blocks() -> None:
    recipe = load_recipe("phonemes-en")
    recipe.model.update(attention="additive", input_feeding=True, attention_output=50, bridge="linear")
    recipe.model.update(decoder_hidden=70, cell="gru")
    config = config_of(recipe, VOCABULARIES)
    assert isinstance(config, Seq2SeqConfig)
    shapes = tensor_shapes(spec_of(recipe, VOCABULARIES))
    assert shapes["decoder.rnn.weight_ih_l0"] == (3 * 70, config.target_embedding + 50)
    assert shapes["decoder.attention.score.weight"] == (1, 70)
    assert shapes["bridge.weight"] == (70, config.memory)
    assert shapes["decoder.head.weight"] == (len(PHONEMES), 50)
