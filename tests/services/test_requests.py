"""The next request part by part with the origin of each line, what a step has sent, and the difference of two."""

import json
from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.block import BlockPatch
from app.domain.context import PartText, RequestOutline, RequestPart
from app.domain.history import Origin
from app.domain.message import MessageDraft
from app.engine.context.window import MESSAGE_OVERHEAD
from app.services import Services
from tests.support.engine.filling import fill
from tests.support.engine.talking import say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CORRECTION = "my name is Brad, not Chad"


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    server.forget_queue()
    server.requests.clear()
    return await agent_on(services, server, system="You are Juno.\nBe brief.")


def named(outline: RequestOutline, kind: str, label: str = "") -> RequestPart:
    return next(part for part in outline.parts if part.kind == kind and label in part.label)


def origins(part: PartText) -> dict[str, str]:
    """Who wrote each line that somebody wrote."""
    return {
        line: part.origins[place].actor.kind
        for line, place in zip(part.lines, part.origin_of, strict=True)
        if place is not None
    }


async def test_what_will_be_sent_is_shown_part_by_part(services: Services, server: OpenAIServer, agent: Agent):
    await say(services, agent, CORRECTION)
    thread = await thread_of(services, agent)
    outline = await services.requests.next(thread)
    assert outline.counted == "calibrated"
    overview = await services.context.overview(thread)
    assert abs(outline.used - overview.used) <= len(outline.parts)
    sent = json.loads(await services.requests.payload(thread, (MessageDraft.of("And now?"),)))
    await say(services, agent, "And now?")
    assert server.chats[-1].body == sent
    system = sent["messages"][0]["content"]
    for part in outline.parts:
        text = "\n".join((await services.requests.part(part.key, thread)).lines)
        assert len(text) == part.chars
        if part.kind in ("system", "memory"):
            assert text in system
        elif part.kind == "tools":
            assert json.loads(text) in [tool["function"] for tool in sent["tools"]]
        elif part.role == "user":
            assert text in sent["messages"][1]["content"]


async def test_each_line_says_who_wrote_it(services: Services, agent: Agent):
    (human,) = await services.blocks.of_agent(agent.id)
    await services.blocks.update(human.id, BlockPatch(value=f"{human.value}\nHas a cat."))
    by_program = Origin(actor="api", client="x")
    await services.blocks.update(human.id, BlockPatch(value=f"{human.value}\nHas a cat.\nBerlin."), origin=by_program)
    await say(services, agent, CORRECTION)
    await services.agents.update(agent.id, AgentPatch(system="You are Juno.\nBe kind."), origin=by_program)
    thread = await thread_of(services, agent)
    outline = await services.requests.next(thread)
    told = await services.requests.part(named(outline, "memory", "human").key, thread)
    assert origins(told) == {
        "Name: Brad.": "agent",
        "Likes tea.": "user",
        "Has a cat.": "user",
        "Berlin.": "api",
    }
    mine = told.origins[told.origin_of[told.lines.index("Name: Brad.")] or 0]
    assert (mine.tool_name, mine.cause) == ("memory_replace", CORRECTION)
    assert mine.message_id
    system = await services.requests.part("system", thread)
    assert origins(system) == {"You are Juno.": "user", "Be kind.": "api"}
    first = named(outline, "messages", CORRECTION)
    spoken = await services.requests.part(first.key, thread)
    assert spoken.origins[0].message_id == first.message_id


async def test_an_undone_line_belongs_to_the_undo(services: Services, agent: Agent):
    await say(services, agent, CORRECTION)
    newest = (await services.history.of_agent(agent.id))[0]
    await services.history.undo(newest.seq)
    thread = await thread_of(services, agent)
    human = named(await services.requests.next(thread), "memory", "human")
    part = await services.requests.part(human.key, thread)
    of_name = part.origins[part.origin_of[part.lines.index("Name: Chad.")] or 0]
    assert (await services.history.of_agent(agent.id))[0].seq == of_name.seq
    assert of_name.actor.kind == "user"


async def test_what_falls_out_next_is_what_the_next_compaction_takes(engine: OpenEngine, server: OpenAIServer):
    services = engine.services
    settings = ModelSettings(max_output_tokens=256)
    agent = await agent_on(services, server, context_window=4096, settings=settings, tool_names=())
    thread = await thread_of(services, agent)
    await fill(engine.storage, engine.clock, engine.ids, thread, count=30, keep=31)
    outline = await services.requests.next(thread)
    leaving = [part.leaves for part in outline.parts if part.kind == "messages"]
    assert leaving == sorted(leaving, reverse=True)
    assert 0 < sum(leaving) < len(leaving)
    assert outline.used < outline.full_at < outline.window
    assert outline.turns_left is not None
    assert outline.turns_left > 0


async def test_a_step_shows_the_request_that_it_sent(services: Services, server: OpenAIServer, agent: Agent):
    run = await say(services, agent, CORRECTION)
    first, second = await services.runs.steps(run.id)
    thread = await thread_of(services, agent)
    await services.blocks.update((await services.blocks.of_agent(agent.id))[0].id, BlockPatch(value="Nothing."))
    outline = await services.requests.sent(first.id)
    assert abs(outline.used - first.usage.prompt_tokens) <= len(outline.parts)
    human = await services.requests.part(named(outline, "memory", "human").key, thread, first.id)
    assert "Name: Chad." in human.lines
    raw = await services.requests.raw(thread, second.id)
    assert json.loads(raw.text) == server.chats[1].body
    reply = await services.requests.reply(first.id)
    assert "memory_replace" in reply.text
    later = await services.requests.raw(thread, second.id, first=raw.total - 10)
    assert (later.text, later.first) == (raw.text[-10:], raw.total - 10)


async def test_two_requests_are_compared(services: Services, agent: Agent):
    run = await say(services, agent, CORRECTION)
    first, second = await services.runs.steps(run.id)
    thread = await thread_of(services, agent)
    within = await services.requests.compare(thread, first.id, second.id)
    assert {one.status for one in within.changes} == {"same", "added"}
    following = await services.requests.compare(thread, second.id)
    changed = next(one for one in following.changes if one.status == "changed")
    assert changed.label == "human"
    assert ("Chad" in changed.before, "Brad" in changed.after) == (True, True)
    assert 0 < following.reused < following.total


async def test_a_server_that_tells_its_tokens_counts_each_part(services: Services, server: OpenAIServer, agent: Agent):
    await say(services, agent, CORRECTION)
    thread = await thread_of(services, agent)
    outline = await services.requests.next(thread, exact=True)
    assert outline.counted == "exact"
    assert outline.reused is not None
    system = named(outline, "system")
    assert system.tokens == OpenAIServer.tokens("You are Juno.\nBe brief.") + MESSAGE_OVERHEAD
    asked = [one for one in server.requests if one.path == "/tokenize"]
    assert len({one.body["content"] for one in asked}) == len(asked)
    await services.requests.next(thread, exact=True)
    assert len([one for one in server.requests if one.path == "/tokenize"]) == len(asked), "counted twice"
