"""Transactions: whole or not at all, in order, never torn by a cancellation."""

import asyncio
import random
import threading

import pytest
import sqlalchemy as sa

from app.adapters.database import SqliteStorage
from app.domain.error import Invalid, StorageError
from app.domain.event import Changed
from app.ports.storage import Repositories
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World

pytestmark = pytest.mark.anyio


def setting_changed(key: str) -> Changed:
    return Changed(kind="setting", ids=(key,))


async def count_settings(storage: SqliteStorage) -> int:
    return len(await storage.read(lambda repos: repos.settings.list()))


async def test_changes_are_published_after_the_commit_and_before_the_result(
    storage: SqliteStorage, changes: list[Changed]
) -> None:
    loop_thread = threading.current_thread()
    seen: list[object] = []

    def work(repos):
        assert threading.current_thread() is not loop_thread
        repos.settings.set("a", 1)
        repos.changed(setting_changed("a"))
        repos.changed(setting_changed("b"))
        seen.append(list(changes))
        return "result"

    assert await storage.write(work) == "result"
    assert seen == [[]]
    assert changes == [setting_changed("a"), setting_changed("b")]


async def test_a_failed_transaction_leaves_nothing_and_publishes_nothing(
    storage: SqliteStorage, changes: list[Changed]
) -> None:
    def work(repos):
        repos.settings.set("a", 1)
        repos.changed(setting_changed("a"))
        raise Invalid("on purpose")

    with pytest.raises(Invalid, match="on purpose"):
        await storage.write(work)
    assert await count_settings(storage) == 0
    assert changes == []
    await storage.write(lambda repos: repos.settings.set("b", 2))
    assert await count_settings(storage) == 1


async def test_changes_come_in_the_order_of_the_commits(storage: SqliteStorage, changes: list[Changed]) -> None:
    def work(number):
        return lambda repos: repos.changed(setting_changed(str(number)))

    await asyncio.gather(*(storage.write(work(number)) for number in range(50)))
    assert [change.ids for change in changes] == [(str(number),) for number in range(50)]


async def test_an_error_of_the_database_is_a_storage_error(storage: SqliteStorage) -> None:
    wrong = "SELECT * FROM no_such_table"
    for call in (storage.read, storage.write):
        with pytest.raises(StorageError) as error:
            await call(lambda repos: repos.settings.db.exec_driver_sql(wrong))
        assert error.value.code == "storage"
        assert "no such table" in error.value.details["reason"]


async def test_a_reader_cannot_write_and_notes_no_changes(storage: SqliteStorage) -> None:
    with pytest.raises(StorageError):
        await storage.read(lambda repos: repos.settings.set("a", 1))
    with pytest.raises(RuntimeError):
        await storage.read(lambda repos: repos.changed(setting_changed("a")))
    assert await count_settings(storage) == 0
    await storage.write(lambda repos: repos.settings.set("a", 1))


async def test_a_reader_sees_one_state_while_others_write(storage: SqliteStorage) -> None:
    begun, written = threading.Event(), threading.Event()

    def read(repos):
        first = len(repos.settings.list())
        begun.set()
        assert written.wait(10)
        return first, len(repos.settings.list())

    reading = asyncio.ensure_future(storage.read(read))
    assert await asyncio.to_thread(begun.wait, 10)
    await storage.write(lambda repos: repos.settings.set("a", 1))
    written.set()
    assert await reading == (0, 0)
    assert await count_settings(storage) == 1


async def test_a_cancelled_caller_learns_of_it_only_after_the_commit(
    storage: SqliteStorage, changes: list[Changed]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(repos):
        begun.set()
        assert go_on.wait(10)
        repos.settings.set("a", 1)
        repos.changed(setting_changed("a"))

    writing = asyncio.ensure_future(storage.write(work))
    assert await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
    assert not writing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert changes == [setting_changed("a")]
    assert await count_settings(storage) == 1


async def test_a_hundred_cancelled_transactions_are_whole_or_absent_as_reported(
    world: World, changes: list[Changed], seeded_random: random.Random
) -> None:
    place = world.conversation.id

    def work(number):
        def pair(repos):
            for half in "ab":
                repos.messages.append(place, world.message(f"{number} {half}"))
            repos.changed(setting_changed(str(number)))

        return pair

    tasks = [asyncio.ensure_future(world.storage.write(work(number))) for number in range(100)]
    for task in seeded_random.sample(tasks, len(tasks)):
        for _ in range(seeded_random.randrange(6)):
            await asyncio.sleep(0)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(result, asyncio.CancelledError) for result in results)
    members = await world.storage.read(lambda repos: repos.messages.page(place, limit=1000))
    stored = [member.message.text for member in members]
    told = [change.ids[0] for change in changes]
    assert stored == [f"{number} {half}" for number in told for half in "ab"]
    done = {str(number) for number, result in enumerate(results) if result is None}
    assert done <= set(told)


async def test_a_closed_storage_says_so_and_closes_twice(opened: Opener) -> None:
    storage = await opened()
    last = asyncio.ensure_future(storage.write(lambda repos: repos.settings.set("a", 1)))
    await asyncio.sleep(0)
    await storage.close()
    await storage.close()
    assert (await last).version == 1
    for call in (storage.read, storage.write):
        with pytest.raises(StorageError, match="shutting down"):
            await call(lambda repos: repos.settings.list())
    again = await opened()
    assert await count_settings(again) == 1


async def test_after_a_commit_that_failed_the_next_transactions_work(storage: SqliteStorage) -> None:
    def dangling(repos: Repositories) -> None:
        db = repos.agents.db  # type: ignore[attr-defined]
        db.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        db.execute(sa.text("INSERT INTO agent_blocks VALUES ('nobody', 'nothing', 0)"))

    with pytest.raises(StorageError):
        await storage.write(dangling)
    await storage.write(lambda repos: repos.settings.set("x", 1))
    assert await count_settings(storage) == 1


async def test_a_closed_storage_holds_no_connection(storage: SqliteStorage) -> None:
    await storage.write(lambda repos: repos.settings.set("x", 1))
    await asyncio.gather(*(count_settings(storage) for _ in range(8)))
    kept = tuple(storage._open)
    await storage.close()
    assert len(kept) > 1
    assert all(connection.closed for connection in kept)
