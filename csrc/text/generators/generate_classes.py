"""Writes class_tables.c: the class of every code point that the scanners ask for (classes.h).

    python csrc/text/generators/generate_classes.py > csrc/text/unicode/class_tables.c

The libraries whose tokens ours must equal know Unicode 16.0, so these tables are of that version whatever the
others are of. Python 3.14 has it; with another Python the package unicodedata2 (16.0.0) is needed.
"""

import sys
import unicodedata

from tables import array, rows, two_stages

VERSION = "16.0.0"
if unicodedata.unidata_version != VERSION:
    import unicodedata2 as unicodedata

# In the order of the enum in classes.h.
CLASSES = [
    "other", "upper", "lower", "letter", "mark", "number", "blank", "newline", "punctuation", "symbol",
]  # fmt: skip

DECIDED_LATER = 0xFFFF
"""FS_LEAD_LATER of classes.h"""

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


def leads(classes):
    """(blocks, classes): which block of 64 classes, by the third byte, each first and second byte lead to."""
    blocks = {(c,) * 64: c for c in range(len(CLASSES))}
    found = [0] * 4096
    for lead in range(0xC2, 0xF5):
        for second in range(0x80, 0xC0):
            size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            code = (lead & (0xFF >> (size + 1))) << 6 | (second & 63)
            of_all = classes[code << 6 * (size - 2) : (code + 1) << 6 * (size - 2)]
            block = tuple(of_all) if size == 3 else (of_all or [0])[:1] * 64
            one = len(set(of_all)) <= 1
            place = blocks.setdefault(tuple(block), len(blocks)) if size < 4 or one else DECIDED_LATER
            found[(lead & 63) << 6 | second & 63] = place
    return found, [c for block in blocks for c in block]


def main():
    assert unicodedata.unidata_version == VERSION, f"Unicode {VERSION} is needed"
    classes = [CLASSES.index(class_of(code)) for code in range(0x110000)]
    first, second = two_stages(classes, 7)
    lead_blocks, thirds = leads(classes)
    out = [
        f"/* Made by generate_classes.py from Unicode {VERSION}; not to be edited.",
        f" * {len(second) // 128} distinct blocks of 128. */",
        '#include "classes.h"',
        "",
        f'const char fs_class_version[] = "{VERSION}";',
        *array(f"uint16_t fs_class_blocks[{len(first)}]", rows(first, 24)),
        *array(f"uint8_t fs_class_index[{len(second)}]", rows(second, 32)),
        *array("uint16_t fs_class_leads[4096]", rows(lead_blocks, 24)),
        *array(f"uint8_t fs_class_thirds[{len(thirds)}]", rows(thirds, 32)),
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
