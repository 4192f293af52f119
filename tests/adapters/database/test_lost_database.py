"""A database that is empty or gone is told from one that never was; copies are counted before they are trusted."""

import sqlite3
from pathlib import Path

import pytest

from app.adapters.database import list_backups, schedule_restore
from app.adapters.database.backups import create_backup
from app.adapters.database.opening import LOST, MARKER
from app.backup_files import NOTE, note_nothing
from app.domain.error import StorageError
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio
DAY = 24 * 3600 * 1_000_000


def remove(file: Path) -> None:
    for each in file.parent.glob(file.name + "*"):
        each.unlink()


def truncate(file: Path) -> None:
    remove(file)
    file.write_bytes(b"")


def drop_all(file: Path) -> None:
    remove(file)
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()


def truncate_beside_its_journal(file: Path) -> None:
    file.write_bytes(b"")
    file.with_name(file.name + "-wal").write_bytes(b"x" * 5000)


def truncate_alone(file: Path) -> None:
    file.write_bytes(b"")


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


EMPTYINGS = (remove, truncate, drop_all, truncate_beside_its_journal, truncate_alone)


@pytest.mark.parametrize("empty", EMPTYINGS)
@pytest.mark.parametrize("with_marker", [True, False])
async def test_a_sound_copy_beside_an_empty_database_stops_the_start_until_one_has_chosen(
    world: World, opened: Opener, data_folder: Path, empty: object, with_marker: bool
) -> None:
    await world.say("safe")
    backup = create_backup(data_folder, "daily", NOON)
    await world.storage.close()
    empty(data_folder / "lares.db")  # type: ignore[operator]
    if not with_marker:
        (data_folder / MARKER).unlink()
    before = contents(data_folder)
    for _ in range(2):
        with pytest.raises(StorageError) as error:
            await opened()
        assert error.value.code == "database_missing"
        assert f"lares restore {backup.name}" in error.value.hint
        assert contents(data_folder) == before
    schedule_restore(data_folder, backup.name)
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1


@pytest.mark.parametrize("empty", EMPTYINGS)
async def test_whoever_begins_with_nothing_keeps_the_last_copy_for_good(
    world: World, opened: Opener, data_folder: Path, empty: object
) -> None:
    await world.say("safe")
    create_backup(data_folder, "daily", NOON)
    await world.storage.close()
    empty(data_folder / "lares.db")  # type: ignore[operator]
    note_nothing(data_folder / "backups")
    storage = await opened()
    assert await storage.read(lambda repos: repos.agents.list()) == ()
    assert storage.notice == ""
    for day in range(1, 12):
        create_backup(data_folder, "daily", NOON + day * DAY)
    kept = list_backups(data_folder)[-1]
    assert (kept.at, kept.reason) == (NOON, "before restore")
    await storage.close()
    await (await opened()).close()
    schedule_restore(data_folder, kept.name)
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1


@pytest.mark.parametrize(
    "content", [b"", b"no database", b"SQLite format 3\x00" + bytes(500), "foreign", "cut", "bare"]
)
async def test_what_is_no_copy_of_lares_is_never_taken_for_one(
    world: World, opened: Opener, data_folder: Path, content: bytes | str
) -> None:
    await world.say("safe")
    backup = create_backup(data_folder, "daily", NOON)
    copy = data_folder / "backups" / backup.name
    if content == "cut":
        copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    elif isinstance(content, str):
        copy.unlink()
        with sqlite3.connect(copy) as foreign:
            foreign.execute("CREATE TABLE agents (id)" if content == "bare" else "CREATE TABLE songs (id)")
        foreign.close()
    else:
        copy.write_bytes(content)
    (data_folder / "backups" / NOTE).write_text(backup.name)
    await world.storage.close()
    with pytest.raises(Exception, match=r"damaged|no longer exists"):
        await opened()
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1
    await storage.close()
    remove(data_folder / "lares.db")
    storage = await opened()
    assert storage.notice == LOST
    await storage.close()
    assert (await opened()).notice == ""


async def test_a_first_start_has_nothing_to_tell(opened: Opener, data_folder: Path) -> None:
    assert (await opened()).notice == ""


async def test_a_daily_copy_of_nothing_never_drives_out_the_last_one_that_held_something(
    world: World, opened: Opener, data_folder: Path
) -> None:
    await world.say("safe")
    create_backup(data_folder, "daily", NOON)
    full = create_backup(data_folder, "daily", NOON + DAY)
    await world.storage.close()
    with sqlite3.connect(data_folder / "lares.db") as database:
        for table in ("conversation_messages", "messages", "conversations", "block_links", "agents", "blocks"):
            try:
                database.execute(f"DELETE FROM {table}")
            except sqlite3.OperationalError:
                continue
    database.close()
    for day in range(2, 30):
        create_backup(data_folder, "daily", NOON + day * DAY)
    found = list_backups(data_folder)
    assert found[-1] == full
    assert len(found) == 8


NOTES = [b"\xff\xfe\x00", b"", b"\x00", b"../../lares.db", b"x" * 100_000, "ü".encode(), b"nothing at all", b"\n\n"]


@pytest.mark.allow_logs("names none")
@pytest.mark.parametrize("note", NOTES)
async def test_a_note_that_names_no_backup_stops_no_start(
    world: World, opened: Opener, data_folder: Path, note: bytes
) -> None:
    await world.say("safe")
    create_backup(data_folder, "daily", NOON)
    await world.storage.close()
    (data_folder / "backups" / NOTE).write_bytes(note)
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1
    assert not (data_folder / "backups" / NOTE).exists()


async def test_a_folder_in_the_place_of_the_note_stops_no_start(
    world: World, opened: Opener, data_folder: Path
) -> None:
    await world.storage.close()
    (data_folder / "backups" / NOTE).mkdir(parents=True)
    (data_folder / "backups" / "x.part").mkdir()
    await opened()
