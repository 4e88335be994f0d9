"""`Tokenizer`, as tokenizers has it: over a tokenizer.json."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fastseq._core.native import as_ids
from fastseq.compat.tokenizers.added import AddedToken
from fastseq.compat.tokenizers.awaited import Awaited
from fastseq.compat.tokenizers.encoding import Encoding, Row, Span, windows
from fastseq.compat.tokenizers.given import Asked, Given
from fastseq.compat.tokenizers.inputs import Input, Text, shortened, texts_of, tokens_of, words_of
from fastseq.compat.tokenizers.processing import Part, processing_of
from fastseq.errors import ArgumentError, FormatError, MissingExtraError
from fastseq.files import read_json, strict_json
from fastseq.text import tokenizer_json

Json = dict[str, Any]
_PARTS = (
    "model normalizer pre_tokenizer post_processor decoder post_process train train_from_iterator".split()
)
_STRATEGIES = {"longest_first": "LongestFirst", "only_first": "OnlyFirst", "only_second": "OnlySecond"}


class Tokenizer(Awaited):
    """A tokenizer.json. See `tokenizers.Tokenizer`, whose methods these are.

    Training, and changing single parts of the pipeline, are not offered.
    """

    def __init__(self, content: Json) -> None:
        """`content` is that of a tokenizer.json; `from_file` and the others read it."""
        self._content = dict(content)
        self._truncation: Json | None = self._content.pop("truncation", None)
        self._padding: Json | None = self._content.pop("padding", None)
        self.encode_special_tokens = False
        self._build()

    def _build(self) -> None:
        self._tokenizer = tokenizer_json.from_json({**self._content, "post_processor": None})
        self._processing = processing_of(self._content.get("post_processor"))
        model = self._content["model"]["vocab"]
        pairs = (
            model.items() if isinstance(model, dict) else ((entry[0], id) for id, entry in enumerate(model))
        )
        self._model_vocab: dict[str, int] = dict(pairs)
        kind = self._content["model"]
        self._unknown = -1  # of Unigram, whose unknown tokens are spelled as the text has them
        if kind.get("type") == "Unigram" and not kind.get("byte_fallback") and kind.get("unk_id") is not None:
            self._unknown = kind["unk_id"]
        self._added: list[Json] = list(self._content.get("added_tokens") or [])
        added = {entry["content"]: entry["id"] for entry in self._added}
        self._vocab = {**self._model_vocab, **added}
        self._tokens = {id: token for token, id in self._vocab.items()}

    # loading and storing

    @staticmethod
    def from_file(path: str | os.PathLike[str]) -> Tokenizer:
        """That of a file."""
        return Tokenizer(_object(read_json(Path(path))))

    @staticmethod
    def from_str(json: str) -> Tokenizer:
        """That of the text of a file."""
        return Tokenizer(_object(strict_json(json.encode())))

    @staticmethod
    def from_buffer(buffer: bytes) -> Tokenizer:
        """That of the bytes of a file."""
        return Tokenizer(_object(strict_json(bytes(buffer))))

    @staticmethod
    def from_pretrained(identifier: str, revision: str = "main", token: str | None = None) -> Tokenizer:
        """That of a folder, or of a hub id with the extra `hub`."""
        if (Path(identifier) / "tokenizer.json").exists():
            return Tokenizer.from_file(Path(identifier) / "tokenizer.json")
        try:
            from huggingface_hub import hf_hub_download
        except ImportError:
            raise MissingExtraError(
                "a hub id needs huggingface_hub",
                where=repr(identifier),
                expected="pip install huggingface_hub",
            ) from None
        return Tokenizer.from_file(
            hf_hub_download(identifier, "tokenizer.json", revision=revision, token=token)
        )

    def to_str(self, pretty: bool = False) -> str:
        """The text of a tokenizer.json."""
        lengths = {"truncation": self._truncation, "padding": self._padding}
        content = {"version": "1.0", **lengths, **self._content}
        return json.dumps(content, ensure_ascii=False, indent=2 if pretty else None)

    def save(self, path: str | os.PathLike[str], pretty: bool = True) -> None:
        """Writes a tokenizer.json."""
        Path(path).write_text(self.to_str(pretty), encoding="utf-8")

    def __getattr__(self, name: str) -> Any:
        if name in _PARTS:
            raise AttributeError(
                f"fastseq.compat.tokenizers does not offer Tokenizer.{name}: see docs/compat.md"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Tokenizer.from_str, (self.to_str(),)

    def __repr__(self) -> str:
        return f"Tokenizer({len(self._vocab)} tokens, {self._content['model'].get('type')})"

    # text to ids

    def encode(
        self,
        sequence: Text,
        pair: Text | None = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Encoding:
        """The tokens of one text or of two."""
        inputs: list[Input] = [sequence if pair is None else (sequence, pair)]
        return self.encode_batch(inputs, is_pretokenized, add_special_tokens)[0]

    def encode_batch(
        self, input: Iterable[Input], is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> list[Encoding]:
        """The tokens of many."""
        texts = [words_of(each) if is_pretokenized else texts_of(each) for each in input]
        flat = [part for each in texts for text in each for part in text]
        allowed = () if self.encode_special_tokens else "all"
        ids = iter(self._tokenizer.encode_batch(flat, allowed_special=allowed).tolist())
        asked = Asked(self._tokenizer, self._content, self._processing, allowed, self._token, self._unknown)
        parts = [self._processing.parts(pair, add_special_tokens) for pair in (False, True)]
        made = []
        for each in texts:
            given = [Given(asked, text, is_pretokenized) for text in each]
            own = [[id for _ in text for id in next(ids)] if len(text) != 1 else next(ids) for text in each]
            made.append(self._encoding(given, own, parts[len(each) - 1]))
        self._pad(made)
        return made

    encode_batch_fast = encode_batch

    def _encoding(self, given: list[Given], ids: list[list[int]], parts: tuple[Part, ...]) -> Encoding:
        kept = None
        if self._truncation is not None:
            kept = self._kept([len(own) for own in ids], sum([len(part.ids) for part in parts]))
        if kept is None:
            rows = [
                Row(part.text, part.ids if part.text < 0 else ids[part.text], part.type_id) for part in parts
            ]
            return Encoding(rows, given, self._token)
        whole: list[Row] = []
        over: list[list[Row]] = []  # each way to put together what was cut off with what was not
        for part in parts:
            if part.text < 0:
                first, *others = [Row(-1, part.ids, part.type_id)]
            else:
                row = Row(part.text, ids[part.text], part.type_id)
                first, *others = [row.part(begin, end) for begin, end in kept[part.text]]
            over = [[*rows, other] for rows in over for other in (first, *others)] + [
                [*whole, other] for other in others
            ]
            whole.append(first)
        overflowing = [Encoding(rows, given, self._token) for rows in over]
        return Encoding(whole, given, self._token, overflowing)

    def _token(self, id: int) -> str:
        token: str = self._tokens.get(id, "")
        return token

    def _kept(self, lengths: list[int], added: int) -> list[list[Span]] | None:
        """Which tokens of each text stay, and then the parts of what does not; None: all stay.

        All stay, too, where there is no room for those around the texts.
        """
        limit = self._truncation
        if limit is None or sum(lengths) + added <= limit["max_length"]:
            return None
        room = limit["max_length"] - added
        if room < 0:
            return None
        counts = shortened(lengths, room, limit.get("strategy", "LongestFirst"))
        left, stride = limit.get("direction", "Right") == "Left", limit.get("stride", 0)
        return [windows(length, most, stride, left) for length, most in zip(lengths, counts, strict=True)]

    def _pad(self, encodings: Sequence[Encoding]) -> None:
        rule = self._padding
        if rule is None or not encodings:
            return
        strategy = rule.get("strategy", "BatchLongest")
        length = strategy["Fixed"] if isinstance(strategy, dict) else max(map(len, encodings))
        multiple = rule.get("pad_to_multiple_of") or 1
        length = -(-length // multiple) * multiple
        left = rule.get("direction", "Right") == "Left"
        id, type_id, token = rule.get("pad_id", 0), rule.get("pad_type_id", 0), rule.get("pad_token", "[PAD]")
        rows: dict[int, Row] = {}  # of each length, shared by all that miss so many
        for encoding in [each for one in encodings for each in (one, *one.overflowing)]:
            missing = length - len(encoding)
            if missing > 0:
                if missing not in rows:
                    rows[missing] = Row(-1, [id] * missing, type_id, 0, token)
                encoding.fill(rows[missing], left)

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        """How many tokens are put around one text, or two."""
        return self._processing.added(is_pair)

    # lengths

    def enable_truncation(
        self, max_length: int, stride: int = 0, strategy: str = "longest_first", direction: str = "right"
    ) -> None:
        """Cuts encodings off."""
        if strategy not in _STRATEGIES or direction not in ("right", "left"):
            raise ArgumentError(
                "unknown choice", where="strategy or direction", found=f"{strategy}, {direction}"
            )
        added = self.num_special_tokens_to_add(False)
        if 0 <= max_length - added < stride:
            raise ValueError(
                f"tokenizer stride set to {stride}, which is greater than or equal to its effective max"
                f" length of {max_length - added} (= {max_length} original max length - {added} added tokens)"
            )
        self._truncation = {
            "direction": direction.capitalize(),
            "max_length": max_length,
            "strategy": _STRATEGIES[strategy],
            "stride": stride,
        }

    def no_truncation(self) -> None:
        """Cuts nothing off."""
        self._truncation = None

    def enable_padding(
        self,
        direction: str = "right",
        pad_id: int = 0,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        """Fills encodings up."""
        if direction not in ("right", "left"):
            raise ArgumentError("unknown choice", where="direction", expected="right, left", found=direction)
        self._padding = {
            "strategy": "BatchLongest" if length is None else {"Fixed": length},
            "direction": direction.capitalize(),
            "pad_to_multiple_of": pad_to_multiple_of,
            "pad_id": pad_id,
            "pad_type_id": pad_type_id,
            "pad_token": pad_token,
        }

    def no_padding(self) -> None:
        """Fills nothing up."""
        self._padding = None

    @property
    def truncation(self) -> Json | None:
        """The arguments of `enable_truncation`; None: nothing is cut off."""
        rule = self._truncation
        if rule is None:
            return None
        names = {value: name for name, value in _STRATEGIES.items()}
        return {
            "max_length": rule["max_length"],
            "strategy": names[rule.get("strategy", "LongestFirst")],
            "stride": rule.get("stride", 0),
            "direction": rule.get("direction", "Right").lower(),
        }

    @property
    def padding(self) -> Json | None:
        """The arguments of `enable_padding`; None: nothing is filled up."""
        rule = self._padding
        if rule is None:
            return None
        strategy = rule.get("strategy", "BatchLongest")
        return {
            "length": strategy["Fixed"] if isinstance(strategy, dict) else None,
            "pad_to_multiple_of": rule.get("pad_to_multiple_of"),
            "pad_id": rule.get("pad_id", 0),
            "pad_token": rule.get("pad_token", "[PAD]"),
            "pad_type_id": rule.get("pad_type_id", 0),
            "direction": rule.get("direction", "Right").lower(),
        }

    # ids to text

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """The text of ids; those that are none are left out."""
        known = [id for id in as_ids(ids).tolist() if id in self._tokens]
        return self._tokenizer.decode(known, skip_special_tokens=skip_special_tokens)

    def decode_batch(self, sequences: Iterable[Sequence[int]], skip_special_tokens: bool = True) -> list[str]:
        """The texts of many lists of ids."""
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    # the vocabulary

    def token_to_id(self, token: str) -> int | None:
        """The id of a token."""
        return self._vocab.get(token)

    def id_to_token(self, id: int) -> str | None:
        """The token of an id."""
        return self._tokens.get(id)

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        """Tokens and their ids."""
        return dict(self._vocab if with_added_tokens else self._model_vocab)

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """How many tokens there are."""
        return len(self._vocab if with_added_tokens else self._model_vocab)

    def get_added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Added tokens by their ids."""
        return {entry["id"]: AddedToken.from_entry(entry) for entry in sorted(self._added, key=_id)}

    def add_tokens(self, tokens: Iterable[str | AddedToken]) -> int:
        """Adds tokens, or gives those that are there other flags; how many it did that to."""
        return self._add([AddedToken.of(token, special=False) for token in tokens_of(tokens)])

    def add_special_tokens(self, tokens: Iterable[str | AddedToken]) -> int:
        """The same of special tokens."""
        return self._add([AddedToken.of(token, special=True) for token in tokens_of(tokens)])

    def _add(self, tokens: list[AddedToken]) -> int:
        entries = {entry["content"]: entry for entry in self._added}
        new = 0
        for token in tokens:
            known = entries.get(token.content)
            if not token.content or (known is not None and AddedToken.from_entry(known) == token):
                continue
            id = known["id"] if known is not None else self._vocab.get(token.content)
            if id is None:
                id = max([len(self._model_vocab) - 1, *(entry["id"] for entry in entries.values())]) + 1
            entries[token.content] = token.to_entry(id)
            new += 1
        self._content["added_tokens"] = sorted(entries.values(), key=_id)
        self._build()
        return new


def _id(entry: Json) -> int:
    return int(entry["id"])


def _object(content: Any) -> Json:
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise FormatError("not a tokenizer.json", where="model", expected="an object")
    return content
