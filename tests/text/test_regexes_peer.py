"""Patterns without a scanner, by the package regex: the ids of tiktoken and the pieces of tokenizers."""

# ruff: noqa: RUF001

import itertools
import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq.text import regexes, tokenizer_json
from tests.examples import examples
from tests.reference.bpe import ranks_file
from tests.text import pipeline_models, toy

pytestmark = pytest.mark.peers

PATTERNS = (
    r"[^\W\d_]+| ?\d{1,2}|\s+(?!\S)|\s|x?[^\w\s]+$|[^\w\s]",
    r"\p{Lu}?\p{Ll}+|\p{N}{1,3}+|\s*[\r\n]+|\s|.",
    r"(?i:'s|n't)|[[:alpha:]]+?(?=n't)|\p{Han}|[\p{L}\p{M}]+|\S|\s+",
    r"(?:ab|a)++b?|\w+|^\s+|\s+$|.",
)
# The package regex knows characters that the libraries do not know yet.
KNOWN = st.text(st.characters(codec="utf-8", exclude_categories=["Cn", "Cs"]), max_size=40)
TEXTS = st.text(st.sampled_from("aAbsſ'nt 19\n\r\t\u3000Éé日ア한🙂\u0301_.,-²")) | KNOWN


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """(ours, tiktoken's) of each pattern."""
    import tiktoken

    path = tmp_path_factory.mktemp("ranks") / "toy.tiktoken"
    path.write_bytes(ranks_file(toy.ranks()))
    return [
        (
            fastseq.Tokenizer.load(path, pattern=pattern),
            tiktoken.Encoding("toy", pat_str=pattern, mergeable_ranks=toy.ranks(), special_tokens={}),
        )
        for pattern in PATTERNS
    ]


@given(text=TEXTS)
@settings(max_examples=examples(500))
def test_ids_of_tiktoken(pairs, text):
    for (ours, theirs), pattern in zip(pairs, PATTERNS, strict=True):
        assert ours.encode(text) == theirs.encode_ordinary(text), pattern


def test_ids_of_real_text(pairs):
    for ours, theirs in pairs:
        assert ours.encode(toy.TEXT) == theirs.encode_ordinary(toy.TEXT)


@given(text=TEXTS)
@settings(max_examples=examples(200))
def test_pieces_of_tokenizers(text):
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Split

    for pattern in (*PATTERNS[1:], r"\d{2}+|[[:punct:]]|a$|^b", r"[\w!]+|\W"):
        matches = regexes.Pattern(pattern, "onig")(text).tolist()
        theirs = Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(text)
        assert [place for _, place in theirs] == [(begin, end) for begin, end in matches if begin < end]


EMPTY = (r"(?<=\d)(?=\D)", r"x*", r"(?=b)|b", r"(?=[A-Z])|\s+", r"\s|(?<=\s)")


@cache
def splitters(pattern, behavior, invert):
    """A tokenizer.json with a Split, by ours and by tokenizers."""
    import tokenizers

    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    digits = {"type": "Split", "pattern": {"String": "1"}, "behavior": "Isolated", "invert": False}
    steps = {"type": "Sequence", "pretokenizers": [digits, split]}
    model = pipeline_models.wordlevel(vocab={"<unk>": 0, "a": 1, "b": 2, "ab": 3, "1": 4, " ": 5, "A": 6})
    content = pipeline_models.content(model, pre_tokenizer=steps)
    return tokenizer_json.from_json(content), tokenizers.Tokenizer.from_str(json.dumps(content))


@given(text=TEXTS)
@settings(max_examples=examples(50))
def test_splits_of_tokenizer_json(text):
    behaviors = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    for pattern, behavior, invert in itertools.product((*PATTERNS[1:], *EMPTY), behaviors, (False, True)):
        ours, theirs = splitters(pattern, behavior, invert)
        want = theirs.encode(text)
        assert ours.encode(text) == want.ids, (pattern, behavior, invert)
        assert ours.offsets(text) == want.offsets, (pattern, behavior, invert)


def test_damaged_patterns():
    with pytest.raises(errors.FormatError, match="not a regular expression"):
        regexes.Pattern("(a", "fancy")


def test_a_pattern_that_does_not_end(monkeypatch):
    monkeypatch.setattr(regexes, "SECONDS", 0.1)
    with pytest.raises(TimeoutError):
        regexes.Pattern(r"(?:(?:x?){20}){20}x{20}y?z", "fancy")("x" * 60)


@pytest.mark.parametrize("engine", ["onig", "fancy"])
def test_saved_with_its_pattern(engine, tmp_path):
    from fastseq.text import Tokenizer
    from fastseq.text.bpe import from_ranks
    from fastseq.text.regexes import Pattern
    from tests.text import toy

    made = from_ranks(toy.ranks_bytes(), Pattern(r"\w+|\W+$|\W", engine), {})
    config = made.save(tmp_path)
    assert list(config["pattern"]) == [engine]
    loaded = Tokenizer.from_config(config, tmp_path)
    for text in toy.SAMPLES:
        assert loaded.encode(text) == made.encode(text)
