"""Spelling to phonemes: the bundled phonemes-en model beside the network of g2p-en.

Both decode greedily, without a dictionary, the words of CMUdict that phonemes-en never saw
(fastseq.train.cmudict.part). A prediction is scored against the nearest of the word's listed
pronunciations. g2p-en's weights were trained on an unknown part of the same dictionary.

    python bench/phonemes.py [--part test] [--limit N] [--checkpoint best.pt]

--checkpoint scores a training checkpoint through PyTorch in place of the bundled model.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastseq.train import cmudict
from fastseq.train.metrics import error_rates

Floats = NDArray[np.float32]
Predict = Callable[[Sequence[str]], list[list[str]]]


class G2pEn:
    """g2p-en's network (``G2p.predict``) in NumPy, a batch at a time, from its own weights.

    One GRU layer reads the letters and ``</s>``; its last state starts a GRU that writes at
    most 20 phonemes. Same formulas and float32 as the package, whose module needs nltk data.
    """

    batch = 256
    longest = 20
    bos, eos, unknown = 2, 3, 1
    letters = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
    vowels = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
    consonants = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()

    def __init__(self) -> None:
        found = find_spec("g2p_en")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("pip install --no-deps g2p-en", name="g2p_en")
        with np.load(Path(found.origin).parent / "checkpoint20.npz") as file:
            self.weights: dict[str, Floats] = {name: file[name] for name in file.files}
        stressed = [vowel + mark for vowel in self.vowels for mark in "012"]
        # The package's table also has a bare UW, just before UW0: in ASCII order all fall into place.
        self.phonemes = ["<pad>", "<unk>", "<s>", "</s>", *sorted([*stressed, *self.consonants, "UW"])]
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
            state = np.where(reading[:, None], self._cell("enc", self.weights["enc_emb"][ids], state), state)
        ids_out = np.full((len(words), self.longest), self.eos)
        last = np.full(len(words), self.bos)
        for column in range(self.longest):
            state = self._cell("dec", self.weights["dec_emb"][last], state)
            last = (state @ self.weights["fc_w"].T + self.weights["fc_b"]).argmax(axis=1)
            ids_out[:, column] = last
        return [self._phonemes(row) for row in ids_out.tolist()]

    def _phonemes(self, row: list[int]) -> list[str]:
        end = row.index(self.eos) if self.eos in row else len(row)
        return [self.phonemes[index] for index in row[:end]]

    def _cell(self, side: str, x: Floats, h: Floats) -> Floats:
        from_x = x @ self.weights[f"{side}_w_ih"].T + self.weights[f"{side}_b_ih"]
        from_h = h @ self.weights[f"{side}_w_hh"].T + self.weights[f"{side}_b_hh"]
        width = h.shape[1]
        gates = 1 / (1 + np.exp(-(from_x[:, : 2 * width] + from_h[:, : 2 * width])))
        reset, update = gates[:, :width], gates[:, width:]
        new = np.tanh(from_x[:, 2 * width :] + reset * from_h[:, 2 * width :])
        result: Floats = (1 - update) * new + update * h
        return result


def fastseq_model(checkpoint: Path | None) -> Predict:
    """The bundled model, or a training checkpoint run by PyTorch."""
    if checkpoint is not None:
        from fastseq.train.seq2seq import predictor

        return predictor(checkpoint)
    import fastseq

    model = fastseq.load("phonemes-en")

    def predict(words: Sequence[str]) -> list[list[str]]:
        return [str(said).split() for said in model(list(words))]

    return predict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", default="test", choices=["dev", "test"], help="words to score")
    parser.add_argument("--limit", type=int, help="score only the first N words")
    parser.add_argument("--checkpoint", type=Path, help="a torch checkpoint in place of the bundled model")
    options = parser.parse_args()

    known = cmudict.load()
    words = [word for word in known if cmudict.part(word) == options.part][: options.limit]
    references = [known[word] for word in words]
    print(f"{len(words)} {options.part} words of CMUdict, greedy, nearest listed pronunciation")
    print(f"{'':14}{'with stress':>20}{'without stress':>20}")
    print(f"{'':14}{'word':>10}{'phoneme':>10}{'word':>10}{'phoneme':>10}{'words/s':>10}")
    for name, predict in (("g2p-en", G2pEn()), ("fastseq", fastseq_model(options.checkpoint))):
        start = time.perf_counter()
        spoken = predict(words)
        rate = len(words) / (time.perf_counter() - start)
        marked = error_rates(spoken, references)
        plain = error_rates(spoken, references, stress=False)
        cells = "".join(f"{value:>10.2%}" for value in (marked.sequence, marked.token, plain.sequence, plain.token))
        print(f"{name:14}{cells}{rate:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
