"""`load`: a path, a name or an id to a model."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastseq import formats, models
from fastseq.errors import ArgumentError, ArgumentTypeError, FastseqError, MissingExtraError

if TYPE_CHECKING:
    from fastseq.models import Model

BUNDLED = Path(__file__).parent / "bundled"

_CLASSES = {"seq2seq": "Seq2Seq", "language_model": "LanguageModel", "classifier": "Classifier"}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def load(
    path: str | PathLike[str],
    *,
    dtype: str | None = None,
    threads: int | None = None,
    spec: str | PathLike[str] | Mapping[str, Any] | None = None,
    repack: bool = True,
    cache_dtype: str = "float32",
    progress: bool | None = None,
) -> Model:
    """A model from files; what kind it is, and its tokenizer, are found out.

    Args:
        path: a folder or a file; the name of a bundled model (`bundled`); or, when nothing of that name is on
            the disk, an id ``org/name`` of the Hugging Face hub, where `huggingface_hub` is installed.
        dtype: precision of the matrices: float32, bfloat16, int8 or, of language models, int4; None: as
            stored. int8 and int4 of language models have a scale for every 32 weights (docs/models.md).
        threads: threads of calls that name none themselves; None: `fastseq.get_num_threads()`.
        spec: what a file that does not say it holds, as a file or its content (docs/formats.md).
        repack: False: matrices in blocks (GGUF, int4 ...) are read as they lie, a mapped file's in the file,
            and not laid out anew for speed; results are the same to the last bit.
        cache_dtype: how a decoder's self-attention keeps the keys and values of its tokens: float32, float16
            or int8 (a scale for each head of each token), in half and about a quarter of the memory.
        progress: True for a bar (tqdm) while weights are rounded and laid out, False for none; None for one
            where that takes over a second, on a terminal.

    Raises `FormatError` or `UnsupportedError` naming the file and the place, `ArgumentError` where there is
    nothing of that name, `MissingExtraError` where a package is needed for it.

    >>> import fastseq
    >>> fastseq.load("phonemes-en", dtype="int8")("hello world")
    'HH AH0 L OW1  W ER1 L D'
    """
    if not isinstance(path, (str, PathLike)):
        raise ArgumentTypeError(
            "not a path", where="path", expected="a path or a name", found=type(path).__name__
        )
    from fastseq.formats import precision  # when it is used: it knows the spec, the blocks and what they hold

    precision.check_dtype(dtype)
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ArgumentError("bad thread count", where="threads", expected="1 or more", found=repr(threads))
    given = Path(spec) if isinstance(spec, PathLike) else spec
    place = located(path)
    found = formats.read(place, given)
    try:
        kind: type[Model] = getattr(models, _CLASSES[found.spec.task])
        return kind(
            found.spec,
            precision.to_engine(found.tensors),
            tokenizer=found.tokenizer,
            target_tokenizer=found.target_tokenizer,
            dtype=dtype,
            threads=threads,
            repack=repack,
            cache_dtype=cache_dtype,
            progress=progress,
            origin={
                "path": os.fspath(path),
                "dtype": dtype,
                "threads": threads,
                "spec": spec,
                "repack": repack,
                "cache_dtype": cache_dtype,
            },
        )
    except FastseqError as error:
        raise error.within(str(place)) from None


def bundled() -> list[str]:
    """Names of the models inside the package."""
    if not BUNDLED.is_dir():
        return []
    return sorted(entry.name for entry in BUNDLED.iterdir() if (entry / "config.json").is_file())


def located(path: str | PathLike[str]) -> Path:
    """Where the files of a path, a bundled name or a hub id are."""
    name = os.fspath(path)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    place = Path(name)
    try:
        if name and place.exists():
            return place
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        raise ArgumentError("not a path", where="path", found=str(error)) from None
    if name in bundled():
        return BUNDLED / name
    if isinstance(path, str) and _HUB_ID.fullmatch(name):
        return _from_hub(name)
    raise ArgumentError(
        "no such model",
        where=f"{name!r:.200}",
        expected=f"a file, a folder, a hub id org/name, or a bundled model: {', '.join(bundled()) or 'none'}",
    )


def _from_hub(name: str) -> Path:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtraError(
            "no such file, and hub ids need huggingface_hub",
            where=name,
            expected="pip install huggingface_hub",
        )
    from huggingface_hub import snapshot_download  # type: ignore[import-not-found,unused-ignore]

    try:
        return Path(snapshot_download(name))
    except Exception as error:  # its errors are many; each says what is wrong
        raise ArgumentError("cannot be fetched from the hub", where=name, found=str(error)[:300]) from error
