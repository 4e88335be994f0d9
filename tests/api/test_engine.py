"""An engine: futures, streams and callers in many threads; every answer is the one that `generate` gives."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import CancelledError, as_completed

import numpy as np
import pytest

from fastseq.errors import ArgumentError, BusyError, ClosedError
from tests import soak
from tests.api import small
from tests.api.small import model_of_attention as model
from tests.api.small import same

LONG = 5000  # tokens: some time's work


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("make", [model, small.language_model])
def test_answers_are_those_of_generate(make, threads):
    lm, rng = make(), np.random.default_rng(1)
    prompts = [" ".join(rng.choice(small.WORDS[2:], rng.integers(0, 40))) for _ in range(60)]
    asked = [
        {
            "max_new_tokens": int(rng.integers(0, 30)),
            "draft": int(rng.choice([0, 8])),
            "temperature": 0.8,
            "seed": i,
        }
        for i in range(60)
    ]
    wanted = [lm.generate(text, **{**more, "draft": 0}) for text, more in zip(prompts, asked, strict=True)]
    got = {}
    with lm.engine(max_batch=5, threads=threads, max_waiting=7, prompt_cache=200) as engine:

        def caller(first):
            for i in range(first, 60, 3):
                answer = engine.submit(prompts[i], **asked[i])
                got[i] = ("".join(answer), answer.result()) if i % 2 else (None, answer.result(60))

        callers = [threading.Thread(target=caller, args=(i,)) for i in range(3)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
    for i, theirs in enumerate(wanted):
        streamed, mine = got[i]
        assert same(mine, theirs)
        assert streamed in (None, theirs.text)
        if len(mine.ids):
            assert min(mine.timings[3:]) >= 0
            assert mine.timings.prompt > 0
    batch = lm.generate(prompts, max_new_tokens=9, draft=8, threads=threads)
    assert all(same(a, lm.generate(text, max_new_tokens=9)) for a, text in zip(batch, prompts, strict=True))
    assert batch[0].timings.prompt > 0


def test_streams():
    lm = model()
    for more in [{}, {"stop": ["</s>", "film"]}, {"draft": 8}]:
        whole = lm.generate("the good film", max_new_tokens=40, **more)
        pieces = list(lm.stream("the good film", max_new_tokens=40, **more))
        assert "".join(pieces) == whole.text

    async def both():
        pieces = [piece async for piece in lm.stream("the", max_new_tokens=40)]
        with lm.engine(max_batch=2, max_waiting=1, threads=1) as engine:
            many = await asyncio.gather(*(engine.generate("the", max_new_tokens=40) for _ in range(9)))
            task = asyncio.create_task(engine.generate("a", max_new_tokens=LONG))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async for piece in engine.submit("the", max_new_tokens=LONG):
                return pieces, many, piece
        raise AssertionError("nothing came")

    pieces, many, first = asyncio.run(both())
    whole = lm.generate("the", max_new_tokens=40)
    assert "".join(pieces) == whole.text
    assert all(same(one, whole) for one in many)
    text = lm.generate("the", max_new_tokens=LONG).text
    assert text.startswith(first)
    assert len(first) < len(text)


def test_leaving_a_stream_stops_the_work():
    lm = model()
    with lm.engine(max_batch=1, threads=1) as engine:
        answer = engine.submit("the good", max_new_tokens=10**6)
        for _ in answer:
            break
        assert answer.cancelled()
        assert same(
            engine.submit("a film", max_new_tokens=5).result(60), lm.generate("a film", max_new_tokens=5)
        )
    with pytest.raises(CancelledError):
        answer.result()


def test_leaving_a_stream_of_a_model():
    """It closes its engine, whose thread may be about to end the answer."""
    lm = model()
    for _ in range(20):
        for _ in lm.stream("the good", max_new_tokens=10**6):
            break
    answer = lm.stream("the good", max_new_tokens=10**6)
    calls = [threading.Thread(target=answer.cancel) for _ in range(4)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    with pytest.raises(CancelledError):
        answer.result(60)


def test_a_stream_with_a_beginning():
    lm = model()
    text = "the good film a bad book " * 4
    beginning = lm.prompt_cache(text)
    answer = lm.stream(text + "dull", prompt_cache=beginning, max_new_tokens=9)
    assert "".join(answer) == lm.generate(text + "dull", max_new_tokens=9).text
    assert answer.request.shared > 16


def test_cancelling():
    lm = model()
    with lm.engine(max_batch=1, threads=1) as engine:
        first = engine.submit("the", max_new_tokens=10**6)
        waits = engine.submit("a", max_new_tokens=5)
        last = engine.submit("good", max_new_tokens=5)
        assert waits.cancel()
        assert waits.cancel()
        assert waits.cancelled()
        assert not last.done()
        assert first.cancel()
        assert last.result(60).finish_reason == "length"
        assert not last.cancel()
        assert {answer.cancelled() for answer in as_completed([first, waits, last])} == {True, False}


def test_no_room():
    lm = model()
    with lm.engine(max_batch=1, threads=1, max_waiting=1, max_tokens=10**7) as engine:
        first = engine.submit("the", max_new_tokens=10**6)
        while not first.running():
            time.sleep(0.001)
        second = engine.submit("a", max_new_tokens=3)
        for timeout in (0, 0.01):
            with pytest.raises(BusyError, match="1 waiting"):
                engine.submit("a", timeout=timeout)
        threading.Timer(0.01, first.cancel).start()
        third = engine.submit("a", max_new_tokens=3)  # waits for room
        assert same(second.result(60), third.result(60))
        with pytest.raises(ArgumentError, match="more tokens than the engine may hold"):
            engine.submit("a", max_new_tokens=10**7)


def test_tokens_that_the_engine_may_hold():
    lm = model()
    with lm.engine(max_batch=8, threads=2, max_tokens=60) as engine:
        answers = [engine.submit("the good film", max_new_tokens=40) for _ in range(6)]
        assert {tuple(answer.result(60).ids.tolist()) for answer in answers} == {
            tuple(lm.generate("the good film", max_new_tokens=40).ids.tolist())
        }


def test_deadlines_of_those_that_wait():
    """They end in time although nothing that is under way does."""
    lm = model()
    with lm.engine(max_batch=1, threads=1) as engine:
        first = engine.submit("the", max_new_tokens=10**6)
        begun = time.monotonic()
        waiting = [engine.submit("a", max_new_tokens=5, deadline=wait) for wait in (0.3, 0.1, 0.2)]
        other = engine.submit("a", max_new_tokens=5, deadline=100)
        for answer in waiting:
            result = answer.result(60)
            assert (result.finish_reason, result.text, len(result.ids)) == ("deadline", "", 0)
        assert 0.3 <= time.monotonic() - begun < 20
        late = engine.submit("a", max_new_tokens=5, deadline=0.05)
        assert late.result(60).finish_reason == "deadline"
        assert not first.done()
        assert not other.done()
        first.cancel()
        assert same(other.result(60), lm.generate("a", max_new_tokens=5))


def test_deadlines():
    lm = model()
    with lm.engine(max_batch=1, threads=1) as engine:
        late = engine.submit("the", max_new_tokens=10**6, deadline=0.05)
        never = engine.submit("a", max_new_tokens=10**6, deadline=0.0)
        result = late.result(60)
        assert result.finish_reason == "deadline"
        assert len(result.ids) > 0
        assert result.timings.run < 5
        assert (never.result(60).finish_reason, never.result().text) == ("deadline", "")


@pytest.mark.parametrize("finish", [False, True])
def test_closing(finish):
    lm = model()
    engine = lm.engine(max_batch=1, threads=1)
    tokens = 50 if finish else 10**6
    under_way, waits = (engine.submit("the", max_new_tokens=tokens) for _ in range(2))
    while not (under_way.running() or under_way.done()):
        time.sleep(0.001)
    engine.close(finish=finish)
    for answer in (under_way, waits):
        if finish:
            assert len(answer.result(0).ids) == tokens
        else:
            with pytest.raises(ClosedError, match="the engine is closed"):
                answer.result(0)
    engine.close()
    with pytest.raises(ClosedError):
        engine.submit("the")
    assert lm.generate("the").ids.size == 6


def test_an_engine_that_is_let_go_ends():
    before = threading.active_count()
    engine = model().engine(threads=2)
    assert threading.active_count() == before + 2
    del engine
    assert threading.active_count() == before


def test_what_is_refused():
    lm = small.language_model(start=None)
    for more in [{"max_batch": 0}, {"max_tokens": 0}, {"max_waiting": "many"}, {"prompt_cache": -1}]:
        with pytest.raises(ArgumentError, match=next(iter(more))):
            lm.engine(**more)
    with lm.engine(threads=1) as engine:
        for prompt, more in [
            ("", {}),
            ("the", {"beam_size": 2}),
            ("the", {"num_return": 2, "seed": 1}),
            ("the", {"threads": 2}),
            ("the", {"max_new_tokens": [3]}),
            ([99], {}),
        ]:
            with pytest.raises(ArgumentError):
                engine.submit(prompt, **more)
        assert engine.submit([8, 2], max_new_tokens=2).result(60).ids.size <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_opens_its_own():
    lm = model()
    wanted = lm.generate("the good")
    with lm.engine(threads=1) as engine:
        assert same(engine.submit("the good").result(60), wanted)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            told = b"n"
            try:
                try:
                    engine.submit("the good")
                except ClosedError as error:
                    with lm.engine(threads=1) as own:
                        if "forked" in str(error) and same(own.submit("the good").result(60), wanted):
                            told = b"y"
            finally:
                os.write(write, told)
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            assert pipe.read() == b"y"
        os.waitpid(child, 0)


def test_a_little_soak():
    seen = soak.run(240, 8, 2, 0)
    assert seen.counts["whole"] > 120
    assert seen.counts["cancelled"] > 10
