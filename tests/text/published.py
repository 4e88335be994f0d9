"""Vocabularies that other packages carry, and texts, for the tests and benches that compare with them."""

import base64
import importlib.util
import json
import sysconfig
from itertools import pairwise
from pathlib import Path

from tests.reference.bpe import spelled

PATTERNS = {
    "gpt2": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "cl100k_base": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"""
    r"""| ?[^\s\p{L}\p{N}]++[\r\n]*+"""
    r"""|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    "o200k_base": "|".join(
        [
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"""
            r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"""
            r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
        ]
    ),
}
PATTERNS["p50k_base"] = PATTERNS["gpt2"]

# size of the file, in bytes -> encoding
SIZES = {1681126: "cl100k_base", 3613922: "o200k_base", 836186: "p50k_base", 835554: "gpt2"}


def folder_of(package):
    """Where a package lies, without importing it."""
    return Path(importlib.util.find_spec(package).origin).parent


def rank_files():
    """Encoding -> file of ranks."""
    places = [folder_of("litellm") / "litellm_core_utils" / "tokenizers", folder_of("whisper") / "assets"]
    files = [path for place in places for path in sorted(place.iterdir()) if path.is_file()]
    return {SIZES[path.stat().st_size]: path for path in files if path.stat().st_size in SIZES}


def read_ranks(path):
    """Token -> rank."""
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def tokenizer_json_of(ranks):
    """The tokenizer.json of a file of ranks that is cut as GPT-2 is.

    A token's merge is of the two parts that the merges before it make of its bytes.
    """
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda entry: entry[1]):
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            _, i = min((ranks.get(a + b, rank), i) for i, (a, b) in enumerate(pairwise(parts)))
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        if len(parts) == 2:
            merges.append([spelled(part) for part in parts])
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    vocab = {spelled(token): rank for token, rank in ranks.items()}
    model = {"type": "BPE", "vocab": vocab, "merges": merges}
    return json.dumps(
        {"version": "1.0", "added_tokens": [], "pre_tokenizer": level, "decoder": level, "model": model}
    )


def tiktoken_of(name, path, special_tokens):
    """The same encoding by tiktoken."""
    import tiktoken

    return tiktoken.Encoding(
        name, pat_str=PATTERNS[name], mergeable_ranks=read_ranks(path), special_tokens=dict(special_tokens)
    )


def code(limit):
    """Python sources of the standard library, about `limit` characters."""
    found, size = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*/*.py")):
        text = path.read_text(encoding="utf-8", errors="ignore")
        found.append(text)
        size += len(text)
        if size > limit:
            break
    return "\n".join(found)[:limit]


def prose(limit):
    """Docstrings of the standard library, about `limit` characters."""
    import ast

    found, size = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
                text = ast.get_docstring(node) or ""
                found.append(text)
                size += len(text)
        if size > limit:
            break
    return "\n\n".join(found)[:limit]


def many_scripts(limit):
    """Messages of the system's programs in all languages; where there are none, letters of every script."""
    found, size = [], 0
    for path in sorted(Path("/usr/share/locale").glob("*/LC_MESSAGES/*.mo")):
        text = path.read_bytes().decode("utf-8", "ignore")
        lines = [
            line
            for line in text.replace("\0", "\n").split("\n")
            if sum(c > "\x7f" for c in line) * 4 > len(line) > 3
        ]
        found += lines
        size += sum(map(len, lines))
        if size > limit:
            break
    if size < limit:
        letters = [chr(c) for c in range(0x80, 0x20000) if chr(c).isalpha()]
        found += ["".join(letters[i : i + 7]) + " " for i in range(0, len(letters), 7)] * (
            limit // len(letters) + 1
        )
    return "\n".join(found)[:limit]


TEXTS = {"prose": prose, "code": code, "many scripts": many_scripts}
