"""An engine under load: requests of random shape from several threads, many of them given up half way.

    python -m tests.soak [--requests 10000] [--callers 8] [--threads 2] [--seed 0]

Every answer has to be the one that the prompt has alone, to the last bit; of what was given up, a beginning
of it; nothing may be lost, and memory may not grow. Prints what it saw, and fails where that is not so.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections import Counter
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastseq.models import Generation, LanguageModel
from fastseq.models.answer import Answer
from fastseq.models.engine import Engine
from tests.api import small
from tests.api.small import same

PATIENCE = 120  # seconds for one answer
GIVEN_UP = 0.2  # of the requests, half of those while they are gone through


@dataclass
class Soak:
    """What is seen, by all callers."""

    model: LanguageModel
    engine: Engine
    counts: Counter[str] = field(default_factory=Counter)
    resident: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1
            self.counts["requests"] += 1
            if self.counts["requests"] % 500 == 0:
                self.resident.append(resident())


def resident() -> float:
    """Memory of this process in MB; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0.0


def words(rng: random.Random, most: int) -> list[str]:
    return rng.choices(small.WORDS[2:], k=rng.randrange(most))


def request(rng: random.Random, trunks: list[list[str]]) -> tuple[str, dict[str, Any]]:
    """A prompt that may begin as others do, and options."""
    trunk = rng.choice(trunks)
    prompt = trunk[: rng.choice([0, 20, len(trunk), rng.randrange(len(trunk))])] + words(rng, 30)
    options: dict[str, Any] = {"max_new_tokens": rng.randrange(50), "draft": rng.choice([0, 0, 8])}
    if rng.random() < 0.4:
        options |= {"temperature": rng.choice([0.7, 1.5]), "seed": rng.randrange(10**6)}
    if rng.random() < 0.3:
        options["repetition_penalty"] = 1.3
    if rng.random() < 0.2:
        options["stop"] = [rng.choice(small.WORDS[2:])]
    return " ".join(prompt), options


def check(answer: Answer, streamed: str | None, left: bool, wanted: Generation) -> str:
    """How it ended; whether that is right."""
    try:
        got = answer.result(PATIENCE)
    except CancelledError:
        if streamed is None or wanted.text.startswith(streamed):
            return "cancelled"
        raise AssertionError(f"{streamed!r} is no beginning of {wanted.text!r}") from None
    if got.finish_reason == "deadline":
        assert got.ids.tolist() == wanted.ids[: len(got.ids)].tolist()
        return "late"
    assert same(got, wanted), f"{got} is not {wanted}"
    if streamed is not None:
        whole = wanted.text.startswith(streamed) if left else wanted.text == streamed
        assert whole, f"{streamed!r} is not {wanted.text!r}"
    return "whole"


def ask(soak: Soak, rng: random.Random, trunks: list[list[str]]) -> None:
    prompt, options = request(rng, trunks)
    fate = rng.random()
    if fate < GIVEN_UP:
        options["max_new_tokens"] = 1000
    late = {"deadline": rng.choice([0.0, 0.001, 0.01])} if rng.random() < 0.05 else {}
    answer = soak.engine.submit(prompt, **options, **late)
    streamed, left = None, False
    if fate < GIVEN_UP / 2:
        time.sleep(rng.choice([0, 0, 0.0005, 0.005]))
        answer.cancel()
    elif fate < 0.5 and not late:
        leaves, streamed = (rng.randrange(5) if fate < GIVEN_UP else None), ""
        for count, piece in enumerate(answer):
            if count == leaves:
                left = True
                break
            streamed += piece
    wanted = soak.model.generate(prompt, **{**options, "draft": 0}, threads=1)
    soak.note(check(answer, streamed, left, wanted))


def caller(soak: Soak, seed: int, requests: int) -> None:
    rng, trunks = random.Random(seed), [[*words(random.Random(i), 300), "a"] for i in range(6)]
    for i in range(requests):
        try:
            ask(soak, rng, trunks)
        except Exception as error:
            with soak.lock:
                soak.failures.append(f"caller {seed}, request {i}: {type(error).__name__}: {error}")


def run(requests: int, callers: int, threads: int, seed: int) -> Soak:
    """All requests through one engine; what was seen."""
    lm, each = small.model_of_attention(), requests // callers
    with lm.engine(
        max_batch=12, threads=threads, max_waiting=callers - 2, max_tokens=3000, prompt_cache=1500
    ) as engine:
        soak = Soak(lm, engine)
        at_work = [
            threading.Thread(target=caller, args=(soak, seed + i, requests // callers))
            for i in range(callers)
        ]
        for thread in at_work:
            thread.start()
        for thread in at_work:
            thread.join()
    assert not soak.failures, soak.failures[:3]
    assert soak.counts["requests"] == each * callers
    work = engine._work
    assert (work.under_way, work.tokens, len(work.waiting)) == (0, 0, 0)
    return soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in {"requests": 10_000, "callers": 8, "threads": 2, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    begun = time.monotonic()
    soak = run(**vars(given))
    print(f"{dict(soak.counts)} in {time.monotonic() - begun:.1f} s")
    print("resident MB:", *(f"{mb:.1f}" for mb in soak.resident))
    grown = soak.resident[-1] - soak.resident[len(soak.resident) // 4]
    print(f"grown in the last three quarters: {grown:.2f} MB")
    assert grown < 4, "memory grows"


if __name__ == "__main__":
    main()
