"""A scripted model server and an adapter that talks to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.adapters.models.openai_compatible import OpenAICompatible
from tests.support.openai_requests import QUICK, provider
from tests.support.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[OpenAICompatible]:
    model = OpenAICompatible(provider(server.url), lambda: None, QUICK)
    yield model
    await model.close()
