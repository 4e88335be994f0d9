"""Writes grapheme_tables.c: what each code point is to grapheme clusters (graphemes.h).

    python csrc/text/generators/generate_graphemes.py > csrc/text/unicode/grapheme_tables.c

The library whose tokens ours must equal knows Unicode 17.0. The package regex (2026.11.15), which knows the
properties, has those of 18.0; what came in with that version is listed below.
"""

import sys

import regex
from tables import array, listed, rows, two_stages

VERSION = "17.0.0"

NEW_IN_18 = """
5c8-5c9 b53-b54 1ade-1adf 1aec-1af0 10ecb-10ecf 10ef0-10ef9 11df0 1d127-1d128 1d250-1d252 1d25b-1d25c 1d25f
1d280-1d281
"""

# In the order of the enum in graphemes.h, the first that fits. GCB is the property Grapheme_Cluster_Break,
# InCB Indic_Conjunct_Break.
CLASSES = {
    "other": "",
    "cr": r"\p{GCB=CR}",
    "lf": r"\p{GCB=LF}",
    "control": r"\p{GCB=Control}",
    "zwj": r"\p{GCB=ZWJ}",
    "linker": r"(?=\p{GCB=Extend})\p{InCB=Linker}",
    "extend": r"(?=\p{GCB=Extend})\p{InCB=Extend}",
    "extend_only": r"\p{GCB=Extend}",
    "spacing": r"\p{GCB=SpacingMark}",
    "prepend": r"\p{GCB=Prepend}",
    "regional": r"\p{GCB=Regional_Indicator}",
    "l": r"\p{GCB=L}",
    "v": r"\p{GCB=V}",
    "t": r"\p{GCB=T}",
    "lv": r"\p{GCB=LV}",
    "lvt": r"\p{GCB=LVT}",
    "pictograph": r"\p{Extended_Pictographic}",
    "consonant": r"\p{InCB=Consonant}",
}


def classes():
    """The number of the class of every code point."""
    found = [0] * 0x110000
    text = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    for number, pattern in reversed(list(enumerate(CLASSES.values()))):
        for match in regex.finditer(pattern or r"(?!)", text):
            found[ord(match[0])] = number
    for code in listed(NEW_IN_18):
        found[code] = 0
    return found


def main():
    assert regex.match(r"\p{GCB=Extend}", "\u05c8"), "properties of Unicode 18.0 are needed"
    first, second = two_stages(classes(), 7)
    out = [
        f"/* Made by generate_graphemes.py from Unicode {VERSION}; not to be edited. */",
        '#include "graphemes.h"',
        *array(f"uint16_t fs_grapheme_blocks[{len(first)}]", rows(first, 24)),
        *array(f"uint8_t fs_grapheme_index[{len(second)}]", rows(second, 32)),
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
