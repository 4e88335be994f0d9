"""``fastseq tokenize``: texts to ids, a corpus to a tokenizer."""

import json

import numpy as np
import pytest

import fastseq
from fastseq.cli import main
from tests.text import toy

TEXTS = ["the tokenizer", "", "größer 1234"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return str(toy.write_json(tmp_path_factory.mktemp("toy")))


def printed(capsys, *arguments):
    assert main(["tokenize", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_ids_tokens_and_counts(file, tmp_path, capsys):
    tokenizer = fastseq.Tokenizer.load(file)
    ids = [tokenizer.encode(text) for text in TEXTS]
    assert printed(capsys, file, *TEXTS) == [" ".join(map(str, one)) for one in ids]
    (tmp_path / "texts").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    lines = printed(capsys, file, "--file", str(tmp_path / "texts"), "--tokens")
    assert list(map(json.loads, lines)) == [tokenizer.tokenize(text) for text in TEXTS]
    told = json.loads(printed(capsys, file, TEXTS[2], "--json")[0])
    assert told["ids"] == ids[2]
    assert "".join(TEXTS[2][begin:end] for begin, end in told["offsets"]) == TEXTS[2]
    assert printed(capsys, file, *TEXTS, "--count") == [str(sum(map(len, ids)))]


def test_ids_into_a_file(file, tmp_path, capsys):
    (tmp_path / "a.txt").write_text("the text\nthe tokenizer\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("größer", encoding="utf-8")
    files, out = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")], str(tmp_path / "ids.npy")
    tokenizer = fastseq.Tokenizer.load(file)
    told = printed(capsys, "--out", out, "--separator", r"\n", file, *files)
    wanted = tokenizer.encode_batch(["the text", "the tokenizer", "größer"])
    assert told == [f"{out}: 3 texts, {len(wanted.ids)} ids"]
    assert np.load(out).tolist() == wanted.ids.tolist()
    assert np.load(tmp_path / "ids.offsets.npy").tolist() == wanted.offsets.tolist()
    assert printed(capsys, file, *files[:1], "--file", files[1], "--out", out)[0].startswith(
        f"{out}: 2 texts"
    )


@pytest.mark.parametrize("name", ["tokenizer.json", "ranks.tiktoken"])
def test_training(name, tmp_path, capsys):
    (tmp_path / "corpus").write_text(toy.TEXT, encoding="utf-8")
    made = str(tmp_path / name)
    options = ["--vocab-size", "300", "--pattern", "llama3", "--special", "<|end|>"]
    told = printed(capsys, "--train", str(tmp_path / "corpus"), "--out", made, *options)
    assert told == [f"{made}: 300 tokens"]
    pattern = ["--pattern", "llama3"] if name.endswith("tiktoken") else []
    [line] = printed(capsys, made, "the tokenizer", *pattern)
    lines = toy.TEXT.splitlines(keepends=True)
    wanted = fastseq.Tokenizer.train(lines, vocab_size=300, pattern="llama3", special_tokens=["<|end|>"])
    assert list(map(int, line.split())) == wanted.encode("the tokenizer")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["FILE", "--out", "y.npy"],
        ["FILE", "a", "--separator", "x"],
        ["--train", "x"],
        ["x.json", "--tokens", "--json"],
    ],
)
def test_wrong_usage(arguments, file, capsys):
    arguments = [file if argument == "FILE" else argument for argument in arguments]
    with pytest.raises(SystemExit) as ended:
        main(["tokenize", *arguments])
    assert ended.value.code == 2
    assert "usage: fastseq tokenize" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "name"), [("bpe", "a.foo"), ("wordpiece", "a.model"), ("char", "a.txt"), ("bpe", "no/a.json")]
)
def test_files_that_cannot_be_written_are_told_before_training(kind, name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fastseq.Tokenizer, "train", lambda **options: pytest.fail("trained"))
    arguments = ["--train", str(tmp_path / "corpus"), "--kind", kind, "--out", str(tmp_path / name)]
    assert main(["tokenize", *arguments]) == 1
    assert name.rpartition("/")[2] in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys):
    assert main(["tokenize", str(tmp_path / "none.json"), "a"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("kind", ["wordpiece", "unigram", "sentencepiece-bpe", "word", "char"])
def test_training_of_other_kinds(kind, tmp_path, capsys):
    (tmp_path / "corpus").write_text(toy.TEXT * 5, encoding="utf-8")
    made = str(tmp_path / ("a.model" if kind in ("unigram", "sentencepiece-bpe") else "tokenizer.json"))
    options = [
        "--kind",
        kind,
        "--vocab-size",
        "200",
        "--max-memory",
        "1MB",
        "--checkpoint",
        str(tmp_path / "c"),
    ]
    [told] = printed(capsys, "--train", str(tmp_path / "corpus"), "--out", made, *options)
    assert told.endswith(" tokens")
    [line] = printed(capsys, made, "the tokenizer")
    assert line
