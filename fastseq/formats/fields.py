"""Values by key, as a file's header or configuration has them: each checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastseq.errors import FormatError, UnsupportedError
from fastseq.models.plain import shown

SIZE_MAX = 2**24


class Fields:
    """Values that must be what they are asked for as; a null counts as absent. Errors name place and key."""

    def __init__(self, values: Mapping[str, Any], place: str = "") -> None:
        self.values, self.place = values, place

    def where(self, key: str) -> str:
        return f"{self.place}{key}"

    def has(self, key: str) -> bool:
        return self.values.get(key) is not None

    def whole(self, key: str, absent: int | None = None, most: int = SIZE_MAX, least: int = 1) -> int:
        """A number of things; `absent` where the file says nothing."""
        value = self._value(key, absent)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(key, f"{least} to {most}", "out of range")
        return value

    def real(self, key: str, absent: float | None = None, least: float = 0.0) -> float:
        """A number above `least`."""
        value = self._value(key, absent)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least < value < 1e12:
            raise self.wrong(key, f"a number above {least:g}", "out of range")
        return float(value)

    def flag(self, key: str, absent: bool) -> bool:
        value = self._value(key, absent)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def word(self, key: str, absent: str | None = None) -> str:
        value = self._value(key, absent)
        if not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def list_of(self, key: str, kind: type, length: int) -> list[Any]:
        """So many values of a type."""
        value = self._value(key, None)
        if not isinstance(value, list) or len(value) != length or not all(type(one) is kind for one in value):
            raise self.wrong(key, f"{length} of {kind.__name__}")
        return value

    def reals(self, key: str, length: int) -> list[float]:
        """So many numbers above 0."""
        value = self._value(key, None)
        if (
            not isinstance(value, list)
            or len(value) != length
            or not all(type(one) in (int, float) and math.isfinite(one) and one > 0 for one in value)
        ):
            raise self.wrong(key, f"{length} numbers above 0")
        return [float(one) for one in value]

    def part(self, key: str) -> Fields:
        """The values inside a value; none where there is none."""
        value = self.values.get(key)
        if value is None:
            return Fields({}, f"{self.where(key)}.")
        if not isinstance(value, dict):
            raise self.wrong(key, "named values")
        return Fields(value, f"{self.where(key)}.")

    def refuse(self, key: str, *usual: Any) -> None:
        """That a key says nothing, or what is usual."""
        value = self.values.get(key)
        if value is not None and value not in usual:
            raise self.unsupported(key, " or ".join(map(repr, usual)) or "nothing")

    def unsupported(self, key: str, expected: str = "") -> UnsupportedError:
        """The error that a value is well formed, but none that is known."""
        found = shown(self.values.get(key))
        return UnsupportedError("not supported", where=self.where(key), expected=expected, found=found)

    def wrong(self, key: str, expected: str, what: str = "wrong value") -> FormatError:
        return FormatError(what, where=self.where(key), expected=expected, found=shown(self.values.get(key)))

    def _value(self, key: str, absent: Any) -> Any:
        value = self.values.get(key)
        value = absent if value is None else value
        if value is None:
            raise FormatError("missing key", where=self.where(key), expected="a value")
        return value
