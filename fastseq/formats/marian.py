"""A Marian translation model: a folder with its .bin, SentencePiece vocabularies and shortlist.

These are the models of Firefox. A model's own options lie in it (``special:model.yml``); those of a run in a
.yml beside it, where there is one. Without one the vocabularies are the folder's .spm files and the shortlist
its ``lex*.bin``. Read are transformers with a decoder of SSRU cells (Kim et al. 2019, the "students" of
Bergamot); names and formulas are those of marian's models/transformer.h.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from fastseq.files import regular_size
from fastseq.formats import Loaded, Spec, marian_bin, marian_shortlist, yaml_lines
from fastseq.formats.marian_bin import INT8, INTGEMM8, Item
from fastseq.formats.tensor import Tensor, numpy_tensor
from fastseq.models.blocks import (
    Block,
    CrossAttention,
    Embedding,
    FeedForward,
    Linear,
    Position,
    Rnn,
    SelfAttention,
)
from fastseq.models.spec import GenerationSpec, ModelSpec, check_tensors
from fastseq.text import sentencepiece

OPTIONS = "special:model.yml"
YAML_BYTES_MAX = 1 << 20
POST_NORM = "dan"  # dropout, add the input, norm
EPSILON = 1e-6
LENGTH_FACTOR = 3.0  # marian's default
LAYERS_MAX = 1000
END, UNKNOWN = 0, 1  # of its vocabularies

Tensors = dict[str, Tensor]


class Files(NamedTuple):
    """What a model is made of."""

    model: Path
    vocabularies: tuple[Path, Path]
    shortlist: Path | None
    options: Mapping[str, yaml_lines.Value]


def matches(path: Path) -> bool:
    """A folder with one such model, or the model's file."""
    if path.is_file():
        return path.suffix == ".bin" and marian_bin.is_marian(path)
    return bool(_models(path))


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a folder, or a model whose other files lie beside it."""
    if spec is not None:
        raise ArgumentError("the format is known: it takes no spec", where="spec", expected="none")
    files = _files(path)
    items = marian_bin.load(files.model)
    where = str(files.model)
    model = _Model(items, where)
    first, second = files.vocabularies
    source = sentencepiece.load(first, add_eos=True)
    target = source if second == first else sentencepiece.load(second)
    for one, tokenizer in zip(files.vocabularies, (source, target), strict=True):
        if tokenizer.eos_id != END or tokenizer.unk_id != UNKNOWN:
            raise UnsupportedError(
                "another end or unknown token",
                where=str(one),
                expected=f"</s> {END}, <unk> {UNKNOWN}",
                found=f"{tokenizer.eos_id}, {tokenizer.unk_id}",
            )
    tensors = model.tensors
    if files.shortlist is not None:
        tensors |= marian_shortlist.load(files.shortlist)
    factor = _number(files.options, "max-length-factor", LENGTH_FACTOR)
    made = ModelSpec(
        task="seq2seq",
        name=files.model.parent.name,
        description="translation, a Marian model",
        source=files.model.name,
        encoder=model.encoder,
        decoder=model.decoder,
        generation=GenerationSpec(
            stop=(target.piece(END),),
            never=(target.piece(UNKNOWN),),
            max_new_tokens=2**16,
            length_factor=factor,
            shortlist=files.shortlist is not None,
        ),
    )
    try:
        check_tensors(made, {name: tensor.shape for name, tensor in tensors.items()})
    except FormatError as error:
        raise error.within(where) from None
    return Loaded(made, tensors, source, target)


# ---- files ----


def _models(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.glob("*.bin") if one.is_file() and marian_bin.is_marian(one))


def _files(path: Path) -> Files:
    folder = path if path.is_dir() else path.parent
    found = [path] if path.is_file() else _models(folder)
    if len(found) > 1:
        raise UnsupportedError(
            "more than one model",
            where=str(folder),
            expected="the path of one",
            found=", ".join(one.name for one in found)[:100],
        )
    options = _config(folder)
    vocabularies = options.get("vocabs")
    if isinstance(vocabularies, list) and vocabularies:
        named = [_beside(folder, one, "vocabs") for one in vocabularies]
    else:
        named = sorted(folder.glob("*.spm"), key=lambda one: (not one.name.startswith("src"), one.name))
    if not 1 <= len(named) <= 2:
        raise FormatError(
            "vocabularies", where=str(folder), expected="one .spm, or one a language", found=str(len(named))
        )
    return Files(found[0], (named[0], named[-1]), _shortlist(folder, options), options)


def _config(folder: Path) -> Mapping[str, yaml_lines.Value]:
    """The options of a run, from the one .yml file of the folder that names models."""
    for one in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        if not one.is_file() or regular_size(one) > YAML_BYTES_MAX:
            continue
        options = yaml_lines.parse(one.read_bytes().decode("utf-8", "replace"), str(one))
        if "models" in options:
            return options
    return {}


def _beside(folder: Path, name: str, key: str) -> Path:
    """A file that the configuration names: in the folder, whatever path it had where it was written."""
    path = folder / Path(name).name
    if not path.is_file():
        raise FormatError("no such file", where=str(path), expected=f"a file that {key} names")
    return path


def _shortlist(folder: Path, options: Mapping[str, yaml_lines.Value]) -> Path | None:
    named = options.get("shortlist")
    if isinstance(named, list) and named and named[0] not in ("false", ""):
        return _beside(folder, named[0], "shortlist")
    if options:
        return None
    found = sorted(one for one in folder.glob("lex*.bin") if one.is_file())
    return found[0] if found else None


def _number(options: Mapping[str, yaml_lines.Value], key: str, default: float) -> float:
    value = options.get(key, str(default))
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise FormatError("not a number above 0", where=key, found=f"{value!r:.60}")
    return number


# ---- the model ----


class _Model:
    """Blocks and tensors of a file's items."""

    def __init__(self, items: Mapping[str, Item], where: str) -> None:
        self.items, self.where, self.tensors = items, where, Tensors()
        if OPTIONS not in items or items[OPTIONS].kind != INT8 or len(items[OPTIONS].data) > YAML_BYTES_MAX:
            raise UnsupportedError("no options in the model", where=where, expected=OPTIONS)
        text = bytes(items[OPTIONS].data).rstrip(b"\0").decode("utf-8", "replace")
        self.options = yaml_lines.parse(text.split("\0")[0], f"{where}: {OPTIONS}")
        self._check_kind()
        self.width = self._integer("dim-emb", 2**20)
        self.heads = self._integer("transformer-heads", self.width)
        self.inner = self._integer("transformer-dim-ffn", 2**20)
        sizes = self.options.get("dim-vocabs")
        if not isinstance(sizes, list) or len(sizes) != 2 or not all(one.isdecimal() for one in sizes):
            raise FormatError(
                "bad sizes of vocabularies", where=f"{where}: dim-vocabs", found=f"{sizes!r:.60}"
            )
        source, target = map(int, sizes)
        tables = self._tables(source, target)
        self.encoder = self._encoder(tables[0], source)
        self.decoder = self._decoder(tables[1], target)

    def _check_kind(self) -> None:
        """Refuses, by its name, what is not run."""
        for key, wanted in (
            ("type", "transformer"),
            ("transformer-decoder-autoreg", "rnn"),
            ("dec-cell", "ssru"),
            ("transformer-ffn-activation", "relu"),
            ("transformer-ffn-depth", "2"),
            ("transformer-preprocess", ""),
            ("transformer-postprocess", POST_NORM),
            ("transformer-postprocess-top", ""),
            ("transformer-no-projection", "false"),
            ("transformer-train-position-embeddings", "false"),
            ("output-omit-bias", "false"),
            ("lemma-dim-emb", "0"),
        ):
            found = self.options.get(key, wanted)
            if found != wanted:
                raise UnsupportedError(
                    "not supported", where=f"{self.where}: {key}", expected=wanted or '""', found=str(found)
                )
        if self.options.get("transformer-postprocess-emb", "d") not in ("d", ""):
            raise UnsupportedError("not supported", where=f"{self.where}: transformer-postprocess-emb")

    def _integer(self, key: str, most: int) -> int:
        value = self.options.get(key)
        if not isinstance(value, str) or not value.isdecimal() or not 1 <= int(value) <= most:
            raise FormatError(
                "bad size", where=f"{self.where}: {key}", expected=f"1 to {most}", found=f"{value!r:.60}"
            )
        return int(value)

    def _tables(self, source: int, target: int) -> tuple[str, str]:
        """Names of the embeddings' tensors; the head's matrix is always the decoder's."""
        if "Wemb" in self.items:
            if source != target:
                raise FormatError(
                    "one table for two vocabularies",
                    where=f"{self.where}: dim-vocabs",
                    found=f"{source}, {target}",
                )
            self._table("embedding", "Wemb", target)
            names = ("embedding", "embedding")
        else:
            self._table("encoder.embedding", "encoder_Wemb", source)
            self._table("decoder.embedding", "decoder_Wemb", target)
            if any(name in self.items for name in ("decoder_ff_logit_out_Wt", "decoder_ff_logit_out_W")):
                raise UnsupportedError("a head with a matrix of its own", where=self.where)
            names = ("encoder.embedding", "decoder.embedding")
        self._vector(f"{names[1]}.bias", "decoder_ff_logit_out_b", target)
        return names

    def _encoder(self, table: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=False)
        for i in range(1, self._integer("enc-depth", LAYERS_MAX) + 1):
            attention = f"encoder.{i}.attention"
            self._attention(attention, f"encoder_l{i}_self")
            blocks.append(
                SelfAttention(attention, self.width, self.heads, residual=True, norm="layer", epsilon=EPSILON)
            )
            blocks.append(self._feed_forward(f"encoder.{i}.feed_forward", f"encoder_l{i}_ffn"))
        return tuple(blocks)

    def _decoder(self, table: str, vocabulary: int) -> tuple[Block, ...]:
        blocks = self._embedded(table, vocabulary, blank=True)
        for i in range(1, self._integer("dec-depth", LAYERS_MAX) + 1):
            attention = f"decoder.{i}.attention"
            blocks.append(self._recurrent(f"decoder.{i}.rnn", f"decoder_l{i}_rnn"))
            self._attention(attention, f"decoder_l{i}_context")
            blocks.append(
                CrossAttention(
                    attention,
                    self.width,
                    self.width,
                    self.heads,
                    residual=True,
                    norm="layer",
                    epsilon=EPSILON,
                )
            )
            blocks.append(self._feed_forward(f"decoder.{i}.feed_forward", f"decoder_l{i}_ffn"))
        return (*blocks, Linear(table, self.width, vocabulary))

    def _embedded(self, table: str, vocabulary: int, blank: bool) -> list[Block]:
        return [
            Embedding(table, vocabulary, self.width, math.sqrt(self.width), blank),
            Position(self.width, "sinusoidal", self.width / 2 - 1),
        ]

    def _attention(self, to: str, name: str) -> None:
        for part, letter in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            self._matrix(f"{to}.{part}.weight", f"{name}_W{letter}", self.width, self.width)
            self._vector(f"{to}.{part}.bias", f"{name}_b{letter}", self.width)
        self._norm(to, f"{name}_Wo_ln")

    def _feed_forward(self, to: str, name: str) -> Block:
        self._matrix(f"{to}.up.weight", f"{name}_W1", self.inner, self.width)
        self._vector(f"{to}.up.bias", f"{name}_b1", self.inner)
        self._matrix(f"{to}.down.weight", f"{name}_W2", self.width, self.inner)
        self._vector(f"{to}.down.bias", f"{name}_b2", self.width)
        self._norm(to, f"{name}_ffn_ln")
        return FeedForward(to, self.width, self.inner, residual=True, norm="layer", epsilon=EPSILON)

    def _recurrent(self, to: str, name: str) -> Block:
        """One matrix for the forget gate and the candidate, whose input is the same."""
        self._matrix(f"{to}.forget", f"{name}_Wf", self.width, self.width)
        self._matrix(f"{to}.fresh", f"{name}_W", self.width, self.width)
        both = [
            {part: self.tensors.pop(f"{to}.{one}{part}", None) for part in _PARTS}
            for one in ("forget", "fresh")
        ]
        weight = f"{to}.weight_ih_l0"
        for part in _PARTS:
            pair = [one[part] for one in both]
            if pair[0] is None or pair[1] is None:
                continue
            if part == ".multiplier":
                if pair[0].array[0] != pair[1].array[0]:
                    raise UnsupportedError(
                        "gates that take one input by different multipliers", where=f"{self.where}: {name}_W"
                    )
                self.tensors[weight + part] = pair[0]
            else:
                self.tensors[weight + part] = numpy_tensor(np.concatenate([one.array for one in pair if one]))
        self._vector(f"{to}.forget", f"{name}_bf", self.width)
        bias = self.tensors.pop(f"{to}.forget").array
        self.tensors[f"{to}.bias_ih_l0"] = numpy_tensor(np.concatenate([bias, np.zeros_like(bias)]))
        self._norm(to, f"{name}_ffn_ln")
        return Rnn(to, "ssru", self.width, self.width, residual=True, norm="layer", epsilon=EPSILON)

    # tensors

    def _item(self, name: str, shape: tuple[int, ...]) -> Item:
        item = self.items.get(name)
        if item is None:
            raise FormatError("missing array", where=f"{self.where}: {name}", expected=str(shape))
        if item.shape != shape:
            raise FormatError(
                "the shape contradicts the options",
                where=item.place,
                expected=str(shape),
                found=str(item.shape),
            )
        return item

    def _vector(self, to: str, name: str, size: int) -> None:
        tensor = numpy_tensor(self._item(name, (1, size)).floats.reshape(-1))
        tensor.check_finite(f"{self.where}: {name}")
        self.tensors[to] = tensor

    def _norm(self, to: str, name: str) -> None:
        self._vector(f"{to}.norm.weight", f"{name}_scale", self.width)
        self._vector(f"{to}.norm.bias", f"{name}_bias", self.width)

    def _matrix(self, to: str, name: str, outputs: int, inputs: int) -> None:
        """(outputs, inputs); the file's shape is (inputs, outputs), its int8 bytes lie the other way."""
        item = self._item(name, (inputs, outputs))
        if item.kind == INTGEMM8:
            self._bytes(to, item, outputs, inputs, self._multiplier(f"{name}_QuantMultA"))
        else:
            self.tensors[to] = numpy_tensor(np.ascontiguousarray(item.floats.T))
            self.tensors[to].check_finite(item.place)

    def _table(self, to: str, name: str, rows: int) -> None:
        """An embedding's, and the head's matrix, whose input has the multiplier of nobody's name."""
        item = self._item(name, (rows, self.width))
        if item.kind == INTGEMM8:
            self._bytes(f"{to}.weight", item, rows, self.width, self._multiplier("none_QuantMultA"))
        else:
            self.tensors[f"{to}.weight"] = numpy_tensor(item.floats)
            self.tensors[f"{to}.weight"].check_finite(item.place)

    def _bytes(self, to: str, item: Item, rows: int, columns: int, multiplier: float | None) -> None:
        self.tensors[to] = Tensor("int8", item.bytes_as(rows, columns))
        self.tensors[to + ".scale"] = numpy_tensor(np.full(rows, item.scale, np.float32))
        if multiplier is not None:
            self.tensors[to + ".multiplier"] = numpy_tensor(np.array([multiplier], np.float32))

    def _multiplier(self, name: str) -> float | None:
        """What turns a product's input into 8 bits; None: each row's own."""
        item = self.items.get(name)
        if item is None:
            return None
        value = float(item.floats.reshape(-1)[0])
        if not 0 < value < math.inf:
            raise FormatError(
                "bad multiplier", where=item.place, expected="a number above 0", found=str(value)
            )
        return value


_PARTS = ("", ".scale", ".multiplier")
