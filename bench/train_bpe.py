"""Training byte-level BPE on a file, against the fastest trainers whose merges are exact.

    python -m bench.train_bpe [--threads N] [--smoke] [--megabytes 80] [--file CORPUS]

Without --file the corpus is made of the sources and documents that this Python installation carries. Lines
with their ends are the texts. Tokens are compared first, in order. "memory" is what a process of its own
holds at most, of which about 40 MB are Python and NumPy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from bench import harness
from fastseq import Tokenizer
from fastseq.text import patterns
from fastseq.text.bpe_training import Alphabet
from fastseq.text.byte_letters import BYTE_OF

ENDINGS = {".py", ".pyi", ".txt", ".md", ".rst", ".h", ".html"}
ROUNDS = 3

Tokens = list[bytes]
# Not resource.getrusage: what it tells is inherited from the process that started this one.
MEMORY = """
import re, sys
from pathlib import Path
from bench import train_bpe
train_bpe.SIDES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
found = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())
print(int(found[1]) // 1024)
"""


def write_corpus(path: Path, size: int) -> None:
    """About `size` bytes of UTF-8 from this installation."""
    with open(path, "wb") as out:
        for found in sorted(Path(sysconfig.get_path("stdlib")).rglob("*")):
            if found.suffix not in ENDINGS or not found.is_file():
                continue
            data = found.read_bytes()
            try:
                data.decode()
            except UnicodeDecodeError:
                continue
            out.write(data.replace(b"\r\n", b"\n") + b"\n")
            if out.tell() > size:
                return


def spelled(tokens: Iterable[str]) -> Tokens:
    """Tokens as tokenizer.json spells them -> bytes."""
    return [bytes(BYTE_OF[letter] for letter in token) for token in tokens]


def ours(path: Path, size: int, pattern: str, threads: int) -> Tokens:
    made = Tokenizer.train(
        files=path, vocab_size=size, pattern=pattern, threads=threads, alphabet=ALPHABETS[pattern]
    )
    return spelled(made.vocab)


def gigabpe_side(path: Path, size: int, pattern: str, threads: int) -> Tokens:
    import gigabpe

    vocab, _ = gigabpe.train_bpe(
        [str(path)], size, special_tokens=[], pretokenizer="bytelevel", threads=threads
    )
    return spelled(sorted(vocab, key=vocab.__getitem__))


def flashbpe_side(path: Path, size: int, pattern: str, threads: int) -> Tokens:
    import flashbpe

    tokenizer = flashbpe.Tokenizer()
    with open(path, encoding="utf-8", newline="\n") as lines:
        tokenizer.train_from_iterator(lines, size, pattern=patterns.LLAMA3)
    return [bytes(token) for token, _ in tokenizer.get_mergeable_ranks()]


def tokenizers_side(path: Path, size: int, pattern: str, threads: int) -> Tokens:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    whole = pattern == "gpt2"
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=whole)
    split = [] if whole else [pre_tokenizers.Split(Regex(patterns.LLAMA3), "isolated")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*split, byte_level])
    alphabet = pre_tokenizers.ByteLevel.alphabet() if ALPHABETS[pattern] == "bytes" else []
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train([str(path)], trainer)
    vocab = tokenizer.get_vocab()
    return spelled(sorted(vocab, key=vocab.__getitem__))


Side = Callable[[Path, int, str, int], Any]
SIDES: dict[str, Side] = {
    "fastseq": ours,
    "gigabpe": gigabpe_side,
    "flashbpe": flashbpe_side,
    "tokenizers": tokenizers_side,
}
ALPHABETS: dict[str, Alphabet] = {"gpt2": "seen", "llama3": "bytes"}  # as gigabpe and flashbpe have them
PEERS = {"gpt2": ("gigabpe", "tokenizers"), "llama3": ("flashbpe", "tokenizers")}


def memory(side: str, path: Path, size: int, pattern: str, threads: int) -> str:
    """Megabytes that a process of its own holds at most, where Linux tells."""
    if not Path("/proc/self/status").exists():
        return "-"
    command = [sys.executable, "-c", MEMORY, side, str(path), str(size), pattern, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=harness.ROOT)
    return f"{int(done.stdout)} MB"


def run(options: harness.Options) -> Iterator[harness.Table]:
    import os

    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    size = 1_000 if options.smoke else 32_000
    table = harness.Table(f"byte-level BPE, {size} tokens", rate="MB/s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.extra.file or Path(folder, "corpus.txt"))
        if not options.extra.file:
            write_corpus(path, 200_000 if options.smoke else options.extra.megabytes * 1_000_000)
        for pattern, peers in PEERS.items():
            wanted = ours(path, size, pattern, options.threads)
            for peer in peers:
                theirs = SIDES[peer](path, size, pattern, options.threads)
                assert theirs == wanted, peer
            calls = {
                side: lambda side=side, pattern=pattern: SIDES[side](path, size, pattern, options.threads)
                for side in ("fastseq", *peers)
            }
            times = harness.compare(calls, options=options, rounds=1 if options.smoke else ROUNDS)
            facts = {f"{side} memory": memory(side, path, size, pattern, options.threads) for side in calls}
            table.add(pattern, times, work=path.stat().st_size / 1e6, **facts)
        yield table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--megabytes", type=int, default=80, help="size of the corpus (80)")
    parser.add_argument("--file", help="a corpus of one's own")


if __name__ == "__main__":
    harness.main(run, __doc__, arguments)
