"""Texts to ids: byte-level BPE of published vocabularies, against the fastest packages with the same ids.

    python -m bench.tokenize [--threads N] [--smoke]

Documents of 16 KB. "unseen": text after 4 MB of the same kind, never met before; "seen": the same again. Each
side goes its fastest way from text in memory to ids. Ids are compared first.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import harness
from fastseq import Tokenizer
from fastseq.text.tiktoken_file import ENCODINGS
from tests.text import published

DOCUMENT = 16_384
WARM, FRESH = 4_000_000, 1_000_000
ROUNDS = 5
GIGATOKEN = {"cl100k_base": "gpt4", "o200k_base": "o200k", "gpt2": "gpt2"}

Encode = Callable[[list[str]], Any]


def gigatoken_side(name: str, path: str) -> Encode:
    from gigatoken.gigatoken_rs import BPETokenizer

    tokenizer = BPETokenizer.from_tiktoken(path, GIGATOKEN[name], {})
    return lambda texts: [tokenizer.encode(text) for text in texts]


def fastokens_side(name: str, path: str) -> Encode:
    import fastokens

    if name == "gpt2":  # its quick way is that of a tokenizer.json
        tokenizer = fastokens.Tokenizer.from_json_str(gpt2_json(path))
    else:
        tokenizer = fastokens.Tokenizer.from_tiktoken(path, encoding=name)

    def encode(texts: list[str]) -> list[Any]:
        ids, _ = tokenizer.encode_batch_flat(texts)
        return [np.frombuffer(ids, np.uint32)]

    return encode


@functools.cache
def gpt2_json(path: str) -> str:
    return published.tokenizer_json_of(published.read_ranks(Path(path)))


def sides(name: str, path: str, threads: int) -> dict[str, Callable[[], Encode]]:
    """Makers of each side, so that every round may begin with empty caches."""

    def ours() -> Encode:
        tokenizer = Tokenizer.load(path, encoding=name)
        return lambda texts: tokenizer.encode_batch(texts, threads=threads)

    found: dict[str, Callable[[], Encode]] = {"fastseq": ours}
    for peer, make in (("gigatoken", gigatoken_side), ("fastokens", fastokens_side)):
        found[peer] = lambda make=make: make(name, path)
    return found


def documents(text: str) -> list[str]:
    return [text[i : i + DOCUMENT] for i in range(0, len(text), DOCUMENT)]


def flat(result: Any) -> Any:
    return (
        result.ids
        if hasattr(result, "offsets")
        else np.concatenate([np.asarray(ids, np.int32) for ids in result])
    )


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measured(
    made: dict[str, Callable[[], Encode]], warm: list[str], fresh: list[str], rounds: int
) -> tuple[harness.Timings, harness.Timings]:
    """(unseen, seen); a round of unseen text begins with a new tokenizer and the warm-up."""
    unseen: dict[str, list[float]] = {side: [] for side in made}
    seen: dict[str, list[float]] = {side: [] for side in made}
    want = None
    for turn in range(rounds):
        names = list(made)
        for side in names[turn % len(names) :] + names[: turn % len(names)]:
            encode = made[side]()
            encode(warm)
            unseen[side].append(seconds(lambda encode=encode: encode(fresh)))
            seen[side].append(
                statistics.median(seconds(lambda encode=encode: encode(fresh)) for _ in range(3))
            )
            if turn == 0:
                ids = flat(encode(fresh))
                want = ids if want is None else want
                assert np.array_equal(ids, want), side
    return harness.Timings(unseen), harness.Timings(seen)


def run(options: harness.Options) -> Iterator[harness.Table]:
    files = published.rank_files()
    warm, fresh = (20_000, 20_000) if options.smoke else (WARM, FRESH)
    texts = {kind: make(warm + fresh) for kind, make in published.TEXTS.items()}
    kinds = ("unseen", "seen")
    tables = [harness.Table(f"{kind} text to ids", rate="MB/s") for kind in kinds]
    for name in ("cl100k_base", "o200k_base", "gpt2"):
        for kind, text in texts.items():
            made = sides(name, str(files[name]), options.threads)
            last = documents(text[-fresh:])
            times = measured(made, documents(text[:-fresh]), last, 1 if options.smoke else ROUNDS)
            work = sum(len(part.encode()) for part in last) / 1e6
            for table, timings in zip(tables, times, strict=True):
                table.add(f"{name}, {kind}", timings, work=work)
    yield from tables
    yield short_texts(options, files, texts)
    yield decoding(options, files, texts)
    yield worst_cases(options, files, texts["prose"])
    if options.threads > 1:
        yield threads_together(options, files, texts)


def short_texts(options: harness.Options, files: Any, texts: dict[str, str]) -> harness.Table:
    """One text of 100 bytes a call."""
    import tiktoken  # noqa: F401  its encoding is made by `published`

    table = harness.Table("a text of 100 bytes", rate="texts/s")
    path = str(files["cl100k_base"])
    ours = Tokenizer.load(path)
    theirs = published.tiktoken_of(
        "cl100k_base", files["cl100k_base"], ENCODINGS["cl100k_base"].special_tokens
    )
    giga = gigatoken_side("cl100k_base", path)
    fast = fastokens_side("cl100k_base", path)
    for kind, text in texts.items():
        short = text[:4000].encode()[:100].decode("utf-8", "ignore")
        calls = {
            "fastseq": lambda short=short: ours.encode(short),
            "tiktoken": lambda short=short: theirs.encode_ordinary(short),
            "gigatoken": lambda short=short: giga([short]),
            "fastokens": lambda short=short: fast([short]),
        }
        table.add(kind, harness.compare(calls, options=options))
    return table


def decoding(options: harness.Options, files: Any, texts: dict[str, str]) -> harness.Table:
    """The text of the ids of 100 kB; each side has them as it made them."""
    table = harness.Table("ids to text, cl100k_base", rate="MB/s")
    ours = Tokenizer.load(files["cl100k_base"])
    special = ENCODINGS["cl100k_base"].special_tokens
    theirs = published.tiktoken_of("cl100k_base", files["cl100k_base"], special)
    for kind, text in texts.items():
        ids, plain = ours.encode_batch([text[:100_000]]).ids, theirs.encode_ordinary(text[:100_000])
        calls = {
            "fastseq": lambda ids=ids: ours.decode(ids),
            "tiktoken": lambda ids=plain: theirs.decode(ids),
        }
        times = harness.compare(calls, same=same_text, options=options)
        table.add(kind, times, work=len(text[:100_000].encode()) / 1e6)
    return table


def same_text(ours: str, theirs: str) -> None:
    assert ours == theirs


def threads_together(options: harness.Options, files: Any, texts: dict[str, str]) -> harness.Table:
    """The same tokenizer with all threads and with one, on text seen before."""
    table = harness.Table("threads: seen text to ids, cl100k_base", rate="MB/s")
    ours = Tokenizer.load(files["cl100k_base"])
    for kind, text in texts.items():
        all_of_it = documents(text)
        calls = {
            "fastseq": lambda texts=all_of_it: ours.encode_batch(texts, threads=options.threads),
            "one thread": lambda texts=all_of_it: ours.encode_batch(texts, threads=1),
        }
        table.add(kind, harness.compare(calls, options=options), work=len(text.encode()) / 1e6)
    long = texts["prose"] * (1 if options.smoke else 4)
    calls = {
        "fastseq": lambda: ours.encode_batch([long], threads=options.threads),
        "one thread": lambda: ours.encode_batch([long], threads=1),
    }
    table.add("one text of 20 MB", harness.compare(calls, options=options), work=len(long.encode()) / 1e6)
    return table


def worst_cases(options: harness.Options, files: Any, prose: str) -> harness.Table:
    """Megabytes of one thing, beside as many of prose."""
    table = harness.Table("a megabyte of one thing, cl100k_base", rate="MB/s")
    ours = Tokenizer.load(files["cl100k_base"])
    size = 20_000 if options.smoke else 1_000_000
    whole = {"prose": prose[:size]}
    for label, unit in {"a": "a", "spaces": " ", "digits": "7", "emoji": "😀", "marks": "\u0301"}.items():
        whole[f"{label}, repeated"] = unit * (size // len(unit.encode()))
    for label, text in whole.items():
        times = harness.compare({"fastseq": lambda text=text: ours.encode_batch([text])}, options=options)
        table.add(label, times, work=len(text.encode()) / 1e6)
    return table


if __name__ == "__main__":
    harness.main(run, __doc__)
