"""The `model` of a tokenizer.json as arguments of the native encoders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastseq.errors import FormatError, UnsupportedError
from fastseq.text.json_values import Json, a_list, an_id, an_object, as_serde_reads, option, refuse

KINDS = ("BPE", "WordPiece", "WordLevel", "Unigram")


def kind_of(model: Json) -> str:
    """Of KINDS; older files do not say it."""
    kind = model.get("type")
    if kind is None and isinstance(model.get("vocab"), list):
        kind = "Unigram"
    if kind is None:
        keys = {"merges": "BPE", "max_input_chars_per_word": "WordPiece"}
        kind = next((keys[key] for key in keys if key in model), None)
    if kind not in KINDS:
        refuse({"type": kind}, "model")
    return str(kind)


def byte_level_model(model: Json) -> Json:
    """Arguments of native.BpeEncoder."""
    tokens = _vocab(model)
    return {
        "tokens": tokens.keys(),
        "ids": list(tokens.values()),
        "merges": _merges(model),
        "ignore_merges": option(model, "ignore_merges", bool, False, "model"),
    }


def is_plain_bpe(model: Json) -> bool:
    """Whether a BPE model has none of what byte-level ones never have."""
    keys = ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
    return kind_of(model) == "BPE" and not any(model.get(key) for key in keys)


def subword_model(model: Json, special: Collection[str]) -> tuple[Json, dict[str, int]]:
    """(`model` of native.Pipeline, token -> id).

    No text of more than one character is a special token by the model alone.
    """
    kind = kind_of(model)
    made: Json = {"kind": kind}
    if kind == "Unigram":
        vocab, made["scores"] = _scored(model)
        unknown = model.get("unk_id")
        made["unknown"] = -1 if unknown is None else an_id(unknown, "model.unk_id")
        if made["unknown"] >= len(vocab):
            raise FormatError(
                "id out of range", where="model.unk_id", expected=f"0 to {len(vocab) - 1}", found=str(unknown)
            )
        made["byte_fallback"] = option(model, "byte_fallback", bool, False, "model")
    else:
        vocab = _vocab(model)
        made["unknown"] = _unknown(model, kind, vocab)
    if kind == "WordPiece":
        made["prefix"] = option(model, "continuing_subword_prefix", str, "##", "model")
        made["longest"] = _longest(model)
    if kind == "BPE":
        made.update(_bpe_options(model))
    tokens = list(vocab)
    made["tokens"], made["ids"] = tokens, list(vocab.values())
    made["hidden"] = bytes(len(token) > 1 and token in special for token in tokens)
    return made, vocab


def _bpe_options(model: Json) -> Json:
    if option(model, "dropout", float, 0.0, "model"):
        raise UnsupportedError("not supported", where="model.dropout", found=f"{model['dropout']!r:.60}")
    return {
        "merges": _merges(model),
        "prefix": option(model, "continuing_subword_prefix", str, "", "model"),
        "suffix": option(model, "end_of_word_suffix", str, "", "model"),
        "byte_fallback": option(model, "byte_fallback", bool, False, "model"),
        "fuse_unknown": option(model, "fuse_unk", bool, False, "model"),
        "ignore_merges": option(model, "ignore_merges", bool, False, "model"),
    }


def _longest(model: Json) -> int:
    longest = option(model, "max_input_chars_per_word", int, 100, "model")
    if longest < 0:
        raise FormatError(
            "out of range",
            where="model.max_input_chars_per_word",
            expected="0 or more",
            found=f"{longest:.20}" if isinstance(longest, str) else str(longest)[:20],
        )
    return min(longest, 2**31 - 1)


def _unknown(model: Json, kind: str, vocab: dict[str, int]) -> int:
    """The id of unk_token; -1: there is none."""
    absent = {"WordPiece": "[UNK]", "WordLevel": "<unk>", "BPE": ""}[kind]
    token = option(model, "unk_token", str, absent, "model")
    if kind == "BPE" and token and token not in vocab:
        raise FormatError(
            "not in the vocabulary", where="model.unk_token", expected="a token of it", found=f"{token!r:.60}"
        )
    return vocab.get(token, -1)


def _vocab(model: Json) -> dict[str, int]:
    """Token -> id. No id twice."""
    vocab = an_object(model.get("vocab"), "model.vocab")
    seen: dict[int, str] = {}
    for token, id in vocab.items():
        place = f"model.vocab, {token!r:.60}"
        other = seen.setdefault(an_id(id, place), token)
        if other is not token:
            raise FormatError(
                "duplicate id", where=place, expected="each id once", found=f"{id}, of {other!r:.60}"
            )
    return vocab


def _scored(model: Json) -> tuple[dict[str, int], list[float]]:
    """(piece -> id, scores) of Unigram's list of pairs."""
    vocab: dict[str, int] = {}
    scores = []
    pairs = a_list(model.get("vocab"), "model.vocab")
    for id, pair in enumerate(pairs):
        where = f"model.vocab[{id}]"
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise FormatError(
                "not a piece", where=where, expected="a piece and its score", found=f"{pair!r:.60}"
            )
        piece, score = pair
        if type(score) not in (int, float) or abs(score) > 1e300:
            raise FormatError("not a score", where=where, expected="a number", found=f"{score!r:.60}")
        if piece in vocab:
            raise FormatError(
                "duplicate piece", where=where, expected="each piece once", found=f"{piece!r:.60}"
            )
        vocab[piece] = id
        scores.append(as_serde_reads(float(score)))
    return vocab, scores


def _merges(model: Json) -> list[str]:
    """Left, right, left, right ..., of pairs or of strings with a space between."""
    merges = a_list(model.get("merges"), "model.merges")
    pairs: list[Any] = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    for place, pair in enumerate(pairs):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, str) for side in pair):
            raise FormatError(
                "not a merge",
                where=f"model.merges[{place}]",
                expected="two tokens",
                found=f"{merges[place]!r:.60}",
            )
    return [side for pair in pairs for side in pair]
