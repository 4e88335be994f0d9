# ruff: noqa: RUF001 -- words of many scripts
"""What cutting into sentences has to know of languages: a few lines each, as they matter at a full stop."""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """Words in small letters, without their last full stop.

    Attributes:
        before_names: abbreviations that go on, whatever follows: ``Mr. Smith``.
        before_numbers: those that go on where a number follows: ``No. 5``.
        starters: words that begin a sentence behind an abbreviation of capitals: ``in the U.S. The``.
        ordinals: a number of one or two digits with a full stop is "3rd": ``3. Oktober``.
    """

    before_names: frozenset[str]
    before_numbers: frozenset[str]
    starters: frozenset[str] = frozenset()
    ordinals: bool = False


def _language(names: str, numbers: str = "", starters: str = "", ordinals: bool = False) -> Language:
    common = "dr prof st vs cf ca"
    return Language(
        frozenset(f"{common} {names}".split()),
        frozenset(f"no nr art fig pp p vol op cap sec ch {numbers}".split()),
        frozenset(starters.split()),
        ordinals,
    )


LANGUAGES = {
    "en": _language(
        "mr mrs ms messrs mme mlle rev hon gen col maj capt cmdr lt sgt cpl pvt adm gov sen rep pres supt "
        "det insp fr br sr jr mt ft viz al ave blvd rd dept univ assn bros e.g i.e eg ie approx est ph.d m.d",
        "nos eq tab para ex jan feb mar apr jun jul aug sep sept oct nov dec",
        "the a an he she it they we i you in on at but and this that these those there when if as for "
        "however his her its their our my what who why how after before since while although then now",
    ),
    "de": _language(
        "hr fr frau herr frl dipl ing mag med jur phil rer nat hon z d u s o i v m e b h a bzw evtl ggf "
        "sog inkl exkl vgl geb gest bspw u.a z.b d.h i.d.r o.ä usw str abs mind max min tel ev kath kgl",
        "s abs anm aufl bd bde hrsg jh kap nrn ziff abb tab",
        "der die das ein eine er sie es wir ich in im am",
        True,
    ),
    "fr": _language(
        "m mm mme mmes mlle mlles mgr me ing av bd boul chap éd env ex hab réf tél c.-à-d p.ex",
        "n num réf fasc t av apr",
        "le la les un une il elle ils elles nous vous je ce cette dans en mais",
    ),
    "es": _language(
        "sr sra srta sres dra d dña lic ing arq gral cnel tte sto sta av avda pte ud uds vd vds ej p.ej",
        "núm pág págs tel aprox s",
        "el la los las un una él ella en pero",
    ),
    "pt": _language(
        "sr sra srs sras srta dra d dna eng engª arq gen cel ten cap sto sta av r pe exmo exma v ex p.ex",
        "n núm pág págs tel séc aprox",
        "o a os as um uma ele ela em no na mas",
    ),
    "it": _language(
        "sig sigg sig.ra sig.na dott dott.ssa ing avv arch on rag geom gen col cap s ss mons p.es ecc es",
        "n pag pagg tel sec",
        "il lo la i gli le un una in ma",
    ),
    "nl": _language(
        "dhr mevr mw mej ir ing drs mr bijv bv o.a m.b.t d.w.z enz resp evt incl excl mgr", "blz tel nr pag"
    ),
    "pl": _language("inż mgr hab ks św gen płk tj tzn np m.in itd itp ul al ok im", "nr str r w", "", True),
    "cs": _language(
        "ing mgr mudr judr phdr rndr bc sv tzv např tj apod atd ul nám resp", "č str r", "", True
    ),
    "sv": _language("hr fr s.k t.ex bl.a d.v.s dvs m.fl m.m osv ca tel", "nr s kl"),
    "da": _language("hr fr bl.a f.eks dvs osv m.fl mv ca tlf", "nr s kl", "", True),
    "ru": _language(
        "г гг гр тов им ул пр пер пл обл т.е т.к т.н т.д т.п др напр проф акад доц инж св",
        "с стр рис табл гл п",
    ),
    "uk": _language("м вул пр пл обл т.зв напр проф акад доц ім св др тис", "с стор рис табл гл п"),
}
OTHER = _language("mr mrs ms", "")
