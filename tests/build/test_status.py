"""A failed native call becomes the exception of its status, with the four facts."""

from __future__ import annotations

import pytest

from fastseq import errors
from fastseq._core import native

# fs_status of csrc/base/status.h, in its order
CLASSES = [
    errors.ArgumentError,
    errors.ArgumentTypeError,
    errors.FormatError,
    errors.UnsupportedError,
    errors.OutOfMemoryError,
]


@pytest.mark.parametrize(("code", "kind"), list(enumerate(CLASSES, start=1)))
def test_each_status_has_its_exception(code: int, kind: type[errors.FastseqError]) -> None:
    with pytest.raises(kind) as caught:
        native.probe_fail(code, "tensor é", "bad shape", "3 rows", "4 rows | 5")
    error = caught.value
    assert (error.where, error.what, error.expected, error.found) == (
        "tensor é",
        "bad shape",
        "3 rows",
        "4 rows | 5",
    )
    assert str(error) == "tensor é: bad shape (expected 3 rows, found 4 rows | 5)"


def test_interruption_is_a_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        native.probe_fail(len(CLASSES) + 1, "", "", "", "")


def test_success_raises_nothing() -> None:
    native.probe_fail(0, "", "", "", "")


def test_long_facts_are_cut_between_characters() -> None:
    """A message longer than its room ends with a whole character or a replacement, never an error."""
    with pytest.raises(errors.FormatError) as caught:
        native.probe_fail(3, "é" * 500, "x" * 500, "€" * 500, "")
    assert caught.value.where.startswith("é" * 70)
    assert len(caught.value.what) == 159
