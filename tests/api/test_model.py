"""What all models share: saving and loading, closing, threads, pickling, facts."""

import contextlib
import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastseq
from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, UnsupportedError
from fastseq.formats import precision
from tests.api import small

MODELS = {"seq2seq": small.seq2seq, "language_model": small.language_model, "classifier": small.classifier}
TEXTS = ["a bad good", "hide", "the dull film", "a"]


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("dtype", [None, "float32", "bfloat16", "int8"])
def test_saved_and_loaded_gives_the_same(task, dtype, tmp_path):
    model = MODELS[task]()
    model.save(tmp_path / "m", dtype=dtype)
    loaded = fastseq.load(tmp_path / "m")
    assert type(loaded) is type(model)
    assert loaded.dtype == (dtype or "float32")
    there = MODELS[task](dtype=dtype)
    if dtype in (None, "float32"):
        assert numbers(loaded) == numbers(model)
    else:  # embeddings are bfloat16 on disk, float32 where only the matrices were converted on loading
        np.testing.assert_allclose(numbers(loaded), numbers(there), atol=0.05)
    again = tmp_path / "again"
    loaded.save(again)
    for name in ("model.safetensors", "config.json"):
        assert (again / name).read_bytes() == (tmp_path / "m" / name).read_bytes()
    assert not [name for name in os.listdir(again) if name.startswith(".")]


def numbers(model) -> list[float]:
    if model.task == "classifier":
        return model.predict_proba(TEXTS).ravel().tolist()
    if model.task == "language_model":
        return [float(p) for s in model.score(TEXTS) for p in s.token_logprobs]
    return [float(v) for row in model.encoder(TEXTS).states for v in row]


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
def test_saved_matrices_are_those_the_engine_makes(dtype):
    spec = small.classifier_spec()
    weights = small.weights_of(spec)
    for name in weights:  # the product of embedding and input matrix is a table, made of what is at hand
        if "weight_ih_l0" in name:
            weights[name][:] = 0
    stored = precision.to_engine(precision.converted(spec, precision.from_engine(weights), dtype))
    stored["embedding.weight"] = weights["embedding.weight"]
    there = fastseq.Classifier(spec, weights, dtype=dtype, tokenizer=small.words())
    assert numbers(fastseq.Classifier(spec, stored, tokenizer=small.words())) == numbers(there)


@pytest.mark.parametrize("task", MODELS)
def test_close_and_context(task):
    with MODELS[task]() as model:
        model(TEXTS)
    model.close()
    for use in (lambda: model(TEXTS), model.__enter__, lambda: model.save("/nowhere")):
        with pytest.raises(ArgumentError, match="closed"):
            use()
    assert "closed" in repr(model)


def test_closing_while_another_thread_runs():
    for _ in range(8):
        model = small.seq2seq()
        texts = ["abcdefghij" * 20] * 64
        wanted = model.generate(texts[0]).ids.tobytes()
        started = threading.Event()

        def work(model=model, texts=texts, started=started):
            results = []
            with contextlib.suppress(ArgumentError):  # closed in between
                while len(results) < 200:
                    results += [r.ids.tobytes() for r in model.generate(texts)]
                    started.set()
            return results

        with ThreadPoolExecutor(2) as pool:
            running = [pool.submit(work) for _ in range(2)]
            started.wait(10)
            model.close()
            assert all(ids == wanted for one in running for ids in one.result(30))


def test_many_threads_share_a_model():
    model = small.seq2seq()
    wanted = [r.token_logprobs.tobytes() for r in model.generate(TEXTS)]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: [r.token_logprobs.tobytes() for r in model.generate(TEXTS)], range(64))
        )
    assert all(one == wanted for one in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_works_in_a_forked_child():
    model = small.seq2seq()
    wanted = model(TEXTS * 100)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(model(TEXTS * 100) == wanted))
    child.start()
    assert receiver.poll(30), "the child hangs"
    assert receiver.recv()
    child.join(10)
    assert child.exitcode == 0


def test_pickled_as_its_path(tmp_path):
    model = small.classifier()
    with pytest.raises(ArgumentTypeError, match="pickled"):
        pickle.dumps(model)
    model.save(tmp_path)
    loaded = fastseq.load(tmp_path, dtype="bfloat16", threads=1)
    again = pickle.loads(pickle.dumps(loaded))
    assert (again.dtype, again.threads) == ("bfloat16", 1)
    assert again(TEXTS) == loaded(TEXTS)
    assert copy.copy(loaded)(TEXTS) == loaded(TEXTS)


def test_info(tmp_path):
    model = small.seq2seq()
    info = model.info
    assert (info.task, info.name, info.dtype, info.path) == ("seq2seq", "small", "float32", None)
    assert info.parameters == sum(array.size for array in small.weights_of(model.spec).values())
    assert (info.vocabulary, info.outputs) == (len(small.LETTERS), len(small.SOUNDS))
    assert info.weight_bytes > 0
    assert info.encoder[1] == "rnn cell=lstm input=6 hidden=5 bidirectional=True"
    model.save(tmp_path)
    assert fastseq.load(tmp_path).info.path == str(tmp_path)


def test_the_kind_can_be_asked_for(tmp_path):
    small.classifier().save(tmp_path)
    assert fastseq.Classifier.load(tmp_path)("good") in ("no", "so-so", "yes")
    with pytest.raises(UnsupportedError, match="expected Seq2Seq, found Classifier"):
        fastseq.Seq2Seq.load(tmp_path)


def test_weights_must_fit_the_spec():
    spec = small.seq2seq_spec()
    weights = small.weights_of(spec)
    with pytest.raises(FormatError, match=r"decoder\.head\.weight: the shape contradicts"):
        fastseq.Seq2Seq(spec, {**weights, "decoder.head.weight": np.zeros((2, 2), np.float32)})
    with pytest.raises(ArgumentError, match=r"spec\.task: another kind of model"):
        fastseq.Classifier(spec, weights)
    with pytest.raises(ArgumentError, match="unknown dtype"):
        fastseq.Seq2Seq(spec, weights, dtype="int7")


def test_load_says_what_is_wrong(tmp_path):
    for wrong in ("no/such/thing/here", "", "nothing", tmp_path / "none", "a\0b", "x" * 5000):
        with pytest.raises(ArgumentError, match=r"no such model|not a path"):
            fastseq.load(wrong)
    for wrong in (None, 3, ["a"]):
        with pytest.raises(ArgumentTypeError, match="not a path"):
            fastseq.load(wrong)
    with pytest.raises(UnsupportedError, match="a folder of no known format"):
        fastseq.load(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(UnsupportedError, match="a file of no known format"):
        fastseq.load(tmp_path / "readme.txt")
    with pytest.raises(ArgumentError, match="unknown dtype"):
        fastseq.load(tmp_path, dtype="int3")
    for threads in (0, -1, True, "2"):
        with pytest.raises(ArgumentError, match="thread count"):
            fastseq.load(tmp_path, threads=threads)


def test_hub_ids_need_their_package(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install huggingface_hub"):
        fastseq.load("someone/something")


def test_public_names():
    assert set(fastseq.__all__) <= set(dir(fastseq))
    for name in fastseq.__all__:
        assert getattr(fastseq, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fastseq.nothing
    before = fastseq.get_num_threads()
    fastseq.set_num_threads(1)
    assert fastseq.get_num_threads() == 1
    fastseq.set_num_threads(before)


def test_import_is_light_and_silent():
    code = (
        "import sys, fastseq;"
        "light = not any(m.startswith(('numpy', 'torch', 'fastseq.')) for m in sys.modules);"
        "fastseq.load; heavy = {'torch', 'tqdm', 'huggingface_hub', 'safetensors'} & set(sys.modules);"
        "sys.exit(0 if light and not heavy else 1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
