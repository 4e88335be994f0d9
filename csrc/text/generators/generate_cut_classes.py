"""Writes cut_tables.c: which code points the pre-tokenizers of tokenizer.json cut at (cut_classes.h).

    python csrc/text/generators/generate_cut_classes.py > csrc/text/cut/cut_tables.c

The tokenizers library takes each of its classes from another Unicode version: punctuation of 8.0, word
characters of 16.0, numbers of 17.0. So the library itself is asked, one code point after the other; the
package tokenizers (0.23) is needed.
"""

import sys

from tables import array, rows, two_stages
from tokenizers import __version__, pre_tokenizers

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def cut_by(pre_tokenizer, pieces):
    """The code points that, between two letters, make so many pieces."""
    return {code for code in CODES if len(pre_tokenizer.pre_tokenize_str(f"a{chr(code)}b")) == pieces}


def main():
    # In the order of the enum in cut_classes.h.
    sets = [
        cut_by(pre_tokenizers.Whitespace(), 1),
        cut_by(pre_tokenizers.WhitespaceSplit(), 2),
        cut_by(pre_tokenizers.Punctuation(), 3),
        cut_by(pre_tokenizers.Digits(individual_digits=True), 3),
    ]
    flags = [sum((code in members) << bit for bit, members in enumerate(sets)) for code in range(0x110000)]
    first, second = two_stages(flags, 7)
    out = [
        f"/* Made by generate_cut_classes.py from tokenizers {__version__}; not to be edited.",
        f" * {len(second) // 128} distinct blocks of 128. */",
        '#include "cut_classes.h"',
        *array(f"uint8_t fs_cut_blocks[{len(first)}]", rows(first, 32)),
        *array(f"uint8_t fs_cut_index[{len(second)}]", rows(second, 32)),
    ]
    assert max(first) < 256
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
