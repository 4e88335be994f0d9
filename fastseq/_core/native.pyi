import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastseq.models.weights import BlockMatrix

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

# probe_gemm.pxi
class ProbeMatrix:
    """A prepared weight matrix (N, K) at one instruction set, for tests and benches: gemm.h says the rest."""

    columns: int
    nbytes: int
    def __init__(
        self,
        w: F32 | NDArray[np.int8],
        dtype: str = "float32",
        *,
        scale: F32 | None = None,
        isa: str | None = None,
        repeat: int = 1,
    ) -> None: ...
    def multiply(
        self, x: F32, y: F32, bias: F32 | None = None, accumulate: bool = False, threads: int = 1
    ) -> None: ...
    def quantize(self, x: F32) -> tuple[NDArray[np.uint8], F32]: ...
    def multiply_quantized(
        self, q: NDArray[np.uint8], scale: F32, y: F32, bias: F32 | None = None, accumulate: bool = False
    ) -> None: ...
    def read(self) -> None: ...

def probe_limit_arithmetic(dtype: str, steps: int, isa: str | None = None) -> float: ...

# probe.pxi
class Kernels:
    """The kernels of one instruction set, for tests and benches: kernels.def says what each does."""

    isa: str
    repeat: int
    def __init__(self, isa: str | None = None, *, repeat: int = 1) -> None: ...
    def exp_f32(self, x: F32, y: F32) -> None: ...
    def sigmoid_f32(self, x: F32, y: F32) -> None: ...
    def tanh_f32(self, x: F32, y: F32) -> None: ...
    def softmax_f32(self, x: F32, y: F32) -> None: ...
    def log_softmax_f32(self, x: F32, y: F32) -> None: ...
    def log_sum_exp_f32(self, x: F32) -> float: ...
    def argmax_f32(self, x: F32) -> int: ...
    def top_k_f32(self, x: F32, index: I32, value: F32) -> None: ...
    def dot_f32(self, x: F32, y: F32) -> float: ...
    def axpy_f32(self, a: float, x: F32, y: F32) -> None: ...
    def additive_score_f32(self, q: F32, k: F32, v: F32) -> float: ...
    def rnn_tanh_f32(self, x: F32, h_part: F32, h: F32) -> None: ...
    def rnn_relu_f32(self, x: F32, h_part: F32, h: F32) -> None: ...
    def lstm_f32(self, x: F32, h_part: F32, c: F32, h: F32) -> None: ...
    def gru_f32(self, x: F32, h_part: F32, h: F32) -> None: ...
    def relu_f32(self, x: F32, y: F32) -> None: ...
    def silu_f32(self, x: F32, y: F32) -> None: ...
    def gelu_f32(self, x: F32, y: F32) -> None: ...
    def gelu_tanh_f32(self, x: F32, y: F32) -> None: ...
    def mul_f32(self, x: F32, y: F32) -> None: ...
    def layer_norm_f32(
        self, x: F32, add: F32 | None, weight: F32, bias: F32, epsilon: float, y: F32
    ) -> None: ...
    def rms_norm_f32(self, x: F32, add: F32 | None, weight: F32, epsilon: float, y: F32) -> None: ...
    def ssru_f32(self, x: F32, c: F32, h: F32) -> None: ...
    def quantize_by_u8(self, x: F32, multiplier: float, y: NDArray[np.uint8]) -> None: ...
    def quantize_groups_s8(
        self, x: F32, group: int, q: NDArray[np.int8], scale: F32, sums: NDArray[np.int32]
    ) -> None: ...
    def attend_f32(
        self,
        q: F32,
        k: F32,
        v: F32,
        *,
        place: int = -1,
        window: int = 0,
        scale: float = 1,
        cap: float = 0,
        bias: F32 | None = None,
        paged: bool = False,
        mean: F32 | None = None,
    ) -> F32: ...
    def dots_s8(
        self,
        x: NDArray[np.uint8],
        x_scale: float,
        w: NDArray[np.int8],
        scale: F32,
        bias: F32,
        rows: NDArray[np.int32],
    ) -> F32: ...
    def f32_to_bf16(self, x: F32, y: NDArray[np.uint16]) -> None: ...
    def bf16_to_f32(self, x: NDArray[np.uint16], y: F32) -> None: ...
    def quantize_u8(self, x: F32, y: NDArray[np.uint8]) -> float: ...

# nn.pxi
def round_to_blocks(
    name: str,
    matrix: NDArray[Any] | BlockMatrix,
    type: int,
    out: NDArray[np.uint8],
    *,
    scale: NDArray[Any] | None = None,
    threads: int | None = None,
) -> None: ...

class Graph:
    """A list of blocks made runnable: an encoder, a decoder, a language model or a classifier."""

    def __init__(
        self,
        blocks: Sequence[Mapping[str, int | float | bool | str]],
        tensors: Mapping[str, NDArray[Any] | BlockMatrix],
        *,
        dtype: str = "float32",
        isa: str | None = None,
        lay_out: bool = True,
        kept: str = "float32",
        progress: Callable[[int], object] | None = None,
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
    @property
    def longest(self) -> int: ...  # tokens that it has positions for; 0: any number
    def log_probs(self, ids: I32, offsets: I64, *, start: int | I32, threads: int | None = None) -> F32: ...
    def decode(
        self,
        memory: Memory | None,
        prompts: tuple[I32, I64],
        *,
        stop: Sequence[int],
        max_new_tokens: int | I32,
        never: Sequence[int] = (),
        beam: int = 1,
        results: int = 1,
        length_penalty: float = 1.0,
        aligned: bool = False,
        sampling: Sampling | None = None,  # of all sequences; seeds and streams: one for all or one each
        seeds: Any = None,
        streams: Any = None,
        stop_text: Strings | None = None,  # texts that end a sequence
        pieces: Strings | None = None,  # what each token adds to a text
        alternatives: int = 0,
        threads: int | None = None,
        rows: int = 0,
        deadline: float | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Decoded: ...
    def stepper(self, memory: Memory | None, batch: int) -> Stepper: ...

class Memory:
    """What an encoder leaves for a decoder. Any part may be None."""

    states: F32 | None  # (N, D)
    offsets: I64  # (B + 1)
    hidden: F32 | None  # (B, L, H)
    cell: F32 | None  # (B, L, H)
    def __init__(self, states: F32 | None, offsets: I64, hidden: F32 | None, cell: F32 | None) -> None: ...

class Strings:
    """Byte strings one behind the other: string i is data[offsets[i]:offsets[i + 1]]."""

    def __init__(self, data: NDArray[np.uint8], offsets: I64) -> None: ...
    def __len__(self) -> int: ...

class Sampling:
    """How the tokens of an answer are chosen (csrc/decode/sampling.h); what is left out changes nothing."""

    def __init__(
        self,
        vocabulary: int,
        *,
        bias: Mapping[int, float] | None = None,
        repetition_penalty: float = 1.0,
        presence_penalty: float = 0.0,
        frequency_penalty: float = 0.0,
        no_repeat_ngram: int = 0,
        banned: Sequence[int] = (),
        forced: Sequence[int] = (),
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        typical_p: float = 1.0,
    ) -> None: ...

class Decoded:
    """A results for each of B sequences, best first."""

    ids: I32  # flat
    offsets: I64  # (A B + 1)
    logprobs: F32  # flat, one a token
    aligned: I32 | None  # flat: the source's token that each looked at most; -1 where that is not known
    others: I32 | None  # (N, alternatives): the likeliest tokens at each place; -1: no more of them
    other_logprobs: F32 | None
    # (A B): 0 at the limit, 1 by a stop token (not in ids), 2 as the work stopped, 3: no result
    ended: NDArray[np.uint8]
    stop_logprobs: F32  # (A B): log-probability of the stop token, 0 where there is none
    steps: int
    late: bool  # the deadline passed before the work was done
    times: I64  # (B, 3), of greedy search: by `clock`, when each began, had its first token, ended; 0: never

def clock() -> int: ...  # nanoseconds
def shortlist_checksum(data: Any) -> int: ...

class Beginning:
    """What prompts may begin with, computed before."""

    ids: I32
    kept: F32  # what the model has of them

    def __init__(self, decoder: Graph, ids: I32, kept: F32 | None = None) -> None: ...  # None: it is computed

class Shortlist:
    """For each source token the target tokens that translate it."""

    def __init__(
        self, offsets: Any, lists: Any, *, targets: int, first: int, shared: bool = False
    ) -> None: ...

class Stepper:
    """The decoder one token a step, for a fixed batch of B sequences."""

    feeds: bool  # whether `feed` may be called

    def step(self, tokens: I32) -> F32: ...  # (B, V) log-probabilities of the next token
    def feed(self, ids: I32, offsets: I64) -> None: ...  # go in before the next step
    def attention(self) -> list[F32]: ...  # per sequence: the last step's weights over its memory rows
    def reorder(self, rows: I32) -> None: ...

def translate(
    encoder: Graph,
    decoder: Graph,
    ids: I32,
    offsets: I64,
    *,
    start: int = 0,  # the outputs' first token, or:
    prompts: tuple[I32, I64] | None = None,  # what each begins with
    shortlist: Shortlist | None = None,
    stop: Sequence[int],
    max_new_tokens: int | I32,
    never: Sequence[int] = (),
    beam: int = 1,
    results: int = 1,
    length_penalty: float = 1.0,
    aligned: bool = False,
    threads: int | None = None,
    batch_tokens: int | None = None,  # of sources that a thread takes at once
    deadline: float | None = None,  # seconds
    progress: Any = None,  # called with the number of finished sequences, about 50 times a second
) -> Decoded: ...

# engine.pxi
class Request:
    """What one sequence wants, and what came of it. Read and cancelled from any thread."""

    size: int  # tokens that it may hold, at most
    count: int  # tokens of the answer so far
    ended: str  # once it is over: length, stop, cancelled, deadline, interrupted
    shared: int  # tokens of the prompt that had been computed before
    passes: int  # through the model that its answer took

    def __init__(self, decoder: Graph, prompt: I32, **search: Any) -> None: ...
    def cancel(self) -> None: ...  # it ends before its next token
    def expire(self) -> None: ...  # its deadline has come before it joined a lane
    def mask(self, mask: NDArray[np.uint64]) -> None: ...  # bit t: token t may come next
    def watch(self, watched: bool) -> None: ...  # whether Lane.work is to come back for each of its tokens
    def ids(self, first: int = 0) -> I32: ...  # of the answer so far, from `first` on
    def result(self) -> Decoded: ...  # once it is over

class Lane:
    """A language model at work on up to `rows` sequences, one thread's. Only `wake` is for other threads."""

    def __init__(
        self,
        decoder: Graph,
        rows: int,
        *,
        kept: int = 0,
        places: int = 32,
        beginnings: Sequence[Beginning] = (),
    ) -> None: ...
    def __len__(self) -> int: ...
    def add(self, request: Request) -> None: ...
    def work(self) -> tuple[list[Request], Exception | None]: ...  # those that are over, and what went wrong
    def wake(self) -> None: ...  # `work` comes back after the step it is at

# probe_decode.pxi
def probe_search(
    any_graph: Graph,
    logits: F32,
    *,
    allowed: I32 | None = None,
    beam_search: bool = True,
    rows: int = 64,
    **search: Any,
) -> Decoded: ...

# probe_sampling.pxi
def probe_philox(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def probe_random(seed: int, stream: int, count: int) -> NDArray[np.float64]: ...
def probe_choose(
    any_graph: Graph,
    logits: Any,
    sampling: Sampling,
    *,
    prompt: Any = (),
    answer: Any = (),
    tokens: Any = None,
    mask: Any = None,
    seed: int = 0,
    stream: int = 0,
) -> tuple[I32, F32]: ...
def probe_filter(any_graph: Graph, logits: Any, sampling: Sampling) -> tuple[I32, NDArray[np.float64]]: ...

# strings.pxi

class Documents:
    """Texts that lie in blocks of bytes, which it keeps. One thread fills it; then an encoder takes it."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int) -> bytes: ...
    def add(
        self, block: bytes, separator: bytes, last: bool
    ) -> tuple[int, int]: ...  # bytes used; UTF-8 of them
    def place(self, i: int) -> int: ...  # where text i begins in its block

# counted.pxi
class CountedStrings:
    """Strings of a buffer from byte `at` on, each behind its size (u64, little-endian).

    Objects are made of those asked for; those that are not UTF-8 come as bytes. It keeps the buffer. There
    are fewer than `count` where the data ends first.
    """

    def __init__(self, data: bytes | memoryview, at: int, count: int) -> None: ...
    end: int  # the byte behind the last one
    texts: int  # how many are UTF-8, from the first up to one that is not
    def __len__(self) -> int: ...
    def __getitem__(self, i: int) -> str | bytes: ...
    def __iter__(self) -> Iterator[str | bytes]: ...
    def chosen(self, places: Sequence[int] | I32) -> CountedStrings: ...
    def halves(
        self,
    ) -> tuple[CountedStrings, int]: ...  # before and behind each one's one space; the first that has not one

# vocab.pxi, text.pxi
SPLIT_RULES: tuple[str, ...]
KEEP_RULES: tuple[str, ...]
UNKNOWN_RULES: tuple[str, ...]

def unicode_version() -> str: ...
def as_ids(ids: Sequence[int] | NDArray[np.integer[Any]]) -> I32: ...
def probe_character(code: int) -> tuple[int, int, int]: ...  # for tests only

class Vocab:
    """Tokens and their ids; never changed once made."""

    special_ids: list[int]
    def __init__(self, tokens: Iterable[str], specials: Sequence[str] = ()) -> None: ...
    def __len__(self) -> int: ...
    def id(self, token: str) -> int: ...  # -1: not there
    def ids(self, tokens: Iterable[str]) -> I32: ...  # -1: not there
    def token(self, id: int) -> str: ...
    def tokens(self, ids: Sequence[int] | NDArray[np.integer[Any]] | None = None) -> list[str]: ...
    def join(
        self, ids: Sequence[int] | NDArray[np.integer[Any]], separator: str, skip_special: bool
    ) -> str: ...
    def join_batch(self, ids: I32, offsets: I64, separator: str, skip_special: bool) -> list[str]: ...

# encoder.pxi
PART_BYTES: int  # of a part of a long text, about

class Encoder:
    """Texts to ids, whatever the kind of tokenizer. modes: one byte an added token; most: ids of a text."""

    marker_count: int  # added tokens
    before: int  # tokens put around a text
    behind: int
    units: tuple[str, ...]  # that spans may have: characters, bytes, and of some words
    def cut_off(self, most: int, from_left: bool) -> None: ...  # -1: no limit
    def cut_parts(self, least: int) -> None: ...  # bytes of the parts of a long text at least; for tests
    def encode(
        self,
        texts: Iterable[str | bytes],
        *,
        threads: int | None = None,
        bare: bool = False,
        spans: str | None = None,
        modes: bytes | None = None,
        most: int | None = None,
    ) -> tuple[I32, I64, I32 | None]: ...  # ids, offsets, spans (N, 2)
    def encode_one(
        self,
        text: str | bytes,
        *,
        bare: bool = False,
        modes: bytes | None = None,
        most: int | None = None,
    ) -> list[int]: ...
    def encode_usual(self, text: str | bytes) -> list[int]: ...  # nothing chosen
    def counts(
        self,
        texts: Iterable[str | bytes],
        *,
        threads: int | None = None,
        bare: bool = False,
        modes: bytes | None = None,
        most: int | None = None,
    ) -> I64: ...

# text.pxi
class TextEncoder(Encoder):
    """How texts that are cut by a rule become ids."""

    def __init__(
        self,
        vocab: Vocab | None,
        *,
        split: str,
        lowercase: bool = False,
        keep: str = "all",
        punctuation: bool = True,
        unknown: str = "error",
        unknown_id: int = -1,
        allow_special: bool = False,
        prepend: Sequence[int] = (),
        append: Sequence[int] = (),
    ) -> None: ...
    def pieces(
        self, texts: Iterable[str | bytes], *, threads: int | None = None, bare: bool = False
    ) -> list[list[str]]: ...

# bpe.pxi
SCAN_RULES: tuple[str, ...]

def class_version() -> str: ...
def probe_class(code: int) -> int: ...  # for tests only

class BpeEncoder(Encoder):
    """A byte-level vocabulary with its merges, and how texts are cut for it; never changed once made.

    One of `ranks` (a file of tiktoken), `saved` (what `save` gives), and `tokens`, `ids` and `merges` (left,
    right, left, right ...) of tokenizer.json. markers: (spelling, id, flags of csrc/text/markers.h). pattern:
    a rule, or a function from a text to the matches in it, (begin, end) in characters.
    """

    def __init__(
        self,
        *,
        pattern: str | Callable[[str], Any],
        ranks: bytes | None = None,
        saved: bytes | memoryview | None = None,
        tokens: Iterable[str] | CountedStrings | None = None,
        ids: Sequence[int] | I32 | None = None,
        merges: Iterable[str] | CountedStrings | None = None,
        ignore_merges: bool = False,
        markers: Iterable[tuple[str, int, int]] = (),
        prefix_space: bool = False,
        prepend: Sequence[int] = (),
        append: Sequence[int] = (),
        normalizer: Normalizer | None = None,
        isa: str | None = None,
    ) -> None: ...
    normalizer: Normalizer | None
    def decode(self, ids: Sequence[int] | NDArray[np.integer[Any]], skip_special: bool) -> bytes: ...
    def decode_text(
        self, ids: Sequence[int] | NDArray[np.integer[Any]], skip_special: bool, how: str
    ) -> str: ...
    def token(self, id: int) -> bytes | None: ...
    def token_id(self, spelling: bytes) -> int: ...
    def save(self) -> bytes: ...
    def cutting(self) -> tuple[Any, bool, list[int], list[int]]: ...
    def ids(self) -> I32: ...
    def cuts(self, text: str | bytes) -> list[int]: ...

class PieceCounter:
    """Counts the pieces of a corpus that comes in parts."""

    def __init__(
        self, *, split: str, lowercase: bool = False, keep: str = "all", punctuation: bool = True
    ) -> None: ...
    def __len__(self) -> int: ...
    def add(self, texts: Iterable[str], first: int = 0) -> None: ...
    def add_lines(self, block: bytes) -> int: ...  # the place of the first byte that is not UTF-8, or -1
    def ranked(self, least: int = 1) -> tuple[list[str], list[int]]: ...

# corpus.pxi
class CorpusCounter:
    """Counts the pieces that texts are cut into; a corpus may come in parts, one thread at a time."""

    nbytes: int
    empty: bool
    def __init__(
        self,
        pattern: str = "whole",
        *,
        rule: str = "pattern",  # pattern, split, bert, spaces
        split: str = "words",
        lowercase: bool = False,
        keep: str = "all",
        punctuation: bool = True,
        model: SentencePieceEncoder | None = None,
        normalizer: Normalizer | None = None,
        scripts: bool = True,
        digits: bool = False,
        bare_lines: bool = False,
        threads: int | None = None,
        isa: str | None = None,
        most: int | None = None,
        full: Callable[[], Any] | None = None,
    ) -> None: ...
    def add(self, texts: Iterable[str | bytes], first: int = 0) -> None: ...
    def add_lines(self, block: bytes) -> int: ...  # -1, or the place of the first byte that is not UTF-8
    def spill(self, file: IO[bytes]) -> list[int]: ...  # bytes of each run
    def attach(self, memory: bytes | mmap.mmap, sizes: Sequence[int]) -> None: ...
    def counts(self) -> dict[bytes, int]: ...
    def byte_counts(self) -> I64: ...  # (256)
    def character_counts(self) -> I64: ...  # (2, 0x110000): of all; of those behind the start of a piece
    def ranked(self, least: int = 1) -> tuple[list[str], list[int]]: ...

# bpe_train.pxi
class MergeTrainer:
    """Learns merges over symbols; a symbol's place in the list is its id."""

    def __init__(
        self,
        symbols: Sequence[str | bytes],
        vocab_size: int,
        *,
        least: int = 1,
        longest: int = 0,
        prefix: bytes = b"",
    ) -> None: ...
    def __len__(self) -> int: ...
    def add(self, word: Sequence[int], count: int) -> None: ...
    def add_bytes(self, corpus: CorpusCounter, of_byte: Sequence[int] | NDArray[np.integer[Any]]) -> None: ...
    def add_characters(self, corpus: CorpusCounter, cut: bool) -> None: ...
    def replay(self, pairs: NDArray[Any]) -> None: ...
    def done(self) -> NDArray[np.uint64]: ...  # left << 32 | right
    def train(self, stop: int | None = None, *, progress: Callable[[int], Any] | None = None) -> bool: ...
    def symbols(self) -> list[bytes]: ...
    def merges(self) -> I32: ...  # (N, 3): left, right, made

# unigram_train.pxi
class UnigramTrainer:
    """Learns the pieces of a Unigram model; the first ones are the characters that are required."""

    def __init__(
        self, characters: Sequence[str], counts: Sequence[float], *, threads: int | None = None
    ) -> None: ...
    def __len__(self) -> int: ...
    def add(self, corpus: CorpusCounter) -> None: ...
    def seed(self, most: int, longest: int) -> None: ...
    def go_on_from(self, pieces: Sequence[str], scores: NDArray[np.float64]) -> None: ...
    def round(self) -> tuple[float, int]: ...  # mean logarithm of a word's probability before it, 0
    def prune(self, size: int) -> tuple[float, int]: ...  # 0, pieces of the best ways of all words before it
    def pieces(self) -> list[str]: ...
    def scores(self) -> NDArray[np.float64]: ...

# probe_base.pxi: for tests only
def probe_parallel_sum(
    values: I64, *, threads: int | None = None, grain: int = 1, spin_us: int = 0, nested: bool = False
) -> tuple[int, list[int], bool]: ...
def probe_fail(code: int, where: str, what: str, expected: str, found: str) -> None: ...

# sentencepiece.pxi
class SentencePieceEncoder(Encoder):
    """A SentencePiece model, from the bytes of its file; never changed once made."""

    def __init__(self, file: bytes) -> None: ...
    def __len__(self) -> int: ...
    def special(self) -> tuple[int, int, int, int]: ...  # unknown, first, last, padding; -1: none
    def around(self, prepend: Iterable[int], append: Iterable[int]) -> None: ...
    def piece(self, id: int) -> tuple[str, float, int] | None: ...  # text, score, type
    def token_id(self, token: str) -> int: ...
    def settings(self) -> dict[str, Any]: ...  # what the file says besides: see sentencepiece.pxi
    def decode(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> str: ...
    def normalize(self, text: str | bytes) -> str: ...

# normalize.pxi
NORMALIZE_KINDS: tuple[str, ...]
NORMALIZE_OPTIONS: dict[str, tuple[str, ...]]

def normal_version() -> str: ...
def probe_normal(code: int) -> tuple[int, int, int]: ...  # combining class, checks, kinds; for tests

class Normalizer:
    """Steps that a text goes through before it is cut: dicts of kind, options, least, pattern, content."""

    def __init__(self, steps: Iterable[Mapping[str, Any]]) -> None: ...
    def normalize(self, text: str | bytes) -> str: ...
    def normalize_spans(
        self, text: str | bytes
    ) -> tuple[str, I32 | None]: ...  # (bytes, 2): where each byte comes from; None: nothing changed

# pipeline.pxi
CUT_KINDS: tuple[str, ...]
CUT_BEHAVIORS: tuple[str, ...]
SUBWORD_KINDS: tuple[str, ...]
PIPELINE_LOCALS: tuple[str, ...]

class Pipeline(Encoder):
    """A tokenizer.json: csrc/text/pipeline.h. The model and the cuts are dicts, which pipeline.pxi lists."""

    def __init__(
        self,
        *,
        model: Mapping[str, Any],
        cuts: Sequence[Mapping[str, Any]] = (),
        normalizer: Normalizer | None = None,
        lead: str = "",
        given: Iterable[tuple[str, int, int]] = (),  # added tokens: spelling, id, flags
        normalized: Iterable[tuple[str, int, int]] = (),
        local: str = "none",
        prepend: Sequence[int] = (),
        append: Sequence[int] = (),
    ) -> None: ...
