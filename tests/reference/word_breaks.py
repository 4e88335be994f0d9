"""Word boundaries of UAX #29, rule by rule at every position: slow, and as the annex reads."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "csrc/text/generators"))
import generate_unicode as generator

LETTER = {"letter", "hebrew"}
MID_QUOTE = {"mid_num_let", "single_quote"}
IGNORED = {"extend", "format", "zwj"}
NEWLINE = {"cr", "lf", "newline"}
NAMED = {"numeric", "katakana", "extend_num_let"} | LETTER


def is_boundary(text: str, at: int) -> bool:
    """Whether words are cut before text[at]; WB1 to WB999 in order."""
    if at == 0 or at == len(text):
        return True  # WB1, WB2
    kinds = [generator.word_break(ord(c)) for c in text]
    left, right = kinds[at - 1], kinds[at]
    if (left, right) == ("cr", "lf"):
        return False  # WB3
    if left in NEWLINE or right in NEWLINE:
        return True  # WB3a, WB3b
    if left == "zwj" and ord(text[at]) in generator.PICTOGRAPH_SET:
        return False  # WB3c
    if left == right == "space":
        return False  # WB3d
    if right in IGNORED:
        return False  # WB4
    before, after = significant(kinds[:at]), [right, *significant_after(kinds[at + 1 :])]
    return not joined(before, after)


def significant(kinds: list[str]) -> list[str]:
    """Classes with those that WB4 ignores taken out: those behind a character that is no line end."""
    found: list[str] = []
    previous_ends = True
    for kind in kinds:
        if kind not in IGNORED or previous_ends:
            found.append(kind)
            previous_ends = kind in NEWLINE
    return found


def significant_after(kinds: list[str]) -> list[str]:
    """The same for what follows a character."""
    return [kind for kind in kinds if kind not in IGNORED]


def joined(before: list[str], after: list[str]) -> bool:
    """WB5 to WB16 on classes left and right of a position."""
    left, right = before[-1], after[0]
    left2 = before[-2] if len(before) > 1 else ""
    right2 = after[1] if len(after) > 1 else ""
    regional = next((i for i, kind in enumerate(reversed(before)) if kind != "regional"), len(before))
    return (
        (left in LETTER and right in LETTER)  # WB5
        or (left in LETTER and right in {"mid_letter"} | MID_QUOTE and right2 in LETTER)  # WB6
        or (left2 in LETTER and left in {"mid_letter"} | MID_QUOTE and right in LETTER)  # WB7
        or (left == "hebrew" and right == "single_quote")  # WB7a
        or (left == "hebrew" and right == "double_quote" and right2 == "hebrew")  # WB7b
        or (left2 == "hebrew" and left == "double_quote" and right == "hebrew")  # WB7c
        or (left == "numeric" and right == "numeric")  # WB8
        or (left in LETTER and right == "numeric")  # WB9
        or (left == "numeric" and right in LETTER)  # WB10
        or (left2 == "numeric" and left in {"mid_num"} | MID_QUOTE and right == "numeric")  # WB11
        or (left == "numeric" and right in {"mid_num"} | MID_QUOTE and right2 == "numeric")  # WB12
        or (left == "katakana" and right == "katakana")  # WB13
        or (left in NAMED and right == "extend_num_let")  # WB13a
        or (left == "extend_num_let" and right in NAMED - {"extend_num_let"})  # WB13b
        or (left == right == "regional" and regional % 2 == 1)  # WB15, WB16
    )


def segments(text: str) -> list[str]:
    """The text cut at every boundary."""
    cuts = [at for at in range(len(text) + 1) if is_boundary(text, at)]
    return [text[begin:end] for begin, end in itertools.pairwise(cuts)]
