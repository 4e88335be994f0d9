"""The interface of the tokenizers library: the same names, arguments and results.

from fastseq.compat.tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
encoding = tokenizer.encode("Hello, world!")
encoding.ids, encoding.tokens, encoding.offsets
"""

from fastseq.compat.tokenizers.added import AddedToken
from fastseq.compat.tokenizers.encoding import Encoding
from fastseq.compat.tokenizers.tokenizer import Tokenizer

__all__ = ["AddedToken", "Encoding", "Tokenizer"]
