"""A fork from any step or change has the memory and the window of that moment, and the first agent never notices."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.bootstrap import OpenEngine
from app.domain.agent import Agent, AgentPatch, ModelSettings
from app.domain.archive import PassageDraft, PassageFilter, PassagePatch
from app.domain.block import BlockDraft, BlockPatch
from app.domain.history import Actor, Origin
from app.domain.message import Member, Message
from app.domain.run import Step
from app.engine.context.prompt import compile_prompt
from app.services import Services
from tests.support.engine.filling import fill
from tests.support.engine.talking import say
from tests.support.engine.whole_engine import agent_on, thread_of
from tests.support.servers.openai_replies import JsonObject, Reply, ToolCall
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio
API = Origin(actor=Actor(kind="api", name="shortcuts"))
SUMMARY = "Brad cooks risotto on Saturday for six guests; Mia brings porcini. A list for the market is open."


SAID = {
    "My name is Brad.": ("Chad", "Brad"),
    "I moved to Ulm.": ("Bonn", "Ulm"),
    "Coffee, please.": ("tea", "coffee"),
    "Or cocoa.": ("coffee", "cocoa"),
    "Bernd, in fact.": ("Brad", "Bernd"),
}
"""What the person says, and the words that the model replaces because of it."""


def answer(body: JsonObject) -> Reply:
    newest = body["messages"][-1]
    if "memory of a conversation" in str(body["messages"][0]):
        return Reply(text=SUMMARY)
    edit = next((words for said, words in SAID.items() if said in str(newest["content"])), None)
    if newest["role"] != "user" or edit is None:
        return Reply(text="Noted.")
    return Reply(calls=(ToolCall("memory_replace", {"label": "human", "old_string": edit[0], "new_string": edit[1]}),))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        opened.rule = answer
        yield opened


async def a_life(engine: OpenEngine, server: OpenAIServer) -> Agent:
    """Edits by everybody, an undo, a summary, an emptied window, a deleted block, another model's settings."""
    services = engine.services
    human = BlockDraft(label="human", value="Name: Chad.\nLikes tea.")
    small = {"context_window": 4096, "settings": ModelSettings(max_output_tokens=256)}
    agent = await agent_on(services, server, blocks=(human,), tool_names=("memory_replace",), **small)
    (block_id,) = agent.block_ids
    thread = await thread_of(services, agent)
    await say(services, agent, "My name is Brad.")
    await services.blocks.update(block_id, BlockPatch(value="Name: Brad.\nLikes tea.\nLives in Bonn."))
    await services.blocks.update(block_id, BlockPatch(description="About the person"), origin=API)
    await say(services, agent, "I moved to Ulm.")
    await services.history.undo((await services.history.of_agent(agent.id, limit=1))[0].seq)
    extra = await services.blocks.create(agent.id, BlockDraft(label="plans", value="Risotto."))
    await fill(engine.storage, engine.clock, engine.ids, thread, count=100, keep=101)
    await say(services, agent, "What do you know?")
    await services.blocks.delete(extra.id)
    await say(services, agent, "Coffee, please.")
    await services.conversations.reset(thread)
    await services.agents.update(agent.id, AgentPatch(system="Be brief."))
    await say(services, agent, "Or cocoa.")
    await say(services, agent, "Right?")
    return agent


async def steps_of(engine: OpenEngine, agent: Agent) -> list[Step]:
    def work(repos: Any) -> list[Step]:
        thread = repos.conversations.default_of(agent.id).active_id
        return [step for run in repos.messages.run_ids(thread, 1) for step in repos.runs.steps((run,))]

    found = await engine.storage.read(work)
    return sorted((step for step in found if step.purpose == "reply"), key=lambda step: step.created_at)


def words(message: Message) -> str:
    parts = [*(part.arguments for part in message.tool_calls), *(part.text for part in message.tool_returns)]
    return message.text or "".join(parts)


def is_sent(members: tuple[Member, ...], request: JsonObject) -> bool:
    """Whether a request shows these messages and no others. Users in a row are sent as one; dates go with them."""
    sent = [dict(message) for message in request["messages"][1:]]
    for member in members:
        text = words(member.message)
        while sent and text not in (said := spoken(sent[0])) and len(said) < FORM:
            sent.pop(0)
        if not sent or text not in spoken(sent[0]):
            return False
        sent[0] = {"content": spoken(sent[0]).replace(text, "", 1)}
    return all(len(spoken(message)) < FORM for message in sent)


FORM = 60
"""Characters of a date or a mark that go with a message."""


def spoken(message: JsonObject) -> str:
    return str(
        message.get("content")
        or (message.get("tool_calls") or [{"function": {"arguments": ""}}])[0]["function"]["arguments"]
    )


async def test_a_fork_from_any_step_has_the_memory_and_the_window_of_that_step(
    engine: OpenEngine, server: OpenAIServer
):
    services = engine.services
    agent = await a_life(engine, server)
    life = await services.history.life(agent.id)
    steps = await steps_of(engine, agent)
    assert len(steps) > 7
    for step in steps:
        fork = await services.forks.from_step(step.id)
        request = json.loads((await engine.storage.read(lambda repos: repos.runs.trace(step.id))).request)  # noqa: B023
        thread = await thread_of(services, fork)
        members = await engine.storage.read(lambda repos: repos.messages.in_context(thread))  # noqa: B023
        assert is_sent(members, request), step.step_no
        blocks = await services.blocks.of_agent(fork.id)
        if step.step_no == 1:
            prompt = compile_prompt(fork, blocks)
            assert request["messages"][0]["content"].startswith(prompt[: prompt.index(blocks[-1].value)])
        else:
            assert "coffee" in blocks[0].value or "cocoa" in blocks[0].value or "B" in blocks[0].value
        assert {member.message.agent_id for member in members} <= {fork.id}
    assert (await services.history.life(agent.id)).total == life.total, "the first agent noticed"


async def test_a_fork_from_any_change_has_the_memory_right_after_it(engine: OpenEngine, server: OpenAIServer):
    services = engine.services
    agent = await a_life(engine, server)
    for event in await services.history.of_agent(agent.id):
        fork = await services.forks.from_change(agent.id, event.seq)
        then = (await services.history.between(agent.id, event.seq, event.seq)).after
        blocks = await services.blocks.of_agent(fork.id)
        assert [(b.label, b.value, b.description) for b in blocks] == [
            (b.label, b.value, b.description) for b in then.blocks
        ]
        assert fork.system == then.settings["system"]
    first = await services.forks.from_change(agent.id, 0)
    assert await services.blocks.of_agent(first.id) == ()


async def test_a_fork_has_the_archives_of_that_moment_and_its_own_copy_of_them(
    engine: OpenEngine, server: OpenAIServer
):
    services = engine.services
    agent = await agent_on(services, server)
    states: dict[int, list[tuple[str, tuple[str, ...], bool]]] = {}

    async def mark() -> None:
        newest = (await services.history.of_agent(agent.id, limit=1))[0]
        states[newest.seq] = await held(services, agent.id)

    async def store(text: str, *tags: str) -> str:
        stored = await services.archives.insert_for(agent.id, PassageDraft(text=text, tags=tags))
        await mark()
        return stored.passage.id

    await mark()
    tea, cat, ulm = await store("likes tea", "food"), await store("has a cat"), await store("lives in Ulm")
    await services.archives.edit(tea, PassagePatch(text="likes coffee"))
    await mark()
    await services.archives.supersede((ulm,), replacement=PassageDraft(text="lives in Bonn"))
    await mark()
    removed = await services.archives.remove((tea, cat))
    await mark()
    await services.archives.tag((ulm,), add=("home",))
    await mark()
    await services.history.undo_all(removed.changes)
    await mark()
    (archive,) = await services.archives.of_agent(agent.id)
    await services.archives.detach(agent.id, archive.id)
    await mark()
    for seq, then in states.items():
        fork = await services.forks.from_change(agent.id, seq)
        assert await held(services, fork.id) == then, seq
    own = await services.archives.of_agent(fork.id)
    assert archive.id not in {one.id for one in own}, "the fork would write into the first agent's archive"


async def held(services: Services, agent_id: str) -> list[tuple[str, tuple[str, ...], bool]]:
    """Texts, tags and whether they are still true, of all that an agent can find."""
    found = await services.archives.passages(PassageFilter(agent_id=agent_id))
    return sorted((one.text, one.tags, one.superseded_at is None) for one in found)


async def test_the_fork_goes_on_by_itself(engine: OpenEngine, server: OpenAIServer):
    services = engine.services
    agent = await a_life(engine, server)
    steps = await steps_of(engine, agent)
    fork = await services.forks.from_step(steps[1].id)
    assert (fork.name, fork.model) == (f"{agent.name} (fork)", agent.model)
    before = await values(services, agent)
    assert (await say(services, fork, "Bernd, in fact.")).stop_reason == "end_turn"
    assert (await values(services, fork))[0].startswith("Name: Bernd.")
    assert await values(services, agent) == before
    await services.agents.delete(fork.id)


async def values(services: Services, agent: Agent) -> list[str]:
    return [block.value for block in await services.blocks.of_agent(agent.id)]
