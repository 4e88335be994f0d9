"""Training of byte-pair encoding as it is defined: every pair counted anew before each merge."""

import itertools
from collections import Counter


def train(words, symbols, vocab_size, least=1, longest=0, prefix=b""):
    """words: (symbol ids, count) each; symbols: how they are spelled, bytes.

    Gives (spellings of all symbols, merges (left, right, made)). A pair that comes up again after its
    merge is merged again and keeps its place.
    """
    spelled, merges = list(symbols), {}
    words = [(list(word), count) for word, count in words]
    while len(spelled) < vocab_size:
        pairs = Counter()
        for word, count in words:
            for pair in itertools.pairwise(word):
                if not longest or sum(len(spelled[side]) for side in pair) <= longest:
                    pairs[pair] += count
        pairs = {pair: count for pair, count in pairs.items() if count >= least}
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        right = spelled[best[1]]
        made = spelled[best[0]] + (right.removeprefix(prefix) if right != prefix else right)
        if made not in spelled:
            spelled.append(made)
        merges.setdefault(best, spelled.index(made))
        for word, _ in words:
            for i in range(len(word)):
                if tuple(word[i : i + 2]) == best:
                    word[i : i + 2] = [spelled.index(made)]
    return spelled, [(*pair, made) for pair, made in merges.items()]
