"""How ``fastseq run`` says what is generated: options of the command, and the search that they ask for."""

from __future__ import annotations

import argparse
from typing import Any

from fastseq.cli.common import count

_NUMBERS = (
    ("--temperature", float, "T", "divides logits before chance decides (0: the likeliest token)"),
    ("--top-k", count, "K", "only the k likeliest tokens"),
    ("--top-p", float, "P", "only the fewest likeliest tokens whose probability reaches p"),
    ("--min-p", float, "P", "only tokens at least p times as likely as the likeliest"),
    ("--typical-p", float, "P", "only the fewest tokens of nearly the mean surprise that reach p"),
    ("--seed", int, "N", "of the random numbers: the same seed, the same text"),
    ("--repetition-penalty", float, "X", "divides what speaks for tokens that came already"),
    ("--presence-penalty", float, "X", "subtracted from logits of tokens of the output"),
    ("--frequency-penalty", float, "X", "the same, for each time they came"),
    ("--no-repeat-ngram", count, "N", "no run of N tokens comes twice"),
    ("--num-return", count, "N", "outputs a text: the best of a beam, or samples"),
    ("--top-logprobs", count, "K", "with --json: the K likeliest tokens at each place"),
)


_TEXTS = ("stop", "choices", "regex", "json_schema", "prefix")


def add_search(parser: argparse.ArgumentParser) -> None:
    """The options of generation."""
    group = parser.add_argument_group("generation")
    group.add_argument("--beam-size", type=count, default=1, metavar="N", help="hypotheses at once (1)")
    group.add_argument("--max-new-tokens", type=count, metavar="N", help="longest output in tokens")
    group.add_argument(
        "--stop",
        action="append",
        metavar="TEXT",
        help="a text that ends an output; may be given several times",
    )
    group.add_argument(
        "--choice", action="append", metavar="TEXT", dest="choices", help="the output is one of these texts"
    )
    group.add_argument("--regex", metavar="R", help="the output matches this expression (needs llguidance)")
    group.add_argument(
        "--json-schema", metavar="S", help="the output is JSON of this schema (needs llguidance)"
    )
    group.add_argument("--prefix", metavar="TEXT", help="what outputs go on from, which is not repeated")
    for name, kind, shown, told in _NUMBERS:
        group.add_argument(name, type=kind, metavar=shown, help=told)


def search_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, as `generate` takes it."""
    names = [*_TEXTS, *(name.lstrip("-").replace("-", "_") for name, *_ in _NUMBERS)]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return {"max_new_tokens": options.max_new_tokens, "beam_size": options.beam_size, **given}


def refuse_search(options: argparse.Namespace, why: str) -> None:
    """Ends with status 2 where one of them was given."""
    for name, value in search_of(options).items():
        if value != options.parser.get_default(name):
            options.parser.error(f"--{name.replace('_', '-')}: {why}")
