"""Weights rounded to int4 and int8 a group, on loading and on saving."""

from contextlib import contextmanager

import numpy as np
import pytest

import fastseq
from fastseq import errors, progress
from fastseq._core import native
from fastseq.formats import ggml_blocks, safetensors
from fastseq.formats.tensor import Tensor
from fastseq.models import LanguageModel, ModelSpec
from fastseq.models.spec import tensor_shapes
from fastseq.models.weights import BYTES, Q4_0, Q8_0, BlockMatrix, RoundedMatrix
from tests.api import small
from tests.formats import test_gguf_model as gguf
from tests.reference import ggml_rounding as reference

KINDS = {kind.number: kind for kind in ggml_blocks.TYPES.values()}
WIDTH, VOCABULARY = 64, 50
IDS = [np.random.default_rng(5).integers(0, VOCABULARY, 40).astype(np.int32)]


def rounded(values, type, **more):
    out = np.empty(values.size // 32 * BYTES[type], np.uint8)
    native.round_to_blocks("w", values, type, out, **more)
    return out


def floats_of(blocks, type, shape):
    return ggml_blocks.to_float32(KINDS[type], memoryview(blocks), shape)


def rows():
    """Blocks of all sizes of numbers, with zeros, one number alone, numbers of one sign, halves."""
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (60, 32)).astype(np.float32) * (10.0 ** rng.integers(-6, 4, (60, 1))).astype(
        np.float32
    )
    x[0] = 0
    x[1] = 0
    x[1, 5] = -3
    x[2] = np.abs(x[2])
    x[3] = np.linspace(-127, 127, 32).round() / 2
    x[4] = 1e-30
    x[5] = 1e-42
    return x


def test_blocks_of_8_bits_are_ggmls():
    x = rows()
    blocks = rounded(x, Q8_0).reshape(-1, 34)
    for block, values in zip(blocks, x, strict=True):
        d, q = reference.q8_0(values)
        assert block[:2].view("<f2")[0] == d
        assert block[2:].view(np.int8).tolist() == q.tolist()


def test_blocks_of_4_bits_leave_the_least_error_of_the_scales_tried():
    x = rows()
    made = floats_of(rounded(x, Q4_0), Q4_0, x.shape)
    for values, close in zip(x, made, strict=True):
        error = float(((values - close.astype(float)) ** 2).sum())
        least = reference.q4_0_error(values, 8 + 0.25 * np.arange(-3, 4))
        by_half = float((values.astype(float) ** 2).sum()) * 2.0**-22 + 32 * (2.0**-24 * 8) ** 2
        assert error <= 1.001 * least + by_half  # what d loses as a float16


@pytest.mark.parametrize("type", [Q4_0, Q8_0])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e9])
def test_numbers_that_no_block_holds(type, bad):
    x = np.ones((5, 64), np.float32)
    x[3, 40] = bad
    with pytest.raises(errors.FormatError, match=r"w: weights that no block can hold.*row 3"):
        rounded(x, type)
    with pytest.raises(errors.ArgumentError, match="multiple of 32"):
        native.round_to_blocks("w", np.ones((2, 33), np.float32), type, np.empty(2 * BYTES[type], np.uint8))
    with pytest.raises(errors.ArgumentError, match="size of the data"):
        native.round_to_blocks("w", x, type, np.empty(7, np.uint8))


@pytest.mark.parametrize("type", [Q4_0, Q8_0])
def test_from_any_precision(type):
    """The blocks are those of the same numbers in float32."""
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, (70, 64)).astype(np.float32)
    half = x.astype(np.float16)
    bits = (x.view(np.uint32) >> 16).astype(np.uint16)
    whole, scale = rng.integers(-128, 128, x.shape, np.int8), rng.random(70, np.float32)
    blocks = rng.integers(0, 100, 70 * 2 * 20, np.uint8)
    sources = [
        (half, None, half.astype(np.float32)),
        (bits, None, (bits.astype(np.uint32) << 16).view(np.float32)),
        (whole, scale, whole * scale[:, None]),
        (BlockMatrix(3, blocks, x.shape), None, floats_of(blocks, 3, x.shape)),
    ]
    for source, scale, same in sources:
        made = RoundedMatrix("w", type, source, scale)
        assert (
            made.data.tobytes() == rounded(same, type).tobytes() == rounded(same, type, threads=2).tobytes()
        )


def spec_of(**more):
    before = {"residual": True, "norm": "rms", "norm_place": "before", "width": WIDTH}
    decoder = [
        {"block": "embedding", "weights": "table", "vocabulary": VOCABULARY, "width": WIDTH},
        {"block": "self_attention", "weights": "a", "heads": 4, "causal": True, "rotary": 16, **before},
        {"block": "feed_forward", "weights": "f", "inner": 96, "gated": True, **before},
        {"block": "linear", "weights": "table", "input": WIDTH, "output": VOCABULARY, "bias": False},
    ]
    return ModelSpec.from_dict({"fastseq": 1, "task": "language_model", "decoder": decoder, **more})


def weights_of(spec):
    rng = np.random.default_rng(7)
    return {n: rng.normal(0, 0.3, shape).astype(np.float32) for n, shape in tensor_shapes(spec).items()}


def logprobs(model):
    return model.score_ids(IDS)[0].token_logprobs


@pytest.mark.parametrize(("dtype", "type"), [("int4", Q4_0), ("int8", Q8_0)])
def test_a_model_computes_with_the_rounded_weights(dtype, type, tmp_path):
    spec, weights = spec_of(), weights_of(spec_of())
    model = LanguageModel(spec, weights, dtype=dtype)
    near = {
        n: floats_of(rounded(w, type), type, w.shape) if w.ndim == 2 and w.shape[1] > 1 else w
        for n, w in weights.items()
    }
    same = logprobs(LanguageModel(spec, near))
    near_by, far = np.abs(logprobs(model) - same), np.abs(logprobs(LanguageModel(spec, weights)) - same)
    assert near_by.mean() < 0.1  # what rows that go in lose as 8 bits
    assert far.mean() > (0.5 if dtype == "int4" else 0.01)
    assert model.dtype == dtype
    assert model.info.weight_bytes < 0.2 * 4 * model.info.parameters if dtype == "int4" else True
    model.save(tmp_path / "small")
    small_model = fastseq.load(tmp_path / "small")
    assert logprobs(small_model).tobytes() == logprobs(model).tobytes()
    LanguageModel(spec, weights).save(tmp_path / "wide")
    assert logprobs(fastseq.load(tmp_path / "wide", dtype=dtype)).tobytes() == logprobs(model).tobytes()
    names = safetensors.load(tmp_path / "small" / "model.safetensors")
    assert f"a.query.weight.{KINDS[type].name}" in names
    small_model.save(tmp_path / "again", dtype="float32")
    back = safetensors.load(tmp_path / "again" / "model.safetensors")["table.weight"].array
    assert (back == near["table.weight"]).all()


@pytest.mark.parametrize("kind", ["F16", "Q4_1", "Q6_K"])
def test_gguf_files_on_loading(kind, tmp_path):
    gguf.model_file(tmp_path / "m.gguf", kind, width=256, inner=256)
    exact = fastseq.load(tmp_path / "m.gguf", dtype="float32").score_ids([gguf.IDS])[0].token_logprobs
    for dtype, most in (("int8", 0.2), ("int4", 2.5)):
        model = fastseq.load(tmp_path / "m.gguf", dtype=dtype)
        found = model.score_ids([gguf.IDS])[0].token_logprobs
        assert np.abs(found - exact).mean() < most
        model.save(tmp_path / dtype)
        assert (
            fastseq.load(tmp_path / dtype).score_ids([gguf.IDS])[0].token_logprobs.tobytes()
            == found.tobytes()
        )


def test_rows_that_are_no_whole_groups():
    spec = small.model_of_attention().spec
    weights = small.weights_of(spec)
    wide = LanguageModel(spec, weights, tokenizer=small.words())
    assert logprobs_of_words(
        LanguageModel(spec, weights, dtype="int4", tokenizer=small.words())
    ) == logprobs_of_words(wide)
    assert logprobs_of_words(
        LanguageModel(spec, weights, dtype="int8", tokenizer=small.words())
    ) != logprobs_of_words(wide)


def logprobs_of_words(model):
    return model.score_ids([[1, 2, 3, 4, 5]])[0].token_logprobs.tolist()


def test_what_has_no_int4(tmp_path):
    for make in (small.seq2seq, small.classifier, small.language_model):
        with pytest.raises(errors.UnsupportedError, match="no int4 for such a model"):
            make(dtype="int4")
        with pytest.raises(errors.UnsupportedError, match="no int4 for such a model"):
            make().save(tmp_path, dtype="int4")


@pytest.mark.parametrize(
    ("name", "tensor", "what"),
    [
        ("f.down.weight.Q4_0", np.zeros((WIDTH, 53), np.uint8), "multiple of 18"),
        ("f.down.weight.Q4_0", np.zeros((WIDTH, 36), np.uint8), "the shape contradicts the spec"),
        ("f.down.weight.Q4_0", np.zeros(54, np.uint8), "no matrix in blocks"),
        ("f.down.weight.Q4_0", np.zeros((WIDTH, 54), np.int8), "a tensor that no block uses"),
        ("f.down.weight.Q9_9", np.zeros((WIDTH, 54), np.uint8), "a tensor that no block uses"),
        ("a.norm.weight.Q8_0", np.zeros((WIDTH, 34), np.uint8), "the shape contradicts"),
        ("f.down.weight.Q4_0", np.full((WIDTH, 54), 0x7C, np.uint8), "bad scale"),
    ],
)
def test_damaged_blocks_in_a_folder(name, tensor, what, tmp_path):
    LanguageModel(spec_of(), weights_of(spec_of())).save(tmp_path, dtype="int4")
    place = tmp_path / "model.safetensors"
    tensors = {n: t for n, t in safetensors.load(place).items() if not name.startswith(n.rsplit(".", 1)[0])}
    tensors[name] = Tensor(tensor.dtype.name, tensor)
    safetensors.save(place, tensors)
    with pytest.raises(errors.FastseqError, match=f"(?s){tmp_path}.*({what}|missing tensor)"):
        fastseq.load(tmp_path)


def test_twice_the_same_tensor(tmp_path):
    LanguageModel(spec_of(), weights_of(spec_of())).save(tmp_path, dtype="int8")
    place = tmp_path / "model.safetensors"
    tensors = dict(safetensors.load(place))
    tensors["table.weight"] = Tensor("float32", np.zeros((VOCABULARY, WIDTH), np.float32))
    safetensors.save(place, tensors)
    with pytest.raises(errors.FormatError, match=r"no table.weight beside it"):
        fastseq.load(tmp_path)


def test_blocks_as_they_lie_give_the_same_bits(tmp_path):
    gguf.model_file(tmp_path / "m.gguf", "Q4_1")
    laid, lying = (
        fastseq.load(tmp_path / "m.gguf", repack=repack, progress=False) for repack in (True, False)
    )
    assert lying.info.weight_bytes < laid.info.weight_bytes / 2  # the table, which is read in the file
    for threads in (1, 2):
        one, other = (
            m.generate_ids([gguf.IDS], max_new_tokens=12, threads=threads, temperature=1, seed=3)[0]
            for m in (laid, lying)
        )
        assert one.ids.tolist() == other.ids.tolist()
        assert one.token_logprobs.tobytes() == other.token_logprobs.tobytes()
    spec, weights = spec_of(), weights_of(spec_of())
    one, other = (LanguageModel(spec, weights, dtype="int4", repack=repack) for repack in (True, False))
    assert logprobs(one).tobytes() == logprobs(other).tobytes()


def test_progress_of_rounding_and_laying_out(monkeypatch):
    """A bar that is asked for is there at once and goes to its end; one that is not waits."""
    shown = []

    @contextmanager
    def bar(wanted, *, total, title):
        yield lambda amount: shown.append((amount, total))

    monkeypatch.setattr(progress, "progress_bar", bar)
    spec, weights = spec_of(), weights_of(spec_of())
    LanguageModel(spec, weights, dtype="int4")
    LanguageModel(spec, weights, dtype="int4", progress=False)
    assert shown == []
    LanguageModel(spec, weights, dtype="int4", progress=True)
    assert {total for _, total in shown} == {shown[0][1]}
    assert sum(amount for amount, _ in shown) == shown[0][1] > 8
    with progress.late_bar(None, total=5, title="x", after=0) as told:
        told(2)
        told(4)
    assert [amount for amount, total in shown if total == 5] == [2, 2, 1]
