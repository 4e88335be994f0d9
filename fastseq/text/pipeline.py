"""Tokenizers of tokenizer.json that go through all of its steps: WordPiece, WordLevel, Unigram, BPE."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.files import write_whole
from fastseq.text import lengths
from fastseq.text.added import AddedToken, AddedTokens
from fastseq.text.decoders import Step, decoder_of
from fastseq.text.json_around import Around
from fastseq.text.streams import DecodeStream, WindowStream
from fastseq.text.tokenizer import Errors, Ids, Tokenizer, check_errors


class PipelineTokenizer(Tokenizer):
    """A tokenizer.json with all of its steps, in the order of the tokenizers library.

        tokenizer = fastseq.Tokenizer.load("all-MiniLM-L6-v2/tokenizer.json")
        tokenizer.encode("Hello, world!")                     # [101, 7592, 1010, 2088, 999, 102]
        tokenizer.encode("How old?", pair="He is 17.")        # [101, ... 102, ... 102]

    `Tokenizer.load` makes them; the arguments are what it has read.
    """

    kind = "pipeline"
    _native: native.Pipeline

    def __init__(
        self,
        encoder: native.Pipeline,
        *,
        model: str,
        vocab: Mapping[str, int],
        added: Sequence[AddedToken],
        found: Sequence[AddedToken],
        around: Around,
        decoder: Step,
        content: Mapping[str, Any],
    ) -> None:
        self._content = content
        self._native = encoder
        self.model = model
        """WordPiece, WordLevel, Unigram or BPE."""
        self._ids = {**vocab, **{token.text: token.id for token in added}}
        self._tokens = {id: token for token, id in vocab.items()}
        self._tokens.update((token.id, token.text) for token in added)
        self._special_ids = {token.id for token in added if token.special}
        self._added = AddedTokens(found)
        self.pair, self._decoder = around.pair, decoder

    def __len__(self) -> int:
        """How many ids there are, added tokens among them."""
        return len(self._tokens)

    # text to ids

    def tokenize(self, text: str | bytes, *, add_special_tokens: bool = True) -> list[str]:
        """The tokens, as the file spells them."""
        return [self._tokens[id] for id in self.encode(text, add_special_tokens=add_special_tokens)]

    # ids to text

    def token(self, id: int) -> str:
        """A token as the file spells it; `ArgumentError` when there is none of that id."""
        if id not in self._tokens:
            raise ArgumentError(
                "id not in the vocabulary", where="id", expected="an id of it", found=repr(id)
            )
        return self._tokens[id]

    def token_or_none(self, id: int) -> str | None:
        """The token; None when there is none of that id."""
        return self._tokens.get(id)

    def token_id(self, token: str) -> int | None:
        """The id of a token by its spelling, added tokens too; None when there is none."""
        return self._ids.get(token)

    def decode(self, ids: Ids, *, skip_special_tokens: bool = True, errors: Errors = "replace") -> str:
        """See `Tokenizer.decode`. The file's decoder joins the tokens."""
        dropped = self._special_ids if skip_special_tokens else ()
        tokens = []
        for place, id in enumerate(native.as_ids(ids).tolist()):
            if id not in self._tokens:
                raise ArgumentError(
                    "id not in the vocabulary", where=f"ids[{place}]", expected="an id of it", found=repr(id)
                )
            if id not in dropped:
                tokens.append(self._tokens[id])
        if check_errors(errors) == "strict":
            return decoder_of(self._content.get("decoder"), errors)(tokens)[0]
        return self._decoder(tokens)[0]

    def decode_stream(self, *, skip_special_tokens: bool = True) -> DecodeStream:
        """A decoder that is given ids as they come and never gives half a character."""
        return WindowStream(self, skip_special_tokens)

    # storing

    def write(self, path: str | Path) -> None:
        """Writes tokenizer.json."""
        if Path(path).suffix != ".json":
            raise ArgumentError("unknown ending", where=str(path), expected=".json")
        write_whole(Path(path), [json.dumps(self._content, ensure_ascii=False, indent=1).encode()])

    def to_config(self, vocabulary: str) -> dict[str, Any]:
        """See `Tokenizer.to_config`."""
        rules = lengths.to_config(self.truncation, self.padding)
        return {"kind": self.kind, "vocabulary": vocabulary, **rules}

    def save(self, folder: str | Path, name: str = "tokenizer.json") -> dict[str, Any]:
        """Writes the tokenizer.json as NAME.json in the folder and gives the entry for config.json."""
        path = Path(folder, name).with_suffix(".json")
        write_whole(path, [json.dumps(self._content, ensure_ascii=False, separators=(",", ":")).encode()])
        return self.to_config(path.name)
