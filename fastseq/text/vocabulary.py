"""The tokens a model knows, and their ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from fastseq._core import native
from fastseq.errors import ArgumentError, FormatError, UnknownTokenError, UnsupportedError
from fastseq.files import read_json, write_whole
from fastseq.lazy import np
from fastseq.text.vocabulary_files import VERSION, Named, tokens_of_json, tokens_of_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

Level = Literal["character", "word", "label"]


class Vocabulary:
    """Tokens and their ids, 0 to len - 1. Made once, then read-only.

        vocabulary = Vocabulary.from_texts(["to be or not to be"], level="word")
        vocabulary["be"], vocabulary["sea"]  # (1, 0): the second is unknown
        vocabulary.save("vocab.json")

    Unknown tokens: `vocabulary[token]` and `ids` give the id of the `unknown` token when there is one, and
    raise `UnknownTokenError` naming the token and its place otherwise. `id` and `in` never do either.

    Attributes: `unknown`, the token that stands for unknown ones, or None; `unknown_id`, its id or -1;
    `specials`, tokens that are no part of text: padding, start, end ...
    """

    __slots__ = ("native", "specials", "unknown", "unknown_id")

    def __init__(
        self, tokens: Iterable[str], *, unknown: str | None = None, specials: Sequence[str] = ()
    ) -> None:
        """Raises `ArgumentError` when a token comes twice, and when `unknown` or a special one is missing."""
        self.native = native.Vocab(tokens, specials)
        self.specials = tuple(specials)
        self.unknown = unknown
        self.unknown_id = -1 if unknown is None else self.native.id(unknown)
        if unknown is not None and self.unknown_id < 0:
            raise ArgumentError("not a token", where="unknown", found=f"{unknown!r:.60}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), list(self), self.unknown, self.specials)

    # making

    @classmethod
    def from_tokens(
        cls, tokens: Iterable[str], *, unknown: str | None = None, specials: Sequence[str] = ()
    ) -> Vocabulary:
        """A vocabulary of these tokens; a token's place is its id."""
        return cls(tokens, unknown=unknown, specials=specials)

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        level: Level = "word",
        *,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        unknown: str | None = "<unk>",
        lowercase: bool = False,
        keep: str = "all",
        split: Literal["words", "whitespace", "space"] = "words",
        punctuation: Literal["separate", "drop"] = "separate",
        progress: bool | None = None,
    ) -> Vocabulary:
        """The tokens of a corpus: `specials`, `unknown`, then by falling frequency, ties by code point.

        Texts are taken one after another and not kept, so an iterator may give more than fits in memory.

        Arguments:
            level: "character", "word", or "label": the whole text is the token.
            min_frequency: leave out what occurs less often.
            max_size: at most so many tokens, special ones included.
            unknown: a token to stand for all others; None for none.
            lowercase, keep, split, punctuation: as in `WordTokenizer`; the last two for words only.
            progress: see `fastseq.progress.progress_bar`.
        """
        from fastseq.text.corpus import count_texts

        counter = _counter(level, lowercase, keep, split, punctuation)
        count_texts(counter, texts, progress, "vocabulary")
        return cls._ranked(counter, min_frequency, max_size, specials, unknown)

    @classmethod
    def from_files(
        cls,
        paths: str | Path | Iterable[str | Path],
        level: Level = "word",
        *,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        unknown: str | None = "<unk>",
        lowercase: bool = False,
        keep: str = "all",
        split: Literal["words", "whitespace", "space"] = "words",
        punctuation: Literal["separate", "drop"] = "separate",
        progress: bool | None = None,
    ) -> Vocabulary:
        """As `from_texts`, of the lines of files in UTF-8, without their line ends (LF or CR LF).

        Raises `FormatError` naming the file and the byte where it is not UTF-8.
        """
        from fastseq.text.corpus import count_files

        counter = _counter(level, lowercase, keep, split, punctuation)
        count_files(counter, paths, progress, "vocabulary")
        return cls._ranked(counter, min_frequency, max_size, specials, unknown)

    @classmethod
    def from_counts(
        cls,
        counter: native.CorpusCounter,
        *,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        unknown: str | None = "<unk>",
    ) -> Vocabulary:
        """As `from_texts`, of what was counted."""
        return cls._ranked(counter, min_frequency, max_size, specials, unknown)

    @classmethod
    def _ranked(
        cls,
        counter: native.PieceCounter | native.CorpusCounter,
        min_frequency: int,
        max_size: int | None,
        specials: Sequence[str],
        unknown: str | None,
    ) -> Vocabulary:
        first = list(specials)
        if unknown is not None and unknown not in first:
            first.append(unknown)
        if max_size is not None and max_size < len(first):
            raise ArgumentError(
                "no room for the special tokens",
                where="max_size",
                expected=f"{len(first)} or more",
                found=str(max_size),
            )
        pieces, _ = counter.ranked(min_frequency)
        chosen = (piece for piece in pieces if piece not in first)
        room = None if max_size is None else max_size - len(first)
        return cls([*first, *islice(chosen, room)], unknown=unknown, specials=first)

    # files

    @classmethod
    def load(
        cls, path: str | Path, *, unknown: str | None = None, specials: Sequence[str] = ()
    ) -> Vocabulary:
        """Reads a vocabulary file.

        A name in .json holds what `save` writes, a list of tokens, or an object of token -> id with the ids
        0 to n - 1; any other is UTF-8 text of one token a line. `unknown` and `specials` are for files
        that do not name them.

        Raises `FormatError` naming the file and the place: duplicate tokens or ids, ids that are negative,
        missing or not integers, empty lines, text that is not UTF-8; `UnsupportedError` for a newer version.
        """
        path = Path(path)
        try:
            if path.suffix != ".json":
                tokens, named = tokens_of_lines(path), Named()
            else:
                tokens, named = tokens_of_json(read_json(path))
            try:
                return cls(
                    tokens, unknown=named.get("unknown", unknown), specials=named.get("specials", specials)
                )
            except ArgumentError as error:
                raise FormatError(
                    error.what, where=error.where, expected=error.expected, found=error.found
                ) from None
        except (FormatError, UnsupportedError) as error:
            raise (error if error.where.startswith(str(path)) else error.within(str(path))) from None

    def save(self, path: str | Path) -> None:
        """Writes JSON: the version, the special tokens, and the list of tokens."""
        facts = {"fastseq_vocabulary": VERSION, "unknown": self.unknown, "specials": list(self.specials)}
        head = json.dumps(facts, ensure_ascii=False)[:-1]
        lines = ",\n".join(json.dumps(token, ensure_ascii=False) for token in self)
        write_whole(Path(path), [f'{head}, "tokens": [\n{lines}\n]}}\n'.encode()])

    # asking

    def __len__(self) -> int:
        return len(self.native)

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and self.native.id(token) >= 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.native.tokens())

    def __getitem__(self, token: str) -> int:
        id = self.native.id(token)
        if id < 0:
            id = self.unknown_id
        if id < 0:
            raise UnknownTokenError("token not in the vocabulary", where="token", found=f"{token!r:.100}")
        return id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        mine, theirs = (self.unknown, self.specials), (other.unknown, other.specials)
        return mine == theirs and self.native.tokens() == other.native.tokens()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, unknown={self.unknown!r})"

    @overload
    def id(self, token: str) -> int | None: ...
    @overload
    def id(self, token: str, default: int) -> int: ...
    def id(self, token: str, default: int | None = None) -> int | None:
        """The id of a token, `default` when it is not there."""
        id = self.native.id(token)
        return default if id < 0 else id

    def ids(self, tokens: Iterable[str]) -> NDArray[np.int32]:
        """The ids of many tokens, int32 (n,)."""
        tokens = tokens if isinstance(tokens, (list, tuple, str)) else list(tokens)
        ids = self.native.ids(tokens)
        absent = np.flatnonzero(ids < 0)
        if len(absent) and self.unknown_id < 0:
            place = int(absent[0])
            raise UnknownTokenError(
                "token not in the vocabulary", where=f"tokens[{place}]", found=f"{tokens[place]!r:.100}"
            )
        ids[absent] = self.unknown_id
        return ids

    def token(self, id: int) -> str:
        """The token of an id; `ArgumentError` when there is none."""
        return self.native.token(id)

    def tokens(self, ids: Iterable[int] | NDArray[np.integer[Any]]) -> list[str]:
        """The tokens of many ids."""
        return self.native.tokens(ids if isinstance(ids, (list, tuple, np.ndarray)) else list(ids))


def _counter(level: str, lowercase: bool, keep: str, split: str, punctuation: str) -> native.PieceCounter:
    splits = {"character": "characters", "word": split, "label": "none"}
    if level not in splits:
        raise ArgumentError("unknown choice", where="level", expected=", ".join(splits), found=repr(level))
    if punctuation not in ("separate", "drop"):
        raise ArgumentError(
            "unknown choice", where="punctuation", expected="separate, drop", found=repr(punctuation)
        )
    return native.PieceCounter(
        split=splits[level], lowercase=lowercase, keep=keep, punctuation=punctuation == "separate"
    )


def _unpickled(
    made: type[Vocabulary], tokens: list[str], unknown: str | None, specials: Sequence[str]
) -> Vocabulary:
    return made(tokens, unknown=unknown, specials=specials)
