"""A data folder as its first opening leaves it, made once per process: most tests take less time than that does.

What a new folder gets is shown by those that open one themselves, as tests/adapters/database/test_opening.py does.
"""

import asyncio
import shutil
from pathlib import Path

from app.adapters.database import open_storage
from app.adapters.system import SystemClock
from app.bootstrap import open_engine
from app.config import Config


def make_engine_folder(folder: Path) -> Path:
    """That of an engine which was opened and closed."""

    async def make() -> None:
        await (await open_engine(Config.load(folder))).close()

    asyncio.run(make())
    return folder


def make_database_folder(folder: Path) -> Path:
    """That of a storage on its own: tables without the rows that an engine adds."""

    async def make() -> None:
        await (await open_storage(folder, SystemClock(), on_changed=lambda _: None)).close()

    asyncio.run(make())
    return folder


def lay(made: Path, folder: Path) -> None:
    """`folder` becomes a copy of it; one that is there stays as it is."""
    if not folder.exists():
        shutil.copytree(made, folder)
