"""Language models of GGUF files made by hand, against the family's formulas."""

import numpy as np
import pytest

import fastseq
from fastseq import errors
from fastseq.formats import ggml_blocks
from tests.formats import gguf_files
from tests.formats.test_gguf import byte_level
from tests.reference.layers import log_softmax
from tests.reference.llama import Shape, logits

KINDS = {kind.name: kind for kind in ggml_blocks.TYPES.values()}
WIDTH, INNER, HEADS, KEY_HEADS, LAYERS, EPSILON = 256, 512, 4, 2, 2, 1e-5
IDS = np.random.default_rng(3).integers(0, 250, 21).astype(np.int32)


def scales_of(kind, blocks):
    """Makes the float16 of random blocks small numbers of either sign."""
    rng = np.random.default_rng(7)
    places = {"Q6_K": [208], "Q4_1": [0, 2], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2]}.get(kind, [0])
    size = 0.3 / 127 if kind in ("Q8_0", "IQ4_NL") else 0.3 / 2000 if kind.endswith("_K") else 0.3 / 16
    for at in places:
        halves = (rng.uniform(0.5, 1, len(blocks)) * rng.choice([-1, 1], len(blocks)) * size).astype("<f2")
        blocks[:, at : at + 2] = halves.view(np.uint8).reshape(-1, 2)


class Maker:
    """Tensors of a file, and what they are as float32."""

    def __init__(self, kind):
        self.kind, self.rng = KINDS[kind], np.random.default_rng(5)
        self.places, self.data, self.floats = [], b"", {}

    def add(self, name, *shape, kind=None):
        kind = kind or self.kind
        size = ggml_blocks.size_of(kind, shape, name)
        if kind.name in ("F32", "F16", "BF16"):
            values = self.rng.normal(0, 0.08, shape) + (len(shape) == 1)
            bits = values.astype(np.float32)
            data = {
                "F32": bits.tobytes(),
                "F16": bits.astype("<f2").tobytes(),
                "BF16": (bits.view(np.uint32) >> 16).astype("<u2").tobytes(),
            }[kind.name]
        else:
            blocks = self.rng.integers(0, 256, (size // kind.bytes, kind.bytes), dtype=np.uint8)
            scales_of(kind.name, blocks)
            data = blocks.tobytes()
        self.floats[name] = ggml_blocks.to_float32(kind, memoryview(data), shape)
        self.places.append((name, shape[::-1], kind.number, len(self.data)))
        self.data += data + b"\0" * (-len(data) % 32)


def model_file(
    path, kind="Q4_1", architecture="llama", tied=False, width=WIDTH, inner=INNER, layers=LAYERS, **changes
):
    """Writes a file; its tensors as float32."""
    metadata = byte_level(pre="gpt-2")
    metadata["tokenizer.ggml.eos_token_id"] = metadata["tokenizer.ggml.bos_token_id"]
    vocabulary = len(metadata["tokenizer.ggml.tokens"])
    metadata["general.architecture"] = architecture
    fields = {
        "block_count": layers,
        "feed_forward_length": inner,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KEY_HEADS,
        "attention.layer_norm_rms_epsilon": EPSILON,
        "rope.freq_base": 5000.0,
    }
    metadata |= {
        f"{architecture}.{key}": value for key, value in {**fields, **changes}.items() if value is not None
    }
    each, f32 = width // HEADS, KINDS["F32"]
    make = Maker(kind)
    make.add("token_embd.weight", vocabulary, width)
    for layer in range(layers):
        at = f"blk.{layer}"
        make.add(f"{at}.attn_norm.weight", width, kind=f32)
        for name, rows in (("q", HEADS * each), ("k", KEY_HEADS * each), ("v", KEY_HEADS * each)):
            make.add(f"{at}.attn_{name}.weight", rows, width)
            if architecture == "qwen2":
                make.add(f"{at}.attn_{name}.bias", rows, kind=f32)
            if architecture == "qwen3" and name != "v":
                make.add(f"{at}.attn_{name}_norm.weight", each, kind=f32)
        make.add(f"{at}.attn_output.weight", width, width)
        make.add(f"{at}.ffn_norm.weight", width, kind=f32)
        make.add(f"{at}.ffn_gate.weight", inner, width)
        make.add(f"{at}.ffn_up.weight", inner, width)
        make.add(f"{at}.ffn_down.weight", width, inner)
    make.add("output_norm.weight", width, kind=f32)
    if not tied:
        make.add("output.weight", vocabulary, width, kind=KINDS["Q6_K"] if kind == "Q4_K" else None)
    path.write_bytes(gguf_files.file(metadata, make.places, make.data))
    return make.floats


def wanted(floats, architecture="llama"):
    """Log-probabilities of each token of IDS after those before it."""
    shape = Shape(LAYERS, HEADS, KEY_HEADS, 5000.0, float(np.float32(EPSILON)), architecture == "llama")
    rows = log_softmax(logits(IDS, floats, shape))
    return rows[np.arange(len(IDS) - 1), IDS[1:]]


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("tied", [False, True])
def test_families_in_float32(architecture, tied, tmp_path):
    floats = model_file(tmp_path / "m.gguf", "Q8_0", architecture, tied)
    model = fastseq.load(tmp_path / "m.gguf", dtype="float32")
    [score] = model.score_ids([IDS])
    assert np.abs(score.token_logprobs - wanted(floats, architecture)).max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_as_they_are(kind, tmp_path):
    """Activations of 8 bits a group change little, and nothing where weights are floats."""
    floats = model_file(tmp_path / "m.gguf", kind)
    model = fastseq.load(tmp_path / "m.gguf")
    plain = kind in ("F32", "F16", "BF16")
    assert model.dtype == ({"BF16": "bfloat16"}.get(kind, "float32") if plain else "blocks")
    [score] = model.score_ids([IDS])
    error = np.abs(score.token_logprobs - wanted(floats))
    assert error.max() < (1e-4 if kind in ("F32", "F16") else 0.3)
    assert error.mean() < (1e-4 if kind in ("F32", "F16") else 0.1)


@pytest.mark.parametrize("kind", ["Q4_1", "Q4_K"])
def test_the_same_bits_in_any_batch(kind, tmp_path):
    model_file(tmp_path / "m.gguf", kind)
    model = fastseq.load(tmp_path / "m.gguf")
    prompts = [IDS[:n].tolist() for n in (1, 9, 17, 4, 13)]
    alone = [model.generate_ids([prompt], max_new_tokens=6)[0] for prompt in prompts]
    for threads in (1, 2):
        together = model.generate_ids(prompts, max_new_tokens=6, threads=threads)
        for one, other in zip(alone, together, strict=True):
            assert one.ids.tolist() == other.ids.tolist()
            assert one.token_logprobs.tobytes() == other.token_logprobs.tobytes()


def test_the_same_bits_at_any_thread_count(tmp_path):
    model_file(tmp_path / "m.gguf", "Q4_1", width=256, inner=512)  # wide enough for threads to share products
    model = fastseq.load(tmp_path / "m.gguf")
    prompt = np.random.default_rng(4).integers(0, 250, 150).astype(np.int32)
    alone, *others = (model.generate_ids([prompt], max_new_tokens=4, threads=n)[0] for n in (1, 2, 5))
    for other in others:
        np.testing.assert_array_equal(other.ids, alone.ids)
        np.testing.assert_array_equal(other.token_logprobs, alone.token_logprobs)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"architecture": "mamba"}, "no architecture that is supported"),
        ({"architecture": "qwen2", "attention.sliding_window": 128}, "attention.sliding_window.*128"),
        ({"rope.scaling.type": "mrope"}, "rope.scaling.type.*mrope"),
        ({"block_count": None}, "block_count: missing key"),
        ({"block_count": 3}, "blk.2.attn.*missing tensor"),
        ({"block_count": 1}, "blk.1.*a tensor that the configuration has no place for"),
        ({"block_count": 10**9}, "block_count: out of range"),
        ({"attention.head_count": 0}, "head_count: out of range"),
        ({"attention.head_count_kv": 3}, "divi"),
        ({"feed_forward_length": 100}, "ffn.*the shape contradicts the configuration"),
        ({"rope.dimension_count": 1000}, "rotary"),
    ],
)
def test_what_contradicts_itself_is_refused(changes, what, tmp_path):
    model_file(tmp_path / "m.gguf", **changes)
    with pytest.raises(errors.FastseqError, match=f"(?s)m.gguf.*{what}"):
        fastseq.load(tmp_path / "m.gguf")


def test_a_scale_that_is_not_finite(tmp_path):
    model_file(tmp_path / "m.gguf", "Q8_0")
    data = bytearray((tmp_path / "m.gguf").read_bytes())
    data[-34:-32] = b"\x00\x7c"
    (tmp_path / "m.gguf").write_bytes(data)
    with pytest.raises(errors.FastseqError, match=r"bad scale.*row"):
        fastseq.load(tmp_path / "m.gguf")


@pytest.mark.parametrize("kind", ["Q5_K", "Q4_1", "IQ4_NL"])
def test_saved_as_they_are(kind, tmp_path):
    model_file(tmp_path / "m.gguf", kind)
    model = fastseq.load(tmp_path / "m.gguf")
    model.save(tmp_path / "folder")
    again = fastseq.load(tmp_path / "folder")
    assert again.dtype == "blocks"
    one, other = (m.score_ids([IDS])[0].token_logprobs.tobytes() for m in (model, again))
    assert one == other
