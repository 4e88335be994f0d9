"""Documents through a translation model: structure, long sentences, spans, markup, streams, deadlines."""

import itertools
import re
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq.errors import ArgumentError
from fastseq.models import markup, markup_cuts, runs
from fastseq.models.results import Pair, Translation
from fastseq.text.wrapping import wrapped
from tests.examples import examples
from tests.formats import marian_files as files

DOCUMENT = "  ba ce di. Fo!\n\n\tGi gu?  Ba ce.\r\n - be bi\n"
STARTS = [0, 3, 5, 9, 10, 14, 15, 19]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents") / "model"
    files.write(folder, False)
    return fastseq.load(folder)


def test_what_is_between_sentences_stays(model):
    sentences = ["ba ce di.", "Fo!", "Gi gu?", "Ba ce.", "- be bi"]
    said = [one.text for one in model.generate(sentences)]
    wanted = "  {} {}\n\n\t{}  {}\r\n {}\n".format(*said)
    assert model.translate(DOCUMENT) == wanted
    assert model(DOCUMENT) == wanted
    assert model.translate(["", DOCUMENT, " \n ", "fo"]) == ["", wanted, " \n ", model.generate("fo").text]
    assert model.translate([]) == []


def test_spans_of_sentences_and_tokens(model):
    made = model.translate(DOCUMENT, details=True, align=True)
    assert made.text == model.translate(DOCUMENT)
    assert [DOCUMENT[slice(*one.source)] for one in made.sentences][1:3] == ["Fo!", "Gi gu?"]
    said = [made.text[slice(*one.target)] for one in made.sentences]
    assert said == [
        one.text for one in model.generate([DOCUMENT[slice(*one.source)] for one in made.sentences])
    ]
    at = 0
    for token in made.tokens:  # one behind the other, in the sentence that they belong to
        assert token.target[0] >= at
        at = token.target[1]
        (owner,) = [
            one for one in made.sentences if one.target[0] <= token.target[0] and at <= one.target[1]
        ] or [None]
        assert owner is None or owner.source[0] <= token.source[0] <= owner.source[1]
    assert "".join(made.text[slice(*one.target)] for one in made.tokens) == "".join(said)
    assert model.translate(DOCUMENT, details=True).tokens is None


def test_long_sentences_are_cut(model):
    text = "ba ce, di fo gi gu " * 60
    made = model.translate(text, details=True)
    pieces = [text[slice(*one.source)] for one in made.sentences]
    assert len(pieces) > 2
    assert " ".join(pieces) == text.strip()
    assert all(len(model.tokenizer.encode(one)) <= 130 for one in pieces)
    assert all(one.endswith(",") for one in pieces[:-1])
    assert made.text == " ".join(one.text for one in model.generate(pieces)) + " "


@pytest.mark.parametrize(
    ("text", "longest", "pieces"),
    [
        ("a b c d", 2, ["a b", "c d"]),
        ("a, b c d e f", 4, ["a, b c d", "e f"]),
        ("a b c, d e f", 4, ["a b c,", "d e f"]),
        ("a b", 9, ["a b"]),
        ("xxxxxx", 2, ["xx", "xx", "xx"]),
        ("你好，世界很大", 4, ["你好，", "世界很大"]),  # noqa: RUF001
        ("", 3, []),
    ],
)
def test_where_sentences_are_cut(text, longest, pieces):
    starts = [0, *(i for i in range(1, len(text)) if text[i - 1] == " " or " " not in text)]
    assert [text[a:b] for a, b in wrapped(text, starts if text else [], longest)] == pieces


def test_streams_give_the_same(model, monkeypatch):
    monkeypatch.setattr(runs, "RUN_FIRST", 2)
    monkeypatch.setattr(runs, "RUN_MOST", 3)
    assert "".join(model.translate(DOCUMENT, stream=True)) == model.translate(DOCUMENT)
    texts = [DOCUMENT, "", "fo", "ba. " * 9]
    taken = []
    source = (taken.append(text) or text for text in texts * 5)
    stream = model.translate(source, stream=True)
    first = next(stream)
    assert len(taken) < 5  # read as it is needed
    assert [first, *stream] == model.translate(texts) * 5
    results = model.generate(iter(texts * 3), stream=True)
    assert [one.text for one in results] == [one.text for one in model.generate(texts)] * 3


def test_a_deadline_keeps_what_is_done(model):
    texts = ["ba ce di. " * 40] * 400
    begun = time.perf_counter()
    made = model.translate(texts, details=True, deadline=0.05)
    assert time.perf_counter() - begun < 5
    assert len(made) == 400
    assert {one.finish_reason for one in made} >= {"deadline"}
    results = model.generate(["ba ce di " * 30] * 3000, deadline=0.05)
    assert {one.finish_reason for one in results} >= {"deadline"}
    begun = time.perf_counter()
    assert model.generate("ba " * 20_000, deadline=0.1).finish_reason == "deadline"  # in its attention
    assert time.perf_counter() - begun < 1
    assert model.generate("ba", deadline=60).finish_reason in ("stop", "length")


def test_an_interruption_carries_what_is_done(model):
    texts = ["ba ce di. " * 40] * 400

    def stop(done, total):
        assert 0 <= done <= total == 400 * 400
        if done > total // 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        model.translate(texts, progress=stop, threads=1)
    results = raised.value.results
    assert 0 < len(results) < 400
    assert any(map(str.strip, results))
    with pytest.raises(KeyboardInterrupt) as raised:
        model.generate(["ba ce di " * 30] * 3000, progress=lambda done, _: stop(20 * done, 400 * 400))
    assert len(raised.value.results) == 3000
    assert {one.finish_reason for one in raised.value.results} >= {"interrupted"}


def test_batches_change_nothing(model):
    texts = [" ".join(np.random.default_rng(i).choice(["ba", "ce", "di"], 1 + i % 40)) for i in range(60)]
    wanted = model(texts)
    assert model(texts, batch_tokens=1, threads=1) == wanted
    assert model(texts, batch_tokens=100, threads=2) == wanted


def test_one_long_word_and_one_long_sentence(model):
    for text in ["ba" * 3000, "ba ce " * 3000]:
        assert model.translate(text, max_new_tokens=3)


def test_what_is_refused(model):
    for more in ({"seed": [1, 2]}, {"max_new_tokens": [1, 2]}, {"html": True, "details": True}):
        with pytest.raises(ArgumentError):
            model.translate(["ba", "ce"], **more)
    with pytest.raises(fastseq.errors.ArgumentTypeError, match="language"):
        model.translate("ba", language=5)
    with pytest.raises(ArgumentError, match="num_return"):
        model.translate("ba", beam_size=3, num_return=2)
    for more in ({"batch_tokens": 0}, {"deadline": "soon"}, {"beam_size": 0}):
        with pytest.raises(ArgumentError):
            model.translate("ba", **more)
    with pytest.raises(fastseq.errors.ArgumentTypeError):
        model.translate(["ba", 3])


# ---- markup ----


def stretch(html):
    page = markup_cuts.parsed(html)
    return page.stretches, page.behind


def word_by_word(text, said):
    """A translation whose words come one from each of the source's."""
    spans = [[(m.start(), m.end()) for m in itertools.islice(_words(one), 99)] for one in (text, said)]
    return Translation(said, (), tuple(map(Pair, *spans)), 0.0, "stop")


def _words(text):
    return re.finditer(r" ?\S+", text)


def test_tags_follow_their_words():
    for html, said, wanted in [
        ("a <b>b c</b> d", "x y z w", "x <b>y z</b> w"),
        ("<i>a <b>b</b></i> c", "x y z", "<i>x <b>y</b></i> z"),
        ("a <img src='u'/>b", "x y", "x <img src='u'/>y"),
        ("a b<img>", "x y", "x y<img>"),
        ("a &lt; <u>&amp;</u>", "x < &", "x &lt; <u>&amp;</u>"),
    ]:
        ((one,), behind) = stretch(html)
        assert behind == ""
        assert markup.placed(one, word_by_word(one.text, said)) == wanted


def test_elements_whose_words_are_lost():
    for html, pairs, said, wanted in [
        ("a <b>b</b> c", [(0, 0), (4, 2)], "x y", "<b>x</b> y"),  # both are as near: the first
        ("a <i>bb <b>c</b></i> dd", [(0, 0), (2, 2), (7, 4)], "x y z", "x <i><b>y</b></i> z"),
        ("a <a><img></a>b", [(0, 0), (2, 2)], "x y", "x <a><img></a>y"),
        ("<b>a</b>", [], "", "<b></b>"),
        ("a<b> </b>c", [(0, 0)], "x", "x<b></b>"),
    ]:
        ((one,), _) = stretch(html)
        tokens = tuple(Pair((source, source + 1), (at, at + 1)) for source, at in pairs)
        assert markup.placed(one, Translation(said, (), tokens, 0.0, "stop")) == wanted


class _Balance(HTMLParser):
    """Every element closed where it ought to be; what there is of text and of elements."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.seen = [], "", set()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.add((tag, tuple(attrs)))
        if tag not in markup_cuts.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


NODES = st.recursive(
    st.sampled_from(["a ", "bb ", " ", "c", "<img n>", ""]),
    lambda inner: st.tuples(st.sampled_from(["b", "a", "span"]), st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]} n>{''.join(one[1])}</{one[0]}>"
    ),
    max_leaves=8,
)


@given(st.lists(NODES, max_size=5), st.lists(st.integers(-1, 12), max_size=6))
@settings(max_examples=examples(60))
def test_elements_are_never_lost(nodes, sources):
    """Whatever the alignment says: each element is there, closed, around the same text."""
    count = itertools.count()
    html = re.sub(" n>", lambda _: f" n={next(count)}>", "".join(nodes))
    written, said = "", ""
    stretches, behind = stretch(html)
    for one in stretches:
        made = " ".join(["x"] * len(sources))
        spans = [(at, at + 1) if 0 <= at < len(one.text) else (0, 0) for at in sources]
        tokens = tuple(Pair(span, (2 * i, 2 * i + 1)) for i, span in enumerate(spans))
        written += one.before + markup.placed(one, Translation(made, (), tokens, 0.0, "stop"))
        said += made
    written += behind
    assert _Balance(written).seen == _Balance(html).seen
    assert _Balance(written).text == said


def test_streams_of_markup(model, monkeypatch):
    monkeypatch.setattr(runs, "RUN_FIRST", 2)
    monkeypatch.setattr(runs, "RUN_MOST", 3)
    pages = ["<p>ba <b>ce</b></p>\n<p>di</p>", "", "<!-- ba -->", "<ul><li>ce<li>di. ba</ul><br>"] * 3
    wanted = model.translate(pages, html=True)
    assert list(model.translate(iter(pages), html=True, stream=True)) == wanted
    pieces = list(model.translate(pages[0], html=True, stream=True))
    assert "".join(pieces) == wanted[0]
    assert len(pieces) > 2


def test_an_interruption_leaves_markup(model):
    def stop(done, total):
        if done > total // 20:
            raise KeyboardInterrupt

    pages = ["<p>" + "ba ce di. " * 40 + "</p><!-- x -->"] * 400
    with pytest.raises(KeyboardInterrupt) as raised:
        model.translate(pages, html=True, progress=stop, threads=1)
    results = raised.value.results
    assert 0 < len(results) < 400
    assert all(page.startswith("<p>") for page in results)
    assert all(page.endswith("</p><!-- x -->") for page in results[:-1])


def test_markup_that_is_not_text_stays(model):
    html = (
        "<!DOCTYPE html><!-- ba --><p class=x>\n <br/></p><script>ba < ce</script><?php ba ?><code>ba</code>"
        "<span translate=no>ba <b>ce</b></span></i>"
    )
    assert model.translate(html, html=True) == html
    one = model.translate("<p>ba ce</p>\n<li>di</li>", html=True)
    assert one == f"<p>{model.translate('ba ce')}</p>\n<li>{model.translate('di')}</li>"
    assert model.translate(["<p>ba", ""], html=True) == [f"<p>{model.translate('ba')}", ""]
