"""Runs at their edges: sent twice, watched by many, stopped at odd moments, tried again, closed and opened."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.error import Conflict, Invalid, NotFound
from app.domain.event import RunEvent
from app.domain.message import ImagePart, MessageDraft, TextPart
from app.engine.emitter import REMEMBERED
from app.services import Services
from app.services.events.bus import CAPACITY
from tests.services.conftest import Reopen
from tests.support.engine.talking import check_invariants, events_of, say, transcript
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import LOADING, Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
SECONDS = 10


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def reaches(server: OpenAIServer, chats: int) -> None:
    await asyncio.to_thread(server.wait_for, lambda: len(server.chats) >= chats)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u00a0\u2003"])
async def test_a_message_of_nothing_is_refused_and_leaves_nothing(services: Services, text: str):
    agent = await services.agents.create_demo()
    with pytest.raises(Invalid, match="empty"):
        await started(services, agent, text)
    assert await transcript(services, agent) == ()


async def test_a_message_with_an_image_that_is_not_stored_is_refused_and_leaves_nothing(services: Services):
    agent = await services.agents.create_demo()
    draft = MessageDraft(parts=(TextPart(text="look"), ImagePart(sha256="0" * 64, media_type="image/png")))
    with pytest.raises(Invalid, match="not stored here"):
        await services.runs.start(await thread_of(services, agent), draft)
    assert await transcript(services, agent) == ()
    assert (await say(services, agent, "hello")).status == "completed"


async def test_a_message_sent_twice_at_the_same_moment_runs_once(services: Services):
    agent = await services.agents.create_demo()
    runs = await asyncio.gather(*(started(services, agent, "hello", otid="otid-1") for _ in range(10)))
    assert len({run.id for run in runs}) == 1
    await events_of(services, runs[0].id)
    assert len(await transcript(services, agent)) == 2


async def test_a_client_that_goes_away_while_its_message_is_stored_still_gets_its_reply(engine: OpenEngine):
    services = engine.services
    agent = await services.agents.create_demo()
    conversation_id = await thread_of(services, agent)
    may_write = threading.Event()
    blocking = asyncio.ensure_future(engine.storage.write(lambda _: may_write.wait(SECONDS)))
    sending = asyncio.ensure_future(services.runs.start(conversation_id, MessageDraft.of("hello")))
    for _ in range(5):
        assert await services.runs.active() == ()
    sending.cancel()
    may_write.set()
    await asyncio.wait([sending, blocking])
    assert sending.cancelled()
    await engine.storage.write(lambda _: None)
    (run,) = await services.runs.list(agent_id=agent.id)
    await asyncio.wait_for(events_of(services, run.id), SECONDS)
    assert (await services.runs.get(run.id)).stop_reason == "end_turn"


async def test_fifty_readers_who_come_at_any_moment_all_read_the_same(services: Services, server: OpenAIServer):
    server.tokens_per_second = 400
    server.queue(Reply(text="word " * 300))
    agent = await agent_on(services, server)
    run = await started(services, agent, "tell me a story")
    readers = []
    async for event in services.runs.subscribe(run.id):
        if len(readers) < 50 and event.seq_id % 5 == 0:
            readers.append(asyncio.ensure_future(events_of(services, run.id)))
    logs = await asyncio.gather(*readers)
    expected = [(event.seq_id, event.payload) for event in await events_of(services, run.id)]
    assert len(readers) == 50
    for log in logs:
        assert [(event.seq_id, event.payload) for event in log] == expected, "a reader met a hole"


async def test_who_comes_late_to_a_long_run_reads_what_is_not_at_hand_any_more(services: Services):
    agent = await services.agents.create_demo()
    run = await started(services, agent, "/long 1500")
    late: list[asyncio.Task[list[RunEvent]]] = []
    async for event in services.runs.subscribe(run.id):
        if event.seq_id in (REMEMBERED - 1, REMEMBERED + 100):
            late.append(asyncio.ensure_future(events_of(services, run.id)))
    logs = await asyncio.gather(*late)
    expected = [(event.seq_id, event.payload) for event in await events_of(services, run.id)]
    assert len(expected) > REMEMBERED + 200
    assert len(logs) == 2
    for log in logs:
        assert [(event.seq_id, event.payload) for event in log] == expected


async def test_a_reader_that_stops_reading_stalls_nobody_and_reads_on_from_the_log(services: Services):
    agent = await services.agents.create_demo()
    run = await started(services, agent, "/long 2500")
    slow = services.runs.subscribe(run.id)
    seen = [await anext(slow)]
    others = await asyncio.wait_for(events_of(services, run.id), 30)
    assert len(others) > CAPACITY // 2
    seen += [event async for event in slow]
    assert [event.seq_id for event in seen] == [event.seq_id for event in others]


async def test_reading_from_beyond_the_end_of_an_active_run_ends_with_the_run(services: Services):
    agent = await services.agents.create_demo()
    run = await started(services, agent, "/long 50")
    assert await asyncio.wait_for(events_of(services, run.id, after_seq=10**9), SECONDS) == []
    assert await asyncio.wait_for(events_of(services, run.id, after_seq=10**9), SECONDS) == []


async def test_watching_a_run_that_never_was_is_a_sentence(services: Services):
    with pytest.raises(NotFound):
        await events_of(services, "run-00000000-0000-4000-8000-000000000000")


async def test_stopping_before_the_first_byte_leaves_an_agent_that_answers(services: Services, server: OpenAIServer):
    server.queue(Reply(text="never", hold=True))
    agent = await agent_on(services, server)
    run = await started(services, agent, "hello")
    await reaches(server, 1)
    stopped = await asyncio.wait_for(services.runs.cancel(run.id), SECONDS)
    assert stopped.status == "cancelled"
    await asyncio.to_thread(server.wait_for, lambda: server.aborted == 1)
    assert (await say(services, agent, "and now?")).status == "completed"
    check_invariants(await transcript(services, agent))


async def test_stopping_during_the_pause_before_another_try_takes_effect_at_once(
    services: Services, server: OpenAIServer
):
    server.queue(LOADING)
    agent = await agent_on(services, server)
    progress = services.events.subscribe()
    run = await started(services, agent, "hello")
    async for event in progress:
        if getattr(event, "phase", "") == "retrying":
            break
    first, second = await asyncio.wait_for(
        asyncio.gather(services.runs.cancel(run.id), services.runs.cancel(run.id)), SECONDS
    )
    assert first == second
    assert first.status == "cancelled"
    assert len(server.chats) == 1
    assert (await say(services, agent, "and now?")).status == "completed"


async def test_a_complete_reply_is_not_tried_again(services: Services):
    agent = await services.agents.create_demo()
    run = await say(services, agent, "hello")
    with pytest.raises(Invalid):
        await services.runs.retry(run.id)
    assert len(await transcript(services, agent)) == 2


async def test_a_run_is_not_tried_again_while_another_replies_nor_after_the_conversation_went_on(services: Services):
    agent = await services.agents.create_demo()
    failed = await say(services, agent, "/fail")
    active = await started(services, agent, "/long 500")
    with pytest.raises(Conflict) as caught:
        await services.runs.retry(failed.id)
    assert (caught.value.code, caught.value.details) == ("busy", {"run_id": active.id})
    await services.runs.cancel(active.id)
    with pytest.raises(Conflict) as caught:
        await services.runs.retry(failed.id)
    assert caught.value.code == "changed_since"
    again = await services.runs.retry(active.id)
    await events_of(services, again.id)


async def test_trying_again_twice_at_once_begins_one_run(services: Services):
    agent = await services.agents.create_demo()
    failed = await say(services, agent, "/fail")
    outcomes = await asyncio.gather(*(services.runs.retry(failed.id) for _ in range(5)), return_exceptions=True)
    begun = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(begun) == 1
    assert all(isinstance(one, Conflict) for one in outcomes if isinstance(one, BaseException))
    await events_of(services, begun[0].id)


# Orderly ends and starts


async def test_a_background_run_outlives_any_number_of_orderly_ends(
    engine: OpenEngine, reopen: Reopen, server: OpenAIServer
):
    services = engine.services
    held = Reply(text="never", hold=True)
    server.queue(held, held, held, held, Reply(text="At last."))
    agent = await agent_on(services, server)
    run = await services.runs.start(await thread_of(services, agent), MessageDraft.of("dream"), background=True)
    for life in range(1, 5):
        await reaches(server, life)
        services = (await reopen(True)).services
    events = await asyncio.wait_for(events_of(services, run.id), SECONDS)
    ended = await services.runs.get(run.id)
    assert (ended.stop_reason, ended.resumed) == ("end_turn", 0)
    assert [event.seq_id for event in events] == sorted({event.seq_id for event in events})
    assert [m.role for m in await transcript(services, agent)] == ["user", "assistant"]


async def test_a_message_sent_before_recovery_does_not_end_the_run_that_would_be_taken_up(
    engine: OpenEngine, reopen: Reopen, server: OpenAIServer
):
    server.queue(Reply(text="never", hold=True), Reply(text="Here I am."))
    agent = await agent_on(engine.services, server)
    run = await started(engine.services, agent, "hello")
    await reaches(server, 1)
    later = await reopen(False)
    services = later.services
    sending = asyncio.ensure_future(started(services, agent, "and this?"))
    watching = asyncio.ensure_future(events_of(services, run.id))
    await services.runs.get(run.id)
    await later.recover()
    with pytest.raises(Conflict, match="still replying"):
        await sending
    assert (await asyncio.wait_for(watching, SECONDS))[-1].payload.message_type == "usage_statistics"
    assert (await services.runs.get(run.id)).stop_reason == "end_turn"


@pytest.mark.parametrize("state", ["", "no JSON", "{}"])
async def test_a_run_whose_state_cannot_be_read_ends_in_a_sentence_and_the_agent_answers(
    engine: OpenEngine, reopen: Reopen, server: OpenAIServer, state: str
):
    server.queue(Reply(text="never", hold=True))
    agent = await agent_on(engine.services, server)
    run = await started(engine.services, agent, "hello")
    await reaches(server, 1)
    await engine._scheduler.close()  # type: ignore[reportPrivateUsage]
    await engine.storage.write(lambda repos: repos.runs.save(repos.runs.get(run.id), state))
    services = (await reopen(True)).services
    ended = await services.runs.get(run.id)
    assert ended.failure is not None
    assert (ended.status, ended.failure.code) == ("failed", "interrupted")
    assert run.id in (await services.system.status()).interrupted_runs
    assert (await say(services, agent, "and now?")).status == "completed"


async def test_closing_while_replies_are_stored_loses_nothing(engine: OpenEngine, reopen: Reopen, server: OpenAIServer):
    services = engine.services
    agents = [await agent_on(services, server) for _ in range(8)]
    runs = [await started(services, agent, "my name is Brad, not Chad") for agent in agents]
    await reaches(server, 4)
    services = (await reopen(True)).services
    for agent, run in zip(agents, runs, strict=True):
        events = await asyncio.wait_for(events_of(services, run.id), SECONDS)
        assert sum(event.payload.message_type == "stop_reason" for event in events) == 1
        assert (await services.runs.get(run.id)).stop_reason == "end_turn"
        check_invariants(await transcript(services, agent))
        changes = [e for e in await services.history.of_agent(agent.id) if e.origin.run_id == run.id]
        assert len(changes) == 1, "a memory change was lost or doubled"


async def test_readers_of_an_engine_that_closes_are_let_go(engine: OpenEngine, reopen: Reopen, server: OpenAIServer):
    server.queue(Reply(text="never", hold=True))
    agent = await agent_on(engine.services, server)
    run = await started(engine.services, agent, "hello")
    await reaches(server, 1)
    reading = engine.services.runs.subscribe(run.id)
    got = [await anext(reading)]
    await reopen(True)
    got += [event async for event in reading]
    assert [event.payload.message_type for event in got] == ["user_message"]
