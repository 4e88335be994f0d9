"""Writes unicode_tables.c from the unicodedata of the Python that runs it.

    python csrc/text/generators/generate_unicode.py > csrc/text/unicode/unicode_tables.c

Python knows general categories, names and case mappings. It does not know Word_Break, so that is built from
its definition (UAX #29, table 3): general categories, names in place of scripts, and the lists below.
"""

import sys
import unicodedata

from tables import array, listed, rows, two_stages

FLAGS = {
    "letter": 1,  # general category L*
    "mark": 2,  # M*
    "number": 4,  # N*
    "connector": 8,  # Pc
    "space": 16,  # str.isspace()
    "silent": 32,  # nothing to see: separators, controls, formats
    "cased": 64,  # cased and not ignorable, for the final sigma
    "ignorable": 128,  # skipped in the search for its neighbours
    "pictograph": 256,  # Extended_Pictographic
}

WORD_BREAKS = [
    "other", "cr", "lf", "newline", "extend", "zwj", "format", "regional", "katakana", "hebrew", "letter",
    "single_quote", "double_quote", "mid_num_let", "mid_letter", "mid_num", "numeric", "extend_num_let",
    "space",
]  # fmt: skip

PICTOGRAPHS = """
a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 2388 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab
25b6 25c0 25fb-25fe 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271d 2721 2728 2733-2734
2744 2747 274c 274e 2753-2755 2757 2763-2767 2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50
2b55 3030 303d 3297 3299 1f000-1f0ff 1f10d-1f10f 1f12f 1f16c-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ad-1f1e5
1f201-1f20f 1f21a 1f22f 1f232-1f23a 1f23c-1f23f 1f249-1f3fa 1f400-1f53d 1f546-1f64f 1f680-1f6ff 1f774-1f77f
1f7d5-1f7ff 1f80c-1f80f 1f848-1f84f 1f85a-1f85f 1f888-1f88f 1f8ae-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1faff
1fc00-1fffd
"""

# Characters whose Word_Break is given one by one; the first list that holds a character decides.
LISTED = {
    "cr": "d",
    "lf": "a",
    "newline": "b-c 85 2028-2029",
    "zwj": "200d",
    "single_quote": "27",
    "double_quote": "22",
    "extend": "200c ff9e-ff9f 1f3fb-1f3ff e0020-e007f",
    "regional": "1f1e6-1f1ff",
    "mid_num_let": "2e 2018-2019 2024 fe52 ff07 ff0e",
    "mid_letter": "3a b7 387 55f 5f4 2027 fe13 fe55 ff1a",
    "mid_num": "2c 3b 37e 589 60c-60d 66c 7f8 2044 fe10 fe14 fe50 fe54 ff0c ff1b",
    "numeric": "66b 600-605 6dd 890-891 8e2 110bd 110cd",
    "extend_num_let": "202f",
    "katakana": "3031-3035 309b-309c 30a0 30fc ff70",
    "letter": "2c2-2c5 2d2-2d7 2de-2df 2e5-2eb 2ed 2ef-2ff 55a-55c 55e 58a 5f3 70f a708-a716 a720-a721 "
    "a789-a78a ab5b 16fe0-16fe1 24b6-24e9 1f130-1f149 1f150-1f169 1f170-1f189",
    "other": "200b 3006-3007 3021-3029 3038-303a 32ff 17000-18d08",
}

# First words of the names of letters that take no part in words by themselves: scripts written without
# spaces (a dictionary would be needed), ideographs and hiragana.
UNSPACED = (
    "AHOM", "CJK", "HENTAIGANA", "HIRAGANA", "KHITAN", "KHMER", "LAO", "MYANMAR", "NEW TAI LUE", "NUSHU",
    "TAI LE", "TAI THAM", "TAI VIET", "THAI",
)  # fmt: skip


PICTOGRAPH_SET = set(listed(PICTOGRAPHS))
LISTED_BREAK = {code: name for name, text in reversed(LISTED.items()) for code in listed(text)}


def word_break(code):
    """The Word_Break class of a code point."""
    if code in LISTED_BREAK:
        return LISTED_BREAK[code]
    c = chr(code)
    category, name = unicodedata.category(c), unicodedata.name(c, "")
    if category in ("Mn", "Mc", "Me"):
        return "extend"
    if category == "Cf":
        return "format"
    if category == "Nd":
        return "numeric"
    if category == "Pc":
        return "extend_num_let"
    if category == "Zs":
        return "other" if code in (0xA0, 0x2007) else "space"
    if category not in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl"):
        is_kana = name.startswith(("CIRCLED KATAKANA", "SQUARE ")) and 0x32D0 <= code <= 0x3357
        return "katakana" if is_kana else "other"
    if "KATAKANA" in name:
        return "other" if "HIRAGANA" in name else "katakana"
    if category == "Lo" and name.startswith("HEBREW"):
        return "hebrew"
    return "other" if name.startswith(UNSPACED) else "letter"


def flags(code):
    """The bits of FLAGS of a code point."""
    c = chr(code)
    category = unicodedata.category(c)
    found = set()
    found.update({"L": ["letter"], "M": ["mark"], "N": ["number"]}.get(category[0], []))
    if category == "Pc":
        found.add("connector")
    if c.isspace():
        found.add("space")
    if c.isspace() or category in ("Cc", "Cf", "Zs", "Zl", "Zp"):
        found.add("silent")
    # Cased and Case_Ignorable show in what str.lower() makes of a capital sigma behind the character.
    if (c + "\u03a3").lower()[-1] == "\u03c2":
        found.add("cased")
    elif ("A" + c + "\u03a3").lower()[-1] == "\u03c2":
        found.add("ignorable")
    if code in PICTOGRAPH_SET:
        found.add("pictograph")
    return sum(FLAGS[name] for name in found)


def record(code):
    """(what to add for the lower-case character, flags, index of the Word_Break class)."""
    lower = chr(code).lower() if not 0xD800 <= code < 0xE000 else chr(code)
    if len(lower) != 1:  # lower.c knows the only one
        assert (code, lower) == (0x130, "i\u0307"), f"lower case of U+{code:04X}"
        lower = chr(code)
    return ord(lower) - code, flags(code), WORD_BREAKS.index(word_break(code))


def main():
    records = [record(code) for code in range(0x110000)]
    distinct = sorted(set(records))
    assert len(distinct) <= 256, "fs_unicode_index is of bytes"
    index = {r: i for i, r in enumerate(distinct)}
    first, second = two_stages([index[r] for r in records], 7)
    out = [
        f"/* Made by generate_unicode.py from Unicode {unicodedata.unidata_version}; not to be edited.",
        f" * {len(distinct)} kinds of character, {len(second) // 128} distinct blocks of 128. */",
        '#include "unicode.h"',
        "",
        f'const char fs_unicode_version[] = "{unicodedata.unidata_version}";',
        *array(
            f"fs_character fs_unicode_kinds[{len(distinct)}]",
            (f"    {{{lower}, {bits}, {wb}}}," for lower, bits, wb in distinct),
        ),
        *array(f"uint16_t fs_unicode_blocks[{len(first)}]", rows(first, 24)),
        *array(f"uint8_t fs_unicode_index[{len(second)}]", rows(second, 24)),
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
