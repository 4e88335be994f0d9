"""Hugging Face folders: recorded families, and folders that contradict themselves or mean harm."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

import fastseq
from fastseq import errors
from fastseq.formats import safetensors
from fastseq.formats.tensor import Tensor
from tests.formats.recorded import IDS, KEPT, LENGTHS, cases, weights, write

CASES = cases()
LLAMA, GPT2 = CASES["llama"], CASES["gpt2"]


@pytest.mark.parametrize("name", CASES)
def test_what_transformers_found(name, tmp_path):
    case = CASES[name]
    write(tmp_path, case)
    with fastseq.load(tmp_path) as model:
        for length, wanted in zip(LENGTHS, case["logits"], strict=True):
            rows = model._graph_of_decoder.forward(IDS[:length], np.array([0, length]))[0]
            assert np.abs(rows[-1, :KEPT] - wanted).max() < 1e-4


@pytest.mark.parametrize("name", ["gemma2", "neox", "olmo2", "phi3"])
def test_steps_are_a_pass(name, tmp_path):
    """A token at a time, the same bits; alone and beside others."""
    write(tmp_path, CASES[name])
    with fastseq.load(tmp_path) as model:
        prompts = [IDS[:n] for n in (3, 25, 11)]
        together = model.generate_ids(prompts, max_new_tokens=12, threads=2)
        for prompt, made in zip(prompts, together, strict=True):
            [alone] = model.generate_ids([prompt], max_new_tokens=12)
            assert made.ids.tolist() == alone.ids.tolist()
            assert made.token_logprobs.tobytes() == alone.token_logprobs.tobytes()
            whole = np.concatenate([prompt, made.ids])
            [score] = model.score_ids([whole])
            assert score.token_logprobs[-len(made.ids) :].tobytes() == made.token_logprobs.tobytes()


def test_saved_and_loaded_again(tmp_path):
    write(tmp_path / "here", CASES["llama yarn"])
    (tmp_path / "here" / "chat_template.jinja").write_text("{{ messages }}")
    (tmp_path / "here" / "generation_config.json").write_text(
        '{"temperature": 0.7, "eos_token_id": [5, 1], "max_new_tokens": 33}'
    )
    with fastseq.load(tmp_path / "here") as model:
        model.save(tmp_path / "there")
        assert model.spec.chat_template == "{{ messages }}"
        assert model.spec.generation.stop == ("5", "1")
        assert model.spec.generation.advised == {"temperature": 0.7}
        assert model.spec.generation.max_new_tokens == 33
        [wanted] = model.score_ids([IDS])
    with fastseq.load(tmp_path / "there") as again:
        assert again.spec == model.spec
        [score] = again.score_ids([IDS])
    assert score.token_logprobs.tobytes() == wanted.token_logprobs.tobytes()


def sharded(folder, case=LLAMA, parts=3):
    """The same weights in several files; the index."""
    made = weights(case["shapes"], case["config"])
    (folder / "config.json").write_text(json.dumps(case["config"]))
    names, places = sorted(made), {}
    for i in range(parts):
        file = f"model-{i + 1:05}-of-{parts:05}.safetensors"
        safetensors.save(folder / file, {name: Tensor("float32", made[name]) for name in names[i::parts]})
        places |= dict.fromkeys(names[i::parts], file)
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return index


def test_sharded_is_the_same(tmp_path):
    write(tmp_path / "one", LLAMA)
    (tmp_path / "many").mkdir()
    sharded(tmp_path / "many")
    scores = [fastseq.load(tmp_path / name).score_ids([IDS])[0] for name in ("one", "many")]
    assert scores[0].token_logprobs.tobytes() == scores[1].token_logprobs.tobytes()


FIRST = "model-00001-of-00003.safetensors"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"model.norm.weight": "model-00009-of-00003.safetensors"}, "index.json: missing file.*00009"),
        ({"model.extra.weight": FIRST}, "the index names a tensor that the file lacks.*00001"),
        ({"model.norm.weight": "../../../etc/passwd"}, "not a file beside it"),
        ({"model.norm.weight": "/etc/passwd.safetensors"}, "not a file beside it"),
        ({"model.norm.weight": "..\\x.safetensors"}, "not a file beside it"),
        ({"model.norm.weight": ".safetensors"}, "not a file beside it"),
        ({"model.norm.weight": 3}, "not a file beside it"),
        ({f"x{i}": f"x{i}.safetensors" for i in range(1001)}, "too many files"),
    ],
)
def test_an_index_that_means_harm(change, what, tmp_path):
    index = sharded(tmp_path)
    index["weight_map"] |= change
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(errors.FormatError, match=what):
        fastseq.load(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": 3}', '{"weight_map": ', "[" * 100000])
def test_an_index_that_is_none(content, tmp_path):
    sharded(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(errors.FormatError, match=r"model\.safetensors\.index\.json"):
        fastseq.load(tmp_path)


@pytest.mark.parametrize(
    ("case", "change", "what"),
    [
        (LLAMA, {"model_type": "mamba"}, "model_type: not supported.*llama, mistral.*mamba"),
        (LLAMA, {"model_type": None}, "model_type: missing key"),
        (
            LLAMA,
            {"architectures": ["LlamaForSequenceClassification"]},
            "architectures: not supported.*Sequence",
        ),
        (LLAMA, {"quantization_config": {"quant_method": "gptq"}}, "quantized in another way.*gptq"),
        (LLAMA, {"hidden_act": "relu2"}, "hidden_act: not supported.*relu2"),
        (LLAMA, {"hidden_size": 40}, r"embed_tokens.*the shape contradicts.*\(96, 40\).*\(96, 32\)"),
        (LLAMA, {"intermediate_size": 50}, r"layers.0.mlp.gate_proj.weight.*\(50, 32\).*\(48, 32\)"),
        (LLAMA, {"num_key_value_heads": 4}, r"layers.0.self_attn.k_proj.*\(32, 32\).*\(16, 32\)"),
        (LLAMA, {"num_key_value_heads": 3}, "key heads do not divide the heads"),
        (LLAMA, {"num_hidden_layers": 5}, "layers.4.self_attn.q_proj.weight.*missing tensor"),
        (LLAMA, {"num_hidden_layers": 3}, "layers.3.*no place for"),
        (LLAMA, {"num_hidden_layers": 10**9}, "num_hidden_layers: out of range"),
        (LLAMA, {"vocab_size": 2**60}, "vocab_size: out of range"),
        (LLAMA, {"vocab_size": 97}, r"embed_tokens.*\(97, 32\).*\(96, 32\)"),
        (LLAMA, {"vocab_size": "96"}, "vocab_size: out of range"),
        (LLAMA, {"rms_norm_eps": -1.0}, "rms_norm_eps: out of range"),
        (LLAMA, {"attention_bias": True}, "layers.0.self_attn.q_proj.bias.*missing tensor"),
        (LLAMA, {"head_dim": 7}, "partial_rotary_factor.*an even number"),
        (LLAMA, {"rope_parameters": {"rope_type": "mrope"}}, "rope_type: not supported.*mrope"),
        (LLAMA, {"rope_parameters": {"rope_type": "linear"}}, "rope_parameters.factor: missing key"),
        (
            LLAMA,
            {"rope_parameters": {"rope_type": "longrope", "short_factor": [1.0]}},
            "short_factor: wrong value",
        ),
        (LLAMA, {"rope_parameters": 3}, "rope_parameters: wrong value"),
        (LLAMA, {"tie_word_embeddings": "yes"}, "tie_word_embeddings: wrong value"),
        (GPT2, {"n_layer": 5}, "h.4.ln_1.weight.*missing tensor|h.4.attn.*missing tensor"),
        (GPT2, {"n_inner": 100}, r"c_fc.weight.*\(32, 100\).*\(32, 128\)"),
        (CASES["gemma2"], {"layer_types": ["full_attention"]}, "layer_types: wrong value"),
        (CASES["gemma2"], {"layer_types": ["chunked_attention"] * 4}, "layer_types: not supported"),
        (CASES["neox"], {"num_attention_heads": 5}, "an even number up to 6"),
    ],
)
def test_a_configuration_that_contradicts(case, change, what, tmp_path):
    write(tmp_path, {**case, "config": {**case["config"]}, "shapes": case["shapes"]})
    (tmp_path / "config.json").write_text(json.dumps({**case["config"], **change}))
    with pytest.raises(errors.FastseqError, match=f"(?s){tmp_path.name}.*{what}"):
        fastseq.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["{", "[" * 100000, '{"model_type": "llama", "model_type": "gpt2"}', '{"model_type": NaN}', "\xff"],
)
def test_a_configuration_that_is_no_json(content, tmp_path):
    write(tmp_path, LLAMA)
    (tmp_path / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(errors.FormatError, match=r"config\.json"):
        fastseq.load(tmp_path)


def test_no_weights(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA["config"]))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(errors.UnsupportedError, match=r"no weights in safetensors.*pytorch_model\.bin"):
        fastseq.load(tmp_path)


@pytest.mark.parametrize("cut", [0, 7, 8, 500, -1])
def test_weights_cut_short(cut, tmp_path):
    write(tmp_path, LLAMA)
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:cut])
    with pytest.raises(errors.FormatError, match=r"model\.safetensors"):
        fastseq.load(tmp_path)


def test_weights_of_a_size_without_end(tmp_path):
    write(tmp_path, LLAMA)
    header = json.dumps({"x": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}).encode()
    data = struct.pack("<Q", len(header)) + header + b"\0" * 8
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(errors.FormatError, match="too large"):
        fastseq.load(tmp_path)


@pytest.mark.parametrize("value", ["1", [1, "2"], 96, [2**70]])
def test_stops_that_are_no_ids(value, tmp_path):
    write(tmp_path, LLAMA)
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": value}))
    with pytest.raises(errors.FormatError, match=r"generation_config.json: eos_token_id"):
        fastseq.load(tmp_path)


def test_templates_that_are_none(tmp_path):
    write(tmp_path, LLAMA)
    named = [{"name": "tools", "template": "a"}, {"name": "default", "template": "b"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert fastseq.load(tmp_path).spec.chat_template == "b"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": 5}))
    with pytest.raises(errors.FormatError, match=r"tokenizer_config\.json: chat_template"):
        fastseq.load(tmp_path)
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(errors.FormatError, match=r"chat_template\.jinja: not UTF-8"):
        fastseq.load(tmp_path)


def test_a_prompt_longer_than_the_context(tmp_path):
    write(tmp_path, LLAMA)
    with fastseq.load(tmp_path) as model:
        long = np.full(129, 5, np.int32)
        with pytest.raises(errors.FastseqError, match="at most 128 tokens"):
            model.generate_ids([long], max_new_tokens=1)
        with pytest.raises(errors.FastseqError, match="at most 128 tokens"):
            model._graph_of_decoder.forward(long, np.array([0, 129]))


def tokens(folder, **changes):
    """A tokenizer.json of 80 tokens, two of them special, the first before every text."""
    letters = "".join(chr(ord("!") + i) for i in range(78))
    special = [{"id": i, "content": text, **FLAGS} for i, text in enumerate(("<s>", "</s>"))]
    vocab = {"<s>": 0, "</s>": 1} | {letter: i + 2 for i, letter in enumerate(letters)}
    content = {
        "added_tokens": special,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "decoder": {"type": "ByteLevel"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}},
        },
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    }
    (folder / "tokenizer.json").write_text(json.dumps(content | changes))


FLAGS = {"special": True, "normalized": False, "single_word": False, "lstrip": False, "rstrip": False}


def test_texts_go_in_and_come_out(tmp_path):
    """Begun by the tokenizer's first token; never with one of the rows that fill the table up."""
    write(tmp_path, LLAMA)
    tokens(tmp_path)
    with fastseq.load(tmp_path) as model:
        assert model.spec.generation.start == "<s>"
        assert model.spec.generation.stop == ("</s>",)
        assert model.decoder.never == tuple(range(80, 96))
        made = model.generate(["AB", "C"], max_new_tokens=30)
        for one, prompt in zip(made, ("AB", "C"), strict=True):
            assert one.ids.max() < 80
            assert one.text == model.tokenizer.decode(one.ids)
            assert model.generate(prompt, max_new_tokens=30).ids.tolist() == one.ids.tolist()
        [next_one] = model.next_token("A", top_k=1)
        assert next_one.probability > 0
    (tmp_path / "generation_config.json").write_text('{"max_new_tokens": 0}')
    with pytest.raises(errors.FormatError, match=r"generation_config\.json: max_new_tokens"):
        fastseq.load(tmp_path)
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": 90}')
    with pytest.raises(errors.FastseqError, match=r"generation_config\.json.*90"):
        fastseq.load(tmp_path)


MERGED = {"</s>": 0, "a": 1, "b": 2, "\u0120": 3, "ab": 4, "\u0120ab": 5, "<pad>": 6}


@pytest.mark.parametrize("begins", [False, True])
def test_vocabulary_and_merges(begins, tmp_path):
    """As before there was tokenizer.json."""
    write(tmp_path, CASES["opt"])
    (tmp_path / "vocab.json").write_text(json.dumps(MERGED))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\n\u0120 ab\n", encoding="utf-8")
    settings = {"bos_token": {"content": "</s>"}, "pad_token": "<pad>", "add_bos_token": begins}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with fastseq.load(tmp_path) as model:
        assert model.tokenizer.encode("ab abb") == [0] * begins + [4, 5, 2]
        assert model.tokenizer.decode([0, 4, 5, 6]) == "ab ab"
        assert model.spec.generation.start == ("</s>" if begins else None)
    (tmp_path / "merges.txt").write_bytes(b"a b c\n")
    with pytest.raises(errors.FormatError, match=r"vocab\.json"):
        fastseq.load(tmp_path)
    (tmp_path / "vocab.json").write_text('{"a": "b"}')
    with pytest.raises(errors.FormatError, match=r"vocab\.json"):
        fastseq.load(tmp_path)
    (tmp_path / "merges.txt").write_bytes(b"\xff")
    with pytest.raises(errors.FormatError, match=r"merges\.txt: not UTF-8"):
        fastseq.load(tmp_path)


def test_prompts_longer_than_the_context(tmp_path):
    """Refused with the length that there is: alone, in a batch, in an engine; up to it answers are made."""
    write(tmp_path, LLAMA)
    most = LLAMA["config"]["max_position_embeddings"]
    with fastseq.load(tmp_path) as model, model.engine(max_batch=2) as engine:
        prompt = np.resize(IDS, most + 1)
        for ask in (
            lambda: model.generate_ids([prompt]),
            lambda: model.generate_ids([IDS, prompt], beam_size=2),
            lambda: engine.submit(prompt.tolist(), max_new_tokens=1).result(60),
            lambda: model.stream(prompt.tolist()).result(60),
            lambda: model.prompt_cache(prompt.tolist()),
            lambda: model.score_ids([prompt], window=most + 2),
        ):
            with pytest.raises(errors.FastseqError, match=f"{most}"):
                ask()
        [score] = model.score_ids([np.resize(IDS, 3 * most)])
        assert np.isfinite(score.token_logprobs).all()
        [made] = model.generate_ids([prompt[:most]], max_new_tokens=1)
        assert len(made.ids) == 1


@pytest.mark.parametrize("bad", [-1, 96, 2**31, 2**40])
def test_ids_out_of_range(bad, tmp_path):
    write(tmp_path, LLAMA)
    with fastseq.load(tmp_path) as model, model.engine() as engine:
        for ask in (model.generate_ids, model.score_ids, lambda prompts: engine.submit(prompts[1])):
            with pytest.raises(errors.FastseqError, match=r"id|0 to"):
                ask([[3, 4], [5, bad, 6]])
