"""Builds fastseq's one extension module: C sources linked once, each instruction set with its own flags.

Switches, all environment variables:
  FASTSEQ_BUILD=release|debug|sanitize|coverage   how to compile (release)
  FASTSEQ_OPENMP=1|0                              with or without threads (1: when the compiler has OpenMP)
  FASTSEQ_WERROR=1                                warnings are errors
"""

import os
import platform
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

BUILD = os.environ.get("FASTSEQ_BUILD", "release")
OPENMP = os.environ.get("FASTSEQ_OPENMP", "1") != "0"
WERROR = os.environ.get("FASTSEQ_WERROR", "0") == "1"
MSVC = sys.platform == "win32" and "GCC" not in sys.version

FLAGS = {
    "release": (["-O3"], ["-s"] if sys.platform == "linux" else []),
    "debug": (["-O0", "-g", "-UNDEBUG", "-DFS_DEBUG"], []),
    "sanitize": (
        ["-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
        ["-fsanitize=address,undefined"],
    ),
    "coverage": (["-O0", "-g", "--coverage"], ["--coverage"]),
}
# No contraction: the order and rounding of every sum is what the source says, on every compiler.
COMMON = ["-std=gnu11", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno"]
WARNINGS = ["-Wall", "-Wextra", "-Wno-unused-parameter"]

ISA_FLAGS = {
    "avx2": (["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2"], ["/arch:AVX2"]),
    "avx512": (["-mavx2", "-mfma", "-mf16c", "-mbmi2", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"], ["/arch:AVX512"]),
    "vnni": (
        ["-mavx2", "-mfma", "-mf16c", "-mbmi2", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni"],
        ["/arch:AVX512"],
    ),
    "neon": (["-march=armv8-a"], []),
    "neon_dotprod": (["-march=armv8.2-a+dotprod"], []),
}


def target_isas() -> list[str]:
    machine = (sysconfig.get_platform().rsplit("-", 1)[-1] or platform.machine()).lower()
    if machine in ("x86_64", "amd64"):
        return ["avx2", "avx512", "vnni"]
    if machine in ("aarch64", "arm64"):
        return ["neon", "neon_dotprod"]
    return []


def compile_flags(extra: list[str]) -> list[str]:
    if MSVC:
        return ["/O2", "/std:c11", "/fp:precise", *extra]
    return FLAGS[BUILD][0] + COMMON + WARNINGS + (["-Werror"] if WERROR else []) + extra


def sources(*folders: str) -> list[str]:
    return sorted(str(p) for folder in folders for p in Path(folder).glob("*.c"))


def headers() -> list[str]:
    return sorted(str(p) for pattern in ("*.h", "*.def", "*.inc") for p in Path("csrc").rglob(pattern))


def isa_libraries() -> list[tuple[str, dict[str, object]]]:
    libraries = []
    for isa in target_isas():
        flags = ISA_FLAGS[isa][1 if MSVC else 0]
        files = sources(f"csrc/kernels/isa_{isa}")
        libraries.append((f"fs_{isa}", {"sources": files, "cflags": compile_flags(flags), "obj_deps": {"": headers()}}))
    return libraries


class BuildLibraries(build_clib):
    """One static library an instruction set, position-independent."""


class BuildExtension(build_ext):
    """Builds the libraries first (also in place), then asks the compiler for OpenMP."""

    def run(self) -> None:
        if self.distribution.has_c_libraries():
            self.run_command("build_clib")
            libraries = self.get_finalized_command("build_clib")
            for extension in self.extensions:
                extension.library_dirs.append(libraries.build_clib)
        super().run()

    def build_extension(self, ext: Extension) -> None:
        compile_args, link_args = self.openmp_flags()
        ext.extra_compile_args += compile_args
        ext.extra_link_args += link_args
        super().build_extension(ext)

    def openmp_flags(self) -> tuple[list[str], list[str]]:
        if not OPENMP:
            return [], []
        if MSVC:
            return ["/openmp:experimental"], []
        candidates = [(["-fopenmp"], ["-fopenmp"])]
        if sys.platform == "darwin":  # Apple's clang with Homebrew's libomp
            candidates.append((["-Xpreprocessor", "-fopenmp"], ["-lomp"]))
        for compile_args, link_args in candidates:
            if self.compiles(compile_args, link_args):
                return compile_args, link_args
        print("fastseq: the compiler has no OpenMP; building without threads", file=sys.stderr)
        return [], []

    def compiles(self, compile_args: list[str], link_args: list[str]) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
            try:
                objects = self.compiler.compile([str(source)], output_dir=folder, extra_postargs=compile_args)
                self.compiler.link_executable(objects, str(Path(folder, "probe")), extra_postargs=link_args)
            except (CompileError, LinkError):
                return False
        return True


libraries = isa_libraries()
extension = Extension(
    "fastseq._core.native",
    sources=["fastseq/_core/native.pyx", *sources("csrc/base", "csrc/kernels", "csrc/kernels/ref", "csrc/nn", "csrc/decode", "csrc/text")],
    depends=[*headers(), *sorted(str(p) for p in Path("fastseq/_core").glob("*.px?"))],
    include_dirs=["csrc"],
    libraries=[name for name, _ in libraries],
    define_macros=[("FS_BUILD", f'"{BUILD}"')],
    extra_compile_args=compile_flags([] if MSVC else ["-Wno-unused-function"]),
    extra_link_args=[] if MSVC else FLAGS[BUILD][1],
)

setup(
    ext_modules=[extension],
    libraries=libraries,
    cmdclass={"build_clib": BuildLibraries, "build_ext": BuildExtension},
)
