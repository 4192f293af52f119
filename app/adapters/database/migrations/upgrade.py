"""Brings an existing database up to date, all or nothing. Needs no alembic.ini; the scripts are beside this file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from app.adapters.database.sqlite import broken_references

HERE = Path(__file__).parent


def scripts(folders: Sequence[Path] = ()) -> ScriptDirectory:
    """Our scripts, and those of further folders."""
    return ScriptDirectory(HERE, version_locations=[HERE / "versions", *folders])


def upgrade(engine: Engine, target: str = "head", folders: Sequence[Path] = ()) -> None:
    """Runs all due scripts in one transaction."""
    directory = scripts(folders)

    def due(stamped: tuple[str, ...], _context: MigrationContext) -> list[MigrationStep]:
        # What `alembic upgrade` itself calls; its annotation forgets that there may be no revision, or several.
        return list(directory._upgrade_revs(target, cast(Any, stamped)))

    with engine.begin() as connection:
        options = {"script": directory, "fn": due, "transactional_ddl": True}
        context = MigrationContext.configure(connection, opts=options)
        with Operations.context(context):
            context.run_migrations()
        broken = broken_references(connection)
        if broken:
            raise RuntimeError(f"the migration to {target} left {broken} rows that refer to missing ones")
