"""The floors of docs/architecture.md hold: each file sees only those below it, and keeps to its own work."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
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


def having(pattern: str, texts: dict[str, str], flags: int = 0) -> dict[str, list[str]]:
    """File -> what matches in it, of the files where something does."""
    found = {name: re.findall(pattern, text, flags) for name, text in texts.items()}
    return {name: matches for name, matches in found.items() if matches}


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    """File -> its code without comments."""
    return {name: code_of(CSRC / name) for name in C_NAMES}


@pytest.fixture(scope="module")
def words(code: dict[str, str]) -> dict[str, str]:
    """File -> its code without comments and string literals."""
    return {name: without_strings(text) for name, text in code.items()}


def test_c_includes_only_from_below() -> None:
    for name in C_NAMES:
        room = name.split("/")[0]
        for path in included(CSRC / name):
            other = path.relative_to(CSRC)
            allowed = {room} | C_ROOMS[room]
            doors = C_DOORS.get(room, set())
            assert other.parts[0] in allowed or str(other) in doors, f"{name} includes {other}"


def test_intrinsics_stay_in_isa_folders(words: dict[str, str]) -> None:
    at_home = re.compile(r"(^|/)isa_\w+/|^base/cpu\.c$")  # cpu.c asks MSVC for its xgetbv
    outside = {name: text for name, text in words.items() if not at_home.search(name)}
    intrinsics = r"immintrin\.h|arm_neon\.h|\b_mm\d*_\w+|\b__m(?:128|256|512)\w*|\bv(?:ld|st)1q?_\w+"
    assert len(outside) < len(words)
    assert not having(intrinsics, outside)


def test_openmp_has_one_home(code: dict[str, str]) -> None:
    assert list(having(r"<omp\.h>|#\s*pragma\s+omp|\bomp_\w+", code)) == ["base/parallel.c"]


def test_memory_has_two_homes(words: dict[str, str]) -> None:
    calls = r"\b(?:m|c|re|aligned_)alloc\s*\(|(?<![\w>.])free\s*\(|\bposix_memalign\b"
    assert list(having(calls, words)) == ["base/arena.c", "base/buffer.c"]


def test_nothing_prints_or_ends_the_process(words: dict[str, str]) -> None:
    calls = r"\b(?:exit|abort|_Exit|printf|puts|perror)\s*\(|\bstd(?:out|err)\b"
    assert not having(calls, words)


def test_the_engine_knows_no_model_names() -> None:
    engine = [name for name in C_NAMES if name.startswith(("kernels/", "nn/", "decode/"))]
    texts = {name: (CSRC / name).read_text() for name in engine}
    assert texts
    assert not having(r"\b(?:bert|llama|marian|g2p|phonemes|sentiment)\b", texts, re.IGNORECASE)


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
