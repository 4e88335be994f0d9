"""Writing files that are never seen half written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fastseq.errors import ArgumentError


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
