"""Migrations: all or nothing, after a snapshot, and to the same shape as a new database."""

import re
import sqlite3
from pathlib import Path

import pytest

from app.adapters.database import list_backups
from app.adapters.database.migrations import CURRENT, Versions
from app.adapters.database.migrations.upgrade import scripts, upgrade
from app.adapters.database.opening import prepare
from app.adapters.database.sqlite import migrating_engine, plain_connection
from app.adapters.system import SystemClock
from app.domain.error import StorageError
from app.domain.history import Actor
from tests.adapters.database.conftest import Opener
from tests.adapters.database.making import World

pytestmark = pytest.mark.anyio

NEXT = '''
"""A further shape."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    op.add_column("agents", sa.Column("mood", sa.Text))
    op.execute("UPDATE agents SET mood = 'glad'")
    {more}
'''


def shape(file: Path) -> dict[str, list[str]]:
    """What each object of a database is made of, whatever the order of its constraints."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: sorted(re.split(r",\s+", " ".join(sql.split()).replace(" )", ")"))) for name, sql in rows}


def normal(pieces: list[str]) -> list[str]:
    return sorted(re.sub(r"\)+( WITHOUT ROWID)?$", "", piece) for piece in pieces)


def test_the_migrations_make_the_shape_of_a_new_database(tmp_path: Path) -> None:
    prepare(tmp_path, SystemClock())
    migrated = tmp_path / "migrated.db"
    engine = migrating_engine(migrated)
    upgrade(engine, CURRENT)
    engine.dispose()
    made, grown = shape(tmp_path / "lares.db"), shape(migrated)
    assert made.keys() == grown.keys()
    assert {name: normal(made[name]) for name in made} == {name: normal(grown[name]) for name in grown}


def test_the_known_revisions_are_those_with_a_script() -> None:
    found = [script.revision for script in scripts(CURRENT).walk_revisions()]
    assert tuple(reversed(found)) == CURRENT.revisions


def a_later_lares(folder: Path, more: str = "") -> Versions:
    """The versions of a Lares that knows one revision more."""
    folder.mkdir()
    (folder / "9999_mood.py").write_text(NEXT.format(head=CURRENT.head, more=more), encoding="utf-8")
    return Versions((*CURRENT.revisions, "9999"), CURRENT.format + 1, (*CURRENT.folders, folder))


async def test_an_older_database_is_copied_and_then_brought_up_to_date(
    world: World, data_folder: Path, tmp_path: Path
) -> None:
    await world.storage.close()
    versions = a_later_lares(tmp_path / "later")
    prepare(data_folder, SystemClock(), versions)
    with plain_connection(data_folder / "lares.db") as connection:
        assert connection.execute("SELECT id, mood FROM agents").fetchall() == [(world.agent.id, "glad")]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    (snapshot,) = list_backups(data_folder)
    assert snapshot.reason == "migration"
    assert "mood" not in str(shape(data_folder / "backups" / snapshot.name)["agents"])
    prepare(data_folder, SystemClock(), versions)
    assert list_backups(data_folder) == (snapshot,)
    with pytest.raises(StorageError, match="newer Lares"):
        prepare(data_folder, SystemClock())


BY_EARLIER_VERSIONS = """
INSERT INTO memory_events(id, at, target_kind, target_id, label, op, before, after, version, actor, client)
VALUES ('event-1', 1, 'block', 'block-1', 'human', 'create', NULL, '{"value":"Chad"}', 1, 'user', 'window-1'),
       ('event-2', 2, 'block', 'block-1', 'human', 'update', '{"value":"Chad"}', '{"value":"Brad"}', 2, 'agent', ''),
       ('event-3', 3, 'block', 'block-1', 'human', 'update', '{"value":"Brad"}', '{"value":""}', 3, 'import', '');
"""


@pytest.fixture
def written_before(data_folder: Path) -> Path:
    """A data folder as a version left it that knew actors by their kind only."""
    data_folder.mkdir()
    engine = migrating_engine(data_folder / "lares.db")
    upgrade(engine, Versions(CURRENT.revisions[: CURRENT.revisions.index("0008")], 1, CURRENT.folders))
    engine.dispose()
    connection = sqlite3.connect(data_folder / "lares.db")
    connection.executescript(BY_EARLIER_VERSIONS)
    connection.close()
    return data_folder


async def test_changes_of_memory_that_an_earlier_version_wrote_are_read(written_before: Path, opened: Opener) -> None:
    storage = await opened()
    read = await storage.read(lambda repos: repos.history.of_target("block-1"))
    assert [event.origin.actor for event in read] == [Actor(kind="import"), Actor(kind="agent"), Actor(kind="user")]
    assert [(event.before, event.after) for event in read][1:] == [
        ({"value": "Chad"}, {"value": "Brad"}),
        (None, {"value": "Chad"}),
    ]
    assert read[-1].origin.client == "window-1"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("op.execute('SELECT * FROM nowhere')", StorageError),
        ("op.execute('DELETE FROM agents')", RuntimeError),
    ],
)
async def test_a_migration_that_fails_changes_nothing(
    world: World, opened: Opener, data_folder: Path, tmp_path: Path, fault: str, error: type[Exception]
) -> None:
    said = await world.say("Remember me.")
    await world.storage.close()
    before = shape(data_folder / "lares.db")
    with pytest.raises(error):
        prepare(data_folder, SystemClock(), a_later_lares(tmp_path / "later", fault))
    assert shape(data_folder / "lares.db") == before
    storage = await opened()
    assert await storage.read(lambda repos: repos.agents.list()) == (world.agent,)
    assert (await storage.read(lambda repos: repos.messages.get(said[0].id))) == said[0]
