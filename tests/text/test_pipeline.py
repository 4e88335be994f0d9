"""tokenizer.json with all of its steps: models, cuts, added tokens, lengths, hostile files."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq.text import tokenizer_json
from fastseq.text.json_values import as_serde_reads
from tests.examples import examples
from tests.reference import subwords
from tests.text import pipeline_models as models
from tests.text import toy

PARTS = [*models.WORDS[::5], *models.SUBWORDS[::60], *" \n\u3000.,-<>\u0301\u2581éßİ、中文가😀", "  ", " \n"]
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), st.characters(codec="utf-8")), max_size=20).map("".join)
SAMPLES = [*toy.SAMPLES[:-1], "Hello, World! It's   größer.", "x" * 400, toy.TEXT[:600]]


def load(content):
    return tokenizer_json.from_json(json.loads(json.dumps(content)))


@pytest.mark.parametrize("name", models.kinds())
def test_both_ways_give_the_same_ids(name):
    """One looks words of the text up, the other goes through all steps with places."""
    tokenizer = load(models.kinds()[name])

    @given(st.lists(TEXTS, max_size=4))
    @settings(max_examples=examples(10))
    def check(texts):
        quick = tokenizer.encode_batch(texts)
        slow = tokenizer.encode_batch(texts, spans="bytes")
        assert quick.ids.tolist() == slow.ids.tolist()
        assert [tokenizer.encode(text) for text in texts] == [ids.tolist() for ids in quick]
        assert tokenizer.count(texts) == len(quick.ids)
        for i, text in enumerate(texts):
            spans = slow.spans[slow.offsets[i] : slow.offsets[i + 1]].tolist()
            assert all(0 <= begin <= end <= len(text.encode()) for begin, end in spans)

    check()


def words(text):
    return text.split()


@pytest.mark.parametrize("name", ["bert", "words", "t5", "llama"])
def test_tokens_by_their_names(name):
    tokenizer = load(models.kinds()[name])
    for id in range(0, len(tokenizer), 7):
        assert tokenizer.token_id(tokenizer.token(id)) == id
    assert tokenizer.token_id("no such token") is None


def test_wordpiece():
    model = models.wordpiece()
    tokenizer = load(models.content(model, pre_tokenizer={"type": "WhitespaceSplit"}))
    for text in [*SAMPLES, toy.TEXT.lower(), "a" * 20 + " " + "a" * 21]:
        wanted = [subwords.wordpiece(model["vocab"], word, longest=20) for word in words(text)]
        assert tokenizer.encode(text) == [id for ids in wanted for id in ids]


def test_wordlevel():
    model = models.wordlevel()
    tokenizer = load(models.content(model, pre_tokenizer={"type": "WhitespaceSplit"}))
    for text in SAMPLES:
        assert tokenizer.encode(text) == [model["vocab"].get(word, 0) for word in words(text)]


@pytest.mark.parametrize(
    ("number", "read"),
    [
        (-12.458033897794039, -12.45803389779404),
        (-15.903871311313933, -15.903871311313932),
        (-9.312453087562107, -9.312453087562108),
        (-0.1, -0.1),
        (-7.0, -7.0),
        (1.5e-310, 1.5e-310),
    ],
)
def test_scores_are_read_as_tokenizers_reads_them(number, read):
    """Recorded with tokenizers 0.23; where it is right, too."""
    assert as_serde_reads(number) == read


def test_ways_that_rounding_decides():
    """Two ways have the same sum but for rounding, of scores that are read a unit off."""
    tokenizer = load(models.content(models.unigram(), pre_tokenizer=models.metaspace(split=False)))
    text = "schöner,ло中文的文字。中文文字。日"
    pieces = [tokenizer.token(id) for id in tokenizer.encode(text)]
    assert pieces == ["\u2581sc", "höner,", "ло", "中文的文字。", "中文文字", "。日"]


@pytest.mark.parametrize("byte_fallback", [False, True])
def test_unigram(byte_fallback):
    model = models.unigram(byte_fallback)
    tokenizer = load(models.content(model, added_tokens=[toy.added("<unk>", 0)]))
    for text in SAMPLES:
        assert tokenizer.encode(text) == subwords.unigram(model["vocab"], text, 0, byte_fallback)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byte_fallback": True},
        {"fuse_unk": False},
        {"prefix": "##", "space": ""},
        {"suffix": "</w>", "space": ""},
    ],
    ids=json.dumps,
)
def test_bpe(options):
    model = models.bpe(**options)
    tokenizer = load(models.content(model, pre_tokenizer={"type": "WhitespaceSplit"}))
    merges = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
    for text in SAMPLES:
        wanted = [
            subwords.bpe(
                model["vocab"],
                merges,
                word,
                unknown="<unk>",
                byte_fallback=model["byte_fallback"],
                fuse=model["fuse_unk"],
                prefix=options.get("prefix", ""),
                suffix=options.get("suffix", ""),
            )
            for word in words(text)
        ]
        assert tokenizer.encode(text) == [id for ids in wanted for id in ids]


def pieces(cut, text):
    """Where a text is cut: a model that knows no word gives a token a piece."""
    tokenizer = load(models.content(models.wordlevel(vocab={"<unk>": 0}), pre_tokenizer=cut))
    return [text[begin:end] for begin, end in tokenizer.offsets(text)]


@pytest.mark.parametrize(
    ("behavior", "wanted"),
    [
        ("Removed", ["a", "b", "c"]),
        ("Isolated", ["-", "a", "-", "-", "b", "c", "-"]),
        ("MergedWithPrevious", ["-", "a-", "-", "b", "c-"]),
        ("MergedWithNext", ["-a", "-", "-b", "c", "-"]),
        ("Contiguous", ["-", "a", "--", "b", "c", "-"]),
    ],
)
def test_behaviors(behavior, wanted):
    split = {"type": "Split", "pattern": {"String": "-"}, "behavior": behavior, "invert": False}
    got = pieces({"type": "Sequence", "pretokenizers": [split, {"type": "WhitespaceSplit"}]}, "-a--b c-")
    assert got == wanted


@pytest.mark.parametrize(
    ("cut", "text", "wanted"),
    [
        ({"type": "Whitespace"}, "a_1,.b é!", ["a_1", ",.", "b", "é", "!"]),
        ({"type": "BertPreTokenizer"}, "a_1,.b", ["a", "_", "1", ",", ".", "b"]),
        ({"type": "Digits", "individual_digits": True}, "a12", ["a", "1", "2"]),
        ({"type": "Digits"}, "a12b", ["a", "12", "b"]),
        ({"type": "CharDelimiterSplit", "delimiter": "|"}, "a|b||c", ["a", "b", "c"]),
        ({"type": "FixedLength", "length": 2}, "aé中d!", ["aé", "中d", "!"]),
        (models.metaspace(), "a b  c", ["a", " b", " ", " c"]),
        ({"type": "Split", "pattern": {"String": "a"}, "behavior": "Removed", "invert": True}, "bac", ["a"]),
    ],
)
def test_cuts(cut, text, wanted):
    assert pieces(cut, text) == wanted


def test_special_tokens_are_text_unless_allowed():
    tokenizer = load(models.bert())
    plain = tokenizer.encode("[CLS]", add_special_tokens=False)
    assert 2 not in plain
    assert len(plain) > 1
    assert tokenizer.encode("a [CLS]", add_special_tokens=False, allowed_special="all")[-1] == 2
    with pytest.raises(errors.ArgumentError, match=r"texts\[1\], character 2.*\[SEP\]"):
        tokenizer.encode_batch(["a", "a [SEP]"], disallowed_special="all")
    words = load(models.kinds()["words"])
    assert words.tokenize("<unk>") == ["<unk>"]  # as it is unknown


def test_added_tokens_of_normalized_text():
    added = [toy.added("YES", 900, normalized=True, special=False), toy.added("No", 901, special=False)]
    content = models.bert()
    tokenizer = load({**content, "added_tokens": [*content["added_tokens"], *added]})
    for text, wanted in (("yes", [900]), ("Yes YES", [900, 900]), ("No", [901])):
        assert tokenizer.encode(text, add_special_tokens=False) == wanted
    assert 901 not in tokenizer.encode("no")
    assert tokenizer.offsets("a yEs", add_special_tokens=False)[-1] == (2, 5)


def test_around_pairs_and_lengths():
    tokenizer = load(models.bert(truncation={"max_length": 6, "strategy": "LongestFirst", "stride": 0}))
    ids = tokenizer.encode("a b c d e f g", max_length=0)
    assert ids[0] == 2
    assert ids[-1] == 3
    assert len(ids) == 9
    assert tokenizer.encode("a b c d e f g") == [*ids[:5], 3]
    assert tokenizer.encode_batch(["a b c d e f g", "a"], max_length=4).ids.tolist() == [
        *ids[:3],
        3,
        *ids[:2],
        3,
    ]
    assert tokenizer.count("a b c d e f g") == 6
    assert tokenizer.offsets("a b c d e f g", max_length=4) == [(0, 0), (0, 1), (2, 3), (13, 13)]
    assert tokenizer.encode("a b", pair="c d", max_length=0) == [2, *ids[1:3], 3, *ids[3:5], 3]
    assert tokenizer.encode("a b c", pair="d") == [2, *ids[1:3], 3, ids[4], 3]
    tokenizer.set_lengths(tokenizer.truncation._replace(strategy="only_first"), None)
    with pytest.raises(errors.ArgumentError, match=r"max_length, only_first: no room.*more than 6, found 6"):
        tokenizer.encode("a b", pair="c d e")
    tokenizer.set_lengths(tokenizer.truncation._replace(strategy="longest_first"), None)
    tokenizer.set_lengths(tokenizer.truncation._replace(side="left"), tokenizer.padding)
    assert tokenizer.encode("a b c d e f g") == [2, *ids[4:8], 3]
    assert tokenizer.encode("a b", add_special_tokens=False, max_length=1) == [ids[2]]
    with pytest.raises(errors.ArgumentError, match="max_length"):
        tokenizer.encode("a", max_length=1)
    with pytest.raises(errors.ArgumentError, match="max_length"):
        tokenizer.encode("a", max_length=-1)


@pytest.mark.parametrize(
    ("side", "first"), [("Right", [2, 6, 3, 9, 9, 9, 9, 9]), ("Left", [9, 9, 9, 9, 9, 2, 6, 3])]
)
def test_padding(side, first):
    padding = {"strategy": "BatchLongest", "direction": side, "pad_to_multiple_of": 8, "pad_id": 9}
    tokenizer = load(models.bert(padding=padding))
    batch = tokenizer.encode_batch([tokenizer.token(6), "a b c"])
    ids, mask = tokenizer.pad(batch)
    assert ids.dtype == mask.dtype == np.int32
    assert ids.shape == (2, 8)
    assert ids[0].tolist() == first
    assert mask[0].tolist() == [int(id != 9) for id in first]
    assert mask.sum() == len(batch.ids)


def test_decoding():
    tokenizer = load(models.llama())
    for text in ("the text", "größer 中文 😀 \t x", " two  spaces"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        stream = tokenizer.decode_stream()
        assert "".join(map(stream.add, tokenizer.encode(text))) + stream.end() == text
    bert = load(models.bert())
    assert bert.decode(bert.encode("the text.")) == "the text."
    with pytest.raises(errors.ArgumentError, match=r"ids\[1\]"):
        bert.decode([1, 99999])


def test_what_no_token_stands_for():
    tokenizer = load(
        models.content(models.wordlevel(unk_token="none"), pre_tokenizer={"type": "WhitespaceSplit"})
    )
    with pytest.raises(errors.UnknownTokenError, match=r"texts\[1\].*qqq"):
        tokenizer.encode_batch([models.WORDS[0] if models.WORDS[0] in tokenizer._ids else "a", "qqq"])


def test_worst_cases():
    long = 200_000
    for name in ("bert", "t5", "unigram, whole", "llama", "bpe, suffix", "wordpiece, plain"):
        tokenizer = load(models.kinds()[name])
        for unit in ("a", " ", "7", "\u0301", "中", "a "):
            assert tokenizer.count(unit * (long // len(unit))) >= 0


BAD = [
    ({"model": {"type": "Wonder", "vocab": {}}}, "Wonder"),
    ({"model": {"type": "WordPiece", "vocab": {"a": 1, "b": 1}}}, "duplicate id"),
    ({"model": {"type": "WordPiece", "vocab": {"a": -1}}}, "'a'.*id out of range"),
    ({"model": {"type": "WordPiece", "vocab": {"a": 1.5}}}, "id out of range"),
    ({"model": {"type": "WordPiece", "vocab": {"a": 1}, "max_input_chars_per_word": -1}}, "max_input_chars"),
    ({"model": {"type": "WordLevel", "vocab": ["a"]}}, "model.vocab.*an object"),
    ({"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}}, "unk_id"),
    ({"model": {"type": "Unigram", "vocab": [["a", 0], ["a", 0]], "unk_id": 0}}, r"vocab\[1\].*duplicate"),
    ({"model": {"type": "Unigram", "vocab": [["a", "x"]], "unk_id": 0}}, r"vocab\[0\].*score"),
    ({"model": {"type": "Unigram", "vocab": [["a" * 100_000, 0]], "unk_id": 0}}, "too long"),
    ({"model": {"type": "Unigram", "vocab": [], "unk_id": None}}, "no pieces"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}, r"merges\[0\].*not in the vocab"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "a"]]}}, r"merges\[0\].*makes no token"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}, r"merges\[0\]"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}}, "dropout"),
    ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"}}, "unk_token"),
    ({"pre_tokenizer": {"type": "Wonder"}}, "pre_tokenizer.*Wonder"),
    ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "X"}]}}, r"pretokenizers\[0\].*X"),
    ({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\h"}, "behavior": "Isolated"}}, "Regex.*h"),
    ({"pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "No"}}, "behavior"),
    ({"pre_tokenizer": {"type": "Metaspace", "replacement": "__"}}, "replacement"),
    ({"normalizer": {"type": "Wonder"}}, "normalizer.*Wonder"),
    ({"decoder": {"type": "Wonder"}}, "decoder.*Wonder"),
    ({"post_processor": {"type": "Wonder"}}, "post_processor.*Wonder"),
    (
        {"post_processor": {"type": "BertProcessing", "sep": ["a", -1], "cls": ["a", 1]}},
        "sep.*id out of range",
    ),
    ({"added_tokens": [toy.added("x", 1), toy.added("x", 2)]}, r"added_tokens\[1\].*twice"),
    ({"added_tokens": [toy.added("[CLS]", 77)]}, "two ids"),
    ({"truncation": {"max_length": -1}}, "truncation.max_length"),
    ({"padding": {"strategy": "Never"}}, "padding.strategy"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=lambda value: json.dumps(value)[:60])
def test_files_that_are_wrong(tmp_path, change, message):
    content = models.bert(**change) if "model" not in change else models.content(change["model"])
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises((errors.FormatError, errors.UnsupportedError), match=message) as caught:
        fastseq.Tokenizer.load(path)
    assert str(path) in str(caught.value)


def test_200000_levels(tmp_path):
    path = tmp_path / "tokenizer.json"
    for opening, closing in (("[", "]"), ('{"pre_tokenizer":', "}")):
        path.write_text(opening * 200_000 + "1" + closing * 200_000)
        with pytest.raises(errors.FormatError, match=r"tokenizer\.json"):
            fastseq.Tokenizer.load(path)


def test_a_mark_before_the_first_word_alone():
    """Only where the text begins with it, as in the library: not where a normalizer took something away."""
    first = {"type": "Metaspace", "replacement": models.SPACE, "prepend_scheme": "first", "split": True}
    strip = {"type": "Strip", "strip_left": True, "strip_right": False}
    gone = {"type": "Replace", "pattern": {"String": "x"}, "content": ""}
    for normalizer, text, marked in (
        (strip, "ab c", True),
        (strip, " ab c", False),
        (gone, "axb", True),
        (gone, "xab", False),
    ):
        tokenizer = load(models.content(models.unigram(), normalizer=normalizer, pre_tokenizer=first))
        tokens = tokenizer.tokenize(text)
        assert tokens[0].startswith(models.SPACE) == marked
        assert tokenizer.encode_batch([text], spans="characters").ids.tolist() == tokenizer.encode(text)
