"""Prompts of conversations have the ids that transformers' apply_chat_template(tokenize=True) gives."""

import io
import json
from pathlib import Path

import pytest
import sentencepiece as spm
import transformers as hf

import fastseq
from fastseq.formats.huggingface.surroundings import chat_tokens, tokenizer
from fastseq.models.chat import prompt_ids
from fastseq.text.chat import ChatTemplate

pytestmark = pytest.mark.peers

INST = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
TURNS = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m.role }}\n{{ m.content | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
BARE = "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"
PROSE = Path(__file__).parents[2].joinpath("docs", "models.md").read_text(encoding="utf-8")
CHATS = [
    [{"role": "user", "content": "The model  is here"}],
    [
        {"role": "user", "content": " two  spaces\nüé 字"},
        {"role": "assistant", "content": "Rules of <s> and </s>, <unk>"},
        {"role": "user", "content": "again"},
    ],
]


def trained(kind):
    made = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(line for line in PROSE.splitlines() if line),
        model_writer=made,
        vocab_size=400,
        model_type=kind,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=["<start_of_turn>", "<end_of_turn>"],
        minloglevel=2,
        hard_vocab_limit=False,
    )
    return made.getvalue()


@pytest.fixture(scope="module", params=["bpe"])
def model_file(request):
    return trained(request.param)


@pytest.mark.parametrize("template", [INST, TURNS, BARE])
@pytest.mark.parametrize("legacy", [None, True, False])
@pytest.mark.parametrize("name", ["LlamaTokenizer", "GemmaTokenizer"])
def test_ids_are_those_of_transformers(name, legacy, template, model_file, tmp_path):
    """Of tokenizer.model alone (Llama, Mistral), and of the tokenizer.json that transformers makes of it."""
    settings = {
        "tokenizer_class": name,
        "chat_template": template,
        "bos_token": "<s>",
        "eos_token": {"content": "</s>", "__type": "AddedToken"},
        "unk_token": "<unk>",
        "add_bos_token": True,
    } | ({} if legacy is None else {"legacy": legacy})
    (tmp_path / "tokenizer.model").write_bytes(model_file)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    theirs = getattr(hf, name).from_pretrained(tmp_path)
    theirs.save_pretrained(tmp_path / "json")
    folders = [tmp_path / "json", *([tmp_path] if name == "LlamaTokenizer" else [])]
    for folder in folders:
        ours, special = tokenizer(folder), chat_tokens(folder)
        for chat in CHATS:
            wanted = theirs.apply_chat_template(
                chat, tokenize=True, return_dict=False, add_generation_prompt=True
            )
            text = ChatTemplate(template, **special).render(chat, add_generation_prompt=True)
            assert prompt_ids(ours, text) == wanted, (folder, theirs.convert_ids_to_tokens(wanted))
            assert wanted.count(theirs.bos_token_id) == (template != BARE) + (len(chat) > 1)


def test_what_a_folder_keeps(model_file, tmp_path):
    """A tokenizer that puts the space but once does so after it was saved."""
    made = fastseq.Tokenizer.load(save(model_file, tmp_path / "t.model"))
    once = tokenizer(folder_of(model_file, tmp_path))
    text = "<s>The model</s>of"
    assert prompt_ids(made, text) != prompt_ids(once, text)
    config = once.save(tmp_path)
    again = fastseq.Tokenizer.from_config(config, tmp_path)
    assert prompt_ids(again, text) == prompt_ids(once, text)


def save(data, path):
    path.write_bytes(data)
    return path


def folder_of(data, path):
    (path / "folder").mkdir()
    save(data, path / "folder" / "tokenizer.model")
    return path / "folder"
