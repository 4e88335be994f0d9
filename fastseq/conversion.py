"""From any format to the native folder, and what a smaller precision costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np

from fastseq.errors import ArgumentTypeError
from fastseq.formats.precision import check_dtype
from fastseq.loading import load
from fastseq.models import Classifier, LanguageModel, Memory, Model, Seq2Seq
from fastseq.models.results import F32, I32

TEXTS_MAX = 2000  # compared, of those given
TEXTS_AT_ONCE = 64

SAMPLE = """\
The quick brown fox jumps over the lazy dog.
Profit rose to two million in the third quarter, well above what analysts had expected.
I am very happy with this wonderful result!
The company lost a large contract and its shares fell sharply.
She reads a letter in the garden while the children play.
Sequence models turn one series of symbols into another.
No one knew why the old machine had stopped working.
A strange and beautiful silence settled over the valley.
The meeting has been moved to Thursday afternoon.
What a terrible, disappointing film that was.
Neural networks learn from examples, sometimes more than we would like.
Rain is expected along the northern coast tomorrow.
""".splitlines()


@dataclass(frozen=True)
class Loss:
    """How far a precision is from float32 on some texts.

    Attributes:
        dtype: the precision.
        texts: how many texts were compared.
        equal: share of the texts whose outputs are the same.
        probability: largest difference of a probability, over all labels or tokens at every place.
        logprob: largest difference of the log-probability of what float32 finds likeliest.
        perplexity: of a language model on the texts, e^(-mean log-probability of a token); None of others.
        perplexity_before: the same in float32.

    """

    dtype: str
    texts: int
    equal: float
    probability: float
    logprob: float
    perplexity: float | None = None
    perplexity_before: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def convert(
    source: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    spec: str | PathLike[str] | Mapping[str, Any] | None = None,
    dtype: str | None = None,
    texts: Sequence[str] | None = None,
) -> Loss | None:
    """Writes the native folder of any model that `fastseq.load` reads.

    Args:
        source: what `fastseq.load` takes.
        folder: where the folder goes; made if it is not there.
        spec: of a file that does not say what it holds.
        dtype: precision of the matrices: float32, bfloat16, int8, of language models int4; None: as stored.
        texts: what the loss is measured on; None: a few English sentences.

    Returns the loss of `dtype` against float32; None where the matrices are float32, which loses nothing.
    """
    check_dtype(dtype)
    with load(source, spec=spec) as model:
        model.save(folder, dtype=dtype)
        wanted = dtype or model.dtype
    if wanted == "float32":
        return None
    with load(source, spec=spec, dtype="float32") as exact, load(folder) as small:
        return loss(exact, small, list(texts or SAMPLE)[:TEXTS_MAX])


def loss(exact: Model, small: Model, texts: Sequence[str]) -> Loss:
    """Compares two precisions of one model."""
    found = _Differences()
    same: list[bool] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        part = list(texts[start : start + TEXTS_AT_ONCE])
        if isinstance(exact, Classifier) and isinstance(small, Classifier):
            found.add(exact.predict_proba(part), small.predict_proba(part))
        elif isinstance(exact, Seq2Seq) and isinstance(small, Seq2Seq):
            batch = exact.encoder.batch(exact.pieces(part), None)
            said = [result.ids for result in exact.generate_ids(batch)]
            found.follow(exact, small, (exact.encoder(batch), small.encoder(batch)), None, said)
        elif isinstance(exact, LanguageModel) and isinstance(small, LanguageModel):
            encoded = exact.tokenizer.encode_batch(part, add_special_tokens=False)
            held = int(exact.decoder.start is None)  # the first token, where nothing comes before it
            rows = [row for row in encoded if len(row) > held]
            found.follow(exact, small, (None, None), [r[:held] for r in rows], [r[held:] for r in rows])
        else:
            raise ArgumentTypeError("models of two kinds", expected=repr(exact), found=repr(small))
        same += [a == b for a, b in zip(exact(part), small(part), strict=True)]
    equal = sum(same) / len(same) if same else 1.0
    spread = [perplexity(m, texts) if isinstance(m, LanguageModel) else None for m in (small, exact)]
    return Loss(small.dtype, len(same), equal, found.probability, found.logprob, *spread)


def perplexity(model: LanguageModel, texts: Sequence[str]) -> float:
    """Of all tokens of the texts together."""
    scores = [score.token_logprobs for score in model.score(list(texts))]
    every = np.concatenate([*scores, np.empty(0, np.float32)])
    return float(np.exp(-every.mean())) if len(every) else 1.0


class _Differences:
    """The largest differences seen so far."""

    def __init__(self) -> None:
        self.probability = self.logprob = 0.0

    def add(self, exact: F32, small: F32) -> None:
        """Two (places, V) of probabilities."""
        best = exact.argmax(1)[:, None]
        ratio = np.take_along_axis(exact, best, 1) / np.maximum(np.take_along_axis(small, best, 1), 1e-30)
        self.probability = max(self.probability, float(np.abs(exact - small).max(initial=0)))
        self.logprob = max(self.logprob, float(np.abs(np.log(ratio)).max(initial=0)))

    def follow(
        self,
        exact: Seq2Seq | LanguageModel,
        small: Seq2Seq | LanguageModel,
        memories: tuple[Memory | None, Memory | None],
        prefix: list[I32] | None,
        said: list[I32],
    ) -> None:
        """Both models along the same ids, one place after the other."""
        if not said:
            return
        longest = max(map(len, said))
        walks = [
            model.decoder.steps(memory, prefix=prefix, max_new_tokens=longest + 1)
            for model, memory in zip((exact, small), memories, strict=True)
        ]
        steps = [next(walk) for walk in walks]
        for place in range(longest + 1):
            going = np.array([len(row) >= place for row in said])
            self.add(*(np.exp(step.log_probs[going]) for step in steps))
            if place == longest:
                return
            ids = np.array([row[place] if len(row) > place else 0 for row in said], np.int32)
            steps = [walk.send(ids) for walk in walks]
