"""The floors of docs/architecture.md hold: each file sees only those below it, and keeps to its own work."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
C_FILES = sorted(path for ending in ("c", "h", "def", "inc") for path in CSRC.rglob(f"*.{ending}"))
C_NAMES = [str(path.relative_to(CSRC)) for path in C_FILES]

# room -> the rooms whose files it may include, besides its own
C_ROOMS: dict[str, set[str]] = {
    "base": set(),
    "kernels": {"base"},
    "nn": {"base", "kernels"},
    "decode": {"base", "kernels"},
    "text": {"base"},
}
# single headers seen from above: all that search knows of a model
C_DOORS = {"decode": {"nn/stepper.h"}}

# room or module -> what it may import, besides itself and what is below that
PYTHON_ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "lazy": set(),
    "files": {"errors"},
    "progress": {"errors"},
    "_core": {"errors"},
    "text": {"_core", "errors", "files", "lazy", "progress"},
    "compat": {"_core", "errors", "files", "lazy", "text"},
    "models": {"_core", "errors", "files", "lazy", "progress", "text"},
    "formats": {"_core", "errors", "files", "lazy", "progress", "text", "models"},
}
# imported when called, never at import: load and save of a model or tokenizer go through its format
PYTHON_DOORS = {"models": {"formats", "loading"}, "text": {"formats"}}


def code_of(path: Path) -> str:
    """A C file without comments and string literals."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"//[^\n]*", " ", text)


def without_strings(code: str) -> str:
    return re.sub(r'"(\\.|[^"\\])*"', '""', code)


def included(path: Path) -> list[Path]:
    """The files of csrc that a file includes."""
    names = re.findall(r'^\s*#\s*include\s+"([^"]+)"', code_of(path), re.MULTILINE)
    found = []
    for name in names:
        near, far = path.parent / name, CSRC / name
        assert near.exists() or far.exists(), f"{path}: no file {name}"
        found.append((near if near.exists() else far).resolve())
    return found


@pytest.mark.parametrize("name", C_NAMES)
def test_c_includes_only_from_below(name: str) -> None:
    room = name.split("/")[0]
    for path in included(CSRC / name):
        other = path.relative_to(CSRC)
        allowed = {room} | C_ROOMS[room]
        assert other.parts[0] in allowed or str(other) in C_DOORS.get(room, set()), f"{name} includes {other}"


@pytest.mark.parametrize("name", C_NAMES)
def test_intrinsics_stay_in_isa_folders(name: str) -> None:
    if re.search(r"(^|/)isa_\w+/", name) or name == "base/cpu.c":  # cpu.c asks MSVC for its xgetbv
        return
    code = without_strings(code_of(CSRC / name))
    assert not re.findall(
        r"immintrin\.h|arm_neon\.h|\b_mm\d*_\w+|\b__m(?:128|256|512)\w*|\bv(?:ld|st)1q?_\w+", code
    )


@pytest.mark.parametrize("name", C_NAMES)
def test_openmp_has_one_home(name: str) -> None:
    if name != "base/parallel.c":
        assert not re.findall(r"<omp\.h>|#\s*pragma\s+omp|\bomp_\w+", code_of(CSRC / name))


@pytest.mark.parametrize("name", C_NAMES)
def test_memory_has_two_homes(name: str) -> None:
    if name not in ("base/arena.c", "base/buffer.c"):
        code = without_strings(code_of(CSRC / name))
        assert not re.findall(
            r"\b(?:m|c|re|aligned_)alloc\s*\(|(?<![\w>.])free\s*\(|\bposix_memalign\b", code
        )


@pytest.mark.parametrize("name", C_NAMES)
def test_nothing_prints_or_ends_the_process(name: str) -> None:
    code = without_strings(code_of(CSRC / name))
    assert not re.findall(r"\b(?:exit|abort|_Exit|printf|puts|perror)\s*\(|\bstd(?:out|err)\b", code)


@pytest.mark.parametrize(
    "name", [name for name in C_NAMES if name.startswith(("kernels/", "nn/", "decode/"))]
)
def test_the_engine_knows_no_model_names(name: str) -> None:
    assert not re.findall(
        r"\b(?:bert|llama|marian|g2p|phonemes|sentiment)\b", (CSRC / name).read_text(), re.IGNORECASE
    )


def test_file_names_are_unique() -> None:
    stems = [path.name for path in C_FILES if path.name != "vec.h"]
    assert sorted(stems) == sorted(set(stems))


def imported(path: Path) -> tuple[set[str], set[str]]:
    """The rooms of fastseq that a Python file imports: with itself, and later, in its functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    at_once: set[str] = set()
    late: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = [module] if module != "fastseq" else [f"fastseq.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms = {name.split(".")[1] for name in names if name.startswith("fastseq.")}
        (late if id(node) in inner else at_once).update(rooms)
    return at_once, late


@pytest.mark.parametrize("room", PYTHON_ROOMS)
def test_python_imports_only_from_below(room: str) -> None:
    folder = ROOT / "fastseq"
    files = sorted((folder / room).rglob("*.py")) or [folder / f"{room}.py"]
    below = PYTHON_ROOMS[room] | {room}
    for path in files:
        at_once, late = imported(path)
        above = (at_once - below) | (late - below - PYTHON_DOORS.get(room, set()))
        assert not above, f"{path.relative_to(ROOT)} imports {', '.join(sorted(above))}"
