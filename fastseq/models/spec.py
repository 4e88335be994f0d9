"""What a model is, as plain data: the content of config.json. No NumPy, no engine, no files.

`ModelSpec.from_dict` reads it, `tensor_shapes` says which weights it needs and their shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from fastseq.errors import FormatError, UnsupportedError
from fastseq.models.blocks import (
    Attention,
    Block,
    Bridge,
    Embedding,
    Linear,
    Pool,
    Position,
    Rnn,
    Shape,
    block_dict,
    read_block,
)
from fastseq.models.plain import Plain, in_range, joined, read, shown
from fastseq.models.widths import follow

VERSION = 1  # of the native format; a file of a newer one is refused
TOKENS_MAX = 2**20  # of one output
BLOCKS_MAX = 1000
SHORTLIST = ("shortlist.offsets", "shortlist.tokens", "shortlist.first")  # whole numbers

__all__ = [
    "VERSION",
    "Attention",
    "Block",
    "Bridge",
    "Embedding",
    "GenerationSpec",
    "Linear",
    "ModelSpec",
    "Pool",
    "Rnn",
    "SegmentSpec",
    "TranslationSpec",
    "check_tensors",
    "optional_tensors",
    "tensor_role",
    "tensor_shapes",
]


@dataclass(frozen=True)
class GenerationSpec(Plain):
    """How outputs start and end, by tokens of the output vocabulary.

    Attributes:
        start: the decoder's first token; None: it begins with no token (a `blank` embedding).
        stop: tokens that end an output.
        max_new_tokens: the longest output, in tokens.
        length_factor: an output has at most this many tokens for each of its source, where it is above 0.
        never: tokens that are not chosen.
        shortlist: an output's tokens are among those that the tensors ``shortlist.*`` have for its source's.
        advised: numbers that the model's makers advise for sampling: temperature, top_k, top_p, min_p,
            repetition_penalty. They are not used unless a caller says so.
    """

    start: str | None = None
    stop: tuple[str, ...] = ()
    max_new_tokens: int = 128
    length_factor: float = 0.0
    never: tuple[str, ...] = ()
    shortlist: bool = False
    advised: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        in_range(self.max_new_tokens, "max_new_tokens", TOKENS_MAX)
        if not 0 <= self.length_factor < 1e6:
            raise FormatError(
                "out of range", where="length_factor", expected="0 or more", found=str(self.length_factor)
            )


@dataclass(frozen=True)
class SegmentSpec(Plain):
    """A model that works on pieces of a text: how the text is cut, and how the results are put together.

    Attributes:
        split: ``words``, runs of letters.
        join: what stands between the results of two pieces.
        inner: characters that belong to a word when they stand inside it.
        replace: characters and what they become before the cut, as ``{"&": " and "}``.
        fold: strip the accents of letters that the vocabulary does not have.
    """

    split: Literal["words"] = "words"
    join: str = " "
    inner: str = "'"
    replace: dict[str, str] = field(default_factory=dict)
    fold: bool = True

    def check(self) -> None:
        for key in self.replace:
            if len(key) != 1:
                raise FormatError("not one character", where=joined("replace", key), expected="a character")


@dataclass(frozen=True)
class TranslationSpec(Plain):
    """A model that translates documents, a sentence at a time.

    Attributes:
        source, target: languages, as ``en``; empty where they are not known.
        longest: a sentence of more tokens is cut into pieces of so many.
    """

    source: str = ""
    target: str = ""
    longest: int = 128

    def check(self) -> None:
        in_range(self.longest, "longest", TOKENS_MAX)


@dataclass(frozen=True)
class ModelSpec:
    """A whole model. See docs/native-format.md for what each part says.

    Attributes:
        task: ``seq2seq`` (encoder, decoder), ``language_model`` (decoder), ``classifier`` (encoder, labels).
        tokenizer, target_tokenizer: configurations for `fastseq.text`; None: ids in, ids out.
        empty: a classifier's label for a text without tokens; None: such a text is refused.
        chat_template: how a conversation becomes a text, in Jinja's language.
        chat_tokens: what that knows by name (bos_token, eos_token ...); none: the generation's start and
            first stop.
    """

    task: Literal["seq2seq", "language_model", "classifier"]
    encoder: tuple[Block, ...] = ()
    decoder: tuple[Block, ...] = ()
    tokenizer: Mapping[str, Any] | None = None
    target_tokenizer: Mapping[str, Any] | None = None
    generation: GenerationSpec = field(default_factory=GenerationSpec)
    segment: SegmentSpec | None = None
    translation: TranslationSpec | None = None
    labels: tuple[str, ...] = ()
    empty: str | None = None
    chat_template: str = ""
    chat_tokens: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    description: str = ""
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for part in ("encoder", "decoder", "labels"):
            object.__setattr__(self, part, tuple(getattr(self, part)))
        _check_parts(self)
        width, final = (0, None) if self.task == "language_model" else follow(self.encoder, "encoder", None)
        if self.task == "classifier":
            _check_classifier(self, width)
        else:
            follow(self.decoder, "decoder", (width, final))

    @cached_property
    def matrices(self) -> frozenset[str]:
        """Names of the weights of linear blocks."""
        return self._named(Linear)

    @cached_property
    def tables(self) -> frozenset[str]:
        """Names of the tables of embeddings and positions."""
        return self._named(Embedding, Position)

    def _named(self, *kinds: type[Block]) -> frozenset[str]:
        blocks = (block for block in (*self.encoder, *self.decoder) if isinstance(block, kinds))
        return frozenset(name for block in blocks for name in block.shapes())

    @classmethod
    def from_dict(cls, values: object) -> ModelSpec:
        """Reads what `to_dict` gives. FormatError names the JSON path of anything unknown or out of range."""
        if not isinstance(values, dict):
            raise FormatError("not an object", expected="a specification", found=shown(values))
        _check_version(values.get("fastseq"))
        return _read_model(values)

    def to_dict(self) -> dict[str, Any]:
        """The content of config.json; defaults are left out."""
        values: dict[str, Any] = {"fastseq": VERSION, "task": self.task}
        for name in ("name", "description", "licence", "source", "chat_template"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        if self.chat_tokens:
            values["chat_tokens"] = dict(self.chat_tokens)
        for name in ("tokenizer", "target_tokenizer"):
            if getattr(self, name) is not None:
                values[name] = dict(getattr(self, name))
        if self.segment is not None:
            values["segment"] = self.segment.to_dict()
        if self.translation is not None:
            values["translation"] = self.translation.to_dict()
        for name in ("encoder", "decoder"):
            if getattr(self, name):
                values[name] = [block_dict(block) for block in getattr(self, name)]
        if self.task == "classifier":
            values["labels"] = list(self.labels)
            if self.empty is not None:
                values["empty"] = self.empty
        else:
            values["generation"] = self.generation.to_dict()
        return values


def tensor_shapes(spec: ModelSpec) -> dict[str, Shape]:
    """Every tensor the blocks may have, with its shape; `optional_tensors` says which may be absent."""
    shapes: dict[str, Shape] = {}
    for part in ("encoder", "decoder"):
        for index, block in enumerate(getattr(spec, part)):
            for name, shape in block.shapes().items():
                if shapes.setdefault(name, shape) != shape:
                    raise FormatError(
                        f"tensor {name} is shared by blocks that disagree about its shape",
                        where=f"{part}[{index}].weights",
                        expected=str(shapes[name]),
                        found=str(shape),
                    )
    return shapes


def optional_tensors(spec: ModelSpec) -> set[str]:
    """Names of the tensors that a model may do without."""
    names: set[str] = set()
    for block in (*spec.encoder, *spec.decoder):
        if isinstance(block, Attention):
            names |= block.optional()
    return names


def tensor_role(spec: ModelSpec, name: str, rank: int) -> Literal["table", "matrix", "vector"]:
    """What a tensor is to the precisions: ``table`` of an embedding, ``matrix``, or else ``vector``.

    A table that is also a head's matrix counts as that.
    """
    if rank == 2 and name in spec.matrices:
        return "matrix"
    if name in spec.tables:
        return "table"
    return "matrix" if rank == 2 and not name.endswith(".score.weight") else "vector"


def check_tensors(spec: ModelSpec, shapes: Mapping[str, Shape]) -> None:
    """Refuses weights that contradict the spec: absent, of another shape, or of no block."""
    wanted = tensor_shapes(spec)
    optional = optional_tensors(spec)
    listed = SHORTLIST if spec.generation.shortlist else ()
    for name in listed:
        if len(shapes.get(name, ())) != 1:
            raise FormatError(
                "missing tensor", where=name, expected="one dimension", found=str(shapes.get(name))
            )
    for name, shape in wanted.items():
        if name not in shapes:
            if name in optional:
                continue
            raise FormatError("missing tensor", where=name, expected=str(shape), found="none of that name")
        if tuple(shapes[name]) != shape:
            raise FormatError(
                "the shape contradicts the spec",
                where=name,
                expected=str(shape),
                found=str(tuple(shapes[name])),
            )
    for name in shapes:
        if name in listed:
            continue
        if (
            name not in wanted
            and name.removesuffix(".scale") not in wanted
            and name.removesuffix(".multiplier") not in wanted
        ):
            raise FormatError(
                "a tensor that no block uses", where=shown(name), expected="only the spec's tensors"
            )


def _check_version(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int):
        raise FormatError(
            "no format version", where="fastseq", expected=f"1 to {VERSION}", found=shown(version)
        )
    if version > VERSION:
        raise UnsupportedError(
            "written by a newer version of fastseq",
            where="fastseq",
            expected=f"at most {VERSION}",
            found=str(version),
        )
    if version < 1:
        raise FormatError(
            "no such format version", where="fastseq", expected=f"1 to {VERSION}", found=str(version)
        )


_TEXTS = ("name", "description", "licence", "source", "empty", "chat_template")
_PLAIN = ("tokenizer", "target_tokenizer")
_WORK = ("segment", "translation", "encoder", "decoder", "labels", "generation")
_KEYS = ("fastseq", "task", *_TEXTS, "chat_tokens", *_PLAIN, *_WORK)


def _read_model(values: dict[str, Any]) -> ModelSpec:
    for name in values:
        if name not in _KEYS:
            raise FormatError(
                "unknown key", where=joined("", name), expected=", ".join(_KEYS), found=shown(name)
            )
    given: dict[str, Any] = {"task": values.get("task")}
    for name in _TEXTS:
        if name in values:
            given[name] = _of_type(values[name], str, name, "a string")
    for name in _PLAIN:
        if name in values:
            given[name] = _of_type(values[name], dict, name, "an object")
    if "chat_tokens" in values:
        entries = _of_type(values["chat_tokens"], dict, "chat_tokens", "an object")
        given["chat_tokens"] = {
            name: _of_type(text, str, joined("chat_tokens", name), "a string")
            for name, text in entries.items()
        }
    for name in ("encoder", "decoder"):
        if name in values:
            entries = _of_type(values[name], list, name, "a list of blocks")
            if len(entries) > BLOCKS_MAX:
                raise FormatError(
                    "too many blocks", where=name, expected=f"at most {BLOCKS_MAX}", found=str(len(entries))
                )
            given[name] = tuple(read_block(entry, f"{name}[{i}]") for i, entry in enumerate(entries))
    if "labels" in values:
        entries = _of_type(values["labels"], list, "labels", "a list of strings")
        given["labels"] = tuple(
            _of_type(one, str, f"labels[{i}]", "a string") for i, one in enumerate(entries)
        )
    if "generation" in values:
        given["generation"] = read(GenerationSpec, values["generation"], "generation")
    if "segment" in values:
        given["segment"] = read(SegmentSpec, values["segment"], "segment")
    if "translation" in values:
        given["translation"] = read(TranslationSpec, values["translation"], "translation")
    return ModelSpec(**given)


def _of_type(value: Any, kind: type, path: str, expected: str) -> Any:
    if not isinstance(value, kind):
        raise FormatError("wrong value", where=path, expected=expected, found=shown(value))
    return value


_PARTS = {
    "seq2seq": {"encoder": True, "decoder": True, "labels": False},
    "language_model": {"encoder": False, "decoder": True, "labels": False},
    "classifier": {"encoder": True, "decoder": False, "labels": True},
}


def _check_parts(spec: ModelSpec) -> None:
    """Each task has its parts and no others."""
    if not isinstance(spec.task, str) or spec.task not in _PARTS:
        raise FormatError("unknown task", where="task", expected=", ".join(_PARTS), found=shown(spec.task))
    for part, needed in _PARTS[spec.task].items():
        if bool(getattr(spec, part)) != needed:
            raise FormatError(
                f"a {spec.task} has {'a' if needed else 'no'} {part}",
                where=part,
                expected="at least one entry" if needed else "none",
                found=f"{len(getattr(spec, part))} entries",
            )
    blank = any(isinstance(block, Embedding) and block.blank for block in spec.decoder)
    if spec.task == "seq2seq" and spec.generation.start is None and not blank:
        raise FormatError(
            "missing key", where="generation.start", expected="the first token given to the decoder"
        )
    if spec.empty is not None and spec.empty not in spec.labels:
        raise FormatError(
            "not a label", where="empty", expected=", ".join(spec.labels), found=shown(spec.empty)
        )


def _check_classifier(spec: ModelSpec, width: int) -> None:
    if not any(isinstance(block, Pool) for block in spec.encoder):
        raise FormatError("a classifier needs a pool block", where="encoder", expected="one row a text")
    if width != len(spec.labels):
        raise FormatError(
            "as many labels as the last block has outputs",
            where="labels",
            expected=str(width),
            found=str(len(spec.labels)),
        )
