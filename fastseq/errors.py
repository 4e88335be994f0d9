"""The exceptions fastseq raises. Each carries four facts: what is wrong, where, what was expected and found.

Every class also derives from the built-in one a Python programmer would catch: `FormatError` and
`UnsupportedError` are `ValueError`s, so `except ValueError` works without importing anything from here.
"""

from __future__ import annotations


class FastseqError(Exception):
    """Base of every exception that fastseq raises by itself.

    Attributes: `what` is wrong, in a few words; `where`: the file, tensor, argument or offset; `expected`
    and `found`: the two sides of the contradiction. Any of the last three may be empty.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", found: str = "") -> None:
        self.what, self.where, self.expected, self.found = what, where, expected, found
        super().__init__(what, where, expected, found)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        sides = [("expected", self.expected), ("found", self.found)]
        known = ", ".join(f"{name} {value}" for name, value in sides if value)
        return f"{text} ({known})" if known else text

    def within(self, place: str) -> FastseqError:
        """The same error, its `where` put inside `place` (a file, say)."""
        named = self.where == place or self.where.startswith((f"{place}: ", f"{place}/", f"{place}\\"))
        return type(self)(
            self.what,
            where=self.where if named else f"{place}: {self.where}" if self.where else place,
            expected=self.expected,
            found=self.found,
        )

    def __reduce__(self) -> tuple[object, ...]:
        facts = {"what": self.what, "where": self.where, "expected": self.expected, "found": self.found}
        return (_rebuild, (type(self), facts))


def _rebuild(cls: type[FastseqError], facts: dict[str, str]) -> FastseqError:
    return cls(facts["what"], where=facts["where"], expected=facts["expected"], found=facts["found"])


class ArgumentError(FastseqError, ValueError):
    """An argument is out of its range."""


class UnknownTokenError(ArgumentError):
    """A text holds a token that the vocabulary lacks, and nothing was said to be put in its place."""


class ArgumentTypeError(FastseqError, TypeError):
    """An argument is of the wrong kind."""


class FormatError(FastseqError, ValueError):
    """A file or a specification is damaged, or contradicts itself or its weights."""


class UnsupportedError(FastseqError, ValueError):
    """Well formed, but not something this version runs."""


class BusyError(FastseqError, RuntimeError):
    """There is no room for more work, and waiting for it was not asked for, or took too long."""


class ClosedError(FastseqError, RuntimeError):
    """What was to do the work has been closed."""


class OutOfMemoryError(FastseqError, MemoryError):
    """An allocation failed, or a size does not fit in memory."""


class MissingExtraError(FastseqError, ImportError):
    """An optional dependency is needed for what was asked; the message names the extra to install."""
