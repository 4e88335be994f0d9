# ruff: noqa: RUF001 -- words of many scripts
"""Cutting into sentences: the rules, one example each, and that nothing but whitespace is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq.text import SentenceSplitter

CUTS = {  # "|" where a sentence ends
    "en": [
        "It is late.| We go.",
        "Mr. Smith met Dr. J. R. Jones Jr. at No. 5.| He left.",
        "It costs $3.50 now.| Or 4.5 is too much.|  Two  spaces.",
        'He said: "Go away!"| "Why?"| Nobody knew.',
        '"Really?" he asked.| Yes.',
        "Wait... what?| Well...| Now.",
        "He came at 5 p.m. on Monday.| She came at 6 p.m.| Then they ate.",
        "In the U.S. Army they march.| He lives in the U.S.| The rest is known.",
        "See e.g. Fig. 3 and i.e. nothing.| Done.",
        "1. First point.| 2 are left.",
        "IV. The end.| So am I.| He too.",
        "Yahoo! is a name.| (It is.)| Yes…| No.",
        "one. two. three",
        "No.| Never.",
        "What?!| Oh.",
        "Visit example.com today.| Or a.b.",
        "line one\n|line two.| More\n\n|  indented\t|cell",
    ],
    "de": ["Am 3. Oktober z. B. kam Hr. Maier.| Er blieb bis 1999.| Dann ging er.", "Siehe Abb. 3.| Gut."],
    "pt": ["O Sr. Silva e a Dra. Ana chegaram.| Ele saiu.", "Ver pág. 3.| Fim."],
    "ru": ["Это г. Москва.| Он сказал: «Да».| Потом ушёл."],
    "zh": ["你好。|我很好！|他说：“好。”|然后走了。", "价格是３．１４元。|对。"],
    "ja": ["「はい。」と言った。|そして帰った。"],
    "hi": ["यह एक है।| यह दो है।"],
    "xx": ["Een twee.| Drie."],
}


@pytest.mark.parametrize(("language", "marked"), [(name, one) for name, of in CUTS.items() for one in of])
def test_where_sentences_end(language, marked):
    wanted = [one.strip() for one in marked.split("|")]
    assert SentenceSplitter(language).split(marked.replace("|", "")) == wanted


@given(st.text(alphabet="aA.!?…。\"') \n\t1Mr「」", max_size=60))
def test_only_whitespace_is_left_out(text):
    spans = SentenceSplitter("en").spans(text)
    at = 0
    for begin, end in [*spans, (len(text), len(text))]:
        assert not text[at:begin].strip()
        assert text[begin:end] == text[begin:end].strip()
        at = end
    assert all(begin < end for begin, end in spans)
