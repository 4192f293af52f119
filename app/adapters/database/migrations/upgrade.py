"""Brings an existing database up to date, all or nothing. Needs no alembic.ini; the scripts are in versions/."""

from pathlib import Path
from typing import Any, cast

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from app.adapters.database.migrations import Versions
from app.adapters.database.sqlite import broken_references


def scripts(versions: Versions) -> ScriptDirectory:
    return ScriptDirectory(Path(__file__).parent, version_locations=list(versions.folders))


def upgrade(engine: Engine, versions: Versions) -> None:
    """Runs all due scripts in one transaction."""
    directory = scripts(versions)

    def due(stamped: tuple[str, ...], _context: MigrationContext) -> list[MigrationStep]:
        # What `alembic upgrade` itself calls; its annotation forgets that there may be no revision, or several.
        revisions = directory._upgrade_revs(versions.head, cast(Any, stamped))  # pyright: ignore[reportPrivateUsage]
        return list(revisions)

    with engine.begin() as connection:
        options = {"script": directory, "fn": due, "transactional_ddl": True}
        context = MigrationContext.configure(connection, opts=options)
        with Operations.context(context):
            context.run_migrations()
        broken = broken_references(connection)
        if broken:
            raise RuntimeError(f"the migration to {versions.head} left {broken} rows that refer to missing ones")
