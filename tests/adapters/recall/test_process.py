"""The recall process: one answer a request, restarted when it dies, never in the way of who waits."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from app.adapters.recall.client import DEATHS, WITHIN, RecallProcess
from app.domain.embedding import EmbeddingFailed
from app.domain.vector import Vector

pytestmark = pytest.mark.anyio

CHILD = """
import os, sys
from app.adapters.recall.frames import frame, read_frame
while (request := read_frame(sys.stdin.buffer)) is not None:
    texts = request[0]["texts"]
    if "die" in texts:
        os._exit(3)
    if "fail" in texts:
        answer = frame({"error": "ValueError: no"})
    elif "rubbish" in texts:
        answer = b"x" * 64
    else:
        numbers = [bytes((len(text), os.getpid() % 100)) for text in texts]
        answer = frame({"dimension": 2}, b"".join(b"\\0\\0\\x80?" + two for two in numbers))
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
"""
"""Speaks the same frames without the models: the vector of a text is its length and the process."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def recall(clock: Clock) -> AsyncIterator[RecallProcess]:
    process = RecallProcess(lambda: [sys.executable, "-c", CHILD], clock)
    yield process
    await process.close()


async def test_each_text_gets_its_vector(recall: RecallProcess):
    vectors = await recall.embed(["a", "bbb", ""])
    assert [vector.numbers[0] for vector in vectors] == [1, 3, 0]
    assert vectors[0].scale == 1.0
    assert await recall.embed([]) == ()


async def test_it_is_started_again_when_it_was_killed(recall: RecallProcess):
    first = (await recall.embed(["a"]))[0]
    os.kill(recall.pid or 0, signal.SIGKILL)
    again = (await recall.embed(["a"]))[0]
    assert first.numbers[0] == again.numbers[0] == 1


@pytest.mark.parametrize("text", ["die", "rubbish"])
async def test_one_that_dies_of_its_work_is_left_alone_for_a_while(recall: RecallProcess, clock: Clock, text: str):
    for _ in range(DEATHS):
        with pytest.raises(EmbeddingFailed):
            await recall.embed([text])
    with pytest.raises(EmbeddingFailed):
        await recall.embed(["a"])
    clock.now += WITHIN + 1
    assert len(await recall.embed(["a"])) == 1


@pytest.mark.allow_logs("recall process")
async def test_what_it_says_went_wrong_kills_nobody(recall: RecallProcess):
    await recall.embed(["a"])
    before = recall.pid
    with pytest.raises(EmbeddingFailed):
        await recall.embed(["fail"])
    assert len(await recall.embed(["a"])) == 1
    assert recall.pid == before


async def test_a_cancelled_request_takes_no_answer_from_the_next(recall: RecallProcess):
    await recall.embed(["a"])
    asking = asyncio.ensure_future(recall.embed(["x" * 9]))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    assert (await recall.embed(["bb"]))[0].numbers[0] == 2


async def test_who_waits_goes_before_what_is_done_ahead(recall: RecallProcess):
    ahead = asyncio.ensure_future(recall.embed(["x"] * 200, background=True))
    await asyncio.sleep(0)
    await recall.embed(["query"])
    assert not ahead.done()
    assert len(await ahead) == 200


@pytest.mark.allow_logs("recall process")
async def test_a_program_that_is_missing_is_said(clock: Clock):
    process = RecallProcess(lambda: ["/no/such/program"], clock)
    with pytest.raises(EmbeddingFailed):
        await process.embed(["a"])
    await process.close()


async def test_the_real_one_embeds():
    process = RecallProcess()
    try:
        near, far = await process.embed(["Die Heizung wurde gewartet.", "The cat sleeps."])
        assert near.dimension == far.dimension == 896
        assert Vector.unpacked(near.packed()) == near
    finally:
        await process.close()
