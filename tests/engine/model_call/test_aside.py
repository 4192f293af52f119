"""What is asked beside a run ends with what it needs, whatever the server goes on writing."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.domain.agent import Agent
from app.domain.message import Message, TextPart
from app.engine.model_call.aside import LONGEST_TOKEN, ask_aside
from app.ports.models import ChatRequest
from tests.support.engine.run_stage import run_stage
from tests.support.engine.whole_engine import agent_on
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    yield opened
    await opened.close()


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


async def test_a_server_that_does_not_heed_the_limit_is_not_listened_to(engine: OpenEngine, server: OpenAIServer):
    agent: Agent = await agent_on(engine.services, server)
    stage = await run_stage(engine, agent)
    provider = next(one for one in await engine.services.providers.list() if one.name == "scripted")
    server.queue(Reply(text="word " * 20_000))
    said = Message(id="message-1", agent_id=agent.id, role="user", parts=(TextPart(text="hello"),), created_at=1)
    request = ChatRequest(model=server.model, system="", messages=(said,), max_output_tokens=3, context_window=4096)
    heard = await ask_aside(stage.deps, provider, request, "a test")
    assert 0 < len(heard) <= 3 * LONGEST_TOKEN + 8
    await stage.deps.catalog.close()
