"""`AddedToken`, as tokenizers has it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class AddedToken:
    """A token that is found as it is spelled."""

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = True
    special: bool = False

    def __str__(self) -> str:
        return self.content

    @classmethod
    def of(cls, token: str | AddedToken, special: bool) -> AddedToken:
        """A token given by its spelling, or as it is, but for that it is special."""
        if isinstance(token, str):
            return cls(token, normalized=not special, special=special)
        return replace(token, special=True) if special else token

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> AddedToken:
        """That of an entry of added_tokens."""
        special = bool(entry.get("special"))
        names = ("single_word", "lstrip", "rstrip")
        flags = {name: bool(entry.get(name)) for name in names}
        return cls(
            entry["content"], **flags, normalized=bool(entry.get("normalized", not special)), special=special
        )

    def to_entry(self, id: int) -> dict[str, Any]:
        """Its entry of added_tokens."""
        return {"id": id, **asdict(self)}
