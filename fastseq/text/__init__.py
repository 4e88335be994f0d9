"""Text to ids and back: vocabularies and tokenizers."""

from fastseq._core.native import unicode_version
from fastseq.text.batch import Batch
from fastseq.text.characters import CharTokenizer
from fastseq.text.sentences import SentenceSplitter
from fastseq.text.tokenizer import Tokenizer
from fastseq.text.vocabulary import Vocabulary
from fastseq.text.words import WordTokenizer

UNICODE_VERSION = unicode_version()
"""Of the tables behind lower-casing, filters and word boundaries."""

__all__ = [
    "UNICODE_VERSION",
    "Batch",
    "CharTokenizer",
    "SentenceSplitter",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
]
