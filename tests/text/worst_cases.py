"""What the worst texts take beside as much prose not seen before, for each kind of tokenizer and normalizer.

    python -m tests.text.worst_cases [MEGABYTES]

prints for each kind what prose takes on one thread, and the text that takes longest with how many times that;
texts are of `texts`, ten megabytes of one thing in a row. Ends with status 1 where any takes more than 20
times as long as prose.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.text import pipeline_models as models
from tests.text import published, toy

LIMIT = 20.0
Work = Callable[[str], Any]


def texts(size: int) -> dict[str, str]:
    """Of about so many bytes each."""
    rng = random.Random(1)
    word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=size))
    units = {
        "a letter": "a",
        "spaces": " ",
        "digits": "7",
        "emoji": "\U0001f600",
        "marks": "\u0301",
        "marks in any order": "\u0301\u0316\u0327\u0338",
        "signs": "!",
        "U+2581": "\u2581",
        "an ideograph": "\u4e2d",
        "newlines": "\n",
        "a cluster": "a\u0301\u200d",
    }
    made = {name: unit * (size // len(unit.encode())) for name, unit in units.items()}
    return {**made, "one word": word, "two letters": "ab" * (size // 2)}


def tokenizers() -> Iterator[tuple[str, Work]]:
    """(name, from a text to its ids)."""
    import fastseq
    from fastseq._core import native
    from fastseq.text import CharTokenizer, Vocabulary, WordTokenizer, bpe, tokenizer_json
    from fastseq.text.sentencepiece import SentencePieceTokenizer
    from tests.text.sentencepiece_models import SETTINGS, train
    from tests.text.test_normalize_peer import ENTRIES

    def ids(tokenizer: Any) -> Work:
        return lambda text: tokenizer.encode_batch([text], threads=1)

    for name, path in published.rank_files().items():
        yield name, ids(fastseq.Tokenizer.load(path))
    for rule in native.SCAN_RULES:
        yield f"pattern {rule}", ids(bpe.from_ranks(toy.ranks_bytes(), rule, {}))
    for name, content in models.kinds().items():
        yield f"tokenizer.json: {name}", ids(tokenizer_json.from_json(content))
    for name, options in SETTINGS.items():
        made = SentencePieceTokenizer(native.SentencePieceEncoder(train(options)))
        yield f"SentencePiece: {name}", ids(made)
    vocabulary = Vocabulary(["<unk>", *sorted(set(toy.TEXT.split()) | set(toy.TEXT))], unknown="<unk>")
    for split in ("words", "whitespace", "space"):
        yield f"words: {split}", ids(WordTokenizer(vocabulary, lowercase=True, split=split))
    yield "characters", ids(CharTokenizer(vocabulary, lowercase=True))
    for name, entry in ENTRIES.items():
        if not name.startswith("Bert") or name == "Bert (True, True, True, True)":
            content = toy.tokenizer_json(normalizer=entry)
            yield f"normalizer {name}", ids(tokenizer_json.from_json(content))


def seconds(work: Work, text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def main() -> None:
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 10_000_000
    prose = published.prose(size)  # as much as there is, none of it twice
    worst = texts(size)
    slow = False
    for name, work in tokenizers():
        work(prose[:10_000])
        usual = seconds(work, prose) * size / len(prose.encode())
        times = {kind: seconds(work, text) for kind, text in worst.items()}
        kind = max(times, key=times.__getitem__)
        ratio = times[kind] / usual
        slow |= ratio > LIMIT
        print(f"{name}: prose {usual:.2f} s, {kind} {times[kind]:.2f} s, {ratio:.1f} times", flush=True)
    sys.exit(slow)


if __name__ == "__main__":
    main()
