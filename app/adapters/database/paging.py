"""Pages of lists: rows after or before a cursor, in an order that an index gives: a page costs what it holds."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from app.adapters.database import mapping
from app.adapters.database.prepared import Row
from app.adapters.database.rows import all_rows, missing
from app.domain.error import Invalid
from app.domain.page import PageRequest

Columns = tuple[sa.ColumnElement[Any], ...]
Orders = dict[str, Columns]
"""The columns of each order that a list can have. The last one tells rows apart whose others are equal."""


def page_of(
    db: Connection,
    found: sa.Select[Any],
    table: sa.Table,
    orders: Orders,
    page: PageRequest,
    along: sa.ColumnElement[int] | None = None,
) -> Sequence[Row]:
    """A page of rows of a table, whose cursors are their ids, also of rows that the list does not hold any more.

    `along`: a link's column that holds the seq of the rows, when the list is read in the order of the link.
    """
    columns = orders.get(page.order)
    if columns is None:
        raise Invalid(f"This list cannot be sorted by {page.order}.", hint=f"It can be by {', '.join(orders)}.")

    def place(public_id: str) -> tuple[Any, ...] | None:
        at = db.execute(sa.select(*columns).select_from(table).where(table.c.id == public_id)).first()
        return None if at is None else tuple(at)

    return piece(db, found, columns if along is None else (along,), place, table.name.removesuffix("s"), page)


def piece(
    db: Connection,
    found: sa.Select[Any],
    columns: Columns,
    place: Callable[[str], tuple[Any, ...] | None],
    kind: str,
    page: PageRequest,
) -> Sequence[Row]:
    """A page of a list. `place`: the values of the columns by which a cursor is sorted; None for an unknown one."""
    for cursor, further in ((page.after, True), (page.before, False)):
        if cursor is not None:
            at = place(cursor)
            if at is None:
                raise missing(kind, cursor)
            found = found.where(_beyond(columns, at, falling=further == page.descending))
    backwards = page.next_to_cursor and page.before is not None and page.after is None
    falling = page.descending != backwards
    sorting = [column.desc() if falling else column.asc() for column in columns]
    rows = all_rows(db, found.order_by(*sorting).limit(page.limit))
    return rows[::-1] if backwards else rows


def _beyond(columns: Columns, at: tuple[Any, ...], falling: bool) -> sa.ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0] < at[0] if falling else columns[0] > at[0]
    here, there = sa.tuple_(*columns), sa.tuple_(*(sa.literal(value) for value in at))
    return here < there if falling else here > there


def contains(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Whether a text occurs in it, in any case."""
    return sa.func.lower(column).contains(text.casefold(), autoescape=True)


def has_word(column: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """Whether a list of words, stored as JSON, has this one. Unlike LIKE it tells cases apart."""
    return sa.func.replace(column, mapping.to_json(word), "") != column


def tagged_with(
    tagged: sa.Table, kind: str, seq: sa.ColumnElement[int], tags: Sequence[str], every: bool
) -> list[sa.ColumnElement[bool]]:
    """Conditions on a row with this seq: that it has all of the tags, or any of them."""
    link = tagged.alias()
    own = sa.select(link.c.tag).where(link.c.kind == kind, link.c.seq == seq)
    if every:
        return [own.where(link.c.tag == tag).exists() for tag in dict.fromkeys(tags)]
    return [own.where(link.c.tag.in_(tags)).exists()] if tags else []
