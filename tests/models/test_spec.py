"""The spec of a model: read and written back the same; anything wrong is refused at its JSON path."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq.errors import FormatError, UnsupportedError
from fastseq.models.spec import ModelSpec, check_tensors, optional_tensors, tensor_shapes
from tests.examples import examples

SEQ2SEQ = {
    "fastseq": 1,
    "task": "seq2seq",
    "name": "phonemes-en",
    "tokenizer": {"kind": "character", "vocabulary": "source.vocab.json", "append": ["</s>"]},
    "target_tokenizer": {"kind": "word", "vocabulary": "target.vocab.json", "split": "space"},
    "segment": {"split": "words", "join": "  ", "replace": {"&": " and "}},
    "encoder": [
        {"block": "embedding", "weights": "encoder.embedding", "vocabulary": 29, "width": 128},
        {
            "block": "rnn",
            "weights": "encoder.rnn",
            "cell": "lstm",
            "input": 128,
            "hidden": 256,
            "layers": 1,
            "bidirectional": True,
        },
    ],
    "decoder": [
        {"block": "bridge", "kind": "concat"},
        {"block": "embedding", "weights": "decoder.embedding", "vocabulary": 74, "width": 128},
        {"block": "rnn", "weights": "decoder.rnn", "cell": "lstm", "input": 128, "hidden": 512},
        {
            "block": "attention",
            "weights": "decoder.attention",
            "score": "general",
            "query": 512,
            "memory": 512,
            "output": 512,
        },
        {"block": "linear", "weights": "decoder.head", "input": 512, "output": 74},
    ],
    "generation": {"start": "<s>", "stop": ["</s>"], "max_new_tokens": 40},
}
CLASSIFIER = {
    "fastseq": 1,
    "task": "classifier",
    "encoder": [
        {"block": "embedding", "weights": "embedding", "vocabulary": 10, "width": 4},
        {"block": "rnn", "weights": "lstm", "cell": "gru", "input": 4, "hidden": 3, "layers": 2},
        {"block": "pool", "kind": "final"},
        {"block": "linear", "weights": "fc", "input": 3, "output": 2},
    ],
    "labels": ["no", "yes"],
    "empty": "no",
}
LANGUAGE_MODEL = {
    "fastseq": 1,
    "task": "language_model",
    "decoder": [
        {"block": "embedding", "weights": "e", "vocabulary": 10, "width": 4, "scale": 2.0},
        {"block": "rnn", "weights": "r", "cell": "tanh", "input": 4, "hidden": 3, "bias": False},
        {"block": "linear", "weights": "o", "input": 3, "output": 10, "bias": False},
    ],
    "generation": {"stop": ["</s>"]},
}
TRANSFORMER = {
    "fastseq": 1,
    "task": "language_model",
    "decoder": [
        {"block": "embedding", "weights": "e", "vocabulary": 10, "width": 8},
        {"block": "self_attention", "weights": "a", "width": 8, "heads": 2, "causal": True, "rotary": 4,
         "rotary_scaling": "linear", "rotary_factor": 2.0, "relative": "r", "buckets": 8, "reach": 20,
         "query_key_norm": "rms", "residual": True, "norm": "rms", "norm_place": "before"},
        {"block": "feed_forward", "weights": "f", "width": 8, "inner": 9, "gated": True},
        {"block": "norm", "weights": "n", "width": 8, "norm": "layer"},
        {"block": "linear", "weights": "e", "input": 8, "output": 10, "bias": False},
    ],
}  # fmt: skip

ALL = {
    "seq2seq": SEQ2SEQ,
    "classifier": CLASSIFIER,
    "language_model": LANGUAGE_MODEL,
    "transformer": TRANSFORMER,
}


@pytest.mark.parametrize("task", ALL)
def test_round_trip(task):
    spec = ModelSpec.from_dict(ALL[task])
    written = json.loads(json.dumps(spec.to_dict()))
    assert ModelSpec.from_dict(written) == spec


def test_tensor_shapes_of_each_block():
    shapes = tensor_shapes(ModelSpec.from_dict(SEQ2SEQ))
    assert shapes["encoder.embedding.weight"] == (29, 128)
    assert shapes["encoder.rnn.weight_ih_l0_reverse"] == (1024, 128)
    assert shapes["encoder.rnn.weight_hh_l0"] == (1024, 256)
    assert shapes["decoder.attention.query.weight"] == (512, 512)
    assert shapes["decoder.attention.output.weight"] == (512, 1024)
    assert optional_tensors(ModelSpec.from_dict(SEQ2SEQ)) == {"decoder.attention.output.bias"}
    assert tensor_shapes(ModelSpec.from_dict(CLASSIFIER))["lstm.weight_ih_l1"] == (9, 3)
    assert sorted(tensor_shapes(ModelSpec.from_dict(LANGUAGE_MODEL))) == [
        "e.weight", "o.weight", "r.weight_hh_l0", "r.weight_ih_l0",
    ]  # fmt: skip


def test_linear_bridge_fits_both_sides():
    values = copy.deepcopy(SEQ2SEQ)
    linear = {"block": "bridge", "kind": "linear", "weights": "bridge", "input": 512, "output": 512}
    values["decoder"][0] = linear
    values["decoder"][2]["layers"] = 3
    shapes = tensor_shapes(ModelSpec.from_dict(values))
    assert shapes["bridge.weight"] == (512, 512)
    assert shapes["bridge.bias"] == (512,)
    linear["input"] = 256
    with pytest.raises(FormatError, match=r"decoder\[0\]\.input: not the width of the final state"):
        ModelSpec.from_dict(values)


def test_input_feeding_widens_the_decoder():
    values = copy.deepcopy(SEQ2SEQ)
    values["decoder"][3]["input_feeding"] = True
    with pytest.raises(FormatError, match=r"decoder\[2\]\.input: .*expected 640, found 128"):
        ModelSpec.from_dict(values)
    values["decoder"][2]["input"] = 640
    ModelSpec.from_dict(values)


def changed(values: dict, path: tuple, value: object) -> dict:
    values = copy.deepcopy(values)
    place = values
    for key in path[:-1]:
        place = place[key]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return values


REFUSED = [
    (TRANSFORMER, ("decoder", 1, "rotary"), 3, r"decoder\[1\]\.rotary: out of range"),
    (TRANSFORMER, ("decoder", 1, "rotary"), 6, "an even number, 0 to 4"),
    (TRANSFORMER, ("decoder", 1, "rotary_base"), 0.5, "rotary_base: out of range"),
    (TRANSFORMER, ("decoder", 1, "rotary_factor"), float("nan"), "rotary_factor: out of range"),
    (TRANSFORMER, ("decoder", 1, "rotary_scaling"), "ntk", "rotary_scaling: wrong value"),
    (TRANSFORMER, ("decoder", 1, "buckets"), 6, "buckets: no such relative positions"),
    (TRANSFORMER, ("decoder", 1, "reach"), 0, "reach: out of range"),
    (TRANSFORMER, ("decoder", 1, "window"), -1, "window: out of range"),
    (TRANSFORMER, ("decoder", 1, "scale"), -1.0, "scale: out of range"),
    (TRANSFORMER, ("decoder", 1, "cap"), float("inf"), "cap: out of range"),
    (TRANSFORMER, ("decoder", 1, "causal"), False, "a decoder does not look ahead"),
    (TRANSFORMER, ("decoder", 2, "depth"), 3, "depth: out of range"),
    (TRANSFORMER, ("decoder", 2, "activation"), "gelu_fast", "activation: wrong value"),
    (TRANSFORMER, ("decoder", 3, "norm"), "none", "a norm and nothing else"),
    (TRANSFORMER, ("decoder", 3, "width"), 9, "not the width of the block before"),
    (SEQ2SEQ, ("fastseq",), KeyError, "fastseq: no format version"),
    (SEQ2SEQ, ("fastseq",), True, "fastseq: no format version"),
    (SEQ2SEQ, ("fastseq",), 0, "fastseq: no such format version"),
    (SEQ2SEQ, ("fastseq",), 2, "fastseq: written by a newer version"),
    (SEQ2SEQ, ("task",), "translate", "task: unknown task"),
    (SEQ2SEQ, ("task",), KeyError, "task: unknown task"),
    (SEQ2SEQ, ("colour",), 1, "colour: unknown key"),
    (SEQ2SEQ, ("name",), 1, "name: wrong value"),
    (SEQ2SEQ, ("tokenizer",), "x", "tokenizer: wrong value"),
    (SEQ2SEQ, ("encoder",), {}, "encoder: wrong value"),
    (SEQ2SEQ, ("encoder",), [], "encoder: a seq2seq has a encoder"),
    (SEQ2SEQ, ("encoder", 0), 3, r"encoder\[0\]: not an object"),
    (SEQ2SEQ, ("encoder", 0, "block"), "conv", r"encoder\[0\].block: unknown block"),
    (SEQ2SEQ, ("encoder", 0, "block"), [], r"encoder\[0\].block: unknown block"),
    (SEQ2SEQ, ("encoder", 0, "size"), 3, r"encoder\[0\].size: unknown key"),
    (SEQ2SEQ, ("encoder", 0, "width"), KeyError, r"encoder\[0\].width: missing key"),
    (SEQ2SEQ, ("encoder", 0, "width"), 0, r"encoder\[0\].width: out of range"),
    (SEQ2SEQ, ("encoder", 0, "width"), 2**31, r"encoder\[0\].width: out of range"),
    (SEQ2SEQ, ("encoder", 0, "width"), True, r"encoder\[0\].width: wrong value"),
    (SEQ2SEQ, ("encoder", 0, "width"), 128.0, r"encoder\[0\].width: wrong value"),
    (SEQ2SEQ, ("encoder", 0, "scale"), 1e300, r"encoder\[0\].scale: out of range"),
    (SEQ2SEQ, ("encoder", 1, "input"), 64, r"encoder\[1\].input: not the width of the block before"),
    (SEQ2SEQ, ("encoder", 1, "cell"), "sru", r"encoder\[1\].cell: wrong value"),
    (SEQ2SEQ, ("encoder", 1, "layers"), 10**9, r"encoder\[1\].layers: out of range"),
    (SEQ2SEQ, ("encoder", 1, "bias"), 1, r"encoder\[1\].bias: wrong value"),
    (SEQ2SEQ, ("decoder", 0, "kind"), "copy", r"decoder\[0\].kind: two directions"),
    (SEQ2SEQ, ("decoder", 0, "weights"), "b", r"decoder\[0\].weights: a linear or mean bridge"),
    (SEQ2SEQ, ("decoder", 2, "layers"), 2, r"decoder\[0\].kind: the encoder's final state does not fit"),
    (SEQ2SEQ, ("decoder", 2, "bidirectional"), True, r"decoder\[2\].block: no recurrent block"),
    (SEQ2SEQ, ("decoder", 3, "memory"), 5, r"decoder\[3\].memory: not the width of the encoder"),
    (SEQ2SEQ, ("decoder", 3, "inner"), 5, r"decoder\[3\].inner: only an additive"),
    (SEQ2SEQ, ("decoder", 3, "score"), "additive", r"decoder\[3\].inner: missing key"),
    (SEQ2SEQ, ("decoder", 4, "output"), 70, r"decoder\[4\]: a decoder ends in a linear block"),
    (SEQ2SEQ, ("labels",), ["a"], "labels: a seq2seq has no labels"),
    (SEQ2SEQ, ("generation",), {}, "generation.start: missing key"),
    (SEQ2SEQ, ("generation", "stop"), "x", "generation.stop: wrong value"),
    (SEQ2SEQ, ("generation", "stop"), [1], "generation.stop: wrong value"),
    (SEQ2SEQ, ("generation", "max_new_tokens"), 0, "generation.max_new_tokens: out of range"),
    (SEQ2SEQ, ("generation", "beams"), 4, "generation.beams: unknown key"),
    (SEQ2SEQ, ("segment", "split"), "pages", "segment.split: wrong value"),
    (SEQ2SEQ, ("segment", "replace"), {"ab": "c"}, "segment.replace.ab: not one character"),
    (CLASSIFIER, ("labels",), ["no"], "labels: as many labels"),
    (CLASSIFIER, ("labels", 1), None, r"labels\[1\]: wrong value"),
    (CLASSIFIER, ("empty",), "maybe", "empty: not a label"),
    (CLASSIFIER, ("encoder", 2), CLASSIFIER["encoder"][1], r"encoder\[2\].input: not the width"),
    (LANGUAGE_MODEL, ("decoder", 1), {"block": "pool", "kind": "mean"}, r"decoder\[1\].block: one pool"),
]


@pytest.mark.parametrize(("values", "path", "value", "told"), REFUSED)
def test_refused_at_its_path(values, path, value, told):
    with pytest.raises((FormatError, UnsupportedError), match=told):
        ModelSpec.from_dict(changed(values, path, value))


def test_weights_must_match():
    spec = ModelSpec.from_dict(LANGUAGE_MODEL)
    shapes = tensor_shapes(spec)
    check_tensors(spec, shapes)
    check_tensors(spec, {**shapes, "o.weight.scale": (10,)})
    with pytest.raises(FormatError, match=r"o\.weight: the shape contradicts the spec \(expected \(10, 3\)"):
        check_tensors(spec, {**shapes, "o.weight": (3, 10)})
    with pytest.raises(FormatError, match=r"r\.weight_hh_l0: missing tensor"):
        check_tensors(spec, {name: shape for name, shape in shapes.items() if name != "r.weight_hh_l0"})
    with pytest.raises(FormatError, match="'extra': a tensor that no block uses"):
        check_tensors(spec, {**shapes, "extra": (1,)})


def test_shared_tensors_must_agree():
    values = copy.deepcopy(LANGUAGE_MODEL)
    values["decoder"][1]["hidden"] = 4
    values["decoder"][2].update(weights="e", input=4)  # output tied to the embedding: (10, 4) both
    assert tensor_shapes(ModelSpec.from_dict(values))["e.weight"] == (10, 4)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(values: object, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    items = values.items() if isinstance(values, dict) else ()
    if isinstance(values, list):
        items = enumerate(values)
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


@settings(max_examples=examples(500))
@given(st.data())
def test_anything_anywhere_is_read_or_refused(data):
    values = ALL[data.draw(st.sampled_from(sorted(ALL)))]
    path = data.draw(st.sampled_from(places(values)))
    try:
        spec = ModelSpec.from_dict(changed(values, path, data.draw(anything)))
    except (FormatError, UnsupportedError):
        return
    assert ModelSpec.from_dict(spec.to_dict()) == spec
