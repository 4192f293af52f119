"""A model that cannot call tools carries the memory correction through by JSON that its server forces it into."""

import json
from collections.abc import Iterator

import pytest

from app.domain.agent import AgentDraft
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from app.domain.wire_message import AssistantMessage
from app.services import Services
from tests.support.engine.talking import block_value, check_invariants, events_of, say, transcript
from tests.support.servers.ollama_pages import Installed
from tests.support.servers.ollama_replies import Answer
from tests.support.servers.ollama_server import OllamaServer

pytestmark = pytest.mark.anyio
CALL = {"tool": "memory_replace", "args": {"label": "human", "old_string": "Name: Chad.", "new_string": "Name: Brad."}}


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(installed=[Installed(capabilities=("completion",))]) as opened:
        yield opened


async def test_a_model_without_tools_corrects_the_name_and_people_see_only_its_words(
    services: Services, server: OllamaServer
):
    await services.providers.add(ProviderDraft(name="local", kind="ollama", base_url=server.url))
    draft = AgentDraft(
        name="Juno", model="local/tiny:latest", blocks=(BlockDraft(label="human", value="Name: Chad.", limit=2000),)
    )
    agent = await services.agents.create(draft)
    server.queue(Answer(text=json.dumps(CALL)), Answer(text='{"say": "Noted, Brad “B” ß."}'))
    run = await say(services, agent, "My name is Brad, not Chad.")
    assert (run.stop_reason, run.failure) == ("end_turn", None)
    assert await block_value(services, agent) == "Name: Brad."
    messages = await transcript(services, agent)
    check_invariants(messages)
    assert messages[-1].text == "Noted, Brad “B” ß."
    first, second = (chat.body for chat in server.chats)
    assert "tools" not in first
    assert first["format"]["anyOf"][0]["required"] == ["say"]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "user"]
    shown = [event.payload.content for event in await events_of(services, run.id) if not event.whole]  # type: ignore[union-attr]
    assert "".join(str(piece) for piece in shown) == "Noted, Brad “B” ß."
    assert any(isinstance(event.payload, AssistantMessage) for event in await events_of(services, run.id))
