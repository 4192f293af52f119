"""The prompt keeps its beginning through memory edits of a run: what a server has read it need not read again."""

from collections.abc import Iterator

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent
from app.domain.block import BlockDraft, BlockPatch
from app.engine.memory.earlier_blocks import blocks_at
from app.engine.model_call.snapshot import read_view
from app.engine.state import RunState
from app.services import Services
from tests.support.engine.talking import block_value, events_of, say
from tests.support.engine.whole_engine import agent_on, started, thread_of
from tests.support.servers.openai_replies import Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

CORRECTION = "my name is Brad, not Chad"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


@pytest.fixture
async def agent(services: Services, server: OpenAIServer) -> Agent:
    return await agent_on(services, server)


async def test_an_edit_of_its_own_changes_the_prompt_from_the_next_run_on(
    services: Services, server: OpenAIServer, agent: Agent
):
    await say(services, agent, CORRECTION)
    first, second = (chat.body["messages"] for chat in server.chats)
    assert second[: len(first)] == first
    assert "Name: Brad." in second[-1]["content"]
    await say(services, agent, "Thanks")
    assert "Name: Brad." in server.chats[-1].body["messages"][0]["content"]
    steps = [step for run in await services.runs.list(agent.id) for step in await services.runs.steps(run.id)]
    assert len({step.memory_seq for step in steps}) == 2


async def test_an_edit_by_a_person_shows_from_the_next_run_on_and_the_context_view_says_so(
    services: Services, server: OpenAIServer, agent: Agent
):
    server.queue(Reply(calls=(ToolCall("memory_insert", {"label": "human", "new_string": "Has a cat."}),)))
    server.hold(after=0)
    run = await started(services, agent, "I have a cat")
    thread = await thread_of(services, agent)
    (human,) = await services.blocks.of_agent(agent.id)
    assert not (await services.context.overview(thread)).memory_as_begun
    await services.blocks.update(human.id, BlockPatch(value="Name: Zoë."))
    overview = await services.context.overview(thread)
    assert overview.memory_as_begun
    assert "Name: Chad." in next(part.text for part in overview.parts if part.block_id == human.id)
    server.release()
    await events_of(services, run.id)
    systems = {chat.body["messages"][0]["content"] for chat in server.chats}
    assert len(systems) == 1
    assert "Name: Chad." in systems.pop()
    assert await block_value(services, agent) == "Name: Zoë.\nHas a cat."
    overview = await services.context.overview(thread)
    assert not overview.memory_as_begun
    assert "Has a cat." in next(part.text for part in overview.parts if part.block_id == human.id)


async def test_blocks_are_known_as_they_were(engine: OpenEngine, server: OpenAIServer):
    services = engine.services
    drafts = [BlockDraft(label=label, value=f"{label} at first") for label in ("a", "b", "c")]
    agent = await agent_on(services, server, blocks=tuple(drafts))
    a, b, c = before = await services.blocks.of_agent(agent.id)
    seq = await engine.storage.read(lambda repos: repos.history.last_seq())
    await services.blocks.update(a.id, BlockPatch(value="changed"))
    await services.blocks.update(a.id, BlockPatch(value="changed again", description="new"))
    await services.blocks.detach(agent.id, b.id)
    await services.blocks.update(b.id, BlockPatch(value="changed while detached"))
    await services.blocks.create(agent.id, BlockDraft(label="d"))
    await services.blocks.update(c.id, BlockPatch(label="sea"))
    after = await engine.storage.read(lambda repos: blocks_at(repos, agent.id, seq))
    told = [(block.id, block.label, block.value, block.description) for block in after]
    assert told == [(block.id, block.label, block.value, block.description) for block in before]


async def test_blocks_are_as_they_are_once_the_window_no_longer_shows_the_returns_of_the_edits(
    engine: OpenEngine, server: OpenAIServer
):
    services = engine.services
    agent = await agent_on(services, server)
    thread = await thread_of(services, agent)
    seq = await engine.storage.read(lambda repos: repos.history.last_seq())
    run = await say(services, agent, CORRECTION)
    state = RunState(run_id=run.id, agent_id=agent.id, conversation_id=thread, memory_seq=seq)

    async def value() -> str:
        view = await engine.storage.read(lambda repos: read_view(repos, agent.id, thread, state))
        return view.blocks[0].value

    assert (await value()).startswith("Name: Chad.")
    await services.conversations.reset(thread)
    assert (await value()).startswith("Name: Brad.")
