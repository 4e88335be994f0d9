"""Runs the scripts of bench/, each in its own process, into bench/results.json and docs/benchmarks.md.

    python -m bench [--smoke] [--threads N] [NAME ...]

The file keeps the latest figures of each script at each number of threads, so one script run again replaces
its own alone. A smoke run writes nothing. Exit status 1 when a script failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import report

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
SHARED = {"__init__", "__main__", "bergamot_engine", "harness", "report"}


def scripts() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in SHARED)


def run_script(name: str, arguments: list[str]) -> dict[str, object] | None:
    """The figures of one script, or None when it failed."""
    print(f"\n== {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.json")
        command = [sys.executable, "-m", f"bench.{name}", *arguments, "--json", str(figures)]
        status = subprocess.run(command, cwd=HERE.parent, check=False).returncode
        if status != 0 or not figures.exists():
            print(f"{name}: failed with status {status}", file=sys.stderr)
            return None
        result: dict[str, object] = json.loads(figures.read_text())
        return result


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=raw)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(scripts())} (all)")
    parser.add_argument("--smoke", action="store_true", help="the smallest run that exercises every line")
    parser.add_argument("--threads", type=int, default=1, help="cores and threads for every side (1)")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(scripts()))
    if unknown:
        parser.error(f"no such script: {', '.join(unknown)}")
    arguments = ["--threads", str(options.threads), *(["--smoke"] if options.smoke else [])]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for name in options.names or scripts():
        figures = run_script(name, arguments)
        if figures is None:
            failed.append(name)
        else:
            results[report.key(name, options.threads)] = figures
    if not options.smoke:
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        report.write()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
