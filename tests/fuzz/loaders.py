"""Fuzzing in Python: of what reads files, and of texts through a tokenizer.json.

Files are loaded or refused with one of fastseq's exceptions; ids do not depend on what else is asked for.

    python tests/fuzz/loaders.py TARGET [--seconds 60] [--found PREFIX] CORPUS ...

Inputs are made of those in the corpus: bytes are changed, and where a file holds JSON, its values. One that
ends in a way not seen before is added to the first folder.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fastseq
from fastseq.errors import FastseqError
from fastseq.formats import gguf_tokenizer, npz, safetensors, torch_checkpoint
from fastseq.text import tokenizer_json

TEXT = "Hello  World! e\u0301 \u00df\u65e5\u672c 123 \U0001f642 <|end|> the words\n"
SLOW = 20  # seconds of processor time that one input may take
KINDS = 300  # of outcomes that are told apart
MEMORY = 6 << 30  # bytes that all may take together
ODD = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 1.5, 1e308, "", "a", "\u2581", "\ud800", "\0",
    "a" * 5000, [], {}, [[]], [None], {"": None}, {"type": "NFC"}, "Sequence", "ByteLevel", " ", "##",
]  # fmt: skip


def tokenizer(path: Path) -> None:
    use(fastseq.Tokenizer.load(path))


def gguf(path: Path) -> None:
    use(gguf_tokenizer.load(path))


def gguf_model(path: Path) -> None:
    with fastseq.load(path, threads=1) as model:
        result = model.generate_ids([[1, 2, 3]], max_new_tokens=3)[0]
        assert len(result.ids) <= 3


def use(tokenizer: Any) -> None:
    ids = tokenizer.encode(TEXT)
    tokenizer.decode(ids)
    assert len(tokenizer.offsets(TEXT)) == len(ids)
    assert tokenizer.encode_batch([TEXT, ""]).ids.tolist()[: len(ids)] == ids


@cache
def pipelines() -> list[Any]:
    from tests.fuzz import seeds

    return [tokenizer_json.from_json(content) for content in seeds.tokenizers()]


def pipeline(path: Path) -> None:
    """A text behind a byte that says by which tokenizer.

    Where places are wanted no words are looked up; in parts it is what it is whole.
    """
    data = path.read_bytes()
    tokenizer = pipelines()[data[0] % len(pipelines())] if data else pipelines()[0]
    text = data[1:].decode("utf-8", "replace")
    batch = tokenizer.encode_batch([text, text], spans="bytes")
    ids = tokenizer.encode(text)
    same = batch.ids.tolist() == ids * 2 == tokenizer.encode(text.encode()) * 2
    if not same or tokenizer.count(text) != len(ids):
        raise AssertionError("ids depend on what else is asked")
    tokenizer._native.cut_parts(2)
    parts = tokenizer.encode_batch([text], threads=2, spans="bytes")
    if parts.ids.tolist() != ids or not (parts.spans == batch.spans[: len(ids)]).all():
        raise AssertionError("ids depend on how a text is shared by threads")
    spans = batch.spans[: len(ids)]
    if len(ids) and not (
        (spans[:, 0] <= spans[:, 1]).all() and spans.min() >= 0 and spans.max() <= len(text.encode())
    ):
        raise AssertionError("places outside the text")
    tokenizer.decode(ids)


def folder(path: Path) -> None:
    """One file of a native folder."""
    in_folder("native", path, lambda made: fastseq.load(made)("a cab"))


def huggingface(path: Path) -> None:
    """One file of a folder of transformers: its configuration, its tokenizer."""
    in_folder("huggingface", path, go_on)


def go_on(folder: str) -> None:
    with fastseq.load(folder, threads=1) as model:
        assert len(model.generate_ids([[1, 2, 3]], max_new_tokens=3)[0].ids) <= 3


def in_folder(which: str, path: Path, use: Callable[[str], Any]) -> None:
    """What is done with a folder of files/ one of whose files, named in the first line, is another."""
    name, _, content = path.read_bytes().partition(b"\n")
    whole = Path(__file__).parents[2] / "build" / "fuzz" / "files" / which
    if name not in (file.name.encode() for file in whole.iterdir()):
        return
    with tempfile.TemporaryDirectory() as made:
        shutil.copytree(whole, made, dirs_exist_ok=True)
        Path(made, name.decode()).write_bytes(content)
        use(made)


# Target: how it loads, and the name that a file of it has.
TARGETS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "tokenizer_json": (tokenizer, "tokenizer.json"),
    "pipeline": (pipeline, "text"),
    "gguf": (gguf, "a.gguf"),
    "gguf_model": (gguf_model, "a.gguf"),
    "safetensors": (safetensors.load, "a.safetensors"),
    "npz": (npz.load, "a.npz"),
    "torch_checkpoint": (torch_checkpoint.load, "a.pt"),
    "native_folder": (folder, "file"),
    "huggingface_folder": (huggingface, "file"),
}


# Mutations


def changed_bytes(rng: random.Random, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randrange(len(out) + 1)
        end = min(len(out), at + rng.choice((1, 1, 2, 4, 8, 64)))
        kind = rng.randrange(8)
        if kind == 0:
            out[at:end] = rng.randbytes(end - at)
        elif kind == 1:
            del out[at:end]
        elif kind == 2:
            out[at:at] = out[at:end] * rng.choice((1, 2, 50))
        elif kind == 3:
            begin = rng.randrange(len(other) + 1)
            out[at:end] = other[begin : begin + rng.choice((1, 4, 16, 256))]
        elif kind == 4:
            number = rng.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1))
            out[at : at + 8] = struct.pack("<Q", number)
        elif kind == 5:
            del out[at:]
        elif kind == 6 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        else:
            out[at:at] = rng.choice((b"\0", b"\xff", b"{", b"[" * 1000, b'"', b"0", b"-", b"\n", b"/../"))
    return bytes(out)


def slots(value: Any, found: list[tuple[Any, Any]], depth: int = 0) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value; of long containers some, and none too deep."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, inner in items[:8] + items[-2:] if len(items) > 12 else items:
        found.append((value, key))
        if isinstance(inner, (dict, list)) and depth < 50:
            slots(inner, found, depth + 1)
    return found


def copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def changed_json(rng: random.Random, data: bytes) -> bytes:
    try:
        value = json.loads(data)
    except ValueError:
        return data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = slots([value], [])
        (container, key), (other, name) = rng.choice(places), rng.choice(places)
        kind = rng.randrange(5)
        if kind == 0 and container is not places[0][0]:
            del container[key]
        elif kind == 1:
            container[key] = copy(other[name])
        elif kind == 2 and isinstance(container[key], int):
            container[key] += rng.choice((-1, 1, 2**20, -(2**33)))
        elif kind == 3 and isinstance(container, dict):
            container[rng.choice(("type", "id", "content", "vocab"))] = copy(container[key])
        else:
            container[key] = copy(rng.choice(ODD))
        value = places[0][0][0]
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def changed_values(rng: random.Random, data: bytes) -> bytes:
    try:
        return changed_json(rng, data)
    except RecursionError:  # it was nested too deeply before
        return data


def mutated(rng: random.Random, target: str, inputs: list[bytes]) -> bytes:
    data = rng.choice(inputs)
    if rng.random() < 0.6:
        if target == "tokenizer_json":
            return changed_values(rng, data)
        if target.endswith("_folder") and data.partition(b"\n")[0].endswith(b".json"):
            name, _, content = data.partition(b"\n")
            return name + b"\n" + changed_values(rng, content)
        if target == "safetensors" and len(data) > 8:
            size = struct.unpack("<Q", data[:8])[0]
            header = changed_values(rng, data[8 : 8 + size])
            return struct.pack("<Q", len(header)) + header + data[8 + size :]
    return changed_bytes(rng, data, rng.choice(inputs))


# The run


def outcome(load: Callable[[Path], Any], path: Path) -> str:
    """How it ended, in words that all inputs of a kind share. Other exceptions are findings."""
    signal.setitimer(signal.ITIMER_PROF, SLOW)
    try:
        load(path)
        return "loaded"
    except FastseqError as error:
        if not error.what:
            raise
        where = re.sub(r"'[^']*'|\d+|[^ -~]", "", error.where.rpartition("/")[2])
        return f"{type(error).__name__} {error.what[:40]} {where[:60]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {SLOW} seconds")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", default="found-")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    signal.signal(signal.SIGPROF, too_slow)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    rng = random.Random(options.seed)
    load, name = TARGETS[options.target]
    inputs = [path.read_bytes() for folder in options.corpus for path in sorted(folder.iterdir())]
    seen: set[str] = set()
    runs = 0
    until = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as scratch:
        path = Path(scratch, name)
        while runs < len(inputs) or time.monotonic() < until:
            data = inputs[runs] if runs < len(inputs) else mutated(rng, options.target, inputs)
            path.unlink(missing_ok=True)  # maps of the one before stay whole
            path.write_bytes(data)
            runs += 1
            try:
                ended = outcome(load, path)
            except BaseException:
                Path(f"{options.found}{runs}").write_bytes(data)
                traceback.print_exc()
                print(f"input kept as {options.found}{runs}\nnumber_of_executed_units: {runs}")
                return 1
            if ended not in seen and len(seen) < KINDS and len(data) < 1 << 16:
                seen.add(ended)
                if data not in inputs:
                    inputs.append(data)
                    (options.corpus[0] / f"kind-{len(seen)}-{options.seed}").write_bytes(data)
    print(*sorted(seen), f"number_of_executed_units: {runs}", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
