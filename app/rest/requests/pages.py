"""Pages of lists by cursor, as all list routes give them: `after` means further in the given order."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.domain.error import NotFound
from app.domain.ids import Kind, is_id
from app.domain.page import LARGEST, Order, PageRequest
from app.rest.errors import Misshapen
from app.rest.wire.base import PageQuery

T = TypeVar("T")
PAGE = 50
MESSAGE_PAGE = 100
RUN_PAGE = 100
"""Rows of a page for which no limit was asked, as in the Letta V1 API."""


def asked_page(query: PageQuery, kind: Kind, limit: int = PAGE) -> PageRequest:
    """The page that a query asks for, the ids of its cursors checked. Of more than the largest it gives so many."""
    for name in ("before", "after"):
        cursor = getattr(query, name)
        if cursor is not None and not is_id(cursor, kind):
            raise Misshapen(f"query.{name}: an id of the form {kind}-<uuid4> is needed")
    return page_by(query, query.order_by or "created_at", limit)


def page_by(query: PageQuery, order: Order, limit: int = PAGE) -> PageRequest:
    """The page that a query asks for, in this order; its cursors as they are."""
    return PageRequest(
        before=query.before,
        after=query.after,
        limit=min(query.limit or limit, LARGEST),
        descending=query.descending,
        order=order,
    )


def window_of(query: PageQuery) -> PageRequest:
    """A window over messages: the order says which end of them is wanted, the cursors mean times in either order."""
    page = asked_page(query, "message", MESSAGE_PAGE)
    if not page.descending:
        return page
    return page.model_copy(update={"before": page.after, "after": page.before, "next_to_cursor": False})


def page_of(rows: Sequence[T], query: PageQuery, id_of: Callable[[T], str], limit: int = PAGE) -> list[T]:
    """A page of the few rows of a list that is short by its nature, all at hand and given oldest first."""
    ordered = list(reversed(rows)) if query.descending else list(rows)
    size = min(query.limit or limit, LARGEST)
    if query.before is None and query.after is None:
        return ordered[:size]
    places = {id_of(row): number for number, row in enumerate(ordered)}
    start = 0 if query.after is None else _place(places, query.after) + 1
    end = len(ordered) if query.before is None else _place(places, query.before)
    if query.after is None:
        start = max(0, end - size)
    return ordered[start:end][:size]


def _place(places: dict[str, int], cursor: str) -> int:
    if cursor not in places:
        raise NotFound("The list no longer has this place.", hint="Start the list again without a cursor.")
    return places[cursor]
