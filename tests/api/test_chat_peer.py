"""Conversations through a model, and answers that match expressions and schemas; these need packages."""

import json
import re

import pytest

from fastseq.cli import main
from fastseq.errors import ArgumentError, MissingExtraError
from tests.api import small

pytestmark = pytest.mark.peers
CHAT = [{"role": "user", "content": "the film"}, {"role": "model", "content": "so"}]


@pytest.fixture(scope="module")
def model():
    return small.byte_model()


def test_messages_are_prompts(model):
    prompt = "<|user|>the film<|end|><|model|>so<|end|><|model|>"
    assert model.chat_prompt(CHAT) == prompt
    ids = model.tokenizer.encode(prompt, allowed_special="all")
    assert ids[0] == 1
    options = {"temperature": 1.0, "seed": 2}
    wanted = model.generate_ids([ids], **options)[0]
    found = model.generate(messages=CHAT, **options)
    assert (found.text, found.ids.tolist()) == (wanted.text, wanted.ids.tolist())
    two = model.generate(messages=[CHAT, CHAT[:1]], **options)
    assert two[0].text == found.text
    assert "".join(model.stream(messages=CHAT, **options)) == found.text
    with model.engine() as engine:
        assert engine.submit(CHAT, **options).result().text == found.text
    goes_on = model.generate(messages=CHAT, continue_final_message=True, **options)
    ids = model.tokenizer.encode("<|user|>the film<|end|><|model|>so", allowed_special="all")
    assert goes_on.ids.tolist() == model.generate_ids([ids], **options)[0].ids.tolist()


def test_answers_that_are_begun(model):
    prompt = model.tokenizer.encode(model.chat_prompt(CHAT) + "Sure", allowed_special="all")
    assert small.same(
        model.generate(messages=CHAT, prefix="Sure", max_new_tokens=5),
        model.generate_ids([prompt], max_new_tokens=5)[0],
    )


def test_what_is_no_conversation(model):
    with pytest.raises(ArgumentError, match="texts, messages"):
        model.generate("a", messages=CHAT)
    with pytest.raises(ArgumentError, match="texts, messages"):
        model.generate()
    with pytest.raises(ArgumentError, match="no chat template"):
        small.language_model().generate(messages=CHAT)


def test_chat_on_the_command_line(model, tmp_path, capsys):
    model.save(tmp_path / "m")
    line = ["run", str(tmp_path / "m"), "--chat", "the film", "and so", "--seed=3", "--temperature=1"]
    assert main([*line, "--max-new-tokens=9"]) == 0
    first = model.generate(messages=CHAT[:1], seed=3, temperature=1.0, max_new_tokens=9).text
    chat = [*CHAT[:1], {"role": "assistant", "content": first}, {"role": "user", "content": "and so"}]
    second = model.generate(messages=chat, seed=3, temperature=1.0, max_new_tokens=9).text
    assert capsys.readouterr().out == f"{first}\n{second}\n"


def test_regular_expressions(model):
    for regex in (r"[0-9]{2,4}", r"(yes|no), [a-z ]+!", "ü{3}"):
        for one in model.generate(["the", "a"], regex=regex, temperature=1.5, seed=1, max_new_tokens=40):
            assert one.finish_reason == "length" or re.fullmatch(regex, one.text)
    assert re.fullmatch("[ab]{5}", model.generate("so", regex="[ab]{5}").text)
    with pytest.raises(ArgumentError, match="regex"):
        model.generate("so", regex="(")


def test_json_schemas(model):
    schema = {
        "type": "object",
        "properties": {"good": {"type": "boolean"}, "name": {"enum": ["film", "book"]}, "n": {"const": 12}},
        "required": ["good", "name", "n"],
        "additionalProperties": False,
    }
    for given in (schema, json.dumps(schema)):
        for one in model.generate(["the", "12"], json_schema=given, max_new_tokens=90):
            told = json.loads(one.text)
            assert set(told) == {"good", "name", "n"}
            assert told["name"] in ("film", "book")
    for wrong in ("{", 5, {"type": "nothing"}):
        with pytest.raises((ArgumentError, MissingExtraError, TypeError), match="json_schema"):
            model.generate("so", json_schema=wrong)
