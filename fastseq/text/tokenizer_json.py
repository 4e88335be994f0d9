"""tokenizer.json, as the tokenizers library writes it.

What this version does not run is refused by its name and place in the file.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from fastseq._core import native
from fastseq.errors import FastseqError, FormatError
from fastseq.files import read_json
from fastseq.text import json_around, json_models, lengths, normalizers
from fastseq.text.added import AddedToken
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.decoders import decoder_of
from fastseq.text.json_cuts import cuts_of, scanner_of
from fastseq.text.json_values import Json, an_object, refuse, steps_of
from fastseq.text.local import local_of
from fastseq.text.pipeline import PipelineTokenizer
from fastseq.text.regexes import Pattern

SPACE = "\u2581"


def load(path: Path) -> BpeTokenizer | PipelineTokenizer:
    """The tokenizer of a tokenizer.json."""
    try:
        return from_json(read_json(path))
    except RecursionError:
        raise FormatError("nested too deeply", where=str(path), expected="JSON of a few levels") from None
    except FastseqError as error:
        raise (error if error.where.startswith(str(path)) else error.within(str(path))) from None


def from_config(path: Path, options: dict[str, Any]) -> BpeTokenizer | PipelineTokenizer:
    """The tokenizer of an entry of config.json; its lengths are those of the entry."""
    rules = lengths.from_config(options)
    if options:
        raise FormatError("unknown key", where=f"{min(options)!r:.60}")
    made = load(path)
    made.set_lengths(*rules)
    return made


def from_json(content: Any, *, as_cut: bool = False) -> BpeTokenizer | PipelineTokenizer:
    """The same of its content; `as_cut`: words of a text are what the file cuts, and no smaller."""
    top = an_object(content, "the file")
    model = an_object(top.get("model"), "model")
    added = json_around.added_tokens(top.get("added_tokens") or [])
    steps = steps_of(top.get("pre_tokenizer"), "pre_tokenizer", "pretokenizers")
    scanned = scanner_of(steps)
    if scanned and json_models.is_plain_bpe(model):
        normalizer = normalizers.from_json(top.get("normalizer"))
        if normalizer is None or not (scanned[1] or any(token.normalized for token in added)):
            return _byte_level(top, model, added, normalizer, *scanned)
    return _pipeline(top, model, added, as_cut)


def _byte_level(
    top: Json,
    model: Json,
    added: list[AddedToken],
    normalizer: native.Normalizer | None,
    pattern: str | Pattern,
    prefix_space: bool,
) -> BpeTokenizer:
    """Byte-level byte-pair encoding that a scanner cuts for."""
    around = json_around.around(top.get("post_processor"))
    for where, step in steps_of(top.get("decoder"), "decoder", "decoders"):
        if step.get("type") not in ("ByteLevel", "Fuse"):
            refuse(step, where)
    encoder = native.BpeEncoder(
        pattern=pattern,
        prefix_space=prefix_space,
        markers=[(token.text, token.id, token.flags) for token in added],
        prepend=around.prepend,
        append=around.append,
        normalizer=normalizer,
        **json_models.byte_level_model(model),
    )
    for id in around.pair:
        if isinstance(id, int) and encoder.token(id) is None:
            raise FormatError("id not in the vocabulary", where="post_processor", found=str(id))
    made = BpeTokenizer(encoder, added, top.get("normalizer"), around.pair)
    made.set_lengths(json_around.truncation(top.get("truncation")), json_around.padding(top.get("padding")))
    return made


def _pipeline(top: Json, model: Json, added: list[AddedToken], as_cut: bool) -> PipelineTokenizer:
    special = {token.text for token in added if token.special}
    arguments, vocab = json_models.subword_model(model, special)
    added = sorted(added, key=lambda token: token.normalized)  # as the native pipeline wants them
    around = json_around.around(top.get("post_processor"))
    _check_ids(added, vocab, around)
    lead, steps = _lead_of(top.get("normalizer"))
    normalizer = normalizers.from_json({"type": "Sequence", "normalizers": steps})
    cuts = cuts_of(top.get("pre_tokenizer"))
    at_spaces = {"text": SPACE, "behavior": "merged_with_next"}
    if (
        arguments["kind"] == "BPE"
        and not as_cut
        and cuts[-1:] != [{"kind": "text", **at_spaces}]
        and _has_words(arguments, vocab)
    ):
        cuts.append({"kind": "run", **at_spaces})
    found = _spellings(added, normalizer, lead)
    encoder = native.Pipeline(
        model=arguments,
        cuts=cuts,
        normalizer=normalizer,
        lead=lead,
        given=[(text, token.id, token.flags) for token, text in found if not token.normalized],
        normalized=[(text, token.id, token.flags) for token, text in found if token.normalized],
        local=local_of(steps, cuts, lead),
        prepend=around.prepend,
        append=around.append,
    )
    made = PipelineTokenizer(
        encoder,
        model=arguments["kind"],
        vocab=vocab,
        added=added,
        found=[token for token, _ in found],
        around=around,
        decoder=decoder_of(top.get("decoder")),
        content=top,
    )
    made.set_lengths(json_around.truncation(top.get("truncation")), json_around.padding(top.get("padding")))
    return made


def _check_ids(added: list[AddedToken], vocab: dict[str, int], around: json_around.Around) -> None:
    """An added token has the id that the vocabulary gives it; what is put around texts is known."""
    for token in added:
        if vocab.get(token.text, token.id) != token.id:
            raise FormatError(
                "an added token has two ids",
                where=f"added_tokens, {token.text!r:.60}",
                expected=str(vocab[token.text]),
                found=str(token.id),
            )
    known = {*vocab.values(), *(token.id for token in added)}
    for part in (*around.single, *around.pair):
        if isinstance(part, int) and part not in known:
            raise FormatError("id not in the vocabulary", where="post_processor", found=str(part))


def _lead_of(entry: Any) -> tuple[str, list[Json]]:
    """(what the normalizer begins by putting before a text, the steps behind that)."""
    steps = [step for _, step in steps_of(entry, "normalizer", "normalizers")]
    if steps and steps[0].get("type") == "Prepend" and isinstance(steps[0].get("prepend"), str):
        return steps[0]["prepend"], steps[1:]
    return "", steps


def _spellings(
    added: list[AddedToken], normalizer: native.Normalizer | None, lead: str
) -> list[tuple[AddedToken, str]]:
    """The tokens that a text can have, and how they are spelled where they are looked for.

    Where two become the same in normalized text the first counts.
    """
    made: dict[tuple[bool, str], AddedToken] = {}
    for token in added:
        text = token.text
        if token.normalized:
            text = normalizer.normalize(lead + text) if normalizer else lead + text
        if text:
            made.setdefault((token.normalized, text), token)
    return [(token, text) for (_, text), token in made.items()]


def _has_words(model: Json, vocab: Collection[str]) -> bool:
    """Whether no token of a BPE model goes on where a word starts: then words can be encoded one by one."""
    if model["prefix"] or model["suffix"] or SPACE not in vocab:
        return False
    return not any(SPACE in token.lstrip(SPACE) for token in vocab)
