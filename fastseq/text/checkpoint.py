"""The folder that a training goes on from: how far it is, and what it has found.

    state.json     what was asked for, the corpus, how far it is counted, and which runs hold that
    counts.runs    counts as sorted runs (csrc/text/train/piece_runs.h), one behind the other
    NAME.npy       what training itself has found

Each is written whole or not at all, the state last; runs beyond those that the state names are cut off.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import ArgumentError, FormatError
from fastseq.files import read_json, write_whole

VERSION = 1


class Checkpoint:
    """A folder, made when it is not there; `ArgumentError` when it is that of another training."""

    def __init__(self, folder: str | Path, options: dict[str, Any]) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArgumentError(
                "cannot be made", where=str(folder), expected="a folder", found=error.strerror or str(error)
            ) from None
        options = json.loads(json.dumps(options))
        self._path = self.folder / "state.json"
        self._state: dict[str, Any] = {"version": VERSION, "options": options, "runs": [], "position": {}}
        if self._path.exists():
            state = read_json(self._path)
            if not isinstance(state, dict) or state.get("version") != VERSION:
                raise FormatError("not a checkpoint", where=str(self._path), expected=f"version {VERSION}")
            self._compare(state.get("options"), options, "option")
            self._state = state

    def _compare(self, before: Any, now: Any, what: str) -> None:
        if not isinstance(before, dict):
            raise FormatError("not a checkpoint", where=str(self._path), found=f"{before!r:.60}")
        for name in [*before, *(set(now) - set(before))]:
            if before.get(name) != now.get(name):
                raise ArgumentError(
                    f"the checkpoint is of another {what}",
                    where=f"{self.folder}: {name}",
                    expected=f"{before.get(name)!r:.100}",
                    found=f"{now.get(name)!r:.100}",
                )

    def corpus(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Notes what the corpus is, or compares; how far it was counted."""
        facts = json.loads(json.dumps(facts))
        if "corpus" in self._state:
            self._compare(self._state["corpus"], facts, "corpus")
        self._state["corpus"] = facts
        position = self._state["position"]
        return position if isinstance(position, dict) else {}

    def open_runs(self) -> tuple[list[int], IO[bytes]]:
        """The sizes of the runs so far, and their file, at its end."""
        sizes = [int(size) for size in self._state["runs"]]
        path = self.folder / "counts.runs"
        try:
            file = open(path, "r+b" if sizes else "w+b")  # noqa: SIM115, the caller closes it
        except OSError as error:
            raise ArgumentError(
                "cannot be opened", where=str(path), found=error.strerror or str(error)
            ) from None
        end = file.seek(0, io.SEEK_END)
        if end < sum(sizes):
            file.close()
            raise FormatError(
                "truncated", where=str(path), expected=f"{sum(sizes)} bytes", found=f"{end} bytes"
            )
        file.truncate(sum(sizes))
        file.seek(sum(sizes))
        return sizes, file

    def save(self, runs: list[int], position: dict[str, Any]) -> None:
        """How far the corpus is counted, once the runs are in their file."""
        self._state.update(runs=runs, position=position)
        write_whole(self._path, [json.dumps(self._state, ensure_ascii=False).encode()])

    def keep(self, name: str, array: NDArray[Any]) -> None:
        """Saves what training has found."""
        data = io.BytesIO()
        np.save(data, array, allow_pickle=False)
        write_whole(self.folder / f"{name}.npy", [data.getvalue()])

    def kept(self, name: str) -> NDArray[Any] | None:
        """What was saved under that name; None: nothing."""
        path = self.folder / f"{name}.npy"
        if not path.exists():
            return None
        try:
            return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
        except (OSError, ValueError, EOFError) as error:
            raise FormatError("not an array", where=str(path), found=str(error)) from None
