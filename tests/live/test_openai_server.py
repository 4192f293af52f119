"""Against a real OpenAI-compatible server on this computer (`start.py test --live`).

LARES_LIVE_URL names it. Its model must call `memory_replace` (human: Name: Chad. -> Name: Brad.) when it reads "@brad",
as a programmable llama.cpp model does; LARES_LIVE_SAY changes the sentence for a model that understands English.
"""

import os
from collections.abc import AsyncIterator

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.block import BlockDraft
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript

URL = os.environ.get("LARES_LIVE_URL", "")
SAY = os.environ.get("LARES_LIVE_SAY", "By the way, my name is Brad, not Chad. @brad")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.live,
    pytest.mark.skipif(not URL, reason="no server named: set LARES_LIVE_URL, for example http://127.0.0.1:8080"),
]


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services


@pytest.fixture
async def agent(services: Services) -> Agent:
    await services.providers.add(ProviderDraft(name="live", base_url=URL))
    listed = next(each for each in await services.models.list() if each.provider.name == "live")
    assert not listed.error
    model = next(model for model in listed.models if not model.unfit)
    return await services.agents.create(
        AgentDraft(
            name="Juno",
            model=model.handle,
            context_window=model.context_window or 4096,
            settings=ModelSettings(max_output_tokens=256),
            blocks=(BlockDraft(label="human", value="Name: Chad.", limit=2000),),
        )
    )


async def test_the_correction_changes_memory_and_can_be_undone(services: Services, agent: Agent):
    run = await say(services, agent, SAY)
    assert run.failure is None
    assert await block_value(services, agent) == "Name: Brad."
    check_invariants(await transcript(services, agent))
    change = (await services.history.of_agent(agent.id))[0]
    assert (change.origin.actor.kind, change.origin.tool_name, change.origin.run_id) == (
        "agent",
        "memory_replace",
        run.id,
    )
    await services.history.undo(change.seq)
    assert await block_value(services, agent) == "Name: Chad."


async def test_after_one_real_count_our_count_of_the_next_request_is_right_within_a_tenth(
    services: Services, agent: Agent
):
    await say(services, agent, SAY)
    thread = await services.conversations.default_of(agent.id)
    expected = (await services.context.overview(thread.active_id)).used
    run = await say(services, agent, "@hello")
    (step,) = await services.runs.steps(run.id)
    assert abs(step.usage.prompt_tokens - expected) < 0.1 * step.usage.prompt_tokens


async def test_a_history_larger_than_the_served_window_goes_on_without_an_error(services: Services, agent: Agent):
    for number in range(25):
        run = await say(services, agent, f"{number}: " + "the quick brown fox jumps over the lazy dog " * 12)
        assert run.failure is None or run.failure.code == "max_tokens_exceeded"


async def test_stopping_frees_the_server_and_keeps_the_words(services: Services, agent: Agent):
    thread = await services.conversations.default_of(agent.id)
    run = await services.runs.start(thread.active_id, MessageDraft.of("@long"))
    async for event in services.runs.subscribe(run.id):
        if not event.whole:
            break
    assert (await services.runs.cancel(run.id)).status in ("cancelled", "completed")
    assert (await say(services, agent, "@hello")).failure is None


async def test_a_stream_replays_exactly(services: Services, agent: Agent):
    run = await say(services, agent, SAY)
    everything = await events_of(services, run.id)
    assert await events_of(services, run.id, everything[3].seq_id) == everything[4:]
