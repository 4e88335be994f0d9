"""Choosing a token in plain NumPy: logits are edited, then filtered, in the order of transformers."""

import numpy as np


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def edited(
    logits,
    prompt,
    answer,
    *,
    bias=(),
    repetition_penalty=1.0,
    presence_penalty=0.0,
    frequency_penalty=0.0,
    no_repeat_ngram=0,
    banned=(),
    mask=None,
):
    x = logits.astype(np.float64)
    past = [*prompt, *answer]
    for token in bias:
        x[token] += bias[token]
    for token in set(past):
        x[token] = x[token] * repetition_penalty if x[token] < 0 else x[token] / repetition_penalty
    for token in set(answer):
        x[token] -= presence_penalty + frequency_penalty * list(answer).count(token)
    if no_repeat_ngram:
        end = past[len(past) - no_repeat_ngram + 1 :]
        for i in range(len(past) - no_repeat_ngram + 1):
            if past[i : i + no_repeat_ngram - 1] == end:
                x[past[i + no_repeat_ngram - 1]] = -np.inf
    x[list(banned)] = -np.inf
    if mask is not None:
        for token in range(len(x)):
            if not int(mask[token // 64]) >> token % 64 & 1:
                x[token] = -np.inf
    return x


def _keep(shares, order, mass):
    """The fewest of an order whose shares add up to a mass."""
    reached = np.cumsum(shares[order])
    kept = order[: int((reached < mass).sum()) + 1]
    out = np.zeros_like(shares)
    out[kept] = shares[kept]
    return out / out.sum()


def filtered(logits, *, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, typical_p=1.0):
    """The probability of each token."""
    x = logits.astype(np.float64) / temperature
    shares = np.exp(log_softmax(x))
    order = np.argsort(-x, kind="stable")
    if 0 < top_k < len(x):
        shares[order[top_k:]] = 0
        shares /= shares.sum()
    if top_p < 1:
        shares = _keep(shares, order, top_p)
    shares[shares < min_p * shares.max() * (1 - 1e-6)] = 0
    shares /= shares.sum()
    if typical_p < 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            surprise = -np.log(shares)
        entropy = (shares[shares > 0] * surprise[shares > 0]).sum()
        shares = _keep(shares, np.argsort(np.abs(surprise - entropy), kind="stable"), typical_p)
    return shares
