"""Each field of a config.json damaged in turn: taken for what it is, or a clear exception, at once."""

import time

import pytest

from fastseq import errors
from fastseq.formats.tensor import Tensor
from tests.formats.config_damage import DAMAGES, GONE, SIZES, damaged, paths, read, refusal
from tests.formats.recorded import cases, weights

CASES = cases()


@pytest.mark.parametrize("name", ["llama yarn", "gemma3", "gpt2"])
def test_every_field_damaged(name):
    case = CASES[name]
    config = case["config"]
    tensors = {key: Tensor("float32", array) for key, array in weights(case["shapes"], config).items()}
    read(config, tensors)
    refused = 0
    for path in paths(config):
        for value in DAMAGES:
            begun = time.process_time()
            told = refusal(damaged(config, path, value), tensors)
            refused += told is not None
            assert told != ""
            assert told is None or len(told) < 2000
            assert told or value is GONE or path[-1] not in SIZES, (path, value)
            assert time.process_time() - begun < 1
    assert refused > 100


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"num_attention_heads": 3}, "divide|contradicts"),
        ({"num_key_value_heads": 4}, "shape contradicts the configuration"),
        ({"hidden_size": 64}, "shape contradicts the configuration"),
        ({"vocab_size": 97}, "shape contradicts the configuration"),
        ({"intermediate_size": 47}, "shape contradicts the configuration"),
        ({"num_hidden_layers": 5}, "layers.4.*missing tensor"),
        ({"num_hidden_layers": 1}, "layers.1.*no place for"),
        ({"attention_bias": True}, "q_proj.bias.*missing tensor"),
        ({"rope_parameters": {"rope_type": "spiral", "rope_theta": 500.0}}, "rope_type.*spiral"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": -4.0}}, "factor"),
        ({"hidden_act": "cubic"}, "hidden_act.*cubic"),
        ({"model_type": "mamba"}, "model_type.*mamba"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "architectures"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantized in another way.*gptq"),
    ],
)
def test_a_configuration_that_contradicts_the_weights(change, what):
    case = CASES["llama"]
    tensors = {
        key: Tensor("float32", array) for key, array in weights(case["shapes"], case["config"]).items()
    }
    with pytest.raises(errors.FastseqError, match=f"(?s){what}"):
        read({**case["config"], **change}, tensors)
