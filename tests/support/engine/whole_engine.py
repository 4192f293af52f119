"""What tests of the services start with: an agent on the scripted server, its thread, a run of it."""

from app.domain.agent import Agent, AgentDraft
from app.domain.block import BlockDraft
from app.domain.message import MessageDraft
from app.domain.model import ProviderDraft
from app.domain.run import Run
from app.services import Services
from tests.support.servers.openai_server import OpenAIServer

HUMAN = BlockDraft(label="human", value="Name: Chad.\nLikes tea.", limit=2000)


async def agent_on(services: Services, server: OpenAIServer, name: str = "scripted", **fields: object) -> Agent:
    """An agent that speaks with the scripted model server, which becomes a provider of this name."""
    if name not in {provider.name for provider in await services.providers.list()}:
        await services.providers.add(ProviderDraft(name=name, base_url=server.url))
    given = {"name": "Zoë Müller", "model": f"{name}/{server.model}", "blocks": (HUMAN,), **fields}
    return await services.agents.create(AgentDraft.model_validate(given))


async def thread_of(services: Services, agent: Agent) -> str:
    """The conversation that the agent's first thread shows."""
    return (await services.conversations.default_of(agent.id)).active_id


async def started(services: Services, agent: Agent, text: str, **fields: object) -> Run:
    draft = MessageDraft.of(text).model_copy(update=fields)
    return await services.runs.start(await thread_of(services, agent), draft)
