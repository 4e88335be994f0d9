"""Builds csrc without Python, with the flags of setup.py, and runs each test_*.c here against it.

    python tests/native/run.py [--cc CC] [--arch ARCH] [--build sanitize] [--runner COMMAND] [--serial]

Under `sanitize` leaks are looked for as well. With --arch arm64 --cc aarch64-linux-gnu-gcc and
--runner qemu-aarch64 the NEON kernels run on a machine that has none.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def build_script() -> Any:
    """setup.py as a module: its flags, its lists of files."""
    spec = importlib.util.spec_from_file_location("fastseq_setup", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Builder:
    """Compiles C files side by side, each only when something changed.

    For this machine objects are those of the extension built with the same switches, for another apart.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.script = build_script()
        self.script.BUILD, self.script.WERROR, self.script.OPENMP = options.build, True, not options.serial
        self.cc = shlex.split(options.cc)
        own = self.script.architecture()
        self.arch = options.arch or own
        self.openmp = [] if options.serial else ["-fopenmp"]
        apart = f"build/native/{self.arch}-{self.script.switches(options.cc)}"
        self.folder = ROOT / (self.script.core_folder(options.cc) if self.arch == own else apart)
        # A static program needs no foreign libraries under an emulator.
        self.link = [
            *self.script.build_flags()[1],
            *(["-static"] if options.runner else []),
            "-lm",
            "-lpthread",
        ]

    def compile(self, unit: Any) -> str:
        made = self.folder / Path(unit.source).with_suffix(".o")
        newest = max(Path(path).stat().st_mtime for path in [unit.source, *self.script.headers(), "setup.py"])
        if not made.exists() or made.stat().st_mtime <= newest:
            made.parent.mkdir(parents=True, exist_ok=True)
            command = [*self.cc, "-fPIC", *unit.flags, "-Icsrc", "-c", unit.source, "-o", str(made)]
            subprocess.run(command, check=True)
        return str(made)

    def programs(self, names: list[Path]) -> list[Path]:
        """One program a test, each linked with the whole of csrc."""
        library = self.script.units(self.openmp, self.arch)
        tests = [self.script.Unit(str(path.relative_to(ROOT)), library[-1].flags) for path in names]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            objects = list(pool.map(self.compile, [*library, *tests]))
            shared = objects[: len(library)]
            return list(pool.map(lambda test: self.program(test, shared), objects[len(library) :]))

    def program(self, test: str, library: list[str]) -> Path:
        made = Path(test).with_suffix("")
        subprocess.run([*self.cc, test, *library, *self.openmp, *self.link, "-o", str(made)], check=True)
        return made


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"))
    parser.add_argument(
        "--arch", choices=["x86_64", "arm64", "other"], help="architecture to build for (this one)"
    )
    parser.add_argument("--build", default="sanitize", choices=["release", "debug", "sanitize"])
    parser.add_argument("--runner", default="", help="command that runs the programs, such as qemu-aarch64")
    parser.add_argument("--serial", action="store_true", help="without OpenMP")
    options = parser.parse_args()
    os.chdir(ROOT)
    environment = {
        **os.environ,
        "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    passed = failed = 0
    for program in Builder(options).programs(sorted(HERE.glob("test_*.c"))):
        command = [*shlex.split(options.runner), str(program)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
        print(f"{program.name}: {result.stdout.strip()}", flush=True)
        closing = re.search(r"^(\d+) passed, (\d+) failed$", result.stdout, re.MULTILINE)
        counts = (int(closing[1]), int(closing[2])) if closing else (0, 0)
        if result.returncode != 0 and counts[1] == 0:  # it crashed, or a sanitizer ended it
            print(f"{program.name}: exit status {result.returncode}", flush=True)
            counts = (counts[0], 1)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
