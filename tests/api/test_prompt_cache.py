"""What a model has computed of a prompt: the same answers with it, kept in a file that nothing slips into."""

from __future__ import annotations

import numpy as np
import pytest

from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from tests.api import small
from tests.api.small import model_of_attention, same

SYSTEM = "the good film a bad book dull the the good a film bad book dull a the good"
TEXTS = [SYSTEM, f"{SYSTEM} film", f"{SYSTEM} a bad", "the good film", "", "dull"]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_answers(tmp_path, threads):
    model = model_of_attention()
    made = model.prompt_cache(SYSTEM)
    made.save(tmp_path / "system")
    wanted = [model.generate(text) for text in TEXTS]
    for cache in (made, model.prompt_cache(path=tmp_path / "system")):
        assert cache.ids.tolist() == model.prompt_cache(SYSTEM).ids.tolist()
        got = model.generate(TEXTS, prompt_cache=cache, threads=threads)
        assert all(same(mine, theirs) for mine, theirs in zip(got, wanted, strict=True))
        with model.engine(threads=threads, max_batch=2, prompt_cache=0, beginnings=[cache]) as engine:
            answers = [engine.submit(text) for text in TEXTS]
            assert all(same(mine.result(60), theirs) for mine, theirs in zip(answers, wanted, strict=True))
            assert [answer.request.shared for answer in answers] == [18, 19, 19, 0, 0, 0]


def test_another_model():
    model, other = model_of_attention(), model_of_attention()
    cache = model.prompt_cache(SYSTEM)
    with pytest.raises(ArgumentError, match="another model"):
        other.generate(SYSTEM, prompt_cache=cache)
    with pytest.raises(ArgumentError, match="another model"):
        other.engine(beginnings=[cache])
    with pytest.raises(UnsupportedError):
        small.language_model().prompt_cache(SYSTEM)
    for text, path in [(None, None), (SYSTEM, "here")]:
        with pytest.raises(ArgumentError, match="either"):
            model.prompt_cache(text, path=path)


def test_a_damaged_file(tmp_path):
    model, path = model_of_attention(), tmp_path / "system"
    model.prompt_cache(SYSTEM).save(path)
    whole = path.read_bytes()
    other = model_of_attention(seed=4)
    with pytest.raises(FormatError, match="another model"):
        other.prompt_cache(path=path)
    for length in [0, 10, 64, 65, 100, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            model.prompt_cache(path=path)
    for at in [0, 20, *range(49, 65), 70, 400, len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with pytest.raises(FormatError):
            model.prompt_cache(path=path)
    for at in (49, 57):  # counts that do not fit
        for count in (0, -1, 2**60, 2**63 - 1):
            path.write_bytes(whole[:at] + np.array([count], "<i8").tobytes() + whole[at + 8 :])
            with pytest.raises(FormatError):
                model.prompt_cache(path=path)
