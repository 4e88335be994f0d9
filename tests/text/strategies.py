"""Texts for property tests."""

# ruff: noqa: RUF001

import unicodedata

from hypothesis import strategies as st

from fastseq._core import native
from fastseq.text import UNICODE_VERSION

TABLES = tuple(map(int, UNICODE_VERSION.split(".")))
OURS = tuple(map(int, unicodedata.unidata_version.split(".")))

_UNASSIGNED = native.probe_character(0x50000)


def known(c: str) -> bool:
    """Whether a character is in both Unicode versions, the tables' and this interpreter's."""
    newer = OURS > TABLES and native.probe_character(ord(c)) == _UNASSIGNED
    return not newer and unicodedata.category(c) not in ("Cn", "Cs")


KNOWN = st.text(st.characters(codec="utf-8", exclude_categories=["Cn", "Cs"]).filter(known), max_size=40)
ANY = st.text(st.characters(codec="utf-8"))
# Characters with ways of their own in lower-casing, splitting and filters.
TRICKY = st.text(
    st.sampled_from(
        "aAbB \t\n\r\x0b\x1c\x1f\x85\xa0\u2028\u3000\u200b\0'.:!_-,"
        "İıIΣσςΑȺȾẞßK\u0307\u0345\u0301\u00adé1٣😀ǄǅΣ"
    )
)
TEXT = KNOWN | TRICKY
