"""A small vocabulary for tests, trained on what is written here."""

import json
from functools import cache

from tests.reference.bpe import ranks_file, spelled, train

TEXT = (
    """The tokenizer reads the text, cuts it into pieces, and gives each piece its tokens. It doesn't look
back: what's before a piece can't change what's behind it. They're words, numbers like 1234 and 56789, signs
== != // -> :: and white space.

    def encode(self, text: str) -> list[int]:
        for piece in self.pieces(text):
            yield from self.tokens(piece)  # "merge" until nothing merges

Il était une fois à l'école, où l'élève épelait; größer, schöner, weißer.
Слова, слово за словом, и слова слов.
中文的文字。中文文字。日本語の文字とかな。 한국어 한글. हिन्दी में शब्द। 😀😀👩👩 aaaaaaaaaaaaaaaa bababababababa
"""
    * 2
)

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

SAMPLES = (
    "",
    " ",
    "the text doesn't 12345 look\n\n  back  ",
    "größer élève Слова 中文字 हिन्दी 😀👩‍💻 \u0000\u2028",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bababababab tokenizertokenizertokenizer",
    TEXT,
)


@cache
def trained(rule="cl100k", count=400):
    """(vocab: bytes -> id, merges: (left, right) -> rank)."""
    return train(TEXT, rule, count)


@cache
def ranks():
    """The vocabulary in the order of its ids, which are its ranks."""
    return trained()[0]


@cache
def ranks_bytes():
    return ranks_file(ranks())


def tokenizer_json(rule="gpt2", **changes):
    """The content of a tokenizer.json; `changes` replace parts of it, `model_...` parts of its model."""
    vocab, merges = trained()
    model = {
        "type": "BPE",
        "vocab": {spelled(token): id for token, id in vocab.items()},
        "merges": [f"{spelled(a)} {spelled(b)}" for a, b in merges],
    }
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": BYTE_LEVEL,
        "post_processor": None,
        "decoder": BYTE_LEVEL,
        "model": model,
    }
    model.update({key[6:]: value for key, value in changes.items() if key.startswith("model_")})
    content.update({key: value for key, value in changes.items() if not key.startswith("model_")})
    return content


def write_json(folder, **changes):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(tokenizer_json(**changes), ensure_ascii=False), encoding="utf-8")
    return path


def added(text, id, **flags):
    """An entry of added_tokens."""
    return {
        "id": id,
        "content": text,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
        **flags,
    }
