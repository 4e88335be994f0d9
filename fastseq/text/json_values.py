"""Values of a tokenizer.json, checked: what is wrong raises `FormatError` with its place in the file."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from fastseq.errors import FormatError, UnsupportedError

Json = dict[str, Any]
T = TypeVar("T")

ID_END = 2**24
"""Ids are below it: a table of them is as long as the largest."""


POWERS_OF_TEN = tuple(float(f"1e{exponent}") for exponent in range(309))


def as_serde_reads(number: float) -> float:
    """The float that the tokenizers library makes of the shortest decimal of a float.

    Its reader (serde_json without `float_roundtrip`) divides the digits by a power of ten and rounds both, so
    that one of ten numbers is a unit off. That decides between sums equal but for rounding.
    """
    mantissa, _, power = repr(number).partition("e")
    whole, _, part = mantissa.partition(".")
    exponent = int(power or 0) - len(part)
    value = float(int(whole + part))
    if exponent >= 0:
        return value * POWERS_OF_TEN[exponent]
    if exponent < -308:
        value, exponent = value / POWERS_OF_TEN[308], exponent + 308
    return value / POWERS_OF_TEN[-exponent]


def an_object(value: Any, where: str) -> Json:
    if not isinstance(value, dict):
        raise FormatError("wrong type", where=where, expected="an object", found=type(value).__name__)
    return value


def a_list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError("wrong type", where=where, expected="a list", found=type(value).__name__)
    return value


def an_id(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value < ID_END:
        raise FormatError(
            "id out of range", where=where, expected=f"0 to {ID_END - 1}", found=f"{value!r:.60}"
        )
    return value


def option(step: Json, key: str, kind: type[T], absent: T, where: str) -> T:
    """A value of that type; what is not there, or null, is `absent`."""
    value = step.get(key)
    if value is None:
        return absent
    if type(value) is not kind:
        raise FormatError(
            "wrong type", where=f"{where}.{key}", expected=kind.__name__, found=f"{value!r:.60}"
        )
    return value


def one_of(step: Json, key: str, choices: dict[str, T], absent: str, where: str) -> T:
    """What a choice stands for."""
    name = option(step, key, str, absent, where)
    if name not in choices:
        raise FormatError(
            "unknown choice", where=f"{where}.{key}", expected=", ".join(choices), found=f"{name!r:.60}"
        )
    return choices[name]


def steps_of(entry: Any, where: str, name: str) -> list[tuple[str, Json]]:
    """A Sequence's members (under `name`) and theirs, each with its place; one alone is a list of one."""
    if entry is None:
        return []
    entry = an_object(entry, where)
    if entry.get("type") != "Sequence":
        return [(where, entry)]
    members = enumerate(a_list(entry.get(name), f"{where}.{name}"))
    return [step for place, item in members for step in steps_of(item, f"{where}.{name}[{place}]", name)]


def kinds_of(steps: list[tuple[str, Json]]) -> str:
    return ", ".join(f"{step.get('type')!r:.40}" for _, step in steps) or "none"


def refuse(step: Any, where: str) -> NoReturn:
    kind = step.get("type") if isinstance(step, dict) else type(step).__name__
    raise UnsupportedError("not supported", where=where, found=f"{kind!r:.60}")
