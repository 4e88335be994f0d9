"""Characters alone, pairs of their classes and random ones, beside the libraries of each kind of tokenizer.

    python -m tests.text.exact_characters

tries every code point that text can have, alone and between letters; every pair of the characters of
`CLASSES`, alone and between letters; random characters; and random bytes, what is no UTF-8 in them replaced.
It stops at the first text whose ids differ, with the tokenizer. The peers' tests do a part of it.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from tests.text import pipeline_models as models

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
Ids = Callable[[list[str]], list[list[int]]]


def _classes() -> str:
    """Two characters of each general category in each length of UTF-8, and those with ways of their own."""
    found: dict[tuple[str, int], list[str]] = {}
    for code in CODES:
        c = chr(code)
        key = unicodedata.category(c), (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
        if key[0] not in ("Cn", "Co") and len(found.setdefault(key, [])) < 2:
            found[key].append(c)
    own = "'sSe \t\n\r\u00a0\u3000\u2581\u200b\u200d\ufe0f\u0301\u0327\u0338\u0345\u03a3\u03c2\u0130\u0131"
    own += "\u00df\ufb01\u00bd\u1100\u1161\u11a8\uac00\u4e00\u3042\u30fb\u0915\u094d\u0d4e\u0600"
    own += "\U0001f600\U0001f1e6\u212b\u037a\u2028\u0085\ufeff\ufffd"
    return "".join(dict.fromkeys([*own, *(c for some in found.values() for c in some)]))


CLASSES = _classes()


def every_character(step: int = 1) -> Iterator[str]:
    """Texts of each character, or of every `step`-th."""
    for code in CODES[::step]:
        yield chr(code)
        yield f"a{chr(code)}b {chr(code)}"


def every_pair(step: int = 1) -> Iterator[str]:
    """Texts of two characters of CLASSES, or of every `step`-th pair."""
    for a, b in itertools.islice(itertools.product(CLASSES, repeat=2), 0, None, step):
        yield a + b
        yield f"x{a}{b}y {b}"


def at_random(count: int, seed: int = 1) -> Iterator[str]:
    """Texts of characters of all planes, of those of CLASSES, and of bytes."""
    rng = random.Random(seed)
    for _ in range(count):
        yield "".join(map(chr, rng.choices(CODES, k=12)))
        yield "".join(rng.choices(CLASSES, k=24))
        yield rng.randbytes(40).decode("utf-8", "replace")


def kinds() -> Iterator[tuple[str, Ids, Ids]]:
    """(name, our ids of a batch, the library's) of each kind of tokenizer."""
    import sentencepiece
    import tokenizers

    from fastseq._core import native
    from fastseq.text import tokenizer_json
    from fastseq.text.sentencepiece import SentencePieceTokenizer
    from tests.text import toy
    from tests.text.sentencepiece_models import SETTINGS, train
    from tests.text.test_tokenizer_json import CUTS

    files = {f"tokenizer.json: {name}": content for name, content in models.kinds().items()}
    for name, cut in CUTS.items():
        files[f"tokenizer.json: byte-level, {name}"] = toy.tokenizer_json(pre_tokenizer=cut)
    for name, content in files.items():
        theirs, ours = tokenizers.Tokenizer.from_str(json.dumps(content)), tokenizer_json.from_json(content)
        yield (
            name,
            _ours(ours),
            lambda texts, of=theirs: [
                one.ids for one in of.encode_batch_fast(texts, add_special_tokens=False)
            ],
        )
    for name, options in SETTINGS.items():
        model = train(options)
        mine = SentencePieceTokenizer(native.SentencePieceEncoder(model))
        peer = sentencepiece.SentencePieceProcessor(model_proto=model)
        yield f"SentencePiece: {name}", _ours(mine), peer.encode


def _ours(tokenizer: Any) -> Ids:
    def ids(texts: list[str]) -> list[list[int]]:
        batch = tokenizer.encode_batch(texts, add_special_tokens=False, allowed_special="all")
        made: list[list[int]] = batch.tolist()
        return made

    return ids


def first_difference(ours: Ids, theirs: Ids, texts: Iterator[str]) -> tuple[int, str | None]:
    """(how many texts were tried, the first whose ids differ)."""
    tried = 0
    while some := list(itertools.islice(texts, 50_000)):
        for text, mine, wanted in zip(some, ours(some), theirs(some), strict=True):
            if mine != wanted:
                return tried, text
        tried += len(some)
    return tried, None


def main() -> None:
    for name, ours, theirs in kinds():
        begun = time.perf_counter()
        texts = itertools.chain(every_character(), every_pair(), at_random(20_000))
        tried, different = first_difference(ours, theirs, texts)
        if different is not None:
            sys.exit(f"{name}: {different!a} differs")
        print(f"{name}: {tried:,} texts the same ({time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
