"""Serves the Bergamot engine (package bergamot, with wheels for CPython 3.10) to bench/translate.py.

    python bergamot_engine.py MODEL_FOLDER

reads a JSON list of texts a line from standard input, and answers each with a JSON object: `seconds` in the
engine, the `texts`, `memory` at most in MB. One worker thread. The package's own __init__ looks for models in
the network, so its extension module is loaded alone.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CONFIG = """models: [{model}]
vocabs: [{vocabulary}, {vocabulary}]
shortlist: [{shortlist}, false]
beam-size: 1
normalize: 1.0
word-penalty: 0
max-length-break: 128
mini-batch-words: 1024
workspace: 128
max-length-factor: 3
skip-cost: true
cpu-threads: 0
quiet: true
quiet-translation: true
gemm-precision: int8shiftAlphaAll
"""


def engine() -> Any:
    (folder,) = importlib.util.find_spec("bergamot").submodule_search_locations  # type: ignore[union-attr]
    (path,) = Path(folder).glob("_bergamot*")
    loader = importlib.machinery.ExtensionFileLoader("_bergamot", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_bergamot", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


def main() -> None:
    bergamot, folder = engine(), Path(sys.argv[1])
    (model,), (vocabulary,), (shortlist,) = (folder.glob(p) for p in ("model*.bin", "*.spm", "lex*.bin"))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write(CONFIG.format(model=model, vocabulary=vocabulary, shortlist=shortlist))
        config.flush()
        service = bergamot.Service(bergamot.ServiceConfig(numWorkers=1, logLevel="off"))
        loaded = service.modelFromConfigPath(config.name)
    options = bergamot.ResponseOptions(alignment=False, qualityScores=False, HTML=False)
    for line in sys.stdin:
        texts = json.loads(line)
        begun = time.perf_counter()
        answers = service.translate(loaded, bergamot.VectorString(texts), options)
        seconds = time.perf_counter() - begun
        (peak,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
        memory = int(peak) // 1024
        print(
            json.dumps({"seconds": seconds, "texts": [a.target.text for a in answers], "memory": memory}),
            flush=True,
        )
    os._exit(0)  # the service's end may wait for ever


if __name__ == "__main__":
    main()
