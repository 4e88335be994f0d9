"""Keys and values kept as float16 or int8: near those of float32, the same bits however tokens come in."""

import numpy as np
import pytest

import fastseq
from fastseq.errors import ArgumentError, FormatError
from tests.api import small
from tests.formats.recorded import IDS, cases, write

CASES = cases()
KINDS = ["float16", "int8"]


def last(model, ids):
    """Log-probabilities behind ids that went in one by one."""
    steps = model.decoder.steps(prefix=[ids], max_new_tokens=1)
    return next(steps).log_probs[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt2"])
def test_near_to_float32(name, kind, tmp_path):
    write(tmp_path, CASES[name])
    exact, near = (fastseq.load(tmp_path, cache_dtype=k) for k in ("float32", kind))
    apart = max(np.abs(last(exact, IDS[:n]) - last(near, IDS[:n])).max() for n in (2, 17, 40))
    assert 0 < apart < (0.01 if kind == "float16" else 0.2)
    one, other = (m.score_ids([IDS])[0].token_logprobs for m in (exact, near))
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bits_however_it_runs(kind, tmp_path):
    """Alone and in batches, at any thread count, in engines with guesses, from beginnings kept and saved."""
    write(tmp_path, CASES["gemma2"])  # a window in every other layer
    model = fastseq.load(tmp_path, cache_dtype=kind)
    prompts = [np.resize(IDS, n) for n in (40, 3, 17, 70, 33)]
    wanted = [model.generate_ids([p], max_new_tokens=20, threads=1)[0] for p in prompts]
    for threads in (1, 2):
        for one, other in zip(
            wanted, model.generate_ids(prompts, max_new_tokens=20, threads=threads), strict=True
        ):
            assert small.same(one, other)
    with model.engine(max_batch=3, prompt_cache=400) as engine:
        for draft in (0, 8):
            answers = [engine.submit(p.tolist(), max_new_tokens=20, draft=draft) for p in prompts]
            for one, answer in zip(wanted, answers, strict=True):
                made = answer.request
                answer.exception(60)
                assert made.ids().tolist() == one.ids.tolist()
    kept = model.prompt_cache(prompts[0][:25].tolist())
    assert small.same(model.generate_ids([prompts[0]], max_new_tokens=20, prompt_cache=kept)[0], wanted[0])
    kept.save(tmp_path / "kept")
    assert small.same(
        model.generate_ids(
            [prompts[0]], max_new_tokens=20, prompt_cache=model.prompt_cache(path=tmp_path / "kept")
        )[0],
        wanted[0],
    )
    for other in ("float32", next(k for k in KINDS if k != kind)):
        with pytest.raises(FormatError, match="another model"):
            fastseq.load(tmp_path, cache_dtype=other).prompt_cache(path=tmp_path / "kept")
    wide = fastseq.load(tmp_path).prompt_cache(prompts[0][:25].tolist())
    ratio = wide.native.kept.size / kept.native.kept.size
    assert ratio == 2 if kind == "float16" else 2 < ratio <= 4


def test_beams_share_pages(tmp_path):
    write(tmp_path, CASES["llama"])
    model = fastseq.load(tmp_path, cache_dtype="int8")
    alone = model.generate_ids([IDS[:9]], beam_size=3, max_new_tokens=20)[0]
    beside = model.generate_ids([IDS[:30], IDS[:9]], beam_size=3, max_new_tokens=20)[1]
    assert alone.ids.tolist() == beside.ids.tolist()
    assert alone.score == beside.score


@pytest.mark.parametrize("times", [1e6, 1e-38])
def test_numbers_that_do_not_fit(times, tmp_path):
    """Too large for float16 they are the largest there is, too small they are 0; answers stay numbers."""
    write(tmp_path, CASES["llama"])
    model = fastseq.load(tmp_path)
    weights = {
        n: w * np.float32(times) if n.endswith("value.weight") else w for n, w in model._weights.items()
    }
    for kind in KINDS:
        loud = fastseq.LanguageModel(model.spec, weights, cache_dtype=kind)
        assert np.isfinite(last(loud, IDS[:20])).all()


def test_what_is_no_kind(tmp_path):
    with pytest.raises(ArgumentError, match=r"cache_dtype: unknown dtype.*float32, float16, int8"):
        small.model_of_attention(cache_dtype="int4")
    same = [m.generate("the", max_new_tokens=5).text for m in map(recurrent, ("float32", "int8"))]
    assert same[0] == same[1]


def recurrent(kind):
    return small.language_model(cache_dtype=kind)
