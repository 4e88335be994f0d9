"""Rotary positions stretched beyond the length a model was first trained on, by rules the engine has not.

YaRN (Peng et al. 2023) and LongRoPE (Ding et al. 2024): numbers that divide the rates, and a gain.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LONGEST_MAX = 2**24 - 1


def yarn(
    dims: int,
    base: float,
    factor: float,
    original: float,
    *,
    fast: float = 32.0,
    slow: float = 1.0,
    whole: bool = True,
) -> NDArray[np.float32]:
    """What divides the rates: 1 for waves of `fast` turns in the original length, more for slower ones."""

    def place(turns: float) -> float:
        return dims * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = place(fast), place(slow)
    if whole:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dims - 1)
    high += 0.001 * (low == high)
    ramp = np.clip((np.arange(dims // 2) - low) / (high - low), 0, 1)
    factors: NDArray[np.float32] = (1 / (ramp / factor + 1 - ramp)).astype(np.float32)
    return factors


def long_gain(factor: float, original: float) -> float:
    """LongRoPE's gain."""
    return math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0


def yarn_gain(factor: float, scale: float = 1.0) -> float:
    """YaRN's gain."""
    return 0.1 * scale * math.log(factor) + 1 if factor > 1 else 1.0
