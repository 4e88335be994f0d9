"""Small Marian models with random weights, as files and as tests/reference/marian.py takes them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.reference.marian import Quantized

FLOAT32, INT8, INTGEMM8 = 0x404, 0x101, 0x4101
WIDTH, HEADS, INNER, LAYERS = 32, 4, 48, 2
WORDS = [f"▁{a}{b}" for a in "bcdfg" for b in "aeiou"] + [*"abcdefgiou"]
PIECES = ["</s>", "<unk>", *WORDS, "▁"]

OPTIONS = f"""\
dec-cell: ssru
dec-depth: {LAYERS}
dim-emb: {WIDTH}
dim-vocabs:
  - {len(PIECES)}
  - {len(PIECES)}
enc-depth: {LAYERS}
input-types: []
layer-normalization: false
lemma-dim-emb: 0
output-omit-bias: false
tied-embeddings-all: true
transformer-decoder-autoreg: rnn
transformer-dim-ffn: {INNER}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-heads: {HEADS}
transformer-no-projection: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-postprocess-top: ""
transformer-preprocess: ""
transformer-train-position-embeddings: false
type: transformer
"""


class Form(NamedTuple):
    """What differs between models."""

    before: bool = False  # norms stand before the blocks, and behind the whole
    recurrent: bool = True
    depth: int = 2
    swish: bool = False
    head: str = ""  # the name of a matrix of its own

    @property
    def options(self) -> str:
        changed = {
            "transformer-decoder-autoreg": "rnn" if self.recurrent else "self-attention",
            "transformer-preprocess": "n" if self.before else '""',
            "transformer-postprocess": "da" if self.before else "dan",
            "transformer-postprocess-top": "n" if self.before else '""',
            "transformer-ffn-depth": str(self.depth),
            "transformer-ffn-activation": "swish" if self.swish else "relu",
        }
        lines = (line.split(":")[0] for line in OPTIONS.splitlines())
        return "".join(
            f"{key}: {changed[key]}\n" if key in changed else f"{line}\n"
            for key, line in zip(lines, OPTIONS.splitlines(), strict=True)
        )


STUDENT = Form()


def weights(seed: int = 7, form: Form = STUDENT) -> dict[str, np.ndarray]:
    """Arrays by Marian's names, float32, of Marian's shapes."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {"Wemb": rng.standard_normal((len(PIECES), WIDTH)) * 0.3}

    def matrix(name: str, rows: int, columns: int) -> None:
        arrays[name] = rng.standard_normal((rows, columns)) * 1.5 / np.sqrt(rows)

    def vector(name: str, size: int, centre: float = 0.0) -> None:
        arrays[name] = centre + rng.standard_normal((1, size)) * 0.2

    def norm(name: str, end: str = "_pre" if form.before else "") -> None:
        vector(f"{name}_scale{end}", WIDTH, 1.0)
        vector(f"{name}_bias{end}", WIDTH)

    def attention(name: str) -> None:
        for letter in "qkvo":
            matrix(f"{name}_W{letter}", WIDTH, WIDTH)
            vector(f"{name}_b{letter}", WIDTH)
        norm(f"{name}_Wo_ln")

    def feed_forward(name: str) -> None:
        sizes = [WIDTH, *[INNER] * (form.depth - 1), WIDTH]
        for i in range(1, form.depth + 1):
            matrix(f"{name}_W{i}", sizes[i - 1], sizes[i])
            vector(f"{name}_b{i}", sizes[i])
        norm(f"{name}_ffn_ln")

    for i in range(1, LAYERS + 1):
        attention(f"encoder_l{i}_self")
        feed_forward(f"encoder_l{i}_ffn")
        if form.recurrent:
            matrix(f"decoder_l{i}_rnn_W", WIDTH, WIDTH)
            matrix(f"decoder_l{i}_rnn_Wf", WIDTH, WIDTH)
            vector(f"decoder_l{i}_rnn_bf", WIDTH)
            norm(f"decoder_l{i}_rnn_ffn_ln")
        else:
            attention(f"decoder_l{i}_self")
        attention(f"decoder_l{i}_context")
        feed_forward(f"decoder_l{i}_ffn")
    for part in ("encoder", "decoder") if form.before else ():
        norm(f"{part}_top_ln", "")
    if form.head:
        sides = (len(PIECES), WIDTH) if form.head.endswith("t") else (WIDTH, len(PIECES))
        arrays[form.head] = rng.standard_normal(sides) * 0.3
    vector("decoder_ff_logit_out_b", len(PIECES))
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def is_matrix(name: str) -> bool:
    return ("_W" in name and "_ln" not in name) or name == "Wemb"


def quantized(name: str, array: np.ndarray) -> Quantized:
    """A matrix (in, out), or the table, as int8 rows of outputs."""
    rows = array if name == "Wemb" else array.T
    scale = np.abs(rows).max() / np.float32(127)
    return Quantized(np.rint(rows / scale).astype(np.int8), np.float32(1) / (np.float32(1) / scale), 20.0)


def exact(name: str, array: np.ndarray) -> Any:
    """A matrix of floats with the interface of `Quantized`."""

    class Floats:
        floats = array if name == "Wemb" else array.T

        def product(self, x: np.ndarray, int8: bool) -> np.ndarray:
            return x @ self.floats.T

    return Floats()


def reference(arrays: dict[str, np.ndarray], int8: bool) -> dict[str, Any]:
    """Items as the reference takes them."""
    made = quantized if int8 else exact
    return {name: made(name, array) if is_matrix(name) else array for name, array in arrays.items()}


def items(
    arrays: dict[str, np.ndarray], int8: bool, options: str = OPTIONS
) -> list[tuple[str, int, tuple[int, ...], bytes]]:
    """(name, type, shape, data) of a file's items."""
    made: list[tuple[str, int, tuple[int, ...], bytes]] = []
    for name, array in arrays.items():
        if int8 and is_matrix(name):
            q = quantized(name, array)
            quotient = np.float32(1) / q.scale
            made.append((name, INTGEMM8, array.shape, q.q.tobytes() + quotient.tobytes()))
            multiplier = "none" if name == "Wemb" else name
            made.append((f"{multiplier}_QuantMultA", FLOAT32, (1, 1), struct.pack("<f", q.multiplier)))
        else:
            made.append((name, FLOAT32, array.shape, array.tobytes()))
    text = options.encode() + b"\0"
    return [*made, ("special:model.yml", INT8, (len(text),), text)]


def container(parts: list[tuple[str, int, tuple[int, ...], bytes]]) -> bytes:
    """Version 1 of the binary format, data padded to 256 bytes with what happens to lie there."""
    parts = sorted(parts)
    padded = [data + b"\x7f" * (-len(data) % 256) for *_, data in parts]
    out = struct.pack("<QQ", 1, len(parts))
    for (name, kind, shape, _), data in zip(parts, padded, strict=True):
        out += struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(data))
    out += b"".join(name.encode() + b"\0" for name, *_ in parts)
    out += b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, _, shape, _ in parts)
    gap = -(len(out) + 8) % 256
    return out + struct.pack("<Q", gap) + bytes(gap) + b"".join(padded)


def vocabulary(pieces: list[str] = PIECES) -> bytes:
    """A SentencePiece file, Unigram: the longer a piece the better."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    out = b""
    for id, piece in enumerate(pieces):
        kind = {0: 3, 1: 2}.get(id, 1)
        score = struct.pack("<f", -10 + len(piece))
        out += field(1, field(1, piece.encode()) + bytes([2 << 3 | 5]) + score + bytes([3 << 3, kind]))
    minus_one = b"\xff" * 9 + b"\x01"
    numbers = ((40, b"\x01"), (41, minus_one), (42, b"\x00"), (43, minus_one))
    trainer = b"".join(bytes([number << 3 & 0x7F | 0x80, number >> 4]) + value for number, value in numbers)
    return out + field(2, trainer)


def shortlist(first: int = 4, seed: int = 1) -> tuple[bytes, np.ndarray, np.ndarray]:
    """A shortlist's file, its offsets and its tokens."""
    rng = np.random.default_rng(seed)
    lists = [np.sort(rng.choice(len(PIECES), 5, replace=False)) for _ in PIECES]
    offsets = np.cumsum([0, *map(len, lists)]).astype("<u8")
    tokens = np.concatenate(lists).astype("<u4")
    body = struct.pack("<4Q", first, 5, len(offsets), len(tokens)) + offsets.tobytes() + tokens.tobytes()
    h = 0
    for word in struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]):
        h ^= (word + 0x9E3779B9 + (h << 6) + (h >> 2)) & 0xFFFFFFFFFFFFFFFF
    return struct.pack("<QQ", 0xF11A48D5013417F5, h) + body, offsets.astype(np.int64), tokens.astype(np.int32)


def write(
    folder: Path, int8: bool, seed: int = 7, listed: bool = True, form: Form = STUDENT, zipped: bool = False
) -> dict[str, np.ndarray]:
    """A whole folder; gives the weights."""
    arrays = weights(seed, form)
    folder.mkdir(exist_ok=True)
    if zipped:
        text = np.frombuffer(form.options.encode() + b"\0", np.int8)
        np.savez(folder / "model.npz", **arrays, **{"special:model.yml": text})
    else:
        (folder / "model.xxyy.bin").write_bytes(container(items(arrays, int8, form.options)))
    (folder / "vocab.xxyy.spm").write_bytes(vocabulary())
    if listed:
        (folder / "lex.50.50.xxyy.s2t.bin").write_bytes(shortlist()[0])
    return arrays
