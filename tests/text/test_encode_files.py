"""Files to ids, part by part."""

import numpy as np
import pytest

from fastseq.errors import ArgumentError, FormatError
from fastseq.text import Batch, encode_files
from fastseq.text.bpe import from_ranks
from tests.text import toy

END = "<|end|>"
TOKENIZER = from_ranks(toy.ranks_bytes(), "cl100k", {END: 1000})
LINES = [f"{line} {i}" for i, line in enumerate(toy.TEXT.splitlines() * 3)]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def same(found, texts, **options):
    wanted = TOKENIZER.encode_batch(texts, **options)
    assert found.ids.tolist() == wanted.ids.tolist()
    assert found.offsets.tolist() == wanted.offsets.tolist()
    assert (found.ids.dtype, found.offsets.dtype) == (np.int32, np.int64)


@pytest.mark.parametrize("separator", ["\n", "\n\n", END, "x\u2028x", b"==", None])
@pytest.mark.parametrize("block", [1, 7, 300, 2**22])
def test_as_encode_batch(write, separator, block, monkeypatch):
    monkeypatch.setattr(encode_files, "_BLOCK_BYTES", block)
    parts = [LINES[:70] if block == 1 else LINES, [], ["", "a", ""], ["one"]]
    cut = separator.decode() if isinstance(separator, bytes) else separator or "\n"
    paths = [write(f"{i}.txt", cut.join(part)) for i, part in enumerate(parts)]
    texts = [cut.join(part) for part in parts]
    if separator is not None:
        texts = [text for whole in texts for text in whole.removesuffix(cut).split(cut) if whole]
    same(TOKENIZER.encode_files(paths, separator=separator), texts)
    out = paths[0].with_name("ids.npy")
    same(TOKENIZER.encode_files(paths, separator=separator, out=out), texts)
    found = Batch(np.load(out, mmap_mode="r"), np.load(encode_files.offsets_path(out)))
    same(found, texts)
    assert sorted(path.name for path in out.parent.glob("*ids*")) == ["ids.npy", "ids.offsets.npy"]


def test_a_separator_in_pieces(write, monkeypatch):
    for block in range(1, 9):
        monkeypatch.setattr(encode_files, "_BLOCK_BYTES", block)
        same(TOKENIZER.encode_files(write("a", "aaaaabaa"), separator="aa"), ["", "", "ab"])
        same(TOKENIZER.encode_files(write("a", "x<<<|y<|"), separator="<|"), ["x<<", "y"])


def test_options_and_one_path(write):
    path = write("a.txt", f"\ufeffone {END} two")
    same(TOKENIZER.encode_files(path), [f"one {END} two"])
    same(TOKENIZER.encode_files(str(path), allowed_special="all"), [f"one {END} two"], allowed_special="all")
    assert 1000 in TOKENIZER.encode_files(path, allowed_special="all").ids
    same(TOKENIZER.encode_files([]), [])
    same(TOKENIZER.encode_files([], out=path.with_name("none.npy")), [])


def test_what_is_not_utf8_is_named_by_file_and_byte(write, monkeypatch):
    monkeypatch.setattr(encode_files, "_BLOCK_BYTES", 16)
    for text in ("line\n" * 20, "\ufeff" + "größer\n" * 20):
        good = text.encode()
        path = write("bad.txt", good + b"abc\xff")
        for separator in ("\n", None):
            with pytest.raises(FormatError, match=rf"bad\.txt: byte {len(good) + 3}: not UTF-8.*0xff"):
                TOKENIZER.encode_files([write("good.txt", good), path], separator=separator)


def test_other_errors_have_their_place_too(write):
    head = "größer\n" * 20 + "größer "
    path = write("a.txt", head + END)
    for separator in ("\n", None):
        with pytest.raises(ArgumentError, match=rf"a\.txt: byte {len(head.encode())}: "):
            TOKENIZER.encode_files(path, separator=separator, disallowed_special="all")


def test_nothing_is_left_of_what_failed(write, tmp_path):
    old, out = np.arange(3, dtype=np.int32), tmp_path / "ids.npy"
    np.save(out, old)
    bad = write("bad.txt", b"a\xff")
    with pytest.raises(FormatError):
        TOKENIZER.encode_files(bad, out=out)
    assert np.load(out).tolist() == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.txt", "ids.npy"]


def test_wrong_arguments(write, tmp_path, monkeypatch):
    path = write("a.txt", "a")
    with monkeypatch.context() as patch:
        patch.setattr(encode_files, "_TEXT_BYTES_MAX", 3)
        long = write("long.txt", "1234")
        with pytest.raises(ArgumentError, match=r"long\.txt: too long for one text"):
            TOKENIZER.encode_files([path, long])
        same(TOKENIZER.encode_files([path, long], separator="\n"), ["a", "1234"])
    for separator in ("", b"\xff", "\ud800"):
        with pytest.raises(ArgumentError, match="separator"):
            TOKENIZER.encode_files(path, separator=separator)
    with pytest.raises(ArgumentError, match=r"a name in \.npy"):
        TOKENIZER.encode_files(path, out=tmp_path / "ids.bin")
    with pytest.raises(ArgumentError, match="cannot be written"):
        TOKENIZER.encode_files(path, out=tmp_path / "none" / "ids.npy")
    for wrong in (tmp_path, tmp_path / "absent.txt"):
        with pytest.raises(ArgumentError, match=str(wrong.name)):
            TOKENIZER.encode_files([path, wrong])
