"""Backups: made while the database is used, kept by their kind, put back by renames."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from app.adapters.database import SqliteBackups, list_backups, schedule_restore
from app.adapters.database.backups import create_backup, restore_scheduled
from app.adapters.system import SystemClock
from app.domain.error import Invalid, NotFound, StorageError
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World
from tests.support.values.samples import NOON

pytestmark = pytest.mark.anyio
DAY = 24 * 3600 * 1_000_000


def count_messages(file: Path) -> int:
    connection = sqlite3.connect(file)
    count = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    connection.close()
    return count


async def test_a_backup_is_a_whole_copy_made_while_others_write(world: World, data_folder: Path) -> None:
    await world.say("one", "two")
    store = SqliteBackups(data_folder, SystemClock())
    backup, _ = await asyncio.gather(store.create("manual"), world.say(*("x" for _ in range(300))))
    file = data_folder / "backups" / backup.name
    assert count_messages(file) in (2, 302)
    assert (backup.reason, backup.bytes) == ("manual", file.stat().st_size)
    assert await store.list() == (backup,)
    assert [each.name for each in (data_folder / "backups").iterdir()] == [backup.name]


async def test_seven_daily_backups_are_kept_and_all_others(world: World, data_folder: Path) -> None:
    manual = create_backup(data_folder, "manual", NOON - DAY)
    daily = [create_backup(data_folder, "daily", NOON + day * DAY) for day in range(9)]
    assert list_backups(data_folder) == (*reversed(daily[2:]), manual)
    assert [backup.at for backup in list_backups(data_folder)][:2] == [NOON + 8 * DAY, NOON + 7 * DAY]


async def test_after_the_clock_was_set_back_the_new_daily_backup_is_kept(world: World, data_folder: Path) -> None:
    daily = [create_backup(data_folder, "daily", NOON + day * DAY) for day in range(7)]
    early = create_backup(data_folder, "daily", NOON - 400 * DAY)
    assert list_backups(data_folder) == (*reversed(daily[1:]), early)


async def test_a_backup_needs_a_known_reason(world: World, data_folder: Path) -> None:
    with pytest.raises(Invalid):
        await SqliteBackups(data_folder, SystemClock()).create("whim")
    assert list_backups(data_folder) == ()


async def test_foreign_files_are_no_backups(world: World, data_folder: Path) -> None:
    create_backup(data_folder, "manual", NOON)
    folder = data_folder / "backups"
    for name in ("notes.txt", "20261122T080053.1Z-daily.db", "20261122T080053.123456Z-whim.db"):
        (folder / name).write_bytes(b"x")
    assert len(list_backups(data_folder)) == 1
    for name in ("notes.txt", "../lares.db", "20261122T080053.123456Z-daily.db"):
        with pytest.raises(NotFound):
            schedule_restore(data_folder, name)


async def test_a_scheduled_restore_goes_back_and_keeps_what_it_replaced(
    world: World, opened: Opener, data_folder: Path
) -> None:
    store = SqliteBackups(data_folder, SystemClock())
    await world.say("before")
    backup = await store.create("manual")
    await world.say("after")
    store.schedule_restore(backup.name)
    assert len(await world.storage.read(lambda repos: repos.messages.page(world.conversation.id))) == 2
    await world.storage.close()

    storage = await opened()
    texts = [each.message.text for each in await storage.read(lambda r: r.messages.page(world.conversation.id))]
    assert texts == ["before"]
    replaced = list_backups(data_folder)[0]
    assert replaced.reason == "before restore"
    assert count_messages(data_folder / "backups" / replaced.name) == 2
    await storage.close()

    schedule_restore(data_folder, replaced.name)
    storage = await opened()
    texts = [each.message.text for each in await storage.read(lambda r: r.messages.page(world.conversation.id))]
    assert texts == ["before", "after"]
    await storage.close()
    third = await opened()
    assert len(await third.read(lambda repos: repos.messages.page(world.conversation.id))) == 2


async def test_what_only_the_journal_holds_is_kept_too(world: World, opened: Opener, data_folder: Path) -> None:
    backup = create_backup(data_folder, "manual", NOON)
    await world.say("only in the journal")
    state = {name: (data_folder / name).read_bytes() for name in ("lares.db", "lares.db-wal")}
    await world.storage.close()
    for name, content in state.items():  # as a crash would leave it
        (data_folder / name).write_bytes(content)
    schedule_restore(data_folder, backup.name)
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 0
    replaced = list_backups(data_folder)[0]
    assert count_messages(data_folder / "backups" / replaced.name) == 1


async def test_a_damaged_backup_is_not_restored(world: World, opened: Opener, data_folder: Path) -> None:
    await world.say("safe")
    backup = create_backup(data_folder, "manual", NOON)
    (data_folder / "backups" / backup.name).write_bytes(b"SQLite format 3\x00" + os.urandom(9000))
    schedule_restore(data_folder, backup.name)
    await world.storage.close()
    with pytest.raises(StorageError) as error:
        await opened()
    assert error.value.message == "This backup is damaged, so it was not restored. Your data is as it was."
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1


@pytest.mark.parametrize("left", ["lares.db.part", "backups/x.db.part", "backups/restore.next.part"])
async def test_halves_that_a_crash_left_are_cleared(world: World, opened: Opener, data_folder: Path, left: str) -> None:
    await world.storage.close()
    (data_folder / "backups").mkdir()
    (data_folder / left).write_bytes(b"half")
    storage = await opened()
    assert not (data_folder / left).exists()
    assert await storage.read(lambda repos: repos.agents.list()) == (world.agent,)


async def test_a_restore_that_died_after_removing_the_database_is_finished(
    world: World, opened: Opener, data_folder: Path
) -> None:
    await world.say("before")
    backup = create_backup(data_folder, "manual", NOON)
    schedule_restore(data_folder, backup.name)
    await world.storage.close()
    (data_folder / "lares.db").unlink()
    storage = await opened()
    assert await storage.read(lambda repos: repos.messages.count(world.conversation.id)) == 1


async def test_files_with_odd_names_are_no_backups_and_disturb_none(world: World, data_folder: Path) -> None:
    backup = create_backup(data_folder, "manual", NOON)
    folder = data_folder / "backups"
    (folder / "20261345T000000.000000Z-daily.db").write_bytes(b"no such month")
    (folder / "20261121T080000.000000Z-daily.db").symlink_to(folder / "gone.db")
    (data_folder / backup.name).write_bytes(b"in another folder")
    assert list_backups(data_folder) == (backup,)
    for name in ("20261345T000000.000000Z-daily.db", f"../{backup.name}"):
        with pytest.raises(NotFound):
            schedule_restore(data_folder, name)
    (folder / "restore.next").write_text("20261345T000000.000000Z-daily.db")
    with pytest.raises(NotFound):
        restore_scheduled(data_folder, NOON)
    assert not (folder / "restore.next").exists()
