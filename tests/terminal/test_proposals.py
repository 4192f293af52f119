"""Proposals of the memory helper in the terminal: shown when they have come, accepted and declined by commands."""

import asyncio
import io
import json
from collections.abc import Iterator

import pytest

from app.config import Config
from app.domain.agent import Agent, AgentDraft, ModelSettings
from app.domain.error import Invalid
from app.domain.model import ProviderDraft
from app.link.client import connect
from app.services import Services
from app.terminal.chat import Chat
from app.terminal.paper import Paper
from tests.support.engine.whole_engine import HUMAN
from tests.support.servers.openai_replies import Reply
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as opened:
        yield opened


def choice(text: str) -> Reply:
    return Reply(text=json.dumps({"edit": text}))


async def waiting(services: Services, agent: Agent, count: int) -> None:
    thread = await services.conversations.default_of(agent.id)
    async with asyncio.timeout(10):
        while len(await services.proposals.open_in(thread.active_id)) < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def test_proposals_are_shown_accepted_undone_and_declined(config: Config, server: OpenAIServer) -> None:
    page = io.StringIO()
    chat = Chat(config, Paper(page, coloured=False))
    await chat.open("")
    client = await connect(config, "terminal")
    try:
        await client.services.providers.add(ProviderDraft(name="box", base_url=server.url))
        settings = ModelSettings(memory_proposals="on")
        agent = await client.services.agents.create(
            AgentDraft(name="Juno", model="box/tiny", blocks=(HUMAN,), settings=settings)
        )
        await chat.take("/agents Juno")
        await chat.take("/proposals")
        with pytest.raises(Invalid, match="Nothing is proposed"):
            await chat.take("/accept")
        server.queue(Reply(text="Nice."), choice("Name: Brad."))
        await chat.take("By the way, my name is Brad, not Chad.")
        await waiting(client.services, agent, 1)
        server.queue(Reply(text="Good."), choice("add: I play the cello."))
        await chat.take("Remember that I play the cello.")
        await waiting(client.services, agent, 2)
        await chat.take("/proposals")
        with pytest.raises(Invalid, match="There is no proposal 3"):
            await chat.take("/accept 3")
        await chat.take("/decline 2")
        await chat.take("/accept")
        await chat.take("/undo")
        await chat.take("/memory")
    finally:
        await client.close()
        await chat.close()
    shown = page.getvalue()
    parts = [
        "Nothing is proposed.\n",
        "Nice.\n",
        "1. Change this in “human”?\n  - Name: Chad.\n  + Name: Brad.\n/accept or /decline",
        "Good.\n",
        "2. Remember this in “human”?\n  + I play the cello.\n",
        "“human” stays as it is.\n",
        "Changed “human”. /undo undoes it.\n",
        "  human · changed\n  - Name: Brad.\n  + Name: Chad.\n",
        "Name: Chad.\nLikes tea.\n",
    ]
    places = [shown.find(part) for part in parts]
    assert -1 not in places, (parts[places.index(-1)], shown)
    assert places == sorted(places)
