"""A signal stops decoding and encoding that is under way, soon, and the model works on afterwards."""

import signal
import time

import numpy as np
import pytest

from fastseq._core import native
from fastseq.models.blocks import Embedding, FeedForward, Linear, SelfAttention
from tests.nn.networks import Maker

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")

DELAY = 0.2  # seconds of work before the signal
SOON = 0.1  # what is promised; a loaded machine gets some of it on top
SLACK = 0.9


class Stopped(Exception):
    pass


def seconds_to_stop(work) -> float:
    def stop(number, frame):
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    due = time.monotonic() + DELAY
    signal.setitimer(signal.ITIMER_REAL, DELAY)
    try:
        with pytest.raises(Stopped):
            work()
        return time.monotonic() - due
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_decoding_stops(threads):
    make = Maker(1)
    blocks = [make.embedding("e", 50, 64), make.rnn("r", "lstm", 64, 256), make.linear("h", 256, 50)]
    graph = native.Graph(blocks, make.tensors)
    prompts = np.ones(20_000, np.int32), np.arange(20_001)

    def work():
        graph.decode(None, prompts, stop=[], max_new_tokens=200, threads=threads)

    took = seconds_to_stop(work)
    print(f"stopped after {took * 1e3:.0f} ms")
    assert took < SOON + SLACK
    few = np.ones(2, np.int32), np.arange(3)
    assert len(graph.decode(None, few, stop=[], max_new_tokens=5, threads=threads).ids) == 10


def test_one_long_text_stops():
    make = Maker(2)
    graph = native.Graph(
        [make.embedding("e", 50, 64), make.rnn("r", "gru", 64, 256, bidirectional=True)], make.tensors
    )
    ids = np.ones(400_000, np.int32)
    took = seconds_to_stop(lambda: graph.forward(ids, [0, len(ids)], rows=False))
    print(f"stopped after {took * 1e3:.0f} ms")
    assert took < SOON + SLACK


def test_a_pass_of_a_long_prompt_is_given_up():
    make, width = Maker(4), 256
    before = {"residual": True, "norm": "rms", "norm_place": "before"}
    layers = [FeedForward(f"f{i}", width, 4 * width, **before) for i in range(4)]
    attention = SelfAttention("a", width, 4, causal=True, **before)
    made = make.blocks(Embedding("e", 50, width), attention, *layers, Linear("h", width, 50))
    graph = native.Graph(made, make.tensors)
    prompt = np.ones(256, np.int32), np.array([0, 256])

    def run(**more):
        return graph.decode(None, prompt, stop=[], max_new_tokens=1, threads=1, **more)

    def seconds():
        begun = time.perf_counter()
        assert len(run().ids) == 1
        return time.perf_counter() - begun

    whole = min(seconds() for _ in range(3))
    for beam in (1, 2):
        found = run(deadline=whole / 8, beam=beam)
        assert found.late
        assert not len(found.ids)  # which there is at the end of a pass
