"""Every field of every family damaged; what is taken makes a model that runs. Long: with the peers."""

import json
import time
from contextlib import suppress

import numpy as np
import pytest

import fastseq
from fastseq import errors
from fastseq.formats.tensor import Tensor
from tests.formats.config_damage import DAMAGES, GONE, damaged, paths, refusal
from tests.formats.recorded import IDS, cases, weights, write

pytestmark = pytest.mark.peers
CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_every_field_damaged(name, tmp_path):
    case = CASES[name]
    config = case["config"]
    tensors = {key: Tensor("float32", array) for key, array in weights(case["shapes"], config).items()}
    write(tmp_path, case)
    for path in paths(config):
        tried = False
        for value in DAMAGES:
            made, begun = damaged(config, path, value), time.process_time()
            if refusal(made, tensors) is None and (not tried or value is GONE):
                tried = True  # through the engine once for each field
                (tmp_path / "config.json").write_text(json.dumps(made))
                with suppress(errors.FastseqError), fastseq.load(tmp_path) as model:
                    model._graph_of_decoder.forward(IDS[:9], np.array([0, 9]))
            assert time.process_time() - begun < 2, (path, value)


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", '{"model_type": NaN}', '{"a": 1, "a": 2}', "[" * 10**5, "\xff"]
)
def test_what_is_no_configuration(text, tmp_path):
    write(tmp_path, CASES["llama"])
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(errors.FastseqError):
        fastseq.load(tmp_path)
