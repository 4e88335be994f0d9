"""What several commands share: arguments, reading texts, examples under ``--help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from fastseq.errors import ArgumentError, FormatError

DTYPES = ("float32", "bfloat16", "int8", "int4")
LINE_BYTES_MAX = 2**28
_BLOCK = 1 << 16

Commands = Any  # argparse's own type of subparsers is private


def command(commands: Commands, name: str, does: str, examples: str, **more: Any) -> argparse.ArgumentParser:
    """A command's parser, with examples below its options."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=does[0].upper() + does[1:] + ".",
        epilog="examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **more,
    )
    return made


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads", type=count, metavar="N", help="threads to use (default: all that may be used)"
    )


def count(text: str) -> int:
    """A whole number from 1, for argparse."""
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return number


def file_lines(path: str) -> Iterator[list[str]]:
    """Lines of a file, or of standard input for ``-``, in groups as they become available, without line ends.

    From a pipe or terminal a group is what has arrived, so a line typed is a line answered.
    """
    if path == "-":
        yield from _lines(sys.stdin.buffer, "standard input")
        return
    try:
        with open(path, "rb") as file:
            yield from _lines(file, path)
    except OSError as error:
        raise ArgumentError("cannot be read", where=path, found=error.strerror or str(error)) from None


def _lines(file: BinaryIO, name: str) -> Iterator[list[str]]:
    number, rest = 1, b""
    while block := _arrived(file):
        *whole, rest = (rest + block).split(b"\n") if b"\n" in block else [rest + block]
        if len(rest) > LINE_BYTES_MAX:
            raise FormatError(
                "a line is too long", where=f"{name}, line {number}", expected=f"{LINE_BYTES_MAX} bytes"
            )
        if whole:
            yield [_text(line, name, number + i) for i, line in enumerate(whole)]
            number += len(whole)
    if rest:
        yield [_text(rest, name, number)]


def _arrived(file: BinaryIO) -> bytes:
    """Some bytes, waiting only while there are none."""
    read_some = getattr(file, "read1", None)
    return read_some(_BLOCK) if read_some else file.read(_BLOCK)


def _text(line: bytes, name: str, number: int) -> str:
    try:
        return line.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"{name}, line {number}, byte {error.start}"
        raise FormatError("not UTF-8", where=place, expected="text in UTF-8") from None


def texts_of(paths: list[str]) -> list[str]:
    """All lines of files."""
    return [line for path in paths for group in file_lines(path) for line in group]


def peak_memory() -> int | None:
    """Most bytes of memory this process has held, where the system tells."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
