"""Progress bars: tqdm's, on standard error, when it is installed and somebody is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from fastseq.errors import MissingExtraError

Told = Callable[[int], Any]


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


@contextmanager
def late_bar(wanted: bool | None, *, total: int, title: str, after: float = 1.0) -> Iterator[Told]:
    """Gives a function to call with the amount done so far, which shows a bar once that takes long.

    wanted: True for one at once, False for none; None for one after `after` seconds when standard error is a
    terminal and tqdm is installed.
    """
    begun, last, bars = time.monotonic(), 0, ExitStack()
    moved: Callable[[int], Any] | None = None

    def told(done: int) -> None:
        nonlocal last, moved
        if moved is None and wanted is not False and (wanted or time.monotonic() - begun >= after):
            moved = bars.enter_context(progress_bar(wanted, total=total, title=title))
        if moved is not None and last < done <= total:
            moved(done - last)
            last = done

    with bars:
        yield told
        if moved is not None:
            told(total)
