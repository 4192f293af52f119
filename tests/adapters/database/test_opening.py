"""Opening a data folder: what is there, what is wrong with it, and the sentence for each."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import __version__
from app.adapters.database import SqliteStorage, list_backups, open_storage, schedule_restore
from app.adapters.database.backups import create_backup
from app.adapters.database.opening import prepare
from app.adapters.database.sqlite import lacking_feature, use_wal
from app.adapters.system import SystemClock
from app.domain.error import StorageError
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World
from tests.adapters.database.volumes import read_only, small_disk
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio


async def failure(folder: Path) -> StorageError:
    with pytest.raises(StorageError) as error:
        await open_storage(folder, SystemClock(), on_changed=lambda changed: None)
    return error.value


def execute(file: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(statement, values)
    connection.close()


def truncate(file: Path) -> None:
    """Leaves an empty file, whatever was there."""
    file.write_bytes(b"")


async def test_what_was_stored_is_there_after_opening_again(world: World, opened: Opener) -> None:
    said = await world.say("Remember me.")
    await world.storage.close()
    again = await opened()
    members = await again.read(lambda repos: repos.messages.in_context(world.conversation.id))
    assert [member.message for member in members] == said
    assert await again.read(lambda repos: repos.agents.list()) == (world.agent,)


async def test_writes_are_safe_against_power_loss_and_links_are_checked(world: World, data_folder: Path) -> None:
    def pragmas(repos):
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [repos.settings.db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert await world.storage.write(pragmas) == ["wal", 2, 1, 30_000]
    assert (await world.storage.read(pragmas))[0] == "wal"
    assert (data_folder / "lares.db-wal").exists()


OPEN_IN_A_CHILD = """
import asyncio, sys
from pathlib import Path
from app.adapters.database import open_storage
from app.adapters.system import RandomIds, SystemClock

async def main():
    storage = await open_storage(Path(sys.argv[1]), SystemClock(), on_changed=print)
    print(len(await storage.read(lambda repos: repos.agents.list())))
    await storage.close()

asyncio.run(main())
print([name for name in ("alembic", "sqlalchemy.orm", "sqlalchemy.ext.asyncio", "mako") if name in sys.modules])
"""


def in_a_child(code: str, *arguments: object) -> list[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()


async def test_opening_an_up_to_date_database_is_quick_and_needs_no_alembic(world: World, data_folder: Path) -> None:
    await world.storage.close()
    before = time.thread_time()
    prepare(data_folder, SystemClock())
    assert time.thread_time() - before < 0.03
    assert await asyncio.to_thread(in_a_child, OPEN_IN_A_CHILD, data_folder) == ["1", "[]"]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE alembic_version SET version_num = ?", "9999"),
        ("UPDATE about SET value = ? WHERE key = 'format'", "2000"),
    ],
)
async def test_data_of_a_newer_lares_is_refused_and_left_alone(
    world: World, data_folder: Path, statement: str, value: str
) -> None:
    await world.storage.close()
    execute(data_folder / "lares.db", "UPDATE about SET value = '7.1.0' WHERE key = 'written_by'")
    execute(data_folder / "lares.db", statement, value)
    before = (data_folder / "lares.db").read_bytes()
    error = await failure(data_folder)
    assert error.code == "newer_data"
    assert error.message == "This data was written by a newer Lares (7.1.0). Opening it here could damage it."
    assert (data_folder / "lares.db").read_bytes() == before


async def test_a_database_is_signed_by_the_lares_that_opened_it_last(
    world: World, opened: Opener, data_folder: Path
) -> None:
    await world.storage.close()
    execute(data_folder / "lares.db", "UPDATE about SET value = '0.0.1' WHERE key = 'written_by'")
    storage = await opened()
    written_by = "SELECT value FROM about WHERE key = 'written_by'"
    assert await storage.read(lambda repos: repos.settings.db.exec_driver_sql(written_by).scalar()) == __version__


@pytest.mark.parametrize("harm", ["not a database", "header", "cut off", "foreign", "unstamped"])
async def test_a_damaged_file_is_named_as_such_and_a_backup_brings_it_back(
    world: World, opened: Opener, data_folder: Path, harm: str
) -> None:
    said = await world.say("Remember me.")
    backup = create_backup(data_folder, "manual", NOON)
    await world.storage.close()
    file = data_folder / "lares.db"
    content = file.read_bytes()
    match harm:
        case "not a database":
            file.write_bytes(b"hello" * 5000)
        case "header":
            file.write_bytes(bytes(100) + content[100:])
        case "cut off":
            file.write_bytes(content[: len(content) // 2])
        case "foreign":
            file.unlink()
            execute(file, "CREATE TABLE songs(id)")
        case _:
            execute(file, "DELETE FROM alembic_version")
    error = await failure(data_folder)
    assert error.code == "database_damaged"
    assert error.message == "The file that holds your agents is damaged and cannot be read."
    assert list_backups(data_folder) == (backup,)
    schedule_restore(data_folder, backup.name)
    storage = await opened()
    members = await storage.read(lambda repos: repos.messages.in_context(world.conversation.id))
    assert [member.message for member in members] == said
    kept = [backup for backup in list_backups(data_folder) if backup.reason == "before restore"]
    assert len(kept) == 1


async def test_damage_met_while_running_makes_the_next_opening_look_closer(world: World, data_folder: Path) -> None:
    await world.say(*("x" * 3000 for _ in range(50)))
    await world.storage.close()
    file = data_folder / "lares.db"
    content = bytearray(file.read_bytes())
    for page in range(len(content) // 4096 * 3 // 4 * 4096, len(content), 4096):
        content[page : page + 64] = b"\xfe" * 64
    file.write_bytes(content)
    storage = await open_storage(data_folder, SystemClock(), on_changed=lambda changed: None)
    with pytest.raises(StorageError) as error:
        await storage.read(lambda repos: (repos.messages.page(world.conversation.id), repos.agents.list()))
    await storage.close()
    assert error.value.code == "database_damaged"
    assert (await failure(data_folder)).code == "database_damaged"


async def test_a_false_alarm_is_forgotten_after_the_closer_look(
    world: World, opened: Opener, data_folder: Path
) -> None:
    await world.storage.close()
    marker = data_folder / "lares.db.suspect"
    marker.touch()
    await opened()
    assert not marker.exists()


async def test_an_empty_file_becomes_a_new_database(opened: Opener, data_folder: Path) -> None:
    prepare(data_folder, SystemClock())
    truncate(data_folder / "lares.db")
    storage = await opened()
    assert await storage.read(lambda repos: repos.agents.list()) == ()


async def test_a_read_only_folder_is_named_as_such(world: World, data_folder: Path) -> None:
    await world.storage.close()
    with read_only(data_folder):
        error = await failure(data_folder)
    assert error.code == "read_only"
    assert error.message == "Lares is not allowed to write to its data folder, so it cannot start or save anything."
    assert str(data_folder) in error.hint


async def test_a_data_folder_that_is_a_file_is_an_error_in_a_sentence(data_folder: Path) -> None:
    truncate(data_folder)
    assert (await failure(data_folder)).code == "storage"


async def fill(storage: SqliteStorage) -> None:
    for number in range(200):
        stored = await storage.write(lambda repos, key=str(number): repos.settings.set(key, "x" * 50_000))
        assert stored.version == 1


async def test_a_full_disk_loses_nothing_and_writing_works_again_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 3) as disk:
        storage = await open_storage(disk, SystemClock(), on_changed=lambda changed: None)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1_000_000))
        with pytest.raises(StorageError) as error:
            await fill(storage)
        stored = len(await storage.read(lambda repos: repos.settings.list()))
        assert error.value.code == "disk_full"
        assert error.value.message.startswith("The disk is full")
        assert error.value.details["free_bytes"] < 100_000
        assert 0 < stored < 200
        with pytest.raises(StorageError) as error:
            create_backup(disk, "manual", NOON)
        assert error.value.code == "disk_full"
        assert list_backups(disk) == ()
        ballast.unlink()
        await storage.write(lambda repos: repos.settings.set("again", "y" * 50_000))
        await storage.close()
        again = await open_storage(disk, SystemClock(), on_changed=lambda changed: None)
        assert len(await again.read(lambda repos: repos.settings.list())) == stored + 1
        check = "PRAGMA quick_check"
        assert await again.read(lambda repos: repos.settings.db.exec_driver_sql(check).scalar()) == "ok"
        await again.close()


async def test_a_new_database_on_a_full_disk_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        (disk / "ballast").write_bytes(bytes(2_000_000))
        assert (await failure(disk)).code == "disk_full"
        (disk / "ballast").unlink()
        storage = await open_storage(disk, SystemClock(), on_changed=lambda changed: None)
        await storage.close()


@pytest.mark.skipif(sys.platform == "win32", reason="this way of locking is for Unix")
def test_a_folder_without_the_journal_is_named_as_such(tmp_path: Path) -> None:
    # Locks by files, as on some network drives: SQLite then offers no write-ahead log.
    connection = sqlite3.connect(f"{(tmp_path / 'x.db').as_uri()}?vfs=unix-dotfile", uri=True)
    try:
        with pytest.raises(StorageError) as error:
            use_wal(connection)
    finally:
        connection.close()
    assert error.value.code == "no_wal"
    assert "network" in error.value.hint


def test_a_sqlite_without_full_text_search_is_named_as_such() -> None:
    missing = lacking_feature("wal", {"json_each", "rtree"})
    assert missing is not None
    assert missing.code == "no_fts5"
    assert lacking_feature("wal", {"fts5"}) is None
