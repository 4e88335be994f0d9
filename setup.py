"""Builds fastseq's one extension module: C sources linked once, each instruction set with its own flags.

Switches, all environment variables:
  FASTSEQ_BUILD=release|debug|sanitize|coverage   how to compile (release)
  FASTSEQ_OPENMP=1|0                              with or without threads (1: when the compiler has OpenMP)
  FASTSEQ_WERROR=1                                warnings are errors
CC and CFLAGS work as they do everywhere. Objects of different switches are kept apart under build/, and an
object is compiled again only when its source, a header or this file is newer.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError, OptionError

BUILD = os.environ.get("FASTSEQ_BUILD", "release")
OPENMP = os.environ.get("FASTSEQ_OPENMP", "1") != "0"
WERROR = os.environ.get("FASTSEQ_WERROR", "0") == "1"
MSVC = sys.platform == "win32" and "GCC" not in sys.version

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
SANITIZERS.append("-fno-wrapv")  # Python's own flags have -fwrapv, with which no signed overflow is seen
# name -> flags to compile, flags to link
BUILDS = {
    "release": (["-O3"], ["-s"] if sys.platform == "linux" else []),
    "debug": (["-O0", "-g", "-UNDEBUG", "-DFS_DEBUG"], []),
    "sanitize": (["-O1", "-g1", "-UNDEBUG", "-DFS_DEBUG", *SANITIZERS], SANITIZERS),
    "coverage": (["-O0", "-g", "-UNDEBUG", "--coverage"], ["--coverage"]),
    # tests/fuzz, by Clang; not for the extension
    "fuzz": (
        ["-O1", "-g1", "-UNDEBUG", "-DFS_DEBUG", *SANITIZERS, "-fsanitize=fuzzer-no-link"],
        [*SANITIZERS, "-fsanitize=fuzzer"],
    ),
}
MSVC_BUILDS = {
    "release": (["/O2"], []),
    "debug": (["/Od", "/Zi", "/UNDEBUG", "/DFS_DEBUG"], ["/DEBUG"]),
}
# No contraction: the order and rounding of every sum is what the source says, on every compiler.
COMMON = ["-std=gnu11", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno"]
MSVC_COMMON = ["/std:c11", "/fp:precise", "/utf-8", "/D_CRT_SECURE_NO_WARNINGS"]
WARNINGS = ["-Wall", "-Wextra", "-Wno-unused-parameter"]

AVX2 = ["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]
# folder csrc/*/isa_<name> -> flags of GCC and Clang, flags of MSVC
ISA_FLAGS = {
    "x86_64": {
        "avx2": (AVX2, ["/arch:AVX2"]),
        "avx512": (AVX512, ["/arch:AVX512"]),
        "vnni": ([*AVX512, "-mavx512vnni"], ["/arch:AVX512"]),
    },
    "arm64": {
        "neon": (["-march=armv8-a"], []),
        "neon_dotprod": (["-march=armv8.2-a+dotprod"], []),
    },
    "other": {},
}
TEXT = "bpe cut input lookup normalize pipeline scan sentencepiece train unicode words"
CORE = ["csrc/base", "csrc/kernels", "csrc/kernels/ref", "csrc/nn", "csrc/decode", "csrc/text"]
CORE += [f"csrc/text/{room}" for room in TEXT.split()]

# Asks for what csrc/base/parallel.c uses: OpenMP 2.0, and on systems with fork the pause of 5.0.
OPENMP_PROBE = """
#include <omp.h>
int main(void) {
#if !defined(_WIN32)
    omp_pause_resource_all(omp_pause_soft);
#endif
    return omp_get_num_procs() < 1;
}
"""


class Unit(NamedTuple):
    """One C file and the flags it is compiled with."""

    source: str
    flags: list[str]


def architecture() -> str:
    machine = sysconfig.get_platform().rsplit("-", 1)[-1].lower()
    if machine == "universal2":
        machine = platform.machine().lower()
    return {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(machine, "other")


def build_for_one_architecture() -> None:
    """A universal macOS Python would compile each file for both architectures with the flags of one."""
    if sysconfig.get_platform().endswith("universal2") and "ARCHFLAGS" not in os.environ:
        os.environ["ARCHFLAGS"] = f"-arch {platform.machine()}"
        version = ".".join(sysconfig.get_platform().split("-")[1:2])
        os.environ.setdefault("_PYTHON_HOST_PLATFORM", f"macosx-{version}-{platform.machine()}")


def build_flags() -> tuple[list[str], list[str]]:
    """Flags of every C file, and of the link."""
    builds = MSVC_BUILDS if MSVC else BUILDS
    if BUILD not in builds:
        raise OptionError(f"FASTSEQ_BUILD: one of {', '.join(builds)} expected, {BUILD!r} found")
    compile_args, link_args = builds[BUILD]
    if MSVC:
        return [*compile_args, *MSVC_COMMON, "/W3", *(["/WX"] if WERROR else [])], link_args
    return [*compile_args, *COMMON, *WARNINGS, *(["-Werror"] if WERROR else [])], link_args


def sources(folders: Iterable[str]) -> list[str]:
    return sorted(str(path) for folder in folders for path in Path(folder).glob("*.c"))


def headers() -> list[str]:
    return sorted(str(path) for ending in ("h", "def", "inc") for path in Path("csrc").rglob(f"*.{ending}"))


def units(openmp: list[str], machine: str) -> list[Unit]:
    """All of csrc for an architecture."""
    flags = [*build_flags()[0], *openmp]
    found = []
    for isa, (gnu, msvc) in ISA_FLAGS[machine].items():
        folders = sorted(map(str, Path("csrc").glob(f"*/isa_{isa}")))
        found += [Unit(source, flags + (msvc if MSVC else gnu)) for source in sources(folders)]
    return found + [Unit(source, flags) for source in sources(CORE)]


def switches(compiler: str) -> str:
    """The name of a way to build, of whose objects there is one set."""
    return f"{BUILD}-{re.sub(r'[^a-zA-Z0-9]+', '_', compiler)}{'' if OPENMP else '-serial'}"


def core_folder(compiler: str) -> str:
    """Where the objects of csrc are, which fit every Python."""
    return f"build/{sysconfig.get_platform()}-{switches(compiler)}"


class BuildExtension(build_ext):
    """Compiles the C files side by side, each with its own flags, and links them into the extension."""

    def finalize_options(self) -> None:
        super().finalize_options()
        python = sysconfig.get_config_var("EXT_SUFFIX").strip(".").replace(".", "-")
        compiler = os.environ.get("CC", "cc")
        # Named here so that every way of installing finds the same objects.
        self.build_temp = f"build/{python}-{switches(compiler)}"
        self.core_temp = core_folder(compiler)

    def build_extension(self, ext: Extension) -> None:
        openmp_compile, openmp_link = self.openmp_flags()
        # What Cython writes computes nothing and takes longest, so it is optimized least and goes first.
        level = {"release": ["-O1"], "sanitize": ["-O0"]}.get(BUILD, [])
        lightly = [] if MSVC else ["-Wno-unused-function", *level]
        cython_flags = [*build_flags()[0], *openmp_compile, *lightly]
        wanted = [Unit(self.cythonize(ext), cython_flags), *units(openmp_compile, architecture())]
        objects = self.compile(wanted, ext)
        ext.sources, ext.depends, ext.extra_objects = [], objects, objects
        ext.extra_link_args = [*build_flags()[1], *openmp_link]
        self.forget_other_build(Path(self.get_ext_fullpath(ext.name)))
        super().build_extension(ext)

    def cythonize(self, ext: Extension) -> str:
        """Runs Cython where its file is out of date; returns the C file."""
        from Cython.Build import cythonize

        checks = {"boundscheck": True, "initializedcheck": True} if BUILD in ("debug", "sanitize") else {}
        [made] = cythonize(
            [Extension(ext.name, ext.sources)],
            build_dir=self.build_temp,
            compiler_directives=checks,
            include_path=ext.include_dirs,
            quiet=not self.verbose,
        )
        return str(made.sources[0])

    def compile(self, wanted: list[Unit], ext: Extension) -> list[str]:
        """The objects of all units; those out of date are compiled, as many at once as there are CPUs."""
        includes = [*ext.include_dirs, *self.include_dirs]
        newest_header = max(Path(path).stat().st_mtime for path in [*headers(), "setup.py"])

        def make(unit: Unit) -> str:
            folder = self.core_temp if unit.source.startswith("csrc") else self.build_temp
            [made] = self.compiler.object_filenames([unit.source], output_dir=folder)
            needed = max(newest_header, Path(unit.source).stat().st_mtime)
            if not Path(made).exists() or Path(made).stat().st_mtime <= needed:
                self.compiler.compile(
                    [unit.source],
                    output_dir=folder,
                    macros=ext.define_macros,
                    include_dirs=includes,
                    extra_postargs=unit.flags,
                )
            return str(made)

        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        with ThreadPoolExecutor(cpus) as pool:
            return list(pool.map(make, wanted))

    def forget_other_build(self, target: Path) -> None:
        """Removes an extension that was linked from other objects than those of these switches."""
        note = Path(self.build_temp).parent / f"{target.name}.built-from"
        if not note.exists() or note.read_text() != f"{target} {self.build_temp}":
            target.unlink(missing_ok=True)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{target} {self.build_temp}")

    def openmp_flags(self) -> tuple[list[str], list[str]]:
        if not OPENMP:
            return [], []
        candidates = [(["/openmp"], [])] if MSVC else [(["-fopenmp"], ["-fopenmp"])]
        if sys.platform == "darwin":  # Apple's compiler with libomp beside it
            candidates.append((["-Xpreprocessor", "-fopenmp"], ["-lomp"]))
        for compile_args, link_args in candidates:
            if self.links(OPENMP_PROBE, compile_args, link_args):
                return compile_args, link_args
        print("fastseq: no OpenMP here (GCC 9 or newer has it); building without threads", file=sys.stderr)
        return [], []

    def links(self, program: str, compile_args: list[str], link_args: list[str]) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                objects = self.compiler.compile([str(source)], output_dir=folder, extra_postargs=compile_args)
                self.compiler.link_executable(objects, str(Path(folder, "probe")), extra_postargs=link_args)
            except (CompileError, LinkError):
                return False
        return True


if __name__ == "__main__":
    build_for_one_architecture()
    setup(
        ext_modules=[
            Extension(
                "fastseq._core.native",
                sources=["fastseq/_core/native.pyx"],
                include_dirs=["csrc"],
                define_macros=[("FS_BUILD", f'"{BUILD}"')],
            )
        ],
        cmdclass={"build_ext": BuildExtension},
    )
