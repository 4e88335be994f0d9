"""tokenizer.json: what it says is done, what it says and cannot be done is refused by name."""

import json
import pickle

import pytest

import fastseq
from fastseq import errors
from fastseq.text import patterns
from tests.reference.bpe import encode_merges, spelled
from tests.text import toy

FIRST = " ".join(map(spelled, next(iter(toy.trained()[1]))))  # a merge of the toy
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": [*steps, BYTE_LEVEL]}


CUTS = {
    "gpt2": {**BYTE_LEVEL, "use_regex": True},
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {**BYTE_LEVEL, "use_regex": True},
        ],
    },
    **{rule: sequence(split(pattern)) for pattern, rule in patterns.IN_JSON.items() if rule != "gpt2"},
    "deepseek": sequence(*map(split, patterns.DEEPSEEK)),
}


def load(folder, **changes):
    return fastseq.Tokenizer.load(toy.write_json(folder, **changes))


@pytest.mark.parametrize("rule", CUTS)
def test_each_way_of_cutting(rule, tmp_path):
    tokenizer = load(tmp_path, pre_tokenizer=CUTS[rule])
    vocab, merges = toy.trained()
    for text in toy.SAMPLES:
        assert tokenizer.encode(text) == encode_merges(vocab, merges, rule, text)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_merges_as_pairs_and_a_folder(tmp_path):
    _, merges = toy.trained()
    pairs = [[spelled(a), spelled(b)] for a, b in merges]
    load(tmp_path, model_merges=pairs)
    by_folder = fastseq.Tokenizer.load(tmp_path)
    vocab, merges = toy.trained()
    assert by_folder.encode(toy.TEXT) == encode_merges(vocab, merges, "gpt2", toy.TEXT)


def test_tokens_that_no_merge_makes(tmp_path):
    """ignore_merges tells whether a piece that is a token is that token all the same."""
    vocab, merges = toy.trained()
    vocab = {**vocab, b"zzz": 900}
    words = {spelled(token): id for token, id in vocab.items()}
    text = "zzz zzzz"
    for ignore in (False, True):
        tokenizer = load(tmp_path, model_vocab=words, model_ignore_merges=ignore)
        assert tokenizer.encode(text) == encode_merges(vocab, merges, "gpt2", text, ignore)


def test_merges_that_fall(tmp_path):
    """A merge that takes what only a later one makes: allowed, and done in the order of ranks."""
    vocab = {bytes([b]): b for b in range(256)} | {b"ab": 256, b"abc": 257, b"cab": 258}
    merges = {(b"ab", b"c"): 0, (b"c", b"ab"): 1, (b"a", b"b"): 2}
    tokenizer = load(
        tmp_path,
        model_vocab={spelled(token): id for token, id in vocab.items()},
        model_merges=[[spelled(a), spelled(b)] for a, b in merges],
    )
    for text in ("abc", "cabc", "abcabcab", "cab" * 40, "abc" * 50):
        assert tokenizer.encode(text) == encode_merges(vocab, merges, "gpt2", text), text


def test_bytes_that_have_no_token_are_left_out(tmp_path):
    vocab, merges = toy.trained()
    vocab = {token: id for token, id in vocab.items() if token not in (b"q", b"\xff", "é".encode()[1:])}
    merges = {pair: rank for pair, rank in merges.items() if pair[0] in vocab and pair[1] in vocab}
    merges = {pair: rank for rank, pair in enumerate(p for p in merges if p[0] + p[1] in vocab)}
    tokenizer = load(
        tmp_path,
        model_vocab={spelled(token): id for token, id in vocab.items()},
        model_merges=[f"{spelled(a)} {spelled(b)}" for a, b in merges],
    )
    for text in ("thqe", "q", "qqtheqq " * 30, "é"):
        assert tokenizer.encode(text) == encode_merges(vocab, merges, "gpt2", text)
        spans = tokenizer.offsets(text, unit="bytes")
        data = text.encode()
        for (a, b), id in zip(spans, tokenizer.encode(text), strict=True):
            assert data[a:b].replace(b"q", b"") == tokenizer.token(id)


def test_added_tokens(tmp_path):
    tokenizer = load(
        tmp_path,
        added_tokens=[
            toy.added("<s>", 600),
            toy.added("<tool>", 601, special=False),
            toy.added("<l>", 602, lstrip=True),
            toy.added("<r>", 603, rstrip=True),
            toy.added("word", 604, single_word=True, special=False),
        ],
    )
    a = tokenizer.encode("a")
    assert tokenizer.encode("a<tool>a") == [*a, 601, *a]
    assert 600 not in tokenizer.encode("a<s>")
    every = {"allowed_special": "all"}
    assert tokenizer.encode("a<s>a", **every) == [*a, 600, *a]
    assert tokenizer.encode("a \t<l>a", **every) == [*a, 602, *a]
    assert tokenizer.encode("a<r> \u3000a", **every) == [*a, 603, *a]
    assert tokenizer.offsets("a  <l>", allowed_special="all")[-1] == (1, 6)
    assert tokenizer.encode("word") == [604]
    assert 604 not in tokenizer.encode("words")
    assert 604 not in tokenizer.encode("a_word")
    assert tokenizer.decode([600, *a, 601]) == "a<tool>"
    assert tokenizer.decode([600, *a], skip_special_tokens=False) == "<s>a"
    assert len(tokenizer) == len(toy.ranks()) + 5


def test_a_space_before_the_text(tmp_path):
    tokenizer = load(tmp_path, pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True})
    assert tokenizer.encode("the") == tokenizer.encode(" the")
    assert tokenizer.offsets("the text") == [(0, 3), (3, 8)]
    assert tokenizer.encode("") == []


def test_two_texts(tmp_path):
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 601], "cls": ["<s>", 600]}
    added = [toy.added("<s>", 600), toy.added("</s>", 601)]
    plain = fastseq.Tokenizer.load(toy.write_json(tmp_path, added_tokens=added))
    tokenizer = fastseq.Tokenizer.load(toy.write_json(tmp_path, added_tokens=added, post_processor=roberta))
    first, second = plain.encode("the text"), plain.encode("they're words")
    assert plain.encode("the text", pair="they're words") == [*first, *second]
    wanted = [600, *first, 601, 601, *second, 601]
    for each in (tokenizer, pickle.loads(pickle.dumps(tokenizer))):
        assert each.encode("the text", pair=b"they're words") == wanted
        assert each.encode("the text", False, pair="they're words") == [*first, *second]
        cut = each.encode("the text", pair="they're words", max_length=6)
        assert cut == [600, first[0], 601, 601, second[0], 601]
    parts = [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "B"}}]
    wrong = {
        "type": "TemplateProcessing",
        "single": parts[:1],
        "pair": parts,
        "special_tokens": {"x": {"ids": [999]}},
    }
    with pytest.raises(errors.FormatError, match=r"post_processor: id not in the vocabulary .found 999"):
        fastseq.Tokenizer.load(toy.write_json(tmp_path, post_processor=wrong))


def test_what_goes_around_a_text(tmp_path):
    tokens = [toy.added("<s>", 600), toy.added("</s>", 601)]
    template = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "</s>", "type_id": 0}},
        ],
        "pair": [],
        "special_tokens": {
            "<s>": {"id": "<s>", "ids": [600], "tokens": ["<s>"]},
            "</s>": {"id": "</s>", "ids": [601], "tokens": ["</s>"]},
        },
    }
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 601], "cls": ["<s>", 600]}
    for post in (template, roberta, {"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]}):
        tokenizer = load(tmp_path, added_tokens=tokens, post_processor=post)
        bare = tokenizer.encode("the text", add_special_tokens=False)
        assert tokenizer.encode("the text") == [600, *bare, 601]
        assert tokenizer.encode_batch(["the text", ""]).ids.tolist() == [600, *bare, 601, 600, 601]
        assert tokenizer.offsets("the text")[0] == (0, 0)
        assert tokenizer.offsets("the text")[-1] == (8, 8)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"normalizer": {"type": "Other"}}, "normalizer"),
        ({"pre_tokenizer": {"type": "Other"}}, "pre_tokenizer"),
        ({"pre_tokenizer": sequence(split(r"\h[a-z]+"))}, "pre_tokenizer"),
        ({"post_processor": {"type": "Other"}}, "post_processor"),
        ({"decoder": {"type": "WordPiece"}}, "decoder"),
        ({"model_type": "Other"}, "model"),
        ({"model_dropout": 0.1}, "model.dropout"),
    ],
)
def test_what_is_not_supported_is_named(changes, place, tmp_path):
    with pytest.raises(errors.UnsupportedError) as caught:
        load(tmp_path, **changes)
    assert f"tokenizer.json: {place}" in caught.value.where


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"model_vocab": {"a": 0, "b": 0}, "model_merges": []}, "'b'"),
        ({"model_vocab": {"a": -1}, "model_merges": []}, "'a'"),
        ({"model_vocab": {"a": 1.5}, "model_merges": []}, "'a'"),
        ({"model_vocab": {"a": 2**40}, "model_merges": []}, "'a'"),
        ({"model_vocab": {"a": True}, "model_merges": []}, "'a'"),
        ({"model_vocab": ["a"]}, "model.vocab"),
        ({"model_merges": ["a"]}, "model.merges[0]"),
        ({"model_merges": ["a b c"]}, "model.merges[0]"),
        ({"model_merges": [["a", 3]]}, "model.merges[0]"),
        ({"model_merges": [FIRST, "zz qq"]}, "merges[1]"),
        ({"model_merges": ["q q"]}, "merges[0]"),
        ({"model_merges": [FIRST, FIRST]}, "merges[1]"),
        ({"model_merges": None}, "model.merges"),
        ({"model": None}, "model"),
        ({"added_tokens": [{"id": 1}]}, "added_tokens[0]"),
        ({"added_tokens": [toy.added("", 1)]}, "added_tokens[0]"),
        ({"added_tokens": [toy.added("<s>", -1)]}, "added_tokens[0]"),
        ({"added_tokens": [toy.added("<s>", 600), toy.added("<s>", 601)]}, "added_tokens[1]"),
        (
            {"post_processor": {"type": "RobertaProcessing", "sep": ["x", 9999], "cls": ["x", 1]}},
            "prepend or append",
        ),
        (
            {"post_processor": {"type": "TemplateProcessing", "single": [], "special_tokens": {}}},
            "post_processor.single",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(changes, place, tmp_path):
    with pytest.raises(errors.FormatError) as caught:
        load(tmp_path, **changes)
    assert "tokenizer.json" in caught.value.where
    assert place in caught.value.where


def test_files_that_are_no_json(tmp_path):
    path = tmp_path / "tokenizer.json"
    for content in (b"", b"{", b"[]", b"3", b"\xff", b'{"model": NaN}', b"[" * 200_000, b'{"a":' * 200_000):
        path.write_bytes(content)
        with pytest.raises(errors.FormatError):
            fastseq.Tokenizer.load(path)


def test_a_sequence_in_a_sequence_in_a_sequence(tmp_path):
    step = '{"type": "Sequence", "pretokenizers": [' * 900 + "]}" * 900
    content = json.dumps(toy.tokenizer_json()).replace(
        json.dumps(toy.tokenizer_json()["pre_tokenizer"]), step
    )
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises((errors.FormatError, errors.UnsupportedError)):
        fastseq.Tokenizer.load(path)


def test_ranks_options_are_not_for_json(tmp_path):
    path = toy.write_json(tmp_path)
    with pytest.raises(errors.ArgumentError, match="the file says it itself"):
        fastseq.Tokenizer.load(path, pattern="gpt2")
