"""Plain data read from JSON: dataclasses that check the type and range of every field when they are made."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fastseq.errors import FormatError

Checked = TypeVar("Checked", bound="Plain")

WIDTH_MAX = 2**31 - 1  # the engine indexes rows and columns with int32


def field_types(cls: type) -> dict[str, Any]:
    """The type of each field of a dataclass."""
    return _resolved(cls)


@cache
def _resolved(cls: Any) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(cls).items() if get_origin(hint) is not ClassVar}


def _fits(value: object, hint: Any) -> bool:
    """Whether a JSON value is of a field's type: exact about bool and int, an int passes as a float."""
    if type(value) is hint:
        return True
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if origin is tuple:
        return isinstance(value, (list, tuple)) and all(_fits(one, get_args(hint)[0]) for one in value)
    if origin is dict:
        key, kept = get_args(hint)
        return isinstance(value, dict) and all(_fits(k, key) and _fits(v, kept) for k, v in value.items())
    if hint is Any:
        return True
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, (int, float))
    return isinstance(value, hint)


def _told(hint: Any) -> str:
    """A field's type in words."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(_told(one) for one in get_args(hint))
    if origin is Literal:
        return ", ".join(get_args(hint))
    if origin is tuple:
        return f"a list of {_told(get_args(hint)[0])}"
    if origin is dict:
        return "an object"
    return {str: "a string", int: "an integer", float: "a number", bool: "true or false"}.get(hint, "nothing")


class Plain:
    """Base of the dataclasses of a spec: types and ranges are checked when one is made."""

    def __post_init__(self) -> None:
        for name, hint in field_types(type(self)).items():
            value = getattr(self, name)
            if not _fits(value, hint):
                raise FormatError("wrong value", where=name, expected=_told(hint), found=shown(value))
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        self.check()

    def check(self) -> None:
        """Ranges and choices that contradict each other."""

    def to_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as JSON has them."""
        values: dict[str, Any] = {}
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if value != default_of(one):
                values[one.name] = list(value) if isinstance(value, tuple) else value
        return values


def default_of(one: Any) -> Any:
    """The default of a dataclass field; MISSING, which equals nothing, where it has none."""
    return one.default_factory() if one.default_factory is not MISSING else one.default


def shown(value: object) -> str:
    """A value as an error shows it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read(cls: type[Checked], values: object, path: str, skip: tuple[str, ...] = ()) -> Checked:
    """Makes `cls` of a JSON object; an error names the JSON path of what it refuses."""
    if not isinstance(values, dict):
        raise FormatError("not an object", where=path, expected="named values", found=shown(values))
    known = {one.name: one for one in fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in known and name not in skip:
            raise FormatError(
                "unknown key", where=joined(path, name), expected=", ".join(known), found=shown(name)
            )
    for name, one in known.items():
        if name not in values and one.default is MISSING and one.default_factory is MISSING:
            raise FormatError("missing key", where=joined(path, name), expected=_told(field_types(cls)[name]))
    try:
        return cls(**{name: value for name, value in values.items() if name in known})
    except FormatError as error:
        raise at(error, path) from None


def joined(path: str, key: object) -> str:
    """`path.key`, or `key` alone at the top."""
    text = str(key) if len(str(key)) <= 60 else str(key)[:57] + "..."
    return f"{path}.{text}" if path else text


def at(error: FormatError, path: str) -> FormatError:
    """The error with its `where` put behind a JSON path."""
    return FormatError(
        error.what, where=joined(path, error.where), expected=error.expected, found=error.found
    )


def in_range(value: int, name: str, high: int = WIDTH_MAX) -> None:
    """Refuses a size that is not in 1..high."""
    if not 1 <= value <= high:
        raise FormatError("out of range", where=name, expected=f"1 to {high}", found=str(value))
