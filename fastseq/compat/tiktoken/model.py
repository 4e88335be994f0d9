"""Encodings by the name of a model."""

from __future__ import annotations

from fastseq.compat.tiktoken.core import Encoding
from fastseq.compat.tiktoken.registry import get_encoding

_BY_PREFIX = {
    "o200k_base": "o1- o3- o4-mini- gpt-5 gpt-4.5- gpt-4.1- chatgpt-4o- gpt-4o-",
    "cl100k_base": "gpt-4- gpt-3.5-turbo- gpt-35-turbo-",
    "o200k_harmony": "gpt-oss-",
}
_TUNED = {
    "ft:gpt-4o": "o200k_base",
    "ft:gpt-4": "cl100k_base",
    "ft:gpt-3.5-turbo": "cl100k_base",
    "ft:davinci-002": "cl100k_base",
    "ft:babbage-002": "cl100k_base",
}
_BY_NAME = {
    "o200k_base": "o1 o3 o4-mini gpt-5 gpt-4.1 gpt-4o",
    "cl100k_base": "gpt-4 gpt-3.5-turbo gpt-3.5 gpt-35-turbo davinci-002 babbage-002"
    " text-embedding-ada-002 text-embedding-3-small text-embedding-3-large",
    "p50k_base": "text-davinci-003 text-davinci-002 code-davinci-002 code-davinci-001 code-cushman-002"
    " code-cushman-001 davinci-codex cushman-codex",
    "p50k_edit": "text-davinci-edit-001 code-davinci-edit-001",
    "r50k_base": "text-davinci-001 text-curie-001 text-babbage-001 text-ada-001 davinci curie babbage ada"
    " text-similarity-davinci-001 text-similarity-curie-001 text-similarity-babbage-001"
    " text-similarity-ada-001 text-search-davinci-doc-001 text-search-curie-doc-001"
    " text-search-babbage-doc-001 text-search-ada-doc-001 code-search-babbage-code-001"
    " code-search-ada-code-001",
    "gpt2": "gpt2 gpt-2",
}

MODEL_TO_ENCODING = {model: name for name, models in _BY_NAME.items() for model in models.split()}
"""Model -> encoding."""

MODEL_PREFIX_TO_ENCODING = {
    **{prefix: name for name, prefixes in _BY_PREFIX.items() for prefix in prefixes.split()},
    **_TUNED,
}
"""How the names of further models begin -> encoding."""


def encoding_name_for_model(model_name: str) -> str:
    """The encoding of a model; `KeyError` when it is not known."""
    if model_name in MODEL_TO_ENCODING:
        return MODEL_TO_ENCODING[model_name]
    for prefix, name in MODEL_PREFIX_TO_ENCODING.items():
        if model_name.startswith(prefix):
            return name
    raise KeyError(
        f"Could not automatically map {model_name} to a tokeniser. "
        "Please use `tiktoken.get_encoding` to explicitly get the tokeniser you expect."
    )


def encoding_for_model(model_name: str) -> Encoding:
    """The encoding of a model. See `encoding_name_for_model` and `get_encoding`."""
    return get_encoding(encoding_name_for_model(model_name))
