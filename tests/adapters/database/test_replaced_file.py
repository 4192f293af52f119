"""A database that is moved, deleted or replaced under a running engine: nobody is told that something is stored."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.database import SqliteStorage
from app.adapters.database.backups import FILE
from app.domain.error import StorageError
from app.ports.storage import Repositories

pytestmark = pytest.mark.anyio


def stored(number: int) -> Callable[[Repositories], object]:
    return lambda repos: repos.settings.set("number", number)


async def number_in(storage: SqliteStorage) -> object:
    found = await storage.read(lambda repos: repos.settings.get("number"))
    return found and found.value


async def refused(storage: SqliteStorage) -> StorageError:
    with pytest.raises(StorageError) as told:
        await storage.write(stored(2))
    assert told.value.code == "database_replaced"
    return told.value


@pytest.mark.parametrize("name", [FILE, f"{FILE}-wal"])
async def test_file_that_is_gone_is_told_and_put_back_works_on(
    storage: SqliteStorage, data_folder: Path, name: str
) -> None:
    await storage.write(stored(1))
    (data_folder / name).rename(data_folder / "elsewhere")
    told = await refused(storage)
    assert "is gone while Lares was using it" in told.message
    assert str(data_folder) in told.hint
    assert not (data_folder / name).exists()
    (data_folder / "elsewhere").rename(data_folder / name)
    assert await number_in(storage) == 1
    await storage.write(stored(3))
    assert await number_in(storage) == 3


async def test_another_file_in_its_place_is_told_and_left_alone(storage: SqliteStorage, data_folder: Path) -> None:
    await storage.write(stored(1))
    shutil.copyfile(data_folder / FILE, data_folder / "copy")
    before = (data_folder / "copy").read_bytes()
    os.replace(data_folder / "copy", data_folder / FILE)
    assert "was replaced by another one" in (await refused(storage)).message
    assert (data_folder / FILE).read_bytes() == before


async def test_file_that_goes_while_a_transaction_runs_is_told(storage: SqliteStorage, data_folder: Path) -> None:
    await storage.write(stored(1))

    def losing(repos: Repositories) -> None:
        stored(2)(repos)
        (data_folder / FILE).unlink()

    with pytest.raises(StorageError, match="is gone"):
        await storage.write(losing)


async def test_reader_that_begins_later_makes_no_empty_database(storage: SqliteStorage, data_folder: Path) -> None:
    await storage.write(stored(1))
    (data_folder / FILE).unlink()
    with pytest.raises(StorageError, match="is gone"):
        await number_in(storage)
    assert not (data_folder / FILE).exists()
