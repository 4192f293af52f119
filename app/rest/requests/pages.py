"""Pages of lists by cursor, as all list routes give them: `after` means further in the given order."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.domain.error import NotFound
from app.domain.ids import Kind, is_id
from app.domain.page import PageRequest
from app.rest.errors import Misshapen
from app.rest.wire.base import PageQuery

T = TypeVar("T")
PAGE = 50
MESSAGE_PAGE = 100
RUN_PAGE = 100
LARGEST = 10_000
"""Asking for more gives so many; the cursor leads on."""


def cut_of(query: PageQuery, kind: Kind, limit: int = PAGE) -> PageRequest:
    """The cursor, its ids checked."""
    for name in ("before", "after"):
        cursor = getattr(query, name)
        if cursor is not None and not is_id(cursor, kind):
            raise Misshapen(f"query.{name}: an id of the form {kind}-<uuid4> is needed")
    return PageRequest(
        before=query.before,
        after=query.after,
        limit=min(query.limit or limit, LARGEST),
        descending=query.descending,
    )


def window_of(query: PageQuery) -> PageRequest:
    """A window over messages: the order says which end of them is wanted, the cursors mean times in either order."""
    cut = cut_of(query, "message", MESSAGE_PAGE)
    if not cut.descending:
        return cut
    return cut.model_copy(update={"before": cut.after, "after": cut.before, "next_to_cursor": False})


def page_of(rows: Sequence[T], query: PageQuery, id_of: Callable[[T], str], limit: int = PAGE) -> list[T]:
    """A page of rows that are all at hand, given oldest first."""
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
