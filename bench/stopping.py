"""How long a translation goes on after it was told to stop: a deadline, or Ctrl-C.

    python -m bench.stopping [--threads N] [--smoke]

Greedy search and beams, many sentences, one endless sentence, a long document. Figures are the largest of
several tries at different moments: milliseconds from the deadline, or from the signal, until the call is
over.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import fastseq
from bench import harness, translate

MOMENTS = (0.03, 0.07, 0.15, 0.4, 0.9)  # seconds into the call


def late(call: Callable[..., Any], moment: float) -> float:
    """Milliseconds that a call with that deadline goes on after it."""
    begun = time.perf_counter()
    call(deadline=moment)
    return (time.perf_counter() - begun - moment) * 1e3


def interrupted(call: Callable[..., Any], moment: float) -> float:
    """Milliseconds from Ctrl-C to its exception; a call that is over before is made again."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(moment, send).start()
    try:
        while True:
            call()
    except KeyboardInterrupt:
        return (time.perf_counter() - sent[0]) * 1e3


def cases(model: Any, smoke: bool) -> Iterator[tuple[str, Callable[..., Any]]]:
    texts = translate.sentences(100 if smoke else 1000) * (3 if smoke else 20)
    words = " ".join(texts).replace(".", "").split()
    endless = " ".join(words[: 2000 if smoke else 20_000])
    document = "\n".join(texts * 4)

    def case(name: str, call: Callable[..., Any], *args: Any, **more: Any) -> tuple[str, Callable[..., Any]]:
        return name, lambda **options: call(*args, **more, **options)

    yield case("many sentences", model.generate, texts)
    yield case("many sentences, 4 beams", model.generate, texts, beam_size=4)
    yield case("one of 20,000 words", model.generate, endless)
    yield case("the same, 4 beams", model.generate, endless, beam_size=4)
    yield case("a document of 5 MB", model.translate, document, details=True)
    yield case("the same, 4 beams", model.translate, document, details=True, beam_size=4)


def run(options: harness.Options) -> Iterator[harness.Table]:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job ignores
    model = fastseq.load(translate.folder(), threads=options.threads)
    table = harness.Table("milliseconds from the word to the end, at most")
    for name, call in cases(model, options.smoke):
        moments = MOMENTS[:2] if options.smoke else MOMENTS
        figures = {
            "deadline": max(late(call, moment) for moment in moments),
            "Ctrl-C": max(interrupted(call, moment) for moment in moments),
        }
        table.add_facts(name, None, **figures)
    yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
