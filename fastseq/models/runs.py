"""Texts through a model: at once, or without end, run by run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from fastseq.errors import ArgumentError
from fastseq.models.base import Texts, listed
from fastseq.models.search import Search

RUN_FIRST, RUN_MOST = 64, 2048  # items at once: few at first, that an answer comes soon
Item = TypeVar("Item")


def runs(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in runs of growing length."""
    source, size = iter(items), RUN_FIRST
    while run := list(islice(source, size)):
        yield run
        size = min(2 * size, RUN_MOST)


Generated = Callable[[list[str], Any, Search], list[Any]]
"""Results of some texts, with their prefix or prefixes."""


def answered(texts: Texts, options: dict[str, Any], generated: Generated) -> Any:
    """What `generate` gives of a text, of several, or with `stream` an iterator; options are its."""
    prefix, stream = options.pop("prefix", None), options.pop("stream", False)
    search = Search.of(options)
    if stream:
        return streamed(texts, prefix, search, generated)
    many, alone = listed(texts)
    results = generated(many, prefix, search)
    return results[0] if alone else results


def streamed(texts: Texts, prefix: Any, search: Search, generated: Generated) -> Iterator[Any]:
    """Results of texts, in order, as runs are done: the first soon, then more at once.

    Options that are one a text go with their texts.
    """
    if not isinstance(texts, Iterable):
        listed(texts)  # says what is wrong
    done = 0
    for run in runs([texts] if isinstance(texts, str) else texts):
        if search.left is not None and search.left <= 0:
            return
        some, last = listed(run)[0], done + len(run)
        each = {name: _part(getattr(search, name), name, done, last) for name in ("seed", "max_new_tokens")}
        yield from generated(some, _part(prefix, "prefix", done, last), dataclasses.replace(search, **each))
        done = last
    for name, given in (("prefix", prefix), ("seed", search.seed), ("max_new_tokens", search.max_new_tokens)):
        _part(given, name, done, None)


def _part(given: Any, name: str, first: int, last: int | None) -> Any:
    """What an option that is one a text is of texts first to last; None: there are no more."""
    if given is None or isinstance(given, (str, bytes)) or not np.ndim(given):
        return given
    if len(given) < (first if last is None else last) or (last is None and len(given) > first):
        expected = f"{first if last is None else last}{'' if last is None else ' or more'}"
        raise ArgumentError("as many as texts", where=name, expected=expected, found=str(len(given)))
    return given[first:last]
