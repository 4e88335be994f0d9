"""Writes script_table.c: which script each code point is of (scripts.h).

    python csrc/text/generators/generate_scripts.py > csrc/text/unicode/script_table.c

Needs the package fonttools, which carries Unicode's Scripts.txt; the file written says of which version.
"""

import re
from pathlib import Path

import fontTools.unicodedata as unicodedata
from fontTools.unicodedata import Scripts

JOINED = {"Hira": "Hani", "Kana": "Hani", "Zzzz": "Zyyy"}
"""Japanese is written in three scripts at once; what is unassigned is common to all."""

LONG_VOWEL = 0x30FC  # of kana, though common to both


def script_of(code):
    script = "Hani" if code == LONG_VOWEL else unicodedata.script(chr(code))
    return JOINED.get(script, script)


def main():
    source = Path(Scripts.__file__).read_text(encoding="utf-8")
    version = re.search(r"Scripts-(.*)\.txt", source)[1]
    ids = {"Zyyy": 0, "Zinh": 1}
    ranges, before = [], None
    for code in range(0x110000):
        id = ids.setdefault(script_of(code), len(ids))
        if id != before:
            ranges.append(code << 8 | id)
        before = id
    print(f"/* Made by generate_scripts.py from Unicode {version}; not to be edited. */")
    print('#include "scripts.h"\n')
    print(f"const int32_t fs_script_count = {len(ranges)};\n")
    print(f"const uint32_t fs_script_ranges[{len(ranges)}] = {{")
    for i in range(0, len(ranges), 10):
        print("    " + ", ".join(f"0x{part:08x}" for part in ranges[i : i + 10]) + ",")
    print("};")


if __name__ == "__main__":
    main()
