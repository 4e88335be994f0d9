"""What a model has computed of a prompt: kept, saved and loaded."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fastseq._core import native
from fastseq.errors import FormatError
from fastseq.files import mapped, write_whole
from fastseq.models.results import F32, I32
from fastseq.models.weights import BlockMatrix

if TYPE_CHECKING:
    from hashlib import blake2b

    from fastseq.models.language_model import LanguageModel

MAGIC = b"fastseq prompt 1\n"
"""Then, little-endian: the model's fingerprint (32 bytes), tokens T and numbers N (int64), ids (T int32),
numbers (N float32), and a checksum of all before it (32 bytes)."""
HEAD = len(MAGIC) + 32 + 16
DIGEST = 32


class PromptCache:
    """What a model has computed of a text that prompts begin with; made by `LanguageModel.prompt_cache`.

    system = model.prompt_cache("You are a helpful assistant. ...")
    model.generate(texts, prompt_cache=system)           # texts that begin with it, or with a part of it
    engine = model.engine(beginnings=[system])
    system.save("system.prompt")
    system = model.prompt_cache(path="system.prompt")

    Nothing else changes: the answers are those without it, to the last bit. `ids`: the text's tokens.
    """

    def __init__(self, model: LanguageModel, ids: I32, kept: F32 | None = None) -> None:
        self.native = native.Beginning(model.decoder.graph, ids, kept)
        self.ids, self._model = self.native.ids, model

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file that the same model, on a machine with the same instruction set, can go on from."""
        ids, kept = self.ids.astype("<i4"), self.native.kept.astype("<f4", copy=False)
        sizes = np.array([len(ids), len(kept)], "<i8")
        parts = [MAGIC, fingerprint(self._model), sizes.tobytes(), ids.tobytes(), kept.tobytes()]
        sum_of_all = _hash()
        for part in parts:
            sum_of_all.update(part)
        write_whole(Path(path), [*parts, sum_of_all.digest()])

    @classmethod
    def load(cls, model: LanguageModel, path: str | PathLike[str]) -> PromptCache:
        """What `save` wrote; `FormatError` where it is damaged, or another model's."""
        data = mapped(Path(path), HEAD + DIGEST)
        if data[: len(MAGIC)] != MAGIC:
            raise FormatError("no saved prompt", where=str(path), expected=repr(MAGIC))
        tokens, numbers = (int(n) for n in np.frombuffer(data, "<i8", 2, HEAD - 16))
        size = HEAD + 4 * tokens + 4 * numbers + DIGEST
        if tokens < 1 or numbers < 1 or size != len(data):
            raise FormatError(
                "cut off, or damaged", where=str(path), expected=f"{size} bytes", found=str(len(data))
            )
        if data[len(MAGIC) : HEAD - 16] != fingerprint(model):
            raise FormatError("a prompt of another model, or of another instruction set", where=str(path))
        if _hash(data[:-DIGEST]).digest() != data[-DIGEST:]:
            raise FormatError("damaged", where=str(path), expected="the checksum that it ends with")
        ids = np.frombuffer(data, "<i4", tokens, HEAD).astype(np.int32)
        kept = np.frombuffer(data, "<f4", numbers, HEAD + 4 * tokens).astype(np.float32)
        return cls(model, ids, kept)


def _hash(data: bytes | memoryview = b"") -> blake2b:
    from hashlib import blake2b  # brings 3 MB of OpenSSL with it

    return blake2b(data, digest_size=DIGEST)


def fingerprint(model: LanguageModel) -> bytes:
    """Of all that what is kept depends on: the spec, the weights, how they are used."""
    total = _hash()
    facts = [model.spec.to_dict(), model.dtype, model.cache_dtype, native.isa_chosen()]
    total.update(json.dumps(facts, sort_keys=True).encode())
    for name, weight in sorted(model._weights.items()):
        if isinstance(weight, BlockMatrix):
            kind, values = f"type {weight.type}", np.asarray(weight.data)
        else:
            kind, values = str(weight.dtype), weight
        total.update(f"{name} {kind} {tuple(weight.shape)}".encode())
        total.update(np.ascontiguousarray(values).tobytes())
    return total.digest()
