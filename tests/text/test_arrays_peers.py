"""Texts in the arrays of pyarrow and polars."""

import numpy as np
import pytest

from fastseq.errors import ArgumentTypeError
from fastseq.text.bpe import from_ranks
from tests.text import toy

pytestmark = pytest.mark.peers

TEXTS = ["the tokenizer", "", "größer, größer 1234", "中文的文字", "a\0b", "thirteen byte", "x" * 1000] * 50
TOKENIZER = from_ranks(toy.ranks_bytes(), "cl100k", {})


def check(texts, wanted):
    found, wanted = TOKENIZER.encode_batch(texts), TOKENIZER.encode_batch(wanted)
    assert found.ids.tolist() == wanted.ids.tolist()
    assert found.offsets.tolist() == wanted.offsets.tolist()


@pytest.mark.parametrize(
    "name", ["string", "large_string", "string_view", "binary", "large_binary", "binary_view"]
)
def test_pyarrow(name):
    import pyarrow as pa

    of_type = getattr(pa, name)()
    texts = [text.encode() for text in TEXTS] if "binary" in name else TEXTS
    array = pa.array(texts, of_type)
    check(array, texts)
    check(array[7:-9], texts[7:-9])
    check(pa.chunked_array([array[:3], array[:0], array[3:]]), texts)
    check(pa.table({"text": array})["text"], texts)
    with pytest.raises(ArgumentTypeError, match=r"texts\[1\].*null"):
        TOKENIZER.encode_batch(pa.array([*texts[:1], None], of_type))
    for other in (
        pa.array([1]),
        pa.table({"text": array}),
        array.cast(pa.large_string()).dictionary_encode(),
    ):
        with pytest.raises(ArgumentTypeError, match="not an array of texts"):
            TOKENIZER.encode_batch(other)


def test_polars():
    import polars as pl

    series = pl.Series(TEXTS)
    check(series, TEXTS)
    check(series[5:40], TEXTS[5:40])
    check(pl.concat([series, series]), TEXTS + TEXTS)
    check(pl.DataFrame({"text": series})["text"].to_numpy(), TEXTS)
    for other in (pl.Series([1.5]), series.cast(pl.Categorical)):
        with pytest.raises(ArgumentTypeError, match="not an array of texts"):
            TOKENIZER.encode_batch(other)


def test_numbers_of_numpy_are_no_texts():
    with pytest.raises(ArgumentTypeError):
        TOKENIZER.encode_batch(np.arange(3))
