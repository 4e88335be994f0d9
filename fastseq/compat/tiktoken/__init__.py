"""tiktoken's interface: the same names, arguments, results and exceptions.

    import fastseq.compat.tiktoken as tiktoken

    encoding = tiktoken.get_encoding("cl100k_base")
    encoding.encode("hello world")

Nothing is downloaded: see `get_encoding`.
"""

from fastseq.compat.tiktoken.core import Encoding
from fastseq.compat.tiktoken.model import encoding_for_model, encoding_name_for_model
from fastseq.compat.tiktoken.registry import get_encoding, list_encoding_names

__all__ = [
    "Encoding",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
]
