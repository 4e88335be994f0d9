"""The weights of a folder: model.safetensors, or the files that model.safetensors.index.json lists."""

from __future__ import annotations

from pathlib import Path

from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.files import read_json
from fastseq.formats import safetensors
from fastseq.formats.tensor import Tensor
from fastseq.models.plain import shown

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
FILES_MAX = 1000


def tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a folder by its name, as views of the mapped files."""
    if (folder / SINGLE).is_file():
        return safetensors.load(folder / SINGLE)
    if (folder / INDEX).is_file():
        return _sharded(folder)
    others = sorted(path.name for path in folder.glob("*.bin"))[:3]
    raise UnsupportedError(
        "no weights in safetensors",
        where=str(folder),
        expected=f"{SINGLE} or {INDEX}",
        found=", ".join(others),
    )


def _sharded(folder: Path) -> dict[str, Tensor]:
    index = folder / INDEX
    try:
        places = _places(read_json(index))
    except FastseqError as error:
        raise error if str(index) in error.where else error.within(str(index)) from None
    files = {}
    for file in dict.fromkeys(places.values()):
        if not (folder / file).is_file():
            raise FormatError("missing file", where=str(index), expected=file, found="none of that name")
        files[file] = safetensors.load(folder / file)
    found = {}
    for name, file in places.items():
        if name not in files[file]:
            raise FormatError(
                "the index names a tensor that the file lacks",
                where=f"{index}: {name!r:.100}",
                expected=f"in {file}",
            )
        found[name] = files[file][name]
    return found


def _places(index: object) -> dict[str, str]:
    """The file of each tensor; names of files beside the index, and nothing else."""
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places:
        raise FormatError(
            "no files", where="weight_map", expected="tensors and their files", found=shown(places)
        )
    for name, file in places.items():
        if not isinstance(file, str) or not _plain(file):
            raise FormatError(
                "not a file beside it",
                where=f"weight_map: {name!r:.100}",
                expected="the name of a .safetensors file",
                found=shown(file),
            )
    if len(set(places.values())) > FILES_MAX:
        raise FormatError(
            "too many files",
            where="weight_map",
            expected=f"at most {FILES_MAX}",
            found=str(len(set(places.values()))),
        )
    return places


def _plain(file: str) -> bool:
    """Whether it is a name and no path."""
    return file.endswith(".safetensors") and not file.startswith(".") and not set(file) & set("/\\:\0")
