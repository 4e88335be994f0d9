"""What the scripts in bench/ share: interleaved timing, tables with the ratio last, and the machine's line.

A script defines `run`, which yields its tables, and ends by handing it over:

    def run(options: harness.Options) -> Iterator[harness.Table]:
        import torch                                   # peers are imported here, once the cores are chosen
        table = harness.Table("LSTM, 50 steps", rate="steps/s")
        for batch in (1,) if options.smoke else (1, 32, 256):
            times = harness.compare({"fastseq": ours, "torch": theirs}, same=close, options=options)
            table.add(f"hidden 256, batch {batch}", times, work=50 * batch)
        yield table

    if __name__ == "__main__":
        harness.main(run, __doc__)

`python -m bench.NAME` runs one script: --threads N (1) pins the process to as many cores and tells every
library, --smoke makes it short, --json FILE keeps the figures. The first side of a comparison is ours; the
ratio is the time of the fastest other side over ours, above 1 when we are faster. Speeds are never asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7
ROUND_SECONDS = 0.05


@dataclass(frozen=True)
class Options:
    """What the command line chose: `smoke` asks for the smallest run that exercises every line."""

    smoke: bool = False
    threads: int = 1
    extra: argparse.Namespace = field(default_factory=argparse.Namespace)


@dataclass(frozen=True)
class Timings:
    """Seconds of one call of each side, a list of rounds; the first side is ours."""

    rounds: dict[str, list[float]]

    def median(self, side: str) -> float:
        return statistics.median(self.rounds[side])

    def minimum(self, side: str) -> float:
        return min(self.rounds[side])

    @property
    def ratio(self) -> float | None:
        """Median time of the fastest other side over ours; None when there is no other."""
        ours, *others = self.rounds
        return min(map(self.median, others)) / self.median(ours) if others else None


def compare(
    sides: Mapping[str, Callable[[], Any]],
    *,
    same: Callable[[Any, Any], object] | None = None,
    options: Options | None = None,
    rounds: int = ROUNDS,
    seconds: float = ROUND_SECONDS,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> Timings:
    """Times the sides in turn, `rounds` times over, each for at least `seconds` a round.

    A side that `before` names is prepared by that before each of its calls, which is not timed.

    First every side is called once, to warm up, and `same(ours, theirs)` is called with each pair of
    results: it must raise (assert) when they differ. The side that goes first changes from round to round.
    """
    if options is not None and options.smoke:
        rounds, seconds = 1, 0.0
    ours, *others = sides
    prepare = before or {}
    first = {}
    for name, call in sides.items():
        prepare.get(name, _nothing)()
        first[name] = call()
    if same is not None:
        for other in others:
            same(first[ours], first[other])
    del first
    calls = {
        name: max(1, round(seconds / _seconds(call, 1, prepare.get(name)))) for name, call in sides.items()
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        names = list(sides)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(_seconds(sides[name], calls[name], prepare.get(name)))
    return Timings(times)


def _nothing() -> None:
    pass


def _seconds(call: Callable[[], Any], calls: int, prepare: Callable[[], object] | None = None) -> float:
    """Mean seconds of a call; what prepares each call is not timed."""
    spent = 0.0
    if prepare is not None:
        for _ in range(calls):
            prepare()
            start = time.perf_counter()
            call()
            spent += time.perf_counter() - start
    else:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        spent = time.perf_counter() - start
    return max(spent, 1e-9) / calls


@dataclass
class Table:
    """Rows of one comparison, printed as they come. `rate`: unit of work a second; None: milliseconds."""

    title: str
    rate: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, label: str, times: Timings, *, work: float = 1.0, **facts: str | float) -> None:
        """One row. `work`: units of `rate` done by one call. `facts`: more columns, before the ratio."""
        median = {side: self._figure(times.median(side), work) for side in times.rounds}
        best = {side: self._figure(times.minimum(side), work) for side in times.rounds}
        self._add({"label": label, "median": median, "best": best, "facts": facts, "ratio": times.ratio})

    def add_facts(self, label: str, ratio: float | None = None, **facts: str | float) -> None:
        """One row of figures that are not times: error rates, sizes."""
        self._add({"label": label, "median": {}, "best": {}, "facts": facts, "ratio": ratio})

    def _add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._print_row(row, head=len(self.rows) == 1)

    def _figure(self, seconds: float, work: float) -> float:
        return seconds * 1e3 if self.rate is None else work / seconds

    def _print_row(self, row: dict[str, Any], *, head: bool) -> None:
        names = [*row["median"], *row["facts"]]
        if head:
            unit = f" ({self.rate or 'ms a call'}, median of the rounds)" if row["median"] else ""
            print(f"\n{self.title}{unit}")
            print("".join([f"{'':34}", *(f" {name:>15}" for name in names), f" {'ratio':>8}"]))
        cells = [_cell(value) for value in (*row["median"].values(), *row["facts"].values())]
        cells.append("       -" if row["ratio"] is None else f"{row['ratio']:8.2f}")
        print(" ".join([f"{row['label']:34}", *cells]), flush=True)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f"{value:>15}"
    return f"{value:15,.4g}" if abs(value) < 1000 else f"{value:15,.0f}"


def machine(threads: int) -> dict[str, str]:
    """What a figure depends on: processor, instruction set, threads, versions and commit."""
    from fastseq._core import native

    return {
        "cpu": _cpu_name(),
        "isa": native.isa_chosen(),
        "threads": str(threads),
        "commit": _commit(),
        "python": platform.python_version(),
        "compiler": native.build_info()["compiler"],
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """Short hash of the checked-out commit, with + when files differ from it; "unknown" outside git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def pin(threads: int) -> None:
    """Keeps this process to `threads` cores, where the system can, and tells the libraries that count."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    from fastseq._core import native

    native.set_num_threads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def main(
    run: Callable[[Options], Iterable[Table]],
    doc: str | None,
    arguments: Callable[[argparse.ArgumentParser], object] | None = None,
) -> None:
    """Runs one script from its command line. `arguments` may add some of its own, found in options.extra."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest run that exercises every line")
    parser.add_argument("--threads", type=int, default=1, help="cores and threads for every side (1)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    if arguments is not None:
        arguments(parser)
    chosen = parser.parse_args()
    pin(chosen.threads)
    facts = machine(chosen.threads)
    tables = list(run(Options(smoke=chosen.smoke, threads=chosen.threads, extra=chosen)))
    print("\n" + ", ".join(f"{name} {value}" for name, value in facts.items()))
    if chosen.json:
        result = {"machine": facts, "smoke": chosen.smoke, "tables": [vars(table) for table in tables]}
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
