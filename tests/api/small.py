"""Small models with random weights, one of each task, for tests of the face, the formats and the command."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastseq.models import Classifier, Generation, LanguageModel, Seq2Seq
from fastseq.models.spec import ModelSpec, tensor_shapes
from fastseq.text import CharTokenizer, Tokenizer, Vocabulary, WordTokenizer

LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghij '"]
SOUNDS = ["<pad>", "<unk>", "<s>", "</s>", "A", "B", "C", "D", "E"]
WORDS = ["<unk>", "</s>", "good", "bad", "dull", "film", "book", "a", "the"]


def seq2seq_spec(attention: str | None = "general", cell: str = "lstm", **more: Any) -> ModelSpec:
    encoder = [
        {"block": "embedding", "weights": "encoder.embedding", "vocabulary": len(LETTERS), "width": 6},
        {
            "block": "rnn",
            "weights": "encoder.rnn",
            "cell": cell,
            "input": 6,
            "hidden": 5,
            "bidirectional": True,
        },
    ]
    decoder: list[dict[str, Any]] = [
        {"block": "bridge", "kind": "concat"},
        {"block": "embedding", "weights": "decoder.embedding", "vocabulary": len(SOUNDS), "width": 4},
        {"block": "rnn", "weights": "decoder.rnn", "cell": cell, "input": 4, "hidden": 10},
    ]
    if attention:
        inner = {"inner": 7} if attention == "additive" else {}
        block = {"block": "attention", "weights": "decoder.attention", "score": attention, **inner}
        decoder.append({**block, "query": 10, "memory": 10, "output": 8})
    width = 8 if attention else 10
    decoder.append({"block": "linear", "weights": "decoder.head", "input": width, "output": len(SOUNDS)})
    generation = {"start": "<s>", "stop": ["</s>"], "max_new_tokens": 9}
    return ModelSpec.from_dict(
        {"fastseq": 1, "task": "seq2seq", "name": "small", "encoder": encoder, "decoder": decoder,
         "generation": generation, **more}
    )  # fmt: skip


def language_spec(start: str | None = "</s>") -> ModelSpec:
    count = len(WORDS)
    decoder = [
        {"block": "embedding", "weights": "embedding", "vocabulary": count, "width": 6},
        {"block": "rnn", "weights": "rnn", "cell": "gru", "input": 6, "hidden": 7, "layers": 2},
        {"block": "linear", "weights": "head", "input": 7, "output": count},
    ]
    generation = {"stop": ["</s>"], "max_new_tokens": 6, **({"start": start} if start else {})}
    return ModelSpec.from_dict(
        {"fastseq": 1, "task": "language_model", "decoder": decoder, "generation": generation}
    )


def classifier_spec(pool: str = "mean", empty: str | None = None) -> ModelSpec:
    encoder = [
        {"block": "embedding", "weights": "embedding", "vocabulary": len(WORDS), "width": 6},
        {"block": "rnn", "weights": "rnn", "cell": "gru", "input": 6, "hidden": 5, "bidirectional": True},
        {"block": "pool", "kind": pool},
        {"block": "linear", "weights": "head", "input": 10, "output": 3},
    ]
    more = {"empty": empty} if empty else {}
    values = {
        "fastseq": 1,
        "task": "classifier",
        "encoder": encoder,
        "labels": ["no", "so-so", "yes"],
        **more,
    }
    return ModelSpec.from_dict(values)


def weights_of(spec: ModelSpec, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.6, shape).astype(np.float32) for name, shape in tensor_shapes(spec).items()}


def letters() -> CharTokenizer:
    vocabulary = Vocabulary(LETTERS, unknown="<unk>", specials=LETTERS[:3])
    return CharTokenizer(vocabulary, lowercase=True, append=["</s>"])


def sounds() -> WordTokenizer:
    return WordTokenizer(Vocabulary(SOUNDS, unknown="<unk>", specials=SOUNDS[:4]), split="space")


def words() -> WordTokenizer:
    return WordTokenizer(Vocabulary(WORDS, unknown="<unk>", specials=WORDS[:2]), lowercase=True)


def seq2seq(seed: int = 1, spec: ModelSpec | None = None, **options: Any) -> Seq2Seq:
    spec = spec or seq2seq_spec()
    tokenizers = {"tokenizer": letters(), "target_tokenizer": sounds()}
    return Seq2Seq(spec, weights_of(spec, seed), **{**tokenizers, **options})


def language_model(seed: int = 1, start: str | None = "</s>", **options: Any) -> LanguageModel:
    spec = language_spec(start)
    return LanguageModel(spec, weights_of(spec, seed), **{"tokenizer": words(), **options})


def classifier(seed: int = 1, spec: ModelSpec | None = None, **options: Any) -> Classifier:
    spec = spec or classifier_spec()
    return Classifier(spec, weights_of(spec, seed), **{"tokenizer": words(), **options})


def model_of_attention(seed: int = 3, **options: Any) -> LanguageModel:
    """A language model of one layer of self-attention, which never stops by itself."""
    count, width = len(WORDS), 8
    before: dict[str, Any] = {"residual": True, "norm": "rms", "norm_place": "before", "width": width}
    decoder = [
        {"block": "embedding", "weights": "embedding", "vocabulary": count, "width": width},
        {"block": "self_attention", "weights": "a", "heads": 2, "causal": True, "rotary": 4, **before},
        {"block": "feed_forward", "weights": "f", "inner": 12, **before},
        {"block": "linear", "weights": "head", "input": width, "output": count},
    ]
    spec = ModelSpec.from_dict(
        {
            "fastseq": 1,
            "task": "language_model",
            "decoder": decoder,
            "generation": {"start": "</s>", "stop": ["</s>"], "never": ["</s>"], "max_new_tokens": 6},
        }
    )
    return LanguageModel(spec, weights_of(spec, seed), **{"tokenizer": words(), **options})


CHAT = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|model|>' }}{% endif %}"
)


def byte_model(seed: int = 1) -> LanguageModel:
    """A language model over bytes and a few merges of them, with a chat template."""
    corpus = ["the good film was a bad book", "yes no maybe not", "so and so, and 12 or 345"] * 5
    special = ["<|end|>", "<|user|>", "<|model|>"]
    tokenizer = Tokenizer.train(corpus, kind="bpe", vocab_size=300, special_tokens=special)
    decoder = [
        {"block": "embedding", "weights": "embedding", "vocabulary": len(tokenizer), "width": 6},
        {"block": "rnn", "weights": "rnn", "cell": "gru", "input": 6, "hidden": 7},
        {"block": "linear", "weights": "head", "input": 7, "output": len(tokenizer)},
    ]
    spec = ModelSpec.from_dict(
        {
            "fastseq": 1,
            "task": "language_model",
            "decoder": decoder,
            "generation": {"stop": ["<|end|>"], "max_new_tokens": 30},
            "chat_template": CHAT,
        }
    )
    return LanguageModel(spec, weights_of(spec, seed), tokenizer=tokenizer)


def same(mine: Generation, theirs: Generation) -> bool:
    """Whether two results are, to the last bit."""
    return (
        mine.text == theirs.text
        and mine.ids.tobytes() == theirs.ids.tobytes()
        and mine.token_logprobs.tobytes() == theirs.token_logprobs.tobytes()
        and mine.score == theirs.score
        and mine.finish_reason == theirs.finish_reason
    )
