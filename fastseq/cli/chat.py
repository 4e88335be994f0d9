"""``fastseq run --chat``: questions to a language model, answers as they come."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from fastseq.cli.generation import search_of


def add_chat(parser: argparse.ArgumentParser) -> None:
    """The options of chats."""
    group = parser.add_argument_group("chat")
    group.add_argument(
        "--chat",
        nargs="*",
        metavar="TEXT",
        help="one conversation: TEXTs are what a user says, and answers come as they are made",
    )
    group.add_argument("--system", metavar="TEXT", help="with --chat: what the conversation begins with")


def chat(model: Any, options: argparse.Namespace, texts: Iterator[str]) -> None:
    """A conversation: what the user says from the arguments, a file, or the terminal."""
    messages = [{"role": "system", "content": options.system}] if options.system else []
    for text in texts:
        messages.append({"role": "user", "content": text})
        answer = show(model.stream(messages=messages, **search_of(options)))
        messages.append({"role": "assistant", "content": answer})


def show(pieces: Iterable[str]) -> str:
    """Writes pieces of a line as they come, and gives it."""
    told = []
    for piece in pieces:
        told.append(piece)
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    return "".join(told)


def asked() -> Iterator[str]:
    """Lines from the terminal, with a prompt on standard error."""
    while True:
        sys.stderr.write("> ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            return
        if line.strip():
            yield line.rstrip("\n")
