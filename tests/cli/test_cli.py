"""The command line: what it prints, where, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import fastseq
from fastseq.cli import main
from tests.api import small
from tests.formats import marian_files as files


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("seq2seq", "language_model", "classifier"):
        getattr(small, name)().save(folder / name)
    return folder


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "fastseq", *map(str, arguments)],
        capture_output=True, check=False, timeout=60, **options,
    )  # fmt: skip


def test_run_arguments_files_and_standard_input(models, tmp_path, capsys):
    model = small.seq2seq()
    texts = ["abc", "jig", "", "bead"]
    lines = "".join(f"{model(text)}\n" for text in texts)
    assert main(["run", str(models / "seq2seq"), *texts]) == 0
    assert capsys.readouterr().out == lines
    (tmp_path / "texts").write_bytes(b"abc\r\njig\n\nbead")
    assert main(["run", str(models / "seq2seq"), "--file", str(tmp_path / "texts"), "--batch", "2"]) == 0
    assert capsys.readouterr().out == lines
    done = command("run", models / "seq2seq", "--threads", 1, input=b"abc\njig\n\nbead\n")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, lines, b"")
    done = command("run", models / "seq2seq", "abc", "--file", "-", input=b"jig\n")
    assert done.stdout.decode() == f"{model('abc')}\n{model('jig')}\n"


def test_run_json(models, capsys):
    assert main(["run", str(models / "seq2seq"), "abc", "--json", "--max-new-tokens", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    result = small.seq2seq().generate("abc", max_new_tokens=2)
    assert told == {
        "text": "abc",
        "output": result.text,
        "score": result.score,
        "finish_reason": result.finish_reason,
        "ids": result.ids.tolist(),
        "token_logprobs": [round(value, 6) for value in result.token_logprobs.tolist()],
    }
    assert main(["run", str(models / "classifier"), "good film", "bad", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["label"] == small.classifier()("good film")
    assert sum(second["probabilities"].values()) == pytest.approx(1, rel=1e-5)
    assert main(["run", str(models / "language_model"), "the good"]) == 0
    assert capsys.readouterr().out == small.language_model()("the good") + "\n"


def test_translation_of_documents(tmp_path, capsys):
    files.write(tmp_path / "model", False)
    model = fastseq.load(tmp_path / "model")
    text = "ba ce. Di!\n\n  fo gu\n"
    (tmp_path / "text").write_text(text)
    assert main(["run", str(tmp_path / "model"), "--file", str(tmp_path / "text"), "--beam-size", "2"]) == 0
    assert capsys.readouterr().out == model.translate(text, beam_size=2)
    assert main(["run", str(tmp_path / "model"), "ba ce. Di!", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["text"], line["output"]) == ("ba ce. Di!", model.translate("ba ce. Di!"))
    assert [sentence[:2] for sentence in line["sentences"]] == [[0, 6], [7, 10]]
    (tmp_path / "page").write_text("<p>ba\nce</p>")
    assert main(["run", str(tmp_path / "model"), "--html", "--file", str(tmp_path / "page")]) == 0
    assert capsys.readouterr().out == model.translate("<p>ba\nce</p>", html=True) + "\n"


def test_stats_go_to_standard_error(models, capsys):
    assert main(["run", str(models / "seq2seq"), "abc", "--stats", "--dtype", "int8"]) == 0
    streams = capsys.readouterr()
    assert streams.out.count("\n") == 1
    for word in ("small, int8", "loaded in", "texts      1 in", "threads"):
        assert word in streams.err


def test_a_line_typed_is_a_line_answered(models):
    arguments = [sys.executable, "-m", "fastseq", "run", str(models / "classifier")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        for text in ("good", "bad film"):
            child.stdin.write(text.encode() + b"\n")
            child.stdin.flush()
            assert child.stdout.readline().decode().strip() == small.classifier()(text)
        child.stdin.close()
        assert child.wait(20) == 0


def test_convert_reports_the_loss(models, tmp_path, capsys):
    texts = tmp_path / "texts"
    texts.write_text("a good film\nbad\nthe dull book\n")
    for task in ("seq2seq", "language_model", "classifier"):
        out = tmp_path / task
        assert (
            main(["convert", str(models / task), str(out), "--dtype", "int8", "--text", str(texts), "--json"])
            == 0
        )
        told = json.loads(capsys.readouterr().out)
        assert told["bytes"] == sum(file.stat().st_size for file in out.iterdir())
        assert told["loss"]["texts"] == 3
        assert 0 < told["loss"]["probability"] < 0.2
        assert 0 < told["loss"]["logprob"] < 1
        assert 0 <= told["loss"]["equal"] <= 1
        assert fastseq.load(out).dtype == "int8"
    assert main(["convert", str(models / "classifier"), str(tmp_path / "b"), "--dtype", "bfloat16"]) == 0
    assert "equal outputs" in capsys.readouterr().out
    assert main(["convert", str(models / "classifier"), str(tmp_path / "c")]) == 0
    assert "beside" not in capsys.readouterr().out


def test_info(models, capsys):
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["fastseq"] == fastseq.__version__
    assert facts["isa"] in facts["available"]
    assert set(facts["kernels"].values()) <= set(facts["available"])
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for word in ("compiler", "openmp", "threads", "isa", "available", "kernels", "gemm_f32"):
        assert word in text
    assert main(["info", str(models / "seq2seq")]) == 0
    assert "rnn cell=lstm input=6 hidden=5" in capsys.readouterr().out
    assert main(["info", str(models / "classifier"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == ["no", "so-so", "yes"]


def test_info_shows_the_instruction_set_asked_for():
    done = command("info", "--json", env={**os.environ, "FASTSEQ_ISA": "portable"})
    facts = json.loads(done.stdout)
    assert facts["isa"] == "portable"
    assert set(facts["kernels"].values()) == {"portable"}


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nothing",
        "run",
        "run m --threads 0",
        "run m --dtype int3",
        "run m --batch -1",
        "convert a",
        "train r",
    ],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments.split())
    assert stop.value.code == 2
    assert "usage: fastseq" in capsys.readouterr().err


def test_a_limit_for_a_classifier_is_wrong_usage(models):
    assert command("run", models / "classifier", "good", "--max-new-tokens", 3).returncode == 2


@pytest.mark.parametrize("name", ["", "run", "convert", "info", "train"])
def test_help_has_examples(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*name.split(), "--help"])
    assert stop.value.code == 0
    assert ("examples:\n  fastseq" if name else "COMMAND") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "nothing-here", "x"], "no such model"),
        (["run", "{classifier}", ""], "texts[0]: a text without tokens"),
        (["run", "{seq2seq}", "--file", "none"], "none: cannot be read"),
        (["info", "{here}"], "a folder of no known format"),
        (["convert", "{classifier}", "{file}"], "cannot be made"),
        (["train", "no-recipe", "--out", "{here}"], "no such recipe"),
        (["run", "{seq2seq}", "a\udcff"], "lone surrogate"),
    ],
)
def test_errors_are_one_line_and_1(arguments, told, models, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    places = {"classifier": models / "classifier", "seq2seq": models / "seq2seq", "here": tmp_path}
    given = [argument.format(**places, file=tmp_path / "file") for argument in arguments]
    assert main(given) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("fastseq: error: ")
    assert told in streams.err
    assert streams.err.count("\n") == 1


def test_bytes_that_are_no_text(models):
    done = command("run", models / "seq2seq", input=b"abc\nd\xffe\n")
    assert done.returncode == 1
    assert b"standard input, line 2, byte 1: not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(models):
    arguments = [sys.executable, "-m", "fastseq", "run", str(models / "seq2seq"), "--batch", "1"]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdin.write(b"abc\n" * 10)
        child.stdin.flush()
        child.stdout.readline()
        child.stdout.close()
        try:
            child.stdin.write(b"abc\n" * 100_000)
            child.stdin.close()
        except BrokenPipeError:
            pass
        assert child.wait(30) == 0
        assert child.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_is_130(models):
    arguments = [sys.executable, "-m", "fastseq", "run", str(models / "seq2seq")]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdin.write(b"abc\n")
        child.stdin.flush()
        child.stdout.readline()
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130
        assert b"Traceback" not in child.stderr.read()


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"fastseq {fastseq.__version__}\n"


def test_what_an_output_has_to_be(tmp_path, capsys):
    small.byte_model().save(tmp_path / "m")
    model = str(tmp_path / "m")
    assert main(["run", model, "the film", "--choice", "yes", "--choice", "maybe", "--no-repack"]) == 0
    assert capsys.readouterr().out.strip() in ("yes", "maybe")
    assert main(["run", model, "the film", "a", "--choice", "yes", "--choice", "maybe"]) == 0
    assert set(capsys.readouterr().out.split()) <= {"yes", "maybe"}
    for texts in (["the film", "--prefix", " is"], ["the film is"]):
        assert main(["run", model, *texts, "--max-new-tokens", "5", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["ids"] == second["ids"]
