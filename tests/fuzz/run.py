"""Builds and runs the fuzz targets: those in C with Clang's libFuzzer, loaders in Python with loaders.py.

    python tests/fuzz/run.py [--seconds 60] [--jobs N] [--cc clang] [target ...]

Each target is one process; C runs under the address and undefined-behaviour sanitizers. It begins with the
seeds (seeds.py), with what is kept in tests/fuzz/found, and with what earlier runs have learned
(build/fuzz/corpus). An input that breaks a target is left in build/fuzz/found. Once the fault is mended it
belongs into a folder of the target's name in tests/fuzz/found, and every later run begins with it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "fuzz"


class Outcome(NamedTuple):
    target: str
    executions: int
    corpus: int
    passed: bool
    output: str


def module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def build(cc: str, names: list[str]) -> dict[str, Path]:
    """The programs of C targets. Only what csrc/text stands on is compiled."""
    native = module(ROOT / "tests" / "native" / "run.py")
    builder = native.Builder(argparse.Namespace(cc=cc, arch=None, build="fuzz", runner="", serial=True))
    units = builder.script.units([], builder.arch)
    library = [unit for unit in units if re.match(r"csrc.(base|text)\b", unit.source)]
    targets = [builder.script.Unit(f"tests/fuzz/fuzz_{name}.c", library[-1].flags) for name in names]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        objects = list(pool.map(builder.compile, [*library, *targets]))
        shared, made = objects[: len(library)], objects[len(library) :]
        return dict(zip(names, pool.map(lambda test: builder.program(test, shared), made), strict=True))


def fuzz(target: str, program: Path | None, seconds: int) -> Outcome:
    corpus, kept = WORK / "corpus" / target, HERE / "found" / target
    (WORK / "found").mkdir(parents=True, exist_ok=True)
    findings = f"{WORK / 'found' / target}-"
    if program is None:
        command = [
            sys.executable,
            str(HERE / "loaders.py"),
            target,
            f"--seconds={seconds}",
            f"--found={findings}",
        ]
    else:
        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2560", "-max_len=4096"]
        command = [str(program), *limits, "-print_final_stats=1", f"-artifact_prefix={findings}"]
    folders = [str(folder) for folder in (corpus, kept) if folder.is_dir()]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FASTSEQ_FUZZ_FILES": str(WORK / "files"),
        "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    result = subprocess.run(
        [*command, *folders],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    count = re.search(r"number_of_executed_units: (\d+)", result.stdout)
    size = len(list(corpus.iterdir()))
    return Outcome(target, int(count[1]) if count else 0, size, result.returncode == 0, result.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", help="all of them by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cc", default="clang")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    native = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
    loaders = list(module(HERE / "loaders.py").TARGETS)
    wanted = options.targets or [*native, *loaders]
    unknown = set(wanted) - {*native, *loaders}
    if unknown:
        parser.error(
            f"no such target: {', '.join(sorted(unknown))}; there are {', '.join([*native, *loaders])}"
        )
    module(HERE / "seeds.py").write(WORK)
    programs = build(options.cc, [name for name in wanted if name in native])
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = pool.map(lambda name: fuzz(name, programs.get(name), options.seconds), wanted)
        failed = 0
        for run in runs:
            print(f"{run.target:20} {run.executions:>10} runs, corpus {run.corpus:>5}", flush=True)
            if not run.passed or not run.executions:
                failed += 1
                print(run.output[-6000:], flush=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
