from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

# cpu.pxi
def isa_chosen() -> str: ...
def isas_available() -> list[str]: ...
def kernel_isas(isa: str | None = None) -> dict[str, str]: ...
def build_info() -> dict[str, str]: ...
def set_num_threads(threads: int) -> None: ...
def get_num_threads() -> int: ...

# nn.pxi
class Graph:
    """A list of blocks made runnable: an encoder, a decoder, a language model or a classifier."""

    def __init__(
        self,
        blocks: Sequence[Mapping[str, int | float | bool | str]],
        tensors: Mapping[str, NDArray[Any]],
        *,
        dtype: str = "float32",
        isa: str | None = None,
    ) -> None: ...
    @property
    def width(self) -> int: ...  # columns of what forward gives: D, or labels, or the vocabulary
    @property
    def pooled(self) -> bool: ...  # forward gives one row a text, not one a token
    @property
    def layers(self) -> int: ...  # L, of the final states (0: none)
    @property
    def hidden(self) -> int: ...  # H, width of a final state of one layer, both directions side by side
    @property
    def has_cell(self) -> bool: ...
    @property
    def attends(self) -> bool: ...
    @property
    def weight_bytes(self) -> int: ...
    def close(self) -> None: ...
    def forward(
        self, ids: I32, offsets: I64, *, threads: int | None = None, rows: bool = True
    ) -> tuple[F32 | None, F32 | None, F32 | None]: ...
    def log_probs(self, ids: I32, offsets: I64, *, start: int, threads: int | None = None) -> F32: ...
    def greedy(
        self,
        memory: Memory | None,
        prompts: tuple[I32, I64],
        *,
        stop: Sequence[int],
        max_new_tokens: int | I32,
        threads: int | None = None,
        rows: int = 0,
    ) -> Decoded: ...
    def stepper(self, memory: Memory | None, batch: int) -> Stepper: ...

class Memory:
    """What an encoder leaves for a decoder. Any part may be None."""

    states: F32 | None  # (N, D)
    offsets: I64  # (B + 1)
    hidden: F32 | None  # (B, L, H)
    cell: F32 | None  # (B, L, H)
    def __init__(self, states: F32 | None, offsets: I64, hidden: F32 | None, cell: F32 | None) -> None: ...

class Decoded:
    ids: I32  # flat
    offsets: I64  # (B + 1)
    logprobs: F32  # flat, one a token
    stopped: NDArray[np.uint8]  # (B): 1 when it ended with a stop token (not in ids), 0 at the length limit
    stop_logprobs: F32  # (B): log-probability of the stop token, 0 where there is none
    steps: int

class Stepper:
    """The decoder one token a step, for a fixed batch of B sequences."""

    def step(self, tokens: I32) -> F32: ...  # (B, V) log-probabilities of the next token
    def attention(self) -> list[F32]: ...  # per sequence: the last step's weights over its memory rows
    def reorder(self, rows: I32) -> None: ...

def translate(
    encoder: Graph,
    decoder: Graph,
    ids: I32,
    offsets: I64,
    *,
    start: int,
    stop: Sequence[int],
    max_new_tokens: int | I32,
    threads: int | None = None,
    progress: Any = None,  # called with the number of finished sequences, about 20 times a second
) -> Decoded: ...

# probe_base.pxi: for tests only
def probe_parallel_sum(
    values: I64, *, threads: int | None = None, grain: int = 1, spin_us: int = 0, nested: bool = False
) -> tuple[int, list[int], bool]: ...
def probe_fail(code: int, where: str, what: str, expected: str, found: str) -> None: ...
