"""Statements that every turn runs: SQLAlchemy writes their SQL once, after that the driver runs them by itself.

Running a statement through SQLAlchemy costs several times what the driver takes for it
(`python -m tests.benchmarks.storage`), and a turn runs forty. Lists of an IN (expanding parameters) may be of any
length; otherwise the SQL must not depend on the values.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor

Bound = Mapping[str, Any] | None


class Row(Protocol):
    """Values by the names of columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class _Written(NamedTuple):
    sql: str
    names: tuple[str, ...] | None
    """Of the values, in the order of the placeholders; None for a driver that takes them by name."""
    fixed: dict[str, Any]
    """Values that are part of the statement."""
    columns: tuple[str, ...]
    flags: tuple[str, ...]
    """Columns that the driver gives as 0 and 1."""
    lists: frozenset[str]
    """Values that are the list of an IN."""
    in_order: Callable[[Mapping[str, Any]], Sequence[Any]]
    """The values in the order of `names`, where none of them is fixed."""


class Prepared:
    """A statement with the columns it writes, if any. Rows come as dicts."""

    def __init__(self, statement: sa.Executable, writes: Sequence[str] | None = None) -> None:
        self.statement = statement
        self._writes = writes
        self._by_dialect: dict[str, _Written] = {}

    def run(self, db: Connection, values: Bound = None) -> DBAPICursor:
        written = self._written(db)
        cursor = db.connection.cursor()
        if written.lists:
            cursor.execute(*_expanded(written, values or {}))
        else:
            cursor.execute(written.sql, _bound(written, values or {}))
        return cursor

    def run_many(self, db: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        written = self._written(db)
        db.connection.cursor().executemany(written.sql, [_bound(written, one) for one in values])

    def all(self, db: Connection, values: Bound = None) -> list[Row]:
        written = self._written(db)
        return [_row(written, found) for found in self.run(db, values).fetchall()]

    def first(self, db: Connection, values: Bound = None) -> Row | None:
        found = self.run(db, values).fetchone()
        return None if found is None else _row(self._written(db), found)

    def scalar(self, db: Connection, values: Bound = None) -> Any:
        """The first column of the first row; None where there is no row."""
        found = self.run(db, values).fetchall()
        return found[0][0] if found else None

    def _written(self, db: Connection) -> _Written:
        written = self._by_dialect.get(db.dialect.name)
        if written is None:
            written = self._by_dialect[db.dialect.name] = _write(self.statement, db.dialect, self._writes)
        return written


def _write(statement: Any, dialect: sa.Dialect, writes: Sequence[str] | None) -> _Written:
    compiled = statement.compile(dialect=dialect, column_keys=list(writes) if writes is not None else None)
    columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
    names = tuple(compiled.positiontup or ()) if compiled.positional else None
    return _Written(
        sql=str(compiled),
        names=names,
        fixed={name: one.value for name, one in compiled.binds.items() if not (one.required or one.value is None)},
        columns=tuple(column.name for column in columns),
        flags=tuple(column.name for column in columns if isinstance(column.type, sa.Boolean)),
        lists=frozenset(name for name, one in compiled.binds.items() if one.expanding),
        in_order=_in_order(names or ()),
    )


def _in_order(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]  # of a single name the getter makes no sequence


def _bound(written: _Written, values: Mapping[str, Any]) -> Any:
    fixed = written.fixed
    if written.names is None:
        return {**fixed, **values}
    if not fixed:
        return written.in_order(values)
    return [values[name] if name in values else fixed[name] for name in written.names]


def _expanded(written: _Written, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The SQL with as many placeholders as its lists are long, and what belongs into them. For drivers that take
    values by place.
    """
    sql, bound = written.sql, list[Any]()
    for name in written.names or ():
        value = values[name] if name in values else written.fixed[name]
        if name in written.lists:
            places = ", ".join("?" * len(value)) or "NULL"  # nothing is equal to NULL
            sql = sql.replace(f"__[POSTCOMPILE_{name}]", places, 1)
            bound += value
        else:
            bound.append(value)
    return sql, bound


def _row(written: _Written, found: Sequence[Any]) -> Row:
    row = dict(zip(written.columns, found, strict=True))
    for name in written.flags:
        row[name] = None if row[name] is None else bool(row[name])
    return row
