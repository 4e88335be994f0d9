"""Tokens that are found in a text as they are spelled, before anything else is done to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError

Allowed = Literal["all"] | Collection[str]

# fs_marker.flags and fs_marker_mode of csrc/text/markers.h
_SPECIAL, _LSTRIP, _RSTRIP, _WORD = 1, 2, 4, 8
_TEXT, _TOKEN, _ERROR = 0, 1, 2


class AddedToken(NamedTuple):
    """One of them."""

    text: str
    id: int
    special: bool = True
    """A control token: found only where the caller allows it, left out by `decode` when asked."""
    lstrip: bool = False
    """Takes the white space before it."""
    rstrip: bool = False
    """Takes the white space behind it."""
    single_word: bool = False
    """Only where no letter, number or connector touches it."""
    normalized: bool = False
    """Found in the normalized text, and not in the text as it is given."""

    def to_config(self) -> dict[str, Any]:
        """As config.json has it: text, id, and what is not as usual."""
        usual = self._field_defaults
        return {name: value for name, value in self._asdict().items() if usual.get(name) != value}

    def to_json(self) -> dict[str, Any]:
        """As `added_tokens` of tokenizer.json has it."""
        names = "single_word", "lstrip", "rstrip", "normalized", "special"
        return {"id": self.id, "content": self.text, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, entry: Any) -> AddedToken:
        """That of config.json; `FormatError` when it is none."""
        kinds = {name: type(value) for name, value in cls._field_defaults.items()}
        kinds |= {"text": str, "id": int}
        if (
            not isinstance(entry, dict)
            or not {"text", "id"} <= entry.keys() <= kinds.keys()
            or not all(type(value) is kinds[name] for name, value in entry.items())
            or not entry["text"]
            or not 0 <= entry["id"] < 2**24
        ):
            raise FormatError(
                "not an added token", where="added", expected=", ".join(kinds), found=f"{entry!r:.60}"
            )
        return cls(**entry)

    @property
    def flags(self) -> int:
        """As the native encoder takes them."""
        return (
            self.special * _SPECIAL | self.lstrip * _LSTRIP | self.rstrip * _RSTRIP | self.single_word * _WORD
        )


class AddedTokens:
    """Those of a tokenizer, and what becomes of each in a text."""

    def __init__(self, tokens: Sequence[AddedToken] = ()) -> None:
        self.tokens = list(tokens)
        self.special = {token.text for token in tokens if token.special}
        plain = len(self.special) < len(tokens)
        self.usual = self._modes(set(), set()) if plain else None
        """`modes` where the caller chose nothing."""

    def modes(self, allowed: Allowed, disallowed: Allowed) -> bytes | None:
        """A byte a token for the native encoder; None: all of them are text."""
        if not allowed and not disallowed:
            return self.usual
        chosen = self._chosen(allowed, self.special, "allowed_special")
        refused = self._chosen(disallowed, self.special - chosen, "disallowed_special")
        return self._modes(chosen, refused)

    def _modes(self, allowed: set[str], disallowed: set[str]) -> bytes:
        return bytes(
            _ERROR
            if token.text in disallowed
            else _TOKEN
            if not token.special or token.text in allowed
            else _TEXT
            for token in self.tokens
        )

    def _chosen(self, names: Allowed, everything: set[str], where: str) -> set[str]:
        if isinstance(names, str):
            if names != "all":
                raise ArgumentTypeError(
                    "not a set of tokens", where=where, expected='"all" or a set of tokens', found=repr(names)
                )
            return everything
        try:
            chosen = set(names)
        except TypeError:
            raise ArgumentTypeError(
                "not a set of tokens",
                where=where,
                expected='"all" or a set of tokens',
                found=f"{names!r:.60}",
            ) from None
        if unknown := chosen - self.special:
            raise ArgumentError(
                "not a special token",
                where=where,
                expected=", ".join(sorted(self.special))[:200] or "none, as there are none",
                found=repr(min(unknown)),
            )
        return chosen
