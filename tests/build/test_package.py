"""What the installed distribution says of itself."""

from __future__ import annotations

import importlib.metadata
import re

import fastseq
from fastseq._core import native

INSTALLED = importlib.metadata.metadata("fastseq-cpu")


def test_version_is_one() -> None:
    assert INSTALLED["Version"] == fastseq.__version__


def test_numpy_is_the_only_dependency() -> None:
    required = [line for line in INSTALLED.get_all("Requires-Dist") or [] if "extra ==" not in line]
    assert [re.split(r"[^\w-]", line)[0] for line in required] == ["numpy"]


def test_licence_is_stated() -> None:
    assert INSTALLED["License-Expression"] == "Apache-2.0"


def test_command_is_installed() -> None:
    [command] = [e for e in importlib.metadata.entry_points(group="console_scripts") if e.name == "fastseq"]
    assert command.value == "fastseq.cli:main"
    assert callable(command.load())


def test_build_tells_how_it_was_made() -> None:
    info = native.build_info()
    assert set(info) == {"compiler", "openmp", "build"}
    assert re.match(r"GCC \d|Clang \d|MSVC", info["compiler"])
    assert info["build"] in ("release", "debug", "sanitize", "coverage")
