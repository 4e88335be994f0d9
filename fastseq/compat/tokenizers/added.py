"""`AddedToken`, as tokenizers has it."""

from __future__ import annotations

from typing import Any

_FLAGS = ("rstrip", "lstrip", "single_word", "normalized", "special")


class AddedToken:
    """A token that is found as it is spelled; in normalized text, unless it is special or that is said."""

    def __init__(
        self,
        content: str = "",
        single_word: bool = False,
        lstrip: bool = False,
        rstrip: bool = False,
        normalized: bool | None = None,
        special: bool = False,
    ) -> None:
        self.content = content
        self.single_word, self.lstrip, self.rstrip, self.special = single_word, lstrip, rstrip, special
        self._said = normalized

    @property
    def normalized(self) -> bool:
        """Whether it is found in normalized text."""
        return not self.special if self._said is None else self._said

    def _facts(self) -> dict[str, Any]:
        return {"content": self.content, **{name: getattr(self, name) for name in _FLAGS}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AddedToken) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self.content)

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        flags = ", ".join(f"{name}={getattr(self, name)}" for name in _FLAGS)
        return f'AddedToken("{self.content}", {flags})'

    @classmethod
    def of(cls, token: str | AddedToken, special: bool) -> AddedToken:
        """A token given by its spelling, or as it is, but for that it is special."""
        if isinstance(token, str):
            return cls(token, special=special)
        if not isinstance(token, cls):
            raise TypeError("Input must be a List[Union[str, AddedToken]]")
        return cls(
            token.content,
            token.single_word,
            token.lstrip,
            token.rstrip,
            token._said,
            special or token.special,
        )

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> AddedToken:
        """That of an entry of added_tokens."""
        flags = {name: bool(entry[name]) for name in _FLAGS if entry.get(name) is not None}
        return cls(entry["content"], **flags)

    def to_entry(self, id: int) -> dict[str, Any]:
        """Its entry of added_tokens."""
        return {"id": id, **self._facts()}
