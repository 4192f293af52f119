"""Scripted model servers, and the adapters that talk to them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.adapters.models.ollama.server import Ollama
from app.adapters.models.openai.server import OpenAICompatible
from tests.support.servers.ollama_server import OllamaServer
from tests.support.servers.openai_requests import QUICK, provider
from tests.support.servers.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[OpenAICompatible]:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    yield model
    await model.close()


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


@pytest.fixture
async def native(ollama: OllamaServer) -> AsyncIterator[Ollama]:
    """The adapter for Ollama's own API."""
    model = Ollama(provider(ollama.url, name="Ollama", kind="ollama"), lambda: None, QUICK)
    yield model
    await model.close()
