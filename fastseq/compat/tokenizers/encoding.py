"""`Encoding`, as tokenizers has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

Span = tuple[int, int]


class Source(Protocol):
    """One of the texts of an encoding, with all its tokens, cut off or not."""

    unknown: int
    """An id whose tokens are spelled as the text has them; -1: none."""

    def places(self, first: int, last: int) -> list[Span]:
        """Where the tokens are, from one to another, in characters."""

    def words(self) -> list[int]:
        """Which word each is of."""

    def spelled(self, token: int) -> str:
        """The part of the text that a token is."""


class Row(NamedTuple):
    """A part of an encoding: a text, or tokens that are none."""

    source: int
    """Which text; -1: none."""
    ids: Sequence[int]
    type_id: int
    attention: int = 1
    token: str | None = None
    """How its tokens are spelled, where the vocabulary does not say it."""
    first: int = 0
    """How many of the text's tokens were cut off before them."""

    def part(self, begin: int, end: int) -> Row:
        """Some of its tokens."""
        begin = min(max(begin, 0), len(self.ids))
        return self._replace(ids=self.ids[begin : max(end, begin)], first=self.first + begin)


class Encoding:
    """The tokens of one text or two, with what was put around them. See `tokenizers.Encoding`."""

    def __init__(
        self,
        rows: Sequence[Row],
        sources: Sequence[Source],
        token_of: Callable[[int], str],
        overflowing: Iterable[Encoding] = (),
    ) -> None:
        self._rows, self._sources, self._token_of = rows, sources, token_of
        self._overflowing = list(overflowing)
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
            for place, id in enumerate(row.ids):
                if id == source.unknown:
                    tokens[place] = source.spelled(row.first + place).replace(" ", "\u2581")
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
        """Where each is in its text, or in its word where words came, in characters; (0, 0): in none."""
        if self._offsets is None:
            made: list[Span] = []
            for row in self._rows:
                if row.source < 0:
                    made += [(0, 0)] * len(row.ids)
                else:
                    made += self._sources[row.source].places(row.first, row.first + len(row.ids))
            self._offsets = made
        return self._offsets

    @property
    def word_ids(self) -> list[int | None]:
        """Which word of its text each is of: of those that came, or that the pre-tokenizer cuts."""
        made: list[int | None] = []
        for row in self._rows:
            if row.source < 0:
                made += [None] * len(row.ids)
            else:
                made += self._sources[row.source].words()[row.first : row.first + len(row.ids)]
        return made

    words = word_ids

    @property
    def overflowing(self) -> list[Encoding]:
        """What was cut off, in encodings of their own."""
        return self._overflowing

    @property
    def n_sequences(self) -> int:
        """How many texts there are."""
        return len(self._sources)

    def set_sequence_id(self, sequence_id: int) -> None:
        """All tokens become those of the text of this number."""
        self._sources = [self._sources[0]] * (sequence_id + 1)
        self._rows = [row._replace(source=sequence_id) for row in self._rows]

    # from tokens to texts and back

    def token_to_sequence(self, token_index: int) -> int | None:
        """Which text a token is of."""
        ids = self.sequence_ids
        return ids[token_index] if 0 <= token_index < len(ids) else None

    def token_to_chars(self, token_index: int) -> Span | None:
        """Where a token is in its text; None for one of none."""
        return None if self.token_to_sequence(token_index) is None else self.offsets[token_index]

    def token_to_word(self, token_index: int) -> int | None:
        """Which word of its text a token is of."""
        words = self.word_ids
        return words[token_index] if 0 <= token_index < len(words) else None

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The first token of a text that this character is a part of."""
        for token, (sequence, (begin, end)) in enumerate(zip(self.sequence_ids, self.offsets, strict=True)):
            if sequence == sequence_index and begin <= char_pos < end:
                return token
        return None

    def char_to_word(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The word of a text that this character is a part of."""
        token = self.char_to_token(char_pos, sequence_index)
        return None if token is None else self.word_ids[token]

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> Span | None:
        """The first of a word's tokens, and the one behind them; None for a word without any."""
        both = zip(self.sequence_ids, self.word_ids, strict=True)
        found = [token for token, which in enumerate(both) if which == (sequence_index, word_index)]
        return (found[0], found[-1] + 1) if found else None

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> Span | None:
        """Where a word is in its text."""
        tokens = self.word_to_tokens(word_index, sequence_index)
        return None if tokens is None else (self.offsets[tokens[0]][0], self.offsets[tokens[1] - 1][1])

    # lengths

    def pad(
        self,
        length: int,
        *,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
    ) -> None:
        """Fills it up to a length, and what overflows."""
        check_direction(direction)
        for each in self._overflowing:
            each.pad(length, direction=direction, pad_id=pad_id, pad_type_id=pad_type_id, pad_token=pad_token)
        missing = length - self._length
        if missing > 0:
            self.fill(Row(-1, [pad_id] * missing, pad_type_id, 0, pad_token), direction == "left")

    def fill(self, row: Row, left: bool) -> None:
        """Puts a part that fills up behind the others, or before them."""
        self._rows = [row, *self._rows] if left else [*self._rows, row]
        self._length, self._offsets = self._length + len(row.ids), None

    def truncate(self, max_length: int, stride: int = 0, direction: str = "right") -> None:
        """Cuts it off; what is more becomes `overflowing`, each with `stride` tokens of the one before."""
        check_direction(direction)
        if max_length >= self._length:
            return
        first, *others = [
            Encoding(self._part(begin, end), self._sources, self._token_of)
            for begin, end in windows(self._length, max_length, stride, direction == "left")
        ]
        self._rows, self._length, self._offsets = first._rows, first._length, None
        self._overflowing = others

    def _part(self, begin: int, end: int) -> list[Row]:
        rows, at = [], 0
        for row in self._rows:
            rows.append(row.part(begin - at, end - at))
            at += len(row.ids)
        return [row for row in rows if len(row.ids)]


def check_direction(direction: str) -> None:
    """`ValueError` for what is no direction."""
    if direction not in ("right", "left"):
        raise ValueError(f"Unknown `direction`: `{direction}`. Use one of `left` or `right`")


def windows(length: int, most: int, stride: int, left: bool) -> list[Span]:
    """The parts of `most` tokens and less that so many are cut into, each with `stride` of the one before."""
    if most >= length:
        return [(0, length)]
    if most == 0:
        return [(0, 0), (0, length)]
    if stride >= most:
        raise ValueError(f"stride must be less than the tokens of a part, {most}: {stride}")
    made = [(begin, min(begin + most, length)) for begin in range(0, length, most - stride)]
    made = made[: next(place for place, (_, end) in enumerate(made) if end == length) + 1]
    return [(length - end, length - begin) for begin, end in made] if left else made
