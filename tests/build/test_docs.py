"""The documents name what is there: links lead somewhere, variables and tasks are those of the code."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest

from bench import report
from fastseq.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], key=str)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
CODE = [
    *(path for ending in ("c", "h") for path in (ROOT / "csrc").rglob(f"*.{ending}")),
    *(ROOT / "fastseq").rglob("*.py"),
    ROOT / "setup.py",
]


def variables(text: str) -> set[str]:
    return set(re.findall(r"""["`](FASTSEQ_[A-Z_]+)["`]""", text))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    document = ROOT / name
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (document.parent / target).exists(), f"{name}: {target}"


def test_every_document_is_listed() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, path.name


def test_every_variable_is_told_and_exists() -> None:
    used = set().union(*(variables(path.read_text(encoding="utf-8")) for path in CODE))
    told = variables((ROOT / "docs/environment.md").read_text(encoding="utf-8"))
    assert used == told


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in re.findall(
        r"(?:`|^ +)make((?: [a-z-]+)+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert set(words.split()) <= targets, f"{name}: make{words}"


@pytest.mark.parametrize("name", NAMES)
def test_files_named_in_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:csrc|fastseq|tests|bench|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists() or "NAME" in path, f"{name}: {path}"


def test_the_names_of_rooms_are_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = [p for folder in ("csrc", "fastseq") for p in (ROOT / folder).iterdir() if p.is_dir()]
    for room in rooms:
        if any(room.glob("*.[chp]*")) and room.name != "__pycache__":
            assert f"`{room.relative_to(ROOT)}`" in text, room


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_command_prints_what_the_readme_says(capfd: pytest.CaptureFixture[str]) -> None:
    [(text, printed)] = re.findall(r'fastseq run phonemes-en "(.*)"\n\nprints.*,\n\n {4}(.*)\n', README)
    assert main(["run", "phonemes-en", text]) == 0
    assert capfd.readouterr().out == printed + "\n"


def test_the_examples_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(README.replace("```", "\n"), {}, "README.md", None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_benchmarks_told_are_those_measured() -> None:
    results = json.loads((ROOT / "bench/results.json").read_text())
    assert (ROOT / "docs/benchmarks.md").read_text() == report.report(results)
