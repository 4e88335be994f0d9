"""Files that may be hostile: regular ones only, sizes checked before use; written whole or not at all."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastseq.errors import ArgumentError, FormatError

JSON_BYTES_MAX = 512 * 2**20


def regular_size(path: Path) -> int:
    """Bytes of a regular file; pipes, devices and folders are refused before anything waits on them."""
    try:
        facts = path.stat()
    except OSError as error:
        raise ArgumentError("cannot be opened", where=str(path), found=error.strerror or str(error)) from None
    except ValueError as error:  # NUL in the name
        raise ArgumentError("cannot be opened", where=repr(str(path)), found=str(error)) from None
    if not stat.S_ISREG(facts.st_mode):
        raise ArgumentError("not a file", where=str(path), expected="a regular file")
    return facts.st_size


class _Map(mmap.mmap):
    """One that `mapped` made: its bytes are the file's, so that no page of it has to be kept."""


def mapped(path: Path, at_least: int = 1) -> memoryview:
    """A file's bytes, mapped read-only: pages come in as they are used, and processes share them.

    The mapping lives as long as something looks at it. A file that another process cuts short while it is
    mapped ends this one; replace files by renaming, never by writing over them.
    """
    size = regular_size(path)
    if size < max(1, at_least):
        raise FormatError(
            "truncated", where=str(path), expected=f"at least {at_least} bytes", found=f"{size} bytes"
        )
    try:
        with open(path, "rb") as file:
            return memoryview(_Map(file.fileno(), size, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise ArgumentError("cannot be mapped", where=str(path), found=str(error)) from None


def unused_for_now(view: Any) -> None:
    """Gives back the pages of a mapped file, where the system can; they come in again as they are used.

    view: an array or a memoryview that looks at it; of anything else nothing is given back.
    """
    while view is not None and not isinstance(view, _Map):
        view = view.obj if isinstance(view, memoryview) else getattr(view, "base", None)
    if view is not None and hasattr(mmap, "MADV_DONTNEED"):
        view.madvise(mmap.MADV_DONTNEED)


def write_whole(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Writes a neighbour and renames it: readers see the old file or the new one, and maps stay whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(scratch, "wb") as file:
            file.writelines(parts)
        os.replace(scratch, path)
    except OSError as error:
        raise ArgumentError(
            "cannot be written", where=str(path), found=error.strerror or str(error)
        ) from None
    finally:
        with suppress(OSError):
            scratch.unlink()


def read_json(path: Path) -> Any:
    """A JSON file, strictly."""
    size = regular_size(path)
    if size > JSON_BYTES_MAX:
        raise FormatError(
            "too large", where=str(path), expected=f"at most {JSON_BYTES_MAX} bytes", found=f"{size} bytes"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArgumentError("cannot be read", where=str(path), found=error.strerror or str(error)) from None
    try:
        return strict_json(data)
    except FormatError as error:
        raise error.within(str(path)) from None


def strict_json(data: bytes) -> Any:
    """JSON in UTF-8, with neither repeated keys nor NaN, nor nesting without end."""
    import json

    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", where=f"byte {error.start}", expected="JSON in UTF-8") from None
    except RecursionError:
        raise FormatError("nested too deeply", expected="JSON of a few levels") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FormatError("not valid JSON", where=place, found=error.msg) from None
    except FormatError:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise FormatError("not valid JSON", found=str(error)) from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise FormatError("a key comes twice", where=repr(twice[:60]), expected="each key once")
    return values


def _no_constant(name: str) -> Any:
    raise FormatError("not valid JSON", expected="finite numbers", found=name)
