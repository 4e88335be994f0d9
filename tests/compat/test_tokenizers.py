"""The interface of tokenizers, on vocabularies of ours."""

import asyncio
import copy
import json
import pickle

import pytest

from fastseq.compat.tokenizers import AddedToken, Encoding, Tokenizer
from fastseq.errors import ArgumentError, FastseqError, FormatError, UnsupportedError
from fastseq.text import tokenizer_json
from tests.text import pipeline_models as models
from tests.text import toy

TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
    ],
    "pair": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
        {"Sequence": {"id": "B", "type_id": 1}},
        {"SpecialToken": {"id": "</s>", "type_id": 1}},
    ],
    "special_tokens": {
        "<s>": {"id": "<s>", "ids": [900], "tokens": ["<s>"]},
        "</s>": {"id": "</s>", "ids": [901], "tokens": ["</s>"]},
    },
}
CONTENT = toy.tokenizer_json(
    added_tokens=[toy.added("<s>", 900), toy.added("</s>", 901), toy.added("<word>", 902, special=False)],
    post_processor=TEMPLATE,
)
BARE = tokenizer_json.from_json({**CONTENT, "post_processor": None})


@pytest.fixture
def tokenizer():
    return Tokenizer.from_str(json.dumps(CONTENT))


def test_one_text(tokenizer):
    text = "the text größer </s>"
    ids, spans = BARE.encode(text, allowed_special="all"), BARE.offsets(text, allowed_special="all")
    found = tokenizer.encode(text)
    assert isinstance(found, Encoding)
    assert found.ids == [900, *ids, 901]
    assert found.offsets == [(0, 0), *spans, (0, 0)]
    spelled = {id: token for token, id in CONTENT["model"]["vocab"].items()}
    assert found.tokens == ["<s>", *(spelled.get(id, "</s>") for id in ids), "</s>"]
    assert found.special_tokens_mask == [1, *[0] * len(ids), 1]
    assert found.attention_mask == [1] * len(found)
    assert found.type_ids == [0] * len(found)
    assert found.sequence_ids == [None, *[0] * len(ids), None]
    assert (found.n_sequences, found.overflowing) == (1, [])
    assert tokenizer.encode(text, add_special_tokens=False).ids == ids
    for char in range(len(text)):
        token = found.char_to_token(char)
        begin, end = found.token_to_chars(token)
        assert begin <= char < end
    assert found.token_to_chars(0) is None
    assert found.char_to_token(0, 1) is None


def test_two_texts(tokenizer):
    first, second = BARE.encode("the text"), BARE.encode("1234")
    found = tokenizer.encode("the text", "1234")
    assert found.ids == [900, *first, 901, *second, 901]
    assert found.type_ids == [0] * (len(first) + 2) + [1] * (len(second) + 1)
    assert found.sequence_ids == [None, *[0] * len(first), None, *[1] * len(second), None]
    assert found.token_to_sequence(len(first) + 2) == 1
    assert tokenizer.num_special_tokens_to_add(False) == 2
    assert tokenizer.num_special_tokens_to_add(True) == 3
    assert tokenizer.encode("the text", "1234", add_special_tokens=False).type_ids == [0] * len(first) + [
        1
    ] * len(second)


def test_lengths(tokenizer):
    texts = ["the tokenizer reads", "a", ("the text", "the tokenizer")]
    whole = [each.ids for each in tokenizer.encode_batch(texts)]
    tokenizer.enable_truncation(5)
    cut = [each.ids for each in tokenizer.encode_batch(texts)]
    assert cut[0] == [*whole[0][:4], 901]
    assert cut[1] == whole[1]
    assert len(cut[2]) == 5
    parts = [cut[0], *(each.ids for each in tokenizer.encode(texts[0]).overflowing)]
    assert [id for part in parts for id in part[1:-1]] == whole[0][1:-1]
    tokenizer.enable_truncation(5, stride=2)
    assert [each.ids[1:3] for each in tokenizer.encode(texts[0]).overflowing[:1]] == [cut[0][2:4]]
    tokenizer.enable_truncation(5, direction="left")
    assert tokenizer.encode(texts[0]).ids == [900, *whole[0][-4:]]
    tokenizer.enable_padding(pad_id=7, pad_token="<p>", pad_type_id=3)
    found = tokenizer.encode_batch(texts[:2])
    assert [len(each) for each in found] == [5, 5]
    assert found[1].ids == [*whole[1], 7, 7]
    assert found[1].tokens[-1] == "<p>"
    assert found[1].attention_mask == [1, 1, 1, 0, 0]
    assert found[1].type_ids == [0, 0, 0, 3, 3]
    assert found[1].special_tokens_mask == [1, 0, 1, 1, 1]
    tokenizer.enable_padding(direction="left", pad_to_multiple_of=4, pad_id=7)
    assert tokenizer.encode("a").ids == [7, *whole[1]]
    assert tokenizer.padding["pad_to_multiple_of"] == 4
    assert tokenizer.truncation == {
        "max_length": 5,
        "stride": 0,
        "strategy": "longest_first",
        "direction": "left",
    }
    again = Tokenizer.from_str(tokenizer.to_str())
    assert (again.truncation, again.padding) == (tokenizer.truncation, tokenizer.padding)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    assert [each.ids for each in tokenizer.encode_batch_fast(texts)] == whole
    tokenizer.enable_truncation(1)  # no room for what is put around: nothing is cut off, as there
    assert tokenizer.encode(texts[0]).ids == whole[0]
    tokenizer.enable_truncation(2)
    assert tokenizer.encode(texts[0]).ids == [900, 901]
    with pytest.raises(ValueError, match="stride set to 1"):
        tokenizer.enable_truncation(2, stride=1)
    for wrong in ({"strategy": "x"}, {"direction": "up"}):
        with pytest.raises(ArgumentError):
            tokenizer.enable_truncation(3, **wrong)


def test_back_to_text_and_the_vocabulary(tokenizer):
    ids = tokenizer.encode("the text größer").ids
    assert tokenizer.decode(ids) == "the text größer"
    assert tokenizer.decode([*ids, 10**6], skip_special_tokens=False) == "<s>the text größer</s>"
    assert tokenizer.decode_batch([ids, []]) == ["the text größer", ""]
    assert tokenizer.token_to_id("<word>") == 902
    assert tokenizer.id_to_token(900) == "<s>"
    assert tokenizer.token_to_id("none") is tokenizer.id_to_token(10**6) is None
    assert tokenizer.get_vocab_size() == tokenizer.get_vocab_size(with_added_tokens=False) + 3
    assert tokenizer.get_vocab(with_added_tokens=False) == CONTENT["model"]["vocab"]


def test_strategies_that_leave_no_room(tokenizer):
    first, second = "the tokenizer reads", "the text"
    room = 3 + len(BARE.encode(second))
    tokenizer.enable_truncation(room + 1, strategy="only_first")
    assert len(tokenizer.encode(first, second)) == room + 1
    tokenizer.enable_truncation(3, strategy="only_first")
    assert tokenizer.encode(first, second).ids == [900, 901, 901]
    for most, strategy in ((room, "only_first"), (4, "only_first"), (4, "only_second")):
        tokenizer.enable_truncation(most, strategy=strategy)
        with pytest.raises(ValueError, match="Sequence to truncate too short"):
            tokenizer.encode(first, second)
    with pytest.raises(ValueError, match="Second sequence not provided"):
        tokenizer.encode(first)


def test_added_tokens_are_told_apart(tokenizer):
    assert repr(AddedToken("<a>", special=True)) == (
        'AddedToken("<a>", rstrip=False, lstrip=False, single_word=False, normalized=False, special=True)'
    )
    assert AddedToken("<a>").normalized
    assert AddedToken("<a>", special=True, normalized=True).normalized
    assert tokenizer.add_special_tokens([AddedToken("<a>")]) == 1
    assert tokenizer.get_added_tokens_decoder()[903] == AddedToken("<a>", special=True)
    assert tokenizer.add_tokens(["<a>"]) == 1  # with other flags
    assert tokenizer.get_added_tokens_decoder()[903] == AddedToken("<a>")
    assert tokenizer.add_tokens(["<a>"]) == 0
    for wrong in ("<b>", [5]):
        with pytest.raises(TypeError):
            tokenizer.add_tokens(wrong)


def test_added_tokens(tokenizer):
    assert tokenizer.get_added_tokens_decoder()[902] == AddedToken("<word>", normalized=False)
    assert tokenizer.add_special_tokens(["<s>", "<new>", AddedToken("<newer>")]) == 2
    assert tokenizer.add_tokens(["wordy"]) == 1
    assert tokenizer.token_to_id("<new>") == 903
    assert tokenizer.get_added_tokens_decoder()[904].special
    found = tokenizer.encode("a<new>wordy").ids
    assert found == [900, *BARE.encode("a"), 903, 905, 901]
    assert tokenizer.decode(found) == "awordy"
    tokenizer.encode_special_tokens = True
    assert 903 not in tokenizer.encode("a<new>").ids


def test_files_and_copies(tokenizer, tmp_path):
    wanted = tokenizer.encode("the text").ids
    tokenizer.save(tmp_path / "tokenizer.json")
    for made in (
        Tokenizer.from_file(tmp_path / "tokenizer.json"),
        Tokenizer.from_pretrained(str(tmp_path)),
        Tokenizer.from_buffer((tmp_path / "tokenizer.json").read_bytes()),
        copy.deepcopy(tokenizer),
        pickle.loads(pickle.dumps(tokenizer)),
    ):
        assert made.encode("the text").ids == wanted
        assert made.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("name", ["bert", "t5", "mistral"])
def test_every_kind(name):
    content = models.kinds()[name]
    found = Tokenizer.from_str(json.dumps(content) if isinstance(content, dict) else content)
    text = "The tokenizer größer 中文 x"
    encoding = found.encode(text)
    assert len(encoding.tokens) == len(encoding.offsets) == len(encoding.ids)
    assert found.decode(encoding.ids) == found._tokenizer.decode(encoding.ids)


def test_awaited(tokenizer):
    texts = ["the größer text", "a 12<word>"]

    async def all_of_it():
        one, many = await asyncio.gather(
            tokenizer.async_encode(texts[0], add_special_tokens=False), tokenizer.async_encode_batch(texts)
        )
        return one, many, await tokenizer.async_decode_batch([each.ids for each in many])

    one, many, back = asyncio.run(all_of_it())
    assert one.ids == tokenizer.encode(texts[0], add_special_tokens=False).ids
    wanted = [each.ids for each in tokenizer.encode_batch(texts)]
    assert [each.ids for each in many] == wanted
    assert back == tokenizer.decode_batch(wanted)


def test_words(tokenizer):
    found = tokenizer.encode("the größer text", "a 12<word>")
    assert [found.word_to_chars(word) for word in range(4)] == [(0, 3), (3, 10), (10, 15), None]
    assert found.word_to_chars(2, 1) == (4, 10)
    for token, (sequence, word) in enumerate(zip(found.sequence_ids, found.word_ids, strict=True)):
        assert (sequence is None) == (word is None) == (found.token_to_word(token) is None)
        if word is not None:
            begin, end = found.word_to_tokens(word, sequence)
            assert begin <= token < end
            assert found.char_to_word(found.offsets[token][0], sequence) == word
    assert found.char_to_word(99) is None
    in_words = tokenizer.encode(["the", "größer"], ["a"], is_pretokenized=True)
    each = [tokenizer.encode(word, add_special_tokens=False).ids for word in ("the", "größer", "a")]
    assert in_words.ids == [900, *each[0], *each[1], 901, *each[2], 901]
    assert list(dict.fromkeys(in_words.word_ids)) == [None, 0, 1]
    assert in_words.offsets[in_words.word_to_tokens(1)[0]][0] == 0


def test_an_encoding_is_cut_off(tokenizer):
    found = tokenizer.encode("the tokenizer reads the text")
    ids = found.ids
    found.truncate(4, stride=1)
    assert [each.ids for each in (found, *found.overflowing)] == [
        ids[i : i + 4] for i in range(0, len(ids) - 1, 3)
    ]
    found.pad(6, pad_id=9)
    assert [len(each) for each in (found, *found.overflowing)] == [6] * (1 + len(found.overflowing))
    with pytest.raises(ValueError, match="stride"):
        tokenizer.encode("the tokenizer").truncate(2, stride=2)
    found.truncate(0)
    assert (len(found), len(found.overflowing)) == (0, 1)


def test_what_is_not_offered(tokenizer):
    for name in ("normalizer", "pre_tokenizer", "post_processor", "decoder", "model", "train"):
        assert not hasattr(tokenizer, name)
        with pytest.raises(AttributeError, match=f"does not offer Tokenizer.{name}"):
            getattr(tokenizer, name)
    for wrong in (["a"], [1.0], None, [[1]]):
        with pytest.raises(TypeError):
            tokenizer.decode(wrong)
    found = tokenizer.encode("a")
    for call in (lambda: found.pad(5, direction="up"), lambda: found.truncate(1, direction="up")):
        with pytest.raises(ValueError, match="direction"):
            call()
    for wrong in (3, ("a", "b", "c"), [1]):
        with pytest.raises(TypeError):
            tokenizer.encode_batch([wrong])
    for wrong in ("a", [1], [["a"], ["b"], ["c"]], [["a"], "b"], [["a"], [1]]):
        with pytest.raises(TypeError):
            tokenizer.encode_batch([wrong], is_pretokenized=True)
    for wrong in ("[]", "{}", '{"model": 3}', "{"):
        with pytest.raises(FormatError):
            Tokenizer.from_str(wrong)
    for post in ({"type": "None"}, {"type": "Sequence", "processors": [TEMPLATE, TEMPLATE]}):
        with pytest.raises(UnsupportedError):
            Tokenizer({**CONTENT, "post_processor": post})
    with pytest.raises(FastseqError):
        Tokenizer({**CONTENT, "post_processor": {**TEMPLATE, "special_tokens": {}}})
