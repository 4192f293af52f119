"""Statements that the driver runs by itself give what SQLAlchemy gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database.prepared import Prepared

table = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean),
    sa.Column("content", sa.LargeBinary),
)
ROWS = (
    {"seq": 1, "id": "ä", "open": True, "content": b"\x00\xff"},
    {"seq": 2, "id": "b", "open": False, "content": None},
    {"seq": 3, "id": "c", "open": None, "content": b""},
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'things.db'}")
    with engine.begin() as connection:
        table.create(connection)
        Prepared(table.insert(), tuple(ROWS[0])).run_many(connection, ROWS)
        yield connection
    engine.dispose()


def test_rows_are_those_of_sqlalchemy_flags_and_bytes_included(db: Connection) -> None:
    everything = sa.select(table).order_by(table.c.seq)
    rows = Prepared(everything).all(db)
    assert rows == list(ROWS)
    assert [dict(row) for row in db.execute(everything).mappings()] == rows
    assert [type(row["open"]) for row in rows] == [bool, bool, type(None)]


def test_values_inside_the_statement_and_given_ones_find_their_places(db: Connection) -> None:
    found = Prepared(
        sa.select(table.c.id.label("name"), (table.c.seq + 10).label("later"))
        .where(table.c.seq >= sa.bindparam("least"), table.c.id != "b")
        .order_by(table.c.seq.desc())
        .limit(sa.bindparam("limit"))
    )
    assert found.all(db, {"limit": 5, "least": 1}) == [{"name": "c", "later": 13}, {"name": "ä", "later": 11}]
    assert found.first(db, {"limit": 1, "least": 3}) == {"name": "c", "later": 13}
    assert found.first(db, {"limit": 1, "least": 4}) is None
    assert found.scalar(db, {"limit": 1, "least": 4}) is None


def test_an_update_writes_its_columns_only_and_tells_how_many_rows(db: Connection) -> None:
    change = Prepared(table.update().where(table.c.id == sa.bindparam("public_id")), ("open", "content"))
    assert change.run(db, {"public_id": "b", "open": True, "content": b"x"}).rowcount == 1
    assert change.run(db, {"public_id": "nobody", "open": True, "content": b"x"}).rowcount == 0
    assert Prepared(sa.select(table).where(table.c.seq == 2)).first(db) == {**ROWS[1], "open": True, "content": b"x"}


def test_a_value_that_is_missing_is_an_error_and_not_a_null(db: Connection) -> None:
    with pytest.raises(KeyError):
        Prepared(sa.select(table).where(table.c.id == sa.bindparam("wanted"))).all(db)


def test_lists_may_be_of_any_length_and_stand_anywhere(db: Connection) -> None:
    some = sa.select(table.c.id).where(
        table.c.seq <= sa.bindparam("most"),
        table.c.id.in_(sa.bindparam("ids", expanding=True)),
        table.c.seq.in_(sa.bindparam("seqs", expanding=True)),
    )
    found = Prepared(some.order_by(table.c.seq))
    for ids in (("ä", "c"), ("c", "b", "ä", "nothing"), ("b",), ()):
        given = {"ids": ids, "seqs": [1, 2, 3], "most": 2}
        assert found.all(db, given) == list(db.execute(some, given).mappings()), ids
    assert found.all(db, {"ids": ("ä", "b"), "seqs": [], "most": 2}) == []
