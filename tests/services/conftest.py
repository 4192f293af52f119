"""A whole engine in this process: real SQLite file, the demo model and a scripted model server over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.bootstrap import OpenEngine, open_engine
from app.config import Config
from app.engine.model_call import retries
from app.services import Services
from tests.support.engine.new_folder import lay, make_engine_folder


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tries with shorter pauses; tests/engine/model_call/test_retries.py holds how long they really are."""
    monkeypatch.setattr(retries, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(retries, "LOADING_PAUSE", 0.2)


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_engine_folder(tmp_path_factory.mktemp("new") / "engine")


@pytest.fixture
async def engine(engine_folder: Path, data_folder: Path) -> AsyncIterator[OpenEngine]:
    lay(engine_folder, data_folder)
    opened = await open_engine(Config.load())
    await opened.recover()
    yield opened
    await opened.close()


@pytest.fixture
def services(engine: OpenEngine) -> Services:
    return engine.services


Reopen = Callable[[bool], Awaitable[OpenEngine]]


@pytest.fixture
async def reopen(engine: OpenEngine) -> AsyncIterator[Reopen]:
    """Ends the engine in its order and opens the next over the same data; False: without recovery."""
    lives = [engine]

    async def next_life(recover: bool = True) -> OpenEngine:
        await lives[-1].close()
        lives.append(await open_engine(Config.load()))
        if recover:
            await lives[-1].recover()
        return lives[-1]

    yield next_life
    for life in lives[1:]:
        await life.close()
