"""Which tokens may come next in answers that are one of some choices, match an expression, or are JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, MissingExtraError, UnsupportedError
from fastseq.text.sentencepiece import SentencePieceTokenizer

if TYPE_CHECKING:
    from fastseq.models.parts import Decoder
    from fastseq.models.search import Search

Mask = NDArray[np.uint64]
"""(V / 64 rounded up): bit t of token t."""


class Constraint(Protocol):
    """The state of one answer."""

    def mask(self) -> Mask:
        """The tokens that may come next; those that end an answer, where it may end."""

    def take(self, token: int) -> None:
        """It goes on with one of them."""


def constraint(decoder: Decoder, search: Search) -> Constraint:
    """What a search asks for."""
    stops = decoder.stops(search.stop)[0]
    if search.choices is not None:
        return Choices(decoder, search.choices, stops)
    return Guided(decoder, search.regex, search.json_schema, stops)


class Guide:
    """One answer in the making, and what it has to be."""

    def __init__(self, request: native.Request, rule: Constraint) -> None:
        self.request, self.rule, self.seen = request, rule, 0
        request.watch(True)
        request.mask(rule.mask())

    def go_on(self) -> None:
        """Takes the tokens that have come, and says what may come next."""
        new = self.request.ids(self.seen)
        self.seen += len(new)
        for token in new.tolist():
            self.rule.take(token)
        if len(new):
            self.request.mask(self.rule.mask())


class Choices:
    """One of some texts.

    What may be left of them is followed as bytes, or as tokens where a text is no row of its tokens' bytes.
    """

    def __init__(self, decoder: Decoder, choices: Iterable[str], stops: Sequence[int]) -> None:
        texts = [choices] if isinstance(choices, str) else list(choices)
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise ArgumentError(
                "no choices", where="choices", expected="texts, none empty", found=f"{texts!r:.60}"
            )
        self._size, self._stops = decoder.vocabulary, stops
        self._pieces = decoder.piece_bytes
        self._ids_of: dict[Any, list[int]] = decoder.ids_of_bytes
        self._left: set[Any]
        if self._pieces is None:
            self._left = {tuple(decoder.tokenizer.encode(text, add_special_tokens=False)) for text in texts}
        else:
            self._left = {text.encode() for text in texts}
            tokenizer = decoder.tokenizer
            if (
                isinstance(tokenizer, SentencePieceTokenizer)
                and tokenizer.settings.normalizer.add_dummy_prefix
            ):
                self._left |= {b" " + text for text in self._left}  # which is no part of the answer's text

    def mask(self) -> Mask:
        allowed = list(self._stops) if not all(self._left) else []
        for left in self._left:
            if self._pieces is None:
                allowed += left[:1]
                continue
            for length in range(1, len(left) + 1):
                allowed += self._ids_of.get(left[:length], ())
        return packed_mask(self._size, allowed)

    def take(self, token: int) -> None:
        piece: Any = (token,) if self._pieces is None else self._pieces[token]
        self._left = {left[len(piece) :] for left in self._left if left[: len(piece)] == piece}


class Guided:
    """A regular expression, or JSON, by llguidance."""

    def __init__(self, decoder: Decoder, regex: str | None, schema: Any, stops: Sequence[int]) -> None:
        guidance = _guidance()
        self._size, self._stops = decoder.vocabulary, stops
        matcher = guidance.LLMatcher
        if regex is not None:
            where, grammar = "regex", matcher.grammar_from_regex(regex)
        else:
            where = "json_schema"
            options = {"whitespace_flexible": False}
            grammar = matcher.grammar_from_json_schema(_schema(schema), defaults=options)
        self._where = where
        self._matcher = matcher(_tokens(decoder, tuple(stops)), grammar, log_level=0)
        self._check()

    def mask(self) -> Mask:
        if self._matcher.is_stopped():
            return packed_mask(self._size, self._stops)
        bits = self._matcher.compute_bitmask()
        self._check()
        made = np.zeros((self._size + 63) // 64, np.uint64)
        bytes_of = made.view(np.uint8)
        bytes_of[: len(bits)] = np.frombuffer(bits, np.uint8)[: len(bytes_of)]
        return made

    def take(self, token: int) -> None:
        self._matcher.consume_token(token)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise ArgumentError("refused", where=self._where, found=self._matcher.get_error()[:300])


def packed_mask(size: int, allowed: Iterable[int]) -> Mask:
    """The bits of tokens."""
    bits = np.zeros((size + 63) // 64 * 64, np.uint8)
    bits[list(allowed)] = 1
    packed = np.packbits(bits, bitorder="little")
    return packed.view("<u8").astype(np.uint64)


def _schema(schema: Any) -> str:
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError as error:
            raise ArgumentError("not JSON", where="json_schema", found=str(error)[:200]) from None
    if not isinstance(schema, (dict, bool)):
        raise ArgumentTypeError(
            "not a schema", where="json_schema", expected="a dict", found=f"{schema!r:.60}"
        )
    return json.dumps(schema)


def _guidance() -> Any:
    try:
        import llguidance
    except ImportError:
        raise MissingExtraError(
            "regular expressions and JSON schemas need llguidance",
            where="regex, json_schema",
            expected="pip install llguidance",
        ) from None
    return llguidance


@lru_cache(maxsize=4)
def _tokens(decoder: Decoder, stops: tuple[int, ...]) -> Any:
    """A vocabulary as llguidance has it; made once."""
    pieces = decoder.piece_bytes
    if pieces is None:
        raise UnsupportedError(
            "texts of this tokenizer are not its tokens one behind the other", where="regex"
        )
    if not stops:
        raise ArgumentError("the model has no token that ends an answer", where="stop", expected="one")
    guidance = _guidance()
    special = [id for id, piece in enumerate(pieces) if not piece]

    class Tokens:
        eos_token_id, bos_token_id = stops[0], None
        tokens = [piece or b"\xff<%d>" % id for id, piece in enumerate(decoder.piece_bytes or ())]  # noqa: RUF012
        special_token_ids = special

        def __call__(self, text: bytes | str) -> list[int]:
            given = text if isinstance(text, str) else text.decode("utf-8", "replace")
            ids: list[int] = decoder.tokenizer.encode(given, add_special_tokens=False)
            return ids

    return guidance.LLTokenizer(
        guidance.TokenizerWrapper(Tokens()), n_vocab=len(pieces), eos_token=list(stops)
    )
