"""The instruction set is chosen at import, and FASTSEQ_ISA can only lower it."""

from __future__ import annotations

import pytest

from fastseq import errors
from fastseq._core import native
from tests.build.processes import output_of, run_python

CHOSEN = "from fastseq._core import native; print(native.isa_chosen())"


@pytest.mark.parametrize("isa", native.isas_available())
def test_each_available_set_can_be_asked_for(isa: str) -> None:
    assert output_of(CHOSEN, FASTSEQ_ISA=isa) == isa


@pytest.mark.parametrize("asked", [None, ""])
def test_the_best_is_taken_when_nothing_is_asked(asked: str | None) -> None:
    assert output_of(CHOSEN, FASTSEQ_ISA=asked) == native.isas_available()[0]


def test_portable_is_always_there_and_last() -> None:
    assert native.isas_available()[-1] == "portable"
    assert set(native.kernel_isas("portable").values()) == {"portable"}


@pytest.mark.parametrize("asked", ["sse9", "AVX2", "portable ", "avx2,avx512", "x" * 500])
def test_an_unknown_set_is_a_clear_error(asked: str) -> None:
    result = run_python("import fastseq._core.native", FASTSEQ_ISA=asked)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    expected = ", ".join(native.isas_available())
    assert last.startswith(
        "fastseq.errors.ArgumentError: FASTSEQ_ISA: no such instruction set on this machine"
    )
    assert f"(expected one of {expected}, found {asked[:40].strip()}" in last


def test_kernels_of_a_set_come_from_it_or_from_lower_ones() -> None:
    order = native.isas_available()
    for isa in order:
        used = set(native.kernel_isas(isa).values())
        assert used <= set(order[order.index(isa) :])
    with pytest.raises(errors.ArgumentError, match="found sse9"):
        native.kernel_isas("sse9")
