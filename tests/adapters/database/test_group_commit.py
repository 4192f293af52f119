"""Transactions that are committed together: each caller is told the truth about its own, once it is on disk."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.adapters.database import SqliteStorage, group_commit
from app.adapters.database.group_commit import MOST_TOGETHER
from app.adapters.database.sqlite import check
from app.domain.error import Invalid, StorageError
from app.domain.event import Changed
from app.ports.storage import Repositories
from tests.adapters.database.conftest import Opener
from tests.support.guards.source import ROOT

pytestmark = pytest.mark.anyio
CHILD = Path(__file__).with_name("group_child.py")


@pytest.fixture(autouse=True)
def one_group_on_a_busy_computer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_SECONDS", 10.0)


def watch_statements(storage: SqliteStorage) -> list[str]:
    """Every statement that the writing connection runs from now on."""
    said: list[str] = []
    sa.event.listen(storage._write_engine, "connect", lambda db, _: db.set_trace_callback(said.append))
    return said


async def together(storage: SqliteStorage, *works: Callable[[Repositories], Any]) -> list[Any]:
    """The outcome of each, queued while the writer is held; errors as values."""
    held = threading.Event()
    holding = asyncio.ensure_future(storage.write(lambda repos: held.wait(10)))
    waiting = [asyncio.ensure_future(storage.write(work)) for work in works]
    await asyncio.sleep(0)
    held.set()
    told = await asyncio.gather(holding, *waiting, return_exceptions=True)
    return told[1:]


def setting(number: int) -> Callable[[Repositories], int]:
    def work(repos: Repositories) -> int:
        repos.settings.set(f"{number}", number)
        repos.changed(Changed(kind="setting", ids=(f"{number}",)))
        return number

    return work


def refused(repos: Repositories) -> None:
    setting(1_000)(repos)
    raise Invalid("on purpose")


async def stored(storage: SqliteStorage) -> set[int]:
    return {int(row.key) for row in await storage.read(lambda repos: repos.settings.list())}


async def test_a_hundred_writers_share_commits_and_one_that_fails_fails_alone(
    storage: SqliteStorage, changes: list[Changed]
) -> None:
    said = watch_statements(storage)
    works: list[Callable[[Repositories], Any]] = [setting(number) for number in range(100)]
    works.insert(50, refused)
    told = await together(storage, *works)
    assert isinstance(told[50], Invalid)
    assert told[:50] + told[51:] == list(range(100))
    assert await stored(storage) == set(range(100))
    assert [changed.ids for changed in changes] == [(f"{number}",) for number in range(100)]
    assert 1 + len(works) // MOST_TOGETHER <= said.count("COMMIT") < 30


async def test_one_alone_needs_no_savepoint(storage: SqliteStorage) -> None:
    said = watch_statements(storage)
    await storage.write(setting(1))
    assert said.count("COMMIT") == 1
    assert not [statement for statement in said if "SAVEPOINT" in statement]


@pytest.mark.parametrize("place", [0, 1, 9])
async def test_whoever_fails_first_last_or_between_takes_nobody_along(storage: SqliteStorage, place: int) -> None:
    works: list[Callable[[Repositories], Any]] = [setting(number) for number in range(9)]
    works.insert(place, refused)
    told = await together(storage, *works)
    assert isinstance(told.pop(place), Invalid)
    assert told == list(range(9))
    assert await stored(storage) == set(range(9))


async def test_all_may_fail(storage: SqliteStorage) -> None:
    told = await together(storage, *[refused] * 5)
    assert [str(error) for error in told] == ["on purpose"] * 5
    assert await stored(storage) == set()


async def test_the_savepoint_of_one_sees_what_those_before_it_wrote(storage: SqliteStorage) -> None:
    def count(repos: Repositories) -> int:
        repos.settings.set(f"{len(repos.settings.list())}", 0)
        return len(repos.settings.list())

    assert await together(storage, *[count] * 5) == [1, 2, 3, 4, 5]


async def test_a_commit_that_fails_is_told_to_everybody_in_it(storage: SqliteStorage, changes: list[Changed]) -> None:
    def breaks_the_commit(repos: Any) -> None:
        db = repos.settings.db
        db.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        db.exec_driver_sql(
            "INSERT INTO conversation_messages (conversation_seq, position, message_seq, entered_seq)"
            " VALUES (98765, 1, 98765, 1)"
        )

    told = await together(storage, setting(1), breaks_the_commit, setting(2))
    assert [type(error) for error in told] == [StorageError] * 3
    assert await stored(storage) == set()
    assert changes == []
    assert await storage.write(setting(3)) == 3


async def test_a_full_disk_stops_those_who_need_room_and_tells_each_the_truth(storage: SqliteStorage) -> None:
    def narrow(repos: Any) -> None:
        pages = repos.settings.db.exec_driver_sql("PRAGMA page_count").scalar()
        repos.settings.db.exec_driver_sql(f"PRAGMA max_page_count={pages + 8}")

    def large(repos: Repositories) -> None:
        repos.settings.set("999", "x" * 1_000_000)

    await storage.write(narrow)
    told = await together(storage, setting(1), large, setting(2))
    full = told.pop(1)
    assert isinstance(full, StorageError)
    assert full.code == "disk_full"
    true = {number for number in told if isinstance(number, int)}
    rows = await storage.read(lambda repos: {row.key for row in repos.settings.list()})
    assert rows == {f"{number}" for number in true}
    assert all(isinstance(one, int) or one.code == "disk_full" for one in told)


@pytest.mark.allow_logs("could not be noted")
async def test_damage_that_cannot_be_noted_is_told_all_the_same(storage: SqliteStorage, data_folder: Path) -> None:
    def damaged(repos: Repositories) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    (data_folder / "lares.db.suspect").symlink_to(data_folder / "missing" / "nowhere")
    told = await asyncio.wait_for(together(storage, setting(1), damaged, setting(2)), 20)
    assert [one if isinstance(one, int) else one.code for one in told] == [1, "database_damaged", 2]
    with pytest.raises(StorageError):
        await asyncio.wait_for(storage.write(damaged), 20)


async def test_a_cancelled_caller_leaves_the_others_and_its_own_transaction_whole(storage: SqliteStorage) -> None:
    held = threading.Event()
    holding = asyncio.ensure_future(storage.write(lambda repos: held.wait(10)))
    waiting = [asyncio.ensure_future(storage.write(setting(number))) for number in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    held.set()
    told = await asyncio.gather(holding, *waiting, return_exceptions=True)
    assert isinstance(told[3], asyncio.CancelledError)
    assert await stored(storage) == set(range(5))


def run_child(folder: Path, *more: str, **environment: str) -> set[int]:
    """Lets a child write groups until it dies; the numbers that it was told are stored."""
    everything = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, str(CHILD), str(folder), *more]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=everything, timeout=60, check=False)
    assert child.returncode == -9
    return {int(line) for line in child.stdout.split()}


async def test_a_kill_between_savepoint_and_commit_leaves_nothing_of_the_group(
    opened: Opener, data_folder: Path
) -> None:
    told = await asyncio.to_thread(run_child, data_folder, "0", "die")
    assert told == set(range(20)), "the first group was acknowledged, the second never"
    assert check(data_folder / "lares.db") == ""
    assert await stored(await opened()) == set(range(20))


@pytest.fixture(scope="session")
def synced_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that keeps a copy of each file as of its last sync."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler on Linux")
    library = tmp_path_factory.mktemp("synced") / "synced_only.so"
    source = Path(__file__).with_name("synced_only.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
    return library


async def test_what_was_acknowledged_survives_a_disk_that_drops_what_was_not_synced(
    synced_only: Path, opened: Callable[[], Awaitable[SqliteStorage]], data_folder: Path, tmp_path: Path
) -> None:
    lost, kept = tmp_path / "lost", data_folder
    lost.mkdir()
    kept.mkdir(exist_ok=True)
    told = await asyncio.to_thread(run_child, lost, "0", LD_PRELOAD=str(synced_only), SYNCED_COPIES=str(kept))
    assert told == set(range(40))
    assert (kept / "lares.db-wal").exists() or (kept / "lares.db").exists()
    assert await stored(await opened()) >= told
