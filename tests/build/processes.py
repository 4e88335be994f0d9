"""Python code run in a process of its own, for what can only be seen from outside or before import."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap


def run_python(
    code: str, *, timeout: float = 120, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Runs `code`; variables are set over this process's own, or taken away when None."""
    variables = {name: value for name, value in os.environ.items() if name not in environment}
    variables |= {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=variables, check=False
    )


def output_of(code: str, *, timeout: float = 120, **environment: str | None) -> str:
    """What `code` prints; a failure of it is a failure of the test."""
    result = run_python(code, timeout=timeout, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()
