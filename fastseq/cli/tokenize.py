"""``fastseq tokenize``: texts to ids, or a corpus to a tokenizer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from fastseq.cli.common import Commands, add_threads, command, count, file_lines

KINDS = ("bpe", "wordpiece", "unigram", "sentencepiece-bpe", "word", "char")  # of fastseq.text.training

EXAMPLES = """\
  fastseq tokenize tokenizer.json "Hello, world!"
  fastseq tokenize cl100k_base.tiktoken --file corpus.txt --count
  fastseq tokenize --out ids.npy --separator '<|endoftext|>' tokenizer.json books/*.txt
  fastseq tokenize --train corpus.txt --vocab-size 32000 --out tokenizer.json
  fastseq tokenize --train corpus.txt.gz --kind unigram --max-memory 2GB --out unigram.model
"""


def add(commands: Commands) -> None:
    parser = command(commands, "tokenize", "turn texts into ids, or train a tokenizer", EXAMPLES)
    parser.add_argument(
        "tokenizer", metavar="TOKENIZER", nargs="?", help="a file of one, or a folder with tokenizer.json"
    )
    parser.add_argument(
        "texts",
        metavar="TEXT",
        nargs="*",
        help="texts, with --out files; without any, lines of standard input",
    )
    parser.add_argument(
        "--file", action="append", default=[], metavar="FILE", help="texts a line; - for standard input"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--tokens", action="store_true", help="the tokens' texts, as JSON, instead of ids")
    shown.add_argument("--json", action="store_true", help="an object a line: text, ids, tokens, offsets")
    shown.add_argument("--count", action="store_true", help="only how many ids there are, at the end")
    parser.add_argument("--encoding", metavar="NAME", help="of a file of ranks: cl100k_base, o200k_base ...")
    parser.add_argument(
        "--pattern",
        help="how texts are cut: gpt2, llama3, o200k ..., or a regular expression (docs/tokenizers.md)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="ids of files go here, a name in .npy, offsets beside it; with --train: .json or .tiktoken",
    )
    parser.add_argument(
        "--separator",
        metavar="TEXT",
        help="what ends a text in the files of --out, \\n for lines (a file is a text)",
    )
    training = parser.add_argument_group("training")
    training.add_argument(
        "--train", nargs="+", metavar="FILE", help="train a tokenizer on the lines of files"
    )
    training.add_argument("--kind", choices=KINDS, help="what to train (bpe, of bytes)")
    training.add_argument("--vocab-size", type=count, metavar="N", help="tokens at most (32000)")
    training.add_argument("--min-frequency", type=count, metavar="N", help="leave out rarer pairs (1)")
    training.add_argument(
        "--special", action="append", default=[], metavar="TOKEN", help="a special token; may come again"
    )
    training.add_argument("--max-memory", metavar="BYTES", help="about what counting may take: 2GB")
    training.add_argument("--checkpoint", metavar="FOLDER", help="saved there now and then; goes on from it")
    add_threads(parser)
    parser.set_defaults(command=tokenize, parser=parser)


def tokenize(options: argparse.Namespace) -> int:
    if options.train:
        return _train(options)
    for name in ("vocab_size", "min_frequency", "special", "kind", "max_memory", "checkpoint"):
        if getattr(options, name):
            options.parser.error(f"--{name.replace('_', '-')}: only with --train")
    if options.tokenizer is None:
        options.parser.error("TOKENIZER is missing")
    import fastseq

    tokenizer = fastseq.Tokenizer.load(options.tokenizer, encoding=options.encoding, pattern=options.pattern)
    if options.out:
        return _write(tokenizer, options)
    if options.separator is not None:
        options.parser.error("--separator: only with --out")
    total = 0
    for texts in _read(options):
        if options.count:
            total += tokenizer.count(texts)
            continue
        for line in _lines(tokenizer, texts, options):
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    if options.count:
        print(total)
    return 0


def _write(tokenizer: Any, options: argparse.Namespace) -> int:
    """Files to ids in a file."""
    for name in ("tokens", "json", "count"):
        if getattr(options, name):
            options.parser.error(f"--{name}: not with --out")
    files = [*options.texts, *options.file]
    if not files:
        options.parser.error("--out: FILE is missing")
    separator = options.separator
    if separator is not None:
        separator = separator.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0")
    made = tokenizer.encode_files(
        files, out=options.out, separator=separator, threads=options.threads, progress=None
    )
    print(f"{options.out}: {len(made)} texts, {len(made.ids)} ids")
    return 0


def _read(options: argparse.Namespace) -> Iterator[list[str]]:
    if options.texts:
        yield options.texts
    for path in options.file or ([] if options.texts else ["-"]):
        yield from file_lines(path)


def _lines(tokenizer: Any, texts: list[str], options: argparse.Namespace) -> Iterator[str]:
    """A line a text."""
    if options.tokens:
        for text in texts:
            yield _json(tokenizer.tokenize(text))
    elif options.json:
        for text in texts:
            yield _json(
                {
                    "text": text,
                    "ids": tokenizer.encode(text),
                    "tokens": tokenizer.tokenize(text),
                    "offsets": tokenizer.offsets(text),
                }
            )
    else:
        for ids in tokenizer.encode_batch(texts, threads=options.threads):
            yield " ".join(map(str, ids.tolist()))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _train(options: argparse.Namespace) -> int:
    for name in ("file", "tokens", "json", "count", "encoding", "texts", "separator"):
        if getattr(options, name):
            options.parser.error(f"{name}: not with --train")
    if options.tokenizer is not None:
        options.parser.error("TOKENIZER: not with --train")
    if not options.out:
        options.parser.error("--out is missing")
    import fastseq
    from fastseq.text.training import check_name

    kind = options.kind or "bpe"
    if options.pattern and kind != "bpe":
        options.parser.error("--pattern: only with --kind bpe")
    more = {"pattern": options.pattern or "gpt2"} if kind == "bpe" else {}
    if kind == "word":
        more["split"] = "whitespace"  # which tokenizer.json can say
    if options.special:
        more["special_tokens"] = options.special
    check_name(options.out, kind)  # before hours of training
    made = fastseq.Tokenizer.train(
        kind=kind,
        files=options.train,
        vocab_size=options.vocab_size or 32_000,
        min_frequency=options.min_frequency or 1,
        max_memory=options.max_memory,
        checkpoint=options.checkpoint,
        threads=options.threads,
        progress=None,
        **more,
    )
    made.write(options.out)
    size = len(made.vocabulary) if kind in ("word", "char") else len(made)
    print(f"{options.out}: {size} tokens")
    return 0
