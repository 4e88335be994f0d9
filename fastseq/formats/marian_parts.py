"""What every Marian model is read with: its options, checked, and its arrays as tensors of blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from fastseq.errors import FormatError, UnsupportedError
from fastseq.formats import yaml_lines
from fastseq.formats.marian_bin import INT8, INTGEMM8, Item
from fastseq.formats.tensor import Tensor, numpy_tensor

OPTIONS = "special:model.yml"
YAML_BYTES_MAX = 1 << 20
LAYERS_MAX = 1000

Tensors = dict[str, Tensor]
Options = dict[str, yaml_lines.Value]


def read_options(items: Mapping[str, Item], where: str) -> Options:
    """The options that lie in a model."""
    if OPTIONS not in items or items[OPTIONS].kind != INT8 or len(items[OPTIONS].data) > YAML_BYTES_MAX:
        raise UnsupportedError("no options in the model", where=where, expected=OPTIONS)
    text = bytes(items[OPTIONS].data).rstrip(b"\0").decode("utf-8", "replace")
    return yaml_lines.parse(text.split("\0")[0], f"{where}: {OPTIONS}")


class Parts:
    """Options and arrays of a model; `tensors` are those made so far."""

    def __init__(self, items: Mapping[str, Item], options: Options, where: str) -> None:
        self.items, self.options, self.where, self.tensors = items, options, where, Tensors()
        self.width = self.integer("dim-emb", 2**20)
        sizes = options.get("dim-vocabs")
        if not isinstance(sizes, list) or len(sizes) != 2 or not all(one.isdecimal() for one in sizes):
            raise FormatError(
                "bad sizes of vocabularies", where=f"{where}: dim-vocabs", found=f"{sizes!r:.60}"
            )
        self.source, self.target = map(int, sizes)

    def refuse_others(self, wanted: Mapping[str, str]) -> None:
        """Refuses, by its name, an option of another value than the one that is run."""
        for key, value in wanted.items():
            found = self.options.get(key, value)
            if found != value:
                raise UnsupportedError(
                    "not supported", where=f"{self.where}: {key}", expected=value or '""', found=str(found)
                )

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """One of the known values; of process strings, what is left without dropout."""
        found = self.options.get(key, known[0])
        value = found if not isinstance(found, str) or "process" not in key else found.replace("d", "")
        if not isinstance(value, str) or value not in known:
            raise UnsupportedError(
                "not supported",
                where=f"{self.where}: {key}",
                expected=", ".join(known) or '""',
                found=f"{found!r:.60}",
            )
        return value

    def integer(self, key: str, most: int, default: str | None = None) -> int:
        value = self.options.get(key, default)
        if not isinstance(value, str) or not value.isdecimal() or not 1 <= int(value) <= most:
            raise FormatError(
                "bad size", where=f"{self.where}: {key}", expected=f"1 to {most}", found=f"{value!r:.60}"
            )
        return int(value)

    def tables(self, head: str) -> tuple[str, str, str]:
        """Names of the tensors of both embeddings and of the head, whose arrays begin with `head`."""
        source, target = self.source, self.target
        if "Wemb" in self.items:
            if source != target:
                raise FormatError(
                    "one table for two vocabularies",
                    where=f"{self.where}: dim-vocabs",
                    found=f"{source}, {target}",
                )
            self.table("embedding", "Wemb", target)
            names = ("embedding", "embedding")
        else:
            self.table("encoder.embedding", "encoder_Wemb", source)
            self.table("decoder.embedding", "decoder_Wemb", target)
            names = ("encoder.embedding", "decoder.embedding")
        made = self._head(names[1], head)
        self.vector(f"{made}.bias", f"{head}_b", target)
        return (*names, made)

    def _head(self, table: str, head: str) -> str:
        """The head's own matrix where there is one, as rows or as columns; else the decoder's table."""
        for name, shape in (
            (f"{head}_Wt", (self.target, self.width)),
            (f"{head}_W", (self.width, self.target)),
        ):
            if name not in self.items:
                continue
            rows = self.item(name, shape).floats
            tensor = numpy_tensor(rows if name.endswith("t") else np.ascontiguousarray(rows.T))
            tensor.check_finite(f"{self.where}: {name}")
            self.tensors["head.weight"] = tensor
            return "head"
        return table

    def item(self, name: str, shape: tuple[int, ...]) -> Item:
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

    def vector(self, to: str, name: str, size: int) -> None:
        tensor = numpy_tensor(self.item(name, (1, size)).floats.reshape(-1))
        tensor.check_finite(f"{self.where}: {name}")
        self.tensors[to] = tensor

    def matrix(self, to: str, name: str, outputs: int, inputs: int) -> None:
        """(outputs, inputs); the file's shape is (inputs, outputs), its int8 bytes lie the other way."""
        item = self.item(name, (inputs, outputs))
        if item.kind == INTGEMM8:
            self._bytes(to, item, outputs, inputs, self._multiplier(f"{name}_QuantMultA"))
        else:
            self.tensors[to] = numpy_tensor(np.ascontiguousarray(item.floats.T))
            self.tensors[to].check_finite(item.place)

    def table(self, to: str, name: str, rows: int) -> None:
        """An embedding's, and the head's matrix, whose input has the multiplier of nobody's name."""
        item = self.item(name, (rows, self.width))
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
