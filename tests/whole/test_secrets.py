"""A key that a person typed is in its store and nowhere else."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.config import Config
from app.domain.agent import AgentDraft
from app.domain.block import BlockDraft
from app.domain.model import ProviderDraft
from tests.support.engine.talking import say
from tests.support.processes.engine_child import EngineChild
from tests.support.servers.openai_replies import Refusal, error_body
from tests.support.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.anyio

KEY = "sk-planted-4f9d0c1e7b"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(key=KEY) as opened:
        yield opened


@pytest.fixture
async def engine() -> AsyncIterator[EngineChild]:
    async with EngineChild(Config.load()) as child:
        yield child


async def test_a_planted_key_is_found_in_its_store_and_nowhere_else(
    server: OpenAIServer, engine: EngineChild, data_folder: Path
):
    services = engine.services
    provider = await services.providers.add(ProviderDraft(name="work", base_url=server.url, key=KEY))
    assert provider.has_key
    block = BlockDraft(label="human", value="Name: Chad.")
    agent = await services.agents.create(AgentDraft(name="Juno", model=f"work/{server.model}", blocks=(block,)))
    assert (await say(services, agent, "my name is Brad, not Chad")).status == "completed"
    echo = error_body(401, f"Incorrect API key provided: {KEY}. Sent: Bearer {KEY}")
    server.queue(Refusal(401, echo))
    failed = await say(services, agent, "hello")
    assert failed.failure is not None
    assert KEY not in failed.model_dump_json()
    for run in await services.runs.list(agent_id=agent.id):
        for step in await services.runs.steps(run.id):
            assert KEY not in (await services.runs.trace(step.id)).model_dump_json()
    trial = await services.providers.test(ProviderDraft(name="x", base_url=server.url), provider.id)
    assert trial.models
    await services.backups.create()
    assert any(KEY in request.headers.get("authorization", "") for request in server.requests)
    assert not _in_environment(engine.pid)
    assert engine.client is not None
    assert await engine.client.stop_engine()
    await engine.client.wait_closed()
    assert _places(data_folder) == ["keys.json"]


def _in_environment(pid: int) -> bool:
    environment = Path(f"/proc/{pid}/environ")
    return environment.exists() and KEY.encode() in environment.read_bytes()


def _places(folder: Path) -> list[str]:
    """Names of all files in which the key stands."""
    return [file.name for file in folder.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]


async def test_the_key_goes_with_its_server(server: OpenAIServer, engine: EngineChild, data_folder: Path):
    provider = await engine.services.providers.add(ProviderDraft(name="work", base_url=server.url, key=KEY))
    await engine.services.providers.delete(provider.id)
    assert KEY not in (data_folder / "keys.json").read_text("utf-8")
