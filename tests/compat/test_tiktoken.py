"""tiktoken's interface, on a vocabulary of ours."""

import hashlib
import pickle

import pytest

import fastseq
from fastseq.compat import tiktoken
from fastseq.compat.tiktoken import load, model, registry
from fastseq.errors import ArgumentError, FormatError
from fastseq.text.patterns import GPT2
from fastseq.text.tiktoken_file import ENCODINGS
from tests.reference.bpe import merge
from tests.text import toy

RANKS = toy.ranks()
END, NEXT = "<|endoftext|>", "<|next|>"
SPECIAL = {END: 1000, NEXT: 1001}
ENCODING = tiktoken.Encoding("toy", pat_str=GPT2, mergeable_ranks=RANKS, special_tokens=SPECIAL)
TOKENIZER = ENCODING._tokenizer


@pytest.mark.parametrize("text", toy.SAMPLES)
def test_ids_and_back(text):
    ids = ENCODING.encode_ordinary(text)
    assert ids == TOKENIZER.encode(text) == ENCODING.encode(text)
    assert ENCODING.encode_to_numpy(text).tolist() == ids
    assert (
        ENCODING.encode_batch([text, "", text])
        == ENCODING.encode_ordinary_batch([text, "", text])
        == [ids, [], ids]
    )
    assert ENCODING.decode(ids) == text
    assert ENCODING.decode_batch([ids, []]) == [text, ""]
    assert ENCODING.decode_bytes_batch([ids]) == [text.encode()]
    pieces = ENCODING.decode_tokens_bytes(ids)
    assert b"".join(pieces) == text.encode()
    assert [ENCODING.encode_single_token(piece) for piece in pieces] == ids
    whole, offsets = ENCODING.decode_with_offsets(ids)
    assert whole == text
    assert offsets == [begin for begin, _ in TOKENIZER.offsets(text)]


def test_special_tokens():
    text = f"the {END}{NEXT} end"
    parts = [*ENCODING.encode("the "), 1000, 1001, *ENCODING.encode(" end")]
    assert ENCODING.encode(text, allowed_special="all") == parts
    assert ENCODING.encode_batch([text], allowed_special="all") == [parts]
    assert ENCODING.encode_to_numpy(text, allowed_special="all").tolist() == parts
    assert ENCODING.encode(text, disallowed_special=()) == ENCODING.encode_ordinary(text)
    for encode in (ENCODING.encode, lambda text, **options: ENCODING.encode_batch(["a", text], **options)):
        with pytest.raises(ValueError, match=r"disallowed special token '<\|endoftext\|>'.\nIf you want"):
            encode(text)
        with pytest.raises(ValueError, match=r"'<\|next\|>'"):
            encode(text, allowed_special={END})
        with pytest.raises(ValueError, match="'end'"):
            encode(text, allowed_special="all", disallowed_special={"end"})
    assert ENCODING.is_special_token(1000)
    assert not ENCODING.is_special_token(5)
    assert ENCODING.encode_single_token(END) == ENCODING.eot_token == 1000
    assert (ENCODING.n_vocab, ENCODING.max_token_value) == (1002, 1001)
    assert ENCODING.special_tokens_set == {END, NEXT}
    assert ENCODING.decode([1000]) == END


def test_special_tokens_that_overlap_are_looked_for_one_by_one():
    odd = tiktoken.Encoding(
        "odd", pat_str=GPT2, mergeable_ranks=RANKS, special_tokens={"<<end": 1000, "end": 1001}
    )
    assert odd.encode("<<end", allowed_special={"<<end"}, disallowed_special=()) == [1000]
    with pytest.raises(ValueError, match="'end'"):
        odd.encode("<<end", allowed_special={"<<end"})


def test_surrogates_are_replaced():
    assert ENCODING.encode("a\ud83d\ude00\ud800") == ENCODING.encode("a\U0001f600\ufffd")
    assert ENCODING.encode_batch(["\ud800"]) == [ENCODING.encode_ordinary("\ufffd")]
    with pytest.raises(ValueError, match="disallowed special token"):
        ENCODING.encode(f"\ud800{END}")


def test_ids_that_are_none():
    for wrong in (None, 1.0, "a"):
        with pytest.raises(TypeError):
            ENCODING.decode_single_token_bytes(wrong)
    for call in (ENCODING.decode, ENCODING.decode_bytes, ENCODING.decode_tokens_bytes):
        with pytest.raises(KeyError):
            call([5, 999])
    with pytest.raises(KeyError):
        ENCODING.encode_single_token("no such token")


@pytest.mark.parametrize("text", ["", "the", "the tex", f"the{END}", f"{END}a \n", "caf\u00e9 \u00fc", "a  "])
def test_what_a_text_may_go_on_with(text):
    stable, completions = ENCODING.encode_with_unstable(text, allowed_special="all")
    held = ENCODING.decode_bytes(stable)
    assert text.encode().startswith(held)
    assert ENCODING.encode(text, allowed_special="all")[: len(stable)] == stable
    assert completions == sorted(completions)
    assert bool(completions) == (held != text.encode())
    for ids in completions:
        assert (held + ENCODING.decode_bytes(ids)).startswith(text.encode())
        assert not ENCODING.decode_bytes([*stable, *ids[:-1]]).startswith(text.encode())
    with pytest.raises(ValueError, match="disallowed special token"):
        ENCODING.encode_with_unstable(END)


@pytest.mark.parametrize("data", [b"", b"the\xff", b"\xf1the text\x80", "caf\u00e9".encode()[:-1]])
def test_bytes_that_are_no_text(data):
    assert ENCODING.decode_bytes(ENCODING._encode_bytes(data)) == data
    ranks = RANKS.get
    parts = merge([bytes([b]) for b in data], lambda a, b: ranks(a + b))
    assert ENCODING._encode_single_piece(data) == [RANKS[part] for part in parts]


def test_parts_of_an_encoding_make_another():
    more = tiktoken.Encoding(
        "more",
        pat_str=ENCODING._pat_str,
        mergeable_ranks=ENCODING._mergeable_ranks,
        special_tokens={**ENCODING._special_tokens, "<|more|>": 1002},
    )
    assert more.encode("the<|more|>", allowed_special="all") == [*ENCODING.encode("the"), 1002]
    again = pickle.loads(pickle.dumps(ENCODING))
    assert (again.name, again.encode(toy.TEXT)) == ("toy", ENCODING.encode(toy.TEXT))
    assert ENCODING.token_byte_values() == sorted(RANKS)
    rank_of = RANKS.get
    parts = merge([bytes([b]) for b in b"the text"], lambda a, b: rank_of(a + b))
    assert ENCODING._encode_single_piece("the text") == [RANKS[part] for part in parts]
    with pytest.raises(ValueError, match="explicit_n_vocab"):
        tiktoken.Encoding(
            "x", pat_str=GPT2, mergeable_ranks=RANKS, special_tokens={}, explicit_n_vocab=len(RANKS) + 1
        )


def test_models():
    assert tiktoken.encoding_name_for_model("gpt-4o-2024-05-13") == "o200k_base"
    assert tiktoken.encoding_name_for_model("gpt-4-0314") == "cl100k_base"
    assert model.MODEL_TO_ENCODING["davinci"] == "r50k_base"
    with pytest.raises(KeyError):
        tiktoken.encoding_for_model("no-such-model")
    assert set(tiktoken.list_encoding_names()) == set(ENCODINGS)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of tiktoken that has our vocabulary as cl100k_base."""
    ranks = toy.ranks_bytes()
    known = registry._File("cl100k_base", hashlib.sha256(ranks).hexdigest())
    monkeypatch.setitem(registry._FILES, "cl100k_base", known)
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["cl100k_base.tiktoken", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"])
def test_files_are_found_where_tiktoken_keeps_them(folder, name):
    with pytest.raises(ValueError, match="no file of this encoding"):
        tiktoken.get_encoding("cl100k_base")
    (folder / name).write_bytes(toy.ranks_bytes())
    found = tiktoken.encoding_for_model("gpt-4")
    assert found is tiktoken.get_encoding("cl100k_base")
    assert found.encode(toy.TEXT) == fastseq.Tokenizer.load(folder / name, encoding="cl100k_base").encode(
        toy.TEXT
    )
    assert load.load_tiktoken_bpe(str(folder / name)) == found._mergeable_ranks == RANKS


def test_wrong_files(folder):
    (folder / "o200k_base.tiktoken").write_bytes(toy.ranks_bytes())
    with pytest.raises(ValueError, match="another file than the published one"):
        tiktoken.get_encoding("o200k_base")
    with pytest.raises(ValueError, match="unknown encoding"):
        tiktoken.get_encoding("none")
    with pytest.raises(ValueError, match="Expected a string"):
        tiktoken.get_encoding(3)
    (folder / "bad").write_bytes(b"YQ==\n")
    with pytest.raises(FormatError, match="line 1"):
        load.load_tiktoken_bpe(str(folder / "bad"))
    with pytest.raises(ArgumentError, match="not in the cache"):
        load.load_tiktoken_bpe("https://example.org/x.tiktoken")
