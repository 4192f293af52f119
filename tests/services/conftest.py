"""A whole engine in this process: real SQLite file, the demo model and a scripted model server over HTTP."""

from collections.abc import AsyncIterator

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.services import Services


@pytest.fixture
async def engine() -> AsyncIterator[OpenEngine]:
    opened = await open_engine(Config.load())
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services
