"""Writes class_tables.c: the class of every code point that the scanners ask for (classes.h).

    python csrc/text/generate_classes.py > csrc/text/class_tables.c

The libraries whose tokens ours must equal know Unicode 16.0, so these tables are of that version whatever the
others are of. Python 3.14 has it; with another Python the package unicodedata2 (16.0.0) is needed.
"""

import sys
import unicodedata

VERSION = "16.0.0"
if unicodedata.unidata_version != VERSION:
    import unicodedata2 as unicodedata

# In the order of the enum in classes.h.
CLASSES = [
    "other", "upper", "lower", "letter", "mark", "number", "blank", "newline", "punctuation", "symbol",
]  # fmt: skip

WHITE_SPACE = {
    *range(9, 14),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
}
"""The property White_Space, which a regular expression's \\s means."""

OF_CATEGORY = {"Lu": "upper", "Lt": "upper", "Ll": "lower", "Lm": "letter", "Lo": "letter"}
OF_MAJOR = {"M": "mark", "N": "number", "P": "punctuation", "S": "symbol"}


def class_of(code):
    """The name of a code point's class."""
    category = unicodedata.category(chr(code))
    if code in (10, 13):
        return "newline"
    if code in WHITE_SPACE:
        return "blank"
    return OF_CATEGORY.get(category) or OF_MAJOR.get(category[0], "other")


def two_stages(values, shift):
    """values[i] == second[(first[i >> shift] << shift) + i % (1 << shift)], equal blocks stored once."""
    first, second, seen = [], [], {}
    for start in range(0, len(values), 1 << shift):
        block = tuple(values[start : start + (1 << shift)])
        if block not in seen:
            seen[block] = len(second) >> shift
            second.extend(block)
        first.append(seen[block])
    return first, second


def rows(numbers, width):
    for start in range(0, len(numbers), width):
        yield "    " + ", ".join(map(str, numbers[start : start + width])) + ","


def main():
    assert unicodedata.unidata_version == VERSION, f"Unicode {VERSION} is needed"
    first, second = two_stages([CLASSES.index(class_of(code)) for code in range(0x110000)], 7)
    out = [
        f"/* Made by generate_classes.py from Unicode {VERSION}; not to be edited.",
        f" * {len(second) // 128} distinct blocks of 128. */",
        '#include "classes.h"',
        "",
        f'const char fs_class_version[] = "{VERSION}";',
        "",
        f"const uint16_t fs_class_blocks[{len(first)}] = {{",
        *rows(first, 24),
        "};",
        "",
        f"const uint8_t fs_class_index[{len(second)}] = {{",
        *rows(second, 32),
        "};",
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
