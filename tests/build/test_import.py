"""What `import fastseq` costs and does."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from fastseq._core import native
from tests.build.processes import output_of, run_python

BUDGET_MS = 30.0
NOISE = 5.0  # this may run beside other work


def test_import_is_quiet_and_opens_nothing() -> None:
    """Nothing printed, no socket, no file written, no extra imported."""
    result = run_python(
        """
        import sys
        seen = []
        def watch(event, args):
            if event.startswith("socket.") or (event == "open" and set(str(args[1] or "")) & set("wax+")):
                seen.append((event, args))
        sys.dont_write_bytecode = True
        sys.addaudithook(watch)
        import fastseq
        extras = {"torch", "tqdm", "huggingface_hub", "onnxruntime", "regex", "jinja2"} & set(sys.modules)
        sys.exit(f"{seen} {extras}" if seen or extras else 0)
        """
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.skipif(native.build_info()["build"] != "release", reason="the budget is that of a release build")
@pytest.mark.once
@pytest.mark.parametrize("then", ["", "fastseq.load, fastseq.Seq2Seq, fastseq.Vocabulary"])
def test_import_time(then: str, tmp_path: Path) -> None:
    """CPU milliseconds beyond `import numpy`, a fresh process each time; also with public names looked up.

    Modules are compiled once, as they are where a package is installed.
    """
    code = f"""
        import time
        import numpy
        start = time.process_time()
        import fastseq
        {then}
        print((time.process_time() - start) * 1e3)
    """
    times = [
        float(output_of(code, PYTHONDONTWRITEBYTECODE=None, PYTHONPYCACHEPREFIX=str(tmp_path)))
        for _ in range(7)
    ]
    median, best = statistics.median(times), min(times)
    print(f"import fastseq; {then}: {median:.1f} ms beyond numpy, {best:.1f} at best (budget {BUDGET_MS:g})")
    assert best < BUDGET_MS * NOISE


def test_what_a_model_of_one_kind_imports() -> None:
    """Not what the other kinds are made of; and the name of `load` next to nothing."""
    code = """
        import sys
        import fastseq
        fastseq.load
        assert "fastseq.models.base" not in sys.modules
        fastseq.load("phonemes-en")("hello")
        for name in ("language_model", "engine", "constraints", "prompt_cache", "chat"):
            assert f"fastseq.models.{name}" not in sys.modules, name
    """
    assert run_python(code).returncode == 0
