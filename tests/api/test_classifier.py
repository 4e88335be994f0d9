"""Classifier: labels and probabilities, beside the graph in plain NumPy."""

import numpy as np
import pytest

from fastseq.errors import ArgumentError
from fastseq.models.blocks import block_dict
from tests.api import small
from tests.reference import graph as ref

TEXTS = ["a good film", "bad", "the dull book", "unheard of", "good good good bad"]


@pytest.mark.parametrize("pool", ["final", "mean", "max", "last", "first"])
def test_equals_the_reference(pool):
    spec = small.classifier_spec(pool)
    model = small.classifier(spec=spec)
    batch = model.tokenizer.encode_batch(TEXTS)
    graph = ref.Graph([block_dict(b) for b in spec.encoder], small.weights_of(spec))
    wanted = graph.forward(batch.ids, batch.offsets)[0]
    np.testing.assert_allclose(model.logits(TEXTS), wanted, atol=1e-5)
    proba = model.predict_proba(TEXTS)
    powers = np.exp(wanted - wanted.max(1, keepdims=True))
    np.testing.assert_allclose(proba, powers / powers.sum(1, keepdims=True), atol=1e-5)
    assert model.predict(TEXTS) == model(TEXTS) == [model.labels[i] for i in wanted.argmax(1)]
    assert model(TEXTS[0]) == model.predict(TEXTS)[0]
    np.testing.assert_array_equal(model.predict_proba_ids(batch), proba)
    assert model([]) == []
    assert model.predict_proba([]).shape == (0, 3)


def test_texts_without_tokens():
    model = small.classifier(spec=small.classifier_spec(empty="so-so"))
    mixed = ["", *TEXTS[:2], " ", TEXTS[2]]
    proba = model.predict_proba(mixed)
    assert proba[[0, 3]].tolist() == [[0, 1, 0], [0, 1, 0]]
    np.testing.assert_array_equal(proba[[1, 2, 4]], model.predict_proba(TEXTS[:3]))
    assert model("") == "so-so"
    assert model(["", ""]) == ["so-so", "so-so"]
    with pytest.raises(ArgumentError, match=r"texts\[3\]: a text without tokens"):
        small.classifier().predict([*TEXTS[:3], "\n"])
    with pytest.raises(ArgumentError, match=r"texts\[0\]: a text without tokens"):
        model.logits("")


def test_a_text_does_not_depend_on_its_batch():
    model = small.classifier()
    alone = {text: model.logits(text).tobytes() for text in TEXTS}
    for batch in (TEXTS[::-1], TEXTS * 40):
        for threads in (1, 2):
            for text, row in zip(batch, model.predict_proba(batch, threads=threads), strict=True):
                assert row.tobytes() == model.predict_proba(text)[0].tobytes()
    assert model.logits(TEXTS)[0].tobytes() == alone[TEXTS[0]]
