"""Training beyond memory, interrupted and killed, beside a run that was left alone: all files must be equal.

    python -m tests.text.training_at_scale FILE... [--gigabytes 2] [--max-memory 150MB] [--vocab-size 32000]

makes a corpus of the files' lines, one word in 32 of which has random letters at its end, so that its
different pieces do not fit; trains with `fastseq tokenize --train` without bounds, within them, and with a
checkpoint each 5 seconds: behind the first one stopped by SIGINT and gone on with, and the same by SIGKILL.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ENDINGS = 1 << 22
BLOCK = 1 << 22  # characters

# the command, which saves more often and tells its memory: wait4 would tell its parent's where that was more
COMMAND = """
import atexit, sys
from fastseq.cli import main
from fastseq.text import counting

counting.SAVE_SECONDS = 5.0
count = counting.Counting.count
def most():
    [found] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return f"{int(found) / 1024:.0f} MB at most"
def told(self, *arguments):
    count(self, *arguments)
    print(f"  counted: {most()}, runs written away: {len(self._runs)}", flush=True)
counting.Counting.count = told
atexit.register(lambda: print(f"  in all: {most()}", flush=True))
sys.exit(main(sys.argv[1:]))
"""


def make_corpus(files: Iterable[Path], size: int, made: Path) -> None:
    rng = random.Random(1)
    letters = string.ascii_lowercase
    endings = ["".join(rng.choices(letters, k=5)) for _ in range(ENDINGS)]
    with open(made, "w", encoding="utf-8") as out:
        for path in itertools.cycle(list(files)):
            with open(path, encoding="utf-8", errors="ignore") as source:
                while block := source.read(BLOCK):
                    words = block.split(" ")
                    words[::32] = [word + rng.choice(endings) for word in words[::32]]
                    out.write(" ".join(words))
                    if out.tell() >= size:
                        return


def command(corpus: Path, out: Path, options: list[str]) -> list[str]:
    return [sys.executable, "-c", COMMAND, "tokenize", "--train", str(corpus), "--out", str(out), *options]


def run(name: str, line: list[str], stop: signal.Signals | None = None, state: Path | None = None) -> None:
    """To its end, or to a signal once there is a checkpoint; tells its time and memory."""
    began = time.monotonic()
    process = subprocess.Popen(line)
    while stop is not None and state is not None and process.poll() is None:
        if state.exists():
            time.sleep(1)
            process.send_signal(stop)
            break
        time.sleep(0.1)
    _, status, used = os.wait4(process.pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    print(
        f"{name}: status {ended}, {time.monotonic() - began:.0f} s, "
        f"{used.ru_utime + used.ru_stime:.0f} s of processors",
        flush=True,
    )
    wanted = {None: (0,), signal.SIGINT: (130,), signal.SIGKILL: (-9,)}[stop]
    if ended not in wanted:
        sys.exit(f"{name}: status {ended}, not {wanted[0]}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--max-memory", default="150MB")
    parser.add_argument("--vocab-size", type=int, default=32_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.files[0].resolve().parent) as folder:
        corpus = Path(folder, "corpus.txt")
        make_corpus(options.files, int(options.gigabytes * 1e9), corpus)
        size = f"--vocab-size={options.vocab_size}"
        bound = [size, f"--max-memory={options.max_memory}"]
        free = Path(folder, "free.json")
        print(f"{corpus.stat().st_size:,} bytes", flush=True)
        run("no bound", command(corpus, free, [size]))
        within = Path(folder, "within.json")
        run("within the bound", command(corpus, within, bound))
        made = [within]
        for stop in (signal.SIGINT, signal.SIGKILL):
            out, kept = Path(folder, f"{stop.name}.json"), Path(folder, stop.name)
            line = command(corpus, out, [*bound, f"--checkpoint={kept}"])
            run(stop.name, line, stop, kept / "state.json")
            run("gone on", line)
            made.append(out)
        different = [path.name for path in made if path.read_bytes() != free.read_bytes()]
    print(f"different: {', '.join(different)}" if different else "all files are the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
