"""Small vocabularies of every kind for tokenizer.json, and texts, for the tests of the pipeline."""

import itertools
import unicodedata

from tests.text import toy

SPACE = "\u2581"
WORDS = toy.TEXT.split()

ALPHABET = sorted({c for word in WORDS for c in word})
SUBWORDS = sorted(
    {word[i:j] for word in WORDS for i in range(len(word)) for j in range(i + 2, min(i + 6, len(word)) + 1)}
)
"""Parts of the words, of 2 to 6 characters."""


def wordpiece(**changes):
    lower = sorted({unicodedata.normalize("NFD", word.lower()) for word in WORDS})
    heads = sorted(set("".join(lower)) | {word[:3] for word in lower} | set(lower[::2]))
    tails = sorted({f"##{c}" for c in "".join(lower)[::3]} | {f"##{word[-2:]}" for word in lower})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *heads, *tails]
    return {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 20,
        "vocab": {token: id for id, token in enumerate(tokens)},
        **changes,
    }


def wordlevel(**changes):
    tokens = ["<unk>", *sorted(set(WORDS[::2])), *ALPHABET[::2]]
    vocab = {token: id for id, token in enumerate(dict.fromkeys(tokens))}
    return {"type": "WordLevel", "unk_token": "<unk>", "vocab": vocab, **changes}


def unigram(byte_fallback=False, **changes):
    bytes_ = [[f"<0x{byte:02X}>", -9.5 - byte / 512] for byte in range(256)] if byte_fallback else []
    pieces = dict.fromkeys([SPACE, *ALPHABET[::2], *SUBWORDS[::3], *(SPACE + word for word in SUBWORDS[::5])])
    scored = [[piece, -8.0 + len(piece) * 0.75 - (i % 17) / 7] for i, piece in enumerate(pieces)]
    vocab = [["<unk>", 0.0], *bytes_, *scored]
    return {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": byte_fallback, **changes}


def bpe(byte_fallback=False, prefix=None, suffix=None, space=SPACE, **changes):
    """Merges of the pairs in the words, found by joining neighbours again and again."""
    prefix_, suffix_ = prefix or "", suffix or ""

    def spell(word):
        parts = [prefix_ * (i > 0) + c for i, c in enumerate(word)]
        parts[-1] += suffix_
        return parts

    corpus = [spell(space + word) for word in sorted(set(WORDS))]
    letters = sorted({part for word in corpus for part in word})
    vocab = ["<unk>", *[f"<0x{byte:02X}>" for byte in range(256) if byte_fallback], *letters]
    merges = []
    for _ in range(150):
        pairs = {}
        for word in corpus:
            for pair in itertools.pairwise(word):
                pairs[pair] = pairs.get(pair, 0) + 1
        (left, right), most = max(pairs.items(), key=lambda item: (item[1], item[0]))
        if most < 2:
            break
        made = left + right[len(prefix_) :]
        merges.append([left, right])
        vocab.append(made)
        corpus = [_merged(word, left, right, made) for word in corpus]
    return {
        "type": "BPE",
        "unk_token": "<unk>",
        "fuse_unk": True,
        "byte_fallback": byte_fallback,
        "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix,
        "vocab": {token: id for id, token in enumerate(dict.fromkeys(vocab))},
        "merges": merges,
        **changes,
    }


def _merged(word, left, right, made):
    out, i = [], 0
    while i < len(word):
        if word[i : i + 2] == [left, right]:
            out.append(made)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def content(model, **parts):
    """A tokenizer.json."""
    base = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
    }
    return {**base, **parts, "model": model}


def bert(model=None, **parts):
    """One like BERT's."""
    parts = {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "added_tokens": [toy.added(name, id) for id, name in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]"))],
        **parts,
    }
    return content(model or wordpiece(), **parts)


def metaspace(scheme="always", split=True):
    return {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": split}


def llama(**model):
    """One like Llama 2's."""
    return content(
        bpe(byte_fallback=True, **model),
        normalizer={
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": SPACE},
                {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
            ],
        },
        decoder={
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        added_tokens=[toy.added("<unk>", 0)],
    )


def kinds():
    """Name -> content, of every kind of model with what usually goes with it."""
    split = {"type": "WhitespaceSplit"}
    both = {"type": "Sequence", "pretokenizers": [split, metaspace()]}
    added = [toy.added("<unk>", 0)]
    gemma = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    by_previous = {
        "type": "Split",
        "pattern": {"String": " "},
        "behavior": "MergedWithPrevious",
        "invert": False,
    }
    return {
        "bert": bert(),
        "bert, cased": bert(
            normalizer={
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": False,
                "strip_accents": False,
                "lowercase": False,
            }
        ),
        "wordpiece, plain": content(wordpiece(), pre_tokenizer={"type": "Whitespace"}),
        "words": content(wordlevel(), pre_tokenizer=split, added_tokens=added),
        "t5": content(unigram(), pre_tokenizer=metaspace(), added_tokens=added, decoder=metaspace()),
        "t5, older": content(unigram(), pre_tokenizer=both, added_tokens=added),
        "unigram, bytes": content(
            unigram(byte_fallback=True), pre_tokenizer=metaspace("first"), added_tokens=added
        ),
        "unigram, whole": content(unigram(), pre_tokenizer=metaspace(split=False), added_tokens=added),
        "llama": llama(),
        "llama, never fused": llama(fuse_unk=False),
        "mistral": content(
            bpe(byte_fallback=True), pre_tokenizer=metaspace("first", False), added_tokens=added
        ),
        "gemma": content(
            bpe(byte_fallback=True), normalizer=gemma, pre_tokenizer=by_previous, added_tokens=added
        ),
        "ignore merges": content(bpe(ignore_merges=True), pre_tokenizer=metaspace(), added_tokens=added),
        "bpe, unknown": content(bpe(fuse_unk=False), pre_tokenizer=metaspace(), added_tokens=added),
        "bpe, prefix": content(bpe(prefix="##", space=""), pre_tokenizer=split, added_tokens=added),
        "bpe, suffix": content(
            bpe(suffix="</w>", space=""),
            pre_tokenizer={"type": "Whitespace"},
            added_tokens=added,
            decoder={"type": "BPEDecoder", "suffix": "</w>"},
        ),
    }
