"""The ``fastseq`` command. A file a command; each has ``add(commands)``, which names the function to run.

Exit status: 0 done, 1 an error (one line on standard error), 2 wrong usage, 130 interrupted. When the reader
of standard output goes away, the command ends quietly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fastseq import __version__
from fastseq.cli import convert, info, run, tokenize, train
from fastseq.errors import FastseqError

COMMANDS = (run, tokenize, convert, info, train)
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="fastseq",
        description="Sequence models on the CPU: text in, text out.",
        epilog="fastseq COMMAND --help tells about a command.",
    )
    top.add_argument("--version", action="version", version=f"fastseq {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit would complain
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except (FastseqError, OSError, MemoryError, RecursionError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        print(f"fastseq: error: {told}", file=sys.stderr)
        return 1
