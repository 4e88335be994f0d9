"""Training of a Unigram model as it is defined: every way to cut every word, one by one."""

import math
from collections import Counter

import numpy as np


def ways(word, pieces):
    """All the ways to cut a word into pieces."""
    if not word:
        yield []
    for end in range(1, len(word) + 1):
        if word[:end] in pieces:
            for rest in ways(word[end:], pieces):
                yield [word[:end], *rest]


def seeds(words, most, longest):
    times, lengthened = Counter(), {}
    for word, count in words.items():
        for begin in range(len(word)):
            for end in range(begin + 2, min(begin + longest, len(word)) + 1):
                times[word[begin:end]] += count
                behind = word[end] if end < min(len(word), begin + longest) else None
                lengthened.setdefault(word[begin:end], set()).add(behind)
    whole = {one for one, behind in lengthened.items() if len(behind) > 1 or None in behind}
    kept = [one for one in whole if times[one] >= 2]
    kept.sort(key=lambda one: (-times[one] * len(one), one))
    return {one: times[one] * len(one) for one in kept[:most]}


def digamma(x):
    """From the difference equation and a numeric derivative of lgamma where it is smooth."""
    below = 0.0
    while x < 1000:
        below -= 1 / x
        x += 1
    return below + math.log(x) - 1 / (2 * x) - 1 / (12 * x * x)


def expected(words, scores):
    """(how often each piece is expected, the mean logarithm of a word's probability)."""
    times, likelihood = Counter(), 0.0
    for word, count in words.items():
        cuts = list(ways(word, scores))
        shares = np.exp([sum(scores[piece] for piece in cut) for cut in cuts])
        likelihood += count * math.log(shares.sum())
        for cut, share in zip(cuts, shares / shares.sum(), strict=True):
            for piece in cut:
                times[piece] += count * share
    return times, likelihood / sum(words.values())


def em_round(words, scores, required):
    """The scores behind one round."""
    times, likelihood = expected(words, scores)
    kept = {piece: max(times[piece], 0.5) for piece in scores if piece in required or times[piece] >= 0.5}
    total = digamma(sum(kept.values()))
    return {piece: digamma(value) - total for piece, value in kept.items()}, likelihood


def losses(words, scores, required):
    """What the likelihood loses without each piece; pieces that nothing uses are left out."""

    def best(word, without=None):
        cuts = [cut for cut in ways(word, scores) if cut != [without]]
        return max(cuts, key=lambda cut: sum(scores[piece] for piece in cut))

    times = Counter()
    for word, count in words.items():
        for piece in best(word):
            times[piece] += count
    total = sum(times.values())
    found = {}
    for piece in scores:
        if piece in required or not times[piece]:
            continue
        other = best(piece, without=piece)
        mine = times[piece]
        then = math.log(total + mine * (len(other) - 1))
        change = math.log(mine / total) - sum(math.log(times[part] + mine) - then for part in other)
        found[piece] = max(0.0, mine / total * change)
    return found
