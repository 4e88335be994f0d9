"""`Encoding`, as tokenizers has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Span = tuple[int, int]


class Source(NamedTuple):
    """One of the texts of an encoding. What is seldom asked for is found out when it is."""

    text: str
    first: int
    """How many of its tokens were cut off before those that are there."""
    cut: bool
    """Whether any were cut off."""
    places: Callable[[str, int, int], list[Span]]
    """Where the tokens of a text are, from one to another, in characters."""
    unknown: int
    """An id whose tokens are spelled as the text has them; -1: none."""


class Row(NamedTuple):
    """A part of an encoding: a text, or tokens that are none."""

    source: int
    """Which text; -1: none."""
    ids: Sequence[int]
    type_id: int
    attention: int = 1
    token: str | None = None
    """How its tokens are spelled, where the vocabulary does not say it."""


class Encoding:
    """The tokens of one text or two, with what was put around them. See `tokenizers.Encoding`."""

    def __init__(
        self, rows: Sequence[Row], sources: Sequence[Source], token_of: Callable[[int], str]
    ) -> None:
        self._rows, self._sources, self._token_of = rows, sources, token_of
        self._length = sum([len(row.ids) for row in rows])
        self._offsets: list[Span] | None = None

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return (
            f"Encoding(num_tokens={len(self)}, attributes=[ids, type_ids, tokens, offsets, attention_mask, "
            "special_tokens_mask, overflowing])"
        )

    @property
    def ids(self) -> list[int]:
        """The ids."""
        made: list[int] = []
        for row in self._rows:
            made += row.ids
        return made

    @property
    def tokens(self) -> list[str]:
        """The tokens, as the vocabulary spells them."""
        return [token for row in self._rows for token in self._tokens(row)]

    def _tokens(self, row: Row) -> list[str]:
        if row.token is not None:
            return [row.token] * len(row.ids)
        tokens = [self._token_of(id) for id in row.ids]
        source = self._sources[row.source]
        if row.source >= 0 and source.unknown in row.ids:
            spans = source.places(source.text, source.first, source.first + len(row.ids))
            for place, (id, (begin, end)) in enumerate(zip(row.ids, spans, strict=True)):
                if id == source.unknown:
                    tokens[place] = source.text[begin:end].replace(" ", "\u2581")
        return tokens

    def _of_rows(self, value_of: Callable[[Row], Any]) -> list[Any]:
        """A value for each token, the same for those of a part."""
        made: list[Any] = []
        for row in self._rows:
            made += [value_of(row)] * len(row.ids)
        return made

    @property
    def type_ids(self) -> list[int]:
        """Which text each is of, as the post-processor numbers them."""
        return self._of_rows(lambda row: row.type_id)

    @property
    def attention_mask(self) -> list[int]:
        """0 for what only fills up."""
        return self._of_rows(lambda row: row.attention)

    @property
    def special_tokens_mask(self) -> list[int]:
        """1 for what is none of the texts."""
        return self._of_rows(lambda row: int(row.source < 0))

    @property
    def sequence_ids(self) -> list[int | None]:
        """Which text each is of; None: of none."""
        return self._of_rows(lambda row: None if row.source < 0 else row.source)

    @property
    def offsets(self) -> list[Span]:
        """Where each is in its text, in characters; (0, 0) for what is in none."""
        if self._offsets is None:
            made: list[Span] = []
            for row in self._rows:
                if row.source < 0:
                    made += [(0, 0)] * len(row.ids)
                else:
                    source = self._sources[row.source]
                    made += source.places(source.text, source.first, source.first + len(row.ids))
            self._offsets = made
        return self._offsets

    @property
    def overflowing(self) -> list[Encoding]:
        """What was cut off, which is not kept; `NotImplementedError` where something was."""
        if any(source.cut for source in self._sources):
            raise NotImplementedError("fastseq.compat.tokenizers: overflowing")
        return []

    @property
    def word_ids(self) -> list[int | None]:
        """Not offered."""
        raise NotImplementedError("fastseq.compat.tokenizers: word_ids")

    words = word_ids

    @property
    def n_sequences(self) -> int:
        """How many texts there are."""
        return len(self._sources)

    def token_to_sequence(self, token_index: int) -> int | None:
        """Which text a token is of."""
        ids = self.sequence_ids
        return ids[token_index] if 0 <= token_index < len(ids) else None

    def token_to_chars(self, token_index: int) -> Span | None:
        """Where a token is in its text; None for one of none."""
        return None if self.token_to_sequence(token_index) is None else self.offsets[token_index]

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The first token of a text that this character is a part of."""
        for token, (sequence, (begin, end)) in enumerate(zip(self.sequence_ids, self.offsets, strict=True)):
            if sequence == sequence_index and begin <= char_pos < end:
                return token
        return None

    def pad(
        self,
        length: int,
        *,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
    ) -> None:
        """Fills it up to a length."""
        missing = length - self._length
        if missing > 0:
            self.fill(Row(-1, [pad_id] * missing, pad_type_id, 0, pad_token), direction == "left")

    def fill(self, row: Row, left: bool) -> None:
        """Puts a part that fills up behind the others, or before them."""
        self._rows = [row, *self._rows] if left else [*self._rows, row]
        self._length, self._offsets = self._length + len(row.ids), None
