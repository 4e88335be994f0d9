"""Normalizers against unicodedata, and against their rules read literally."""

# ruff: noqa: RUF001

import itertools
import random
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq._core import native
from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from fastseq.text.normalizers import from_json
from tests.examples import examples
from tests.reference.charsmap import build
from tests.text.strategies import ANY, KNOWN

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
NORMALIZERS = {form: native.Normalizer([{"kind": form}]) for form in FORMS}
CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]

# Those that came after Unicode 9.0, up to 17.0, and have a decomposition.
YOUNG = {
    *map(chr, (0x32FF, 0xA7F1, 0xAB69, 0x105C9, 0x105E4, 0x11938, 0x1F16C)),
    *map(chr, range(0xA7F2, 0xA7F5)),
    *map(chr, range(0x10780, 0x107BB)),
    *map(chr, range(0x11383, 0x113C9)),
    *map(chr, range(0x16121, 0x16129)),
    *map(chr, range(0x16D68, 0x16D6B)),
    *map(chr, range(0x1CCD6, 0x1CCFA)),
    *map(chr, range(0x1E030, 0x1E06E)),
    *map(chr, range(0x1FBF0, 0x1FBFA)),
}


def old(c):
    """Whether both this interpreter and the tables know how the character composes."""
    return c not in YOUNG and unicodedata.combining(c) == native.probe_normal(ord(c))[0]


def of(kind, *options, **more):
    return native.Normalizer([{"kind": kind, "options": options, **more}])


# The forms of Unicode


@pytest.mark.exhaustive
@pytest.mark.parametrize("form", FORMS)
def test_every_character(form):
    """Each between newlines, which nothing composes with."""
    text = "\n".join(c for c in CHARACTERS if c not in YOUNG)
    assert NORMALIZERS[form].normalize(text) == unicodedata.normalize(form, text)
    assert NORMALIZERS[form].normalize("".join(YOUNG)) == "".join(YOUNG)


# One or more of each way to behave: letters that compose, marks of several classes, two of one class,
# starters that compose with what is before, Hangul in parts and whole, what excludes composition,
# singletons, starters that become marks, decompositions that decompose, compatibility characters.
CLASSES = (
    "aeIQ\u00e9\u1ebf\u212b\u0301\u0308\u0323\u0316\u0327\u0338\u0345\u0f71\u3099\u30c6\u1100\u1161\u11a8\uac00\uac01"
    "\u0958\u0344\u0340\u0f73\uff9e\ufb01\u01c4\u09c7\u09be\u1d15e\U0001d15f\ufb2c\u2260\u4e00\uf900\u00a8 "
)


@pytest.mark.exhaustive
@pytest.mark.parametrize("form", FORMS)
def test_every_three_classes_in_a_row(form):
    text = "\n".join(map("".join, itertools.product(CLASSES, repeat=3)))
    assert NORMALIZERS[form].normalize(text) == unicodedata.normalize(form, text)


MARKS = [c for c in CHARACTERS if unicodedata.combining(c) and old(c)]


@pytest.mark.parametrize("form", FORMS)
def test_marks_of_every_class_in_every_order(form):
    random.seed(form)
    for size in (2, 5, 31, 33, 300):
        text = "a".join("".join(random.choices(MARKS, k=size)) for _ in range(20))
        assert NORMALIZERS[form].normalize(text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
@given(text=KNOWN | st.text(st.sampled_from(CLASSES)))
@settings(max_examples=examples(200))
def test_forms_of_texts(form, text):
    text = "".join(filter(old, text))
    expected = unicodedata.normalize(form, text)
    made, spans = NORMALIZERS[form].normalize_spans(text)
    assert made == expected
    assert NORMALIZERS[form].normalize(made) == made
    check_spans(text, made, spans, lambda c: unicodedata.normalize("NFKD", c))


def check_spans(text, made, spans, parts):
    """Every character comes from whole characters, and those have all that it has."""
    if spans is None:
        assert made == text
        return
    before, at = text.encode(), 0
    for c in made:
        size = len(c.encode())
        [(begin, end)] = {tuple(span) for span in spans[at : at + size].tolist()}
        assert set(parts(c)) <= set(parts(before[begin:end].decode())), (text, made, c)
        at += size
    assert at == len(spans)


def test_what_is_in_the_form_is_not_copied():
    for text in ("", "plain", "Größe, été, Ω, 日本語, 한국어, हिन्दी, x\u0323\u0301"):
        assert NORMALIZERS["NFC"].normalize_spans(text) == (text, None)


def test_spans_of_what_was_composed_cover_all_of_it():
    made, spans = NORMALIZERS["NFC"].normalize_spans("xe\u0301\u0316y")
    assert made == "xé\u0316y"
    assert spans.tolist() == [[0, 1], [1, 4], [1, 4], [4, 6], [4, 6], [6, 7]]


@pytest.mark.parametrize("form", FORMS)
def test_long_runs_take_time_in_proportion(form):
    for run in ("\u0301", "\u0316\u0301", "\u0301\u0316", "e\u0316\u0301", "\u1161", "\u09c7", "\u0f73"):
        NORMALIZERS[form].normalize(run * (200_000 // len(run)))


# The others


def lower(text):
    return "".join(c.lower() for c in text)


@given(KNOWN | st.text(st.sampled_from("AΣσİıẞǅKaé")))
def test_lowercase_takes_one_character_at_a_time(text):
    made, spans = of("Lowercase").normalize_spans(text)
    assert made == lower(text)
    check_spans(text, made, spans, lower)


@given(
    st.text(
        st.sampled_from("ab \n\x00\x01\x0b\x0c\r\t\x7f\x85\u00ad\u200b\u2028é\u0301日İΣ\ufffd\u0488A\ue000")
    )
)
def test_bert_on_every_kind_of_character(text):
    for options in itertools.product((False, True), repeat=4):
        names = [n for n, on in zip(native.NORMALIZE_OPTIONS["BertNormalizer"], options, strict=True) if on]
        made = of("BertNormalizer", *names).normalize_spans(text)[0]
        assert made == bert(text, *options)


def bert(text, clean, spaced, strip, lowercase):
    if clean:
        kept = [c for c in text if c in "\t\n\r" or unicodedata.category(c) not in ("Cc", "Cf", "Co")]
        text = "".join(" " if c.isspace() else c for c in kept if c != "\ufffd")
    if spaced:
        text = text.replace("日", " 日 ")
    if strip:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return lower(text) if lowercase else text


def test_bert_orders_the_marks_that_stay():
    """U+302E and U+1D165 are marks, though not nonspacing ones; a circle is of class 0."""
    text = "a\u302e\U0001d165\u0301\u20dd"
    assert of("BertNormalizer", "strip_accents").normalize(text) == "a\U0001d165\u302e\u20dd"
    everything = of("BertNormalizer", *native.NORMALIZE_OPTIONS["BertNormalizer"])
    made, spans = everything.normalize_spans("Ä日\t" + text)
    assert made == "a 日  a\U0001d165\u302e\u20dd"
    assert spans.tolist()[:6] == [[0, 2], [2, 2], [2, 5], [2, 5], [2, 5], [5, 5]]


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        ([{"kind": "StripAccents"}], "e\u0301a\u20ddा", "ea"),
        ([{"kind": "Strip", "options": ["left"]}], "\u3000 a b ", "a b "),
        ([{"kind": "Strip", "options": ["right"]}], " a b\u2028\n", " a b"),
        ([{"kind": "Strip", "options": ["left", "right"]}], " \t", ""),
        ([{"kind": "Prepend", "content": "▁"}], "a", "▁a"),
        ([{"kind": "Prepend", "content": "▁"}], "", ""),
        ([{"kind": "Replace", "pattern": " ", "content": "▁"}], " a b", "▁a▁b"),
        ([{"kind": "Replace", "pattern": "aab", "content": "-"}], "aaabaabab", "a--ab"),
        ([{"kind": "Replace", "pattern": "aa", "content": ""}], "aaaaa", "a"),
        ([{"kind": "runs", "options": ["spaces"], "least": 2, "content": "▁"}], "a  b c   ", "a▁b c▁"),
        ([{"kind": "runs", "options": ["white_space"], "content": " "}], "\u3000\na\tb", " a b"),
        ([{"kind": "Nmt"}], "a\x01\tb\u200b\u2581\x8f\ufeff", "a b   "),
        ([{"kind": "ByteLevel"}], "é a\n\x7f\xad", "Ã©ĠaĊġÂŃ"),
        ([{"kind": "NFD"}, {"kind": "StripAccents"}, {"kind": "Lowercase"}], "ÀÉ", "ae"),
        ([], "as it is", "as it is"),
    ],
)  # fmt: skip
def test_steps(steps, text, expected):
    assert native.Normalizer(steps).normalize(text) == expected
    made, spans = native.Normalizer(steps).normalize_spans(text)
    assert made == expected
    assert spans is None or (len(spans) == len(made.encode()) and (spans[:, 0] <= spans[:, 1]).all())


RULES = build(
    {"a": "X", "ab": "Q", "ﬁ": "fi", "e\u0301": "é", "\r": "R", "\n": "N", "\u0301": "!", "क": "K", "😀": "S"}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cab abc", "cXb Xbc"),  # the shortest rule counts, not "ab"
        ("ﬁx", "fix"),
        ("e\u0301", "é"),
        ("a\u0301", "X"),  # a rule for its beginning takes the whole cluster,
        ("ka\u0301\u0301\u0301", "kX!!!"),  # unless that has six bytes or more
        ("\r\n\n\r", "RNR"),
        ("क्क", "K्K"),
        ("😀\u0301 😀", "S! S"),
        ("\u0600a", "\u0600X"),
        ("plain text", "plXin text"),
    ],
)  # fmt: skip
def test_character_maps_go_by_clusters(text, expected):
    normalizer = native.Normalizer([{"kind": "Precompiled", "content": RULES}])
    assert normalizer.normalize(text) == expected


@given(ANY)
def test_places_go_through_all_steps(text):
    """Upper case in front, everything in between doubled: each character still knows where it is from."""
    steps = [
        {"kind": "NFD"},
        {"kind": "Replace", "pattern": "a", "content": "bab"},
        {"kind": "Prepend", "content": "X"},
    ]
    text = f"a{text}a"
    made, spans = native.Normalizer(steps).normalize_spans(text)
    assert made.startswith("Xbab")
    assert spans[:4].tolist() == [[0, 0], [0, 1], [0, 1], [0, 1]]
    assert spans[-3:].tolist() == [[len(text.encode()) - 1, len(text.encode())]] * 3


def test_growth_is_bounded():
    doubling = [{"kind": "Replace", "pattern": "a", "content": "a" * 4096}] * 3
    with pytest.raises(ArgumentError, match="too long once it is normalized"):
        native.Normalizer(doubling).normalize("a")
    with pytest.raises(ArgumentError, match="too long once it is normalized"):
        of("runs", "spaces", content="a" * 4096).normalize(" a" * 300_000)


# From a tokenizer.json


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Sequence", "normalizers": [
            {"type": "Lowercase"}, {"type": "StripAccents"}]}]}, "É", "e"),
        ({"type": "Strip", "strip_left": False, "strip_right": True}, " a ", " a"),
        ({"type": "Prepend", "prepend": "▁"}, "a", "▁a"),
        ({"type": "Replace", "pattern": {"String": ".*"}, "content": "-"}, "a.*", "a-"),
        ({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, "a   b c", "a b c"),
        ({"type": "Replace", "pattern": {"Regex": "``"}, "content": '"'}, "``a", '"a'),
        ({"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": False, "strip_accents": None,
          "lowercase": True}, "É\n日", "e 日"),
        ({"type": "BertNormalizer", "strip_accents": False}, "É日", "é 日 "),
        ({"type": "Precompiled", "precompiled_charsmap": ""}, "ﬁ", "ﬁ"),
    ],
)  # fmt: skip
def test_entries(entry, text, expected):
    assert from_json(entry).normalize(text) == expected


def test_entries_that_do_nothing():
    assert from_json(None) is None
    assert from_json({"type": "Sequence", "normalizers": []}) is None


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        ("NFC", FormatError, "wrong type"),
        ({"type": "Fancy"}, UnsupportedError, "not supported .*'Fancy'"),
        ({"type": ["NFC"]}, UnsupportedError, "not supported"),
        ({"type": "Sequence"}, FormatError, "normalizers: wrong type"),
        ({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "X"}]}, UnsupportedError,
         r"normalizers\[1\]: not supported"),
        ({"type": "Replace", "pattern": {"Regex": "a|b"}, "content": ""}, UnsupportedError,
         "pattern.Regex: regular expression not supported"),
        ({"type": "Replace", "pattern": {"String": ""}, "content": "x"}, UnsupportedError, "pattern: empty"),
        ({"type": "Replace", "pattern": {"String": "a" * 5000}, "content": ""}, FormatError,
         "pattern: too long"),
        ({"type": "Replace", "pattern": "a", "content": "x"}, FormatError, "pattern: not a pattern"),
        ({"type": "Prepend", "prepend": "\ud800"}, FormatError, "prepend: lone surrogate"),
        ({"type": "Prepend"}, FormatError, "prepend: wrong type"),
        ({"type": "Strip", "strip_left": 1}, FormatError, "strip_left: wrong type"),
        ({"type": "BertNormalizer", "strip_accents": "no"}, FormatError, "strip_accents: wrong type"),
        ({"type": "Precompiled", "precompiled_charsmap": "?"}, FormatError, "precompiled_charsmap: not"),
        ({"type": "Precompiled", "precompiled_charsmap": "AAAA"}, FormatError, "precompiled_charsmap"),
    ],
)  # fmt: skip
def test_damaged_entries(entry, error, message):
    with pytest.raises(error, match=f"^normalizer[.:] ?{message}"):
        from_json(entry)


def test_wrong_arguments_of_the_native_class():
    with pytest.raises(ArgumentError, match=r"steps\[1\]: kind: unknown choice"):
        native.Normalizer([{"kind": "NFC"}, {"kind": "nfd"}])
    with pytest.raises(ArgumentError, match=r"steps\[0\]: options: unknown choice"):
        of("Strip", "lowercase")
    with pytest.raises(ArgumentError, match="lone surrogate"):
        of("NFC").normalize("\ud800")
