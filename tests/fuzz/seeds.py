"""What fuzzing begins with: small real files and texts, and the models that encoders need."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fastseq.formats import safetensors
from fastseq.formats.tensor import numpy_tensor
from tests.api import small
from tests.formats import gguf_files, recorded, test_gguf_model, test_huggingface
from tests.reference import charsmap
from tests.text import pipeline_models, toy
from tests.text.sentencepiece_models import RECORDED

RULES = {
    "a": "X",
    "ab": "Q",
    "\ufb01": "fi",
    "e\u0301": "\u00e9",
    "\n": " ",
    "\u0301": "",
    "\u304b\u3099": "\u304c",
}
TEXTS = [
    *toy.SAMPLES,
    *toy.TEXT.split("\n"),
    "e\u0301\u0316a\u0327\u0338 \uac01\u1100\u1161\u11a8 \ufdfa\ufb01\u212b \u0f73\u0f71 \u3099\uff9e",
    "\u0391\u03a3 \u0130 \u1e9e \u01c4 \ufffd\x00\x01\x0b\x7f\x85\xad\u200b\u200d\u2028\u3000 \u4e00",
    "\U0001f469\u200d\U0001f4bb \U0001f1e9\U0001f1ea\U0001f1eb \u0915\u094d\u0937 \u0600a",
    "don't DON'T I'LL \u017f 's'S''\u017f 12345 1,000.00 \r\n\r\n \t\t x\n\n  y  <|end|> wor word",
]


def write(work: Path) -> None:
    """The seeds below work/corpus, where none are yet, and the models in work/files."""
    files = work / "files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "toy.tiktoken").write_bytes(toy.ranks_bytes())
    models = sentencepiece()
    for name, model in models.items():
        (files / name).write_bytes(model)
    texts = [text.encode() for text in TEXTS]
    put(work, "ranks", [toy.ranks_bytes(), b"IQ== 0\nIg== 1\nISI= 2\n"])
    put(work, "bpe", (bytes([i % 9 | i % 2 << 7]) + text for i, text in enumerate(texts)))
    put(work, "scan", (bytes([i % 9, i]) + text for i, text in enumerate(texts)))
    put(
        work,
        "normalize",
        (bytes([3, kind, kind * 7, 1, 2, 4, 15]) + text for kind in range(13) for text in texts),
    )
    put(work, "normalize", (b"\0" + text for text in texts))
    put(work, "charsmap", [charsmap.build(RULES), charsmap.build({"a": "b"}), b"\0\0\0\0\0", b""])
    put(work, "sentencepiece_file", models.values())
    put(work, "sentencepiece", (bytes([i]) + text for i, text in enumerate(texts)))
    put(work, "tokenizer_json", (json.dumps(content).encode() for content in tokenizers()))
    put(work, "pipeline", (bytes([i]) + text for i, text in enumerate(texts)))
    put(work, "gguf", ggufs())
    put(work, "gguf_model", gguf_models())
    put(work, "safetensors", [tensors()])
    put(work, "npz", archives())
    put(work, "torch_checkpoint", [checkpoint()])
    put(work, "native_folder", native_folder(files / "native"))
    put(work, "huggingface_folder", huggingface_folder(files / "huggingface"))


def put(work: Path, target: str, contents: Iterable[bytes]) -> None:
    folder = work / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for content in contents:
        (folder / f"seed-{hash_of(content)}").write_bytes(content)


def hash_of(content: bytes) -> str:
    import hashlib

    return hashlib.sha1(content).hexdigest()[:16]


def sentencepiece() -> dict[str, bytes]:
    record = json.loads(gzip.decompress(RECORDED.read_bytes()))
    return {name: base64.b64decode(model["model"]) for name, model in record["models"].items()}


def tokenizers() -> list[Any]:
    """One tokenizer.json of each kind."""
    models = pipeline_models
    rules = base64.b64encode(charsmap.build({"a": "b"})).decode()
    all_steps = {
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"}, {"type": "StripAccents"},
            {"type": "Strip", "strip_left": True, "strip_right": False},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Nmt"},
            {"type": "Precompiled", "precompiled_charsmap": rules},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"String": "-"}, "behavior": "MergedWithPrevious", "invert": False},
            {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
            models.metaspace(),
        ]},
    }  # fmt: skip
    return [
        toy.tokenizer_json(added_tokens=[toy.added("<|end|>", 60000), toy.added("wor", 60001, lstrip=True)]),
        models.bert(),
        models.llama(),
        models.content(models.wordlevel(), pre_tokenizer={"type": "Whitespace"}),
        models.content(models.unigram(byte_fallback=True), **all_steps),
        models.content(models.bpe(suffix="</w>", space=""), pre_tokenizer={"type": "WhitespaceSplit"}),
    ]


def ggufs() -> list[bytes]:
    model = toy.tokenizer_json()["model"]
    metadata = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": [*model["vocab"], "<|end|>"],
        "tokenizer.ggml.token_type": np.array([*[1] * len(model["vocab"]), 3], np.int32),
        "tokenizer.ggml.merges": model["merges"],
        "tokenizer.ggml.bos_token_id": len(model["vocab"]),
    }
    return [gguf_files.file(metadata), gguf_files.file({"general.architecture": "llama"})]


def gguf_models() -> list[bytes]:
    made = []
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.gguf")
        for kind, architecture in (("Q8_0", "llama"), ("Q4_1", "qwen2"), ("F16", "qwen3")):
            test_gguf_model.model_file(path, kind, architecture, tied=True, width=32, inner=32, layers=1)
            made.append(path.read_bytes())
    return made


def tensors() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.safetensors")
        arrays = {
            "a": np.arange(6, dtype=np.float32).reshape(2, 3),
            "b": np.zeros(4, np.int8),
            "c": np.float64(1),
        }
        safetensors.save(path, {name: numpy_tensor(np.asarray(array)) for name, array in arrays.items()})
        return path.read_bytes()


def archives() -> Iterable[bytes]:
    for save in (np.savez, np.savez_compressed):
        made = io.BytesIO()
        save(
            made,
            a=np.arange(6, dtype=np.float32).reshape(2, 3),
            b=np.zeros((2, 2), np.int8, "F"),
            c=np.float64(1),
        )
        yield made.getvalue()


def checkpoint() -> bytes:
    """What torch.save writes of {"w": a tensor of two floats, "n": 1}."""
    pickle = (
        "\x80\2}q\0(X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
        "X\1\0\0\0000X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89ccollections\nOrderedDict\n)RtRX\1\0\0\0nK\1u."
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("m/data.pkl", pickle.encode("latin-1"))
        archive.writestr("m/data/0", np.float32([3, 4]).tobytes())
        archive.writestr("m/version", "3\n")
    return made.getvalue()


def native_folder(folder: Path) -> Iterable[bytes]:
    """A folder, and each of its files behind a line with its name."""
    folder.mkdir(parents=True, exist_ok=True)
    small.seq2seq().save(folder)
    return named_files(folder)


def huggingface_folder(folder: Path) -> Iterable[bytes]:
    """The same of a language model as transformers stores it, with the configurations of other families."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = recorded.cases()
    recorded.write(folder, cases["llama"])
    test_huggingface.tokens(folder)
    yield from named_files(folder)
    for case in cases.values():
        yield b"config.json\n" + json.dumps(case["config"]).encode()


def named_files(folder: Path) -> Iterable[bytes]:
    for path in sorted(folder.iterdir()):
        yield path.name.encode() + b"\n" + path.read_bytes()
