"""Edits of memory that code finds, the model chooses, and a person accepts or declines."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.block import BlockPatch
from app.domain.error import Conflict
from app.domain.event import Changed
from app.domain.fitness import FitReport
from app.domain.history import Actor
from app.domain.proposal import MemoryProposal
from app.services import Services
from app.services.fitness.service import SETTING
from tests.services.conftest import Reopen
from tests.support.engine.talking import block_value, say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import JsonObject, Reply, Scripted
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CHAD, BRAD = "Name: Chad.\nLikes tea.", "Name: Brad.\nLikes tea."
CORRECTION = "By the way, my name is Brad, not Chad."
ON = ModelSettings(memory_proposals="on")


def choice(text: str) -> Reply:
    return Reply(text=json.dumps({"edit": text}))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server, settings=ON)


async def proposed(engine: OpenEngine, agent: Agent, text: str = CORRECTION) -> tuple[MemoryProposal, ...]:
    """What is proposed after a message."""
    await say(engine.services, agent, text)
    await settled(engine)
    return await engine.services.proposals.open_in(await thread_of(engine.services, agent))


async def settled(engine: OpenEngine) -> None:
    """Until all that follows a run is done."""
    for _ in range(2):
        await asyncio.sleep(0)  # the end of the run is handed on
    async with asyncio.timeout(5):
        while engine.after_runs.busy:  # noqa: ASYNC110 - no test waits for it in the product
            await asyncio.sleep(0.005)


async def test_a_proposal_changes_nothing_before_it_is_accepted(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    services = engine.services
    server.queue(Reply(text="Nice to meet you."), choice("Name: Brad."))
    (proposal,) = await proposed(engine, agent)
    assert (proposal.label, proposal.old, proposal.new) == ("human", "Name: Chad.", "Name: Brad.")
    assert await block_value(services, agent) == CHAD
    accepted = await services.proposals.accept(proposal.id)
    assert await block_value(services, agent) == BRAD
    change = (await services.history.of_agent(agent.id))[0]
    assert change.seq == accepted.change_seq
    assert change.origin.actor == Actor(kind="helper")
    assert (change.origin.run_id, change.cause) == (proposal.run_id, CORRECTION)
    await services.history.undo(change.seq)
    assert await block_value(services, agent) == CHAD
    assert await services.proposals.open_in(proposal.conversation_id) == ()


async def test_the_question_is_short_and_leaves_the_conversation_alone(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    server.queue(Reply(text="Nice to meet you."), choice("none"))
    assert await proposed(engine, agent) == ()
    chat, asked = (request.body for request in server.chats)
    choices = asked["response_format"]["json_schema"]["schema"]["properties"]["edit"]["enum"]
    assert choices[:2] == ["none", "Name: Brad."]
    assert agent.system not in json.dumps(asked)
    assert "tools" not in asked
    assert len(json.dumps(asked)) < len(json.dumps(chat))
    page = await engine.services.messages.page(await thread_of(engine.services, agent))
    assert [message.role for message in page.messages] == ["user", "assistant"]


async def test_declining_leaves_memory_as_it_is(engine: OpenEngine, agent: Agent, server: OpenAIServer) -> None:
    server.queue(Reply(text="Nice."), choice("Name: Brad."))
    (proposal,) = await proposed(engine, agent)
    await engine.services.proposals.decline(proposal.id)
    assert await block_value(engine.services, agent) == CHAD
    for answer in (engine.services.proposals.accept, engine.services.proposals.decline):
        with pytest.raises(Conflict) as refused:
            await answer(proposal.id)
        assert refused.value.code == "already_answered"


async def test_a_proposal_survives_a_restart(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, reopen: Reopen
) -> None:
    server.queue(Reply(text="Nice."), choice("Name: Brad."))
    before = await proposed(engine, agent)
    later = (await reopen(True)).services
    assert await later.proposals.open_in(await thread_of(later, agent)) == before
    await later.proposals.accept(before[0].id)
    assert await block_value(later, agent) == BRAD


async def test_a_line_that_has_changed_meanwhile_is_not_overwritten(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    server.queue(Reply(text="Nice."), choice("Name: Brad."))
    (proposal,) = await proposed(engine, agent)
    (block,) = await engine.services.blocks.of_agent(agent.id)
    await engine.services.blocks.update(block.id, BlockPatch(value="Name: Charles."))
    with pytest.raises(Conflict) as refused:
        await engine.services.proposals.accept(proposal.id)
    assert refused.value.code == "changed_since"
    assert await block_value(engine.services, agent) == "Name: Charles."


@pytest.mark.parametrize("text", ["What is my name?", "Thank you, that was kind."])
async def test_talk_that_asks_for_no_edit_costs_no_call(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, text: str
) -> None:
    assert await proposed(engine, agent, text) == ()
    assert len(server.chats) == 1


async def test_a_model_that_edits_by_itself_is_not_asked(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    assert await proposed(engine, agent) == ()
    assert await block_value(engine.services, agent) == BRAD
    assert len(server.chats) == 2


@pytest.mark.parametrize("verdict", [None, "good", "weak", "unfit"])
async def test_without_a_weak_verdict_no_extra_call_is_made(
    engine: OpenEngine, server: OpenAIServer, verdict: str | None
) -> None:
    agent = await agent_on(engine.services, server)
    if verdict is not None:
        report = FitReport.model_validate(
            {"handle": agent.model, "passed": 0, "of": 7, "tasks": (), "verdict": verdict, "tested_at": 1}
        )
        await engine.storage.write(lambda repos: repos.settings.set(SETTING, [report.model_dump(mode="json")]))
    server.queue(Reply(text="Nice."), choice("Name: Brad."))
    found = await proposed(engine, agent)
    is_weak = verdict in ("weak", "unfit")
    assert (len(found), len(server.chats)) == ((1, 2) if is_weak else (0, 1))


async def test_switched_off_it_asks_nothing_of_a_weak_model(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    off = AgentPatch(settings=ModelSettings(memory_proposals="off"))
    await engine.services.agents.update(agent.id, off, agent.version)
    server.queue(Reply(text="Nice."))
    assert await proposed(engine, agent) == ()
    assert len(server.chats) == 1


async def test_whatever_a_model_answers_only_a_candidate_is_proposed(
    engine: OpenEngine, agent: Agent, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "app.services.proposals")
    server.queue(Reply(text="Nice."), Reply(text="Sure! I changed everything."))
    assert await proposed(engine, agent) == ()
    assert "chose none of" in caplog.text
    server.queue(Reply(text="Nice."), choice("Name: Mallory."))
    assert await proposed(engine, agent) == ()


async def test_additions_and_removals_are_proposed_and_made(
    engine: OpenEngine, agent: Agent, server: OpenAIServer
) -> None:
    services = engine.services
    server.queue(Reply(text="Nice."), choice("add: I play the cello."))
    (added,) = await proposed(engine, agent, "Remember that I play the cello.")
    await services.proposals.accept(added.id)
    assert await block_value(services, agent) == CHAD + "\nI play the cello."
    server.queue(Reply(text="Fine."), choice("remove: Likes tea."))
    (removed,) = await proposed(engine, agent, "Forget that I like tea.")
    await services.proposals.accept(removed.id)
    assert await block_value(services, agent) == "Name: Chad.\nI play the cello."


async def test_a_message_of_the_person_goes_first(engine: OpenEngine, agent: Agent, server: OpenAIServer) -> None:
    """The question is asked again when the person has been answered."""
    services = engine.services
    first = await services.providers.list()
    await engine.storage.write(
        lambda repos: repos.settings.set("servers.at_once", {provider.name: 1 for provider in first})
    )
    slow = Reply(text=json.dumps({"edit": "Name: Brad."}), tokens_per_second=3)
    server.queue(Reply(text="Nice."), slow, Reply(text="You are welcome."), choice("Name: Brad."))
    await say(services, agent, CORRECTION)
    async with asyncio.timeout(5):
        while len(server.chats) < 2:  # noqa: ASYNC110 - the server has its own loop
            await asyncio.sleep(0.005)
    begun = asyncio.get_running_loop().time()
    await say(services, agent, "Thanks")
    assert asyncio.get_running_loop().time() - begun < 2
    await settled(engine)
    assert len(await services.proposals.open_in(await thread_of(services, agent))) == 1


async def test_windows_are_told(engine: OpenEngine, agent: Agent, server: OpenAIServer) -> None:
    watching = engine.bus.subscribe(lambda event: isinstance(event, Changed) and event.kind == "proposal")
    server.queue(Reply(text="Nice."), choice("Name: Brad."))
    (proposal,) = await proposed(engine, agent)
    await engine.services.proposals.decline(proposal.id)
    watching.close()
    told = [event async for event in watching if isinstance(event, Changed)]
    assert [(event.ids, event.conversation_id) for event in told] == [((proposal.id,), proposal.conversation_id)] * 2


class TakesTheFirst(OpenAIServer):
    """A model that says a word, and of the edits it is asked about takes the first."""

    def _chat(self, body: JsonObject) -> Scripted:
        if "response_format" not in body:
            return Reply(text="I see.")
        answers = body["response_format"]["json_schema"]["schema"]["properties"]["edit"]["enum"]
        return choice(next(one for one in answers if one != "none"))


async def test_a_model_that_always_takes_the_first_proposes_what_was_said_and_is_not_asked_about_the_rest(
    engine: OpenEngine,
) -> None:
    said = {
        CORRECTION: "Name: Brad.",
        "Nice weather today, is it not?": None,
        "Remember that I play the cello.": "I play the cello.",
        "Thank you! How does a cello work?": None,
        "I like coffee now, not tea.": "Likes coffee.",
    }
    with TakesTheFirst() as server:
        agent = await agent_on(engine.services, server, settings=ON)
        for text, wanted in said.items():
            found = await proposed(engine, agent, text)
            assert [one.new for one in found] == ([wanted] if wanted else []), text
            for one in found:
                await engine.services.proposals.accept(one.id)
        assert len(server.chats) == len(said) + 3
    assert await block_value(engine.services, agent) == "Name: Brad.\nLikes coffee.\nI play the cello."
