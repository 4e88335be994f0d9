"""What is given to an encoder of tokenizers: texts or their words, one or two; and how much of two stays."""

from __future__ import annotations

from typing import Any

Text = str | list[str] | tuple[str, ...]
"""A text, or its words."""
Input = Any
"""A Text, or two."""


def texts_of(input: Input) -> list[tuple[str, ...]]:
    """A text or two."""
    texts = [input] if isinstance(input, str) else list(input)
    if not (1 <= len(texts) <= 2 and all(isinstance(text, str) for text in texts)):
        raise TypeError(
            "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]"
        )
    return [(text,) for text in texts]


def words_of(input: Input) -> list[tuple[str, ...]]:
    """The words of a text, or of two."""
    given = [] if isinstance(input, str) else list(input)
    if given and all(isinstance(word, str) for word in given):
        return [tuple(given)]
    texts = [tuple(text) for text in given if isinstance(text, list | tuple)]
    words = [word for text in texts for word in text]
    if (
        not len(texts) == len(given) <= 2
        or isinstance(input, str)
        or not all(isinstance(x, str) for x in words)
    ):
        raise TypeError(
            "PreTokenizedEncodeInput must be Union[PreTokenizedInputSequence, "
            "Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence]]"
        )
    return texts or [()]


def tokens_of(tokens: Any) -> list[Any]:
    """Tokens to add."""
    if isinstance(tokens, str):
        raise TypeError("'str' object is not an instance of 'list'")
    return list(tokens)


def shortened(lengths: list[int], room: int, strategy: str) -> list[int]:
    """How many tokens of each text stay, of so many in all; `ValueError` where the strategy leaves none."""
    if room == 0:
        return [0] * len(lengths)
    if len(lengths) == 1:
        if strategy == "OnlySecond":
            raise ValueError("Truncation error: Second sequence not provided")
        return [min(lengths[0], room)]
    first, second = lengths
    if strategy != "LongestFirst":
        other = second if strategy == "OnlyFirst" else first
        if room <= other:
            raise ValueError(
                "Truncation error: Sequence to truncate too short to respect the provided max_length"
            )
        return [room - second, second] if strategy == "OnlyFirst" else [first, room - first]
    short, long = sorted(lengths)
    long = short if short > room else max(short, room - short)
    if short + long > room:
        short = room // 2
        long = short + room % 2
    return [long, short] if first > second else [short, long]
