"""What every model has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, UnsupportedError
from fastseq.files import unused_for_now
from fastseq.models.blocks import Block, Embedding, block_dict
from fastseq.models.results import Info
from fastseq.models.rounding import held
from fastseq.models.spec import ModelSpec, check_tensors, tensor_role
from fastseq.models.weights import BlockMatrix, RoundedMatrix, Weight
from fastseq.progress import late_bar
from fastseq.text import Batch, Tokenizer

Weights = Mapping[str, Weight]
Texts = str | Iterable[str]
Self = TypeVar("Self", bound="Model")

PANEL = 32  # rows of a matrix in blocks that are laid out together
SPARE_TOKENS = 64  # that a language model's vocabulary may have beyond its table
DTYPES = ("float32", "bfloat16", "int8", "int4", "blocks")


class Model:
    """A model ready to run; `fastseq.load` makes one from files.

    It may be used from many threads at once. `close` gives the memory back (so does the end of a ``with``);
    calls that are running then finish first. A model that came from files is pickled as their path.

    Args:
        spec: what it is.
        weights: tensors by name: float32, bfloat16 as uint16, int8 with a float32 ``NAME.scale`` beside it,
            float16, blocks (`fastseq.models.weights.BlockMatrix`).
        tokenizer, target_tokenizer: text to ids, and for `Seq2Seq` ids to text; None: ids only.
        dtype: the precision of the matrices: float32, bfloat16, int8 or, of language models, int4; None: as
            in `weights`.
        threads: threads of a call that names none itself; None: `fastseq.get_num_threads()`.
        repack: whether matrices in blocks are laid out anew for speed; otherwise they are read as they lie,
            a mapped file's in the file, with the same results.
        cache_dtype: how a decoder's self-attention keeps keys and values: float32, float16, int8.
        progress: True for a bar while matrices are rounded and laid out; None: where that takes over a second
            and standard error is a terminal.
        origin: the arguments of `fastseq.load` that made it.

    """

    task: ClassVar[str]

    def __init__(
        self,
        spec: ModelSpec,
        weights: Weights,
        *,
        tokenizer: Tokenizer | None = None,
        target_tokenizer: Tokenizer | None = None,
        dtype: str | None = None,
        threads: int | None = None,
        repack: bool = True,
        cache_dtype: str = "float32",
        progress: bool | None = None,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        if spec.task != self.task:
            raise ArgumentError(
                "another kind of model", where="spec.task", expected=self.task, found=spec.task
            )
        if dtype is not None and dtype not in DTYPES:
            raise ArgumentError("unknown dtype", where="dtype", expected=", ".join(DTYPES), found=repr(dtype))
        check_tensors(spec, {name: array.shape for name, array in weights.items()})
        self.spec, self.threads = spec, threads
        self.dtype = dtype or stored_dtype(spec, weights)
        self._tokenizer, self._target_tokenizer = tokenizer, target_tokenizer
        self._held, self._weights = held(spec, weights, self.dtype)
        self._origin, self.cache_dtype = dict(origin or {}), cache_dtype
        self._graphs = {
            part: self._graph(part, repack, progress)
            for part in ("encoder", "decoder")
            if getattr(spec, part)
        }
        for weight in self._weights.values() if repack else ():
            if isinstance(weight, BlockMatrix):  # laid out anew: of the file only embeddings are still read
                unused_for_now(weight.origin)
                break
        self._closed = False
        for key, part, given in (
            ("tokenizer", spec.encoder or spec.decoder, tokenizer),
            ("target_tokenizer", spec.decoder, target_tokenizer),
        ):
            if given is not None:
                _check_vocabulary(key, part, given, spec.task == "language_model")

    @classmethod
    def load(
        cls: type[Self],
        path: str | PathLike[str],
        *,
        dtype: str | None = None,
        threads: int | None = None,
        spec: str | PathLike[str] | Mapping[str, Any] | None = None,
        repack: bool = True,
        cache_dtype: str = "float32",
        progress: bool | None = None,
    ) -> Self:
        """As `fastseq.load`, for a model that is known to be of this kind."""
        from fastseq.loading import load

        model = load(
            path,
            dtype=dtype,
            threads=threads,
            spec=spec,
            repack=repack,
            cache_dtype=cache_dtype,
            progress=progress,
        )
        if not isinstance(model, cls):
            raise UnsupportedError(
                "another kind of model", where=str(path), expected=cls.__name__, found=type(model).__name__
            )
        return model

    def save(self, folder: str | PathLike[str], *, dtype: str | None = None) -> None:
        """Writes the native folder (docs/native-format.md), its matrices in `dtype`.

        None keeps the precision the model was loaded with. Files in the folder are replaced one by one, each
        whole; running models that mapped the old ones keep them.
        """
        from fastseq.formats import native as folder_format

        self._open()
        folder_format.save(
            folder,
            self.spec,
            self._weights,
            tokenizer=self._tokenizer,
            target_tokenizer=self._target_tokenizer,
            dtype=dtype or self.dtype,
        )

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to ids."""
        return _present(self._tokenizer, "tokenizer")

    @property
    def info(self) -> Info:
        """Facts: task, sizes, precision, where it came from."""
        spec, blocks = self.spec, self.spec.encoder or self.spec.decoder
        first = next(block for block in blocks if isinstance(block, Embedding))
        return Info(
            task=spec.task,
            name=spec.name,
            description=spec.description,
            licence=spec.licence,
            source=spec.source,
            path=self._origin.get("path"),
            dtype=self.dtype,
            parameters=sum(
                a.size for name, a in self._weights.items() if not name.endswith((".scale", ".multiplier"))
            ),
            weight_bytes=sum(graph.weight_bytes for graph in self._graphs.values()),
            vocabulary=first.vocabulary,
            outputs=list(self._graphs.values())[-1].width,
            encoder=tuple(map(described, spec.encoder)),
            decoder=tuple(map(described, spec.decoder)),
        )

    def close(self) -> None:
        """Gives the memory back, once no call runs any more. A closed model raises on use."""
        self._closed = True
        for graph in self._graphs.values():
            graph.close()
        self._weights = {}

    def __enter__(self: Self) -> Self:
        self._open()
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = self.spec.name or self.spec.task
        return f"<{type(self).__name__} {name}, {self.dtype}{', closed' if self._closed else ''}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if not self._origin:
            raise ArgumentTypeError(
                "only a model that was loaded from files can be pickled", found=repr(self)
            )
        return _loaded_again, (self._origin,)

    def __call__(self, texts: Any, **options: Any) -> Any:
        """The model's own job: a text in, its result out; a list in, a list out, in order."""
        raise NotImplementedError

    def _graph(self, part: str, repack: bool, progress: bool | None) -> native.Graph:
        blocks: tuple[Block, ...] = getattr(self.spec, part)
        names = {name for block in blocks for name in block.shapes()}
        tensors = {
            n: a
            for n, a in self._weights.items()
            if n in names or n.removesuffix(".scale").removesuffix(".multiplier") in names
        }
        made = [block_dict(block) for block in blocks]
        rounded = [weight for weight in tensors.values() if isinstance(weight, RoundedMatrix)]
        panels = sum(
            -(-weight.shape[0] // PANEL) for weight in tensors.values() if isinstance(weight, BlockMatrix)
        )
        with late_bar(progress, total=panels + len(rounded), title="laying out weights") as told:
            kept = [(weight.data, told(done + 1)) for done, weight in enumerate(rounded)]
            return native.Graph(
                made,
                tensors,
                dtype=self._held,
                lay_out=repack,
                kept=self.cache_dtype,
                progress=lambda done: told(len(kept) + done),
            )

    def _open(self) -> None:
        if self._closed:
            raise ArgumentError("the model is closed", where=repr(self))

    def _threads(self, threads: int | None) -> int | None:
        return self.threads if threads is None else threads


def kind_of(weight: Weight) -> str:
    """What its numbers are."""
    return "blocks" if isinstance(weight, BlockMatrix) else weight.dtype.name


def stored_dtype(spec: ModelSpec, weights: Weights) -> str:
    """The precision of the matrices: the smallest that one of them is in."""
    kinds = {
        kind_of(a) for name, a in weights.items() if a.ndim == 2 and tensor_role(spec, name, 2) == "matrix"
    }
    if "blocks" in kinds:
        return "blocks"
    return "int8" if "int8" in kinds else "bfloat16" if "uint16" in kinds else "float32"


def described(block: Block) -> str:
    """A block on one line: ``rnn cell=lstm input=128 hidden=256``."""
    values = {name: value for name, value in block.to_dict().items() if name != "weights"}
    return " ".join([block.kind_of_block, *(f"{name}={value}" for name, value in values.items())])


def listed(texts: Texts, where: str = "texts") -> tuple[list[str], bool]:
    """The texts as a list, and whether they were one text alone."""
    if isinstance(texts, str):
        return [texts], True
    if isinstance(texts, (bytes, bytearray)) or not isinstance(texts, Iterable):
        raise ArgumentTypeError(
            "not a text", where=where, expected="str or a list of str", found=type(texts).__name__
        )
    many = list(texts)
    for index, text in enumerate(many):
        if not isinstance(text, str):
            raise ArgumentTypeError(
                "not a text", where=f"{where}[{index}]", expected="str", found=type(text).__name__
            )
    return many, False


def prefixed(texts: list[str], prefix: Any) -> list[str]:
    """Texts with what has to follow them: nothing, a text, or one each."""
    if prefix is None:
        return texts
    many, alone = listed(prefix, "prefix")
    if alone:
        many *= len(texts)
    if len(many) != len(texts):
        raise ArgumentError(
            "as many as texts", where="prefix", expected=str(len(texts)), found=str(len(many))
        )
    return [text + behind for text, behind in zip(texts, many, strict=True)]


def packed(sequences: Sequence[Any] | Batch) -> Batch:
    """Lists or arrays of ids as one batch."""
    if isinstance(sequences, Batch):
        return sequences
    rows = [_ids(row, f"ids[{index}]") for index, row in enumerate(sequences)]
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    return Batch(np.concatenate([*rows, np.empty(0, np.int32)]), offsets)


def _ids(row: Any, where: str) -> NDArray[np.int32]:
    array = np.asarray(row)
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ArgumentTypeError(
            "not a list of ids",
            where=where,
            expected="integers, one dimension",
            found=f"{array.dtype} {array.shape}",
        )
    if array.min() < 0 or array.max() >= 2**31:
        raise ArgumentError("an id out of range", where=where, expected="0 to 2**31 - 1")
    return array.astype(np.int32, copy=False)


def _check_vocabulary(key: str, blocks: Sequence[Block], tokenizer: Tokenizer, alone: bool) -> None:
    """A vocabulary of another size than its embedding: ids that no row answers, or rows that mean nothing.

    Tables of language models are often filled up with rows, and some vocabularies have tokens for images.
    """
    rows = next(block.vocabulary for block in blocks if isinstance(block, Embedding))
    least = 0 if alone else rows
    if not least <= len(tokenizer) <= rows + (SPARE_TOKENS if alone else 0):
        raise FormatError(
            "the vocabulary does not fit the embedding",
            where=f"{key}.vocabulary",
            expected=f"{rows} tokens",
            found=str(len(tokenizer)),
        )


def _present(tokenizer: Tokenizer | None, which: str) -> Tokenizer:
    if tokenizer is None:
        raise ArgumentError(f"the model has no {which}: give it ids", where=which)
    return tokenizer


def _loaded_again(origin: Mapping[str, Any]) -> Model:
    from fastseq.loading import load

    model: Model = load(**origin)
    return model
