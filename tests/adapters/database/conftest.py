"""A real database in the test's folder, with one agent and its default conversation."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.adapters.database import SqliteStorage, open_storage
from app.adapters.system import SystemClock
from app.domain.agent import Agent
from app.domain.conversation import Conversation
from app.domain.event import Changed
from tests.adapters.database.making import World, conversation
from tests.support.engine.new_folder import lay, make_database_folder
from tests.support.values import samples

Opener = Callable[[], Awaitable[SqliteStorage]]


@pytest.fixture
def changes() -> list[Changed]:
    """What the storage published, in order."""
    return []


@pytest.fixture(scope="session")
def database_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database_folder(tmp_path_factory.mktemp("new") / "database")


@pytest.fixture
async def opened(database_folder: Path, data_folder: Path, changes: list[Changed]) -> AsyncIterator[Opener]:
    """Opens the test's database as often as asked, and closes all in the end."""
    open_ones: list[SqliteStorage] = []

    async def opener() -> SqliteStorage:
        lay(database_folder, data_folder)
        storage = await open_storage(data_folder, SystemClock(), on_changed=changes.append)
        open_ones.append(storage)
        return storage

    yield opener
    for storage in open_ones:
        await storage.close()


@pytest.fixture
async def storage(opened: Opener) -> SqliteStorage:
    return await opened()


@pytest.fixture
async def world(storage: SqliteStorage) -> World:
    agent: Agent = samples.agent()
    main: Conversation = conversation(agent.id, is_default=True)
    await storage.write(lambda repos: (repos.agents.add(agent), repos.conversations.add(main)))
    return World(storage, agent, main)
