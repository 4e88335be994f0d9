"""Progress bars: tqdm's, on standard error, when it is installed and somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from fastseq.errors import MissingExtraError


def progress_bar(
    wanted: bool | None, *, total: int | None = None, unit: str = "it", title: str = ""
) -> AbstractContextManager[Callable[[int], Any]]:
    """A context manager that gives a function to call with the amount just done.

    Arguments:
        wanted: True for a bar, False for none; None for one when standard error is a terminal and tqdm is
            installed.
        total: how much there is to do, when that is known. Unit "B" counts bytes, shown as kB, MB ...

    Raises `MissingExtraError` for True without tqdm.
    """
    return _bar(wanted, total, unit, title)


@contextmanager
def _bar(wanted: bool | None, total: int | None, unit: str, title: str) -> Any:
    if wanted is False or (wanted is None and not _terminal()):
        yield _silent
        return
    try:
        from tqdm import tqdm
    except ImportError:
        if wanted is None:
            yield _silent
            return
        raise MissingExtraError(
            "progress bars need tqdm", expected="pip install 'fastseq-cpu[progress]'"
        ) from None
    with tqdm(total=total, unit=unit, unit_scale=unit == "B", desc=title or None, file=sys.stderr) as bar:
        yield bar.update


def _terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _silent(amount: int) -> None:
    """Takes the place of a bar that nobody sees."""
