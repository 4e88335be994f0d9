"""Writes normalize_tables.c: what the normalizations need to know of every code point (normalize_data.h).

    python3.6 csrc/text/generators/generate_normalize.py > csrc/text/normalize/normalize_tables.c

The library whose normalizations ours must equal, token for token, knows Unicode 9.0 in the forms and in
StripAccents, and 8.0 in BertNormalizer, so these tables are of those versions, whatever the others are of. A
code point that is younger changes nothing and is changed by nothing. Python 3.6 has the data of 9.0; what
came in with that version is listed below.
"""

import sys
import unicodedata

from tables import array, listed, rows, two_stages

VERSION = "9.0.0"
MAX = 0x110000

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
# In the order of the enum in normalize_data.h.
KINDS = {"mark": 1, "nonspacing": 2, "dropped": 4, "hangul": 8, "back": 16, "ideograph": 32}

HANGUL = range(0xAC00, 0xD7A4)
JAMO_BEHIND = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))

# Nonspacing marks and formats that Unicode 8.0 does not have, or has as something else.
NEW_IN_9 = """
8d4-8e2 1885-1886 1dfb a8c5 1123e 11438-1143f 11442-11444 11446 11c30-11c36 11c38-11c3d 11c3f 11c92-11ca7
11caa-11cb0 11cb2-11cb3 11cb5-11cb6 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e944-1e94a
"""

# Around which BertNormalizer puts spaces, as the reference has them: less than all ideographs.
IDEOGRAPHS = "3400-4dbf 4e00-9fff f900-faff 20000-2a6df 2a700-2b73f 2b740-2b81f 2b920-2ceaf 2f800-2fa1f"


def decomposition(code, form):
    """The full decomposition as code points; empty when there is none, or the rule for Hangul makes it."""
    if code in HANGUL or 0xD800 <= code < 0xE000:
        return ()
    found = unicodedata.normalize(form, chr(code))
    return () if found == chr(code) else tuple(map(ord, found))


def pairs():
    """{(first, second): composite}, without those of Hangul, which are computed."""
    found = {}
    for code in range(MAX):
        mapping = unicodedata.decomposition(chr(code))
        if not mapping or mapping.startswith("<"):
            continue
        parts = [int(part, 16) for part in mapping.split()]
        if len(parts) == 2 and unicodedata.normalize("NFC", chr(code)) == chr(code):
            found[tuple(parts)] = code
    return found


class Maker:
    def __init__(self):
        self.pairs = pairs()
        self.back = {second for _, second in self.pairs} | JAMO_BEHIND
        self.young = set(listed(NEW_IN_9))
        self.ideographs = set(listed(IDEOGRAPHS))
        self.pool, self.places = [], {}

    def place(self, codes):
        """Where in the pool a decomposition is."""
        if codes and codes not in self.places:
            self.places[codes] = len(self.pool)
            self.pool.extend(unicodedata.combining(chr(code)) << 24 | code for code in codes)
        return self.places.get(codes, 0)

    def kinds(self, code):
        category = unicodedata.category(chr(code))
        found = 0
        if category[0] == "M":
            found |= KINDS["mark"]
        if category == "Mn" and code not in self.young:
            found |= KINDS["nonspacing"]
        removed = category in ("Cc", "Cf", "Co") and code not in self.young and code not in (9, 10, 13)
        if removed or code in (0, 0xFFFD):
            found |= KINDS["dropped"]
        if code in HANGUL:
            found |= KINDS["hangul"]
        if code in self.back:
            found |= KINDS["back"]
        if code in self.ideographs:
            found |= KINDS["ideograph"]
        return found

    def checks(self, code, parts):
        """Bit f: in form f wherever it stands; bit 4 + f: nothing before it matters to what it becomes."""
        bits = 0
        for f, form in enumerate(FORMS):
            compatible, composed = "K" in form, form.endswith("C")
            same = 0xD800 <= code < 0xE000 or unicodedata.normalize(form, chr(code)) == chr(code)
            lead = parts[compatible][0] if parts[compatible] else code
            free = unicodedata.combining(chr(lead)) == 0 and not (composed and lead in self.back)
            if same and not (composed and code in self.back):
                bits |= 1 << f
                assert free or unicodedata.combining(chr(code)), f"U+{code:04X}"
            if free and unicodedata.combining(chr(code)) == 0:
                bits |= 16 << f
        return bits

    def record(self, code):
        parts = decomposition(code, "NFD"), decomposition(code, "NFKD")
        places = tuple(map(self.place, parts))
        sizes = tuple(map(len, parts))
        combining = unicodedata.combining(chr(code))
        return places + sizes + (combining, self.checks(code, parts), self.kinds(code))


def hash_of(first, second):
    return (first * 31 + second) * 2654435761 % 2**32 >> 21


def slots(table):
    """An open hash table of 2048 slots: (first, second, composite)."""
    out = [(0, 0, 0)] * 2048
    for (first, second), made in sorted(table.items()):
        at = hash_of(first, second)
        while out[at][2]:
            at = (at + 1) % 2048
        out[at] = (first, second, made)
    return out


def main():
    assert unicodedata.unidata_version == VERSION, f"Unicode {VERSION} is needed"
    maker = Maker()
    records = [maker.record(code) for code in range(MAX)]
    distinct = sorted(set(records))
    inert = (0, 0, 0, 0, 0, 255, 0)
    distinct.remove(inert)
    distinct.insert(0, inert)
    index = {record: i for i, record in enumerate(distinct)}
    first, second = two_stages([index[record] for record in records], 6)
    assert max(len(maker.pool), len(distinct)) < 2**16
    out = [
        f"/* Made by generate_normalize.py from Unicode {VERSION}; not to be edited. */",
        '#include "normalize_data.h"',
        "",
        f'const char fs_normal_version[] = "{VERSION}";',
    ]
    record_rows = [
        f"    {{{{{a}, {b}}}, {{{n}, {m}}}, {combining}, {checks}, {kinds}}},"
        for a, b, n, m, combining, checks, kinds in distinct
    ]
    out += array(f"fs_normal fs_normal_records[{len(distinct)}]", record_rows)
    out += array(f"uint16_t fs_normal_blocks[{len(first)}]", rows(first, 24))
    out += array(f"uint16_t fs_normal_index[{len(second)}]", rows(second, 24))
    out += array(f"uint32_t fs_normal_parts[{len(maker.pool)}]", rows(maker.pool, 12))
    cells = [f"{{{a}, {b}, {made}}}" for a, b, made in slots(maker.pairs)]
    out += array(f"fs_normal_pair fs_normal_pairs[{len(cells)}]", rows(cells, 6))
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
