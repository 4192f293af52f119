"""What all repositories do with rows: read them, write them, and say which one is missing."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from app.adapters.database.prepared import Bound, Prepared, Row
from app.domain.error import NotFound


def all_rows(db: Connection, statement: sa.Executable | Prepared, values: Bound = None) -> Sequence[Row]:
    """In the order of the statement."""
    if isinstance(statement, Prepared):
        return statement.all(db, values)
    return list(db.execute(statement, values).mappings())


def first_row(db: Connection, statement: sa.Executable | Prepared, values: Bound = None) -> Row | None:
    """None where there is none."""
    if isinstance(statement, Prepared):
        return statement.first(db, values)
    return db.execute(statement, values).mappings().first()


def scalar(db: Connection, statement: sa.Executable | Prepared, values: Bound = None) -> Any:
    """The single value a statement gives; None for NULL or no row."""
    if isinstance(statement, Prepared):
        return statement.scalar(db, values)
    return db.execute(statement, values).scalar()


def add(db: Connection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Adds rows that all have the same columns."""
    if rows:
        _adding(table, tuple(rows[0])).run_many(db, rows)


def insert(db: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Adds a row and returns its seq."""
    return _inserting(table, tuple(values)).scalar(db, values)


def update(db: Connection, table: Table, public_id: str, values: Mapping[str, Any]) -> None:
    """Writes columns of the row with this id; the row must exist, deleted or not."""
    done = _updating(table, tuple(values)).run(db, {**values, "public_id": public_id})
    if not done.rowcount:
        raise missing(table.name.removesuffix("s"), public_id)


@cache
def _inserting(table: Table, columns: tuple[str, ...]) -> Prepared:
    """Making a statement takes as long as running it, so those of every turn are made once."""
    return Prepared(table.insert().returning(table.c.seq), columns)


@cache
def _adding(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(table.insert(), columns)


@cache
def _updating(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(table.update().where(table.c.id == sa.bindparam("public_id")), columns)


def missing(what: str, public_id: str) -> NotFound:
    """The error to raise; `what`: its word for people."""
    return NotFound(
        f"This {what} no longer exists.",
        hint="It may have been deleted in another window.",
        details={"kind": what, "id": public_id},
    )
