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
from app.domain.page import AgentFilter, BlockFilter, ConversationFilter, PageRequest
from app.ports.storage import Repositories
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


def left_by_the_version_before(revision: str, data_folder: Path, script: str) -> Path:
    """A data folder as a version left it that did not know this revision yet."""
    data_folder.mkdir()
    engine = migrating_engine(data_folder / "lares.db")
    upgrade(engine, Versions(CURRENT.revisions[: CURRENT.revisions.index(revision)], 1, CURRENT.folders))
    engine.dispose()
    connection = sqlite3.connect(data_folder / "lares.db")
    connection.executescript(script)
    connection.close()
    return data_folder


@pytest.fixture
def written_before(data_folder: Path) -> Path:
    """By a version that knew actors by their kind only."""
    return left_by_the_version_before("0008", data_folder, BY_EARLIER_VERSIONS)


async def test_changes_of_memory_that_an_earlier_version_wrote_are_read(written_before: Path, opened: Opener) -> None:
    storage = await opened()
    read = await storage.read(lambda repos: repos.history.of_target("block-1"))
    assert [event.origin.actor for event in read] == [Actor(kind="import"), Actor(kind="agent"), Actor(kind="user")]
    assert [(event.before, event.after) for event in read][1:] == [
        ({"value": "Chad"}, {"value": "Brad"}),
        (None, {"value": "Chad"}),
    ]
    assert read[-1].origin.client == "window-1"


BEFORE_LISTS_HAD_COLUMNS = """
INSERT INTO agents(seq, id, name, description, tags, agent_type, system, model, context_window, settings, max_steps,
    message_buffer_autoclear, pinned, hidden, metadata, version, created_at, updated_at, deleted_at, last_message_seq,
    extras)
SELECT column1, 'agent-' || column1, 'Agent ' || column1, '', column2, 'memgpt_v2_agent', '', 'demo/vesta', 8000, '{}',
    50, 0, 0, column5, '{}', 1, 100 + column1, 100 + column1, column4, column6, column3
FROM (VALUES
    (1, '["blue","red","blue"]', '{"identity_ids":["identity-1","identity-2"]}', NULL, 0, 2),
    (2, '[]', '{}', NULL, 0, NULL),
    (3, '["red"]', '{"identity_ids":["identity-1"]}', 900, 0, NULL),
    (4, '["red"]', '{}', NULL, 1, NULL));
INSERT INTO blocks(seq, id, label, value, "limit", description, read_only, tags, hidden, metadata, version, created_at,
    updated_at, deleted_at)
SELECT column1, 'block-' || column1, 'label', 'x', 100, '', 0, column2, 0, '{}', 1, 100, 100, column3
FROM (VALUES (1, '["blue","own"]', NULL), (2, '["lost"]', 900));
INSERT INTO agent_blocks VALUES ('agent-1', 'block-1', 0), ('agent-2', 'block-1', 0), ('agent-3', 'block-1', 1),
    ('agent-1', 'block-2', 1);
INSERT INTO identities VALUES (1, 'identity-1', 'key 1', 'One', 'user', '[]', '[]', 1, 100, 100),
    (2, 'identity-2', 'key 2', 'Two', 'user', '[]', '[]', 1, 100, 100);
INSERT INTO conversations(seq, id, agent_id, title, is_default, root_id, branched_from, branch_position, active_id,
    version, created_at, updated_at, deleted_at)
VALUES (1, 'conv-1', 'agent-1', '', 1, 'conv-1', NULL, NULL, 'conv-2', 1, 100, 100, NULL),
    (2, 'conv-2', 'agent-1', '', 0, 'conv-1', 'conv-1', 2, 'conv-2', 1, 100, 100, NULL),
    (3, 'conv-3', 'agent-1', '', 0, 'conv-3', NULL, NULL, 'conv-3', 1, 100, 100, NULL),
    (4, 'conv-4', 'agent-1', '', 0, 'conv-4', NULL, NULL, 'conv-4', 1, 100, 100, 900);
INSERT INTO messages(seq, id, agent_id, role, parts, note, created_at)
VALUES (1, 'message-1', 'agent-1', 'user', '[]', '{}', 501), (2, 'message-2', 'agent-1', 'user', '[]', '{}', 502),
    (3, 'message-3', 'agent-1', 'user', '[]', '{}', 503);
INSERT INTO conversation_messages VALUES (1, 1, 1, 1, NULL), (1, 2, 3, 2, NULL), (2, 1, 1, 1, NULL),
    (2, 2, 2, 2, NULL), (4, 1, 3, 1, NULL);
INSERT INTO runs(seq, id, agent_id, conversation_id, status, stop_reason, background, started_by, prompt_tokens,
    completion_tokens, usage_steps, resumed, state, created_at, completed_at)
VALUES (1, 'run-1', 'agent-1', 'conv-1', 'completed', 'end_turn', 0, '{}', 0, 0, 0, 0, '{}', 600, 601),
    (2, 'run-2', 'agent-1', 'conv-2', 'failed', 'error', 0, '{}', 0, 0, 0, 0, '{}', 602, 603),
    (3, 'run-3', 'agent-1', 'conv-3', 'running', NULL, 0, '{}', 0, 0, 0, 0, '{}', 604, NULL);
INSERT INTO run_requests(run_id, config, callback_url) VALUES ('run-1', '{}', 'https://asker:hunter2@host/x@y'),
    ('run-2', '{}', NULL);
"""


async def test_lists_of_an_earlier_version_get_their_columns_and_links(data_folder: Path, opened: Opener) -> None:
    left_by_the_version_before("0009", data_folder, BEFORE_LISTS_HAD_COLUMNS)
    storage = await opened()
    with plain_connection(data_folder / "lares.db") as connection:

        def all_of(sql: str) -> list[object]:
            return [tuple(row) for row in connection.execute(sql)]

        assert all_of("SELECT active_at, last_run_at, last_stop_reason FROM agents ORDER BY seq") == [
            (502, 603, "error"),
            (102, 0, None),
            (103, 0, None),
            (104, 0, None),
        ]
        assert all_of("SELECT tag, kind, seq FROM tagged ORDER BY tag, kind, seq") == [
            *(("blue", "agent", 1), ("blue", "block", 1), ("own", "block", 1)),
            *(("red", "agent", 1), ("red", "agent", 4)),
        ]
        assert all_of("SELECT * FROM agent_identities ORDER BY 1, 2") == [("identity-1", 1), ("identity-2", 1)]
        assert all_of("SELECT block_id, agent_id, position, agent_seq FROM agent_blocks ORDER BY 1, 4") == [
            *(("block-1", "agent-1", 0, 1), ("block-1", "agent-2", 0, 2), ("block-1", "agent-3", 1, 3)),
            ("block-2", "agent-1", 1, 1),
        ]
        assert all_of("SELECT last_message_at, last_run_at FROM conversations ORDER BY seq") == [
            *((502, 603), (502, 0), (0, 0), (503, 0)),
        ]
        assert all_of("SELECT id, identifier_key, deleted_at FROM identities") == [
            *(("identity-1", "key 1", None), ("identity-2", "key 2", None)),
        ]
        assert all_of("SELECT callback_url FROM run_requests ORDER BY run_id") == [("https://host/x@y",), (None,)]
        assert all_of("PRAGMA foreign_key_check") == []

    def read(repos: Repositories) -> list[list[str]]:
        lists = (
            repos.agents.list(AgentFilter(tags=("red",))),
            repos.agents.list(AgentFilter(identity_id="identity-1")),
            repos.agents.list(AgentFilter(block_id="block-1")),
            repos.blocks.list(BlockFilter(tags=("blue",))),
            repos.conversations.list(ConversationFilter(agent_id="agent-1"), PageRequest(order="last_message_at")),
        )
        return [[row.id for row in rows] for rows in lists]

    assert await storage.read(read) == [
        *(["agent-1"], ["agent-1"], ["agent-1", "agent-2"], ["block-1"], ["conv-1", "conv-3"]),
    ]
    await storage.write(lambda repos: repos.agents.undelete("agent-3"))
    assert [ids[-1] for ids in await storage.read(read)][:3] == ["agent-3", "agent-3", "agent-3"]


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
