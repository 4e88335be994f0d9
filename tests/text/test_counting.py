"""Counts that do not fit in memory, and trainings that go on where they were stopped."""

import gzip
import io
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq import errors
from fastseq._core import native
from fastseq.text import counting
from fastseq.text.bpe_training import train_bpe
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.counting import Counting, bytes_of

PIECES = st.lists(st.sampled_from(["a", "a\0", "ab", "b" * 15, "b" * 16, "b" * 40, "é", ""]), max_size=20)


def corpus(words=1500, seed=5):
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefg", k=rng.randint(1, 22))) + "\n" for _ in range(words)]


def result(trained):
    return trained.vocab, trained.merges


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_runs_merge_to_the_counts_of_all(parts):
    counter, file, sizes = native.CorpusCounter("whole", threads=1), io.BytesIO(), []
    for part in parts:
        counter.add(part)
        sizes += counter.spill(file)
    assert counter.empty
    counter.attach(file.getvalue(), sizes)
    assert counter.counts() == Counter(piece.encode() for part in parts for piece in part if piece)


@pytest.mark.parametrize("cut", [1, 5, 11, 13])
def test_damaged_runs_are_refused(cut):
    counter, file = native.CorpusCounter("whole", threads=1), io.BytesIO()
    counter.add(["abc", "abd"])
    [size] = counter.spill(file)
    data = file.getvalue()
    counter.attach(data, [size - cut])
    with pytest.raises(errors.FormatError, match="breaks off"):
        counter.counts()
    half = size // 2
    counter.attach(data[half:] + data[:half], [size])
    with pytest.raises(errors.FormatError, match="out of order"):
        counter.counts()
    with pytest.raises(errors.FormatError, match="truncated"):
        counter.attach(data, [size + 1])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_tiny_memory_gives_the_same_merges(threads):
    texts = corpus()
    wanted = train_bpe(texts, vocab_size=400)
    spilled = train_bpe(texts, vocab_size=400, max_memory="1KB", threads=threads, alphabet="bytes")
    assert result(spilled) == result(wanted)


def test_spilled_files_do_not_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def texts():
        yield from corpus(5000) * 3
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        train_bpe(texts(), vocab_size=400, max_memory=1000)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(errors.OutOfMemoryError, match="No space left"):
        train_bpe(corpus(), vocab_size=400, max_memory=1000)


@pytest.mark.parametrize("source", ["texts", "files"])
@pytest.mark.parametrize("stop", [0, 1, 2, 3])
def test_a_stopped_training_goes_on(tmp_path, monkeypatch, source, stop):
    monkeypatch.setattr(counting, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr("fastseq.text.corpus._TEXTS_AT_ONCE", 400)
    monkeypatch.setattr("fastseq.text.corpus._BLOCK_BYTES", 9000)
    monkeypatch.setattr("fastseq.text.merges._MERGES_AT_ONCE", 20)
    texts = corpus()
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("".join(texts).encode()))
    given = {"texts": texts} if source == "texts" else {"files": path}
    wanted = result(train_bpe(texts, vocab_size=400))
    options = {"vocab_size": 400, "checkpoint": tmp_path / "saved"}
    saved = {"save": Checkpoint.save, "keep": Checkpoint.keep}
    left = [stop]

    def stopping(name):
        def method(self, *args):
            saved[name](self, *args)
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        return method

    for name in saved:
        monkeypatch.setattr(Checkpoint, name, stopping(name))
    with pytest.raises(KeyboardInterrupt):
        train_bpe(**given, **options)
    left[0] = 10**9
    assert result(train_bpe(**given, **options)) == wanted
    assert result(train_bpe(**given, **options)) == wanted


def test_another_training_is_refused(tmp_path):
    texts = corpus(200)
    train_bpe(texts, vocab_size=300, checkpoint=tmp_path)
    with pytest.raises(errors.ArgumentError, match=r"vocab_size: .* another option .*300.*301"):
        train_bpe(texts, vocab_size=301, checkpoint=tmp_path)
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(errors.ArgumentError, match=r"another corpus"):
        train_bpe(files=tmp_path / "a.txt", vocab_size=300, checkpoint=tmp_path)
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(errors.FormatError, match="not a checkpoint"):
        train_bpe(texts, vocab_size=300, checkpoint=tmp_path)


def test_other_texts_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(counting, "SAVE_SECONDS", 0.0)

    def stopped():
        yield from corpus(9000)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        train_bpe(stopped(), vocab_size=300, checkpoint=tmp_path)
    with pytest.raises(errors.ArgumentError, match="not the texts"):
        train_bpe(corpus(9000, seed=6), vocab_size=300, checkpoint=tmp_path)


def test_amounts_of_memory():
    amounts = {None: None, 7: 7, "2GB": 2 * 10**9, "1.5 MiB": 1572864, "8": 8}
    assert {amount: bytes_of(amount) for amount in amounts} == amounts
    for wrong in (0, -1, "", "GB", "-1GB", True, 1.5):
        with pytest.raises(errors.ArgumentError, match="not an amount"):
            bytes_of(wrong)


def test_an_empty_corpus_is_refused():
    for texts in ([], ["", ""]):
        with pytest.raises(errors.ArgumentError, match="nothing to learn from"):
            train_bpe(texts, vocab_size=300)


def test_a_damaged_archive_is_told(tmp_path):
    whole = gzip.compress("".join(corpus()).encode())
    path = tmp_path / "a.gz"
    for data in (whole[: len(whole) // 2], b"no archive", whole[:50] + b"\xff" * 9 + whole[59:]):
        path.write_bytes(data)
        with pytest.raises(errors.FormatError, match=r"a\.gz"):
            train_bpe(files=path, vocab_size=300)


def test_counting_is_a_counter_of_its_own():
    with Counting(max_memory=None, checkpoint=None, pattern="gpt2") as counted:
        counted.count(["a b"], None, None)
        assert counted.counter.counts() == {b"a": 1, b" b": 1}
