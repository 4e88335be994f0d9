"""What every tokenizer has in common: text to ids and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FastseqError
from fastseq.lazy import np
from fastseq.text.added import AddedToken, AddedTokens, Allowed
from fastseq.text.batch import Batch
from fastseq.text.lengths import Padding, Side, Truncation, most_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fastseq.text.bpe import BpeTokenizer
    from fastseq.text.pipeline import PipelineTokenizer
    from fastseq.text.sentencepiece import SentencePieceTokenizer
    from fastseq.text.streams import DecodeStream
    from fastseq.text.vocabulary import Vocabulary

Unit = Literal["characters", "bytes"]
Errors = Literal["replace", "strict"]
Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
Ids: TypeAlias = "Sequence[int] | NDArray[np.integer[Any]]"


class Tokenizer(ABC):
    """Text to ids and back; made once, then read-only, so any number of threads may use one.

    Texts are `str`, or `bytes` of valid UTF-8: NULs are characters like others, lone surrogates and invalid
    UTF-8 raise `ArgumentError`, other types `ArgumentTypeError`, each naming the text and the place.

    Everywhere `add_special_tokens=False` leaves out what the tokenizer puts around a text, and `threads`
    limits the threads of one call (None: `fastseq.get_num_threads()`). A text that spells a special token is
    plain text, unless `allowed_special` ("all", or the tokens) makes it one; `disallowed_special` makes it an
    `ArgumentError` that names the place. Added tokens that are not special are always found. `max_length` is
    how many ids a text has at most, with those around it (None: as the file says, 0: any number).
    """

    kind: ClassVar[str]
    vocabulary: Vocabulary
    _native: native.Encoder
    _added: AddedTokens = AddedTokens()
    pair: Sequence[int | str] = ()
    """How two texts are put together: ids, "A" and "B" for the texts; empty where the file does not say."""
    truncation: Truncation | None = None
    """How many ids a text has at most, when the call does not say `max_length`."""
    padding: Padding | None = None
    """What `pad` fills a batch up with."""

    @abstractmethod
    def __len__(self) -> int:
        """How many tokens there are."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} tokens)"

    def __reduce__(self) -> tuple[Any, ...]:
        from fastseq.text.pickled import reduced

        return reduced(self)

    # text to ids

    def encode(
        self,
        text: str | bytes,
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
        max_length: int | None = None,
        pair: str | bytes | None = None,
    ) -> list[int]:
        """The ids of one text, or of two with what the file puts around and between them."""
        # The options are not keyword-only: to look their defaults up by name takes 40 ns, a short text 600.
        if (
            add_special_tokens is True
            and max_length is None
            and pair is None
            and not allowed_special
            and not disallowed_special
        ):
            return self._native.encode_usual(text)
        if isinstance(add_special_tokens, (str, bytes)):
            raise ArgumentTypeError(
                "a second text", expected="one text a call, or pair=", found=f"{add_special_tokens!r:.60}"
            )
        modes = self._added.modes(allowed_special, disallowed_special)
        if pair is not None:
            from fastseq.text.pairs import encode_pair

            return encode_pair(self, (text, pair), add_special_tokens, modes, most_of(max_length))
        return self._native.encode_one(
            text, bare=not add_special_tokens, modes=modes, most=most_of(max_length)
        )

    def encode_batch(
        self,
        texts: Iterable[str | bytes],
        *,
        threads: int | None = None,
        add_special_tokens: bool = True,
        spans: Unit | None = None,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
        max_length: int | None = None,
    ) -> Batch:
        """The ids of many texts, in one native call; with `spans`, where in its text each token is.

        A token that is a part of a character, or made of a part of what a character became, has the place of
        the whole character; in bytes those of byte-level BPE have the place of their own.
        """
        modes = self._added.modes(allowed_special, disallowed_special)
        return Batch(
            *self._native.encode(
                texts,
                threads=threads,
                bare=not add_special_tokens,
                spans=spans,
                modes=modes,
                most=most_of(max_length),
            )
        )

    @abstractmethod
    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The tokens of the text, one an id."""

    def offsets(
        self,
        text: str | bytes,
        *,
        unit: Unit = "characters",
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        max_length: int | None = None,
    ) -> list[tuple[int, int]]:
        """Where each id of `encode` comes from: `text[begin:end]`, of the text as it was given.

        Added special tokens have empty places at the ends.
        """
        batch = self.encode_batch(
            [text],
            spans=unit,
            add_special_tokens=add_special_tokens,
            allowed_special=allowed_special,
            max_length=max_length,
        )
        assert batch.spans is not None
        return [(begin, end) for begin, end in batch.spans.tolist()]

    def count(
        self,
        text: str | bytes | Iterable[str | bytes],
        *,
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
        threads: int | None = None,
        max_length: int | None = None,
    ) -> int:
        """How many ids the text has, or all of the texts together, without keeping them."""
        texts = [text] if isinstance(text, (str, bytes)) else text
        modes = self._added.modes(allowed_special, disallowed_special)
        counts = self._native.counts(
            texts, threads=threads, bare=not add_special_tokens, modes=modes, most=most_of(max_length)
        )
        return int(counts.sum())

    def set_lengths(self, truncation: Truncation | None, padding: Padding | None) -> None:
        """Sets `truncation` and `padding`; not while another thread encodes."""
        self.truncation, self.padding = truncation, padding
        most, side = (-1, "right") if truncation is None else (truncation.max_length, truncation.side)
        self._native.cut_off(most, side == "left")

    def pad(self, batch: Batch) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(ids, mask) of a batch, int32 (B, T), filled up as `padding` says; mask is 1 at ids of texts."""
        if self.padding is None:
            raise ArgumentError(
                "the tokenizer has no padding", where="padding", expected="set_lengths, or batch.padded"
            )
        length = self.padding.length
        longest = max(int(batch.lengths.max(initial=0)), length or 0)
        longest = -(-longest // self.padding.multiple) * self.padding.multiple
        side: Side = "left" if self.padding.side == "left" else "right"
        columns = np.arange(longest)
        first = longest - batch.lengths[:, None] if side == "left" else np.zeros((len(batch), 1), np.int64)
        mask = (columns >= first) & (columns < first + batch.lengths[:, None])
        return batch.padded(self.padding.id, side, longest), mask.astype(np.int32)

    def token_to_chars(self, text: str | bytes, token: int, **options: Any) -> tuple[int, int]:
        """Where token number `token` of the text comes from; options are those of `offsets`.

        For more than one question about a text, ask `encode_batch(..., spans="characters")` once.
        """
        places = self.offsets(text, **options)
        if not -len(places) <= token < len(places):
            raise IndexError(f"token {token} of {len(places)}")
        return places[token]

    def char_to_token(self, text: str | bytes, char: int, **options: Any) -> int | None:
        """The number of the first token that this character is a part of; None when it is of none."""
        places = enumerate(self.offsets(text, **options))
        return next((token for token, (begin, end) in places if begin <= char < end), None)

    def encode_files(
        self,
        paths: Paths,
        *,
        out: str | PathLike[str] | None = None,
        separator: str | bytes | None = None,
        threads: int | None = None,
        add_special_tokens: bool = True,
        allowed_special: Allowed = (),
        disallowed_special: Allowed = (),
        progress: bool | None = False,
    ) -> Batch:
        r"""The ids of the texts in one file or many, in their order, as `encode_batch` gives them.

        With `out` they are written while they are made, and memory holds but some blocks of a few megabytes,
        or the longest text: int32 to that file, which is a .npy, and the offsets (int64) beside it, to
        ``NAME.offsets.npy``. Both get their names when they are whole; what is given back are maps of them.

        Args:
            paths: files in UTF-8; a byte order mark is left out.
            out: a name in .npy; None: the ids are kept.
            separator: what ends a text: "\n" for lines, "<|endoftext|>" ...; it is no part of it, and behind
                the last one there is a text only if anything is. None: each file is a text.
            progress: True for a bar, None for one on a terminal.

        Raises `FormatError` naming the file and the first byte that is not UTF-8, `ArgumentError` for files
        that cannot be read or written, and what `encode_batch` raises, with the file and the byte.
        """
        from fastseq.text.encode_files import encode_files

        modes = self._added.modes(allowed_special, disallowed_special)
        bare = not add_special_tokens

        def encode(texts: Any) -> Batch:
            return Batch(*self._native.encode(texts, threads=threads, bare=bare, modes=modes))

        return encode_files(encode, paths, out, separator, progress)

    @property
    def added(self) -> list[AddedToken]:
        """Tokens that a text may spell, special or not."""
        return list(self._added.tokens)

    @property
    def special_tokens(self) -> dict[str, int]:
        """Special tokens that a text may spell, and their ids."""
        return {token.text: token.id for token in self._added.tokens if token.special}

    # ids to text

    def token_id(self, token: str) -> int | None:
        """The id of a token by its spelling; None when there is none."""
        return self.vocabulary.id(token)

    @abstractmethod
    def decode(self, ids: Ids, *, skip_special_tokens: bool = True, errors: Errors = "replace") -> str:
        """The text of ids. An id out of the vocabulary raises `ArgumentError` naming its place.

        Bytes that are not UTF-8 become U+FFFD, or raise `UnicodeDecodeError` with `errors="strict"`.
        """

    def decode_batch(
        self, batch: Batch | Iterable[Ids], *, skip_special_tokens: bool = True, errors: Errors = "replace"
    ) -> list[str]:
        """The texts of many lists of ids."""
        texts: list[str] = []
        try:
            for ids in batch:
                texts.append(self.decode(ids, skip_special_tokens=skip_special_tokens, errors=errors))
        except FastseqError as error:
            raise error.within(f"batch[{len(texts)}]") from None
        return texts

    @abstractmethod
    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come and never gives half a character."""

    # loading and storing

    @staticmethod
    def load(
        path: str | PathLike[str],
        *,
        encoding: str | None = None,
        pattern: str | None = None,
        special_tokens: Mapping[str, int] | None = None,
    ) -> BpeTokenizer | PipelineTokenizer | SentencePieceTokenizer:
        """The tokenizer of a file, or of a folder with tokenizer.json, or with one other such file.

        Files are ``tokenizer.json``, ``*.tiktoken``, SentencePiece's ``*.model`` and ``*.spm``, and
        ``*.gguf``. The other arguments are for files of ranks (tiktoken), which do not say it themselves.
        Those of OpenAI are known by their name or size.

        Args:
            encoding: name of a published encoding: cl100k_base, o200k_base, gpt2 ...
            pattern: the regular expression that cuts texts, or the name of a scanner (docs/tokenizers.md).
            special_tokens: special tokens and their ids, instead of those known.

        Raises `FormatError` or `UnsupportedError` naming the file and the place.
        """
        from fastseq.text.loading import load

        return load(Path(path), encoding=encoding, pattern=pattern, special_tokens=special_tokens)

    @staticmethod
    def train(texts: Iterable[str | bytes] | None = None, *, kind: str = "bpe", **options: Any) -> Any:
        """A tokenizer learned from a corpus: `fastseq.text.training.train` lists kinds and options.

        Args:
            texts: `str`, or `bytes` in UTF-8; or `files=` names files, whose lines are the texts.
            kind: "bpe" (of bytes), "wordpiece", "unigram", "sentencepiece-bpe", "word" or "char".
        """
        from fastseq.text.training import train

        return train(texts, kind=kind, **options)

    @abstractmethod
    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """Its entry in config.json (docs/native-format.md); `vocabulary` is the name of that file."""

    @staticmethod
    def from_config(config: Mapping[str, Any], folder: str | Path) -> Tokenizer:
        """The tokenizer of an entry of config.json in `folder`.

        Raises `FormatError` for an unknown kind or key, or a value of the wrong type.
        """
        from fastseq.text.loading import from_config

        return from_config(config, Path(folder))

    def save(self, folder: str | Path, name: str = "vocab.json") -> dict[str, Any]:
        """Writes the vocabulary as `name` in the folder and gives the entry for config.json."""
        self.vocabulary.save(Path(folder, name))
        return self.to_config(name)


def check_errors(errors: str) -> str:
    """What `decode` is told of bytes that are not UTF-8; `ArgumentError` for what it does not know."""
    if errors not in ("replace", "strict"):
        raise ArgumentError(
            "unknown choice", where="errors", expected="replace, strict", found=f"{errors!r:.60}"
        )
    return errors
