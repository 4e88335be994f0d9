"""How many random examples a property is tried with.

A file asks for `@settings(max_examples=examples(300))`, or takes the default of the profile. Once, all of
them are tried; under each further compiler, interpreter and instruction set (FASTSEQ_TEST_PROFILE=repeated)
a fifth, which are others each time.
"""

from __future__ import annotations

from hypothesis import settings

PROFILES = {"fastseq": 100, "repeated": 20}


def load_profile(name: str) -> None:
    if name not in PROFILES:
        raise ValueError(f"FASTSEQ_TEST_PROFILE: one of {', '.join(PROFILES)} expected, {name!r} found")
    # A failure prints the line that repeats it; timing is no reason to fail on a shared machine.
    settings.register_profile(name, deadline=None, print_blob=True, max_examples=PROFILES[name])
    settings.load_profile(name)


def examples(wanted: int) -> int:
    """Of as many, those of this run."""
    return max(10, wanted * settings().max_examples // 100)
