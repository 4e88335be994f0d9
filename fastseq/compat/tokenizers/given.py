"""The texts of an encoding: places and words of their tokens, found out once they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from fastseq.compat.tokenizers.encoding import Span
from fastseq.compat.tokenizers.processing import Processing, trimmed
from fastseq.text import tokenizer_json
from fastseq.text.bpe import BpeTokenizer

Placed = tuple[int, Span]
"""An id and its place."""


class Asked:
    """How the texts of one call were encoded."""

    def __init__(
        self,
        tokenizer: Any,
        content: dict[str, Any],
        processing: Processing,
        allowed: Any,
        token_of: Callable[[int], str],
        unknown: int,
    ) -> None:
        self.tokenizer, self.processing, self.allowed = tokenizer, processing, allowed
        self.token_of, self.unknown, self._content = token_of, unknown, content

    def places(self, text: str) -> list[Placed]:
        """The tokens of a text and where they are, in characters."""
        batch = self.tokenizer.encode_batch([text], spans="characters", allowed_special=self.allowed)
        spans: list[Span] = [(begin, end) for begin, end in batch.spans.tolist()]
        if not isinstance(self.tokenizer, BpeTokenizer):
            # a space put before a text has the place of the character behind it
            size = len(text)
            spans = [(begin, end if begin < end else min(begin + 1, size)) for begin, end in spans]
        return list(zip(batch.ids.tolist(), spans, strict=True))

    def trimmed(self, placed: list[Placed]) -> list[Span]:
        """Their places, as the post-processor leaves them."""
        spans = [span for _, span in placed]
        if not self.processing.trims:
            return spans
        return trimmed(spans, [self.token_of(id) for id, _ in placed], self.processing.prefix_space)

    def words(self, text: str) -> list[int]:
        """Which word of a text each token is of."""
        batch = self._as_cut.encode_batch([text], spans="words", allowed_special=self.allowed)
        return [begin for begin, _ in batch.spans.tolist()]

    @cached_property
    def _as_cut(self) -> Any:
        """The same, whose words are those that the pre-tokenizer cuts."""
        if isinstance(self.tokenizer, BpeTokenizer) or self._content["model"].get("type") != "BPE":
            return self.tokenizer
        return tokenizer_json.from_json({**self._content, "post_processor": None}, as_cut=True)


class Given:
    """A text, or the words that came for one, each of which is a text to the tokenizer."""

    def __init__(self, asked: Asked, texts: Sequence[str], in_words: bool) -> None:
        self._asked, self._texts, self._in_words = asked, texts, in_words
        self.unknown = asked.unknown
        self._known: list[list[Placed]] | None = None
        self._numbers: list[int] | None = None

    def _placed(self) -> list[list[Placed]]:
        """The tokens of each text."""
        if self._known is None:
            self._known = [self._asked.places(text) for text in self._texts]
        return self._known

    def places(self, first: int, last: int) -> list[Span]:
        """Where the tokens are, from one to another, in characters of the text or of their words."""
        return self._asked.trimmed([each for word in self._placed() for each in word][first:last])

    def words(self) -> list[int]:
        """Which word each token is of."""
        if self._numbers is None:
            self._numbers = self._counted()
        return self._numbers

    def _counted(self) -> list[int]:
        if not self._in_words:
            return self._asked.words(self._texts[0])
        return [number for number, word in enumerate(self._placed()) for _ in word]

    def spelled(self, token: int) -> str:
        """The part of the text that a token is."""
        [(begin, end)] = self.places(token, token + 1)
        return self._texts[self.words()[token] if self._in_words else 0][begin:end]
