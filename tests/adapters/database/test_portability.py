"""Nothing but three modules ties the rows to SQLite, so that another database stays possible."""

import re
from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from app.adapters.database.repositories import messages, runs
from app.adapters.database.tables import metadata

FOLDER = Path(__file__).resolve().parents[3] / "app" / "adapters" / "database"
ONLY_SQLITE = re.compile(r"PRAGMA|VACUUM|sqlite_master|\bMATCH\b|\browid\b|INSERT OR|exec_driver_sql|sa\.text\(")


def test_only_three_modules_hold_sql_of_sqlite() -> None:
    speaking = {
        str(file.relative_to(FOLDER)): sorted(set(ONLY_SQLITE.findall(file.read_text(encoding="utf-8"))))
        for file in FOLDER.rglob("*.py")
        if "versions" not in file.parts
    }
    found = {name: words for name, words in speaking.items() if words}
    assert found.keys() == {"sqlite.py", "search.py", "passage_search.py"}, found


def test_tables_and_queries_can_be_said_to_postgresql() -> None:
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))
    active = next(index for index in metadata.tables["runs"].indexes if index.name == "uq_runs_active_conversation")
    assert str(CreateIndex(active).compile(dialect=dialect)).endswith("WHERE status IN ('created', 'running')")
    for statement in (messages._in_context.statement, messages._leave, runs._log.statement):
        assert "%(" in str(statement.compile(dialect=dialect))
