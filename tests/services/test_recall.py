"""Recall in a whole engine: what was said is embedded in the background and found by meaning, words or both.

The recall process is a real one with a cheap embedder; only what it thinks of texts is made up.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from app.bootstrap import OpenEngine, RecallPlan, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentPatch
from app.domain.archive import ArchiveDraft, PassageDraft, PassageFilter
from app.domain.base import Micros
from app.domain.embedding import BUILT_IN, INDEXING_PAUSED, IndexingProgress
from app.domain.error import Invalid
from app.domain.event import Changed
from app.domain.message import FoundMessages, Message, MessageScope, Role
from app.domain.model import ProviderDraft
from app.domain.retrieval import Meaning, Word
from app.engine.meaning import NOTHING_EMBEDDED, SERVER_SILENT
from app.services import Services
from tests.support.processes import word_embedder
from tests.support.servers.openai_replies import Refusal
from tests.support.servers.openai_server import OpenAIServer
from tests.support.values import samples
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio
MINUTE: Micros = 60 * 1_000_000
SAID: tuple[tuple[Role, str], ...] = (
    ("user", "The boiler was serviced by Brandt."),
    ("assistant", "Noted."),
    ("user", "Order ORD-2024-118 is late."),
    ("assistant", "I will remind you."),
    ("user", "What shall we cook for the guests?"),
    ("assistant", "Lentil soup."),
)


def plan(start_after: float = 0) -> RecallPlan:
    return RecallPlan(word_embedder.command, start_after, settle=0)


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load(), recall=plan())
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services


@pytest.fixture
async def agent(services: Services) -> Agent:
    return await services.agents.create_demo()


async def tell(engine: OpenEngine, agent: Agent, *said: tuple[Role, str], at: Micros = NOON) -> list[Message]:
    here = await engine.services.conversations.default_of(agent.id)
    messages = [
        samples.message(role, text, agent_id=agent.id, created_at=at + number * MINUTE)
        for number, (role, text) in enumerate(said)
    ]
    await engine.storage.write(lambda repos: [repos.messages.append(here.active_id, message) for message in messages])
    return messages


async def indexed(engine: OpenEngine) -> None:
    async with asyncio.timeout(20):
        await engine.recover()
        await engine.indexing.at_rest.wait()


def texts(found: FoundMessages) -> list[str]:
    return [hit.message.text for hit in found.hits]


async def test_what_was_said_is_found_by_meaning_words_and_what_stands_around_it(
    engine: OpenEngine, services: Services, agent: Agent
):
    said = await tell(engine, agent, *SAID)
    before = await services.recall.messages("who maintained the heating")
    assert texts(before) == []
    assert before.state.note == NOTHING_EMBEDDED
    await indexed(engine)

    found = await services.recall.messages("who maintained the heating")
    assert found.state.by_meaning
    assert found.hits[0].message == said[0]
    assert isinstance(found.hits[0].reasons[0], Meaning)
    assert (await services.recall.messages("ord-2024-118")).hits[0].message == said[2]
    reasons = (await services.recall.messages("Brandt")).hits[0].reasons
    assert {type(reason) for reason in reasons} == {Meaning, Word}
    (answer,) = [hit for hit in (await services.recall.messages("cook guests")).hits if hit.message == said[5]]
    assert isinstance(answer.reasons[0], Meaning)
    assert answer.reasons[0].nearby
    assert texts(await services.recall.messages("who maintained the heating", by_meaning=False)) == []
    assert (await services.recall.progress()).waiting == 0


async def test_every_filter_lies_inside_the_search(engine: OpenEngine, services: Services, agent: Agent):
    await tell(engine, agent, *[("user", f"The boiler was serviced, {number}.") for number in range(70)])
    old = await tell(engine, agent, ("assistant", "Heating: maintained long ago."), at=NOON - 1000 * MINUTE)
    other = await services.agents.create_demo()
    there = await tell(engine, other, ("user", "The heating of another agent."))
    await indexed(engine)
    query = "heating maintained"

    async def only(**fields: object) -> list[str]:
        return texts(await services.recall.messages(query, MessageScope.model_validate(fields), limit=1))

    assert await only(roles=("assistant",)) == [old[0].text]
    assert await only(end=NOON - MINUTE) == [old[0].text]
    assert await only(agent_id=other.id) == [there[0].text]
    conversation = await services.conversations.default_of(other.id)
    assert await only(conversation_id=conversation.active_id) == [there[0].text]
    assert await only(agent_id="agent-none") == []
    assert await only(tool="web_search") == []
    await services.agents.delete(other.id)
    assert there[0].text not in texts(await services.recall.messages("another agent heating", limit=100))


async def test_a_child_that_dies_takes_nothing_along_and_indexing_goes_on_after_a_restart(
    engine: OpenEngine, services: Services, agent: Agent
):
    await tell(engine, agent, *SAID)
    await indexed(engine)
    assert engine.recall_process.pid is not None
    os.kill(engine.recall_process.pid, signal.SIGKILL)
    assert (await services.recall.messages("who maintained the heating")).state.by_meaning
    await tell(engine, agent, ("user", "Rex has a new collar."), at=NOON + 100 * MINUTE)
    await engine.close()

    again = await open_engine(Config.load(), recall=plan())
    try:
        await indexed(again)
        assert texts(await again.services.recall.messages("the dog"))[0] == "Rex has a new collar."
    finally:
        await again.close()


@pytest.mark.allow_logs("recall process")
async def test_without_a_recall_process_words_are_searched_and_said_to_be(agent: Agent, engine: OpenEngine):
    await tell(engine, agent, *SAID)
    await indexed(engine)
    await engine.close()
    broken = await open_engine(Config.load(), recall=RecallPlan(lambda: ["/no/such/program"], 0, 0))
    try:
        found = await broken.services.recall.messages("Brandt")
        assert texts(found) == [SAID[0][1]]
        assert not found.state.by_meaning
        assert "Words are searched all the same" in found.state.note
    finally:
        await broken.close()


async def test_a_pause_lasts_over_a_restart_and_whoever_ends_it_sees_how_far_it_is(
    engine: OpenEngine, services: Services, agent: Agent
):
    await tell(engine, agent, *SAID, *SAID, *SAID)
    await services.recall.pause_indexing()
    await indexed(engine)
    waiting = await services.recall.progress()
    assert (waiting.paused, waiting.looked, waiting.seconds_left) == (True, True, None)
    assert waiting.waiting > 0
    await engine.close()

    again = await open_engine(Config.load(), recall=plan())
    try:
        begun = await again.services.recall.progress()
        assert (begun.paused, begun.looked) == (True, False)
        await indexed(again)
        told = again.bus.subscribe(lambda event: event == Changed(kind="setting", ids=(INDEXING_PAUSED,)))
        again.indexing.at_rest.clear()
        await again.services.recall.pause_indexing(paused=False)
        seen: list[IndexingProgress] = []
        async with asyncio.timeout(20):
            async for _ in told:
                seen.append(await again.services.recall.progress())
                if not seen[-1].waiting:
                    break
        told.close()
        assert any(one.waiting and one.seconds_left for one in seen)
        assert (await again.services.recall.messages("who maintained the heating")).state.by_meaning
    finally:
        await again.close()


async def test_passages_are_found_by_meaning_too_and_not_by_what_they_said_before(
    engine: OpenEngine, services: Services, agent: Agent
):
    archive = await services.archives.create(ArchiveDraft(name="House"))
    boiler, soup = "The boiler was serviced by Brandt.", "Lentil soup for six."
    await services.archives.insert(archive.id, PassageDraft(text=boiler))
    await services.archives.insert(archive.id, PassageDraft(text=soup, tags=("food",)))
    await indexed(engine)
    found = await services.archives.search("who maintained the heating", PassageFilter())
    assert found.hits[0].passage.text == boiler
    assert found.state.by_meaning
    assert isinstance(found.hits[0].reasons[0], Meaning)
    by_meaning = await services.archives.search("Lentil, who maintained the heating", PassageFilter(), way="meaning")
    assert by_meaning.hits[0].passage.text == boiler
    assert all(isinstance(reason, Meaning) for hit in by_meaning.hits for reason in hit.reasons)
    by_words = await services.archives.search("Lentil, who maintained the heating", PassageFilter(), way="words")
    assert [hit.passage.text for hit in by_words.hits] == [soup]
    assert not by_words.state.by_meaning
    tagged = await services.archives.search("who maintained the heating", PassageFilter(tags=("food",)))
    assert [hit.passage.text for hit in tagged.hits] == [soup]


async def test_another_embedder_embeds_anew_and_an_unknown_or_silent_one_is_stood_in_for_or_waited_for(
    engine: OpenEngine, services: Services, agent: Agent
):
    await tell(engine, agent, *SAID[:2])
    await indexed(engine)
    with OpenAIServer() as server:
        server.answers["/v1/models"] = Refusal(200, {"data": [{"id": "text-embedding-x", "object": "model"}]})
        server.answers["/v1/embeddings"] = Refusal(200, {"data": [{"index": 0, "embedding": [0.0, 2.0, 0.0]}]})
        await services.providers.add(ProviderDraft(name="house", base_url=server.url))
        handles = [model.handle for model in await services.recall.embedders()]
        assert handles[0] == BUILT_IN
        assert "house/text-embedding-x" in handles
        await ask_for(services, agent, "house/text-embedding-x")
        found = await services.recall.messages("who maintained the heating")
        assert found.state.note == NOTHING_EMBEDDED
        await ask_for(services, agent, "nobody/offers-this")
        assert (await services.recall.messages("who maintained the heating")).state.by_meaning
        await the_usual_one_is_chosen(engine, services, agent)
        await ask_for(services, agent, "house/text-embedding-x")
    await services.models.list(refresh=True)
    found = await services.recall.messages("Brandt")
    assert texts(found) == [SAID[0][1]]
    assert found.state.note == SERVER_SILENT


async def the_usual_one_is_chosen(engine: OpenEngine, services: Services, agent: Agent) -> None:
    """For all that ask for none: they are embedded anew, and the built-in one stands in for one that is not there."""
    (own,) = await services.recall.own_embedders()
    assert (own.chosen.handle, own.chosen.stood_in, own.agents, own.archives) == ("nobody/offers-this", True, 1, 0)
    agent = await services.agents.get(agent.id)
    await services.agents.update(agent.id, AgentPatch(extras=agent.extras.model_copy(update={"embedding": None})))
    usual = await services.recall.usual_embedder()
    assert (usual.handle, usual.stood_in) == (BUILT_IN, False)
    chosen = await services.recall.choose_embedder("house/text-embedding-x")
    assert chosen.model is not None
    assert (chosen.model.handle, chosen.model.dimension) == ("house/text-embedding-x", 3)
    assert (await services.recall.messages("who maintained the heating")).state.note == NOTHING_EMBEDDED
    missing = await services.recall.choose_embedder("nobody/offers-this")
    assert missing.stood_in
    assert (await services.recall.messages("who maintained the heating")).state.by_meaning
    with pytest.raises(Invalid):
        await services.recall.choose_embedder("nothing")
    await services.recall.choose_embedder(BUILT_IN)


async def ask_for(services: Services, agent: Agent, embedder: str) -> None:
    extras = agent.extras.model_copy(update={"embedding": embedder})
    await services.agents.update(agent.id, AgentPatch(extras=extras))
