"""What all repositories do with rows: read them, write them, and say which one is missing."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from app.domain.error import NotFound

Bound = Mapping[str, Any] | None


def all_rows(db: Connection, statement: sa.Executable, values: Bound = None) -> list[RowMapping]:
    return list(db.execute(statement, values).mappings())


def first_row(db: Connection, statement: sa.Executable, values: Bound = None) -> RowMapping | None:
    return db.execute(statement, values).mappings().first()


def number(db: Connection, statement: sa.Executable, values: Bound = None) -> int:
    """The single number a statement gives, 0 for NULL or no row."""
    return db.execute(statement, values).scalar() or 0


def insert(db: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Adds a row and returns its seq."""
    key = db.execute(_inserting(table), dict(values)).inserted_primary_key
    assert key is not None
    return key[0]


def update(db: Connection, table: Table, public_id: str, values: Mapping[str, Any]) -> None:
    """Writes columns of the row with this id; the row must exist, deleted or not."""
    done = db.execute(_updating(table), {**values, "public_id": public_id})
    if not done.rowcount:
        raise missing(table.name.removesuffix("s"), public_id)


@cache
def _inserting(table: Table) -> sa.Insert:
    """Making a statement takes as long as running it, so those of every turn are made once."""
    return table.insert()


@cache
def _updating(table: Table) -> sa.Update:
    return table.update().where(table.c.id == sa.bindparam("public_id"))


def missing(what: str, public_id: str) -> NotFound:
    return NotFound(
        f"This {what} does not exist any more.",
        hint="It may have been deleted in another window.",
        details={"kind": what, "id": public_id},
    )
