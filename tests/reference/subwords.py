"""The models of tokenizer.json in plain Python, for pieces of text; written from their definitions."""

import itertools
import math
from decimal import Decimal


def wordpiece(vocab, piece, *, prefix="##", unknown="[UNK]", longest=100):
    """The longest token that begins the piece, then the longest that goes on; all unknown where none does."""
    found, begin = [], 0
    while begin < len(piece):
        ends = range(len(piece), begin, -1)
        spelled = ((prefix if begin else "") + piece[begin:end] for end in ends)
        token, end = next(((t, e) for t, e in zip(spelled, ends, strict=True) if t in vocab), (None, 0))
        if token is None or len(piece) > longest:
            return [vocab[unknown]]
        found.append(vocab[token])
        begin = end
    return found


def as_read(score):
    """As tokenizers' reader has it: the digits as a float, then a power of ten, rounded twice."""
    sign, digits, exponent = Decimal(repr(score)).as_tuple()
    value = float(int("".join(map(str, digits))))
    value = value * float(10**exponent) if exponent > 0 else value / float(10**-exponent)
    return -value if sign else value


def unigram(pieces, text, unknown, byte_fallback=False):
    """Of all ways to cut the text into pieces (a list of piece, score) that of the highest sum.

    A character that no piece is costs 10 more than the worst piece; of such in a row there is one id.
    """
    scores = {piece: (as_read(score), id) for id, (piece, score) in enumerate(pieces)}
    penalty = min(score for score, _ in scores.values()) - 10
    best = [(0.0, 0, None)] + [(-math.inf, 0, None)] * len(text)
    for begin in range(len(text)):
        so_far = best[begin][0]
        for end in range(begin + 1, len(text) + 1):
            score, id = scores.get(text[begin:end], (penalty if end == begin + 1 else None, None))
            if score is not None and so_far + score > best[end][0]:
                best[end] = (so_far + score, begin, id)
    way, end = [], len(text)
    while end:
        _, begin, id = best[end]
        way.append((text[begin:end], id))
        end = begin
    ids = []
    for part, id in reversed(way):
        if id is not None:
            ids.append(id)
        elif byte_fallback:
            ids += [scores[f"<0x{byte:02X}>"][1] for byte in part.encode()]
        elif not ids or ids[-1] != unknown:
            ids.append(unknown)
    return ids


def bpe(vocab, merges, piece, *, unknown, byte_fallback=False, fuse=True, prefix="", suffix=""):
    """Characters, then merges ((left, right) -> rank): the lowest rank first, of equal ones the leftmost."""
    symbols = []
    for place, c in enumerate(piece):
        spelled = (prefix if place else "") + c + (suffix if place == len(piece) - 1 else "")
        spread = [f"<0x{byte:02X}>" for byte in spelled.encode()]
        if spelled in vocab:
            symbols.append(spelled)
        elif byte_fallback and all(byte in vocab for byte in spread):
            symbols += spread
        elif not (fuse and symbols and symbols[-1] == unknown):
            symbols.append(unknown)
    while True:
        ranks = [
            (merges[pair], place) for place, pair in enumerate(itertools.pairwise(symbols)) if pair in merges
        ]
        if not ranks:
            return [vocab[symbol] for symbol in symbols]
        _, place = min(ranks)
        made = symbols[place] + symbols[place + 1][len(prefix) :]
        symbols[place : place + 2] = [made]
