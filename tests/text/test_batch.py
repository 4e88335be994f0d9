"""Many encoded texts in one array."""

import numpy as np
import pytest

from fastseq.errors import ArgumentError
from fastseq.text import Batch
from fastseq.text.bpe import from_ranks
from tests.text import toy

TOKENIZER = from_ranks(toy.ranks_bytes(), "cl100k", {})
TEXTS = ["the tokenizer", "", "größer 1234 😀", "中文"]
BATCH = TOKENIZER.encode_batch(TEXTS, spans="characters")
LISTS = [TOKENIZER.encode(text) for text in TEXTS]


def test_ids_are_held_once():
    assert BATCH.ids.flags.owndata
    assert BATCH[0].base is BATCH.ids
    assert BATCH[1:].ids.base is BATCH.ids


def test_lists_and_slices():
    assert BATCH.tolist() == LISTS
    assert [ids.tolist() for ids in BATCH] == LISTS
    for part in (
        slice(1, 3),
        slice(None),
        slice(-1, None),
        slice(3, 1),
        slice(None, None, -1),
        slice(0, 9, 2),
    ):
        found = BATCH[part]
        assert found.tolist() == LISTS[part]
        wanted = TOKENIZER.encode_batch(TEXTS[part], spans="characters")
        assert found.spans.tolist() == wanted.spans.tolist()
        assert found.offsets.tolist() == wanted.offsets.tolist()
    assert BATCH[-1].tolist() == LISTS[-1]
    for wrong in (4, -5):
        with pytest.raises(IndexError):
            BATCH[wrong]


def test_concatenated():
    plain = TOKENIZER.encode_batch(TEXTS)
    both = Batch.concatenated([BATCH, BATCH[:2]])
    assert both.tolist() == LISTS + LISTS[:2]
    assert both.spans.tolist() == BATCH.spans.tolist() + BATCH[:2].spans.tolist()
    assert Batch.concatenated([BATCH, plain]).spans is None
    assert Batch.concatenated([]).tolist() == []


def test_padded_and_its_mask():
    for side in ("right", "left"):
        padded, mask = BATCH.padded(-1, side), BATCH.mask(side)
        assert padded.shape == mask.shape == (4, max(map(len, LISTS)))
        assert (padded != -1).tolist() == mask.tolist()
        assert [row[taken].tolist() for row, taken in zip(padded, mask, strict=True)] == LISTS
    assert BATCH.mask(length=40).sum(1).tolist() == list(map(len, LISTS))


def test_places_of_tokens():
    for place, text in enumerate(TEXTS):
        spans = TOKENIZER.offsets(text)
        for token, span in enumerate(spans):
            assert BATCH.token_to_chars(place, token) == TOKENIZER.token_to_chars(text, token) == span
        for char in range(len(text)):
            token = BATCH.char_to_token(place, char)
            assert token == TOKENIZER.char_to_token(text, char)
            begin, end = spans[token]
            assert begin <= char < end
            assert all(not (b <= char < e) for b, e in spans[:token])
        assert BATCH.char_to_token(place, len(text)) is None
    assert TOKENIZER.char_to_token("größer", 3, unit="bytes") == TOKENIZER.char_to_token("größer", 2)
    with pytest.raises(IndexError):
        BATCH.token_to_chars(1, 0)
    with pytest.raises(IndexError):
        TOKENIZER.token_to_chars("", 0)
    with pytest.raises(ArgumentError, match="no places"):
        TOKENIZER.encode_batch(TEXTS).char_to_token(0, 0)


def test_what_a_batch_holds_is_its_arrays():
    """Of Python's memory 4 bytes an id; what threads fill, another 4, goes as the result is put together."""
    import tracemalloc

    texts = ["the tokenizer reads the text " * 20] * 2000
    tracemalloc.start()
    batch = TOKENIZER.encode_batch(texts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert batch.ids.nbytes == 4 * len(batch.ids)
    assert peak < 5 * len(batch.ids) + 100 * len(texts)
    assert np.array_equal(batch[7], batch[0])
