"""Numbers rounded to ggml's blocks Q8_0 and Q4_0, block by block."""

import numpy as np

f32 = np.float32


def q8_0(block):
    """(scale float16, 32 whole numbers), as ggml has it: halves go away from 0.

    All 0 where 1 / d would be infinite.
    """
    d = np.abs(block).max() / f32(127)
    inverse = f32(1) / d if d >= np.finfo(f32).tiny else f32(0)
    scaled = block * inverse
    return np.float16(d), np.trunc(scaled + np.copysign(f32(0.5), scaled)).astype(np.int8)


def q4_0_error(block, scales):
    """The least squared error of whole numbers of -8 to 7, got by one of some scales, with their best d."""
    best = float((block.astype(float) ** 2).sum())
    top = block[np.abs(block).argmax()]
    for times in scales if top else ():
        q = np.clip(np.floor(block * (-times / float(top)) + 8.5), 0, 15) - 8
        if q.any():
            d = float(np.float16((block * q).sum() / (q * q).sum()))
            best = min(best, float(((block - d * q) ** 2).sum()))
    return best
