"""Shared by all tests: what runs is told first, and a failing random example can be repeated."""

from __future__ import annotations

import pytest
from hypothesis import settings

from fastseq._core import native

# A failure prints the line that repeats it; timing is no reason to fail on a shared machine.
settings.register_profile("fastseq", deadline=None, print_blob=True)
settings.load_profile("fastseq")


def pytest_report_header(config: pytest.Config) -> str:
    build = native.build_info()
    facts = [f"{name} {value}" for name, value in build.items()]
    return f"fastseq: isa {native.isa_chosen()}, threads {native.get_num_threads()}, {', '.join(facts)}"
