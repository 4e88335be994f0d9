"""``fastseq info``: this installation, or a model."""

from __future__ import annotations

import argparse
import json
import platform
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from fastseq.cli.common import Commands, command

EXAMPLES = """\
  fastseq info
  fastseq info phonemes-en
  FASTSEQ_ISA=avx2 fastseq info --json
"""


def add(commands: Commands) -> None:
    parser = command(commands, "info", "tell about this installation, or about a model", EXAMPLES)
    parser.add_argument("model", metavar="MODEL", nargs="?", help="what `fastseq run` takes as MODEL")
    parser.add_argument("--spec", metavar="FILE", help="what a PyTorch checkpoint holds (docs/formats.md)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=info)


def info(options: argparse.Namespace) -> int:
    facts = _installation() if options.model is None else _model(options.model, options.spec)
    if options.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        for line in _lines(facts):
            print(line)
    return 0


def _installation() -> dict[str, Any]:
    import numpy

    import fastseq
    from fastseq._core import native
    from fastseq.loading import bundled

    return {
        "fastseq": fastseq.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": numpy.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        **native.build_info(),
        "threads": native.get_num_threads(),
        "isa": native.isa_chosen(),
        "available": native.isas_available(),
        "kernels": native.kernel_isas(),
        "models": bundled(),
    }


def _model(path: str, spec: str | None) -> dict[str, Any]:
    import fastseq

    with fastseq.load(path, spec=spec) as model:
        facts = asdict(model.info)
        if model.task == "classifier":
            facts["labels"] = list(model.spec.labels)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _lines(facts: dict[str, Any]) -> list[str]:
    """Facts for people: kernels by the instruction set that does them, blocks one a line."""
    lines = []
    for name, value in facts.items():
        label = name.replace("_", " ")
        if name == "kernels":
            slots = defaultdict(list)
            for slot, isa in value.items():
                slots[isa].append(slot)
            value = [f"{isa}: {', '.join(names)}" for isa, names in slots.items()]
        if isinstance(value, list) and name in ("kernels", "encoder", "decoder"):
            lines += [f"{label if i == 0 else '':<14}{one}" for i, one in enumerate(value)]
        elif value not in ("", None, []):
            lines.append(f"{label:<14}{_shown(value)}")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)
