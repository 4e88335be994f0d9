"""Writes docs/benchmarks.md from bench/results.json (``python -m bench.report``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.harness import ROOT

RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

INTRODUCTION = """# Benchmarks

Written by `python -m bench.report` from bench/results.json, the latest run of each script at each number of
threads; `make bench` runs them all again, by one thread. Both sides of a row ran in one process, interleaved,
on the same cores, after their results were compared; figures are medians, and the last column is the time of
the fastest other side over ours, so above 1 fastseq is faster. Machines differ and are seldom quiet: read the
ratios.
"""


def key(name: str, threads: int) -> str:
    """What a run is kept under: how it is called."""
    return name if threads == 1 else f"{name} --threads {threads}"


def cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def table(figures: dict[str, Any]) -> list[str]:
    """One table in Markdown; rows of one table may have different columns."""
    rows = [{**row["median"], **row["facts"]} for row in figures["rows"]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    timed = any(row["median"] for row in figures["rows"])
    unit = f" ({figures['rate'] or 'ms a call'})" if timed else ""
    lines = [f"**{figures['title']}**{unit}", "", "| | " + " | ".join([*columns, "ratio"]) + " |"]
    lines.append("| --- |" + " ---: |" * (len(columns) + 1))
    for row, values in zip(figures["rows"], rows, strict=True):
        ratio = "" if row["ratio"] is None else f"**{row['ratio']:.2f}**"
        cells = [cell(values[name]) if name in values else "" for name in columns]
        lines.append("| " + " | ".join([row["label"], *cells, ratio]) + " |")
    return [*lines, ""]


def report(results: dict[str, Any]) -> str:
    lines = [INTRODUCTION]
    for name in sorted(results):
        facts = results[name]["machine"]
        machine = f"{facts['cpu']}, {facts['isa']}, threads {facts['threads']}, {facts['compiler']}"
        lines += [f"## {name}", "", f"`python -m bench {name}` at {facts['commit']} on {machine}.", ""]
        for figures in results[name]["tables"]:
            lines += table(figures)
    return "\n".join(lines)


def write(results: Path = RESULTS, document: Path = DOCUMENT) -> None:
    document.write_text(report(json.loads(results.read_text())))


if __name__ == "__main__":
    write()
