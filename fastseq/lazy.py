"""NumPy, imported when it is first used.

A tokenizer that gives lists does without, and nothing else that fastseq imports takes as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["np"]

if TYPE_CHECKING:
    import numpy as np
else:

    class _NumPy:
        def __getattr__(self, name: str) -> Any:
            import numpy

            value = getattr(numpy, name)
            setattr(self, name, value)  # the next time it is found without coming here
            return value

    np = _NumPy()
