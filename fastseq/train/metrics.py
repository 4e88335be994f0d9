"""Error rates of predicted token sequences, each scored against its nearest reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Tokens = Sequence[str]


@dataclass(frozen=True)
class ErrorRates:
    """How far predictions lie from their references.

    Attributes:
        sequence: share of predictions that equal none of their references, 0 to 1
            (for phonemes: the word error rate).
        token: edits needed to reach the nearest reference, over that reference's length,
            both summed over all predictions (for phonemes: the phoneme error rate).
        count: number of predictions scored.

    """

    sequence: float
    token: float
    count: int

    def __str__(self) -> str:
        return f"{self.sequence:.2%} of {self.count} sequences, {self.token:.2%} of tokens"


def edit_distance(left: Tokens, right: Tokens) -> int:
    """Fewest insertions, deletions and substitutions that turn ``left`` into ``right``.

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(right) + 1))
    for i, token in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            substituted = diagonal + (token != other)
            diagonal = row[j]
            row[j] = min(substituted, diagonal + 1, row[j - 1] + 1)
    return row[-1]


def nearest(predicted: Tokens, references: Sequence[Tokens]) -> tuple[int, int]:
    """Edits to the closest reference and that reference's length; the first listed wins a tie."""
    if not references:
        raise ValueError("a prediction needs at least one reference, found none")
    scored = [(edit_distance(predicted, reference), len(reference)) for reference in references]
    return min(scored, key=lambda pair: pair[0])


def strip_stress(phonemes: Tokens) -> tuple[str, ...]:
    """ARPAbet phonemes without their stress digits.

    >>> strip_stress(["HH", "AH0", "L", "OW1"])
    ('HH', 'AH', 'L', 'OW')
    """
    return tuple(phoneme.rstrip("012") for phoneme in phonemes)


def error_rates(
    predicted: Sequence[Tokens],
    references: Sequence[Sequence[Tokens]],
    *,
    stress: bool = True,
) -> ErrorRates:
    """Score each prediction against the nearest of its references.

    Args:
        predicted: one token sequence a text.
        references: for each text, the sequences accepted as right.
        stress: False compares ARPAbet phonemes without their stress digits.

    """
    if len(predicted) != len(references):
        raise ValueError(
            f"{len(predicted)} predictions need as many reference lists, found {len(references)}"
        )
    wrong = edits = length = 0
    for guess, accepted in zip(predicted, references, strict=True):
        if not stress:
            guess, accepted = strip_stress(guess), [strip_stress(one) for one in accepted]
        distance, size = nearest(guess, accepted)
        wrong += distance > 0
        edits += distance
        length += size
    return ErrorRates(_ratio(wrong, len(predicted)), _ratio(edits, length), len(predicted))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
