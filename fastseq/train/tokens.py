"""The tokenizers of a network: the same for its training and for the model it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastseq.text import CharTokenizer, Tokenizer, Vocabulary, WordTokenizer
from fastseq.train.recipe import Recipe

PAD, UNKNOWN = "<pad>", "<unk>"
BOS, EOS = "<s>", "</s>"
SPECIALS = (PAD, UNKNOWN, BOS, EOS)

Vocabularies = Mapping[str, Sequence[str]]  # by side, tokens in the order of their ids


def source_tokenizer(recipe: Recipe, tokens: Sequence[str]) -> Tokenizer:
    """What a network reads: ``</s>`` ends the source of a seq2seq, ``<s>`` starts a language model's text."""
    data = recipe.data
    prepend = [BOS] if recipe.task == "language_model" else []
    append = [EOS] if recipe.task == "seq2seq" else []
    return _tokenizer(data.level, tokens, data.lowercase, prepend, append)


def target_tokenizer(recipe: Recipe, tokens: Sequence[str]) -> Tokenizer:
    """What a seq2seq network writes, with no token added."""
    return _tokenizer(recipe.data.target_level, tokens, False, [], [])


def _tokenizer(
    level: str, tokens: Sequence[str], lowercase: bool, prepend: list[str], append: list[str]
) -> Tokenizer:
    specials = [token for token in SPECIALS if token in tokens]
    vocabulary = Vocabulary.from_tokens(tokens, unknown=UNKNOWN, specials=specials)
    if level == "characters":
        return CharTokenizer(vocabulary, lowercase=lowercase, prepend=prepend, append=append)
    return WordTokenizer(vocabulary, split="whitespace", lowercase=lowercase, prepend=prepend, append=append)
