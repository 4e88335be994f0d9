"""tiktoken's interface against tiktoken, and code that was written for tiktoken."""

import importlib
import random
import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq.compat.tiktoken as ours
from fastseq.compat.tiktoken import load, model, registry
from tests.examples import examples
from tests.text.published import code, folder_of, many_scripts, prose

pytestmark = pytest.mark.peers

TEXTS = [prose(8_000), code(8_000), many_scripts(8_000), "", "a\ud83d\ude00b\ud800", "<|endoftext|> x"]


@pytest.fixture(scope="module", autouse=True)
def cache():
    """The vocabularies that litellm carries, which it points tiktoken to."""
    with pytest.MonkeyPatch.context() as patch:
        folder = folder_of("litellm") / "litellm_core_utils" / "tokenizers"
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        yield


@pytest.fixture(scope="module")
def both():
    import tiktoken

    return ours.get_encoding("cl100k_base"), tiktoken.get_encoding("cl100k_base")


def outcome(call, *arguments, **options):
    try:
        found = call(*arguments, **options)
    except (ValueError, KeyError) as error:
        return type(error).__mro__[-4:], str(error) if "disallowed" in str(error) else ""
    return found.tolist() if hasattr(found, "tolist") else found


CHOICES = [
    {},
    {"allowed_special": "all"},
    {"disallowed_special": ()},
    {"allowed_special": {"<|fim_prefix|>"}},
    {"allowed_special": {"<|endoftext|>"}, "disallowed_special": {"x", "y"}},
]


@pytest.mark.parametrize("options", CHOICES)
def test_encode(both, options):
    mine, theirs = both
    for text in TEXTS:
        assert outcome(mine.encode, text, **options) == outcome(theirs.encode, text, **options)
        if "\ud800" not in text:  # there tiktoken fails
            assert outcome(mine.encode_to_numpy, text, **options) == outcome(
                theirs.encode_to_numpy, text, **options
            )
    assert outcome(mine.encode_batch, TEXTS, **options) == outcome(theirs.encode_batch, TEXTS, **options)


def test_the_rest(both):
    mine, theirs = both
    for text in TEXTS:
        ids = theirs.encode_ordinary(text)
        assert mine.encode_ordinary(text) == ids
        for name in ("decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets"):
            assert getattr(mine, name)(ids) == getattr(theirs, name)(ids), name
    rng = random.Random(5)
    for _ in range(300):
        ids = [rng.randrange(100_290) for _ in range(5)]
        for name in ("decode", "decode_bytes", "decode_tokens_bytes"):
            assert outcome(getattr(mine, name), ids) == outcome(getattr(theirs, name), ids)
        assert outcome(mine.decode_single_token_bytes, ids[0]) == outcome(
            theirs.decode_single_token_bytes, ids[0]
        )
        assert mine.is_special_token(ids[0]) == theirs.is_special_token(ids[0])
    for name in ("name", "n_vocab", "max_token_value", "eot_token", "special_tokens_set", "_pat_str"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.token_byte_values() == theirs.token_byte_values()
    assert mine._mergeable_ranks == theirs._mergeable_ranks
    for piece in ("hello", b" the", "<|endoftext|>", b"\xff", "none of them"):
        assert outcome(mine.encode_single_token, piece) == outcome(theirs.encode_single_token, piece)
    for piece in ("hello world", b"\xf0\x9f\x98\x80".decode(), "x" * 500):
        assert mine._encode_single_piece(piece) == theirs._encode_single_piece(piece)
    assert repr(mine) == repr(theirs)


@settings(max_examples=examples(300))
@given(st.text(), st.sampled_from(CHOICES))
def test_any_text(text, options):
    import tiktoken

    mine, theirs = ours.get_encoding("cl100k_base"), tiktoken.get_encoding("cl100k_base")
    text += "<|endoftext|>"[: len(text) % 14]
    assert outcome(mine.encode, text, **options) == outcome(theirs.encode, text, **options)


def test_unstable_ends(both):
    mine, theirs = both
    rng = random.Random(7)
    ends = ["", "", "", "\n\n", "  ", "\n \n", "\t", " \u3000", "<|endoftext|>", "\x1c"]
    for text in [*ends, *(text[at : at + 25] for text in TEXTS[:3] for at in rng.sample(range(7_000), 8))]:
        text += rng.choice(ends)
        stable, completions = mine.encode_with_unstable(text, allowed_special="all")
        wanted = theirs.encode_with_unstable(text, allowed_special="all")
        assert (stable, completions) == (wanted[0], sorted(wanted[1])), text
        data = text.encode()[:-1] + rng.randbytes(2)
        assert mine._encode_bytes(data) == theirs._encode_bytes(data)


def test_names_of_models():
    import tiktoken.model
    from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

    assert tiktoken.model.MODEL_TO_ENCODING == model.MODEL_TO_ENCODING
    assert tiktoken.model.MODEL_PREFIX_TO_ENCODING == model.MODEL_PREFIX_TO_ENCODING
    assert set(ENCODING_CONSTRUCTORS) == set(ours.list_encoding_names())


def test_o200k_harmony_has_all_its_special_tokens():
    from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

    from fastseq.text.tiktoken_file import ENCODINGS

    source = ENCODING_CONSTRUCTORS["o200k_harmony"].__globals__
    held = source["load_tiktoken_bpe"]
    source["load_tiktoken_bpe"] = lambda *_, **__: {}
    try:
        facts = {name: ENCODING_CONSTRUCTORS[name]() for name in ENCODINGS if name != "gpt2"}
    finally:
        source["load_tiktoken_bpe"] = held
    for name, fact in facts.items():
        assert ENCODINGS[name].special_tokens == fact["special_tokens"], name


@pytest.fixture
def swapped(monkeypatch):
    """Ours in place of tiktoken for whatever is imported then."""
    modules = {
        "tiktoken": ours,
        "tiktoken.load": load,
        "tiktoken.model": model,
        "tiktoken.registry": registry,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def fresh(monkeypatch, name):
    """A module imported anew."""
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)
    return module


def test_whisper(monkeypatch, request):
    # the package itself imports torch and audio libraries; its tokenizer is one file
    package = ModuleType("whisper")
    package.__path__ = [str(folder_of("whisper"))]
    monkeypatch.setitem(sys.modules, "whisper", package)
    theirs = fresh(monkeypatch, "whisper.tokenizer")
    request.getfixturevalue("swapped")
    mine = fresh(monkeypatch, "whisper.tokenizer")
    for multilingual, options in (
        (False, {}),
        (True, {"language": "de", "task": "translate"}),
        (True, {"language": "ja"}),
    ):
        a, b = (module.get_tokenizer(multilingual, **options) for module in (mine, theirs))
        assert isinstance(a.encoding, ours.Encoding)
        assert not isinstance(b.encoding, ours.Encoding)
        for name in ("sot_sequence", "special_tokens", "non_speech_tokens", "timestamp_begin"):
            assert getattr(a, name) == getattr(b, name), name
        assert sorted(a.all_language_tokens) == sorted(b.all_language_tokens)  # theirs is the order of a set
        for text in TEXTS[:3]:
            ids = a.encode(text)
            assert ids == b.encode(text)
            assert a.split_to_word_tokens(ids) == b.split_to_word_tokens(ids)
            stamped = [*a.sot_sequence, a.timestamp_begin, *ids[:20], a.timestamp_begin + 50, a.eot]
            assert a.decode(stamped) == b.decode(stamped)
            assert a.decode_with_timestamps(stamped) == b.decode_with_timestamps(stamped)


def test_litellm(monkeypatch):
    """Its counter of tokens: functions over `tiktoken`, in a module that imports the whole package."""
    import tiktoken

    source = (folder_of("litellm") / "litellm_core_utils" / "token_counter.py").read_text("utf-8")
    start = source.index("def _get_count_function(")
    functions = source[start : source.index("\ndef _count_image_tokens(")]
    monkeypatch.setitem(
        sys.modules,
        "litellm.utils",
        SimpleNamespace(print_verbose=print, _select_tokenizer=lambda model: {"type": "openai_tokenizer"}),
    )

    def counter(library):
        scope = {
            "tiktoken": library,
            "default_encoding": library.get_encoding("cl100k_base"),
            "litellm": SimpleNamespace(azure_llms={}, open_ai_chat_completion_models=["gpt-4"]),
        }
        exec("from __future__ import annotations\n" + functions, scope)
        return scope["_get_count_function"]

    for text in TEXTS[:4]:
        for name in ("gpt-4", "some-other-model", None):
            assert counter(ours)(name)(text) == counter(tiktoken)(name)(text)
