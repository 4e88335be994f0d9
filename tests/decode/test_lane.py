"""Lanes: sequences join and leave, share prompts and guess ahead, and nothing of that shows in a bit."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from tests.decode.test_greedy import language_model
from tests.nn.test_self_attention import V, decoder

STOP = [3]


def recurrent() -> native.Graph:
    make, blocks = language_model()
    return native.Graph(blocks, make.tensors)


def prompts(rng: np.random.Generator, count: int, vocabulary: int) -> list[np.ndarray]:
    """Many of them begin as others do."""
    trunk = rng.integers(0, vocabulary, 160).astype(np.int32)
    made = []
    for _ in range(count):
        tail = rng.integers(0, vocabulary, rng.integers(1, 30)).astype(np.int32)
        made.append(np.concatenate([trunk[: rng.choice([0, 0, 5, 40, 41, 160])], tail]))
    return made


def options(rng: np.random.Generator) -> dict[str, Any]:
    return {"max_new_tokens": int(rng.integers(0, 40)), "stop": STOP, "draft": int(rng.choice([0, 1, 8]))}


def alone(graph: native.Graph, prompt: np.ndarray, asked: dict[str, Any]) -> native.Decoded:
    bounds = np.array([0, len(prompt)])
    return graph.decode(None, (prompt, bounds), **{**asked, "draft": 0}, threads=1)


def bits(decoded: native.Decoded) -> tuple[bytes, bytes, bytes, int]:
    return (
        decoded.ids.tobytes(),
        decoded.logprobs.tobytes(),
        decoded.stop_logprobs.tobytes(),
        int(decoded.ended[0]),
    )


def run(lane: native.Lane, waiting: list[native.Request], rng: np.random.Generator) -> list[native.Request]:
    """All of them, joining at random."""
    over = []
    while waiting or len(lane):
        for _ in range(int(rng.integers(0, 3)) or not len(lane)):
            if waiting:
                lane.add(waiting.pop())
                lane.wake()
        ended, failure = lane.work()
        assert failure is None
        over += ended
    return over


@pytest.mark.parametrize("make", [decoder, recurrent], ids=["self-attention", "recurrent"])
@pytest.mark.parametrize(("rows", "kept"), [(1, 0), (2, 1000), (5, 0), (5, 400)])
def test_the_bits_of_a_sequence_alone(make: Any, rows: int, kept: int) -> None:
    rng, graph = np.random.default_rng(rows + kept), make()
    texts = prompts(rng, 60, graph.width)
    asked = [options(rng) for _ in texts]
    requests = [native.Request(graph, text, **one) for text, one in zip(texts, asked, strict=True)]
    for request in requests[::7]:
        request.watch(True)
    lane = native.Lane(graph, rows, kept=kept, places=4)
    over = run(lane, requests[::-1], rng)
    assert {id(request) for request in over} == {id(request) for request in requests}
    for request, text, one in zip(requests, texts, asked, strict=True):
        assert bits(request.result()) == bits(alone(graph, text, one))
    if make is decoder:  # where tokens can be taken back
        assert any(request.shared for request in requests) == bool(rows > 1 or kept)
        assert any(0 < request.passes < request.count for request in requests)


def test_a_list_shares_and_guesses_too() -> None:
    rng, graph = np.random.default_rng(3), decoder()
    texts = prompts(rng, 40, V)
    offsets = np.cumsum([0, *map(len, texts)])
    limits = rng.integers(0, 30, len(texts))
    asked = {"stop": STOP, "threads": 1, "rows": 3}
    together = graph.decode(None, (np.concatenate(texts), offsets), max_new_tokens=limits, draft=8, **asked)
    for i, text in enumerate(texts):
        one = alone(graph, text, {"stop": STOP, "max_new_tokens": int(limits[i])})
        span = slice(together.offsets[i], together.offsets[i + 1])
        assert together.ids[span].tobytes() == one.ids.tobytes()
        assert together.logprobs[span].tobytes() == one.logprobs.tobytes()


def test_kept_texts_are_gone_on_from() -> None:
    graph, rng = decoder(), np.random.default_rng(4)
    lane = native.Lane(graph, 2, kept=120, places=2)

    def ask(text: np.ndarray) -> native.Request:
        request = native.Request(graph, text, stop=[], max_new_tokens=5)
        lane.add(request)
        while len(lane):
            lane.work()
        assert bits(request.result()) == bits(alone(graph, text, {"stop": [], "max_new_tokens": 5}))
        return request

    first, second, third = (rng.integers(0, V, 50).astype(np.int32) for _ in range(3))
    assert ask(first).shared == 0
    more = np.concatenate([first, ask(first).ids(), first[:9]])
    assert ask(first).shared == 49  # but for its last token
    assert ask(more).shared == 54  # the answer too, but for its last
    assert ask(more[:20]).shared == 19
    assert ask(second).shared == 0  # with `more` there would be too many tokens
    assert ask(second[:40]).shared == 39
    assert ask(more).shared == 0
    assert ask(third).shared == 0
    assert ask(rng.integers(0, V, 200).astype(np.int32)).shared == 0


def test_cancelled_late_and_watched() -> None:
    graph = decoder()
    lane = native.Lane(graph, 3)
    text = np.arange(9, dtype=np.int32)
    watched, cancelled, late = (
        native.Request(graph, text + i, stop=[], max_new_tokens=300, **more)
        for i, more in enumerate([{}, {}, {"deadline": 0.0}])
    )
    watched.watch(True)
    for request in (watched, cancelled, late):
        lane.add(request)
    over, _ = lane.work()
    assert over == [late]
    assert (late.ended, late.count, late.result().late) == ("deadline", 0, True)
    assert watched.count == cancelled.count == 1
    for count in range(2, 5):  # a token at a time
        assert lane.work() == ([], None)
        assert watched.count == count
    cancelled.cancel()
    over, _ = lane.work()
    assert over == [cancelled]
    assert cancelled.ended == "cancelled"
    assert len(cancelled.ids()) == 4
    watched.watch(False)
    threading.Timer(0.001, lane.wake).start()
    begun = time.monotonic()
    while watched.count < 300 and not lane.work()[0]:
        pass
    assert time.monotonic() - begun < 20
    assert len(watched.ids(297)) == 300 - 297


def test_what_is_refused() -> None:
    graph = decoder()
    for text, more in [([], {}), ([V], {}), ([0] * 401, {}), ([1], {"beam": 2})]:
        with pytest.raises(errors.ArgumentError):
            native.Request(graph, np.array(text, np.int32), stop=[], **{"max_new_tokens": 3, **more})
    with pytest.raises(errors.ArgumentError):
        native.Lane(graph, 0)
