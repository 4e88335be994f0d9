"""The scanners of the published patterns, at every instruction set, against the patterns themselves."""

import unicodedata
from itertools import accumulate, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq._core import native
from tests.examples import examples
from tests.reference.bpe import ranks_file
from tests.reference.pretokens import NAMES, RULES, pieces

BYTES = ranks_file({bytes([b]): b for b in range(256)})
ISAS = native.isas_available()
SCANNERS = {
    (rule, isa): native.BpeEncoder(pattern=rule, ranks=BYTES, isa=isa) for rule in RULES for isa in ISAS
}

# One or more of each class, and what the patterns name.
CHARACTERS = (
    *"aAsStTdmlLvVeErRzZ09 '/.,!-_\n\r\t\x0b\x00\x1c\x7f",
    *"éÉßǅʰª\u017fKёЖ中一龥龦あー・ァ゛\u3040\u3099\u0301\u20e3\ufe0f\u0903\u0660²Ⅷ",
    *"\u00a0\u0085\u2028\u3000€—“😀👩\u200d\ud7ff\U00010400\U00010428\U0001d7ce\ue000\U0010ffff",
)
TEXTS = st.lists(st.sampled_from(CHARACTERS), max_size=12).map("".join)


def ends(rule, text):
    return list(accumulate(len(piece.encode()) for piece in pieces(rule, text)))


def agree(rule, text):
    want = ends(rule, text)
    for isa in ISAS:
        assert SCANNERS[rule, isa].cuts(text) == want, (rule, isa, text)


def test_classes():
    """Those of Unicode, where this Python knows the character."""
    of_major = {"M": "M", "N": "N", "P": "P", "S": "S", "C": "other"}
    of_category = {"Lu": "Lu", "Lt": "Lu", "Ll": "Ll", "Lm": "Lo", "Lo": "Lo"}
    version = tuple(map(int, unicodedata.unidata_version.split(".")))
    assert native.class_version() == "16.0.0"
    changed = []
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category == "Cn":
            continue
        if code in (10, 13):
            want = "newline"
        elif code in (9, 11, 12, 0x85) or category[0] == "Z":
            want = "blank"
        else:
            want = of_category.get(category) or of_major[category[0]]
        if NAMES[native.probe_class(code)] != want:
            changed.append(code)
    assert len(changed) <= (0 if version >= (16, 0) else 20), [hex(code) for code in changed]
    assert sum(native.probe_class(code) == NAMES.index("N") for code in range(0x110000)) == 1911


@pytest.mark.exhaustive
@pytest.mark.parametrize("rule", RULES)
def test_every_pair_of_characters(rule):
    for pair in product(CHARACTERS, repeat=2):
        agree(rule, "".join(pair))


@pytest.mark.parametrize("rule", RULES)
def test_pairs_at_the_end_of_a_window(rule):
    for a, b in product(CHARACTERS[::2], CHARACTERS):
        for before in (59, 61, 62, 63):
            agree(rule, "x" * (before - 8) + " " + "y" * 7 + a + b + a + " z")


@pytest.mark.parametrize("rule", RULES)
@given(text=st.lists(TEXTS, max_size=30).map("".join) | st.text(max_size=200))
@settings(max_examples=examples(150))
def test_random_texts(rule, text):
    agree(rule, "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000))


@pytest.mark.parametrize("rule", RULES)
@given(
    text=st.lists(
        st.sampled_from(
            [
                "the",
                " word",
                "'s",
                "'LL",
                "  ",
                "\n",
                "\n\n  ",
                " \n",
                "1",
                "23",
                "::",
                "//",
                "ABc",
                "é",
                "中",
            ]
        ),
        max_size=60,
    ).map("".join)
)
@settings(max_examples=examples(150))
def test_texts_like_prose_and_code(rule, text):
    agree(rule, text)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", "7", "!", "é", "中", "😀", "\u0301", " \n", "aB", "'s", "\x00"]
)
def test_long_runs(rule, unit):
    for count in (31, 32, 33, 63, 64, 65, 129, 1000):
        agree(rule, unit * count)
        agree(rule, "x" + unit * count + " y")


def test_whole():
    encoder = native.BpeEncoder(pattern="whole", ranks=BYTES)
    assert encoder.cuts("any text\n at all") == [16]
    assert encoder.cuts("") == []


@pytest.mark.exhaustive
def test_code_points_are_cut_alike():
    """All instruction sets agree on a character alone and between letters, for every seventh."""
    if len(ISAS) == 1:
        return
    for rule in RULES:
        plain, best = SCANNERS[rule, "portable"], SCANNERS[rule, ISAS[0]]
        for code in range(0, 0x110000, 7):
            if 0xD800 <= code < 0xE000:
                continue
            text = f"{chr(code)}a{chr(code)} {chr(code)}A{chr(code)}"
            assert plain.cuts(text) == best.cuts(text), (rule, hex(code))
