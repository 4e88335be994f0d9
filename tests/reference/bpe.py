"""Byte-pair encoding as it is defined: the pair of the lowest rank, the leftmost first, one at a time."""

import base64
import itertools
from collections import Counter
from functools import cache

from tests.reference.pretokens import pieces


def merge(parts, rank_of):
    """parts: a list; rank_of(left, right): None when the two do not merge."""
    while True:
        ranked = [(rank_of(a, b), i) for i, (a, b) in enumerate(itertools.pairwise(parts))]
        ranked = [pair for pair in ranked if pair[0] is not None]
        if not ranked:
            return parts
        _, i = min(ranked)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


def encode_ranks(ranks, rule, text):
    """As tiktoken does it. ranks: bytes -> id."""
    ids = []
    for piece in pieces(rule, text):
        piece = piece.encode()
        if piece in ranks:
            ids.append(ranks[piece])
            continue
        parts = merge([piece[i : i + 1] for i in range(len(piece))], lambda a, b: ranks.get(a + b))
        ids += [ranks[part] for part in parts]
    return ids


def encode_merges(vocab, merges, rule, text, ignore_merges=False):
    """As tokenizers does it. vocab: bytes -> id; merges: (left, right) -> rank.

    Bytes that have no token are left out.
    """
    ids = []
    for piece in pieces(rule, text):
        piece = piece.encode()
        if ignore_merges and piece in vocab:
            ids.append(vocab[piece])
            continue
        parts = [piece[i : i + 1] for i in range(len(piece)) if piece[i : i + 1] in vocab]
        ids += [vocab[part] for part in merge(parts, lambda a, b: merges.get((a, b)))]
    return ids


def train(text, rule, count):
    """(vocab, merges) of 256 bytes and `count` merges."""
    words = Counter(piece.encode() for piece in pieces(rule, text))
    split = {word: [word[i : i + 1] for i in range(len(word))] for word in words}
    vocab = {bytes([b]): b for b in range(256)}
    merges = {}
    while len(merges) < count:
        pairs = Counter()
        for word, parts in split.items():
            for pair in itertools.pairwise(parts):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges[best] = len(merges)
        vocab.setdefault(best[0] + best[1], len(vocab))
        for word, parts in split.items():
            split[word] = merge(parts, lambda a, b, best=best: 0 if (a, b) == best else None)
    return vocab, merges


def ranks_file(ranks):
    """The bytes of a file of tiktoken."""
    ordered = sorted(ranks.items(), key=lambda item: item[1])
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ordered)


@cache
def alphabet():
    """GPT-2's characters for the bytes, 256 of them."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = iter(range(256, 512))
    return [chr(b) if b in seen else chr(next(rest)) for b in range(256)]


def spelled(token):
    """A token as tokenizer.json writes it."""
    letters = alphabet()
    return "".join(letters[b] for b in token)
