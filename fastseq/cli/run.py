"""``fastseq run``: texts through a model."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from fastseq.cli.chat import add_chat, asked, chat, show
from fastseq.cli.common import DTYPES, Commands, add_threads, command, count, file_lines, peak_memory
from fastseq.cli.generation import add_search, refuse_search, search_of

EXAMPLES = """\
  fastseq run phonemes-en "sequence models at full speed"
  fastseq run phonemes-en --file words.txt --stats > phonemes.txt
  generate | fastseq run my-classifier --json
  fastseq run SmolLM2-135M-Instruct.Q4_1.gguf --chat "Explain rain to a child." --temperature 0.7
"""


def add(commands: Commands) -> None:
    parser = command(commands, "run", "run texts through a model, one result a line", EXAMPLES)
    parser.add_argument(
        "model", metavar="MODEL", help="a folder, a file, a bundled model's name, or a hub id"
    )
    parser.add_argument(
        "texts", metavar="TEXT", nargs="*", help="texts; without any, lines of standard input"
    )
    parser.add_argument(
        "--file", action="append", default=[], metavar="FILE", help="texts a line; - for standard input"
    )
    parser.add_argument("--json", action="store_true", help="an object a line: input, output, scores")
    parser.add_argument(
        "--stats", action="store_true", help="times, rates and sizes on standard error at the end"
    )
    parser.add_argument("--dtype", choices=DTYPES, help="precision to run in (default: as stored)")
    parser.add_argument(
        "--no-repack", action="store_true", help="read weights in blocks as they lie: less memory, slower"
    )
    parser.add_argument(
        "--cache-dtype",
        choices=("float32", "float16", "int8"),
        default="float32",
        help="how keys and values of tokens so far are kept (float32)",
    )
    parser.add_argument(
        "--html", action="store_true", help="translate HTML: files and standard input as a whole, tags kept"
    )
    parser.add_argument(
        "--batch", type=count, default=1024, metavar="N", help="texts run at once at most (1024)"
    )
    parser.add_argument("--spec", metavar="FILE", help="what a PyTorch checkpoint holds (docs/formats.md)")
    add_threads(parser)
    add_search(parser)
    add_chat(parser)
    parser.set_defaults(command=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    import fastseq
    from fastseq.progress import progress_bar

    begun = time.perf_counter()
    model: Any = fastseq.load(
        options.model,
        dtype=options.dtype,
        threads=options.threads,
        spec=options.spec,
        repack=not options.no_repack,
        cache_dtype=options.cache_dtype,
    )
    if model.task == "classifier":
        refuse_search(options, "a classifier generates nothing")
    if options.html and not _translates(model):
        options.parser.error("--html: the model translates no documents")
    if options.chat is not None:
        options.texts += options.chat
        return _chat(model, options)
    stats = _Stats(time.perf_counter() - begun)
    looking = None if not sys.stdout.isatty() else False  # a bar between results would be no help
    with model, progress_bar(looking, unit="text") as done:
        for texts in _groups(options):
            if len(texts) == 1 and _streams(model, options):
                show(model.stream(texts[0], **search_of(options)))
                done(1)
                continue
            for line in _results(model, texts, options, stats):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
            done(len(texts))
        if options.stats:
            stats.show(model, options)
    return 0


def _streams(model: Any, options: argparse.Namespace) -> bool:
    """Whether an output is written while it is made: one text alone, as text."""
    plain = not (options.json or options.stats or options.num_return or options.top_logprobs)
    return model.task == "language_model" and plain and options.beam_size == 1


def _chat(model: Any, options: argparse.Namespace) -> int:
    if model.task != "language_model" or not model.spec.chat_template:
        options.parser.error("--chat: the model has no chat template")
    if options.json or options.beam_size > 1 or options.num_return:
        options.parser.error("--chat: one answer at a time, as text")
    terminal = not options.texts and not options.file and sys.stdin.isatty()
    with model:
        chat(model, options, asked() if terminal else (text for group in _read(options) for text in group))
    return 0


def _groups(options: argparse.Namespace) -> Iterator[list[str]]:
    """The texts, as many at a time as there are and as may be run at once."""
    for group in _read(options):
        for start in range(0, len(group), options.batch):
            yield group[start : start + options.batch]


def _read(options: argparse.Namespace) -> Iterator[list[str]]:
    if options.texts:
        yield options.texts
    for path in options.file or ([] if options.texts else ["-"]):
        if options.html:
            yield ["\n".join(line for group in file_lines(path) for line in group)]
        else:
            yield from file_lines(path)


def _translates(model: Any) -> bool:
    return model.task == "seq2seq" and model.spec.translation is not None


def _results(model: Any, texts: list[str], options: argparse.Namespace, stats: _Stats) -> list[str]:
    """A line a text."""
    begun = time.perf_counter()
    if _translates(model):
        lines = _translated(model, texts, options)
    elif model.task == "classifier":
        lines = _classified(model, texts, options)
    else:
        lines = _generated(model, texts, options, stats)
    stats.texts += len(texts)
    stats.seconds += time.perf_counter() - begun
    return lines


def _classified(model: Any, texts: list[str], options: argparse.Namespace) -> list[str]:
    rows = model.predict_proba(texts)
    labels = [model.labels[index] for index in rows.argmax(1).tolist()]
    if not options.json:
        return labels
    return [
        _json({"text": text, "label": label, "probabilities": dict(zip(model.labels, row, strict=True))})
        for text, label, row in zip(texts, labels, rows.tolist(), strict=True)
    ]


def _translated(model: Any, texts: list[str], options: argparse.Namespace) -> list[str]:
    """No sentence goes past the end of a line, so lines of a document may go one by one."""
    search = search_of(options)
    if options.html:
        outputs = model.translate(texts, html=True, **search)
        lines = [{"text": text, "output": output} for text, output in zip(texts, outputs, strict=True)]
        return [_json(line) for line in lines] if options.json else outputs
    results = model.translate(texts, details=True, **search)
    if not options.json:
        return [result.text for result in results]
    return [
        _json(
            {
                "text": text,
                "output": result.text,
                "score": result.score,
                "finish_reason": result.finish_reason,
                "sentences": [[*pair.source, *pair.target] for pair in result.sentences],
            }
        )
        for text, result in zip(texts, results, strict=True)
    ]


def _generated(model: Any, texts: list[str], options: argparse.Namespace, stats: _Stats) -> list[str]:
    """A line an output; where a text has several, they follow one another."""
    search = search_of(options)
    if not options.json and not options.stats:
        outputs = model(texts, **search)
        return [line for output in outputs for line in ([output] if isinstance(output, str) else output)]
    results = model.generate(texts, **search)
    each = [result if isinstance(result, list) else [result] for result in results]
    stats.tokens += sum(len(one.ids) for several in each for one in several)
    if not options.json:
        return [one.text for several in each for one in several]
    return [
        _json({"text": text, **_told(one)})
        for text, several in zip(texts, each, strict=True)
        for one in several
    ]


def _told(result: Any) -> dict[str, Any]:
    """What --json says of an output."""
    told = {
        "output": result.text,
        "score": result.score,
        "finish_reason": result.finish_reason,
        "ids": result.ids.tolist(),
        "token_logprobs": [round(value, 6) for value in result.token_logprobs.tolist()],
    }
    if result.top_logprobs is not None:
        rows = zip(result.top_logprobs.ids.tolist(), result.top_logprobs.logprobs.tolist(), strict=True)
        told["top_logprobs"] = [
            {str(id): round(value, 6) for id, value in zip(ids, values, strict=True) if id >= 0}
            for ids, values in rows
        ]
    return told


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)


class _Stats:
    """What ``--stats`` tells."""

    def __init__(self, load_seconds: float) -> None:
        self.load_seconds, self.seconds = load_seconds, 0.0
        self.texts = self.tokens = 0

    def show(self, model: Any, options: argparse.Namespace) -> None:
        from fastseq._core import native

        seconds = max(self.seconds, 1e-9)
        weights = model.info.weight_bytes / 2**20
        rows = [
            ("model", f"{model.spec.name or options.model}, {model.dtype}, {weights:.1f} MiB"),
            ("loaded in", f"{self.load_seconds * 1000:.1f} ms"),
            ("texts", f"{self.texts} in {self.seconds * 1000:.1f} ms, {self.texts / seconds:.0f} a second"),
            ("threads", f"{options.threads or native.get_num_threads()}, {native.isa_chosen()}"),
        ]
        if self.tokens:
            rows.insert(3, ("tokens", f"{self.tokens} generated, {self.tokens / seconds:.0f} a second"))
        peak = peak_memory()
        if peak is not None:
            rows.append(("memory", f"{peak / 2**20:.0f} MiB at most"))
        for name, value in rows:
            print(f"{name:<10} {value}", file=sys.stderr)
