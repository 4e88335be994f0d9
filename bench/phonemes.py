"""Spelling to phonemes: the bundled phonemes-en model beside the network of g2p-en.

Both decode greedily, without a dictionary, the words of CMUdict that phonemes-en never saw
(fastseq.train.data.part). A prediction is scored against the nearest of the word's listed
pronunciations. g2p-en's weights were trained on an unknown part of the same dictionary.

--checkpoint FILE scores a training checkpoint through PyTorch in place of the bundled model.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import harness
from fastseq.train import cmudict
from fastseq.train.data import part
from fastseq.train.metrics import ErrorRates, error_rates

Floats = NDArray[np.float32]
Predict = Callable[[Sequence[str]], list[list[str]]]


class G2pEn:
    """g2p-en's network (``G2p.predict``) in NumPy, a batch at a time, from its own weights.

    One GRU layer reads the letters and ``</s>``; its last state starts a GRU that writes at
    most 20 phonemes. Same formulas and float32 as the package, whose module needs nltk data.
    """

    longest = 20
    bos, eos, unknown = 2, 3, 1
    letters = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
    vowels = tuple("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
    consonants = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())

    def __init__(self, batch: int = 256) -> None:
        self.batch = batch
        found = find_spec("g2p_en")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("pip install --no-deps g2p-en", name="g2p_en")
        with np.load(Path(found.origin).parent / "checkpoint20.npz") as file:
            self.weights: dict[str, Floats] = {name: file[name] for name in file.files}
        # The package's table is in ASCII order and has a bare UW beside UW0 to UW2.
        spoken = [vowel + mark for vowel in self.vowels for mark in "012"] + [*self.consonants, "UW"]
        self.phonemes = ["<pad>", "<unk>", "<s>", "</s>", *sorted(spoken)]
        self.ids = {letter: index for index, letter in enumerate(self.letters)}

    def __call__(self, words: Sequence[str]) -> list[list[str]]:
        by_length = sorted(range(len(words)), key=lambda index: len(words[index]))
        spoken: list[list[str]] = [[] for _ in words]
        for start in range(0, len(words), self.batch):
            chosen = by_length[start : start + self.batch]
            for index, said in zip(chosen, self._predict([words[i] for i in chosen]), strict=True):
                spoken[index] = said
        return spoken

    def _predict(self, words: list[str]) -> list[list[str]]:
        state = np.zeros((len(words), self.weights["enc_w_hh"].shape[1]), np.float32)
        for column in range(max(map(len, words)) + 1):
            reading = np.array([column <= len(word) for word in words])
            letters = [(*word, "</s>")[column] if column <= len(word) else "</s>" for word in words]
            ids = [self.ids.get(letter, self.unknown) for letter in letters]
            state = np.where(reading[:, None], self._cell("enc", ids, state), state)
        written = np.full((len(words), self.longest), self.eos)
        last = np.full(len(words), self.bos)
        for column in range(self.longest):
            state = self._cell("dec", last, state)
            last = (state @ self.weights["fc_w"].T + self.weights["fc_b"]).argmax(axis=1)
            written[:, column] = last
            if bool((written[:, : column + 1] == self.eos).any(axis=1).all()):
                break
        return [self._phonemes(row) for row in written.tolist()]

    def _phonemes(self, row: list[int]) -> list[str]:
        end = row.index(self.eos) if self.eos in row else len(row)
        return [self.phonemes[index] for index in row[:end]]

    def _cell(self, side: str, ids: Sequence[int] | NDArray[np.int64], h: Floats) -> Floats:
        x = self.weights[f"{side}_emb"][ids]
        from_x = x @ self.weights[f"{side}_w_ih"].T + self.weights[f"{side}_b_ih"]
        from_h = h @ self.weights[f"{side}_w_hh"].T + self.weights[f"{side}_b_hh"]
        width = h.shape[1]
        gates = 1 / (1 + np.exp(-(from_x[:, : 2 * width] + from_h[:, : 2 * width])))
        reset, update = gates[:, :width], gates[:, width:]
        new = np.tanh(from_x[:, 2 * width :] + reset * from_h[:, 2 * width :])
        result: Floats = (1 - update) * new + update * h
        return result


def our_model(checkpoint: Path | None) -> Predict:
    """The bundled model, or a training checkpoint run by PyTorch."""
    if checkpoint is not None:
        from fastseq.train.seq2seq import predictor

        return predictor(checkpoint)
    import fastseq

    model = fastseq.load("phonemes-en")
    assert isinstance(model, fastseq.Seq2Seq)

    def predict(words: Sequence[str]) -> list[list[str]]:
        # By ids: called with a text, the model would cut "vice-president" into two words.
        ids = [model.tokenizer.encode(word) for word in words]
        return [said.text.split() for said in model.generate_ids(ids)]

    return predict


def facts(marked: ErrorRates, plain: ErrorRates) -> dict[str, str]:
    """Columns of the accuracy table."""
    return {
        "word": f"{marked.sequence:.2%}",
        "phoneme": f"{marked.token:.2%}",
        "word, plain": f"{plain.sequence:.2%}",
        "phoneme, plain": f"{plain.token:.2%}",
    }


def run(options: harness.Options) -> Iterator[harness.Table]:
    known = cmudict.load()
    words = [word for word in known if part(word) == options.extra.part]
    if options.smoke:
        words = words[:200]
    references = [known[word] for word in words]
    ours, theirs = our_model(options.extra.checkpoint), G2pEn()

    # Ratio: word errors of g2p-en to this side's, with stress.
    table = harness.Table(f"Errors on {len(words)} held-out words, with stress and plain")
    rates = {
        name: [error_rates(spoken, references, stress=stress) for stress in (True, False)]
        for name, spoken in (("g2p-en", theirs(words)), ("fastseq phonemes-en", ours(words)))
    }
    for name, (marked, plain) in rates.items():
        ratio = rates["g2p-en"][0].sequence / max(marked.sequence, 1e-9)
        table.add_facts(name, ratio, **facts(marked, plain))
    yield table

    speed = harness.Table("Spelling to phonemes", rate="words/s")
    alone = G2pEn(batch=1)
    for size in (1,) if options.smoke else (1, 256):
        some = words[:: len(words) // size][:size]
        sides: dict[str, Predict] = {"fastseq": ours, "g2p-en batched": theirs, "g2p-en": alone}
        calls = {name: partial(predict, some) for name, predict in sides.items()}
        times = harness.compare(calls, options=options)
        speed.add(f"{size} words at a time", times, work=len(some))
    yield speed


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--part", default="test", choices=["dev", "test"], help="words to score (test)")
    parser.add_argument("--checkpoint", type=Path, help="a training checkpoint in place of the bundled model")


if __name__ == "__main__":
    harness.main(run, __doc__, arguments)
